//! Cuts of steps that others add: sites, runbooks, children; and of work that a person holds.

use serde_json::json;
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::conduct::tests::cut::Point;
use crate::conduct::tests::cuts::{
    CLEAN, DEPLOY, DEPLOYMENT, PROVIDE, SERVICE, Scene, Wish, cut_everywhere, is_at_rest, manual, play,
    provision, run,
};
use crate::conduct::tests::rig::{Rig, id};
use crate::model::Object;
use crate::model::bmc::power::Power;
use crate::model::cleaning::{CleaningSource, StepSource};
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::runbook::{Runbook, RunbookWished};
use crate::model::step::AskedStep;
use crate::model::step::kept::KeptStep;

/// A step of the site in each kind, and two hooks after it.
const OF_SITE: [(&str, &str); 3] = [
    (
        "burn",
        "interface = \"management\"\nstep = \"burn\"\nkinds = [\"clean\", \"deploy\", \"service\"]\npriority = { clean = 50, \
         deploy = 75 }\nagain = \"look first\"\n",
    ),
    ("tell_a", "type = \"hook\"\nafter = \"management.burn\"\nagain = \"look first\"\n"),
    ("tell_b", "type = \"hook\"\nafter = \"management.burn\"\nagain = \"look first\"\n"),
];

fn of_site(rig: &mut Rig, _: &mut Vec<Node>) {
    rig.steps_of_site(&OF_SITE);
}

const SERVICE_BY_SITE: Wish = Wish {
    ask: || {
        let ask = AskedStep { interface: Interface::Management, step: "burn".to_owned(), ..plain() };
        Ask::Provision(ProvisionAsk { steps: vec![ask], ..ProvisionAsk::new(Verb::Service, "service") })
    },
    ..SERVICE
};

fn plain() -> AskedStep {
    AskedStep {
        interface: Interface::Deploy,
        step: String::new(),
        args: Object::new(),
        priority: None,
        children: None,
    }
}

#[test]
fn a_step_of_the_site_and_its_hooks_survive_cuts_and_are_done_once() {
    let cleaned = Scene {
        start: Provision::Manageable,
        wishes: &[PROVIDE],
        end: Provision::Available,
        setup: of_site,
        ..DEPLOYMENT
    };
    let deployed = Scene { setup: of_site, ..DEPLOYMENT };
    let serviced =
        Scene { start: Provision::Active, wishes: &[SERVICE_BY_SITE], setup: of_site, ..DEPLOYMENT };
    for scene in [cleaned, deployed, serviced] {
        let (end, ..) = run(play(&scene, [Point::Never; 2]));
        let (_, traces) = end.machine.unwrap();
        for name in ["burn", "tell_a", "tell_b"] {
            assert_eq!(traces.done.get(name), Some(&1), "{name} in {traces:?}");
        }
        cut_everywhere(&scene);
    }
}

/// Wherever it is cut, such a step is done once at most, and who does not know whether it was says so.
#[test]
fn a_step_of_the_site_that_must_not_be_done_twice_is_not() {
    let scene = Scene {
        setup: |rig, _| {
            let never = OF_SITE[0].1.replace("look first", "never");
            rig.steps_of_site(&[("burn", &never)]);
        },
        ..DEPLOYMENT
    };
    let (right, _, commits, calls) = run(play(&scene, [Point::Never; 2]));
    assert_eq!(right.machine.unwrap().1.done.get("burn"), Some(&1));
    let commits = (1..=commits).flat_map(|k| [Point::BeforeCommit(k), Point::AfterCommit(k)]);
    let calls = (1..=calls).flat_map(|k| [Point::BeforeCall(k), Point::SentCall(k), Point::AnsweredCall(k)]);
    let mut unknown = 0;
    for point in commits.chain(calls) {
        let (provision, error, burnt) = run(cut_once(&scene, point));
        assert!(burnt <= 1, "{point:?}: done {burnt} times");
        if provision == Provision::Active {
            assert_eq!(burnt, 1, "{point:?}");
        } else {
            unknown += 1;
            assert_eq!(provision, Provision::DeployFail, "{point:?}");
            assert!(error.contains("management.burn") && error.contains("unknown whether"), "{error}");
        }
    }
    assert!(unknown > 0, "it was never cut while it was being done");
}

async fn cut_once(scene: &Scene, point: Point) -> (Provision, String, u32) {
    let mut rig = super::prepare(scene, [point, Point::Never]).await;
    super::wish(&mut rig, &DEPLOY).await;
    let ended = |node: &Node| is_at_rest(node) && node.provision != Provision::Available;
    while !super::onward(&mut rig, ended).await {}
    let node = rig.seen(1).unwrap();
    let burnt = rig.world.machine(id(1), |one| one.traces.done.get("burn").copied().unwrap_or(0));
    assert_eq!(rig.owed(), 0);
    rig.stop().await;
    (node.provision, node.last_error.clone().unwrap_or_default(), burnt.unwrap())
}

fn runbook() -> Runbook {
    let step = |(interface, step, rank): (Interface, &str, i64)| KeptStep {
        interface,
        step: step.to_owned(),
        args: Object::new(),
        rank,
    };
    let steps = [(Interface::Deploy, "erase_devices_metadata", 2), (Interface::Bios, "factory_reset", 1)];
    let wished =
        RunbookWished { name: "rb".to_owned(), steps: steps.map(step).to_vec(), ..RunbookWished::default() };
    Runbook {
        id: Uuid::from_u128(9),
        order: 0,
        created_at: Moment(0),
        updated_at: None,
        traits: Vec::new(),
        wished,
    }
}

#[test]
fn cleaning_by_a_runbook_survives_cuts() {
    let scene = Scene {
        start: Provision::Manageable,
        wishes: &[PROVIDE],
        end: Provision::Available,
        setup: |rig, _| {
            let runbook = Some("rb".to_owned());
            let source = StepSource::Runbook;
            rig.policy.cleaning_source =
                CleaningSource { source, runbook, validates_traits: false, ..CleaningSource::default() };
        },
        runbook: Some(runbook),
        ..DEPLOYMENT
    };
    let (end, ..) = run(play(&scene, [Point::Never; 2]));
    let done = end.machine.unwrap().1.done;
    assert_eq!(done.get("factory_reset").zip(done.get("erase_devices_metadata")), Some((&1, &1)), "{done:?}");
    assert_eq!(done.get("erase_devices"), None, "the runbook alone says what is done");
    cut_everywhere(&scene);
}

/// Steps for the node's one child: of many turns by a fake driver, or of one press of metal.
fn for_child(steps: &[(Interface, &str, serde_json::Value)]) -> Ask {
    let step = |(interface, step, args): &(Interface, &str, serde_json::Value)| AskedStep {
        interface: *interface,
        step: (*step).to_owned(),
        args: args.as_object().unwrap().clone(),
        children: Some(Vec::new()),
        ..plain()
    };
    let steps = steps.iter().map(step).collect();
    Ask::Provision(ProvisionAsk { steps, ..ProvisionAsk::new(Verb::Clean, "clean") })
}

const CLEAN_FAKE_CHILD: Wish = Wish {
    ask: || {
        for_child(&[
            (Interface::Deploy, "fake_act", json!({"times": 3})),
            (Interface::Deploy, "fake_look_in", json!({"times": 2, "seconds": 15})),
            (Interface::Deploy, "fake_reboot", json!({})),
        ])
    },
    ..CLEAN
};
const CLEAN_METAL_CHILD: Wish = Wish {
    ask: || {
        for_child(&[
            (Interface::Power, "power_on", json!({})),
            (Interface::Bios, "factory_reset", json!({})),
            (Interface::Power, "reboot", json!({})),
        ])
    },
    ..CLEAN
};

fn with_card(rig: &mut Rig, nodes: &mut Vec<Node>) {
    let mut card = rig.node(2, "fake", Provision::Manageable);
    card.wished.parent_node = Some(id(1));
    card.wished.driver_info.insert("has_dedicated_power_supply".to_owned(), json!(true));
    nodes.push(card);
}

#[test]
fn steps_of_many_turns_on_a_child_survive_cuts() {
    let family = Scene {
        deploy: "fake",
        metal: false,
        start: Provision::Manageable,
        wishes: &[CLEAN_FAKE_CHILD],
        end: Provision::Manageable,
        setup: with_card,
        ..DEPLOYMENT
    };
    cut_everywhere(&family);
    let metal = Scene {
        wishes: &[CLEAN_METAL_CHILD],
        setup: |rig, nodes| {
            with_card(rig, nodes);
            rig.world.add(id(2), Power::Off);
        },
        ..family
    };
    let (end, ..) = run(play(&metal, [Point::Never; 2]));
    let (power, traces) = end.other.unwrap();
    assert_eq!((power, traces.done.get("factory_reset"), traces.switched), (Power::On, Some(&1), (2, 1)));
    cut_everywhere(&metal);
}

const CLEAN_HELD: Wish = Wish { ask: || manual(Verb::Clean, &["fake_act", "hold", "fake_done"]), ..CLEAN };
const UNHOLD_CLEAN: Wish = Wish {
    when: |node| node.provision == Provision::CleanHold,
    ask: || provision("unhold"),
    taken: |node| node.provision == Provision::Manageable && is_at_rest(node) || is_past_hold(node),
};
const SERVICE_HELD: Wish =
    Wish { ask: || manual(Verb::Service, &["fake_act", "hold", "fake_done"]), ..SERVICE };
const UNHOLD_SERVICE: Wish = Wish {
    when: |node| node.provision == Provision::ServiceHold,
    taken: |node| {
        node.provision == Provision::Active && is_at_rest(node) && node.changes > 0 || is_past_hold(node)
    },
    ..UNHOLD_CLEAN
};

fn is_past_hold(node: &Node) -> bool {
    node.run.as_ref().and_then(|run| run.step()).is_some_and(|step| step.step == "fake_done")
}

#[test]
fn work_that_a_person_holds_survives_cuts() {
    const CLEANED: &[Wish] = &[CLEAN_HELD, UNHOLD_CLEAN];
    const SERVICED: &[Wish] = &[SERVICE_HELD, UNHOLD_SERVICE];
    for (start, wishes) in [(Provision::Manageable, CLEANED), (Provision::Active, SERVICED)] {
        cut_everywhere(&Scene { deploy: "fake", metal: false, start, wishes, end: start, ..DEPLOYMENT });
    }
}
