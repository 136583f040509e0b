//! Volumes: what may change in which state, and what tear down leaves.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::flow::tests::stage::{Stage, object};
use crate::model::bmc::power::Power;
use crate::model::decision::ask::{Answer, Ask, PatchOp, PatchVerb};
use crate::model::decision::refusal::Refusal;
use crate::model::node::{Node, Wished as NodeWished};
use crate::model::provision::Provision;
use crate::model::volume::{Connector, Target, VolumeAsk, VolumeKind, VolumeRow, Wished};

const ID: Uuid = Uuid::from_u128(7);
const BOTH: [VolumeKind; 2] = [VolumeKind::Connector, VolumeKind::Target];

fn connector() -> VolumeRow {
    let body = json!({"node_uuid": NodeId(Uuid::nil()), "type": "iqn", "connector_id": "a"});
    VolumeRow::Connector(Arc::new(Connector::draft(object(body), NodeId(Uuid::nil()), ID).unwrap()))
}

fn target(index: i64) -> VolumeRow {
    let body = json!({"node_uuid": NodeId(Uuid::nil()), "volume_type": "iscsi", "volume_id": "v", "boot_index": index});
    let id = Uuid::from_u128(7 + u128::try_from(index).unwrap());
    VolumeRow::Target(Arc::new(Target::draft(object(body), NodeId(Uuid::nil()), id).unwrap()))
}

fn create(stage: &mut Stage, row: VolumeRow) -> Result<Answer, Refusal> {
    stage.ask(&Ask::Volume(VolumeAsk::Create(row)))
}

fn replace(path: &str, value: serde_json::Value) -> Vec<PatchOp> {
    vec![PatchOp { op: PatchVerb::Replace, path: path.to_owned(), value }]
}

fn patch(stage: &mut Stage, kind: VolumeKind, patch: Vec<PatchOp>) -> Result<Answer, Refusal> {
    stage.ask(&Ask::Volume(VolumeAsk::Patch { kind, id: ID, patch }))
}

fn delete(stage: &mut Stage, kind: VolumeKind) -> Result<Answer, Refusal> {
    stage.ask(&Ask::Volume(VolumeAsk::Delete { kind, id: ID }))
}

/// A node in this state with a connector or a target.
fn with(kind: VolumeKind, provision: Provision, power: Option<Power>) -> Stage {
    let mut stage = Stage::at("plain", provision);
    stage.node.target_provision = None;
    stage.node.power = power;
    create(&mut stage, if kind == VolumeKind::Connector { connector() } else { target(0) }).unwrap();
    stage
}

#[test]
fn a_new_one_is_its_nodes_in_any_state() {
    for (kind, power) in [(VolumeKind::Connector, Some(Power::On)), (VolumeKind::Target, None)] {
        let stage = with(kind, Provision::Active, power);
        let node = match &stage.around.volumes[0] {
            VolumeRow::Connector(one) => (one.node, one.created_at),
            VolumeRow::Target(one) => (one.node, one.created_at),
        };
        assert_eq!(node.0, stage.node.id);
        assert!(node.1.0 > 0, "the lane gives it its moment");
        assert!(stage.journal.iter().any(|event| event.text.contains("is created")));
    }
}

#[test]
fn it_changes_while_its_node_is_off_only() {
    for kind in BOTH {
        for power in [Some(Power::On), Some(Power::Error), None] {
            let mut stage = with(kind, Provision::Manageable, power);
            let before = stage.around.volumes.clone();
            let refused = patch(&mut stage, kind, replace("/extra", json!({"a": 1})));
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{power:?}");
            assert!(matches!(patch(&mut stage, kind, Vec::new()), Err(Refusal::Invalid(_))));
            assert_eq!(stage.around.volumes, before);
        }
        let mut stage = with(kind, Provision::Active, Some(Power::Off));
        let answer = patch(&mut stage, kind, replace("/extra", json!({"a": 1}))).unwrap();
        assert_eq!(answer, Answer::Volume(stage.around.volumes[0].clone()));
        let updated = match &stage.around.volumes[0] {
            VolumeRow::Connector(one) => (one.updated_at, one.wished.extra.clone()),
            VolumeRow::Target(one) => (one.updated_at, one.wished.extra.clone()),
        };
        assert!(updated.0.is_some());
        assert_eq!(updated.1, object(json!({"a": 1})));
    }
}

#[test]
fn a_patch_of_nothing_writes_nothing() {
    let mut stage = with(VolumeKind::Target, Provision::Active, Some(Power::Off));
    let (before, notes) = (stage.around.volumes.clone(), stage.journal.len());
    patch(&mut stage, VolumeKind::Target, Vec::new()).unwrap();
    assert_eq!((stage.around.volumes, stage.journal.len()), (before, notes));
}

#[test]
fn it_is_deleted_where_the_node_could_be_or_is_off() {
    for kind in BOTH {
        for (provision, power, goes) in [
            (Provision::Manageable, Some(Power::On), true),
            (Provision::Enroll, None, true),
            (Provision::AdoptFail, Some(Power::On), true),
            (Provision::Available, Some(Power::On), false),
            (Provision::Available, None, false),
            (Provision::Active, Some(Power::On), false),
            (Provision::Active, Some(Power::Off), true),
        ] {
            let mut stage = with(kind, provision, power);
            let answer = delete(&mut stage, kind);
            assert_eq!(answer.is_ok(), goes, "{provision} {power:?}");
            assert_eq!(stage.around.volumes.is_empty(), goes);
        }
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    for (kind, other) in [(BOTH[0], BOTH[1]), (BOTH[1], BOTH[0])] {
        let mut stage = with(kind, Provision::Manageable, Some(Power::Off));
        for answer in [patch(&mut stage, other, Vec::new()), delete(&mut stage, other)] {
            assert!(matches!(answer, Err(Refusal::NotFound(_))));
        }
    }
}

#[test]
fn it_moves_to_a_node_that_is_off_too() {
    let other = NodeId(Uuid::from_u128(9));
    let moved = || replace("/node_uuid", json!(other));
    let mut stage = with(VolumeKind::Target, Provision::Manageable, Some(Power::Off));
    assert!(matches!(patch(&mut stage, VolumeKind::Target, moved()), Err(Refusal::Invalid(_))));
    let mut neighbour = Node::new(other, NodeWished::default(), crate::base::moment::Moment(0));
    for (power, goes) in [(Some(Power::On), false), (None, false), (Some(Power::Off), true)] {
        neighbour.power = power;
        stage.around.nodes.insert(other, Arc::new(neighbour.clone()));
        assert_eq!(patch(&mut stage, VolumeKind::Target, moved()).is_ok(), goes, "{power:?}");
    }
    let VolumeRow::Target(one) = &stage.around.volumes[0] else { panic!("a target") };
    assert_eq!(one.node, other);
    assert!(matches!(delete(&mut stage, VolumeKind::Target), Err(Refusal::NotFound(_))));
}

#[test]
fn a_node_has_so_many_and_no_more() {
    let mut stage = Stage::new("plain");
    for index in 0..128 {
        create(&mut stage, target(index)).unwrap();
    }
    assert!(matches!(create(&mut stage, target(128)), Err(Refusal::Invalid(_))));
    assert!(create(&mut stage, connector()).is_ok(), "connectors are counted apart");
}

#[test]
fn tear_down_takes_the_targets_and_leaves_the_connectors() {
    let mut stage = with(VolumeKind::Connector, Provision::Active, Some(Power::On));
    for index in 1..4 {
        create(&mut stage, target(index)).unwrap();
    }
    stage.policy.automated_clean = false;
    stage.verb("deleted").unwrap();
    stage.pay_all();
    assert_eq!(stage.state(), Provision::Available);
    assert_eq!(stage.around.volumes.len(), 1, "{:?}", stage.around.volumes);
    assert!(matches!(stage.around.volumes[0], VolumeRow::Connector(_)));
}

#[test]
fn kinds_are_told_apart() {
    assert_eq!(crate::model::volume::connector::ConnectorWished::of(target(0)), None);
    assert_eq!(crate::model::volume::target::TargetWished::of(connector()), None);
}
