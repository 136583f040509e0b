//! Heartbeats: whose are taken, and what they set off.

use serde_json::json;

use super::pipelines::deploying;
use super::stage::{Stage, object};
use crate::base::secret::Secret;
use crate::flow::beat::check;
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::Happened;
use crate::model::provision::Provision;
use crate::model::turn::Turn;

fn working() -> Stage {
    let mut stage = deploying();
    stage.turn(Turn::Agent { memo: object(json!({"command": "1"})) });
    stage
}

#[test]
fn a_beat_looks_at_the_step_and_renews_the_wait() {
    let mut stage = working();
    let (wait, entries) = (stage.node.wait.clone().unwrap(), stage.journal.len());
    stage.beat();
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
    assert!(stage.node.wait.as_ref().unwrap().number > wait.number);
    assert_eq!(stage.journal.len(), entries, "beats are not journaled");
    assert!(stage.node.agent.as_ref().unwrap().last_heartbeat.is_some());
}

#[test]
fn a_beat_of_another_boot_changes_nothing() {
    let mut stage = working();
    let good = stage.good_beat();
    let bad = [
        ("token", crate::model::boot::Beat { token: Secret::new("token-0"), ..good.clone() }),
        (
            "callback_url",
            crate::model::boot::Beat { url: "https://192.0.2.9:9999".to_owned(), ..good.clone() },
        ),
        ("agent_verify_ca", crate::model::boot::Beat { verify_ca: None, ..good.clone() }),
    ];
    for (what, beat) in bad {
        let before = stage.node.clone();
        assert!(check(&stage.node, &beat).unwrap_err().contains(what), "{what}");
        stage.happen(&Happened::Beat(beat));
        assert_eq!(stage.node, before, "{what}");
    }
    check(&stage.node, &good).unwrap();
}

#[test]
fn a_beat_without_an_identity_must_look_up_first() {
    let stage = Stage::at("agent", Provision::DeployWait);
    assert!(check(&stage.node, &stage.good_beat()).unwrap_err().contains("look up the node"));
}

#[test]
fn a_beat_in_the_middle_of_work_is_only_recorded() {
    let mut stage = deploying();
    stage.turn(Turn::Act { memo: object(json!({})) });
    stage.beat();
    assert_eq!((stage.looks.len(), stage.owed.len()), (0, 1));
    stage.pay_well();
    stage.turn(Turn::Hold);
    stage.beat();
    assert_eq!((stage.state(), stage.looks.len()), (Provision::DeployHold, 0));
}

#[test]
fn in_maintenance_a_beat_is_only_recorded() {
    let mut stage = working();
    stage.node.wished.maintenance = true;
    stage.beat();
    assert_eq!((stage.looks.len(), stage.state()), (0, Provision::DeployWait));
    assert!(stage.node.agent.as_ref().unwrap().last_heartbeat.is_some());
    stage.node.wished.maintenance = false;
    stage.beat();
    assert_eq!(stage.looks, [Look::Step { cursor: 2 }]);
}

#[test]
fn a_site_without_work_in_maintenance_ends_it_with_the_next_beat() {
    let mut stage = working();
    stage.policy.allow_provisioning_in_maintenance = false;
    stage.node.wished.maintenance = true;
    stage.beat();
    assert_eq!(stage.state(), Provision::DeployFail);
    assert!(stage.error().contains("allow_provisioning_in_maintenance"), "{}", stage.error());
}
