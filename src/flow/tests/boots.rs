//! Lookups and the identity of a boot: the table of style corner 2.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, object};
use crate::base::secret::Secret;
use crate::model::bmc::power::PowerTarget;
use crate::model::boot::Agent;
use crate::model::decision::ask::{Answer, TokenAnswer};
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::{Happened, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::Turn;

fn booting() -> Stage {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.pay_all();
    stage
}

fn working() -> Stage {
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage
}

fn plain(answer: &Answer) -> String {
    match answer {
        Answer::Token(TokenAnswer::Plain(token)) => token.reveal().to_owned(),
        Answer::Token(TokenAnswer::Masked)
        | Answer::Done
        | Answer::Node(_)
        | Answer::Port(_)
        | Answer::Volume(_)
        | Answer::AskAgain
        | Answer::Told { .. }
        | Answer::Portgroup(_)
        | Answer::Refused(_) => panic!("{answer:?}"),
    }
}

#[test]
fn a_token_is_given_again_to_the_address_that_asked_for_it() {
    let mut stage = booting();
    let first = plain(&stage.lookup(1).unwrap());
    assert_eq!(plain(&stage.lookup(1).unwrap()), first, "the answer may have been lost");
    assert_eq!(stage.lookup(2).unwrap(), Answer::AskAgain);
    assert_eq!(stage.looks, [], "nobody has used it: there is no agent to look at");
}

#[test]
fn a_lookup_after_a_borne_beat_looks_at_the_known_agent() {
    let mut stage = working();
    let before = stage.node.clone();
    for from in [1, 2] {
        assert_eq!(stage.lookup(from).unwrap(), Answer::AskAgain);
    }
    assert_eq!(stage.looks, [Look::AgentAlive]);
    assert_eq!(stage.node, before);
}

#[test]
fn an_agent_that_lives_is_told_six_asterisks_once() {
    let mut stage = working();
    stage.lookup(1).unwrap();
    stage.see(Seen::Alive(true));
    assert_eq!(stage.lookup(1).unwrap(), Answer::Token(TokenAnswer::Masked));
    assert_eq!(stage.lookup(1).unwrap(), Answer::AskAgain, "the next one may be another boot");
    assert_eq!(stage.state(), Provision::DeployWait);
    stage.beat();
    assert!(!stage.node.agent.as_ref().unwrap().proven);
}

#[test]
fn an_agent_that_does_not_live_was_another_boot() {
    let mut stage = working();
    let old = stage.node.agent.as_ref().unwrap().token.clone();
    stage.lookup(1).unwrap();
    stage.see(Seen::Alive(false));
    assert!(stage.node.agent.is_none());
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
    assert_eq!(stage.node.run.as_ref().unwrap().lost, 1);
    let new = plain(&stage.lookup(2).unwrap());
    assert_ne!(new, old.reveal());
    stage.beat();
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
}

#[test]
fn a_look_at_the_old_boot_says_nothing_of_the_new_one() {
    let mut stage = working();
    stage.lookup(1).unwrap();
    stage.see(Seen::Alive(false));
    let token = plain(&stage.lookup(1).unwrap());
    let fence = stage.node.changes;
    stage.happen(&Happened::Looked { look: Look::AgentAlive, fence, seen: Seen::Alive(false) });
    assert_eq!(plain(&stage.lookup(1).unwrap()), token);
    assert_eq!(stage.node.run.as_ref().unwrap().lost, 1);
}

#[test]
fn another_boot_before_the_first_step_loses_nothing() {
    let mut stage = booting();
    stage.lookup(1).unwrap();
    stage.agent_comes();
    assert_eq!(stage.step(), "fetch_steps");
    stage.lookup(1).unwrap();
    stage.looks.retain(|look| *look == Look::AgentAlive);
    stage.see(Seen::Alive(false));
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
    stage.agent_comes();
    assert_eq!(stage.looks, [Look::AgentSteps]);
}

#[test]
fn a_pregenerated_token_is_never_told() {
    let mut stage = booting();
    stage.node.agent = Some(Agent::unused(Secret::new("before"), true));
    assert_eq!(stage.lookup(1).unwrap(), Answer::Token(TokenAnswer::Masked));
    stage.beat();
    stage.lookup(1).unwrap();
    assert_eq!(stage.node.agent.as_ref().unwrap().token, Secret::new("before"));
}

#[test]
fn a_node_that_expects_no_ramdisk_is_not_found() {
    for from in [Provision::Available, Provision::Active, Provision::DeployHold] {
        let mut stage = Stage::at("agent", from);
        assert!(matches!(stage.lookup(1).unwrap_err(), Refusal::NotFound(_)));
    }
    let mut stage = Stage::at("agent", Provision::Available);
    stage.policy.agent.restrict_lookup = false;
    stage.lookup(1).unwrap();
}

#[test]
fn a_machine_switched_off_under_a_step_loses_it() {
    let mut stage = working();
    stage.power_ask(PowerTarget::Reboot).unwrap();
    stage.pay_all();
    assert!(stage.node.agent.is_none());
    assert_eq!(stage.node.run.as_ref().unwrap().memo, object(json!({})));
    assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
    stage.agent_comes();
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
}

#[test]
fn another_boot_does_not_end_a_hold() {
    let mut stage = deploying();
    stage.policy.agent.restrict_lookup = false;
    stage.turn(Turn::Hold);
    stage.lookup(1).unwrap();
    stage.see(Seen::Alive(false));
    assert!(stage.node.agent.is_none());
    stage.verb("unhold").unwrap();
    assert_eq!(stage.step(), "prepare_instance_boot");
}
