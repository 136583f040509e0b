//! Parents and children: whose power hangs on whose, and who may stand below whom.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::flow::relatives::check;
use crate::flow::tests::stage::around::Neighbours;
use crate::flow::tests::stage::{Stage, object};
use crate::model::bmc::power::{Power, PowerTarget, PowerWish};
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::Effect;
use crate::model::decision::outcome::{Happened, Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::node::{Node, Wished};
use crate::model::provision::Provision;
use crate::model::turn::Failure;

fn id(number: u128) -> NodeId {
    NodeId(Uuid::from_u128(number))
}

fn node(number: u128, parent: Option<u128>, power: Option<Power>) -> Node {
    let wished = Wished { parent_node: parent.map(id), ..Wished::default() };
    Node { power, ..Node::new(id(number), wished, Moment(0)) }
}

fn with(stage: &mut Stage, node: Node) {
    stage.around.nodes.insert(node.id, Arc::new(node));
}

/// A managed node, which is node 1, with this power.
fn managed(power: Power) -> Stage {
    let mut stage = Stage::at("plain", Provision::Manageable);
    stage.node.power = Some(power);
    stage
}

fn owed(stage: &Stage) -> Vec<Effect> {
    stage.owed.iter().map(|owed| owed.effect.clone()).collect()
}

#[test]
fn a_card_comes_on_after_its_server() {
    // A record may be old, so that the server is looked at in any case.
    for power in [Some(Power::Off), None, Some(Power::On)] {
        let mut stage = managed(Power::Off);
        stage.node.wished.parent_node = Some(id(9));
        with(&mut stage, node(9, None, power));
        stage.power_ask(PowerTarget::On).unwrap();
        let effects = owed(&stage);
        assert_eq!(effects.first(), Some(&Effect::Relative { node: id(9), on: true }), "{power:?}");
        assert!(matches!(effects.last(), Some(Effect::Power { wish: PowerWish::On, .. })));
        stage.pay(Outcome::Done);
        assert_eq!(stage.node.target_power, Some(Power::On), "its own power is still owed");
    }
}

#[test]
fn a_supply_of_its_own_needs_no_server() {
    for (said, apart) in [
        (json!(true), true),
        (json!("True"), true),
        (json!(false), false),
        (json!("no"), false),
        (json!(7), false),
    ] {
        let mut stage = managed(Power::Off);
        stage.node.wished.parent_node = Some(id(9));
        stage.node.wished.driver_info = object(json!({"has_dedicated_power_supply": said}));
        with(&mut stage, node(9, None, Some(Power::Off)));
        stage.power_ask(PowerTarget::On).unwrap();
        assert_eq!(stage.owed.len() == 1, apart, "{said}");
    }
}

#[test]
fn cards_go_off_before_their_server() {
    let mut stage = managed(Power::On);
    let mut apart = node(12, Some(1), Some(Power::On));
    apart.wished.driver_info = object(json!({"has_dedicated_power_supply": true}));
    for one in [
        node(10, Some(1), Some(Power::On)),
        node(11, Some(1), Some(Power::Off)),
        apart,
        node(13, Some(1), None),
        node(14, Some(10), Some(Power::On)),
    ] {
        with(&mut stage, one);
    }
    stage.power_ask(PowerTarget::Off).unwrap();
    let off = |number| Effect::Relative { node: id(number), on: false };
    let effects = owed(&stage);
    assert_eq!(
        effects[..3],
        [off(10), off(11), off(13)],
        "not the one with its own supply or another parent"
    );
    assert!(matches!(effects[3], Effect::Power { wish: PowerWish::Off, .. }) && effects.len() == 4);
}

#[test]
fn a_restart_leaves_cards_as_they_are() {
    let mut stage = managed(Power::On);
    with(&mut stage, node(10, Some(1), Some(Power::On)));
    stage.power_ask(PowerTarget::Reboot).unwrap();
    assert!(owed(&stage).iter().all(|effect| matches!(effect, Effect::Power { .. })));
}

#[test]
fn a_server_whose_card_stays_on_is_not_switched_off() {
    let mut stage = managed(Power::On);
    with(&mut stage, node(10, Some(1), Some(Power::On)));
    stage.power_ask(PowerTarget::Off).unwrap();
    stage.pay(Outcome::Failed(Failure::step("node is locked by host x")));
    assert_eq!((stage.owed.len(), stage.node.target_power, stage.node.power), (0, None, Some(Power::On)));
    assert!(
        stage.error().contains("power off child") && stage.error().contains("locked"),
        "{}",
        stage.error()
    );
}

#[test]
fn power_sync_minds_the_server_too() {
    let mut stage = managed(Power::On);
    stage.node.wished.parent_node = Some(id(9));
    with(&mut stage, node(9, None, Some(Power::Off)));
    for _ in 0..2 {
        stage.happen(&Happened::SyncDue);
        stage.see(Seen::Power(Power::Off));
    }
    let effects = owed(&stage);
    assert_eq!(effects.first(), Some(&Effect::Relative { node: id(9), on: true }), "{effects:?}");
    assert!(matches!(effects.last(), Some(Effect::Power { wish: PowerWish::On, .. })));
}

#[test]
fn nobody_stands_below_itself() {
    let mut around = Neighbours::default();
    for one in [node(2, Some(1), None), node(3, Some(2), None), node(4, None, None)] {
        around.nodes.insert(one.id, Arc::new(one));
    }
    around.nodes.insert(id(1), Arc::new(node(1, None, None)));
    for parent in [1, 2, 3, 99] {
        assert!(matches!(check(&around, id(1), id(parent)), Err(Refusal::Invalid(_))), "{parent}");
    }
    assert_eq!(check(&around, id(1), id(4)), Ok(()));
    for number in 5..40 {
        around.nodes.insert(id(number), Arc::new(node(number, Some(number - 1), None)));
    }
    assert!(check(&around, id(1), id(39)).is_err(), "too many generations");
}

#[test]
fn a_node_with_children_is_not_deleted() {
    let mut stage = managed(Power::Off);
    with(&mut stage, node(10, Some(1), None));
    assert!(matches!(stage.ask(&Ask::Delete), Err(Refusal::Conflict(_))));
}
