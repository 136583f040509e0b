//! Abort: at once, or when a step that must not be broken off has ended.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, asked, object};
use crate::model::bmc::power::PowerWish;
use crate::model::decision::effect::Effect;
use crate::model::decision::outcome::Outcome;
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::node::Fault;
use crate::model::provision::Provision;
use crate::model::turn::Turn;

#[test]
fn a_waiting_deployment_is_aborted() {
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage.verb("abort").unwrap();
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("aborted by request during step deploy.write_image"), "{}", stage.error());
    assert_eq!(stage.owed[0].effect, Effect::Logs);
    assert!(stage.node.wait.is_none() && stage.node.run.is_none());
    assert!(stage.node.agent.is_some(), "its logs are fetched");
    stage.pay_all();
    assert!(stage.node.agent.is_none() && stage.node.agent_seen.is_some());
}

#[test]
fn work_is_not_broken_off() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    assert!(matches!(stage.verb("abort").unwrap_err(), Refusal::Locked { .. }));
}

#[test]
fn a_step_that_cannot_be_aborted_ends_first() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.verb("provide").unwrap();
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "delete_configuration");
    stage.turn(Turn::LookIn { after: 10, memo: object(json!({})) });
    stage.verb("abort").unwrap();
    assert_eq!(stage.state(), Provision::CleanWait);
    stage.due();
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Turn(Turn::done()));
    assert_eq!((stage.state(), stage.node.fault), (Provision::CleanFail, None::<Fault>));
    assert!(!stage.node.wished.maintenance, "somebody asked for it");
    assert!(stage.error().contains("aborted by request"), "{}", stage.error());
}

#[test]
fn a_held_step_is_aborted_at_once() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
    stage.node.run.as_mut().unwrap().plan[1].abortable = false;
    stage.turn(Turn::Hold);
    stage.verb("abort").unwrap();
    assert_eq!(stage.state(), Provision::DeployFail);
}

#[test]
fn an_agent_that_has_not_come_is_not_waited_for_and_its_machine_is_switched_off() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.verb("provide").unwrap();
    stage.pay_all();
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.node.fault), (Provision::CleanFail, None));
    let wishes: Vec<_> = stage.owed.iter().map(|owed| &owed.effect).collect();
    assert!(matches!(wishes.as_slice(), [Effect::Power { wish: PowerWish::Off, .. }]), "{wishes:?}");
}
