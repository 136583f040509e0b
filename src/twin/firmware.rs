//! What the firmware boots next. The management protocols of a server write on this one page, and a boot reads it.

use crate::twin::progress::{BootFrom, Source};
use crate::wire::redfish::send::{Mode, Override, Target};

/// Boot override, boot mode and the virtual media that can be booted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firmware {
    pub target: Target,
    pub enabled: Override,
    pub mode: Mode,
    /// Where a UEFI HTTP boot begins.
    pub http_uri: Option<String>,
    /// Whether a virtual CD or DVD is in its drive.
    pub cd: bool,
    /// Whether a virtual USB stick or floppy is plugged in.
    pub usb: bool,
    /// The override that boots the virtual CD; `None` if none does.
    pub cd_word: Option<Target>,
    /// The next override is consumed, but the machine boots as without it.
    pub forgets: bool,
    /// The next boot never gets past the firmware.
    pub hangs: bool,
}

impl Default for Firmware {
    fn default() -> Self {
        Self {
            target: Target::None,
            enabled: Override::Disabled,
            mode: Mode::Uefi,
            http_uri: None,
            cd: false,
            usb: false,
            cd_word: Some(Target::Cd),
            forgets: false,
            hangs: false,
        }
    }
}

/// One boot as the firmware decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) from: BootFrom,
    pub(super) source: Source,
    pub(super) hangs: bool,
}

impl Firmware {
    /// Sets the override.
    pub fn set(&mut self, target: Target, enabled: Override) {
        (self.target, self.enabled) = (target, enabled);
    }

    /// Takes the override away.
    pub fn clear(&mut self) {
        self.set(Target::None, Override::Disabled);
    }

    /// Decides a boot and uses up what holds for one boot only; `usual` is what boots without an override.
    pub(super) fn decide(&mut self, usual: BootFrom) -> Decided {
        let (target, enabled) = (self.target, self.enabled);
        if enabled == Override::Once {
            self.clear();
        }
        let forgets = std::mem::take(&mut self.forgets);
        let hangs = std::mem::take(&mut self.hangs);
        let source = if enabled == Override::Disabled || forgets { None } else { self.source(target) };
        let (from, source) = match source {
            None => (usual, Source::Usual),
            Some(Source::Disk) => (BootFrom::Disk, Source::Disk),
            Some(other) => (BootFrom::Ramdisk, other),
        };
        Decided { from, source, hangs: hangs || source == Source::Setup }
    }

    /// What the override leads to; without its medium, nothing.
    fn source(&self, target: Target) -> Option<Source> {
        match target {
            Target::None | Target::UefiTarget => None,
            Target::Hdd => Some(Source::Disk),
            Target::Pxe => Some(Source::Pxe),
            Target::UefiHttp => Some(Source::Http),
            Target::BiosSetup => Some(Source::Setup),
            Target::Cd | Target::UsbCd => (self.cd && self.cd_word == Some(target)).then_some(Source::Cd),
            Target::Usb | Target::Floppy => self.usb.then_some(Source::Usb),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_is_used_up_and_continuous_stays() {
        let mut firmware = Firmware::default();
        firmware.set(Target::Pxe, Override::Once);
        assert_eq!(firmware.decide(BootFrom::Disk).source, Source::Pxe);
        assert_eq!((firmware.target, firmware.enabled), (Target::None, Override::Disabled));
        assert_eq!(firmware.decide(BootFrom::Disk).from, BootFrom::Disk);
        firmware.set(Target::Hdd, Override::Continuous);
        for _ in 0..2 {
            assert_eq!(firmware.decide(BootFrom::Ramdisk).source, Source::Disk);
        }
    }

    #[test]
    fn a_virtual_cd_boots_only_if_it_is_there_and_called_by_its_word() {
        let mut firmware = Firmware::default();
        firmware.set(Target::Cd, Override::Continuous);
        assert_eq!(firmware.decide(BootFrom::Disk).source, Source::Usual);
        firmware.cd = true;
        assert_eq!(firmware.decide(BootFrom::Disk).source, Source::Cd);
        firmware.cd_word = Some(Target::UsbCd);
        assert_eq!(firmware.decide(BootFrom::Disk).source, Source::Usual);
    }

    #[test]
    fn setup_and_a_hang_never_get_to_a_boot() {
        let mut firmware = Firmware { hangs: true, ..Firmware::default() };
        assert!(firmware.decide(BootFrom::Disk).hangs);
        assert!(!firmware.decide(BootFrom::Disk).hangs);
        firmware.set(Target::BiosSetup, Override::Once);
        assert!(firmware.decide(BootFrom::Disk).hangs);
    }
}
