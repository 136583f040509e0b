//! Manual cleaning: the steps that a person named, in that order, and back to `manageable`.

use std::sync::Arc;

use serde_json::json;

use super::stage::{Stage, asked, failed, in_band, object};
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::effect::Effect;
use crate::model::decision::outcome::Outcome;
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::{Fault, Node, Wished};
use crate::model::provision::Provision;
use crate::model::step::{AskedStep, By};
use crate::model::turn::{Failure, FailureKind, Turn};

const ALL: &[(&str, i64)] = &[("erase_devices", 10), ("burnin_cpu", 0)];

/// A machine whose agent is asked for its steps.
fn cleaning(steps: &[&str]) -> Stage {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.manual("clean", steps).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage
}

#[test]
fn steps_run_in_the_order_in_which_they_were_named() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.manual("clean", &["raid.delete_configuration", "bios.factory_reset"]).unwrap();
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::Cleaning, Some(Provision::Manageable))
    );
    assert_eq!(stage.plan(), ["delete_configuration", "factory_reset"]);
    assert!(stage.node.run.as_ref().is_some_and(|run| run.plan.iter().all(|step| step.asked)));
    stage.turn(Turn::LookIn { after: 10, memo: object(json!({})) });
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::CleanWait, Some(Provision::Manageable))
    );
    stage.due();
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "factory_reset");
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.target_provision), (Provision::Manageable, None));
    assert_eq!((stage.error(), stage.node.wished.maintenance), ("", false));
}

#[test]
fn the_ramdisk_is_booted_only_if_a_step_needs_it() {
    for (steps, boots) in [
        (vec!["bios.factory_reset", "power_on"], false),
        (vec!["bios.factory_reset", "burnin_cpu"], true),
        (vec!["bios.flash"], true),
    ] {
        let mut stage = Stage::at("agent", Provision::Manageable);
        stage.manual("clean", &steps).unwrap();
        assert_eq!(stage.plan().contains(&"boot_agent"), boots, "{steps:?}");
        assert_eq!(stage.plan().last() == Some(&"power_off"), boots, "{steps:?}");
    }
}

#[test]
fn what_only_the_agent_knows_runs_on_it() {
    let mut stage = cleaning(&["burnin_cpu", "bios.factory_reset"]);
    let by: Vec<_> = stage.node.run.iter().flat_map(|run| &run.plan).map(|step| step.by).collect();
    assert_eq!(by[2..4], [By::Agent, By::Driver], "it is asked whether it has what no driver has");
    stage.see(in_band(ALL));
    assert_eq!(stage.plan()[2..], ["burnin_cpu", "factory_reset", "power_off"]);
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Turn(Turn::Agent { memo: object(json!({"command": "1"})) }));
    assert_eq!(stage.state(), Provision::CleanWait);
    stage.beat();
    stage.turn(Turn::done());
    stage.turn(Turn::done());
    stage.pay_all();
    assert_eq!((stage.state(), stage.node.agent.is_none()), (Provision::Manageable, true));
}

#[test]
fn a_step_that_nobody_knows_fails_without_maintenance() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.manual("clean", &["bios.factory_reset", "conjure"]).unwrap();
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::CleanFail, Some(Provision::Manageable))
    );
    assert_eq!((stage.node.wished.maintenance, stage.node.fault, stage.owed.len()), (false, None, 0));
    assert!(stage.error().contains("no clean step deploy.conjure"), "{}", stage.error());
    assert!(stage.error().contains("before the machine was touched"), "{}", stage.error());
    stage.verb("manage").unwrap();
    assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""));

    let mut stage = cleaning(&["conjure"]);
    stage.see(in_band(ALL));
    assert_eq!((stage.state(), stage.node.fault), (Provision::CleanFail, None));
    assert!(!stage.node.wished.maintenance);
    let why = "neither the driver nor the agent has a clean step deploy.conjure";
    assert!(stage.error().contains(why), "{}", stage.error());
    assert!(stage.error().contains("manage and clean it again"), "{}", stage.error());
}

#[test]
fn without_a_ramdisk_no_step_may_need_one() {
    for (step, why) in [("burnin_cpu", "the driver has no clean step"), ("bios.flash", "needs the ramdisk")] {
        let mut stage = Stage::at("agent", Provision::Manageable);
        stage.manual_as("clean", &[step], true).unwrap();
        assert_eq!((stage.state(), stage.owed.len()), (Provision::CleanFail, 0));
        assert!(
            stage.error().contains(why) && stage.error().contains("disable_ramdisk"),
            "{}",
            stage.error()
        );
    }
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.manual_as("clean", &["bios.factory_reset", "reboot"], true).unwrap();
    assert_eq!(stage.plan(), ["factory_reset", "reboot"]);
}

#[test]
fn a_wrong_argument_is_found_before_the_machine_is_touched() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    let mut step = asked(Interface::Bios, "factory_reset", 0);
    step.args.insert("zz".to_owned(), 1.into());
    let ask = ProvisionAsk { steps: vec![step], ..ProvisionAsk::new(Verb::Clean, "clean") };
    stage.ask(&Ask::Provision(ask)).unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::CleanFail, 0));
    assert!(stage.error().contains("unknown argument \"zz\""), "{}", stage.error());
}

#[test]
fn a_step_that_fails_asks_for_a_person() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.manual("clean", &["bios.factory_reset"]).unwrap();
    stage.turn(Turn::failed("the BIOS said no"));
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::CleanFail, Some(Provision::Manageable))
    );
    assert_eq!((stage.node.wished.maintenance, stage.node.fault), (true, Some(Fault::Clean)));
    assert!(stage.error().contains("in step bios.factory_reset: the BIOS said no"), "{}", stage.error());
}

#[test]
fn a_wait_that_ends_names_the_step() {
    let mut stage = cleaning(&["burnin_cpu"]);
    stage.see(in_band(ALL));
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Turn(Turn::Agent { memo: object(json!({"command": "1"})) }));
    stage.due();
    stage.turn(failed(FailureKind::Silent));
    assert_eq!((stage.state(), stage.node.fault), (Provision::CleanFail, Some(Fault::Clean)));
    assert!(stage.error().contains("deploy.burnin_cpu"), "{}", stage.error());
    assert!(stage.error().contains("unset maintenance, then manage and clean it again"), "{}", stage.error());
}

#[test]
fn it_is_aborted_without_maintenance() {
    let mut stage = cleaning(&["burnin_cpu"]);
    stage.see(in_band(ALL));
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage.verb("abort").unwrap();
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::CleanFail, Some(Provision::Manageable))
    );
    assert_eq!((stage.node.wished.maintenance, stage.node.fault), (false, None));
    assert!(stage.error().contains("aborted by request during step deploy.burnin_cpu"), "{}", stage.error());
    let paid = stage.pay_all();
    assert!(paid.contains(&Effect::Logs), "{paid:?}");
    assert!(stage.node.agent.is_none());
}

#[test]
fn it_is_held_and_let_go() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.manual("clean", &["hold", "bios.factory_reset", "hold"]).unwrap();
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::CleanHold, Some(Provision::Manageable))
    );
    stage.verb("unhold").unwrap();
    assert_eq!((stage.state(), stage.step()), (Provision::Cleaning, "factory_reset"));
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::CleanHold);
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.node.fault), (Provision::CleanFail, None));
}

#[test]
fn what_is_not_allowed_changes_nothing() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    let before = stage.node.clone();
    let refusal = stage.manual("clean", &["vendor.send_raw"]).unwrap_err();
    assert!(refusal.to_string().contains("vendor.send_raw is not allowed"), "{refusal}");
    stage.policy.disallow_clean_steps = Vec::new();
    assert_eq!(stage.node, before);
    stage.node.wished.maintenance = true;
    let refusal = stage.manual("clean", &["bios.factory_reset"]).unwrap_err();
    assert!(matches!(refusal, Refusal::InMaintenance { .. }), "{refusal}");
}

#[test]
fn steps_that_the_site_does_not_allow_do_not_run_by_themselves() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.policy.disallow_clean_steps = vec!["bios.factory_reset".to_owned()];
    stage.verb("provide").unwrap();
    assert_eq!(stage.plan(), ["delete_configuration"]);
}

#[test]
fn an_agent_that_changed_goes_on_where_it_was() {
    let mut stage = cleaning(&["bios.factory_reset", "burnin_cpu", "erase_devices"]);
    stage.see(in_band(ALL));
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "burnin_cpu");
    stage.turn(failed(FailureKind::Version));
    stage.see(in_band(ALL));
    assert_eq!(stage.step(), "burnin_cpu");
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "erase_devices");
    stage.turn(Turn::done());
    stage.pay_all();
    assert_eq!(stage.state(), Provision::Manageable);
}

#[test]
fn a_retired_node_is_cleaned_as_any_other() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.wished.retired = true;
    stage.manual("clean", &["bios.factory_reset"]).unwrap();
    stage.turn(Turn::done());
    assert_eq!(stage.state(), Provision::Manageable);
}

/// A server with two cards, of which one is named.
fn with_cards(steps: &[(&str, &[u128])]) -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    for number in [2, 3] {
        let wished = Wished { parent_node: Some(stage.node.id), ..Wished::default() };
        let card = Node::new(id(number), wished, Moment(0));
        stage.around.nodes.insert(card.id, Arc::new(card));
    }
    let step = |(name, limit): &(&str, &[u128])| AskedStep {
        children: Some(limit.iter().map(|number| id(*number)).collect()),
        priority: None,
        ..asked(Interface::Power, name, 0)
    };
    let steps = steps.iter().map(step).collect();
    let ask = ProvisionAsk { steps, ..ProvisionAsk::new(Verb::Clean, "clean") };
    stage.ask(&Ask::Provision(ask)).unwrap();
    stage
}

fn id(number: u128) -> NodeId {
    NodeId(uuid::Uuid::from_u128(number))
}

#[test]
fn power_steps_run_on_the_nodes_children_one_after_the_other() {
    let mut stage = with_cards(&[("power_on", &[]), ("reboot", &[3])]);
    let relative = |number, on| Effect::Relative { node: id(number), on };
    for effect in [relative(2, true), relative(3, true), relative(3, false), relative(3, true)] {
        assert_eq!(stage.pay(Outcome::Done), effect);
    }
    assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""));
    let mut stage = with_cards(&[("power_off", &[])]);
    stage.pay(Outcome::Failed(Failure::step("node 2 was not powered off")));
    assert_eq!(stage.state(), Provision::CleanFail);
    assert!(stage.error().contains("step power.power_off: node 2 was not powered off"), "{}", stage.error());
}

#[test]
fn what_children_cannot_do_fails_before_anything_is_touched() {
    for (steps, why) in [
        ([("factory_reset", [].as_slice())], "the driver of child node"),
        ([("hold", [].as_slice())], "hold cannot be run on child nodes"),
        ([("power_on", [7].as_slice())], "no child of the node"),
    ] {
        let stage = with_cards(&steps);
        assert_eq!((stage.state(), stage.owed.len()), (Provision::CleanFail, 0));
        assert!(stage.error().contains(why), "{}", stage.error());
    }
}

#[test]
fn a_step_for_children_that_are_not_there_is_done() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    let step = AskedStep { children: Some(Vec::new()), ..asked(Interface::Bios, "factory_reset", 0) };
    let ask = ProvisionAsk { steps: vec![step], ..ProvisionAsk::new(Verb::Clean, "clean") };
    stage.ask(&Ask::Provision(ask)).unwrap();
    assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""));
}
