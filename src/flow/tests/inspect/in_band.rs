//! Inspections by a ramdisk: boot, wait, what it tells, what goes wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::flow::tests::stage::{Stage, object};
use crate::model::Object;
use crate::model::bmc::power::PowerWish;
use crate::model::boot::plan::Discovery;
use crate::model::boot::{BootDevice, Boots};
use crate::model::catalog::{Catalog, HardwareType};
use crate::model::decision::ask::{Answer, Ask};
use crate::model::decision::effect::{Effect, Purpose};
use crate::model::decision::outcome::{Happened, Outcome};
use crate::model::decision::refusal::Refusal;
use crate::model::drive::DrivesSeen;
use crate::model::inspection::discovery::{Discovered, Goal, Onward, Stage as Way};
use crate::model::inspection::identity::Identity;
use crate::model::inspection::policy::Hook;
use crate::model::inspection::rule::call::Call;
use crate::model::inspection::rule::word::Deed;
use crate::model::inspection::rule::{Action, MAIN, Rule, RuleWished};
use crate::model::inspection::told::Told;
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::Failure;

const fn mac(last: u8) -> Mac {
    Mac([2, 0, 0, 0, 0, last])
}

/// What a machine with two NICs tells; the first one booted.
pub(in crate::flow::tests) fn inventory() -> Object {
    object(json!({
        "interfaces": [
            {"name": "eth0", "mac_address": mac(1).to_string(), "ipv4_address": "192.0.2.7"},
            {"name": "eth1", "mac_address": mac(2).to_string()},
        ],
        "cpu": {"architecture": "x86_64", "count": 4},
        "memory": {"physical_mb": 8192},
        "boot": {"pxe_interface": mac(1).to_string(), "current_boot_mode": "uefi"},
        "system_vendor": {"serial_number": "CZ3001", "manufacturer": "ACME", "product_name": "X1"},
    }))
}

pub(in crate::flow::tests) fn told_of(inventory: Object) -> Told {
    let ports = (1..=2).map(|last| PortId(uuid::Uuid::from_u128(100 + last))).collect();
    let identity = Identity::of(&inventory);
    Told { inventory, macs: vec![mac(1), mac(2)], identity, ports, ..Told::default() }
}

pub(in crate::flow::tests) fn tell(stage: &mut Stage, told: Told) -> Result<Answer, Refusal> {
    stage.ask(&Ask::Told(Arc::new(told)))
}

/// A node that can be inspected by a ramdisk.
fn manageable() -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    fill_in(&mut stage.catalog);
    stage.node.wished.interfaces.deploy = "x".to_owned();
    stage.node.wished.interfaces.inspect = "agent".to_owned();
    stage
}

/// The hardware type of the nodes, with all that they have: what an inspection changes is checked against it.
pub(in crate::flow::tests) fn fill_in(catalog: &mut Catalog) {
    for interface in Interface::ALL {
        catalog.implementations.entry((interface, "x".to_owned())).or_default();
    }
    let mut supported: BTreeMap<Interface, Vec<String>> = BTreeMap::new();
    for (interface, name) in catalog.implementations.keys() {
        supported.entry(*interface).or_default().push(name.clone());
    }
    catalog.types.insert("d".to_owned(), HardwareType { supported, ..HardwareType::default() });
}

/// The same, with its ramdisk booted.
fn waiting() -> Stage {
    let mut stage = manageable();
    stage.verb("inspect").unwrap();
    stage.pay_all();
    stage
}

#[test]
fn the_ramdisk_is_booted_and_awaited() {
    let mut stage = manageable();
    stage.node.wished.interfaces.boot = "network".to_owned();
    stage.ports = vec![crate::flow::tests::parts::port(1, None)];
    stage.node.agent =
        Some(crate::model::boot::Agent::unused(crate::base::secret::Secret::new("old"), false));
    stage.verb("inspect").unwrap();
    assert_eq!((stage.state(), stage.node.boots), (Provision::Inspecting, Boots::Ramdisk));
    assert_eq!(stage.node.agent, None, "another boot has another identity");
    let mut stage = manageable();
    stage.verb("inspect").unwrap();
    assert!(stage.node.reserved);
    let paid = stage.pay_all();
    let boot = Effect::BootDevice { device: BootDevice::Pxe, persistent: false };
    assert_eq!(paid, [power(PowerWish::Off), boot, power(PowerWish::On)]);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::InspectWait, Some(WaitFor::Inspection)));
    assert!(!stage.node.reserved);
}

fn power(wish: PowerWish) -> Effect {
    Effect::Power { wish, limit: 60 }
}

#[test]
fn what_it_tells_becomes_the_node_and_the_machine_goes_off() {
    let mut stage = waiting();
    stage.node.boot_token = Some(crate::base::secret::Secret::new("files"));
    tell(&mut stage, told_of(inventory())).unwrap();
    assert_eq!(stage.state(), Provision::Inspecting, "until the machine is off");
    assert_eq!((stage.node.boots, &stage.node.boot_token, &stage.node.agent), (Boots::Nothing, &None, &None));
    assert_eq!(stage.owed[0].purpose, Purpose::Inspect);
    let refused = stage.lookup(1).unwrap_err();
    assert!(matches!(refused, Refusal::NotFound(_)), "what it got now would stay with the node: {refused}");
    assert_eq!(stage.pay_all(), [power(PowerWish::Off)]);
    assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""));
    assert_eq!(stage.node.wished.properties, object(json!({"cpu_arch": "x86_64"})));
    let ports: Vec<_> = stage.ports.iter().map(|port| (port.address, port.wished.pxe_enabled)).collect();
    assert_eq!(ports, [(mac(1), true)], "only the NIC that booted gets a port");
    let kept = stage.inventory.clone().unwrap();
    assert_eq!(kept.plugin_data["macs"], json!([mac(1).to_string()]));
    assert_eq!(stage.node.identity.serial.as_deref(), Some("CZ3001"));
    assert!(stage.node.inspection_finished_at.is_some() && stage.node.wait.is_none());
}

#[test]
fn a_site_may_leave_the_machine_on() {
    let mut stage = waiting();
    stage.policy.inspector.power_off = false;
    tell(&mut stage, told_of(inventory())).unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Manageable, 0));
}

#[test]
fn its_drives_are_those_that_are_there_from_now_on() {
    let mut stage = waiting();
    stage.node.drives = Some(DrivesSeen { at: Moment(0), drives: vec!["S9".to_owned()], root: None });
    let mut inventory = inventory();
    inventory.insert("disks".to_owned(), json!([{"name": "/dev/sda", "serial": "S1", "size": 5}]));
    tell(&mut stage, told_of(inventory)).unwrap();
    assert_eq!(stage.node.drives.unwrap().drives, ["S1"]);
}

#[test]
fn a_machine_that_is_never_off_is_started_anew() {
    let mut stage = manageable();
    stage.node.wished.disable_power_off = true;
    stage.verb("inspect").unwrap();
    assert!(!stage.pay_all().contains(&power(PowerWish::Off)));
    tell(&mut stage, told_of(inventory())).unwrap();
    assert_eq!(stage.pay_all(), [power(PowerWish::Reset)]);
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn a_hook_that_fails_fails_the_inspection_and_keeps_nothing() {
    for (change, word) in [
        (
            json!({"interfaces": [{"name": "eth0", "mac_address": mac(1).to_string(), "ipv4_address": "127.0.0.1"}],
            "boot": {}}),
            "add_ports \"pxe\"",
        ),
        (json!({"cpu": {}}), "architecture"),
        (json!({"interfaces": [{"mac_address": "x"}]}), "no network interface"),
    ] {
        let mut stage = waiting();
        let mut inventory = inventory();
        inventory.extend(object(change));
        tell(&mut stage, told_of(inventory)).unwrap();
        assert_eq!(stage.state(), Provision::InspectFail);
        assert!(stage.error().contains(word), "{word} in {}", stage.error());
        assert!(stage.ports.is_empty() && stage.inventory.is_none());
        assert!(stage.node.wished.properties.is_empty() && stage.node.boot_token.is_none());
        assert_eq!(stage.owed[0].purpose, Purpose::Aftermath, "the machine goes off beside it");
        stage.pay_all();
        assert_eq!(stage.state(), Provision::InspectFail);
    }
    let mut stage = waiting();
    let error = object(json!({"error": "no disks"}));
    tell(&mut stage, Told { plugin_data: error, ..told_of(inventory()) }).unwrap();
    assert!(stage.error().contains("ramdisk reported an error: no disks"), "{}", stage.error());
}

#[test]
fn nobody_tells_in_time() {
    let mut stage = waiting();
    stage.due();
    assert_eq!(stage.state(), Provision::InspectFail);
    assert!(stage.error().contains("no inventory came within 1800 s"), "{}", stage.error());
    assert_eq!(stage.pay_all(), [power(PowerWish::Off)]);
    let late = tell(&mut stage, told_of(inventory())).unwrap_err();
    assert!(matches!(late, Refusal::NotFound(_)), "{late}");
}

#[test]
fn an_abort_ends_the_wait_and_the_machine_goes_off() {
    let mut stage = waiting();
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.node.boots), (Provision::InspectFail, Boots::Nothing));
    assert!(stage.error().contains("aborted by request"), "{}", stage.error());
    assert_eq!(stage.pay_all(), [power(PowerWish::Off)]);
    stage.verb("inspect").unwrap();
    assert_eq!(stage.state(), Provision::Inspecting);
}

#[test]
fn a_machine_that_does_not_start_fails_the_inspection() {
    let mut stage = manageable();
    stage.verb("inspect").unwrap();
    stage.pay_well();
    stage.pay(Outcome::Failed(Failure::silent("no answer")));
    assert_eq!(stage.state(), Provision::InspectFail);
    assert!(stage.owed.iter().all(|owed| owed.purpose == Purpose::Aftermath), "{:?}", stage.owed);
}

#[test]
fn after_a_start_it_goes_on_where_it_stood() {
    let mut stage = waiting();
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.waits_for()), (Provision::InspectWait, Some(WaitFor::Inspection)));
    tell(&mut stage, told_of(inventory())).unwrap();
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Inspecting, 1));
    stage.pay_all();
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn what_the_machine_has_of_other_nodes_stays_theirs() {
    let mut stage = waiting();
    stage.bearers.0.insert(mac(1), crate::base::id::NodeId(uuid::Uuid::from_u128(9)));
    tell(&mut stage, told_of(inventory())).unwrap();
    assert!(stage.ports.is_empty());
    assert!(stage.journal.iter().any(|event| event.text.contains("02:00:00:00:00:01 is node")));
}

fn rule(conditions: &Value, actions: &Value) -> Rule {
    let body = object(json!({"conditions": conditions, "actions": actions}));
    let (_, wished) = crate::model::inspection::rule::draft::rule(body).unwrap();
    assert_eq!(RuleWished { phase: MAIN.to_owned(), ..wished.clone() }, wished);
    Rule { id: uuid::Uuid::nil(), order: 1, created_at: Moment(0), updated_at: None, wished }
}

#[test]
fn a_rule_sees_what_the_hooks_have_made_and_its_failure_fails_the_inspection() {
    let mut stage = waiting();
    let rules = vec![rule(
        &json!([{"op": "eq", "args": {"values": ["{node.properties[cpu_arch]}", "x86_64"]}}]),
        &json!([{"op": "set-attribute", "args": {"path": "resource_class", "value": "cpus-{inventory[cpu][count]}"}}]),
    )];
    tell(&mut stage, Told { rules: Arc::new(rules), ..told_of(inventory()) }).unwrap();
    assert_eq!(stage.node.wished.resource_class.as_deref(), Some("cpus-4"));

    let mut stage = waiting();
    let rules = vec![rule(&json!([]), &json!([{"op": "fail", "args": {"msg": "not ours"}}]))];
    tell(&mut stage, Told { rules: Arc::new(rules), ..told_of(inventory()) }).unwrap();
    assert_eq!(stage.state(), Provision::InspectFail);
    let error = stage.error();
    assert!(error.contains("not ours") && !error.contains("driver_info"), "{error}");
    assert!(error.contains("/v1/inspection_rules/00000000-0000-0000-0000-000000000000"), "{error}");
}

#[test]
fn a_rule_cannot_make_a_node_that_could_not_be_made() {
    let mut stage = waiting();
    let action = json!([{"op": "set-attribute", "args": {"path": "deploy_interface", "value": "nosuch"}}]);
    let rules = vec![rule(&json!([]), &action)];
    tell(&mut stage, Told { rules: Arc::new(rules), ..told_of(inventory()) }).unwrap();
    assert_eq!(stage.state(), Provision::InspectFail);
    assert_eq!(stage.node.wished.interfaces.deploy, "x");
    let error = stage.error();
    assert!(error.contains("nosuch") && error.contains("/v1/inspection_rules"), "{error}");
}

#[test]
fn all_hooks_run_on_what_a_machine_tells() {
    let mut stage = waiting();
    stage.policy.inspector.hooks = Hook::ALL.to_vec();
    tell(&mut stage, told_of(inventory())).unwrap();
    let properties = &stage.node.wished.properties;
    for (name, value) in
        [("cpus", json!(4)), ("memory_mb", json!(8192)), ("capabilities", json!("boot_mode:uefi"))]
    {
        assert_eq!(properties[name], value, "{name}");
    }
}

#[test]
fn in_enroll_a_node_gets_what_it_lacks_and_nothing_else_changes() {
    let mut stage = manageable();
    stage.node.provision = Provision::Enroll;
    let refused = tell(&mut stage, told_of(inventory())).unwrap_err();
    assert!(matches!(refused, Refusal::NotFound(_)), "nothing is discovered unless the site says so");
    stage.policy.discovery.what = Discovery::Enrol;
    stage.node.wished.properties = object(json!({"cpu_arch": "mine"}));
    let settings = stage.node.wished.driver_info.clone();
    tell(&mut stage, told_of(inventory())).unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Enroll, 0));
    assert_eq!(stage.node.wished.properties["cpu_arch"], "mine");
    assert_eq!(stage.node.wished.driver_info, settings);
    assert_eq!(stage.ports.len(), 1);
    assert!(stage.inventory.is_some());
}

/// An inspection of which a rule makes two calls.
fn calling() -> Stage {
    let mut stage = manageable();
    stage.policy.inspector.power_off = false;
    stage.verb("inspect").unwrap();
    stage.pay_all();
    let action = |url: &str| Action { op: Deed::ApiCall, args: json!({"url": url}), each: None };
    let actions = vec![
        action("http://cmdb/{node.uuid}?key=hunter2"),
        action("http://cmdb/{inventory[cpu][architecture]}"),
    ];
    let wished = RuleWished { phase: MAIN.to_owned(), actions, ..RuleWished::default() };
    let rule = Rule { id: uuid::Uuid::nil(), order: 1, created_at: Moment(0), updated_at: None, wished };
    let told = Told { rules: Arc::new(vec![rule]), ..told_of(inventory()) };
    tell(&mut stage, told).unwrap();
    stage
}

#[test]
fn what_a_rule_asks_of_others_is_kept_and_owed_after_all_else() {
    let mut stage = calling();
    assert_eq!(stage.state(), Provision::Inspecting);
    assert!(stage.inventory.is_some() && stage.ports.len() == 1, "all else is kept before anybody is asked");
    let urls: Vec<String> = stage.node.calls.iter().map(|call| Call::of(call).unwrap().url).collect();
    assert_eq!(urls, [format!("http://cmdb/{}?key=hunter2", stage.node.id), "http://cmdb/x86_64".to_owned()]);
    assert_eq!(
        stage.owed.iter().map(|owed| owed.effect.clone()).collect::<Vec<_>>(),
        [Effect::RuleCall { place: 0 }, Effect::RuleCall { place: 1 },]
    );
    assert!(!format!("{:?} {:?}", stage.node, stage.owed).contains("hunter2"));
    stage.pay(Outcome::Done);
    assert_eq!(stage.state(), Provision::Inspecting);
    stage.pay(Outcome::Done);
    assert_eq!((stage.state(), stage.node.calls.len()), (Provision::Manageable, 0));
}

#[test]
fn a_call_that_fails_fails_the_inspection() {
    let mut stage = calling();
    stage.pay(Outcome::Failed(Failure::step("api-call of http://cmdb/ failed: it was answered 404")));
    assert_eq!((stage.state(), stage.node.calls.len()), (Provision::InspectFail, 0));
    let error = stage.error();
    assert!(error.contains("http://cmdb/") && error.contains("answered 404"), "{error}");
    assert!(error.contains("the host that is called") && !error.contains("driver_info"), "{error}");
    assert!(stage.owed.iter().all(|owed| owed.purpose != Purpose::Inspect), "the others are not made");
}

fn discovered(goal: Goal) -> Stage {
    let mut stage = manageable();
    stage.node.provision = Provision::Enroll;
    let onward = Some(Onward { goal, bmc: None, speaks: None, stage: Way::Sure });
    stage.node.discovered = Some(Discovered { at: Moment(0), onward });
    stage
}

fn onward(stage: &Stage) -> Option<Onward> {
    stage.node.discovered.unwrap().onward
}

#[test]
fn a_discovered_node_is_verified_once_and_stops_at_its_goal() {
    let mut stage = discovered(Goal::Manageable);
    stage.ask(&Ask::Onward).unwrap();
    assert_eq!(stage.state(), Provision::Verifying);
    assert_eq!(onward(&stage).unwrap().stage, Way::Verified);
    stage.ask(&Ask::Onward).unwrap();
    assert_eq!(stage.state(), Provision::Verifying, "it is on its way");
    stage.node.provision = Provision::Enroll;
    stage.node.run = None;
    stage.looks.clear();
    stage.ask(&Ask::Onward).unwrap();
    assert_eq!((stage.state(), onward(&stage)), (Provision::Enroll, None), "its BMC is not asked again");

    let mut stage = discovered(Goal::Manageable);
    stage.node.provision = Provision::Manageable;
    stage.ask(&Ask::Onward).unwrap();
    assert_eq!((stage.state(), onward(&stage)), (Provision::Manageable, None));
}

#[test]
fn a_discovered_node_goes_on_to_cleaning_if_the_site_says_so() {
    let mut stage = discovered(Goal::Available);
    stage.node.provision = Provision::Manageable;
    stage.ask(&Ask::Onward).unwrap();
    assert_ne!(stage.state(), Provision::Manageable);
    assert_eq!(onward(&stage), None);
}

#[test]
fn what_refuses_a_discovered_node_a_step_is_told() {
    let mut stage = discovered(Goal::Available);
    stage.node.provision = Provision::Manageable;
    stage.node.wished.retired = true;
    stage.ask(&Ask::Onward).unwrap();
    assert_eq!((stage.state(), onward(&stage)), (Provision::Manageable, None));
    let (error, next) = (stage.error(), format!("ferric node provide {}", stage.node.label()));
    assert!(error.contains("retired") && error.ends_with(&next), "{error}");
}
