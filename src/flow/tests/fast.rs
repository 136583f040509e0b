//! Fast track: the agent stays after cleaning, and the next work begins without a boot.

use serde_json::json;

use super::stage::{Stage, in_band};
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::Boots;
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::Seen;
use crate::model::provision::Provision;
use crate::model::turn::Turn;

/// Cleaned, with its agent still there.
fn cleaned() -> Stage {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.node.wished.driver_info.insert("fast_track".to_owned(), json!(true));
    stage.verb("provide").unwrap();
    assert!(!stage.owed.is_empty(), "no agent is there yet: it is booted");
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[]));
    stage.turn(Turn::done());
    stage.turn(Turn::done());
    stage
}

#[test]
fn the_agent_stays_after_cleaning_and_is_heard() {
    let mut stage = cleaned();
    assert_eq!((stage.state(), stage.owed.len()), (Provision::Available, 0), "nothing is switched off");
    assert_eq!((stage.node.power, stage.node.boots), (Some(Power::On), Boots::Ramdisk));
    stage.pass(200);
    stage.beat();
    assert!(stage.node.agent.as_ref().is_some_and(|agent| agent.url.is_some()));
    stage.pass(200);
    stage.deploy(&[]).unwrap();
    assert_eq!((stage.owed.len(), stage.see(Seen::Alive(true))), (0, Look::AgentAlive));
    assert_eq!(stage.step(), "fetch_steps", "it is not booted");
    stage.see(in_band(&[]));
    assert_eq!(stage.step(), "write_image");
}

#[test]
fn an_agent_that_is_silent_or_gone_is_booted_anew() {
    let off = Effect::Power { wish: PowerWish::Off, limit: 60 };
    let mut late = cleaned();
    late.pass(301);
    late.deploy(&[]).unwrap();
    assert_eq!(late.owed.first().map(|owed| &owed.effect), Some(&off), "its last heartbeat is too old");
    let mut gone = cleaned();
    gone.deploy(&[]).unwrap();
    gone.see(Seen::Alive(false));
    assert_eq!(gone.owed.first().map(|owed| &owed.effect), Some(&off));
    assert!(gone.node.agent.is_none());
    let mut down = cleaned();
    down.node.power = Some(Power::Off);
    down.deploy(&[]).unwrap();
    assert_eq!(down.owed.first().map(|owed| &owed.effect), Some(&off));
    let mut ill = cleaned();
    ill.node.last_error = Some("its fan stands still".to_owned());
    ill.deploy(&[]).unwrap();
    assert_eq!(ill.owed.first().map(|owed| &owed.effect), Some(&off), "it was not well");
}

#[test]
fn the_sites_word_counts_where_the_node_has_none() {
    let mut stage = cleaned();
    stage.node.wished.driver_info.clear();
    stage.deploy(&[]).unwrap();
    assert!(!stage.owed.is_empty(), "the site wants none");
    let mut stage = cleaned();
    stage.node.wished.driver_info.clear();
    stage.policy.fast_track = true;
    stage.deploy(&[]).unwrap();
    assert_eq!(stage.looks, [Look::AgentAlive]);
}

#[test]
fn a_failed_cleaning_keeps_nobody() {
    let mut stage = Stage::at("agent", Provision::Manageable);
    stage.policy.fast_track = true;
    stage.verb("provide").unwrap();
    stage.pay_all();
    stage.agent_comes();
    stage.see(in_band(&[]));
    stage.turn(Turn::failed("no"));
    stage.pay_all();
    assert_eq!((stage.state(), stage.node.agent.is_none()), (Provision::CleanFail, true));
}
