use serde_json::{Value, json};

use super::*;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::base::time::PausedClock;
use crate::depot::blobs::Blobs;
use crate::depot::gallery::Gallery;
use crate::depot::ramdisks::Ramdisks;
use crate::depot::shelf::Shelf;
use crate::driver::agent::AgentSettings;
use crate::driver::bmc::notebook::Blank;
use crate::driver::bmc::print::PrintKey;
use crate::driver::boot::BootGround;
use crate::driver::fake::delays::FakeDelays;
use crate::model::Object;
use crate::model::node::Wished;
use crate::model::step::Kind;
use crate::net::client::Client;

const TYPES_ON: [&str; 5] = ["fake-hardware", "manual-management", "redfish", "idrac", "ipmi"];

fn node(driver: &str) -> Node {
    let catalog = catalog(TYPES_ON).unwrap();
    let mut wished = Wished { driver: driver.to_owned(), ..Wished::default() };
    for interface in Interface::ALL {
        wished.interfaces.set(interface, catalog.default_of(driver, interface).unwrap().to_owned());
    }
    Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0))
}

/// Types of machines without a network of their own: `noop` is their default.
const FORGETFUL: [&str; 2] = ["fake-hardware", "manual-management"];

fn golden(name: &str) -> Value {
    let path = format!("{}/tests/goldens/driver/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The reference's order, without what is not there yet, is ours. What a table of ours has beyond the
/// reference's is named in the golden as `ours`.
#[test]
fn interfaces_stand_in_the_order_of_the_reference() {
    let golden = golden("interfaces");
    let catalog = catalog(TYPES_ON).unwrap();
    for (name, found) in &catalog.types {
        for (interface, ours) in &found.supported {
            let reference: Vec<&str> =
                golden[name][interface.name()].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let kept: Vec<&str> =
                reference.into_iter().filter(|one| ours.iter().any(|own| own == one)).collect();
            if *interface == Interface::Network && FORGETFUL.contains(&name.as_str()) {
                assert_eq!(ours, &["noop", "flat"], "nobody keeps VIFs unless told to");
                continue;
            }
            assert_eq!(&kept, ours, "{name} {interface}");
        }
    }
}

#[test]
fn steps_and_priorities_are_those_of_the_reference() {
    let golden = golden("deploy-steps");
    let catalog = catalog(TYPES_ON).unwrap();
    for (name, steps) in golden.as_object().unwrap() {
        let found = catalog.implementation(Interface::Deploy, name).unwrap();
        let ours: Object = found
            .steps
            .iter()
            .filter(|spec| spec.kind == Kind::Deploy && !spec.step.starts_with("fake_"))
            .map(|spec| (spec.step.to_owned(), json!(spec.priority)))
            .collect();
        assert_eq!(&Value::Object(ours), steps, "{name}");
    }
}

#[test]
fn every_supported_name_has_an_implementation_and_every_row_a_type() {
    let catalog = catalog(TYPES_ON).unwrap();
    for (name, found) in &catalog.types {
        for (interface, names) in &found.supported {
            for one in names {
                assert!(catalog.implementation(*interface, one).is_some(), "{name} {interface} {one}");
            }
        }
        assert_eq!(found.supported.len(), Interface::ALL.len());
    }
    assert_eq!(catalog.implementations.len(), ROWS.len());
}

#[test]
fn an_unknown_type_is_refused_by_name() {
    let error = catalog(["snmp"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no hardware type \"snmp\": known are fake-hardware, manual-management, redfish, idrac, ipmi"
    );
}

fn registry(data: &std::path::Path) -> Registry {
    let clock = Arc::new(PausedClock::new());
    let shelf = Arc::new(Shelf::open(data, &[]).unwrap());
    let boot = BootGround::new(Ramdisks::new(data, shelf.clone()), "http://10.0.0.1");
    let agents = Agents {
        client: Client::new(),
        clock: clock.clone(),
        gallery: Arc::new(Gallery::of_files(shelf)),
        blobs: Arc::new(Blobs::open(data.join("blobs")).unwrap()),
        settings: AgentSettings::new("host", "http://10.0.0.1"),
    };
    let bmc = Ground::new(clock.clone(), Arc::new(Blank), PrintKey::new(Secret::new("key")), 1);
    let fake = Arc::new(FakeRack::new(clock, FakeDelays::default(), 0));
    Registry::new(TYPES_ON, Parts { fake, agents: Arc::new(agents), bmc, boot }).unwrap()
}

fn has(hardware: &Hardware) -> [bool; 6] {
    [
        hardware.power.is_some(),
        hardware.boot_device.is_some(),
        hardware.virtual_media.is_some(),
        hardware.bios.is_some(),
        hardware.raid.is_some(),
        hardware.console.is_some(),
    ]
}

#[test]
fn interface_names_choose_what_a_machine_can_do() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let mut fake = node("fake-hardware");
    assert_eq!(has(&registry.hardware(&fake).unwrap()), [true, true, false, true, true, true]);
    fake.wished.driver_info.insert("fake_panel".to_owned(), json!(true));
    assert_eq!(has(&registry.hardware(&fake).unwrap()), [true; 6]);
    let mut manual = node("manual-management");
    assert_eq!(has(&registry.hardware(&manual).unwrap()), [true, true, false, false, false, false]);
    manual.wished.interfaces.management = "fake".to_owned();
    manual.wished.driver_info.insert("fake_panel".to_owned(), json!(true));
    assert_eq!(has(&registry.hardware(&manual).unwrap()), [true, true, true, false, false, false]);
    manual.wished.interfaces.power = "ilo".to_owned();
    let error = registry.hardware(&manual).unwrap_err();
    assert_eq!(error.to_string(), "power interface \"ilo\" is not enabled");
    let mut ipmi = node("ipmi");
    ipmi.wished.driver_info.insert("ipmi_address".to_owned(), "127.0.0.1".into());
    assert_eq!(has(&registry.hardware(&ipmi).unwrap()), [true, true, false, false, false, false]);
    ipmi.wished.interfaces.console = "ipmitool-socat".to_owned();
    assert!(registry.hardware(&ipmi).unwrap().console.is_some());
    for (driver, key) in
        [("redfish", "redfish_address"), ("idrac", "redfish_address"), ("ipmi", "ipmi_address")]
    {
        let error = registry.hardware(&node(driver)).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn each_interface_of_a_redfish_node_brings_its_own_part() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let mut node = node("redfish");
    node.wished.driver_info.insert("redfish_address".to_owned(), json!("127.0.0.1"));
    let has = |node: &Node| {
        let hardware = registry.hardware(node).unwrap();
        [
            hardware.power.is_some(),
            hardware.sensors.is_some(),
            hardware.vendor.is_some(),
            hardware.console.is_some(),
        ]
    };
    assert_eq!(has(&node), [true, true, true, false]);
    node.wished.interfaces.management = "noop".to_owned();
    assert_eq!(has(&node), [true, false, true, false]);
    node.wished.interfaces.vendor = "no-vendor".to_owned();
    assert_eq!(has(&node), [true, false, false, false]);
    node.wished.interfaces.console = "ipmitool-socat".to_owned();
    node.wished.interfaces.management = "redfish".to_owned();
    assert_eq!(has(&node), [true, true, false, true], "a console without an address hinders nothing else");
    let mut idrac = self::node("idrac");
    idrac.wished.driver_info = node.wished.driver_info.clone();
    assert_eq!(has(&idrac), [true, true, true, false]);
    idrac.wished.interfaces.power = "redfish".to_owned();
    assert_eq!(has(&idrac), [true, true, true, false]);
}

#[test]
fn redfish_declares_the_steps_of_the_reference() {
    let catalog = catalog(TYPES_ON).unwrap();
    let steps = |name: &str, kind: Kind| -> Vec<String> {
        let found = catalog.implementation(Interface::Management, name).unwrap();
        let mut all: Vec<_> = found
            .steps
            .iter()
            .filter(|spec| spec.kind == kind)
            .map(|spec| {
                format!(
                    "{} {} {:?}",
                    spec.step,
                    spec.priority,
                    spec.args.iter().map(|arg| arg.name).collect::<Vec<_>>()
                )
            })
            .collect();
        all.sort();
        all
    };
    let clock = r#"set_bmc_clock 0 ["target_datetime", "datetime_local_offset"]"#;
    let update = r#"update_firmware 0 ["firmware_images"]"#;
    let keys = ["clear_secure_boot_keys 0 []", "reset_secure_boot_keys_to_default 0 []"];
    let dell = ["clear_job_queue 0 []", "known_good_state 0 []", "reset_idrac 0 []"];
    assert_eq!(steps("redfish", Kind::Clean), [keys[0], keys[1], clock, update]);
    assert_eq!(steps("redfish", Kind::Deploy), keys);
    assert_eq!(steps("redfish", Kind::Verify), ["verify_bmc_clock 1 []"]);
    assert_eq!(
        steps("idrac-redfish", Kind::Clean),
        [dell[0], keys[0], dell[1], dell[2], keys[1], clock, update]
    );
    assert_eq!(steps("idrac-redfish", Kind::Verify), [dell[0], dell[1], dell[2], "verify_bmc_clock 1 []"]);
    assert_eq!(steps("redfish", Kind::Service), [update]);
}

#[tokio::test]
async fn each_step_of_the_table_that_a_driver_or_the_agent_does_has_its_work() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    for row in ROWS {
        for spec in row.steps.iter().copied().flatten().filter(|spec| !matches!(spec.by, By::Core(_))) {
            let mut node = node("fake-hardware");
            node.wished.interfaces.set(row.interface, row.name.to_owned());
            let work = registry.work(&step(row.interface, spec.step, spec.by), &node);
            assert!(!format!("{work:?}").starts_with("NoWork"), "{} {}", row.name, spec.step);
        }
    }
    let work = registry.work(&step(Interface::Raid, "apply", By::Driver), &node("manual-management"));
    let machine = Machine { node: Arc::new(node("manual-management")), ports: Vec::new() };
    let call = StepCall {
        machine,
        kind: Kind::Clean,
        step: step(Interface::Raid, "apply", By::Driver),
        memo: Object::new(),
        versions: Object::new(),
    };
    let turn = work.look(&call).await;
    assert_eq!(turn, Turn::failed("the raid interface \"no-raid\" has no step apply"));
    assert_eq!(work.act(&call, true).await, turn);
}

#[test]
fn a_step_of_the_agent_is_its_own_work_or_is_sent_to_it_as_it_is() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    for (interface, name, word, work) in [
        (Interface::Rescue, "agent", "finalize_rescue", "FinalizeRescue"),
        (Interface::Deploy, "direct", "write_image", "WriteImage"),
        (Interface::Deploy, "bootc", "execute_bootc_install", "BootcInstall"),
        (Interface::Deploy, "direct", "burnin_cpu", "InBandStep"),
        (Interface::Deploy, "custom-agent", "write_image", "InBandStep"),
        (Interface::Raid, "agent", "create_configuration", "InBandStep"),
    ] {
        let mut node = node("fake-hardware");
        node.wished.interfaces.set(interface, name.to_owned());
        let found = format!("{:?}", registry.work(&step(interface, word, By::Agent), &node));
        assert!(found.starts_with(work), "{name} {word}: {found}");
    }
}

fn step(interface: Interface, name: &str, by: By) -> Step {
    Step {
        interface,
        step: name.to_owned(),
        args: Object::new(),
        priority: 0,
        abortable: true,
        by,
        again: crate::model::step::Again::Repeat,
        hidden: false,
        reboot_after: false,
        asked: false,
        abort_after: false,
    }
}

#[test]
fn validation_shows_every_interface_but_vendor_and_leaves_out_deploy_when_it_is_not_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let machine = Machine { node: Arc::new(node("fake-hardware")), ports: Vec::new() };
    let verdicts = registry.validate(&machine, true);
    assert_eq!(verdicts.len(), 12);
    assert!(verdicts.iter().all(|verdict| verdict.reason.is_none()));
    assert!(registry.validate(&machine, false).iter().all(|one| one.interface != Interface::Deploy));
}

#[tokio::test]
async fn a_forgotten_machine_begins_anew() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let mut node = node("fake-hardware");
    node.wished.driver_info.insert("fake_panel".to_owned(), json!(true));
    registry.fake(&node).hardware().nmi.unwrap().inject().await.unwrap();
    registry.forget(node.id);
    assert_eq!(registry.parts.fake.seen(node.id), None);
}

#[test]
fn properties_are_described() {
    let catalog = catalog(TYPES_ON).unwrap();
    for found in catalog.types.values() {
        assert!(found.properties.contains_key("image_http_proxy"));
        assert!(found.properties.values().all(|text| text.ends_with('.')));
    }
}

#[test]
fn defaults_are_what_is_there_already() {
    let catalog = catalog(TYPES_ON).unwrap();
    for (driver, interface, name) in [
        ("redfish", Interface::Power, "redfish"),
        ("redfish", Interface::Bios, "redfish"),
        ("redfish", Interface::Boot, "ipxe"),
        ("redfish", Interface::Vendor, "redfish"),
        ("idrac", Interface::Power, "idrac-redfish"),
        ("idrac", Interface::Management, "idrac-redfish"),
        ("idrac", Interface::Raid, "idrac-redfish"),
        ("ipmi", Interface::Management, "ipmitool"),
        ("ipmi", Interface::Console, "no-console"),
    ] {
        assert_eq!(catalog.default_of(driver, interface), Some(name), "{driver} {interface}");
        let mut wished = Wished { driver: driver.to_owned(), ..Wished::default() };
        crate::model::draft::fill_interfaces(&mut wished, &catalog).unwrap();
        assert_eq!(wished.interfaces.of(interface), name);
    }
}

#[test]
fn what_nodes_may_name_but_is_not_there_is_refused_by_name() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let mut one = node("redfish");
    one.wished.driver_info.insert("redfish_address".to_owned(), json!("10.0.0.1"));
    one.wished.interfaces.console = "redfish-graphical".to_owned();
    crate::model::draft::fill_interfaces(&mut one.wished.clone(), registry.catalog()).unwrap();
    let verdicts = registry.validate(&Machine { node: Arc::new(one), ports: Vec::new() }, true);
    let reason = |interface| {
        let verdict = verdicts.iter().find(|verdict| verdict.interface == interface).unwrap();
        verdict.reason.clone().unwrap_or_default()
    };
    assert_eq!(
        reason(Interface::Console),
        "console interface \"redfish-graphical\" is not part of this version"
    );
    assert!(reason(Interface::Boot).contains("ferric ramdisk import"), "{}", reason(Interface::Boot));
    assert_eq!([reason(Interface::Power), reason(Interface::Management)], ["", ""]);
}

#[test]
fn each_step_that_is_declared_has_somebody_who_carries_it_out() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let drivers = [("redfish", "redfish"), ("idrac", "idrac-redfish"), ("ipmi", "ipmitool")];
    for row in ROWS {
        for spec in row.steps.iter().copied().flatten().filter(|spec| spec.by == By::Driver) {
            let driver =
                drivers.iter().find(|(_, name)| *name == row.name).map_or("fake-hardware", |one| one.0);
            let mut one = node(driver);
            one.wished.driver_info = json!({"redfish_address": "10.0.0.1", "ipmi_address": "10.0.0.1"})
                .as_object()
                .cloned()
                .unwrap();
            one.wished.interfaces.set(row.interface, row.name.to_owned());
            let step = step(row.interface, spec.step, By::Driver);
            let work = format!("{:?}", registry.work(&step, &one));
            assert!(!work.starts_with("NoWork"), "{} {} {}", row.interface, row.name, spec.step);
        }
    }
}

#[test]
fn a_node_of_autodetect_is_judged_as_what_fits_its_instance() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let reason = |registry: &Registry, instance: Value, original: Option<&str>| {
        let mut node = node("manual-management");
        assert_eq!(node.wished.interfaces.deploy, "autodetect", "it is the default where it is there");
        if let Some(original) = original {
            node.original_deploy = Some(original.to_owned());
            "direct".clone_into(&mut node.wished.interfaces.deploy);
        }
        node.wished.instance_info = instance.as_object().cloned().unwrap();
        let machine = Machine { node: Arc::new(node), ports: Vec::new() };
        let verdicts = registry.validate(&machine, true);
        let found = verdicts.into_iter().find(|verdict| verdict.interface == Interface::Deploy);
        found.unwrap().reason.unwrap_or_default()
    };
    assert_eq!(reason(&registry, json!({"image_source": "oci://r/os"}), None), "");
    assert!(reason(&registry, json!({"image_source": "oci://r"}), None).contains("bootc installs"));
    assert!(reason(&registry, json!({}), None).contains("image_source"), "direct wants an image");
    let next = json!({"image_source": "oci://r/os"});
    assert_eq!(reason(&registry, next, Some("autodetect")), "", "the next deployment is judged anew");
    let noop = registry.detecting(&["noop".to_owned()]);
    assert_eq!(reason(&noop, json!({}), None), "");
    let none = noop.detecting(&["fake".to_owned()]);
    assert!(reason(&none, json!({}), None).contains("finds none that fits"));
}

#[test]
fn the_deployment_itself_is_done_by_what_its_interface_boots_and_may_be_aborted() {
    let catalog = catalog(TYPES_ON).unwrap();
    for (name, by) in [
        ("direct", By::Core(Core::BootAgent)),
        ("custom-agent", By::Core(Core::BootAgent)),
        ("bootc", By::Core(Core::BootAgent)),
        ("ramdisk", By::Core(Core::BootInstance)),
        ("anaconda", By::Core(Core::BootInstaller)),
        ("noop", By::Core(Core::Nothing)),
        ("fake", By::Driver),
    ] {
        let found = catalog.implementation(Interface::Deploy, name).unwrap();
        let itself: Vec<_> = found.steps.iter().filter(|spec| spec.step == "deploy").collect();
        assert_eq!(itself.len(), 1, "{name}");
        assert_eq!((itself[0].kind, itself[0].priority, itself[0].by), (Kind::Deploy, 100, by), "{name}");
        let mut steps = found.steps.iter().filter(|spec| spec.kind == Kind::Deploy);
        assert!(steps.all(|spec| spec.abortable), "{name}: as deploy steps are");
    }
}

#[test]
fn a_step_says_whether_it_needs_the_ramdisk_and_may_be_aborted() {
    let catalog = catalog(TYPES_ON).unwrap();
    for (interface, name, kind, step, rules) in [
        (Interface::Bios, "redfish", Kind::Clean, "factory_reset", (false, false)),
        (Interface::Firmware, "redfish", Kind::Clean, "update", (true, false)),
        (Interface::Firmware, "redfish", Kind::Service, "update", (false, false)),
        (Interface::Raid, "redfish", Kind::Clean, "delete_configuration", (true, false)),
        (Interface::Raid, "agent", Kind::Clean, "create_configuration", (true, true)),
        (Interface::Vendor, "ipmitool", Kind::Clean, "send_raw", (false, false)),
    ] {
        let found = catalog.implementation(interface, name).unwrap();
        let spec = found.steps.iter().find(|spec| spec.kind == kind && spec.step == step).unwrap();
        assert_eq!((spec.requires_ramdisk, spec.abortable), rules, "{interface} {name} {step}");
    }
}
