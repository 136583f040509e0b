//! Which drives a machine had: written down by inspections and by steps that destroy, and forgotten with their RAID.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, object};
use crate::base::moment::Moment;
use crate::model::decision::outcome::Outcome;
use crate::model::drive::DrivesSeen;
use crate::model::journal::Severity;
use crate::model::provision::Provision;
use crate::model::turn::Turn;

fn memo() -> Turn {
    let root = json!({"hints": {"size": 500}, "drive": "S1"});
    Turn::Act { memo: object(json!({"after": null, "drives": ["S1", "S2"], "root": root})) }
}

#[test]
fn a_step_that_destroys_writes_down_the_drives_that_it_begins_with() {
    let mut stage = deploying();
    assert_eq!(stage.node.drives, None, "who has no record passes");
    stage.turn(memo());
    let seen = stage.node.drives.clone().unwrap();
    assert_eq!((seen.drives, seen.root.unwrap().drive.as_str()), (vec!["S1".into(), "S2".into()], "S1"));
    let kept = stage.node.drives.clone();
    let mut again = deploying();
    again.node.drives = kept.clone();
    again.pass(1000);
    again.turn(memo());
    assert_eq!(again.node.drives, kept, "what is known is not written anew");
}

#[test]
fn ids_that_two_drives_bear_after_a_write_are_told_and_fail_nothing() {
    let mut stage = deploying();
    stage.turn(memo());
    stage.pay(Outcome::Turn(Turn::LookIn { after: 0, memo: object(json!({"command": "1"})) }));
    stage.due();
    let found = json!({"duplicate_ids": ["partition P1 is on /dev/sda1 and /dev/sdb1"]});
    stage.turn(Turn::Done(object(found)));
    let told = stage.journal.iter().find(|event| event.event == "drives").unwrap();
    assert!(told.text.contains("node n1") && told.text.contains("/dev/sdb1"), "{}", told.text);
    assert_eq!((told.severity, stage.step()), (Severity::Error, "prepare_instance_boot"));
}

#[test]
fn steps_without_drives_and_steps_of_raid() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.drives = Some(DrivesSeen { drives: vec!["S1".to_owned()], root: None, at: Moment(0) });
    stage.verb("provide").unwrap();
    stage.turn(Turn::done());
    assert!(stage.node.drives.is_some(), "a step of the BIOS is about no drive");
    stage.turn(Turn::done());
    assert_eq!(
        (stage.state(), stage.node.drives.is_none()),
        (Provision::Available, true),
        "RAID makes other drives"
    );
}
