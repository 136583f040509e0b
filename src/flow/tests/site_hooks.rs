//! The site's own steps and hooks as flow sees them: who has which, what follows a step, and what a cut means.

use serde_json::json;

use super::stage::{Stage, asked, failed, in_band, object};
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome};
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::step::site::{Only, SiteHook, SiteStep};
use crate::model::step::{Again, By, Kind};
use crate::model::turn::{FailureKind, Turn};

fn hook(name: &str, after: Option<&str>, again: Again) -> SiteHook {
    SiteHook {
        name: name.to_owned(),
        description: String::new(),
        kinds: vec![Kind::Clean, Kind::Deploy, Kind::Service],
        after: after.map(|step| (Interface::Deploy, step.to_owned())),
        again,
        within: None,
        only: Only::default(),
    }
}

/// A deployment whose step `turn` has just left a result, with these hooks.
fn done_with(hooks: Vec<SiteHook>) -> Stage {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.catalog.site.hooks = hooks.into();
    stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
    stage.turn(Turn::Done(object(json!({"lamps": 2}))));
    stage
}

fn current(stage: &Stage) -> (By, serde_json::Value) {
    let step = stage.node.run.as_ref().unwrap().step().unwrap();
    (step.by, json!(step.args))
}

#[test]
fn hooks_are_committed_with_the_end_of_their_step_and_called_one_after_the_other() {
    let mut stage = done_with(vec![
        hook("a", None, Again::Repeat),
        hook("b", Some("turn"), Again::Never),
        hook("c", Some("other"), Again::Repeat),
    ]);
    assert_eq!((stage.state(), stage.step()), (Provision::Deploying, "turn"));
    assert_eq!(current(&stage), (By::Hook, json!({"hook": "a", "then": ["b"], "result": {"lamps": 2}})));
    stage.turn(Turn::Act { memo: object(json!({})) });
    assert!(matches!(stage.pay(Outcome::Turn(Turn::done())), Effect::Step { .. }));
    assert_eq!(current(&stage), (By::Hook, json!({"hook": "b", "then": [], "result": {"lamps": 2}})));
    assert_eq!(stage.node.run.as_ref().unwrap().step().unwrap().again, Again::Never);
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Turn(Turn::done()));
    assert_eq!(stage.state(), Provision::Active);
}

#[test]
fn a_hook_that_fails_fails_its_step_and_one_that_may_have_run_is_not_run_twice() {
    let mut stage = done_with(vec![hook("a", None, Again::Repeat)]);
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.pay(Outcome::Turn(failed(FailureKind::Step)));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("in step deploy.turn: hook a: some reason"), "{}", stage.error());

    let mut stage = done_with(vec![hook("a", None, Again::Never)]);
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.happen(&Happened::Opened);
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("unknown whether done"), "{}", stage.error());

    let mut stage = done_with(vec![hook("a", None, Again::Repeat)]);
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.happen(&Happened::Opened);
    stage.pay(Outcome::Turn(Turn::done()));
    assert_eq!(stage.state(), Provision::Active, "it is paid again");
}

#[test]
fn a_result_that_would_make_the_record_large_is_left_out() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.catalog.site.hooks = vec![hook("a", None, Again::Repeat)].into();
    stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
    stage.turn(Turn::Done(object(json!({"text": "x".repeat(5000)}))));
    assert_eq!(current(&stage).1["result"], json!(null));
}

#[test]
fn a_step_of_the_site_is_in_the_plans_of_those_nodes_that_it_is_for() {
    let step = |only: Only| SiteStep {
        interface: Interface::Vendor,
        step: "lamp".to_owned(),
        description: String::new(),
        kinds: [(Kind::Deploy, 70)].into(),
        abortable: true,
        needs_ramdisk: false,
        again: Again::LookFirst,
        args: Vec::new(),
        within: None,
        only,
    };
    let traits = Only { traits: vec!["CUSTOM_LAMP".to_owned()], ..Only::default() };
    for (only, traits, expected) in [
        (Only::default(), vec![], true),
        (traits.clone(), vec![], false),
        (traits, vec!["CUSTOM_LAMP".to_owned()], true),
        (Only { hardware_types: vec!["other".to_owned()], ..Only::default() }, vec![], false),
    ] {
        let mut stage = Stage::at("plain", Provision::Available);
        stage.node.traits = traits;
        stage.catalog.site.steps = vec![step(only)].into();
        stage.deploy(&[asked(Interface::Deploy, "turn", 50)]).unwrap();
        assert_eq!(stage.plan().contains(&"lamp"), expected);
        if expected {
            assert_eq!((stage.step(), current(&stage).0), ("lamp", By::Site));
        }
    }
}

#[test]
fn a_deployment_whose_agent_changed_takes_the_new_agents_steps_and_leaves_out_what_is_gone() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("old", 85), ("kept", 84)]));
    assert_eq!(stage.step(), "old");
    stage.turn(failed(FailureKind::Version));
    assert_eq!(stage.see(in_band(&[("kept", 83), ("new", 86)])), Look::AgentSteps);
    assert_eq!(stage.step(), "new");
    let plan = stage.plan();
    assert!(!plan.contains(&"old"), "{plan:?}");
    let place = |name: &str| plan.iter().position(|step| *step == name).unwrap();
    assert!(place("new") < place("kept") && place("kept") < place("write_image"), "{plan:?}");
    assert_eq!(plan.iter().filter(|step| **step == "kept").count(), 1);
}
