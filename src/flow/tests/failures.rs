//! How work can fail, and what a person reads then: the node, the step, the cause, what to do next. The stage checks the
//! same of each error of all other tests.

use serde_json::json;

use super::stage::{Stage, asked, failed, in_band, object, silent};
use crate::model::decision::effect::Effect;
use crate::model::decision::outcome::Outcome;
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;
use crate::model::turn::{Failure, FailureKind, Memo, Turn};

const OFFERS: &[(&str, i64)] = &[("burnin_cpu", 50)];

/// How each kind of work begins: the state before, how it is asked for, what it fails to, what helps.
type Begin = (Provision, fn(&mut Stage), Provision, &'static str);

const KINDS: &[Begin] = &[
    (
        Provision::Manageable,
        |stage| drop(stage.verb("provide").unwrap()),
        Provision::CleanFail,
        "provide it again",
    ),
    (
        Provision::Manageable,
        |stage| drop(stage.manual("clean", &["burnin_cpu"]).unwrap()),
        Provision::CleanFail,
        "clean it again",
    ),
    (
        Provision::Available,
        |stage| drop(stage.deploy(&[asked(Interface::Deploy, "burnin_cpu", 90)]).unwrap()),
        Provision::DeployFail,
        "deploy it again or undeploy it",
    ),
    (
        Provision::Active,
        |stage| drop(stage.manual("service", &["burnin_cpu"]).unwrap()),
        Provision::ServiceFail,
        "service it again or abort",
    ),
];

/// Each kind of work, just begun.
fn begun() -> impl Iterator<Item = (Stage, Provision, &'static str)> {
    KINDS.iter().map(|(from, begin, to, remedy)| {
        let mut stage = Stage::at("agent", *from);
        begin(&mut stage);
        (stage, *to, *remedy)
    })
}

/// Each kind of work at a step of its agent.
fn working() -> impl Iterator<Item = (Stage, Provision, &'static str)> {
    begun().map(|(mut stage, to, remedy)| {
        stage.pay_all();
        stage.agent_comes();
        stage.see(in_band(OFFERS));
        assert_eq!(stage.step(), "burnin_cpu");
        (stage, to, remedy)
    })
}

fn reads(stage: &Stage, to: Provision, parts: &[&str]) {
    assert_eq!(stage.state(), to, "{}", stage.error());
    for part in ["node n1"].iter().chain(parts) {
        assert!(stage.error().contains(part), "{part:?} is not in: {}", stage.error());
    }
}

#[test]
fn a_step_that_fails_is_named_with_its_cause_and_the_remedy() {
    let step = "step deploy.burnin_cpu";
    for kind in [FailureKind::Step, FailureKind::Unknown, FailureKind::Account] {
        for (mut stage, to, remedy) in working() {
            stage.turn(failed(kind));
            reads(&stage, to, &[step, "some reason", remedy]);
        }
    }
    for (mut stage, to, remedy) in working() {
        stage.turn(Turn::Act { memo: Memo::new() });
        stage.pay(Outcome::Failed(Failure::step("it is refused")));
        reads(&stage, to, &[step, "it is refused", remedy]);
    }
    for (mut stage, to, remedy) in working() {
        let memo = object(json!({"text": "x".repeat(5000)}));
        stage.turn(Turn::LookIn { after: 1, memo });
        reads(&stage, to, &[step, "over the limit of 4096", remedy]);
    }
}

#[test]
fn an_agent_that_goes_silent_is_named_with_its_address_and_since_when() {
    for (mut stage, to, remedy) in working() {
        stage.see(silent());
        assert_eq!(stage.waits_for(), Some(WaitFor::Beat));
        stage.due();
        stage.see(silent());
        reads(
            &stage,
            to,
            &["step deploy.burnin_cpu", "https://192.0.2.1:9999", "since 1970", "no answer", remedy],
        );
    }
}

#[test]
fn a_ramdisk_that_does_not_call_says_where_to_look() {
    for (mut stage, to, remedy) in begun() {
        stage.pay_all();
        assert_eq!(stage.waits_for(), Some(WaitFor::FirstBeat));
        stage.due();
        reads(&stage, to, &["no heartbeat of the ramdisk within", "look at its console", remedy]);
    }
}

#[test]
fn a_machine_that_cannot_be_switched_or_told_what_to_boot_says_which() {
    for (mut stage, to, remedy) in begun() {
        assert!(matches!(stage.owed[0].effect, Effect::Power { .. }));
        stage.pay(Outcome::Failed(Failure::step("the BMC is busy")));
        reads(&stage, to, &["the BMC is busy", remedy]);
    }
    for (mut stage, to, remedy) in begun() {
        stage.pay_well();
        stage.pay(Outcome::Failed(Failure::silent("no answer from 10.0.0.7")));
        reads(&stage, to, &["no answer from 10.0.0.7", remedy]);
    }
}

#[test]
fn a_plan_that_cannot_be_says_which_step_it_lacks() {
    for (mut stage, to, remedy) in begun().skip(1) {
        stage.pay_all();
        stage.agent_comes();
        stage.see(in_band(&[("other", 50)]));
        reads(&stage, to, &["step deploy.burnin_cpu", "neither the driver nor the agent has", remedy]);
    }
}

#[test]
fn an_abort_names_the_step_and_what_comes_next() {
    for (mut stage, to, _) in working() {
        stage.turn(Turn::Agent { memo: Memo::new() });
        stage.verb("abort").unwrap();
        let to = if to == Provision::ServiceFail { Provision::Active } else { to };
        reads(&stage, to, &["aborted by request", "deploy.burnin_cpu"]);
    }
}
