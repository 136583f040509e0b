//! What the machines of the stage can do.

use crate::model::catalog::{ArgSpec, BootWay, Catalog, Implementation, PowerSupport, StepSpec};
use crate::model::interface::Interface;
use crate::model::step::{Again, By, Core, Kind};

const fn spec(kind: Kind, step: &'static str, priority: i64, by: By) -> StepSpec {
    StepSpec {
        kind,
        step,
        priority,
        abortable: true,
        requires_ramdisk: false,
        by,
        again: Again::Repeat,
        args: &[],
    }
}

const LEVEL: ArgSpec = ArgSpec { name: "level", description: "RAID level.", required: true };

/// A deployment through an agent, one without, and steps of other interfaces beside.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn catalog() -> Catalog {
    let mut catalog = Catalog::default();
    let mut add = |interface, name: &str, implementation| {
        catalog.implementations.insert((interface, name.to_owned()), implementation);
    };
    let power = PowerSupport { soft: true, on: true, soft_reset: true };
    add(Interface::Power, "x", Implementation { power_wishes: power, ..Implementation::default() });
    let hard = PowerSupport::default();
    add(Interface::Inspect, "x", Implementation::default());
    let in_band = Implementation { uses_agent: true, ..Implementation::default() };
    add(Interface::Inspect, "agent", in_band);
    add(Interface::Power, "hard", Implementation { power_wishes: hard, ..Implementation::default() });
    let cold = PowerSupport { soft_reset: false, ..power };
    add(Interface::Power, "cold", Implementation { power_wishes: cold, ..Implementation::default() });
    let agent = vec![
        spec(Kind::Deploy, "deploy", 100, By::Core(Core::BootAgent)),
        spec(Kind::Deploy, "write_image", 80, By::Agent),
        spec(Kind::Deploy, "prepare_instance_boot", 60, By::Driver),
        spec(Kind::Deploy, "tear_down_agent", 40, By::Driver),
        spec(Kind::Deploy, "switch_to_tenant_network", 30, By::Core(Core::LeaveNetwork)),
        spec(Kind::Deploy, "boot_instance", 20, By::Core(Core::BootDisk)),
    ];
    add(
        Interface::Deploy,
        "agent",
        Implementation { steps: agent, uses_agent: true, ..Implementation::default() },
    );
    let plain = vec![
        spec(Kind::Deploy, "deploy", 100, By::Core(Core::Nothing)),
        StepSpec { again: Again::Never, ..spec(Kind::Deploy, "press", 0, By::Driver) },
        spec(Kind::Deploy, "turn", 0, By::Driver),
    ];
    add(Interface::Deploy, "plain", Implementation { steps: plain, ..Implementation::default() });
    add(
        Interface::Management,
        "x",
        Implementation {
            steps: vec![
                spec(Kind::Verify, "check_bmc", 1, By::Driver),
                spec(Kind::Verify, "reset", 0, By::Driver),
            ],
            ..Implementation::default()
        },
    );
    let raid = vec![
        StepSpec { abortable: false, ..spec(Kind::Clean, "delete_configuration", 10, By::Driver) },
        StepSpec { args: &[LEVEL], ..spec(Kind::Deploy, "apply", 0, By::Driver) },
        spec(Kind::Clean, "create_configuration", 0, By::Driver),
        spec(Kind::Service, "apply_configuration", 0, By::Driver),
        spec(Kind::Deploy, "apply_configuration", 0, By::Driver),
    ];
    let agents = vec![
        StepSpec { requires_ramdisk: true, ..spec(Kind::Clean, "create_configuration", 0, By::Agent) },
        StepSpec { requires_ramdisk: true, ..spec(Kind::Clean, "delete_configuration", 0, By::Agent) },
    ];
    add(Interface::Raid, "agent", Implementation { steps: agents, ..Implementation::default() });
    add(Interface::Raid, "x", Implementation { steps: raid, ..Implementation::default() });
    for (name, boot_way) in
        [("network", BootWay::Network), ("medium", BootWay::Medium), ("url", BootWay::Url)]
    {
        add(Interface::Boot, name, Implementation { boot_way, ..Implementation::default() });
    }
    let own = vec![spec(Kind::Deploy, "deploy", 100, By::Core(Core::BootInstance))];
    let ramdisk = Implementation { steps: own, uses_agent: true, ..Implementation::default() };
    add(Interface::Deploy, "ramdisk", ramdisk);
    let steps = vec![
        spec(Kind::Rescue, "rescue", 100, By::Driver),
        spec(Kind::Unrescue, "unrescue", 100, By::Driver),
    ];
    add(Interface::Rescue, "x", Implementation { steps, ..Implementation::default() });
    let steps = vec![
        spec(Kind::Rescue, "rescue", 100, By::Core(Core::BootAgent)),
        spec(Kind::Rescue, "finalize_rescue", 50, By::Agent),
        spec(Kind::Rescue, "clean_up", 10, By::Core(Core::LeaveRamdisk)),
    ];
    add(Interface::Rescue, "agent", Implementation { steps, uses_agent: true, ..Implementation::default() });
    add(Interface::Rescue, "none", Implementation { absent: true, ..Implementation::default() });
    let installer = vec![spec(Kind::Deploy, "deploy", 100, By::Core(Core::BootInstaller))];
    add(
        Interface::Deploy,
        "anaconda",
        Implementation { steps: installer, uses_agent: true, ..Implementation::default() },
    );
    let bios = vec![
        spec(Kind::Clean, "factory_reset", 10, By::Driver),
        spec(Kind::Service, "factory_reset", 0, By::Driver),
        StepSpec { requires_ramdisk: true, ..spec(Kind::Clean, "flash", 0, By::Driver) },
    ];
    add(Interface::Bios, "x", Implementation { steps: bios, ..Implementation::default() });
    catalog
}
