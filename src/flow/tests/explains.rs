//! A plan that is told beforehand is the plan that is carried out.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{Stage, asked, in_band, object};
use crate::flow::explain::{Inquiry, explain};
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::{Seen, Verdict};
use crate::model::explain::{Explained, Origin};
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::part::told::ToldSteps;
use crate::model::provision::Provision;
use crate::model::step::site::{Only, SiteHook};
use crate::model::step::touch::Disks;
use crate::model::step::{Again, AskedStep, Kind};
use crate::model::template::Template;
use crate::model::turn::Turn;

/// What the stock agent has told before.
fn told(kind: Kind, steps: &[(&str, i64)]) -> Vec<ToldSteps> {
    let Seen::Steps(steps) = in_band(steps) else { panic!("no steps") };
    vec![ToldSteps {
        kind,
        at: crate::base::moment::Moment(7),
        agent: Some("13.0.0".to_owned()),
        steps: steps.steps,
    }]
}

fn told_of(stage: &mut Stage, ask: &ProvisionAsk, told: &[ToldSteps]) -> Explained {
    let (before, owed) = (stage.node.clone(), stage.owed.len());
    let explained = stage.explain(|node, facts| explain(node, Inquiry { ask, runbook: None, told }, facts));
    assert_eq!((&stage.node, stage.owed.len()), (&before, owed), "nothing is touched");
    explained
}

fn names(explained: &Explained) -> Vec<Vec<String>> {
    let of_run = |run: &crate::model::explain::PlannedRun| {
        run.steps.iter().map(|step| step.step.step.clone()).collect()
    };
    explained.runs.iter().map(of_run).collect()
}

/// Goes the whole way with an agent that offers these; the last plan of each run, with its kind.
fn carried_out(stage: &mut Stage, offers: &[(&str, i64)]) -> Vec<Vec<String>> {
    let mut plans: Vec<(Kind, Vec<String>)> = Vec::new();
    for _ in 0..200 {
        let Some(run) = &stage.node.run else { break };
        let plan: Vec<String> = run.plan.iter().map(|step| step.step.clone()).collect();
        match plans.last_mut().filter(|(kind, _)| *kind == run.kind) {
            Some((_, last)) => *last = plan,
            None => plans.push((run.kind, plan)),
        }
        stage.one_good_thing(in_band(offers));
    }
    assert!(stage.node.run.is_none(), "it goes on and on: {:?}", stage.node);
    plans.into_iter().map(|(_, plan)| plan).collect()
}

fn request(verb: Verb, word: &str, steps: Vec<AskedStep>) -> ProvisionAsk {
    ProvisionAsk { steps, ..ProvisionAsk::new(verb, word) }
}

#[test]
fn the_plan_that_is_told_is_the_one_that_is_carried_out() {
    let by_hand = |name: &str| AskedStep { priority: None, ..asked(Interface::Deploy, name, 0) };
    let clean: &[(&str, i64)] = &[("erase_devices", 10), ("erase_devices_metadata", 99), ("burnin_cpu", 0)];
    let deploy: &[(&str, i64)] = &[("inject_files", 0), ("site_step", 55)];
    for (interface, from, ask, kind, offers) in [
        ("agent", Provision::Available, request(Verb::Deploy, "active", Vec::new()), Kind::Deploy, deploy),
        (
            "agent",
            Provision::Available,
            request(Verb::Deploy, "active", vec![asked(Interface::Deploy, "inject_files", 50)]),
            Kind::Deploy,
            deploy,
        ),
        ("agent", Provision::Active, request(Verb::Rebuild, "rebuild", Vec::new()), Kind::Deploy, deploy),
        ("agent", Provision::Manageable, request(Verb::Provide, "provide", Vec::new()), Kind::Clean, clean),
        ("plain", Provision::Manageable, request(Verb::Provide, "provide", Vec::new()), Kind::Clean, clean),
        (
            "agent",
            Provision::Manageable,
            request(Verb::Clean, "clean", vec![by_hand("burnin_cpu"), by_hand("reboot")]),
            Kind::Clean,
            clean,
        ),
        (
            "agent",
            Provision::Active,
            request(Verb::Service, "service", vec![by_hand("burnin_cpu")]),
            Kind::Service,
            clean,
        ),
        ("agent", Provision::Active, request(Verb::Delete, "deleted", Vec::new()), Kind::Clean, clean),
        ("plain", Provision::Active, request(Verb::Delete, "deleted", Vec::new()), Kind::Clean, clean),
    ] {
        let mut stage = Stage::at(interface, from);
        let explained = told_of(&mut stage, &ask, &told(kind, offers));
        assert_eq!((&explained.refused, &explained.fails), (&Vec::new(), &None), "{ask:?}");
        let end = explained.runs.last().unwrap().ends_in;
        stage.ask(&Ask::Provision(ask.clone())).unwrap();
        // A tear down of nothing is over within the ask.
        let mut planned = names(&explained);
        planned.retain(|steps| !steps.is_empty());
        assert_eq!(planned, carried_out(&mut stage, offers), "{interface} {ask:?}");
        assert_eq!(Some(stage.state().name()), end, "{interface} {ask:?}");
    }
}

#[test]
fn what_would_be_refused_is_told_in_the_words_of_the_refusal_and_what_would_be_done_all_the_same() {
    for (from, maintenance) in [(Provision::Active, false), (Provision::Available, true)] {
        let mut stage = Stage::at("agent", from);
        stage.node.wished.maintenance = maintenance;
        let ask = request(Verb::Deploy, "active", Vec::new());
        let explained = told_of(&mut stage, &ask, &[]);
        let refusal = stage.ask(&Ask::Provision(ask)).unwrap_err();
        assert_eq!(explained.refused, [refusal.to_string()]);
        assert!(names(&explained)[0].contains(&"write_image".to_owned()));
    }
}

#[test]
fn what_would_fail_is_told_as_it_would_be_read() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    let step = AskedStep { args: object(json!({"x": 1})), ..asked(Interface::Bios, "factory_reset", 0) };
    let ask = request(Verb::Clean, "clean", vec![AskedStep { priority: None, ..step }]);
    let explained = told_of(&mut stage, &ask, &[]);
    stage.ask(&Ask::Provision(ask)).unwrap();
    assert_eq!((explained.fails.as_deref(), explained.runs.len()), (Some(stage.error()), 0));
    assert!(stage.error().contains("unknown argument"), "{}", stage.error());
}

#[test]
fn what_only_the_agent_knows_is_named_and_so_is_the_date_of_what_it_told() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    let ask = request(Verb::Provide, "provide", Vec::new());
    let explained = told_of(&mut stage, &ask, &[]);
    assert!(explained.unknown[0].contains("which clean steps the agent adds"), "{:?}", explained.unknown);
    assert_eq!(explained.runs[0].told_at, None);
    let explained = told_of(&mut stage, &ask, &told(Kind::Clean, &[("erase_devices", 10)]));
    assert!(explained.unknown[0].contains("13.0.0"), "{:?}", explained.unknown);
    let erase = explained.runs[0].steps.iter().find(|step| step.step.step == "erase_devices").unwrap();
    assert!(matches!(erase.origin, Origin::Agent(at) if at.0 == 7));
    assert!(matches!(erase.touch.disks, Disks::Lost(_)) && erase.requires_ramdisk);
}

#[test]
fn each_step_says_where_it_comes_from_and_how_often_the_machine_starts() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.node.traits = vec!["CUSTOM_A".to_owned()];
    stage.node.wished.instance_info.insert("traits".to_owned(), json!(["CUSTOM_A"]));
    let kept = json!({"interface": "deploy", "step": "inject_files", "args": {}, "priority": 45});
    let body = json!({"name": "CUSTOM_A", "steps": [kept]});
    let template = Template::draft(body.as_object().unwrap().clone(), Uuid::nil()).unwrap();
    stage.plans.templates.push(Arc::new(template));
    let ask = request(Verb::Deploy, "active", vec![asked(Interface::Deploy, "site_step", 50)]);
    let explained = told_of(&mut stage, &ask, &told(Kind::Deploy, &[("inject_files", 0), ("site_step", 0)]));
    let of = |name: &str| {
        let run = &explained.runs[0];
        run.steps.iter().find(|step| step.step.step == name).unwrap().origin.clone()
    };
    assert_eq!(of("fetch_steps"), Origin::Pipeline);
    assert_eq!(of("write_image"), Origin::Driver("agent".to_owned()));
    assert_eq!(of("inject_files"), Origin::Template("CUSTOM_A".to_owned()));
    assert_eq!(of("site_step"), Origin::Request);
    assert_eq!(explained.runs[0].starts().0, 2, "into the ramdisk, and into the installed disk");
}

#[test]
fn a_boot_that_an_agent_wants_after_its_step_is_in_the_plan() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    let mut known = told(Kind::Clean, &[("update_bios", 30), ("erase_devices", 10)]);
    known[0].steps[0].reboot_requested = true;
    let explained = told_of(&mut stage, &request(Verb::Provide, "provide", Vec::new()), &known);
    let names = &names(&explained)[0];
    let place = names.iter().position(|name| name == "update_bios").unwrap();
    assert_eq!(names[place + 1], "boot_agent");
}

#[test]
fn what_an_agent_told_is_kept_for_the_next_plan() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.verb("provide").unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("erase_devices", 10)]));
    let kept = stage.told.last().unwrap();
    assert_eq!((kept.kind, kept.steps[0].step.as_str()), (Kind::Clean, "erase_devices"));
    assert_eq!(kept.agent.as_deref(), Some("13.0.0"));
    stage.turn(Turn::done());
    let large = Value::from("x".repeat(40_000));
    let mut told = kept_of(&stage);
    told.steps[0].known = vec![large.to_string()];
    assert!(!told.is_small());
}

fn kept_of(stage: &Stage) -> ToldSteps {
    stage.told.last().unwrap().clone()
}

#[test]
fn hooks_cut_waits_and_a_ramdisk_that_is_not_to_be_had_are_told_beforehand() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.catalog.site.hooks = vec![SiteHook {
        name: "cmdb".to_owned(),
        description: String::new(),
        kinds: vec![Kind::Clean],
        after: None,
        again: Again::Repeat,
        within: None,
        only: Only::default(),
    }]
    .into();
    stage.policy.max_conductor_wait_step_seconds = 30;
    let wait = AskedStep {
        args: object(json!({"seconds": 99999})),
        priority: None,
        ..asked(Interface::Deploy, "wait", 0)
    };
    let burn = AskedStep { priority: None, ..asked(Interface::Deploy, "burnin_cpu", 0) };
    let ask = request(Verb::Clean, "clean", vec![burn, wait]);
    let explained = told_of(&mut stage, &ask, &[]);
    let hooked: Vec<_> = explained.runs[0]
        .steps
        .iter()
        .filter(|step| step.origin == Origin::Hook("cmdb".to_owned()))
        .map(|step| step.step.step.as_str())
        .collect();
    assert_eq!(hooked, ["burnin_cpu", "wait"]);
    assert!(explained.notes.iter().any(|note| note.contains("99999 s is cut to 30 s")), "{explained:?}");
    assert_eq!(explained.fails, None);

    let reason = Some("there is no ramdisk".to_owned());
    let seen = [Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }])];
    let inquiry = Inquiry { ask: &ask, runbook: None, told: &[] };
    let fails = |stage: &mut Stage| {
        stage.explain(|node, facts| explain(node, inquiry, &Facts { seen: &seen, ..*facts })).fails
    };
    assert_eq!(fails(&mut stage), None, "a boot interface that boots nothing needs none");
    stage.node.wished.interfaces.boot = "medium".to_owned();
    assert_eq!(fails(&mut stage).as_deref(), Some("it cannot boot the ramdisk: there is no ramdisk"));
    stage.policy.agent.manage_boot = false;
    assert_eq!(fails(&mut stage), None, "where the site boots agents, the boot interface has no part in it");
}
