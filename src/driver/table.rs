//! What exists: hardware types, the implementations they support in order of preference, and the steps of each.
//!
//! The order is the reference's (contract `one-node.md` section 5), less what is not there yet; the first one is the
//! default. Steps and priorities are those of contract `steps.md` section 9, plus the fake ones.

pub mod properties;

use crate::driver::table::properties::{
    AGENT_PROPERTIES, BOOT_PROPERTIES, FAKE_PROPERTIES, IPMI_PROPERTIES, REDFISH_PROPERTIES,
};
use crate::model::catalog::{ArgSpec, BootWay, PowerSupport, StepSpec};
use crate::model::interface::Interface;
use crate::model::step::{Again, By, Core, Kind};

/// A hardware type.
#[derive(Debug)]
pub struct TypeRow {
    pub name: &'static str,
    pub supported: &'static [(Interface, &'static [&'static str])],
    /// `driver_info` keys and what they mean.
    pub properties: &'static [&'static [(&'static str, &'static str)]],
}

/// An implementation of an interface.
#[derive(Debug)]
pub struct Row {
    pub interface: Interface,
    pub name: &'static str,
    pub uses_agent: bool,
    pub power: PowerSupport,
    pub steps: &'static [&'static [StepSpec]],
    pub boot_way: BootWay,
    pub tells_sheet: bool,
    /// The reference has it, and nodes may name it; nothing stands behind it yet, and its use is refused by name.
    pub missing: bool,
}

impl Row {
    /// Whether it stands for nothing at all (`no-bios` and the like).
    pub fn is_absent(&self) -> bool {
        self.name.starts_with("no-")
    }
}

/// Of machines that have a BMC.
const DEPLOY: &[&str] = &["autodetect", "direct", "ramdisk", "anaconda", "bootc", "custom-agent"];

/// Every hardware type.
pub const TYPES: &[TypeRow] = &[
    TypeRow {
        name: "fake-hardware",
        supported: &[
            (Interface::Bios, &["fake", "no-bios"]),
            (Interface::Boot, &["fake"]),
            (Interface::Console, &["fake", "no-console"]),
            (
                Interface::Deploy,
                &["fake", "autodetect", "direct", "ramdisk", "anaconda", "bootc", "custom-agent"],
            ),
            (Interface::Firmware, &["fake", "no-firmware"]),
            (Interface::Inspect, &["fake", "agent", "no-inspect"]),
            (Interface::Management, &["fake"]),
            (Interface::Network, &["noop", "flat"]),
            (Interface::Power, &["fake"]),
            (Interface::Raid, &["fake", "no-raid"]),
            (Interface::Rescue, &["fake", "no-rescue", "agent"]),
            (Interface::Storage, &["noop"]),
            (Interface::Vendor, &["fake", "no-vendor"]),
        ],
        properties: &[FAKE_PROPERTIES, AGENT_PROPERTIES],
    },
    TypeRow {
        name: "manual-management",
        supported: &[
            (Interface::Bios, &["no-bios"]),
            (Interface::Boot, &["fake"]),
            (Interface::Console, &["no-console"]),
            (
                Interface::Deploy,
                &["autodetect", "direct", "ramdisk", "anaconda", "bootc", "custom-agent", "noop"],
            ),
            (Interface::Firmware, &["no-firmware"]),
            (Interface::Inspect, &["agent", "no-inspect"]),
            (Interface::Management, &["noop", "fake"]),
            (Interface::Network, &["noop", "flat"]),
            (Interface::Power, &["agent", "fake"]),
            (Interface::Raid, &["no-raid"]),
            (Interface::Rescue, &["no-rescue", "agent"]),
            (Interface::Storage, &["noop"]),
            (Interface::Vendor, &["no-vendor"]),
        ],
        properties: &[FAKE_PROPERTIES, AGENT_PROPERTIES],
    },
    TypeRow {
        name: "redfish",
        supported: &[
            (Interface::Bios, &["redfish", "no-bios"]),
            (
                Interface::Boot,
                &["ipxe", "pxe", "http-ipxe", "http", "redfish-virtual-media", "redfish-https"],
            ),
            (Interface::Console, &["redfish-graphical", "ipmitool-socat", "no-console"]),
            (Interface::Deploy, DEPLOY),
            (Interface::Firmware, &["redfish", "no-firmware"]),
            (Interface::Inspect, &["redfish", "agent", "no-inspect"]),
            (Interface::Management, &["redfish", "noop"]),
            (Interface::Network, &["flat", "noop"]),
            (Interface::Power, &["redfish"]),
            (Interface::Raid, &["redfish", "no-raid", "agent"]),
            (Interface::Rescue, &["no-rescue", "agent"]),
            (Interface::Storage, &["noop"]),
            (Interface::Vendor, &["redfish", "no-vendor"]),
        ],
        properties: &[REDFISH_PROPERTIES, BOOT_PROPERTIES, AGENT_PROPERTIES],
    },
    TypeRow {
        name: "idrac",
        supported: &[
            (Interface::Bios, &["idrac-redfish", "redfish", "no-bios"]),
            (
                Interface::Boot,
                &["ipxe", "pxe", "http-ipxe", "http", "idrac-redfish-virtual-media", "redfish-https"],
            ),
            (Interface::Console, &["redfish-graphical", "ipmitool-socat", "no-console"]),
            (Interface::Deploy, DEPLOY),
            (Interface::Firmware, &["redfish", "no-firmware"]),
            (Interface::Inspect, &["idrac-redfish", "agent", "no-inspect"]),
            (Interface::Management, &["idrac-redfish"]),
            (Interface::Network, &["flat", "noop"]),
            (Interface::Power, &["idrac-redfish", "redfish"]),
            (Interface::Raid, &["idrac-redfish", "no-raid", "agent"]),
            (Interface::Rescue, &["no-rescue", "agent"]),
            (Interface::Storage, &["noop"]),
            (Interface::Vendor, &["idrac-redfish", "redfish", "no-vendor"]),
        ],
        properties: &[REDFISH_PROPERTIES, BOOT_PROPERTIES, AGENT_PROPERTIES],
    },
    TypeRow {
        name: "ipmi",
        supported: &[
            (Interface::Bios, &["no-bios"]),
            (Interface::Boot, &["ipxe", "pxe", "http-ipxe", "http"]),
            (Interface::Console, &["ipmitool-socat", "no-console"]),
            (Interface::Deploy, DEPLOY),
            (Interface::Firmware, &["no-firmware"]),
            (Interface::Inspect, &["agent", "no-inspect"]),
            (Interface::Management, &["ipmitool", "noop"]),
            (Interface::Network, &["flat", "noop"]),
            (Interface::Power, &["ipmitool"]),
            (Interface::Raid, &["no-raid", "agent"]),
            (Interface::Rescue, &["no-rescue", "agent"]),
            (Interface::Storage, &["noop"]),
            (Interface::Vendor, &["ipmitool", "no-vendor"]),
        ],
        properties: &[IPMI_PROPERTIES, BOOT_PROPERTIES, AGENT_PROPERTIES],
    },
];

/// Every implementation.
pub const ROWS: &[Row] = &[
    Row { steps: &[FAKE_BIOS], ..plain(Interface::Bios, "fake") },
    plain(Interface::Bios, "no-bios"),
    plain(Interface::Boot, "fake"),
    plain(Interface::Console, "fake"),
    plain(Interface::Console, "no-console"),
    Row { steps: &[FAKE_DEPLOY, FAKE_STEPS], ..plain(Interface::Deploy, "fake") },
    Row { steps: &[DIRECT, AGENT_DEPLOY], uses_agent: true, ..plain(Interface::Deploy, "direct") },
    Row { steps: &[RAMDISK], uses_agent: true, ..plain(Interface::Deploy, "ramdisk") },
    Row {
        steps: &[BOOTC, AGENT_DEPLOY, BOOT_TO_DISK],
        uses_agent: true,
        ..plain(Interface::Deploy, "bootc")
    },
    Row { steps: &[AGENT_DEPLOY], uses_agent: true, ..plain(Interface::Deploy, "custom-agent") },
    Row { steps: &[ANACONDA], uses_agent: true, ..plain(Interface::Deploy, "anaconda") },
    Row { steps: &[NOOP_DEPLOY], ..plain(Interface::Deploy, "noop") },
    Row { steps: &[AUTODETECT_DEPLOY], uses_agent: true, ..plain(Interface::Deploy, "autodetect") },
    Row { steps: &[FAKE_FIRMWARE], ..plain(Interface::Firmware, "fake") },
    plain(Interface::Firmware, "no-firmware"),
    plain(Interface::Inspect, "fake"),
    plain(Interface::Inspect, "no-inspect"),
    Row { steps: &[FAKE_VERIFY], ..plain(Interface::Management, "fake") },
    plain(Interface::Management, "noop"),
    plain(Interface::Network, "noop"),
    Row { power: FULL, ..plain(Interface::Power, "fake") },
    Row { power: PowerSupport { on: false, ..FULL }, ..plain(Interface::Power, "agent") },
    plain(Interface::Raid, "fake"),
    plain(Interface::Raid, "no-raid"),
    Row { steps: &[FAKE_RESCUE], ..plain(Interface::Rescue, "fake") },
    Row { steps: &[AGENT_RESCUE], uses_agent: true, ..plain(Interface::Rescue, "agent") },
    Row { steps: &[AGENT_RAID], ..plain(Interface::Raid, "agent") },
    plain(Interface::Rescue, "no-rescue"),
    plain(Interface::Storage, "noop"),
    Row { steps: &[FAKE_VENDOR], ..plain(Interface::Vendor, "fake") },
    plain(Interface::Vendor, "no-vendor"),
    // What stands behind these is in `boot`.
    Row { boot_way: BootWay::Network, ..plain(Interface::Boot, "ipxe") },
    Row { boot_way: BootWay::Network, ..plain(Interface::Boot, "pxe") },
    Row { boot_way: BootWay::Network, ..plain(Interface::Boot, "http-ipxe") },
    Row { boot_way: BootWay::Network, ..plain(Interface::Boot, "http") },
    Row { boot_way: BootWay::Medium, ..plain(Interface::Boot, "redfish-virtual-media") },
    Row { boot_way: BootWay::Medium, ..plain(Interface::Boot, "idrac-redfish-virtual-media") },
    Row { boot_way: BootWay::Url, ..plain(Interface::Boot, "redfish-https") },
    // One network that is always there: nothing is plugged.
    plain(Interface::Network, "flat"),
    // What stands behind these is in `redfish` and `ipmi`.
    Row { steps: &[REDFISH_BIOS], tells_sheet: true, ..plain(Interface::Bios, "redfish") },
    Row { steps: &[REDFISH_BIOS], tells_sheet: true, ..plain(Interface::Bios, "idrac-redfish") },
    plain(Interface::Console, "ipmitool-socat"),
    Row { steps: &[REDFISH_MANAGEMENT], ..plain(Interface::Management, "redfish") },
    Row { steps: &[REDFISH_MANAGEMENT, IDRAC_MANAGEMENT], ..plain(Interface::Management, "idrac-redfish") },
    Row { uses_agent: true, ..plain(Interface::Inspect, "agent") },
    plain(Interface::Inspect, "redfish"),
    plain(Interface::Inspect, "idrac-redfish"),
    plain(Interface::Management, "ipmitool"),
    Row { power: FULL, ..plain(Interface::Power, "redfish") },
    Row { power: FULL, ..plain(Interface::Power, "idrac-redfish") },
    Row { power: PowerSupport { soft_reset: false, ..FULL }, ..plain(Interface::Power, "ipmitool") },
    plain(Interface::Vendor, "redfish"),
    plain(Interface::Vendor, "idrac-redfish"),
    Row { steps: &[SEND_RAW], ..plain(Interface::Vendor, "ipmitool") },
    // Names that enrolments bring along; a row moves up when something stands behind it.
    missing(Interface::Console, "redfish-graphical"),
    missing(Interface::Firmware, "redfish"),
    missing(Interface::Raid, "redfish"),
    missing(Interface::Raid, "idrac-redfish"),
];

const FULL: PowerSupport = PowerSupport { soft: true, on: true, soft_reset: true };

const fn plain(interface: Interface, name: &'static str) -> Row {
    Row {
        interface,
        name,
        uses_agent: false,
        power: PowerSupport { soft: false, on: false, soft_reset: false },
        steps: &[],
        boot_way: BootWay::Bare,
        tells_sheet: false,
        missing: false,
    }
}

const fn missing(interface: Interface, name: &'static str) -> Row {
    Row { missing: true, ..plain(interface, name) }
}

/// Steps at the BMC, whatever its maker. Each says what is wished, and may be done twice.
const REDFISH_MANAGEMENT: &[StepSpec] = &[
    out_of_band(Kind::Clean, "clear_secure_boot_keys", 0),
    out_of_band(Kind::Clean, "reset_secure_boot_keys_to_default", 0),
    StepSpec { args: CLOCK, ..out_of_band(Kind::Clean, "set_bmc_clock", 0) },
    out_of_band(Kind::Deploy, "clear_secure_boot_keys", 0),
    out_of_band(Kind::Deploy, "reset_secure_boot_keys_to_default", 0),
    out_of_band(Kind::Verify, "verify_bmc_clock", 1),
];

/// Settings of the firmware. They are taken up at a boot, of whatever.
const REDFISH_BIOS: &[StepSpec] = &[
    StepSpec { args: &[BIOS_SETTINGS], ..out_of_band(Kind::Clean, "apply_configuration", 0) },
    out_of_band(Kind::Clean, "factory_reset", 0),
    StepSpec { args: &[BIOS_SETTINGS], ..out_of_band(Kind::Deploy, "apply_configuration", 0) },
    out_of_band(Kind::Deploy, "factory_reset", 0),
    StepSpec { args: &[BIOS_SETTINGS], ..out_of_band(Kind::Service, "apply_configuration", 0) },
    out_of_band(Kind::Service, "factory_reset", 0),
];

const BIOS_SETTINGS: ArgSpec =
    ArgSpec { name: "settings", description: "A list of BIOS settings to be applied", required: true };

/// Dell's. A second restart of the card does no more harm than the first.
const IDRAC_MANAGEMENT: &[StepSpec] = &[
    out_of_band(Kind::Clean, "clear_job_queue", 0),
    out_of_band(Kind::Clean, "known_good_state", 0),
    out_of_band(Kind::Clean, "reset_idrac", 0),
    out_of_band(Kind::Verify, "clear_job_queue", 0),
    out_of_band(Kind::Verify, "known_good_state", 0),
    out_of_band(Kind::Verify, "reset_idrac", 0),
];

/// A step at the BMC or elsewhere that needs no agent, on request unless it has a priority.
pub const fn out_of_band(kind: Kind, step: &'static str, priority: i64) -> StepSpec {
    StepSpec {
        kind,
        step,
        priority,
        abortable: matches!(kind, Kind::Deploy),
        requires_ramdisk: false,
        by: By::Driver,
        again: Again::Repeat,
        args: &[],
    }
}

const CLOCK: &[ArgSpec] = &[
    optional("target_datetime", "Time to set, ISO 8601 with an offset; the daemon's own time if not given."),
    optional("datetime_local_offset", "Local offset to set, as in +01:00; left as it is if not given."),
];

/// A command in numbers, for each kind that has steps.
const SEND_RAW: &[StepSpec] = &[send_raw(Kind::Clean), send_raw(Kind::Deploy), send_raw(Kind::Service)];

const fn send_raw(kind: Kind) -> StepSpec {
    StepSpec {
        kind,
        step: "send_raw",
        priority: 0,
        abortable: false,
        requires_ramdisk: false,
        by: By::Driver,
        again: Again::Never,
        args: &[ArgSpec {
            name: "raw_bytes",
            description: "Numbers with blanks between them; the first two are network function and command.",
            required: true,
        }],
    }
}

/// A deploy step: abortable unless it says otherwise (contract `steps.md` section 1).
const fn deploy(step: &'static str, priority: i64, by: By, again: Again) -> StepSpec {
    StepSpec {
        kind: Kind::Deploy,
        step,
        priority,
        abortable: true,
        requires_ramdisk: true,
        by,
        again,
        args: &[],
    }
}

/// What `direct` adds to the frame of every agent deployment.
const DIRECT: &[StepSpec] = &[deploy("write_image", 80, By::Agent, Again::Repeat)];

/// What `bootc` adds before what is in that frame, and after it.
const BOOTC: &[StepSpec] = &[deploy("execute_bootc_install", 80, By::Agent, Again::Repeat)];
const BOOT_TO_DISK: &[StepSpec] = &[deploy("set_boot_to_disk", 60, By::Driver, Again::Repeat)];

/// The frame of every agent deployment; between 41 and 99 the agent is up.
const AGENT_DEPLOY: &[StepSpec] = &[
    deploy("deploy", 100, By::Core(Core::BootAgent), Again::Repeat),
    deploy("prepare_instance_boot", 60, By::Driver, Again::LookFirst),
    deploy("tear_down_agent", 40, By::Driver, Again::LookFirst),
    deploy("switch_to_tenant_network", 30, By::Core(Core::LeaveNetwork), Again::Repeat),
    deploy("boot_instance", 20, By::Core(Core::BootDisk), Again::Repeat),
];

/// RAID made in the ramdisk. That it is offered, and with which priority, the agent says.
const AGENT_RAID: &[StepSpec] = &[
    agent_raid(Kind::Clean, "create_configuration", &[]),
    StepSpec { again: Again::Repeat, ..agent_raid(Kind::Clean, "delete_configuration", &[]) },
    agent_raid(Kind::Deploy, "apply_configuration", AGENT_RAID_ARGS),
    agent_raid(Kind::Service, "apply_configuration", AGENT_RAID_ARGS),
];

const fn agent_raid(kind: Kind, step: &'static str, args: &'static [ArgSpec]) -> StepSpec {
    StepSpec { kind, args, ..deploy(step, 0, By::Agent, Again::Never) }
}

const AGENT_RAID_ARGS: &[ArgSpec] = &[
    ArgSpec { name: "raid_config", description: "The RAID configuration to apply.", required: true },
    optional(
        "delete_existing",
        "Setting this to 'True' indicates to delete existing RAID configuration prior to creating the new \
         configuration. Default value is 'True'.",
    ),
];

/// The instance's own ramdisk or ISO; with the fake boot interface the machine is only made to boot anew.
const RAMDISK: &[StepSpec] = &[deploy("deploy", 100, By::Core(Core::BootInstance), Again::Repeat)];

/// A ramdisk to log in to. The way back is the pipeline's own.
const AGENT_RESCUE: &[StepSpec] = &[
    rescue("rescue", 100, By::Core(Core::BootAgent), Again::Repeat),
    rescue("finalize_rescue", 50, By::Agent, Again::LookFirst),
    rescue("clean_up", 10, By::Core(Core::LeaveRamdisk), Again::Repeat),
];

/// Takes the time that is configured, and does nothing.
const FAKE_RESCUE: &[StepSpec] = &[
    rescue("rescue", 100, By::Driver, Again::Repeat),
    StepSpec { kind: Kind::Unrescue, ..rescue("unrescue", 100, By::Driver, Again::Repeat) },
];

const fn rescue(step: &'static str, priority: i64, by: By, again: Again) -> StepSpec {
    StepSpec { kind: Kind::Rescue, ..deploy(step, priority, by, again) }
}
/// An installer that works by itself.
const ANACONDA: &[StepSpec] = &[deploy("deploy", 100, By::Core(Core::BootInstaller), Again::Repeat)];

/// Takes the time that is configured, and does nothing.
const FAKE_DEPLOY: &[StepSpec] = &[deploy("deploy", 100, By::Driver, Again::Repeat)];

const NOOP_DEPLOY: &[StepSpec] = &[deploy("deploy", 100, By::Core(Core::Nothing), Again::Repeat)];

/// Never run: another interface stands in for this one before a deployment is planned.
const AUTODETECT_DEPLOY: &[StepSpec] = &[deploy("deploy", 100, By::Driver, Again::Repeat)];

/// Fails if `driver_info` asks for it, so that a failing verification can be seen.
const FAKE_VERIFY: &[StepSpec] = &[StepSpec {
    kind: Kind::Verify,
    abortable: false,
    requires_ramdisk: false,
    ..deploy("fake_verify", 1, By::Driver, Again::Repeat)
}];

/// The reference's fake BIOS: it writes down what it is told.
const FAKE_BIOS: &[StepSpec] = &[
    fake(Kind::Clean, "apply_configuration", &[SETTINGS]),
    fake(Kind::Clean, "factory_reset", &[]),
    fake(Kind::Clean, "cache_bios_settings", &[]),
];

/// The reference's fake firmware: it takes what it is told to install.
const FAKE_FIRMWARE: &[StepSpec] = &[fake(Kind::Clean, "update", &[COMPONENTS])];

/// The reference's fake vendor: a step that is part of each automated cleaning, and one that waits for a heartbeat.
const FAKE_VENDOR: &[StepSpec] = &[
    StepSpec { priority: 1, ..fake(Kind::Clean, "log_passthrough", &[]) },
    fake(Kind::Service, "log_passthrough", &[]),
    fake(Kind::Service, "trigger_servicewait", &[]),
];

/// One for each turn that a step can say, for each kind that has steps; priority 0: only on request.
const FAKE_STEPS: &[StepSpec] = &[
    fake(Kind::Clean, "fake_done", &[]),
    fake(Kind::Clean, "fake_fail", &[ERROR]),
    fake(Kind::Clean, "fake_act", &[TIMES]),
    fake(Kind::Clean, "fake_look_in", &[TIMES, SECONDS]),
    fake(Kind::Clean, "fake_reboot", &[INTO]),
    fake(Kind::Clean, "fake_agent", &[TIMES]),
    fake(Kind::Clean, "fake_hold", &[]),
    fake(Kind::Clean, "fake_slow", &[SECONDS]),
    fake(Kind::Deploy, "fake_done", &[]),
    fake(Kind::Deploy, "fake_fail", &[ERROR]),
    fake(Kind::Deploy, "fake_act", &[TIMES]),
    fake(Kind::Deploy, "fake_look_in", &[TIMES, SECONDS]),
    fake(Kind::Deploy, "fake_reboot", &[INTO]),
    fake(Kind::Deploy, "fake_agent", &[TIMES]),
    fake(Kind::Deploy, "fake_hold", &[]),
    fake(Kind::Deploy, "fake_slow", &[SECONDS]),
    fake(Kind::Verify, "fake_done", &[]),
    fake(Kind::Verify, "fake_fail", &[ERROR]),
    fake(Kind::Verify, "fake_act", &[TIMES]),
    fake(Kind::Verify, "fake_look_in", &[TIMES, SECONDS]),
    fake(Kind::Verify, "fake_reboot", &[INTO]),
    fake(Kind::Verify, "fake_agent", &[TIMES]),
    fake(Kind::Verify, "fake_hold", &[]),
    fake(Kind::Verify, "fake_slow", &[SECONDS]),
    fake(Kind::Service, "fake_done", &[]),
    fake(Kind::Service, "fake_fail", &[ERROR]),
    fake(Kind::Service, "fake_act", &[TIMES]),
    fake(Kind::Service, "fake_look_in", &[TIMES, SECONDS]),
    fake(Kind::Service, "fake_reboot", &[INTO]),
    fake(Kind::Service, "fake_agent", &[TIMES]),
    fake(Kind::Service, "fake_hold", &[]),
    fake(Kind::Service, "fake_slow", &[SECONDS]),
];

const fn fake(kind: Kind, step: &'static str, args: &'static [ArgSpec]) -> StepSpec {
    StepSpec {
        kind,
        step,
        priority: 0,
        abortable: true,
        requires_ramdisk: false,
        by: By::Driver,
        again: Again::Repeat,
        args,
    }
}

const fn optional(name: &'static str, description: &'static str) -> ArgSpec {
    ArgSpec { name, description, required: false }
}

const SETTINGS: ArgSpec = ArgSpec {
    name: "settings",
    description: "List of BIOS settings, each an object with name and value.",
    required: true,
};
const COMPONENTS: ArgSpec = ArgSpec {
    name: "settings",
    description: "List of firmware components, each an object with component and url.",
    required: true,
};
const ERROR: ArgSpec = optional("error", "Text of the failure.");
const TIMES: ArgSpec = optional("times", "How often, 1 if not given.");
const SECONDS: ArgSpec = optional("seconds", "How long, 1 if not given.");
const INTO: ArgSpec = optional("into", "What to boot: ramdisk, disk or nothing (if not given).");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_serves_machines_knows_how_each_boot_interface_brings_things() {
        for row in ROWS.iter().filter(|row| row.interface == Interface::Boot && !row.missing) {
            assert_eq!(BootWay::of(row.name), row.boot_way, "{}", row.name);
        }
    }
}
