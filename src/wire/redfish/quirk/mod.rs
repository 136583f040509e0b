//! The oddities of BMCs as data, and the one place that classes a machine by them.
//!
//! A machine is classed once, by what it says of itself; after that only questions are asked, each named after an
//! oddity. Nothing else asks for a vendor.
//!
//! - `rows`     the oddities that are carried, those that come later
//! - `pattern`  how a text is compared

use std::collections::BTreeSet;

use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::manager::Manager;
use crate::wire::redfish::view::root::ServiceRoot;
use crate::wire::redfish::view::system::System;

pub mod pattern;
pub mod rows;

/// What a machine says of itself, over Redfish or in its FRU.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Of the system, or of the FRU's board or product.
    pub manufacturer: String,
    pub model: String,
    /// The BMC's own model: `17G Monolithic`, `iLO 6`, `OpenBmc`.
    pub manager_model: String,
    /// The BMC's firmware.
    pub firmware: String,
    pub root_vendor: String,
    pub root_product: String,
    /// The names under `Oem` of root, system and manager.
    pub oem: Vec<String>,
}

impl Identity {
    /// From what was read; what was not is left out.
    pub fn of(root: &ServiceRoot, system: Option<&System>, manager: Option<&Manager>) -> Self {
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let mut oem = root.oem.0.clone();
        oem.extend(system.into_iter().flat_map(|system| system.oem.0.clone()));
        oem.extend(manager.into_iter().flat_map(|manager| manager.oem.0.clone()));
        Self {
            manufacturer: text(system.and_then(|system| system.manufacturer.as_ref())),
            model: text(system.and_then(|system| system.model.as_ref())),
            manager_model: text(manager.and_then(|manager| manager.model.as_ref())),
            firmware: text(manager.and_then(|manager| manager.firmware_version.as_ref())),
            root_vendor: text(root.vendor.as_ref()),
            root_product: text(root.product.as_ref()),
            oem,
        }
    }

    /// What `properties.vendor` is when the operator did not say: the root's word, else the system's.
    pub fn vendor(&self) -> Option<&str> {
        [&self.root_vendor, &self.manufacturer].into_iter().map(String::as_str).find(|text| !text.is_empty())
    }

    /// The same with the operator's word for the vendor, who knows better than the BMC.
    #[must_use]
    pub fn told(mut self, vendor: Option<&str>) -> Self {
        if let Some(vendor) = vendor.filter(|vendor| !vendor.is_empty()) {
            vendor.clone_into(&mut self.manufacturer);
        }
        self
    }
}

/// Which protocol shows the oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Redfish,
    Ipmi,
}

/// The part of the job that an oddity touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    Auth,
    Boot,
    Clock,
    Etag,
    Events,
    Http,
    Indicator,
    Inventory,
    Media,
    Power,
    Sdr,
    Session,
    Sol,
    Task,
    Wire,
}

/// What must be so of an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    Maker(&'static [&'static str]),
    /// The system's model or the manager's.
    Model(&'static [&'static str]),
    Root(&'static [&'static str]),
    Product(&'static [&'static str]),
    /// The root's vendor, or a name under `Oem`.
    Brand(&'static [&'static str]),
    Oem(&'static [&'static str]),
    /// The firmware's version is this or later.
    From(&'static str),
    /// The firmware's version is before this.
    Below(&'static str),
}

/// What is done about an oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing special: every BMC is treated so. Says how, or by which function.
    Always(&'static str),
    /// The switch is flipped for the machines that match.
    Needs(Switch),
}

/// One oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub id: &'static str,
    pub protocol: Protocol,
    pub area: Area,
    /// All must match; none matches everything.
    pub when: &'static [Pattern],
    pub remedy: Remedy,
}

impl Row {
    pub fn matches(&self, who: &Identity) -> bool {
        self.when.iter().all(|pattern| pattern.matches(who))
    }

    /// Whether it is simply how we behave.
    pub fn is_default(&self) -> bool {
        matches!(self.remedy, Remedy::Always(_))
    }
}

/// The oddities of one machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quirks(BTreeSet<Switch>);

impl Quirks {
    /// Classes a machine.
    pub fn of(who: &Identity) -> Self {
        let needed = rows::ROWS.iter().filter_map(|row| match row.remedy {
            Remedy::Needs(switch) if row.matches(who) => Some(switch),
            Remedy::Needs(_) | Remedy::Always(_) => None,
        });
        Self(needed.collect())
    }

    pub fn has(&self, switch: Switch) -> bool {
        self.0.contains(&switch)
    }

    /// What is flipped, for the log and the node's page.
    pub fn iter(&self) -> impl Iterator<Item = Switch> {
        self.0.iter().copied()
    }
}

/// The rows that match a machine and are not simply how we behave.
pub fn rows_of(who: &Identity) -> impl Iterator<Item = &'static Row> {
    rows::ROWS.iter().filter(|row| !row.is_default() && row.matches(who))
}

/// The switches and the question for each.
macro_rules! switches {
    ($($(#[$doc:meta])* $switch:ident => $question:ident,)+) => {
        /// A difference in how a machine is treated.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Switch { $($(#[$doc])* $switch,)+ }

        impl Switch {
            pub const ALL: &[Self] = &[$(Self::$switch),+];
        }

        impl Quirks {
            $($(#[$doc])* pub fn $question(&self) -> bool { self.has(Switch::$switch) })+
        }
    };
}

switches! {
    /// The `Cd` target is the physical drive: virtual media boot by a configuration import.
    BootsMediaByImport => boots_media_by_import,
    /// The virtual CD is `UsbCd`, where listed.
    PrefersUsbCd => prefers_usb_cd,
    /// `BootSourceOverrideEnabled` goes with every boot PATCH.
    EnabledInEveryBootPatch => enabled_in_every_boot_patch,
    /// The mode falls back to Legacy when a boot PATCH leaves it out: set it again after.
    ModeFallsBackToLegacy => mode_falls_back_to_legacy,
    /// A PATCH with the boot mode is refused whole.
    NoBootMode => has_no_boot_mode,
    /// Target, enabled and mode go together.
    FullBootPatch => wants_full_boot_patch,
    /// Continuous is not there: Once at each power on.
    OnceOnly => is_once_only,
    /// A persistent disk in UEFI mode stops the next boot at a screen.
    NoPersistentDiskInUefi => stops_at_boot_option_screen,
    /// The service tag is `SKU`; `SerialNumber` is the board's.
    SerialIsSku => serial_is_sku,
    /// Reading chassis of storage (`RAID...`, `Enclosure...`) can restart the BMC.
    StorageChassisCrash => crashes_on_storage_chassis,
    /// A graceful restart is a hard one: shut down, wait for off, on.
    NoGracefulRestart => has_no_graceful_restart,
    /// A restart hangs the host or cuts its add-in cards: off, wait, on.
    RebootByOffAndOn => reboots_by_off_and_on,
    /// The job stays when its task is gone.
    JobOutlivesTask => job_outlives_task,
    /// Reading a finished task's monitor deletes the task: read the task.
    MonitorDeletesTask => monitor_deletes_task,
    /// Only the slot "1" boots.
    FirstMediaSlotOnly => boots_first_media_slot_only,
    /// Media are mapped only while an attribute says attached.
    MediaMustBeAttached => media_must_be_attached,
    /// Slots named EXT take URLs; try them first.
    ExternalSlotsFirst => external_slots_first,
    /// `Manager.Reset` refuses a type that it does not list.
    ManagerResetWithoutType => manager_reset_without_type,
    /// A linked resource is 404 now and then: ask a few times.
    LinksComeAndGo => links_come_and_go,
    /// `$expand` drops members.
    NoExpand => expand_drops_members,
    /// No IPMI 1.5 answers at all: RMCP+ at once.
    NoIpmi15 => has_no_ipmi_15,
    /// RAKP 2's length is off by one.
    Rakp2LengthOff => rakp2_length_is_off,
    /// The UEFI hard disk is boot device 24h.
    UefiDiskIs24 => uefi_disk_is_24,
    /// The standard bytes for setup are refused on some: the vendor's after them.
    VendorBiosSetup => has_vendor_bios_setup,
    /// PXE with the EFI flag boots the disk.
    PxeWithoutEfi => pxe_without_efi,
    /// The SOL port and sizes in the answer are wrong.
    SolPortIsWrong => sol_port_is_wrong,
    /// A new SOL session is closed after an unclean end: deactivate, wait a minute.
    SolWaitsAfterUncleanEnd => sol_waits_after_unclean_end,
    /// SOL stalls until a higher sequence number comes; no answer to pings.
    SolStalls => sol_stalls,
    /// Answers have wrong checksums.
    BadChecksums => has_bad_checksums,
    /// Answers carry session id 0.
    ZeroSession => answers_with_zero_session,
    /// The privilege asked must be the user's maximum.
    PrivilegeAtMaximum => wants_maximum_privilege,
    /// Intel's IPMI 2.0 of its first years.
    Intel20 => is_intel_20,
    /// Sun's.
    Sun20 => is_sun_20,
}

impl Quirks {
    /// Whether a chassis is left alone.
    pub fn leaves_out(&self, chassis_id: &str, chassis: Option<&Chassis>) -> bool {
        let named = chassis.and_then(|chassis| chassis.chassis_type.as_deref()).unwrap_or_default();
        let is_storage = |text: &str| text.starts_with("RAID") || text.starts_with("Enclosure");
        self.crashes_on_storage_chassis() && (is_storage(chassis_id) || is_storage(named))
    }
}

#[cfg(test)]
mod tests;
