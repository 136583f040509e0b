//! The remedies that not every machine gets, and the question for each.

use crate::wire::redfish::quirk::Quirks;
use crate::wire::redfish::view::chassis::Chassis;

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
    /// A graceful restart is a hard one: it is refused where power must stay, and else shut down, wait for off, on.
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
    /// The privilege asked must be the user's maximum.
    PrivilegeAtMaximum => wants_maximum_privilege,
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
