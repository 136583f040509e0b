//! `autodetect`: another deploy interface stands in for it while the node is worked on.

use serde_json::json;

use super::stage::{Stage, in_band, object, silent};
use crate::model::boot::Boots;
use crate::model::catalog::{HardwareType, Implementation};
use crate::model::decision::ask::{Ask, PatchAsk, PatchOp, PatchVerb};
use crate::model::decision::outcome::{Happened, Outcome};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::turn::{Failure, Turn};

/// A node of `autodetect` whose site has `ramdisk` before `agent`.
fn auto(provision: Provision) -> Stage {
    let mut stage = Stage::at("autodetect", provision);
    let names = ["autodetect", "agent", "ramdisk", "plain"].map(str::to_owned).to_vec();
    let mut supported: std::collections::BTreeMap<_, _> =
        Interface::ALL.map(|interface| (interface, vec!["x".to_owned()])).into();
    supported.insert(Interface::Deploy, names);
    for interface in Interface::ALL {
        stage.catalog.implementations.entry((interface, "x".to_owned())).or_default();
    }
    stage.catalog.types.insert("d".to_owned(), HardwareType { supported, ..HardwareType::default() });
    let own = Implementation { uses_agent: true, ..Implementation::default() };
    stage.catalog.implementations.insert((Interface::Deploy, "autodetect".to_owned()), own);
    stage.catalog.autodetect = ["ramdisk", "agent"].map(str::to_owned).to_vec();
    stage
}

/// The deploy interface, and the one that it stands in for.
fn interface(stage: &Stage) -> (&str, Option<&str>) {
    (&stage.node.wished.interfaces.deploy, stage.node.original_deploy.as_deref())
}

const STANDS_IN: (&str, Option<&str>) = ("agent", Some("autodetect"));
const OWN: (&str, Option<&str>) = ("autodetect", None);

fn own_ramdisk() -> crate::model::Object {
    object(json!({"kernel": "file:///k", "ramdisk": "file:///r", "ironic_ramdisk_deploy": true}))
}

fn active() -> Stage {
    let mut stage = auto(Provision::Active);
    stage.node.wished.interfaces.deploy = "agent".to_owned();
    stage.node.original_deploy = Some("autodetect".to_owned());
    stage.node.boots = Boots::Disk;
    stage
}

#[test]
fn a_deployment_switches_by_its_instance_and_stays_switched() {
    let mut stage = auto(Provision::Available);
    stage.deploy(&[]).unwrap();
    assert_eq!(interface(&stage), STANDS_IN);
    assert!(stage.plan().contains(&"write_image"), "{:?}", stage.plan());
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[]));
    stage.turn(Turn::failed("no space"));
    stage.pay_all();
    assert_eq!((stage.state(), interface(&stage)), (Provision::DeployFail, STANDS_IN));
    stage.node.wished.instance_info = own_ramdisk();
    stage.deploy(&[]).unwrap();
    assert_eq!(interface(&stage), ("ramdisk", Some("autodetect")), "the next instance is looked at anew");
    stage.pay_all();
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Instance));
    assert_eq!(interface(&stage), ("ramdisk", Some("autodetect")));
}

#[test]
fn where_none_fits_a_deployment_is_refused_and_cleaning_fails_untouched() {
    let mut stage = auto(Provision::Available);
    stage.catalog.autodetect = vec!["conjured".to_owned()];
    let why = stage.deploy(&[]).unwrap_err();
    assert!(matches!(&why, Refusal::Invalid(why) if why.contains("finds none that fits")), "{why}");
    assert_eq!((stage.state(), interface(&stage)), (Provision::Available, OWN));
    stage.node.provision = Provision::Manageable;
    stage.verb("provide").unwrap();
    assert_eq!((stage.state(), interface(&stage), stage.owed.len()), (Provision::CleanFail, OWN, 0));
    assert!(stage.error().contains("before the machine was touched"), "{}", stage.error());
}

#[test]
fn tear_down_switches_and_the_cleaning_after_it_switches_back() {
    let mut stage = active();
    stage.node.wished.interfaces.deploy = "autodetect".to_owned();
    stage.node.original_deploy = None;
    stage.verb("deleted").unwrap();
    assert_eq!((stage.state(), interface(&stage)), (Provision::Deleting, STANDS_IN));
    stage.pay_well();
    assert_eq!((stage.state(), interface(&stage)), (Provision::Cleaning, STANDS_IN));
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[]));
    stage.turn(Turn::done());
    stage.turn(Turn::done());
    stage.pay_all();
    assert_eq!((stage.state(), interface(&stage)), (Provision::Available, OWN));
}

#[test]
fn a_failed_tear_down_leaves_what_stands_in() {
    let mut stage = active();
    stage.verb("deleted").unwrap();
    stage.pay(Outcome::Failed(Failure::silent("no answer")));
    assert_eq!((stage.state(), interface(&stage)), (Provision::Error, STANDS_IN));
}

#[test]
fn cleaning_that_is_skipped_switches_back() {
    let mut stage = active();
    stage.node.wished.automated_clean = Some(false);
    stage.verb("deleted").unwrap();
    stage.pay_all();
    assert_eq!((stage.state(), interface(&stage)), (Provision::Available, OWN));
}

#[test]
fn cleaning_that_fails_or_is_aborted_switches_back() {
    for is_aborted in [false, true] {
        let mut stage = auto(Provision::Manageable);
        stage.verb("provide").unwrap();
        assert_eq!(interface(&stage), STANDS_IN);
        stage.pay_all();
        if is_aborted {
            stage.verb("abort").unwrap();
        } else {
            stage.due();
        }
        assert_eq!((stage.state(), interface(&stage)), (Provision::CleanFail, OWN));
        stage.pay_all();
        assert_eq!(interface(&stage), OWN);
    }
}

#[test]
fn manual_cleaning_and_servicing_switch_there_and_back() {
    let mut stage = auto(Provision::Manageable);
    stage.manual("clean", &["burnin_cpu"]).unwrap();
    assert_eq!(interface(&stage), STANDS_IN);
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[("burnin_cpu", 0)]));
    stage.turn(Turn::done());
    stage.pay_all();
    assert_eq!((stage.state(), interface(&stage)), (Provision::Manageable, OWN));

    let mut stage = active();
    stage.manual("service", &["bios.factory_reset"]).unwrap();
    assert_eq!(interface(&stage), STANDS_IN);
    stage.turn(Turn::done());
    assert_eq!((stage.state(), interface(&stage)), (Provision::Active, OWN));
}

#[test]
fn an_instance_that_boots_itself_is_brought_back_when_servicing_is_given_up() {
    let mut stage = auto(Provision::Active);
    stage.node.wished.instance_info = own_ramdisk();
    stage.node.boots = Boots::Instance;
    stage.manual("service", &["burnin_cpu"]).unwrap();
    assert_eq!(interface(&stage), ("ramdisk", Some("autodetect")));
    stage.pay_all();
    stage.due();
    assert_eq!((stage.state(), interface(&stage)), (Provision::ServiceFail, OWN));
    stage.pay_all();
    stage.verb("abort").unwrap();
    assert_eq!(
        (stage.state(), stage.node.boots, interface(&stage)),
        (Provision::Active, Boots::Instance, OWN)
    );
}

#[test]
fn adoption_switches_and_a_failed_one_switches_back() {
    let mut stage = auto(Provision::Manageable);
    stage.node.wished.instance_info = own_ramdisk();
    stage.verb("adopt").unwrap();
    assert_eq!((stage.state(), stage.node.boots), (Provision::Active, Boots::Instance));
    assert_eq!(interface(&stage), ("ramdisk", Some("autodetect")));

    let mut stage = auto(Provision::AdoptFail);
    stage.node.original_deploy = Some("autodetect".to_owned());
    stage.node.wished.interfaces.deploy = "agent".to_owned();
    let adopt = crate::model::decision::ask::ProvisionAsk::new(crate::model::moves::Verb::Adopt, "adopt");
    stage.ask_seen(&Ask::Provision(adopt), &[silent()]).unwrap();
    assert_eq!((stage.state(), interface(&stage)), (Provision::AdoptFail, OWN));
}

#[test]
fn a_start_in_the_middle_changes_nothing() {
    let mut stage = auto(Provision::Manageable);
    stage.verb("provide").unwrap();
    stage.happen(&Happened::Opened);
    assert_eq!(interface(&stage), STANDS_IN);
    stage.pay_all();
    stage.happen(&Happened::Opened);
    stage.due();
    assert_eq!(interface(&stage), OWN);
}

#[test]
fn an_interface_that_a_person_names_is_not_taken_back() {
    let mut stage = active();
    stage.node.wished.maintenance = true;
    let op = PatchOp { op: PatchVerb::Replace, path: "/deploy_interface".to_owned(), value: json!("plain") };
    let ask = Ask::Patch(PatchAsk { operations: vec![op], reset_interfaces: false, version: 95 });
    stage.ask(&ask).unwrap();
    assert_eq!(interface(&stage), ("plain", None));
}

#[test]
fn servicing_that_begins_with_none_standing_in_switches_and_what_is_unprepared_switches_back() {
    let mut stage = auto(Provision::Active);
    stage.node.boots = Boots::Disk;
    stage.manual("service", &["bios.factory_reset"]).unwrap();
    assert_eq!(interface(&stage), STANDS_IN);
    stage.turn(Turn::done());
    assert_eq!((stage.state(), interface(&stage)), (Provision::Active, OWN));
    for (word, from, failed) in [
        ("clean", Provision::Manageable, Provision::CleanFail),
        ("service", Provision::Active, Provision::ServiceFail),
    ] {
        let mut stage = auto(from);
        stage.node.boots = Boots::Disk;
        stage.manual_as(word, &["conjure"], true).unwrap();
        assert_eq!((stage.state(), interface(&stage)), (failed, OWN), "{word}");
    }
}

#[test]
fn work_that_was_lost_switches_back_where_its_end_would_have() {
    for (state, after) in [
        (Provision::Cleaning, OWN),
        (Provision::CleanWait, OWN),
        (Provision::Servicing, OWN),
        (Provision::Deploying, STANDS_IN),
        (Provision::Deleting, STANDS_IN),
    ] {
        let mut stage = active();
        stage.node.provision = state;
        stage.node.target_provision = state.traits().target;
        stage.happen(&Happened::Opened);
        assert_ne!(stage.state(), state);
        assert_eq!(interface(&stage), after, "{state}");
    }
}
