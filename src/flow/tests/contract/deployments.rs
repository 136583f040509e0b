//! Deployments: what refuses one and what that leaves, what it begins with, how it ends (section A).

use std::sync::Arc;

use serde_json::json;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::flow::tests::pipelines::deploying;
use crate::flow::tests::stage::{Stage, asked, object, offered};
use crate::model::bmc::panel::Mode;
use crate::model::bmc::power::PowerWish;
use crate::model::boot::Boots;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::effect::{BootPart, Effect, Look};
use crate::model::decision::outcome::{Happened, Outcome, Seen, Verdict};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::{Fault, Node, Wished};
use crate::model::policy::AutomaticLessee;
use crate::model::provision::Provision;
use crate::model::step::{AskedStep, By, Core};
use crate::model::turn::{Failure, InBand, InBandSteps, Turn};

const OFF: Effect = Effect::Power { wish: PowerWish::Off, limit: 60 };

/// The two words that deploy, and where they are said.
const DEPLOYMENTS: [(Verb, &str, Provision); 2] =
    [(Verb::Deploy, "active", Provision::Available), (Verb::Rebuild, "rebuild", Provision::Active)];

fn told(steps: Vec<InBand>) -> Seen {
    Seen::Steps(InBandSteps { steps, ..InBandSteps::default() })
}

fn begins(stage: &Stage, event: &str) -> usize {
    stage.journal.iter().filter(|one| one.event == event).count()
}

#[test]
fn neither_deployment_nor_rebuild_begins_in_maintenance_or_in_an_unwanted_boot_mode() {
    for (_, word, from) in DEPLOYMENTS {
        let mut stage = Stage::at("plain", from);
        stage.node.wished.maintenance = true;
        let before = stage.node.clone();
        assert!(matches!(stage.verb(word).unwrap_err(), Refusal::InMaintenance { .. }), "{word}");
        assert_eq!(stage.node, before, "{word}");

        let mut stage = Stage::at("plain", from);
        stage.policy.disallowed_deployment_boot_modes = vec![Mode::Bios];
        stage.policy.default_boot_mode = Mode::Bios;
        let before = stage.node.clone();
        let refusal = stage.verb(word).unwrap_err();
        assert!(matches!(&refusal, Refusal::Invalid(why) if why.contains("boot in bios mode")), "{refusal}");
        assert_eq!(stage.node, before, "{word}");
        stage.node.wished.properties = object(json!({"capabilities": "boot_mode:uefi"}));
        stage.verb(word).unwrap();
    }
}

#[test]
fn a_rebuild_lends_the_node_to_nobody() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.policy.automatic_lessee = AutomaticLessee::Request;
    let ask = ProvisionAsk { project: Some("p2".to_owned()), ..ProvisionAsk::new(Verb::Rebuild, "rebuild") };
    stage.ask(&Ask::Provision(ask)).unwrap();
    assert_eq!((stage.node.wished.lessee.clone(), stage.node.automatic_lessee), (None, false));
}

#[test]
fn a_failed_tear_down_takes_the_automatic_lessee_away_as_well() {
    let mut stage = Stage::at("agent", Provision::Active);
    (stage.node.wished.lessee, stage.node.automatic_lessee) = (Some("p1".to_owned()), true);
    stage.verb("deleted").unwrap();
    stage.pay(Outcome::Failed(Failure::silent("no answer")));
    assert_eq!((stage.state(), stage.node.wished.lessee.clone()), (Provision::Error, None));
}

#[test]
fn deployment_and_rebuild_look_at_settings_and_image_and_stand_or_fall_with_power_deploy_and_boot() {
    for (verb, word, from) in DEPLOYMENTS {
        let ask = Ask::Provision(ProvisionAsk::new(verb, word));
        let stage = Stage::at("plain", from);
        let looks = crate::flow::wants(&stage.node, &ask);
        assert_eq!(looks, [Look::Valid { deploy: true }, Look::Image], "{word}");
        for interface in [Interface::Power, Interface::Deploy, Interface::Boot] {
            let mut stage = Stage::at("plain", from);
            let before = stage.node.clone();
            let bad = Verdict { interface, reason: Some("it is wrong".to_owned()) };
            let refusal = stage.ask_seen(&ask, &[Seen::Valid(vec![bad])]).unwrap_err().to_string();
            assert!(refusal.ends_with("it is wrong"), "{word} {interface}: {refusal}");
            assert_eq!(stage.node, before, "{word} {interface}");
        }
    }
}

#[test]
fn a_rebuild_keeps_the_instance_and_takes_the_config_drive_that_comes_with_it() {
    let mut stage = Stage::at("agent", Provision::Active);
    let info = object(json!({"image_source": "http://x/i", "root_gb": 4}));
    stage.node.wished.instance_info = info.clone();
    stage.node.wished.instance_uuid = Some(uuid::Uuid::from_u128(9));
    stage.node.wished.instance_name = Some("web".to_owned());
    stage.node.config_drive = Some("old".to_owned());
    stage.verb("rebuild").unwrap();
    let wished = &stage.node.wished;
    assert_eq!((&wished.instance_info, wished.instance_uuid.is_some()), (&info, true));
    assert_eq!(
        (wished.instance_name.as_deref(), stage.node.config_drive.as_deref()),
        (Some("web"), Some("old"))
    );
    let mut stage = Stage::at("agent", Provision::Active);
    stage.node.config_drive = Some("old".to_owned());
    let drive = Some("new".to_owned());
    let ask = ProvisionAsk { config_drive: drive.clone(), ..ProvisionAsk::new(Verb::Rebuild, "rebuild") };
    stage.ask(&Ask::Provision(ask)).unwrap();
    assert_eq!(stage.node.config_drive, drive);
}

#[test]
fn what_is_unfit_is_told_with_node_cause_and_remedy_and_owes_nothing() {
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Deploy, "active"));
    let mut stage = Stage::at("agent", Provision::Available);
    stage.node.last_error = Some("old".to_owned());
    stage.ask_seen(&ask, &[Seen::Image(Some("its server answers 404".to_owned()))]).unwrap();
    assert_eq!((stage.state(), &stage.owed[..]), (Provision::DeployFail, &[][..]));
    for part in ["deployment of node n1", "its server answers 404", "deploy it again or undeploy it"] {
        assert!(stage.error().contains(part), "{part}: {}", stage.error());
    }
}

#[test]
fn files_of_the_ramdisk_are_fetched_while_the_machine_still_runs() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.node.wished.interfaces.boot = "network".to_owned();
    let info = json!({"deploy_kernel": "http://10.0.0.9/k", "deploy_ramdisk": "http://10.0.0.9/r"});
    stage.node.wished.driver_info = object(info);
    stage.deploy(&[]).unwrap();
    stage.see(Seen::Valid(vec![Verdict { interface: Interface::Boot, reason: None }]));
    let owed: Vec<_> = stage.owed.iter().map(|owed| owed.effect.clone()).take(2).collect();
    assert_eq!(owed, [Effect::Boot(BootPart::Fetch), OFF]);
}

#[test]
fn a_deployment_whose_ramdisk_cannot_boot_fails_with_the_machine_as_it_was() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.node.wished.interfaces.boot = "medium".to_owned();
    stage.deploy(&[]).unwrap();
    let reason = Some("there is no ramdisk".to_owned());
    stage.see(Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }]));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("there is no ramdisk"), "{}", stage.error());
    assert!(!stage.owed.iter().any(|owed| matches!(owed.effect, Effect::Boot(BootPart::Insert))));
}

#[test]
fn the_first_step_of_the_plan_is_the_first_that_runs_and_the_old_agent_is_nobody() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.node.last_error = Some("old".to_owned());
    stage.deploy(&[asked(Interface::Deploy, "turn", 200)]).unwrap();
    assert_eq!((stage.plan(), stage.step()), (vec!["turn", "deploy"], "turn"));
    assert_eq!((stage.error(), begins(&stage, "start")), ("", 1));
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage.node.run = None;
    (stage.node.provision, stage.node.wait) = (Provision::Active, None);
    assert!(stage.node.agent.as_ref().is_some_and(|agent| agent.borne));
    stage.node.wished.interfaces.boot = "medium".to_owned();
    stage.verb("rebuild").unwrap();
    assert!(stage.node.agent.is_none(), "an agent of another boot has no word in this one");
}

#[test]
fn a_step_that_fails_is_the_last_one_and_the_end_of_the_last_is_active() {
    let steps = [asked(Interface::Deploy, "turn", 60), asked(Interface::Deploy, "press", 50)];
    let mut stage = Stage::at("plain", Provision::Available);
    stage.node.wished.console_enabled = true;
    stage.node.boot_token = Some(crate::base::secret::Secret::new("files"));
    stage.deploy(&steps).unwrap();
    assert!(stage.owed.is_empty(), "the console stays open: {:?}", stage.owed);
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.step()), (Provision::Deploying, "press"));
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.run.is_none()), (Provision::Active, true));
    assert_eq!((begins(&stage, "start"), begins(&stage, "end")), (1, 1));
    assert!(stage.node.wished.console_enabled && stage.node.wait.is_none());
    assert_eq!((stage.node.boots, stage.node.boot_token.is_none()), (Boots::Disk, true));

    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&steps).unwrap();
    stage.turn(Turn::failed("no"));
    assert_eq!((stage.state(), stage.node.run.is_none()), (Provision::DeployFail, true));
    assert!(stage.error().contains("in step deploy.turn: no"), "{}", stage.error());
    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&[asked(Interface::Deploy, "power_on", 60), asked(Interface::Deploy, "turn", 50)]).unwrap();
    stage.pay(Outcome::Failed(Failure::step("it stays off")));
    assert_eq!((stage.state(), stage.looks.len()), (Provision::DeployFail, 0));
}

#[test]
fn the_agents_steps_come_by_priority_behind_what_is_done_and_with_their_own_rules() {
    let mut stage = Stage::at("agent", Provision::Available);
    let mut own = asked(Interface::Deploy, "site_step", 70);
    own.args.insert("size".to_owned(), 1.into());
    stage.deploy(&[own.clone(), asked(Interface::Deploy, "gone", 0)]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    let rules = InBand {
        abortable: false,
        reboot_requested: true,
        known: vec!["size".to_owned()],
        ..offered("site_step", 0)
    };
    stage.see(told(vec![
        offered("late", 50),
        offered("early", 95),
        offered("never", 0),
        offered("gone", 60),
        offered("write_image", 90),
        rules,
    ]));
    let names =
        ["deploy", "fetch_steps", "early", "write_image", "site_step", "prepare_instance_boot", "late"];
    assert_eq!(stage.plan()[..7], names);
    assert_eq!(
        stage.plan().iter().filter(|name| **name == "write_image").count(),
        1,
        "it does not come twice"
    );
    assert!(!stage.plan().contains(&"never") && !stage.plan().contains(&"gone"), "{:?}", stage.plan());
    assert_eq!(stage.step(), "early", "what is done is not done again");
    let step = stage.node.run.as_ref().unwrap().plan[4].clone();
    assert_eq!((step.abortable, step.reboot_after, step.args), (false, true, own.args.clone()));

    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(&[own]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(told(vec![offered("site_step", 0)]));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("deploy.site_step: unknown argument \"size\""), "{}", stage.error());
}

#[test]
fn a_deployment_that_is_to_be_aborted_after_its_step_ends_with_that_step() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.deploy(&[asked(Interface::Deploy, "turn", 60), asked(Interface::Deploy, "press", 50)]).unwrap();
    stage.node.run.as_mut().unwrap().plan[1].abortable = false;
    stage.turn(Turn::LookIn { after: 10, memo: object(json!({})) });
    stage.verb("abort").unwrap();
    assert_eq!((stage.state(), stage.step()), (Provision::DeployWait, "turn"), "the step ends first");
    stage.happen(&Happened::Opened);
    stage.due();
    stage.turn(Turn::done());
    assert_eq!((stage.state(), stage.node.run.is_none()), (Provision::DeployFail, true));
    for part in ["aborted by request during step deploy.turn", "Deploy it again or undeploy it"] {
        assert!(stage.error().contains(part), "{}", stage.error());
    }
}

#[test]
fn a_start_of_the_daemon_goes_on_with_the_step_at_which_the_deployment_stood() {
    let mut stage = deploying();
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "prepare_instance_boot");
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    assert_eq!(
        (stage.step(), stage.looks.as_slice()),
        ("prepare_instance_boot", &[Look::Step { cursor: 3 }][..])
    );
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.owed.clear();
    stage.looks.clear();
    stage.happen(&Happened::Opened);
    assert_eq!(stage.looks, [Look::Step { cursor: 3 }], "what was begun is looked at, not begun again");
    stage.turn(Turn::done());
    assert_eq!(stage.step(), "tear_down_agent");
}

#[test]
fn an_aborted_deployment_is_cleaned_up_and_neither_cleaned_nor_a_fault() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.node.wished.interfaces.boot = "medium".to_owned();
    stage.deploy(&[]).unwrap();
    stage.see(Seen::Valid(Vec::new()));
    stage.pay_all();
    stage.beat();
    stage.see(told(Vec::new()));
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    assert!(stage.node.boot_token.is_some() && stage.node.agent.is_some());
    stage.verb("abort").unwrap();
    assert!(stage.error().contains("during step deploy.write_image. Deploy it again"), "{}", stage.error());
    assert_eq!(stage.pay_all(), [Effect::Logs, OFF, Effect::Boot(BootPart::Eject)]);
    assert_eq!(
        (stage.state(), stage.node.target_provision),
        (Provision::DeployFail, Some(Provision::Active))
    );
    let node = &stage.node;
    assert_eq!((node.fault, node.wished.maintenance), (None::<Fault>, false));
    assert_eq!((&node.agent, &node.boot_token, node.boots), (&None, &None, Boots::Nothing));
    assert!(node.run.is_none() && node.wait.is_none());
    stage.deploy(&[]).unwrap();
}

/// A server whose steps for its children are these, and two children that have drivers.
fn with_children(word: &str, step: (Interface, &str)) -> Stage {
    let (from, verb) = if word == "clean" {
        (Provision::Manageable, Verb::Clean)
    } else {
        (Provision::Active, Verb::Service)
    };
    let mut stage = Stage::at("plain", from);
    stage.node.boots = Boots::Disk;
    for number in [2, 3] {
        let name = Some(format!("child{number}"));
        let wished = Wished { name, parent_node: Some(stage.node.id), ..stage.node.wished.clone() };
        let child = Node::new(NodeId(uuid::Uuid::from_u128(number)), wished, Moment(0));
        stage.around.nodes.insert(child.id, Arc::new(child));
    }
    let step = AskedStep { children: Some(Vec::new()), priority: None, ..asked(step.0, step.1, 0) };
    stage.ask(&Ask::Provision(ProvisionAsk { steps: vec![step], ..ProvisionAsk::new(verb, word) })).unwrap();
    stage
}

#[test]
fn a_step_for_children_comes_to_each_in_turn_and_the_first_that_fails_ends_it() {
    let by = |number: u128| By::Core(Core::ByChild(NodeId(uuid::Uuid::from_u128(number))));
    for (word, step, failed) in [
        ("clean", (Interface::Bios, "factory_reset"), Provision::CleanFail),
        ("service", (Interface::Raid, "apply_configuration"), Provision::ServiceFail),
    ] {
        let mut stage = with_children(word, step);
        let whom: Vec<_> = stage.node.run.iter().flat_map(|run| &run.plan).map(|step| step.by).collect();
        assert_eq!(whom, [by(2), by(3)], "{word}: in the order of their making");
        assert_eq!(stage.looks, [Look::Step { cursor: 0 }], "{word}: one at a time");
        stage.turn(Turn::failed("it is too hot"));
        assert_eq!((stage.state(), stage.looks.len()), (failed, 0), "{word}");
        for part in [step.1, "child node child2", "it is too hot"] {
            assert!(stage.error().contains(part), "{part}: {}", stage.error());
        }
    }
}
