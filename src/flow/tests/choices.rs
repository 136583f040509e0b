//! Who chooses the steps of a plan: drivers, agent, site, template, runbook, request; and what is refused of it
//! (contract `steps.md` section 2).

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::stage::{Stage, asked, in_band, object, offered};
use crate::model::cleaning::{CleaningSource, StepSource};
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::outcome::Seen;
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::provision::Provision;
use crate::model::runbook::Runbook;
use crate::model::step::AskedStep;
use crate::model::template::Template;
use crate::model::turn::{InBand, InBandSteps};

fn raid(step: &str, priority: i64) -> InBand {
    InBand { interface: Interface::Raid, ..offered(step, priority) }
}

fn told(steps: Vec<InBand>) -> Seen {
    Seen::Steps(InBandSteps { steps, ..InBandSteps::default() })
}

fn cleaning(change: impl FnOnce(&mut Stage)) -> Stage {
    let mut stage = Stage::at("agent", Provision::Manageable);
    change(&mut stage);
    stage.verb("provide").unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage
}

fn deploying(steps: &[AskedStep]) -> Stage {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.deploy(steps).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage
}

fn runbook(name: &str, traits: &[&str]) -> Arc<Runbook> {
    let body = json!({"name": name, "steps": [
        {"interface": "bios", "step": "factory_reset", "order": 1},
        {"interface": "raid", "step": "delete_configuration", "order": 2},
    ]});
    let made = Runbook::draft(body.as_object().unwrap().clone(), Uuid::nil(), 115).unwrap();
    Arc::new(Runbook { traits: traits.iter().map(|&name| name.to_owned()).collect(), ..made })
}

fn by_runbook(source: StepSource, change: impl FnOnce(&mut Stage)) -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.traits = vec!["CUSTOM_A".to_owned()];
    for (name, with) in
        [("all", "CUSTOM_A"), ("class", "CUSTOM_A"), ("own", "CUSTOM_A"), ("other", "CUSTOM_B")]
    {
        stage.plans.runbooks.push(runbook(name, &[with]));
    }
    stage.policy.cleaning_source = CleaningSource { source, ..CleaningSource::default() };
    change(&mut stage);
    stage.verb("provide").unwrap();
    stage
}

fn chosen(stage: &Stage) -> Option<String> {
    let text = stage.journal.iter().find(|event| event.event == "runbook")?.text.clone();
    text.rsplit(' ').next().map(str::to_owned)
}

#[test]
fn raid_steps_of_the_agent_have_the_priorities_of_the_site() {
    let mut stage = cleaning(|stage| {
        stage.node.wished.interfaces.raid = "agent".to_owned();
        stage.policy.create_configuration_priority = Some(40);
        stage.policy.delete_configuration_priority = Some(50);
    });
    stage.see(told(vec![
        raid("create_configuration", 0),
        raid("delete_configuration", 0),
        offered("erase_devices", 10),
    ]));
    let plan = stage.plan();
    let place = |name: &str| plan.iter().position(|step| *step == name);
    assert!(place("create_configuration") < place("erase_devices"), "{plan:?}");
    assert!(place("create_configuration").is_some());
    let mut stage = cleaning(|stage| {
        stage.node.wished.interfaces.raid = "agent".to_owned();
        stage.policy.create_configuration_priority = Some(0);
    });
    stage.see(told(vec![raid("create_configuration", 20)]));
    assert!(!stage.plan().contains(&"create_configuration"), "0 leaves it out");
}

#[test]
fn steps_that_the_site_allows_nobody_are_left_out_of_automated_cleaning() {
    let mut stage = cleaning(|stage| {
        stage.policy.disallow_clean_steps =
            vec!["deploy.erase_devices".to_owned(), "bios.factory_reset".to_owned()];
    });
    stage.see(in_band(&[("erase_devices", 10), ("erase_devices_metadata", 99)]));
    assert_eq!(stage.plan()[2..], ["erase_devices_metadata", "delete_configuration", "power_off"]);
}

#[test]
fn the_runbook_of_cleaning_is_the_nodes_own_or_that_of_its_class_or_that_of_all() {
    let global = |stage: &mut Stage| stage.policy.cleaning_source.runbook = Some("all".to_owned());
    assert_eq!(chosen(&by_runbook(StepSource::Runbook, global)).as_deref(), Some("all"));
    let by_class = |stage: &mut Stage| {
        global(stage);
        stage.policy.cleaning_source.by_class.insert("big".to_owned(), "class".to_owned());
        stage.node.wished.resource_class = Some("big".to_owned());
    };
    assert_eq!(chosen(&by_runbook(StepSource::Hybrid, by_class)).as_deref(), Some("class"));
    let own = |stage: &mut Stage| {
        by_class(stage);
        stage.policy.cleaning_source.from_node = true;
        stage.node.wished.driver_info = object(json!({"cleaning_runbook": "own"}));
    };
    let stage = by_runbook(StepSource::Hybrid, own);
    assert_eq!(chosen(&stage).as_deref(), Some("own"));
    assert_eq!(stage.plan(), ["factory_reset", "delete_configuration"], "in the order of the runbook");
    assert_eq!(chosen(&by_runbook(StepSource::Autogenerated, own)), None);
}

#[test]
fn a_runbook_that_cannot_clean_the_node_fails_before_the_machine_is_touched() {
    let nobody = by_runbook(StepSource::Runbook, |_| ());
    assert_eq!(nobody.state(), Provision::CleanFail);
    assert!(nobody.error().contains("wants a runbook"), "{}", nobody.error());
    assert_eq!(chosen(&by_runbook(StepSource::Hybrid, |_| ())), None, "drivers and agent clean it");
    let gone = |stage: &mut Stage| stage.policy.cleaning_source.runbook = Some("gone".to_owned());
    assert!(by_runbook(StepSource::Hybrid, gone).error().contains("gone could not be found"));
    let other = |stage: &mut Stage| stage.policy.cleaning_source.runbook = Some("other".to_owned());
    let unfit = by_runbook(StepSource::Hybrid, other);
    assert!(unfit.state() == Provision::CleanFail && unfit.owed.is_empty(), "{}", unfit.error());
    let unchecked = by_runbook(StepSource::Hybrid, |stage| {
        other(stage);
        stage.policy.cleaning_source.validates_traits = false;
    });
    assert_eq!(chosen(&unchecked).as_deref(), Some("other"));
}

#[test]
fn a_request_leaves_out_a_step_of_the_agent_with_priority_0() {
    let mut stage = deploying(&[asked(Interface::Deploy, "site_step", 0)]);
    stage.see(in_band(&[("site_step", 55), ("other_step", 50)]));
    assert!(
        stage.plan().contains(&"other_step") && !stage.plan().contains(&"site_step"),
        "{:?}",
        stage.plan()
    );
}

#[test]
fn what_is_left_out_must_be_there() {
    let mut stage = deploying(&[asked(Interface::Deploy, "conjure", 0)]);
    stage.see(in_band(&[("site_step", 55)]));
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("neither the driver nor the agent has a deploy step deploy.conjure"));
    let mut stage = deploying(&[asked(Interface::Deploy, "write_image", 0)]);
    stage.see(in_band(&[]));
    assert!(!stage.plan().contains(&"write_image"));
}

#[test]
fn a_step_of_a_deployment_is_named_once() {
    let mut stage = Stage::at("agent", Provision::Available);
    let twice = [asked(Interface::Deploy, "inject_files", 50), asked(Interface::Deploy, "inject_files", 45)];
    let refusal = stage.deploy(&twice).unwrap_err().to_string();
    assert!(refusal.contains("deploy.inject_files is named twice"), "{refusal}");
    // A pipeline's own words may come as often as they are wanted.
    let holds = [asked(Interface::Deploy, "hold", 55), asked(Interface::Deploy, "hold", 45)];
    let mut held = Stage::at("agent", Provision::Available);
    held.deploy(&holds).unwrap();
    assert_eq!(held.plan().iter().filter(|step| **step == "hold").count(), 2);
    let at_odds = [asked(Interface::Deploy, "inject_files", 50), asked(Interface::Deploy, "inject_files", 0)];
    let refusal = stage.deploy(&at_odds).unwrap_err().to_string();
    assert!(
        refusal.contains("inject_files is to be left out") && refusal.contains("name it once"),
        "{refusal}"
    );
    assert_eq!(stage.state(), Provision::Available);
}

#[test]
fn a_step_of_the_agent_that_comes_when_the_agent_has_gone_is_refused() {
    for step in [in_band(&[("site_step", 30)]), in_band(&[("site_step", 40)])] {
        let mut stage = deploying(&[]);
        stage.see(step);
        // On equal priority the order of naming counts: one of 40 comes after the tear down.
        assert_eq!(stage.state(), Provision::DeployFail, "{:?}", stage.plan());
        assert!(stage.error().contains("give it 41 to 99"), "{}", stage.error());
    }
    let mut stage = deploying(&[]);
    stage.see(in_band(&[("site_step", 41)]));
    assert_eq!(stage.state(), Provision::Deploying);
}

#[test]
fn a_step_of_the_agent_that_comes_where_no_agent_is_is_refused_before_the_move() {
    for (step, says) in [
        (asked(Interface::Deploy, "write_image", 101), "is booted at 100: give it 41 to 99"),
        (asked(Interface::Deploy, "write_image", 35), "goes at 40: give it 41 to 99"),
        (asked(Interface::Deploy, "prepare_instance_boot", 20), "goes at 40: give it 41 to 99"),
        (asked(Interface::Deploy, "deploy", 0), "deploy.deploy, which boots the agent, is left out"),
        (asked(Interface::Deploy, "inject_files", 101), "is booted at 100"),
    ] {
        let mut stage = Stage::at("agent", Provision::Available);
        let refusal = stage.deploy(&[step]).unwrap_err().to_string();
        assert!(refusal.contains(says), "{refusal}");
        assert_eq!((stage.state(), stage.owed.len()), (Provision::Available, 0));
    }
}

#[test]
fn a_machine_that_was_switched_off_in_between_boots_the_ramdisk_again_for_the_agents_next_step() {
    for word in ["power_off", "reboot"] {
        let mut stage =
            deploying(&[asked(Interface::Power, word, 70), asked(Interface::Power, "power_on", 65)]);
        stage.see(in_band(&[("site_step", 75)]));
        let plan = stage.plan();
        let at = |name: &str| plan.iter().position(|step| *step == name).unwrap();
        let boots: Vec<_> = (0..plan.len()).filter(|place| plan[*place] == "boot_agent").collect();
        assert_eq!(boots, [at("prepare_instance_boot") - 1], "{plan:?}");
        assert!(at("site_step") < at(word) && at(word) < at("power_on"), "{plan:?}");
    }
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.manual("clean", &["erase_devices", "power_off", "hold", "erase_pstore", "burnin_cpu"]).unwrap();
    let framed =
        ["boot_agent", "fetch_steps", "erase_devices", "power_off", "hold", "boot_agent", "erase_pstore"];
    assert_eq!(stage.plan()[..framed.len()], framed);
    assert_eq!(stage.plan()[framed.len()..], ["burnin_cpu", "power_off"]);
}

#[test]
fn the_deployment_itself_cannot_be_replaced() {
    let mut stage = Stage::at("agent", Provision::Available);
    let refusal = stage.deploy(&[asked(Interface::Deploy, "deploy", 90)]).unwrap_err().to_string();
    assert!(refusal.contains("deploy.deploy cannot be overridden"), "{refusal}");
}

#[test]
fn a_step_that_only_the_agent_has_brings_its_own_rules_into_manual_cleaning() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.manual("clean", &["erase_devices"]).unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(told(vec![InBand { abortable: false, ..offered("erase_devices", 10) }]));
    let run = stage.node.run.as_ref().unwrap();
    let step = run.plan.iter().find(|step| step.step == "erase_devices").unwrap();
    assert_eq!((step.priority, step.abortable), (10, false));
}

#[test]
fn a_template_with_a_step_that_the_site_allows_nobody_is_refused() {
    let mut stage = Stage::at("agent", Provision::Available);
    stage.policy.disallow_deploy_steps = vec!["deploy.site_step".to_owned()];
    stage.node.traits = vec!["CUSTOM_A".to_owned()];
    stage.node.wished.instance_info = object(json!({"traits": ["CUSTOM_A"]}));
    let kept = json!({"interface": "deploy", "step": "site_step", "args": {}, "priority": 45});
    let body = json!({"name": "CUSTOM_A", "steps": [kept]});
    let template = Template::draft(body.as_object().unwrap().clone(), Uuid::nil()).unwrap();
    stage.plans.templates.push(Arc::new(template));
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Deploy, "active"));
    let refusal = stage.ask(&ask).unwrap_err().to_string();
    assert!(refusal.contains("deploy.site_step is not allowed on this host"), "{refusal}");
}
