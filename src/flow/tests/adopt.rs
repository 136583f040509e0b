//! Adoption: a machine in use becomes an active node, and nothing is done to it.

use super::stage::{Stage, silent};
use crate::model::boot::Boots;
use crate::model::decision::ask::{Ask, ProvisionAsk};
use crate::model::decision::outcome::{Seen, Verdict};
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::provision::Provision;

fn adopt() -> Ask {
    Ask::Provision(ProvisionAsk::new(Verb::Adopt, "adopt"))
}

fn verdict(interface: Interface, reason: Option<&str>) -> Seen {
    Seen::Valid(vec![Verdict { interface, reason: reason.map(str::to_owned) }])
}

#[test]
fn a_good_node_is_active_at_once_and_untouched() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    let power = stage.node.power;
    stage.ask_seen(&adopt(), &[verdict(Interface::Boot, None)]).unwrap();
    assert_eq!((stage.state(), stage.node.target_provision), (Provision::Active, None));
    assert_eq!((stage.owed.len(), stage.node.changes, stage.node.power), (0, 0, power));
    assert_eq!((stage.node.boots, stage.error()), (Boots::Disk, ""));
    let moves: Vec<_> = stage
        .journal
        .iter()
        .filter(|event| event.event == "provision")
        .map(|event| event.text.as_str())
        .collect();
    assert_eq!(moves, ["manageable -> adopting", "adopting -> active"]);
}

#[test]
fn a_node_that_could_not_boot_again_is_not_adopted() {
    for seen in [verdict(Interface::Boot, Some("missing image_source")), silent()] {
        let mut stage = Stage::at("agent", Provision::Manageable);
        stage.ask_seen(&adopt(), &[seen]).unwrap();
        assert_eq!((stage.state(), stage.owed.len()), (Provision::AdoptFail, 0));
        assert!(stage.error().starts_with("adoption of node n1 failed"), "{}", stage.error());
        assert!(stage.error().contains("adopt it again"), "{}", stage.error());
        assert!(!stage.node.wished.maintenance);
        let mut again = stage;
        again.ask_seen(&adopt(), &[verdict(Interface::Boot, None)]).unwrap();
        assert_eq!((again.state(), again.error()), (Provision::Active, ""));
    }
    let mut stage = Stage::at("agent", Provision::AdoptFail);
    stage.node.last_error = Some("old".to_owned());
    stage.verb("manage").unwrap();
    assert_eq!((stage.state(), stage.error()), (Provision::Manageable, ""));
}

#[test]
fn settings_of_an_image_matter_where_something_boots_it() {
    let seen = verdict(Interface::Deploy, Some("missing image_source"));
    for (boot, state) in [("x", Provision::Active), ("network", Provision::AdoptFail)] {
        let mut stage = Stage::at("agent", Provision::Manageable);
        stage.node.wished.interfaces.boot = boot.to_owned();
        stage.ask_seen(&adopt(), std::slice::from_ref(&seen)).unwrap();
        assert_eq!(stage.state(), state, "{boot}");
    }
}

#[test]
fn what_boots_its_own_ramdisk_goes_on_to_be_served() {
    let mut stage = Stage::at("ramdisk", Provision::Manageable);
    stage.verb("adopt").unwrap();
    assert_eq!((stage.node.boots, stage.node.boot_token.is_some()), (Boots::Instance, true));
}
