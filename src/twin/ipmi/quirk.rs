//! What real BMCs do otherwise than the standard, by the ids of the recorded list of oddities.

/// An oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quirk {
    /// Keys are made with the level of the open request.
    OpenPrivilege,
    /// The level ADMINISTRATOR is refused with 81h after login.
    AdminRefused,
    /// Capabilities asked with the bit of 2.0 are refused with `CCh`.
    CapabilitiesReserved,
    /// A repeated RAKP 1 or 3 is refused with 02h.
    RakpNoRepeat,
    /// The question for cipher suites is not answered.
    NoCipherQuery,
    /// Suite 17 is refused with 11h.
    NoSuite17,
    /// Boot flags do not outlive the reset, persistent or not.
    BootFlagsLost,
    /// The inventory has a date that nobody set, padding and binary in texts.
    FruNoise,
    /// Off and soft off of what is off are refused with D5h.
    OffWhenOff,
    /// Every read of a record by reservation is refused with C5h.
    NoReservation,
    /// SOL is held by a dead session until it is deactivated.
    SolActive,
    /// The first three commands of a session are answered C0h, those that change the session apart.
    NodeBusy,
    /// A packet too short for a message comes when SOL is activated.
    Runt,
    /// SOL's capacity is 0, and only its owner deactivates it: 80h to others.
    SolLimit,
    /// Packets of IPMI 1.5 are not answered.
    NoOldHpe,
    /// Sessions of IPMI 1.5 are not answered; what it asks outside of them is.
    NoOldSupermicro,
    /// Records claim five bytes more than they have.
    RecordLength,
    /// The payload length of RAKP 2 is one more than its bytes.
    Rakp2Length,
    /// A refused suite is refused as an illegal parameter.
    SuiteStatus,
    /// A disk boots under UEFI only by device 24h.
    UefiDisk,
    /// Setup under UEFI is refused with `CCh`.
    BiosRefused,
    /// PXE under UEFI boots the disk.
    EfiPxe,
    /// Reset of what is off is answered 00h, and it stays off.
    ResetWhenOff,
    /// Records bear other ids than those asked for.
    RecordId,
    /// SOL's port has its bytes swapped, and its status is refused.
    SolPort,
    /// Answers bear wrong checksums.
    Checksum,
    /// The session of the first SOL activation is closed at once.
    SolDrops,
    /// RAKP 2 comes two seconds late.
    RakpLate,
    /// Boot parameter 3 is refused with 80h.
    NoTimeoutParameter,
    /// Power cycle is refused with C1h.
    NoCycle,
    /// SOL ends when the power comes on.
    SolKeepalive,
    /// Sequence numbers skip by two.
    SharedSequence,
    /// Capabilities claim a `K_g` and deny named users.
    WrongCapabilities,
    /// The repository claims three records more than it has.
    RecordCount,
    /// Every session is held to the level CALLBACK.
    Callback,
    /// The last record names the first as its next.
    RecordsLoop,
    /// Names are hashed filled to sixteen bytes.
    PaddedNames,
    /// RMCP pings are not answered.
    NoPing,
    /// Suite records are damaged, and keys are made with the level of the open request.
    BrokenSuites,
    /// Answers carry session id 0.
    ZeroSession,
    /// Only the account's highest level is granted: D4h to lower ones.
    ExactLevel,
}

impl Quirk {
    /// The oddity of this id.
    pub fn find(id: &str) -> Option<Self> {
        QUIRKS.iter().find(|(known, _)| *known == id).map(|(_, quirk)| *quirk)
    }

    pub fn id(self) -> &'static str {
        QUIRKS.iter().find(|(_, quirk)| *quirk == self).map_or("", |(id, _)| *id)
    }
}

/// Every oddity with its id.
#[rustfmt::skip]
pub const QUIRKS: &[(&str, Quirk)] = &[
    ("any-opensess-privilege", Quirk::OpenPrivilege),
    ("any-admin-refused", Quirk::AdminRefused),
    ("any-v15-reserved", Quirk::CapabilitiesReserved),
    ("any-rakp-no-duplicates", Quirk::RakpNoRepeat),
    ("any-no-cipher-query", Quirk::NoCipherQuery),
    ("any-suite17-missing", Quirk::NoSuite17),
    ("any-boot-flag-60s", Quirk::BootFlagsLost),
    ("any-fru-noise", Quirk::FruNoise),
    ("any-off-when-off", Quirk::OffWhenOff),
    ("any-sdr-reservation", Quirk::NoReservation),
    ("any-sol-active", Quirk::SolActive),
    ("any-node-busy", Quirk::NodeBusy),
    ("any-runt-packet", Quirk::Runt),
    ("dell-ipmi-sol-limit", Quirk::SolLimit),
    ("hpe-no-lan15", Quirk::NoOldHpe),
    ("smc-ipmi-no-15", Quirk::NoOldSupermicro),
    ("hpe-sdr-length", Quirk::RecordLength),
    ("smc-ipmi-rakp2-len", Quirk::Rakp2Length),
    ("smc-ipmi-suite-0-12", Quirk::SuiteStatus),
    ("smc-ipmi-uefi-disk", Quirk::UefiDisk),
    ("smc-ipmi-bios-raw", Quirk::BiosRefused),
    ("smc-ipmi-efi-pxe", Quirk::EfiPxe),
    ("smc-ipmi-reset-off", Quirk::ResetWhenOff),
    ("smc-ipmi-sdr-id", Quirk::RecordId),
    ("smc-ipmi-sol-port", Quirk::SolPort),
    ("smc-ipmi-checksum", Quirk::Checksum),
    ("ami-sol-drops", Quirk::SolDrops),
    ("openbmc-ipmi-rakp-late", Quirk::RakpLate),
    ("openbmc-ipmi-timeout-param", Quirk::NoTimeoutParameter),
    ("openbmc-ipmi-no-cycle", Quirk::NoCycle),
    ("openbmc-sol-keepalive", Quirk::SolKeepalive),
    ("asrock-shared-seq", Quirk::SharedSequence),
    ("asus-authcap", Quirk::WrongCapabilities),
    ("fujitsu-sdr-count", Quirk::RecordCount),
    ("gigabyte-callback", Quirk::Callback),
    ("inspur-sdr-end", Quirk::RecordsLoop),
    ("intel-ipmi20", Quirk::PaddedNames),
    ("intel-sol-stalls", Quirk::NoPing),
    ("sun-ilom", Quirk::BrokenSuites),
    ("tyan-zero-session", Quirk::ZeroSession),
    ("xyratex-privilege", Quirk::ExactLevel),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_oddity_is_found_by_its_id() {
        for (id, quirk) in QUIRKS {
            assert_eq!((Quirk::find(id), quirk.id()), (Some(*quirk), *id));
        }
        assert_eq!(Quirk::find("none"), None);
    }
}
