//! Verbs: every word from every state, and what each asks of the record.

use serde_json::json;

use super::stage::{Stage, asked, object, silent};
use crate::flow;
use crate::model::bmc::panel::Mode;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::{Happened, Seen, Verdict};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::moves::{TARGETS, Verb};
use crate::model::policy::AutomaticLessee;
use crate::model::provision::Provision;
use crate::model::step::AskedStep;

#[test]
fn a_word_is_taken_from_a_state_as_the_move_table_says() {
    for target in TARGETS {
        for from in Provision::all() {
            let mut stage = Stage::at("plain", from);
            let before = stage.node.clone();
            let Some(to) = from.after(target.verb) else {
                let refusal = stage.verb(target.word).unwrap_err();
                assert!(matches!(refusal, Refusal::NoSuchMove { .. }), "{} from {from}", target.word);
                assert_eq!(stage.node, before);
                continue;
            };
            let internal = matches!(
                (target.verb, from),
                (Verb::Manage, Provision::Cleaning) | (Verb::Clean, Provision::Deleting)
            );
            if internal {
                let refusal = stage.verb(target.word).unwrap_err();
                assert!(matches!(refusal, Refusal::Locked { .. }), "{} from {from}: {refusal}", target.word);
                assert_eq!(stage.node, before, "a refused ask changes nothing");
            } else if stage.node.provision.name().ends_with("hold") || from.name().contains("wait") {
                // Without a run there is nothing to abort or let go of; the pipelines' tests do it with one.
            } else {
                stage.verb(target.word).unwrap();
                let moved = stage.journal.iter().find(|event| event.event == "provision").unwrap();
                assert_eq!(moved.text, format!("{from} -> {to}"));
            }
        }
    }
}

#[test]
fn an_illegal_word_on_a_reserved_node_may_become_legal() {
    let mut stage = Stage::at("plain", Provision::Deploying);
    stage.node.reserved = true;
    assert!(matches!(stage.verb("provide").unwrap_err(), Refusal::Locked { .. }));
}

#[test]
fn maintenance_keeps_a_node_from_deployment() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.ask(&Ask::Maintenance { on: true, reason: Some("fan".to_owned()) }).unwrap();
    assert_eq!(stage.node.maintenance_reason.as_deref(), Some("fan"));
    let before = stage.node.clone();
    assert!(matches!(stage.verb("active").unwrap_err(), Refusal::InMaintenance { .. }));
    assert_eq!(stage.node, before);
    stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
    assert_eq!(stage.node.maintenance_reason, None);
    stage.verb("active").unwrap();
}

#[test]
fn provide_is_refused_in_maintenance_if_the_site_says_so() {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.wished.maintenance = true;
    stage.policy.allow_provisioning_in_maintenance = false;
    assert!(matches!(stage.verb("provide").unwrap_err(), Refusal::InMaintenance { .. }));
    stage.policy.allow_provisioning_in_maintenance = true;
    stage.verb("provide").unwrap();
}

#[test]
fn a_node_that_cannot_boot_the_agent_is_offered_only_uncleaned() {
    let reason = Some("there is no ramdisk for x86_64 machines on this host".to_owned());
    let bad = [Seen::Valid(vec![Verdict { interface: Interface::Boot, reason }])];
    let provide = Ask::Provision(ProvisionAsk::new(Verb::Provide, "provide"));
    let mut stage = Stage::at("agent", Provision::Manageable);
    let refusal = stage.ask_seen(&provide, &bad).unwrap_err();
    assert!(refusal.to_string().contains("no ramdisk for x86_64"), "{refusal}");
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Manageable, 0));
    stage.node.wished.automated_clean = Some(false);
    stage.ask_seen(&provide, &bad).unwrap();
    assert_eq!(stage.node.provision, Provision::Available);
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.ask_seen(&provide, &bad).unwrap();
    assert_eq!(stage.state(), Provision::Cleaning, "what is cleaned without an agent needs no ramdisk");
}

#[test]
fn protected_and_retired_nodes_are_left_alone() {
    for word in ["deleted", "rebuild"] {
        let mut stage = Stage::at("plain", Provision::Active);
        stage.node.wished.protected = true;
        assert!(matches!(stage.verb(word).unwrap_err(), Refusal::Protected { .. }), "{word}");
    }
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.wished.retired = true;
    assert!(matches!(stage.verb("provide").unwrap_err(), Refusal::Retired { .. }));
}

#[test]
fn what_the_looks_found_wrong_refuses_the_ask() {
    let bad = |interface| {
        Seen::Valid(vec![
            Verdict { interface: Interface::Console, reason: Some("no console".to_owned()) },
            Verdict { interface, reason: Some("missing image_source".to_owned()) },
        ])
    };
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Deploy, "active"));
    for seen in [bad(Interface::Deploy), bad(Interface::Boot), bad(Interface::Power), silent()] {
        let mut stage = Stage::at("plain", Provision::Available);
        let before = stage.node.clone();
        let refusal = stage.ask_seen(&ask, &[seen]).unwrap_err();
        assert!(refusal.to_string().starts_with("Failed to validate deploy or power info"), "{refusal}");
        assert_eq!(stage.node, before);
    }
    let mut stage = Stage::at("plain", Provision::Manageable);
    let provide = Ask::Provision(ProvisionAsk::new(Verb::Provide, "provide"));
    stage.ask_seen(&provide, &[bad(Interface::Deploy)]).unwrap();
}

#[test]
fn an_image_that_cannot_be_had_ends_the_deployment_before_the_machine_is_touched() {
    let ask = Ask::Provision(ProvisionAsk::new(Verb::Deploy, "active"));
    let mut stage = Stage::at("plain", Provision::Available);
    stage.ask_seen(&ask, &[Seen::Image(Some("its server answers 404".to_owned()))]).unwrap();
    assert_eq!((stage.node.provision, stage.owed.len()), (Provision::DeployFail, 0));
    let error = stage.node.last_error.unwrap();
    assert!(error.contains("before the machine was touched: its server answers 404"), "{error}");
}

#[test]
fn asks_that_need_the_settings_look_at_them_first() {
    let stage = Stage::at("plain", Provision::Available);
    let looks = |verb| flow::wants(&stage.node, &Ask::Provision(ProvisionAsk::new(verb, "")));
    assert_eq!(looks(Verb::Deploy), [Look::Valid { deploy: true }, Look::Image]);
    for verb in [Verb::Delete, Verb::Clean, Verb::Service] {
        assert_eq!(looks(verb), [Look::Valid { deploy: false }]);
    }
    assert_eq!(looks(Verb::Adopt), [Look::Valid { deploy: true }]);
    assert_eq!(looks(Verb::Abort), []);
    assert_eq!(flow::wants(&stage.node, &Ask::Maintenance { on: true, reason: None }), []);
}

#[test]
fn steps_of_a_request_are_checked_before_the_move() {
    let told = |name: &str, args: serde_json::Value| AskedStep {
        args: object(args),
        ..asked(Interface::Power, name, 50)
    };
    let cases = [
        (asked(Interface::Vendor, "send_raw", 50), "not allowed"),
        (asked(Interface::Raid, "apply", 50), "\"level\" is required"),
        (
            told("wait", json!({"minutes": 1})),
            "unknown argument \"minutes\"; it takes seconds, and nothing else",
        ),
        (told("wait", json!({"seconds": "soon"})), "seconds must be a whole number"),
        (
            told("power_on", json!({"x": 1})),
            "deploy step power.power_on: unknown argument \"x\"; it takes none",
        ),
    ];
    for (step, why) in cases {
        let mut stage = Stage::at("agent", Provision::Available);
        let before = stage.node.clone();
        let refusal = stage.deploy(&[step]).unwrap_err();
        assert!(refusal.to_string().contains(why), "{refusal}");
        assert_eq!(stage.node, before);
    }
    let mut large = asked(Interface::Raid, "apply", 50);
    large.args.insert("level".to_owned(), "5".repeat(20_000).into());
    let refusal = Stage::at("agent", Provision::Available).deploy(&[large]).unwrap_err();
    assert!(refusal.to_string().contains("over the limit"), "{refusal}");
    let core = asked(Interface::Deploy, "deploy", 50);
    let refusal = Stage::at("agent", Provision::Available).deploy(&[core]).unwrap_err();
    assert!(refusal.to_string().contains("cannot be overridden"), "{refusal}");
}

#[test]
fn a_node_is_deleted_where_nothing_is_on_it() {
    for from in Provision::all() {
        let mut stage = Stage::at("plain", from);
        let right = from.traits().delete_ok;
        assert_eq!(stage.ask(&Ask::Delete).is_ok(), right, "{from}");
        stage.node.wished.maintenance = true;
        assert!(stage.ask(&Ask::Delete).is_ok(), "{from} in maintenance");
    }
    let mut stage = Stage::at("plain", Provision::Available);
    stage.policy.allow_deleting_available_nodes = false;
    assert!(matches!(stage.ask(&Ask::Delete).unwrap_err(), Refusal::Conflict(_)));
    stage.policy.allow_deleting_available_nodes = true;
    stage.node.wished.instance_uuid = Some(uuid::Uuid::from_u128(7));
    assert!(matches!(stage.ask(&Ask::Delete).unwrap_err(), Refusal::Conflict(_)));
    stage.node.wished.protected = true;
    assert!(matches!(stage.ask(&Ask::Delete).unwrap_err(), Refusal::Protected { .. }));
}

#[test]
fn only_so_many_are_under_way_at_once() {
    let busy = |state, most| vec![state; most];
    for (word, from, at_work, option) in [
        ("active", Provision::Available, Provision::DeployWait, "max_concurrent_deploy"),
        ("rebuild", Provision::Active, Provision::Deploying, "max_concurrent_deploy"),
        ("deleted", Provision::Active, Provision::Deleting, "max_concurrent_clean"),
        ("clean", Provision::Manageable, Provision::CleanWait, "max_concurrent_clean"),
        ("service", Provision::Active, Provision::Cleaning, "max_concurrent_clean"),
    ] {
        let mut stage = Stage::at("plain", from);
        (stage.policy.max_concurrent_deploy, stage.policy.max_concurrent_clean) = (3, 3);
        let before = stage.node.clone();
        stage.bearers.1 = busy(at_work, 3);
        let refusal = stage.verb(word).unwrap_err();
        assert!(matches!(&refusal, Refusal::Busy(why) if why.contains(option)), "{word}: {refusal}");
        assert_eq!(stage.node, before);
        stage.bearers.1 = busy(at_work, 2);
        stage.verb(word).unwrap();
    }
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.bearers.1 = busy(Provision::Cleaning, 50);
    stage.verb("provide").unwrap();
}

#[test]
fn a_way_to_boot_that_the_site_does_not_want_is_not_deployed() {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.policy.disallowed_deployment_boot_modes = vec![Mode::Bios];
    stage.node.wished.properties = object(json!({"capabilities": "boot_mode:bios"}));
    let refusal = stage.verb("active").unwrap_err();
    assert!(refusal.to_string().contains("disallowed_deployment_boot_modes"), "{refusal}");
    stage.node.wished.properties = object(json!({"capabilities": "boot_mode:uefi"}));
    stage.verb("active").unwrap();
}

#[test]
fn whom_a_node_is_deployed_for_becomes_its_lessee_until_it_is_torn_down() {
    let deployed = |source, lessee: Option<&str>| {
        let mut stage = Stage::at("plain", Provision::Available);
        stage.policy.automatic_lessee = source;
        stage.node.wished.instance_info = object(json!({"project_id": "p1"}));
        stage.node.wished.owner = Some("o".to_owned());
        stage.node.wished.lessee = lessee.map(str::to_owned);
        let project = Some("p2".to_owned());
        let ask = ProvisionAsk { project, ..ProvisionAsk::new(Verb::Deploy, "active") };
        stage.ask(&Ask::Provision(ask)).unwrap();
        stage
    };
    for (source, before, during, after) in [
        (AutomaticLessee::Instance, None, Some("p1"), None),
        (AutomaticLessee::Request, None, Some("p2"), None),
        (AutomaticLessee::Never, None, None, None),
        (AutomaticLessee::Instance, Some("p0"), Some("p0"), Some("p0")),
    ] {
        let mut stage = deployed(source, before);
        assert_eq!(stage.state(), Provision::Active);
        assert_eq!(stage.node.wished.lessee.as_deref(), during);
        stage.verb("deleted").unwrap();
        stage.pay_all();
        assert_eq!(stage.node.wished.lessee.as_deref(), after);
        assert_eq!((stage.node.wished.owner.as_deref(), stage.node.automatic_lessee), (Some("o"), false));
    }
}

#[test]
fn a_tear_down_closes_the_console() {
    let mut stage = Stage::at("plain", Provision::Active);
    stage.node.wished.console_enabled = true;
    stage.verb("deleted").unwrap();
    assert_eq!(stage.pay_well(), Effect::Console { on: false });
    assert!(!stage.node.wished.console_enabled);
}

#[test]
fn work_that_nobody_does_is_ended_at_a_start() {
    for (state, then) in [
        (Provision::Deploying, Provision::DeployFail),
        (Provision::CleanWait, Provision::CleanFail),
        (Provision::Deleting, Provision::Error),
        (Provision::Servicing, Provision::ServiceFail),
        (Provision::Adopting, Provision::AdoptFail),
        (Provision::Verifying, Provision::Enroll),
    ] {
        let mut stage = Stage::at("plain", state);
        stage.happen(&Happened::Opened);
        assert_eq!(stage.state(), then);
        assert!(stage.error().contains("nothing under way"), "{}", stage.error());
    }
    let mut stage = Stage::at("plain", Provision::Active);
    stage.happen(&Happened::Opened);
    assert_eq!((stage.state(), stage.error()), (Provision::Active, ""));
}
