//! What follows from a step that is done: the RAID that it made or removed is written down.

use serde_json::{Value, json};

use super::stage::{Stage, asked, object, offered};
use crate::flow;
use crate::model::decision::Row;
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::interface::Interface;
use crate::model::part::sheet::{Setting, Sheet};
use crate::model::provision::Provision;
use crate::model::turn::{InBandSteps, Turn};

/// A machine in manual cleaning with one step of its own driver.
fn cleaning(step: &str) -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.manual("clean", &[step]).unwrap();
    stage
}

fn made(disks: &Value) -> Turn {
    Turn::Done(object(json!({"raid_config": {"logical_disks": disks}})))
}

#[test]
fn the_raid_that_was_made_is_written_down() {
    let mut stage = cleaning("raid.create_configuration");
    stage.turn(made(&json!([{"id": "1", "raid_level": "1", "size_gb": 10}])));
    assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""));
    assert_eq!(stage.node.raid_config["logical_disks"][0]["raid_level"], "1");
    assert!(stage.node.raid_config["last_updated"].is_string());
    assert_eq!(stage.node.wished.properties.get("root_device"), None);
}

#[test]
fn the_root_volume_is_where_instances_go() {
    let mut stage = cleaning("raid.create_configuration");
    stage.node.wished.properties = object(json!({"capabilities": "boot_mode:uefi", "local_gb": 1}));
    let hint = json!({"wwn": "0x1"});
    stage.turn(made(
        &json!([{"raid_level": "5", "size_gb": 99, "is_root_volume": true, "root_device_hint": hint}]),
    ));
    let properties = &stage.node.wished.properties;
    assert_eq!((&properties["local_gb"], &properties["root_device"]), (&json!(99), &hint));
    let text = properties["capabilities"].as_str().unwrap();
    assert!(text.contains("boot_mode:uefi") && text.contains("raid_level:5"), "{text}");
}

#[test]
fn a_step_that_tells_no_raid_has_failed() {
    let two = json!([{"raid_level": "1", "size_gb": 1, "is_root_volume": true},
        {"raid_level": "1", "size_gb": 1, "is_root_volume": true}]);
    for (turn, word) in [
        (Turn::done(), "no logical disk"),
        (made(&json!([])), "no logical disk"),
        (Turn::Done(object(json!({"result": "done"}))), "no logical disk"),
        (made(&two), "2 root volumes"),
    ] {
        let mut stage = cleaning("raid.create_configuration");
        stage.turn(turn);
        assert_eq!(stage.state(), Provision::CleanFail);
        assert!(
            stage.error().contains(word) && stage.error().contains("raid.create_configuration"),
            "{}",
            stage.error()
        );
        assert!(stage.node.raid_config.is_empty());
    }
}

#[test]
fn with_the_raid_goes_the_hint_for_the_root_device() {
    let mut stage = cleaning("raid.delete_configuration");
    stage.node.raid_config = object(json!({"logical_disks": [{}]}));
    stage.node.wished.properties = object(json!({"root_device": {"wwn": "0x1"}, "local_gb": 5}));
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.raid_config.len()), (Provision::Manageable, 0));
    assert_eq!(stage.node.wished.properties, object(json!({"local_gb": 5})));
}

#[test]
fn servicing_and_deployments_write_it_down_too() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.manual("service", &["raid.apply_configuration"]).unwrap();
    stage.turn(made(&json!([{"raid_level": "0", "size_gb": 1}])));
    assert_eq!(
        (stage.state(), stage.node.raid_config["logical_disks"][0]["size_gb"].as_u64()),
        (Provision::Active, Some(1))
    );
    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&[asked(Interface::Raid, "apply_configuration", 200)]).unwrap();
    stage.turn(made(&json!([{"raid_level": "0", "size_gb": 2}])));
    assert_eq!(stage.node.raid_config["logical_disks"][0]["size_gb"].as_u64(), Some(2));
}

/// A machine whose agent makes volumes, or not.
fn with_agent(interface: &str, steps: &[&str]) -> Stage {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.node.wished.interfaces.raid = interface.to_owned();
    stage.policy.create_configuration_priority = Some(60);
    stage.policy.delete_configuration_priority = Some(70);
    if steps.is_empty() {
        stage.verb("provide").unwrap();
    } else {
        stage.manual("clean", steps).unwrap();
    }
    stage.pay_all();
    stage.agent_comes();
    let raid = |step: &str| crate::model::turn::InBand { interface: Interface::Raid, ..offered(step, 0) };
    let steps =
        vec![offered("erase_devices", 10), raid("create_configuration"), raid("delete_configuration")];
    stage.see(Seen::Steps(InBandSteps { steps, ..InBandSteps::default() }));
    stage
}

#[test]
fn the_agents_raid_has_the_priorities_of_agent_and_site() {
    let stage = with_agent("agent", &[]);
    assert_eq!(
        stage.plan()[2..],
        ["delete_configuration", "create_configuration", "erase_devices", "factory_reset", "power_off"]
    );
    let stage = with_agent("no", &[]);
    assert!(!stage.plan().contains(&"create_configuration"), "its volumes are not the agent's");
}

#[test]
fn what_the_agent_returned_is_the_raid() {
    let mut stage = with_agent("agent", &["raid.create_configuration"]);
    assert_eq!(stage.step(), "create_configuration");
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Turn(Turn::Agent { memo: object(json!({"command": "1"})) }));
    stage.beat();
    stage.turn(Turn::Done(object(
        json!({"result": {"logical_disks": [{"raid_level": "1", "size_gb": "MAX"}]}}),
    )));
    assert_eq!(stage.node.raid_config["logical_disks"][0]["size_gb"], "MAX");
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.node.wished.interfaces.raid = "no".to_owned();
    stage.manual("clean", &["raid.create_configuration"]).ok();
    let refused = stage.error();
    assert!(refused.contains("\"no\"") && refused.contains("create_configuration"), "{refused}");
}

/// What the record's rows become by the end of the current step.
fn kept(stage: &mut Stage, result: crate::model::Object) -> Vec<Sheet> {
    let look = stage.looks[0].clone();
    let seen = Seen::Turn(Turn::Done(result));
    let happened = Happened::Looked { look, fence: stage.node.changes, seen };
    let decision = stage.explain(|node, facts| flow::absorb(node, &happened, facts));
    let sheets =
        decision.rows.into_iter().filter_map(|row| if let Row::Sheet(one) = row { Some(*one) } else { None });
    sheets.collect()
}

#[test]
fn what_a_step_read_of_the_firmware_takes_the_place_of_what_was_known() {
    let setting = Setting { name: "Turbo".to_owned(), value: Some("On".to_owned()), ..Setting::default() };
    let read = Sheet::Settings(vec![setting]);
    for (word, from) in [("clean", Provision::Manageable), ("service", Provision::Active)] {
        let mut stage = Stage::at("plain", from);
        stage.manual(word, &["bios.factory_reset"]).unwrap();
        assert_eq!(kept(&mut stage, read.told()), std::slice::from_ref(&read), "{word}");
        assert_eq!(kept(&mut stage, object(json!({}))), [], "{word}: a step that read nothing");
    }
    let mut stage = Stage::at("plain", Provision::Manageable);
    let found = stage.catalog.implementation(Interface::Bios, "x").unwrap().clone();
    stage.catalog.implementations.insert((Interface::Bios, "fake".to_owned()), found);
    stage.node.wished.interfaces.bios = "fake".to_owned();
    stage.manual("clean", &["bios.factory_reset"]).unwrap();
    assert_eq!(
        kept(&mut stage, object(json!({}))),
        [Sheet::Settings(Vec::new())],
        "nobody is there to be asked"
    );
}
