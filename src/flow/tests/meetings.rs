//! The BMC that a discovered machine says is its own: what makes the node go on, and what makes it wait.

use std::sync::Arc;

use serde_json::json;

use super::stage::{Stage, object};
use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::bmc::power::Power;
use crate::model::bmc::{CredentialPrint, Fact};
use crate::model::boot::plan::Discovery;
use crate::model::catalog::{HardwareType, Implementation};
use crate::model::decision::ask::{Ask, PatchAsk, PatchOp, PatchVerb};
use crate::model::decision::effect::{Effect, Meeting, Purpose};
use crate::model::decision::outcome::{Happened, Outcome};
use crate::model::inspection::discovery::{BmcAccount, BmcKind, Discovered, Goal, Onward, Stage as Way};
use crate::model::inspection::identity::Identity;
use crate::model::inspection::reported::Reported;
use crate::model::inspection::told::Told;
use crate::model::interface::Interface;
use crate::model::provision::Provision;
use crate::model::turn::{Failure, FailureKind};

/// A node that has just been found; the site knows what its BMCs speak, or not.
fn found(kind: Option<BmcKind>) -> Stage {
    let mut stage = Stage::at("x", Provision::Enroll);
    stage.node.power = None;
    let all = Interface::ALL.into_iter();
    let hardware = HardwareType {
        supported: all.map(|interface| (interface, vec!["x".to_owned()])).collect(),
        ..HardwareType::default()
    };
    for name in ["d", "redfish", "ipmi", "idrac"] {
        stage.catalog.types.insert(name.to_owned(), hardware.clone());
    }
    for interface in Interface::ALL {
        stage.catalog.implementations.insert((interface, "x".to_owned()), Implementation::default());
    }
    let (username, password) = ("admin".to_owned(), Secret::new("hunter2"));
    let account = BmcAccount { kind, username, password, password_file: "/etc/bmc-password".into() };
    stage.policy.discovery.bmc = Some(account);
    let bmc = Some("10.1.0.9".parse().unwrap());
    let onward = Onward { goal: Goal::Available, bmc, speaks: kind, stage: Way::Found };
    stage.node.discovered = Some(Discovered { at: Moment(0), onward: Some(onward) });
    stage.node.identity.serial = Some("CZ3001".to_owned());
    stage.node.identity.bmc = vec!["10.1.0.9".parse().unwrap()];
    stage
}

fn asked(kind: Option<BmcKind>) -> Stage {
    let mut stage = found(kind);
    stage.ask(&Ask::Onward).unwrap();
    stage
}

fn met(serial: &str) -> Outcome {
    let serials = vec![serial.to_owned()];
    Outcome::Met(Arc::new(Reported { serials, power: Some(Power::On), ..Reported::default() }))
}

fn way(stage: &Stage) -> Option<Way> {
    stage.node.discovered.unwrap().onward.map(|onward| onward.stage)
}

/// It waits for a person, and nothing of the BMC is in its settings.
fn waits(stage: &mut Stage) -> String {
    assert_eq!((stage.state(), way(stage), stage.owed.len()), (Provision::Enroll, None, 0));
    assert!(stage.node.wished.driver_info.is_empty());
    stage.ask(&Ask::Onward).unwrap();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Enroll, 0), "it stays so");
    let error = stage.error().to_owned();
    assert!(error.contains("waits for a person") && error.contains("ferric node set n1"), "{error}");
    assert!(!format!("{:?} {error}", stage.journal).contains("hunter2"));
    error
}

#[test]
fn a_bmc_that_says_the_same_makes_the_node_sure() {
    let mut stage = asked(None);
    assert_eq!((way(&stage), stage.owed[0].purpose), (Some(Way::Asked), Purpose::Discover));
    assert!(stage.node.reserved);
    assert_eq!(stage.pay(Outcome::Speaks(BmcKind::Ipmi)), Effect::Meet(Meeting::Knock));
    assert!(stage.node.wished.driver_info.is_empty());
    assert_eq!(stage.pay(met("CZ3001")), Effect::Meet(Meeting::LogIn));
    assert_eq!((way(&stage), stage.node.wished.driver.as_str()), (Some(Way::Sure), "ipmi"));
    assert_eq!(stage.node.wished.driver_info["ipmi_address"], "10.1.0.9");
    stage.ask(&Ask::Onward).unwrap();
    assert_eq!(stage.state(), Provision::Verifying);
}

#[test]
fn the_maker_s_driver_is_chosen_unless_the_site_has_chosen() {
    for (kind, driver) in [(None, "idrac"), (Some(BmcKind::Redfish), "redfish")] {
        let mut stage = asked(kind);
        if kind.is_none() {
            stage.pay(Outcome::Speaks(BmcKind::Redfish));
        }
        let serials = vec!["CZ3001".to_owned()];
        let vendor = Some("dell inc.".to_owned());
        stage.pay(Outcome::Met(Arc::new(Reported { serials, vendor, ..Reported::default() })));
        assert_eq!((way(&stage), stage.node.wished.driver.as_str()), (Some(Way::Sure), driver));
    }
}

#[test]
fn another_machine_s_bmc_is_never_used() {
    let mut stage = asked(Some(BmcKind::Redfish));
    stage.pay(met("VICTIM1"));
    let error = waits(&mut stage);
    for word in ["CZ3001", "VICTIM1", "10.1.0.9", "redfish_address=ADDRESS"] {
        assert!(error.contains(word), "{word} in {error}");
    }
    assert!(stage.node.identity.bmc.is_empty(), "the one whose it is may come");
    stage.policy.discovery.what = Discovery::Enrol;
    let inventory = object(json!({
        "interfaces": [{"name": "eth0", "mac_address": "02:00:00:00:00:01", "ipv4_address": "192.0.2.7"}],
        "cpu": {"architecture": "x86_64"}, "bmc_address": "10.1.0.9",
    }));
    let (identity, macs) = (Identity::of(&inventory), vec![Mac([2, 0, 0, 0, 0, 1])]);
    let ports = vec![PortId(uuid::Uuid::from_u128(7))];
    let told = Told { inventory, macs, identity, ports, ..Told::default() };
    stage.ask(&Ask::Told(Arc::new(told))).unwrap();
    assert!(stage.node.identity.bmc.is_empty(), "and it does not claim it again");
    assert_eq!(stage.node.identity.serial.as_deref(), Some("CZ3001"), "what is not told again stays");
}

#[test]
fn what_cannot_be_compared_does_not_go_on() {
    let mut stage = asked(Some(BmcKind::Redfish));
    stage.pay(Outcome::Met(Arc::new(Reported::default())));
    let error = waits(&mut stage);
    assert!(error.contains("neither a serial number nor a system UUID"), "{error}");
    assert_eq!(stage.node.identity.bmc.len(), 1);
}

#[test]
fn a_bmc_that_refuses_or_is_silent_is_left_alone() {
    let mut stage = asked(Some(BmcKind::Redfish));
    stage.pay(Outcome::Failed(Failure::new(FailureKind::Account, "HTTP 401: no")));
    let error = waits(&mut stage);
    for word in
        ["10.1.0.9", "\"admin\"", "[discovery.bmc]", "/etc/bmc-password", "HTTP 401: no", "node delete n1"]
    {
        assert!(error.contains(word), "{word} in {error}");
    }
    let mut stage = asked(None);
    stage.pay(Outcome::Failed(Failure::silent("neither Redfish nor IPMI answers")));
    assert!(waits(&mut stage).contains("neither Redfish nor IPMI"));
}

#[test]
fn what_is_said_of_a_refused_account_stays_until_a_person_gives_another() {
    for outcome_first in [true, false] {
        let mut stage = asked(Some(BmcKind::Redfish));
        let print = CredentialPrint("p".to_owned());
        let fact = Happened::Learnt(Fact::LoginRefused { print, why: "HTTP 401: no".to_owned() });
        if !outcome_first {
            stage.happen(&fact);
        }
        stage.pay(Outcome::Failed(Failure::new(FailureKind::Account, "HTTP 401: no")));
        stage.happen(&fact);
        let error = waits(&mut stage);
        assert!(error.contains("[discovery.bmc]"), "{error}");
        stage.ask(&Ask::Maintenance { on: false, reason: None }).unwrap();
        assert_eq!(stage.error(), error, "nothing that helps is done by this");
        assert!(stage.node.bmc.refused.is_some());
        let value = json!("other");
        let path = "/driver_info/redfish_password".to_owned();
        let operations = vec![PatchOp { op: PatchVerb::Add, path, value }];
        let lifts = stage.node.bmc.lifts;
        let other = PatchAsk { operations, reset_interfaces: false, version: 115 };
        stage.ask(&Ask::Patch(other)).unwrap();
        assert_eq!((stage.node.bmc.refused.is_none(), stage.node.bmc.lifts), (true, lifts + 1));
    }
}

#[test]
fn a_log_in_that_a_restart_cut_off_is_not_made_again() {
    let mut stage = asked(Some(BmcKind::Redfish));
    stage.happen(&Happened::Opened);
    let error = waits(&mut stage);
    assert!(error.contains("the daemon stopped while it was being done"), "{error}");
    let mut stage = asked(None);
    stage.happen(&Happened::Opened);
    assert_eq!(stage.owed[0].effect, Effect::Meet(Meeting::Knock), "a knock shows nothing: it is made again");
}

#[test]
fn a_protocol_that_is_not_enabled_is_named() {
    let mut stage = asked(None);
    stage.catalog.types.remove("ipmi");
    stage.pay(Outcome::Speaks(BmcKind::Ipmi));
    assert!(waits(&mut stage).contains("hardware.enabled"));
}
