//! What is written down with an event: the node as it stood then, and how long that lasted which has ended.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, object};
use crate::model::provision::Provision;
use crate::model::turn::Turn;

/// State, target and step of each event so far, by its text.
fn told(stage: &Stage) -> Vec<(&str, &str, &str, Option<&str>)> {
    stage
        .scenes
        .iter()
        .zip(&stage.journal)
        .map(|(scene, event)| {
            let target = scene.target.as_deref().unwrap_or_default();
            (event.text.as_str(), scene.state.as_str(), target, scene.step.as_deref())
        })
        .collect()
}

#[test]
fn each_event_of_a_decision_has_its_own_scene() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.wished.automated_clean = Some(false);
    stage.verb("provide").unwrap();
    let expected = [
        ("manageable -> cleaning", "cleaning", "available", None),
        ("cleaning -> available", "available", "", None),
    ];
    assert_eq!(told(&stage), expected);
}

#[test]
fn what_ends_says_how_long_it_lasted() {
    let mut stage = deploying();
    stage.pass(7);
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage.beat();
    stage.turn(Turn::failed("it burns"));
    let seconds = |name: &str| {
        let place = stage.journal.iter().rposition(|event| event.event == name).unwrap();
        (stage.scenes[place].state.as_str(), stage.scenes[place].step.as_deref(), stage.scenes[place].seconds)
    };
    assert_eq!(seconds("error"), ("deploy failed", Some("deploy.write_image"), Some(7)));

    let mut stage = deploying();
    stage.pass(5);
    stage.turn(Turn::done());
    let place = stage.journal.iter().rposition(|event| event.text.ends_with("write_image is done")).unwrap();
    assert_eq!(stage.scenes[place].seconds, Some(5));
}
