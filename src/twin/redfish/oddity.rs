//! The oddities of real controllers that a service shows on demand, named as the table of quirks names them.

use std::collections::BTreeSet;

/// The oddities, each with the id of its row.
macro_rules! oddities {
    ($($name:ident = $id:literal,)+) => {
        /// One way in which a controller differs from the book; what it changes is said by the row of its id.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Oddity { $($name,)+ }

        impl Oddity {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The id of its row.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }
        }
    };
}

oddities! {
    AnyNoAllowable = "any-no-allowable",
    AnyModeMissing = "any-mode-missing",
    DellVmediaBootOem = "dell-vmedia-boot-oem",
    DellIdrac10BootSettings = "dell-idrac10-boot-settings",
    DellIdrac9SettingsPartial = "dell-idrac9-settings-partial",
    DellNoHttpbooturi = "dell-no-httpbooturi",
    DellUefitargetEnabled = "dell-uefitarget-enabled",
    DellContinuousRemoved = "dell-continuous-removed",
    DellBootmodeJob = "dell-bootmode-job",
    HpePostWindow = "hpe-post-window",
    HpeModeReadonly = "hpe-mode-readonly",
    HpeOverrideUnsupported = "hpe-override-unsupported",
    LenovoNoContinuous = "lenovo-no-continuous",
    LenovoBootOptionScreen = "lenovo-boot-option-screen",
    SmcUsbcd = "smc-usbcd",
    SmcEnabledAlways = "smc-enabled-always",
    SmcModeReverts = "smc-mode-reverts",
    SmcNoMode = "smc-no-mode",
    SmcHttp200NoEffect = "smc-http-200-no-effect",
    SmcFixedBootOrder = "smc-fixed-boot-order",
    SmcStaleBootOrder = "smc-stale-boot-order",
    SmcPxeBecomesBootnext = "smc-pxe-becomes-bootnext",
    NvidiaNoBootNoActions = "nvidia-no-boot-no-actions",
    NvidiaBootorderComposite = "nvidia-bootorder-composite",
    AmiFullBootRequest = "ami-full-boot-request",
    AmiFutureState = "ami-future-state",
    OpenbmcNoOverride = "openbmc-no-override",
    KubevirtbmcIgnored = "kubevirtbmc-ignored",
    NokiaBootSettings = "nokia-boot-settings",
    AnyClockOffset = "any-clock-offset",
    AnyEmptyEtag = "any-empty-etag",
    AnyWeakEtag = "any-weak-etag",
    AnyQuotedEtag = "any-quoted-etag",
    AnyEtagChangesOnRead = "any-etag-changes-on-read",
    DellIfmatchOnAction = "dell-ifmatch-on-action",
    DellEtagGzip = "dell-etag-gzip",
    LenovoEtagRequired = "lenovo-etag-required",
    LenovoEtagMoves = "lenovo-etag-moves",
    LenovoTsmSd = "lenovo-tsm-sd",
    AmiPrecondition = "ami-precondition",
    AmiWeakEtag = "ami-weak-etag",
    AmiEtagOnlyOnMember = "ami-etag-only-on-member",
    HuaweiIfmatch = "huawei-ifmatch",
    AnyContextMissing = "any-context-missing",
    AnyKeepaliveBreak = "any-keepalive-break",
    AnyTrailingSlash = "any-trailing-slash",
    AnyRedirectPost = "any-redirect-post",
    AnyNotJson = "any-not-json",
    AnyExpandLies = "any-expand-lies",
    AnyOverloaded = "any-overloaded",
    DellSys518Busy = "dell-sys518-busy",
    DellExtendedinfoObject = "dell-extendedinfo-object",
    DellLockdown = "dell-lockdown",
    DellExpandLicense = "dell-expand-license",
    Hpe406Identity = "hpe-406-identity",
    HpeRstReuse = "hpe-rst-reuse",
    HpeManagerResetNoType = "hpe-manager-reset-no-type",
    SmcLicense = "smc-license",
    AmiExpandDrops = "ami-expand-drops",
    AmiRootWithoutLinks = "ami-root-without-links",
    AmiPostMutation = "ami-post-mutation",
    LenovoLedChassisReadonly = "lenovo-led-chassis-readonly",
    AnyEmptyMac = "any-empty-mac",
    AnyNullCapacity = "any-null-capacity",
    AnyNumberAsText = "any-number-as-text",
    AnyLinkNotServed = "any-link-not-served",
    DellSerialIsSku = "dell-serial-is-sku",
    DellBadDates = "dell-bad-dates",
    DellChassisRaidCrash = "dell-chassis-raid-crash",
    DellPcieEmbedded = "dell-pcie-embedded",
    HpeNic400BeforeOs = "hpe-nic-400-before-os",
    HpePcieWithoutIds = "hpe-pcie-without-ids",
    HpeDriveNoState = "hpe-drive-no-state",
    HpeOemNames = "hpe-oem-names",
    HpeLogZeroTime = "hpe-log-zero-time",
    HpeAccountTypes = "hpe-account-types",
    LenovoSelAbsent = "lenovo-sel-absent",
    LenovoBoolString = "lenovo-bool-string",
    LenovoVersionPrefix = "lenovo-version-prefix",
    SmcBadFieldName = "smc-bad-field-name",
    NvidiaTwoSystems = "nvidia-two-systems",
    NvidiaDpuNullMembers = "nvidia-dpu-null-members",
    NvidiaDpuNic404 = "nvidia-dpu-nic-404",
    AmiCollectionGhosts = "ami-collection-ghosts",
    AmiRequiredMissing = "ami-required-missing",
    CiscoNoNics = "cisco-no-nics",
    CiscoSingleObject = "cisco-single-object",
    CiscoGhostManager = "cisco-ghost-manager",
    BullRootOem = "bull-root-oem",
    HuaweiManagersLink = "huawei-managers-link",
    HuaweiNoStatus = "huawei-no-status",
    InspurMembersStrings = "inspur-members-strings",
    LiteonNoVendor = "liteon-no-vendor",
    ZteSocketNumber = "zte-socket-number",
    AnyVolumesLinkMissing = "any-volumes-link-missing",
    AnyResetThenDeaf = "any-reset-then-deaf",
    DellIdrac10409On = "dell-idrac10-409-on",
    Dell409Already = "dell-409-already",
    DellGracefulRestart = "dell-graceful-restart",
    HpeInvalidState = "hpe-invalid-state",
    HpeForceRestartCold = "hpe-force-restart-cold",
    LenovoRestartHang = "lenovo-restart-hang",
    LenovoRestartKillsDpu = "lenovo-restart-kills-dpu",
    OpenbmcResetActioninfo = "openbmc-reset-actioninfo",
    OpenbmcGracefulRestartOff = "openbmc-graceful-restart-off",
    AnyPasswordChange = "any-password-change",
    AnySessionBasicConflict = "any-session-basic-conflict",
    AnySessionNoLocation = "any-session-no-location",
    DellSessionLimit = "dell-session-limit",
    DellSessionDropped = "dell-session-dropped",
    DellTokenLostOnBmcUpdate = "dell-token-lost-on-bmc-update",
    LenovoSessions16 = "lenovo-sessions-16",
    Smc200LoginFailed = "smc-200-login-failed",
    AnyPartialTask = "any-partial-task",
    AnyMessageWithoutRegistry = "any-message-without-registry",
    Dell404AfterCreate = "dell-404-after-create",
    DellTaskPurged = "dell-task-purged",
    DellTask202Completed = "dell-task-202-completed",
    DellImportConfigPending = "dell-import-config-pending",
    DellJobStates = "dell-job-states",
    LenovoTaskmonitorDelete = "lenovo-taskmonitor-delete",
    SmcTaskNotATask = "smc-task-not-a-task",
    OpenbmcMonitorPath = "openbmc-monitor-path",
    AnyQueryStringUrl = "any-query-string-url",
    DellEjectAsync = "dell-eject-async",
    DellIdrac10VmediaSlot = "dell-idrac10-vmedia-slot",
    DellAttachMode = "dell-attach-mode",
    HpeEjectEmptyBody = "hpe-eject-empty-body",
    HpeIlo4InsertProps = "hpe-ilo4-insert-props",
    LenovoVmediaPatch = "lenovo-vmedia-patch",
    LenovoVmediaSlots = "lenovo-vmedia-slots",
    LenovoVmediaEmpty = "lenovo-vmedia-empty",
    LenovoVmedia201 = "lenovo-vmedia-201",
    SmcInsertImageOnly = "smc-insert-image-only",
    SmcImagenameStale = "smc-imagename-stale",
    NvidiaCredentialsRequired = "nvidia-credentials-required",
    OpenbmcLegacySlots = "openbmc-legacy-slots",
    CiscoDvdOnly = "cisco-dvd-only",
    CiscoTptMessageargs = "cisco-tpt-messageargs",
    NokiaTptRequired = "nokia-tpt-required",
    AnyResetbios415 = "any-resetbios-415",
    DellResetbiosBody = "dell-resetbios-body",
    NvidiaDpuBios500 = "nvidia-dpu-bios-500",
}

impl Oddity {
    /// The oddity of this id.
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|oddity| oddity.id() == id)
    }
}

/// The oddities that a service has now.
pub type Oddities = BTreeSet<Oddity>;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_oddity_is_a_row_of_the_table_of_quirks() {
        let rows: Value =
            serde_json::from_str(include_str!("../../../tests/goldens/redfish/quirks.json")).unwrap();
        let ids: BTreeSet<&str> =
            rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
        for oddity in Oddity::ALL {
            assert!(ids.contains(oddity.id()), "{}", oddity.id());
            assert_eq!(Oddity::of(oddity.id()), Some(*oddity));
        }
    }
}
