//! What a step does to its machine, as far as its name tells: power, what is booted, disks.

use crate::model::interface::Interface;
use crate::model::step::{By, Core, Step};

/// What a step does to its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    pub power: Option<&'static str>,
    pub boot: Option<&'static str>,
    pub disks: Disks,
    /// Times that the machine starts.
    pub starts: usize,
    /// It may start more often: the BMC or the site's code decides.
    pub may_start: bool,
}

/// What becomes of the disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disks {
    Untouched,
    /// Something is written, and nothing is lost.
    Written(&'static str),
    /// What is on them, or on some of them, is lost.
    Lost(&'static str),
    /// Only who wrote the step knows.
    Unknown,
}

impl Disks {
    pub fn text(self) -> Option<&'static str> {
        match self {
            Self::Untouched => None,
            Self::Written(text) | Self::Lost(text) => Some(text),
            Self::Unknown => Some(UNKNOWN),
        }
    }
}

/// What is lost by a step of this name, whoever carries it out.
pub fn destroys(interface: Interface, step: &str) -> Option<&'static str> {
    LOSSES.iter().find(|(of, name, _)| *of == interface && *name == step).map(|(_, _, what)| *what)
}

/// Whether a step writes what an image holds to the root disk.
pub fn writes_root_disk(interface: Interface, step: &str) -> bool {
    interface == Interface::Deploy && ["write_image", "execute_bootc_install"].contains(&step)
}

impl Touch {
    const NOTHING: Self =
        Self { power: None, boot: None, disks: Disks::Untouched, starts: 0, may_start: false };

    /// `implementation` is the name of the step's interface on its node.
    pub fn of(step: &Step, implementation: &str) -> Self {
        match step.by {
            By::Core(core) => Self::of_core(core, step),
            By::Driver if implementation == FAKE => {
                Self { may_start: step.step == "fake_reboot", ..Self::NOTHING }
            }
            By::Driver | By::Agent => Self::of_name(step),
            By::Site | By::Hook => {
                Self { power: Some(UNKNOWN), disks: Disks::Unknown, may_start: true, ..Self::NOTHING }
            }
        }
    }

    fn of_core(core: Core, step: &Step) -> Self {
        let anew = |boot| Self { power: Some(OFF_AND_ON), boot, starts: 1, ..Self::NOTHING };
        match core {
            Core::ReadyImage
            | Core::FetchSteps
            | Core::CheckPower
            | Core::LeaveNetwork
            | Core::LeaveRamdisk
            | Core::Hold
            | Core::Wait
            | Core::Nothing => Self::NOTHING,
            Core::BootAgent => anew(Some("the ramdisk")),
            Core::Reboot => anew(None),
            Core::BootInstance => anew(Some("the instance's own ramdisk or ISO")),
            Core::BootInstaller => Self {
                disks: Disks::Lost("what is on the disks that its kickstart file names is lost"),
                ..anew(Some("the installer"))
            },
            Core::BootDisk => Self {
                power: Some("switched on"),
                boot: Some("the installed disk"),
                starts: 1,
                ..Self::NOTHING
            },
            Core::PowerOn => Self { power: Some("switched on"), starts: 1, ..Self::NOTHING },
            Core::PowerOff => Self { power: Some("switched off"), ..Self::NOTHING },
            Core::OnChild { on: true, .. } => {
                Self { power: Some("the child is switched on"), ..Self::NOTHING }
            }
            Core::OnChild { on: false, .. } => {
                Self { power: Some("the child is switched off"), ..Self::NOTHING }
            }
            Core::ByChild(_) => Self { starts: 0, ..Self::of_name(step) },
        }
    }

    fn of_name(step: &Step) -> Self {
        let disks = match destroys(step.interface, &step.step) {
            Some(what) => Disks::Lost(what),
            None if is_harmless(step) => Disks::Untouched,
            None if step.step == "inject_files" => Disks::Written("files are added to the installed system"),
            None => Disks::Unknown,
        };
        let boot = match step.step.as_str() {
            "prepare_instance_boot" => Some("set to the installed disk"),
            "clean_uefi_nvram" => Some("entries of the firmware's boot menu are removed"),
            _ => None,
        };
        let restarts = [Interface::Bios, Interface::Firmware, Interface::Raid].contains(&step.interface)
            || step.step == "update_firmware";
        let power = match step.by {
            By::Driver if step.step == "tear_down_agent" => Some("switched off"),
            By::Driver | By::Core(_) if restarts => Some(RESTARTED),
            By::Driver | By::Core(_) | By::Agent | By::Site | By::Hook => None,
        };
        Self { power, boot, disks, starts: 0, may_start: restarts || disks == Disks::Unknown }
    }
}

/// Steps that are known to leave disks alone.
fn is_harmless(step: &Step) -> bool {
    match step.interface {
        Interface::Deploy => HARMLESS.contains(&step.step.as_str()),
        Interface::Vendor | Interface::Raid => false,
        Interface::Bios
        | Interface::Boot
        | Interface::Console
        | Interface::Firmware
        | Interface::Inspect
        | Interface::Management
        | Interface::Network
        | Interface::Power
        | Interface::Rescue
        | Interface::Storage => step.by != By::Agent,
    }
}

/// The name of implementations that only play.
const FAKE: &str = "fake";

const UNKNOWN: &str = "not known: ask who wrote this step";
/// Of a setting or firmware that the BMC takes up when the machine starts.
const RESTARTED: &str = "switched off and on if the BMC wants it";
const OFF_AND_ON: &str = "switched off and on";

/// Steps of the deploy interface and of the stock agent that leave disks alone.
const HARMLESS: &[&str] = &[
    "deploy",
    "prepare_instance_boot",
    "set_boot_to_disk",
    "tear_down_agent",
    "switch_to_tenant_network",
    "boot_instance",
    "erase_pstore",
    "clean_uefi_nvram",
    "burnin_cpu",
    "burnin_gpu",
    "burnin_memory",
    "burnin_network",
];

/// Steps that destroy what is on disks, by what the stock agent and the drivers do (contract `steps.md` section 9).
const LOSSES: &[(Interface, &str, &str)] = &[
    (Interface::Deploy, "erase_devices", "every disk is erased"),
    (Interface::Deploy, "erase_devices_express", "every disk is erased, or its partition table"),
    (
        Interface::Deploy,
        "erase_devices_metadata",
        "partition tables and file systems of every disk are wiped",
    ),
    (Interface::Deploy, "write_image", "the root disk is overwritten"),
    (Interface::Deploy, "execute_bootc_install", "the root disk is overwritten"),
    (Interface::Deploy, "burnin_disk", "every disk is written to by the test"),
    (Interface::Raid, "apply_configuration", "RAID volumes are made anew; what was on them is lost"),
    (Interface::Raid, "create_configuration", "RAID volumes are made anew; what was on them is lost"),
    (Interface::Raid, "delete_configuration", "RAID volumes are deleted with what is on them"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Object;
    use crate::model::step::Again;

    fn touch(interface: Interface, name: &str, by: By) -> Touch {
        let step = Step {
            interface,
            step: name.to_owned(),
            args: Object::new(),
            priority: 0,
            abortable: true,
            by,
            again: Again::Repeat,
            hidden: false,
            reboot_after: false,
            asked: false,
            abort_after: false,
        };
        Touch::of(&step, "direct")
    }

    #[test]
    fn what_destroys_says_so_and_what_nobody_knows_is_called_unknown() {
        for (interface, name, _) in LOSSES {
            let by_agent = touch(*interface, name, By::Agent);
            assert!(matches!(by_agent.disks, Disks::Lost(_)), "{interface}.{name}");
        }
        for (interface, name, by, disks) in [
            (Interface::Deploy, "burnin_cpu", By::Agent, Disks::Untouched),
            (Interface::Deploy, "site_step", By::Agent, Disks::Unknown),
            (Interface::Vendor, "send_raw", By::Driver, Disks::Unknown),
            (Interface::Bios, "factory_reset", By::Driver, Disks::Untouched),
            (Interface::Management, "site_step", By::Agent, Disks::Unknown),
        ] {
            assert_eq!(touch(interface, name, by).disks, disks, "{interface}.{name}");
        }
        assert!(matches!(touch(Interface::Deploy, "inject_files", By::Agent).disks, Disks::Written(_)));
    }

    #[test]
    fn starts_of_the_machine_are_counted() {
        for (core, starts) in [
            (Core::BootAgent, 1),
            (Core::Reboot, 1),
            (Core::BootDisk, 1),
            (Core::BootInstance, 1),
            (Core::PowerOn, 1),
            (Core::PowerOff, 0),
            (Core::Hold, 0),
            (Core::FetchSteps, 0),
        ] {
            assert_eq!(touch(Interface::Deploy, "x", By::Core(core)).starts, starts, "{core:?}");
        }
        assert!(touch(Interface::Bios, "apply_configuration", By::Driver).may_start);
        assert!(!touch(Interface::Deploy, "write_image", By::Agent).may_start);
    }
}
