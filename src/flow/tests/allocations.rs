//! Allocations: who fits, who is chosen, what the node says, and what ends it.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::Stage;
use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::flow::allocation::{Passed, Search, Unfit, fits};
use crate::model::allocation::draft::Draft;
use crate::model::allocation::pool::{Pool, place};
use crate::model::allocation::{Allocation, Held, Tenancy};
use crate::model::bmc::power::Power;
use crate::model::catalog::HardwareType;
use crate::model::decision::ask::{Ask, PatchAsk, PatchOp, PatchVerb};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::node::{Node, Wished};
use crate::model::provision::Provision;

/// A pool without an index.
#[derive(Debug, Default)]
struct Nodes {
    nodes: Vec<Arc<Node>>,
    asked_for: BTreeSet<NodeId>,
}

impl Pool for Nodes {
    fn get(&self, id: NodeId) -> Option<&Arc<Node>> {
        self.nodes.iter().find(|node| node.id == id)
    }

    fn named(&self, name: &str) -> Option<&Arc<Node>> {
        self.nodes.iter().find(|node| node.wished.name.as_deref() == Some(name))
    }

    fn free<'a>(&'a self, class: &str, seed: u64) -> Box<dyn Iterator<Item = &'a Arc<Node>> + 'a> {
        let class = class.to_owned();
        let mut free: Vec<_> =
            self.nodes.iter().filter(move |node| node.free_class() == Some(class.as_str())).collect();
        free.sort_by_key(|node| place(node.id).wrapping_sub(seed));
        Box::new(free.into_iter())
    }

    fn all<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Arc<Node>> + 'a> {
        Box::new(self.nodes.iter())
    }

    fn is_asked_for(&self, node: NodeId, _: Uuid) -> bool {
        self.asked_for.contains(&node)
    }
}

fn id(n: u128) -> NodeId {
    NodeId(Uuid::from_u128(n))
}

/// A node that does for [`allocation`].
fn free(n: u128) -> Node {
    let wished =
        Wished { name: Some(format!("n{n}")), resource_class: Some("big".to_owned()), ..Wished::default() };
    let mut node = Node::new(id(n), wished, Moment(0));
    (node.provision, node.power) = (Provision::Available, Some(Power::Off));
    node
}

fn allocation(members: &Value) -> Allocation {
    let mut body = json!({"resource_class": "big"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let draft = Draft::read(body.as_object().unwrap().clone()).unwrap();
    let candidates = draft.candidates.iter().map(|text| text.parse().unwrap()).collect();
    draft.finish(None, candidates, Uuid::from_u128(77))
}

fn next(nodes: &Nodes, allocation: &Allocation, seed: u64) -> Result<NodeId, String> {
    let passed = Passed::new();
    Search { allocation, pool: nodes, passed: &passed, seed }.choose()
}

fn pool(nodes: Vec<Node>) -> Nodes {
    Nodes { nodes: nodes.into_iter().map(Arc::new).collect(), asked_for: BTreeSet::new() }
}

#[test]
fn a_node_that_does_not_fit_says_why() {
    let plain = allocation(&json!({}));
    assert_eq!(fits(&free(1), &plain), Ok(()));
    let unfit = |change: fn(&mut Node)| {
        let mut node = free(1);
        change(&mut node);
        (fits(&node, &plain).unwrap_err(), node.free_class().is_some())
    };
    let other = Uuid::from_u128(9);
    assert_eq!(unfit(|node| node.wished.resource_class = None), (Unfit::OtherClass, false));
    assert_eq!(
        unfit(|node| node.wished.resource_class = Some("small".to_owned())),
        (Unfit::OtherClass, true)
    );
    assert_eq!(
        unfit(|node| node.provision = Provision::Manageable),
        (Unfit::State(Provision::Manageable), false)
    );
    assert_eq!(
        unfit(|node| node.wished.instance_uuid = Some(Uuid::from_u128(9))),
        (Unfit::Instance(other), false)
    );
    assert_eq!(unfit(|node| node.power = None), (Unfit::UnknownPower, false));
    assert_eq!(unfit(|node| node.wished.maintenance = true), (Unfit::Maintenance, false));
    let wants = allocation(&json!({"traits": ["CUSTOM_A", "CUSTOM_B"]}));
    let mut node = free(1);
    node.traits = vec!["CUSTOM_B".to_owned(), "CUSTOM_C".to_owned()];
    assert_eq!(fits(&node, &wants), Err(Unfit::Traits(vec!["CUSTOM_A".to_owned()])));
    node.traits.push("CUSTOM_A".to_owned());
    assert_eq!(fits(&node, &wants), Ok(()));
    assert_eq!(
        fits(&node, &allocation(&json!({"candidate_nodes": [id(2).to_string()]}))),
        Err(Unfit::NoCandidate)
    );
}

#[test]
fn an_owner_gets_what_it_owns_or_has_leased() {
    let owned = allocation(&json!({"owner": "p"}));
    let mut node = free(1);
    assert_eq!(fits(&node, &owned), Err(Unfit::OtherOwner));
    node.wished.owner = Some("q".to_owned());
    assert_eq!(fits(&node, &owned), Err(Unfit::OtherOwner));
    assert_eq!(fits(&node, &allocation(&json!({}))), Ok(()), "without an owner every node does");
    node.wished.lessee = Some("p".to_owned());
    assert_eq!(fits(&node, &owned), Ok(()));
    (node.wished.owner, node.wished.lessee) = (Some("p".to_owned()), None);
    assert_eq!(fits(&node, &owned), Ok(()));
}

#[test]
fn each_free_node_is_chosen_by_some_seed() {
    let nodes = pool((1..=5).map(free).collect());
    let chosen: BTreeSet<_> = (0..200_u64)
        .map(|turn| next(&nodes, &allocation(&json!({})), turn.wrapping_mul(u64::MAX / 199)).unwrap())
        .collect();
    assert_eq!(chosen.len(), 5);
}

#[test]
fn a_namesake_goes_first_and_only_if_it_fits() {
    let mut nodes: Vec<_> = (1..=5).map(free).collect();
    let wants = allocation(&json!({"name": "n4"}));
    for seed in [0, u64::MAX / 2, u64::MAX] {
        assert_eq!(next(&pool(nodes.clone()), &wants, seed), Ok(id(4)));
    }
    nodes[3].wished.maintenance = true;
    assert_ne!(next(&pool(nodes.clone()), &wants, 0), Ok(id(4)));
    let listed = allocation(&json!({"name": "n1", "candidate_nodes": [id(2).to_string()]}));
    assert_eq!(next(&pool(nodes), &listed, 0), Ok(id(2)));
}

#[test]
fn only_candidates_are_chosen_and_those_asked_for_are_not() {
    let mut nodes = pool((1..=5).map(free).collect());
    let listed = allocation(&json!({"candidate_nodes": [id(2).to_string(), id(3).to_string()]}));
    let chosen: BTreeSet<_> = (0..20).map(|seed| next(&nodes, &listed, seed).unwrap()).collect();
    assert_eq!(chosen, BTreeSet::from([id(2), id(3)]));
    nodes.asked_for.insert(id(2));
    assert_eq!(next(&nodes, &listed, 0), Ok(id(3)));
    nodes.asked_for.insert(id(3));
    let why = next(&nodes, &listed, 0).unwrap_err();
    assert!(why.contains("node n2 is being allocated to another; node n3"), "{why}");
}

#[test]
fn last_error_says_what_keeps_the_nodes() {
    let mut nodes: Vec<_> = (1..=4).map(free).collect();
    nodes[0].wished.maintenance = true;
    nodes[1].provision = Provision::Active;
    nodes[2].provision = Provision::Cleaning;
    nodes[3].power = None;
    let head = "Failed to process allocation 00000000-0000-0000-0000-00000000004d: ";
    let told = |nodes: &[Node], members| {
        let why = next(&pool(nodes.to_vec()), &allocation(&members), 0).unwrap_err();
        why.strip_prefix(head).unwrap().to_owned()
    };
    assert_eq!(
        told(&nodes, json!({})),
        "no available nodes match the resource class big: of 4 nodes that have it 1 in maintenance, 2 not \
         available, 1 of unknown power."
    );
    assert_eq!(
        told(&[], json!({"resource_class": "tiny"})),
        "no available nodes match the resource class tiny: no node has it."
    );
    assert_eq!(
        told(&nodes, json!({"candidate_nodes": [id(1).to_string(), id(2).to_string()]})),
        "none of the requested nodes are available and match the resource class big: node n1 is in maintenance; \
         node n2 is active, not available."
    );
    nodes.push(free(5));
    assert_eq!(
        told(&nodes, json!({"traits": ["CUSTOM_A"]})),
        "no suitable nodes have the requested traits CUSTOM_A: of 5 nodes that have it 1 in maintenance, 2 not \
         available, 1 of unknown power, 1 without the traits."
    );
    let (pool, wants) = (pool(vec![free(1)]), allocation(&json!({})));
    let locked = Refusal::Locked { node: id(1), host: "rack0".to_owned() };
    let passed = Passed::from([(id(1), locked)]);
    let why = Search { allocation: &wants, pool: &pool, passed: &passed, seed: 0 }.choose().unwrap_err();
    assert!(why.contains("could not reserve any of 1 suitable nodes: node 0000"), "{why}");
}

fn stage() -> Stage {
    let mut stage = Stage::at("plain", Provision::Available);
    stage.node.target_provision = None;
    stage.node.wished.resource_class = Some("big".to_owned());
    let mut driver = HardwareType::default();
    for interface in Interface::ALL {
        let name = stage.node.wished.interfaces.of(interface).to_owned();
        driver.supported.insert(interface, vec![name.clone()]);
        stage.catalog.implementations.entry((interface, name)).or_default();
    }
    stage.catalog.types.insert("d".to_owned(), driver);
    stage
}

fn claim(allocation: &Allocation) -> Ask {
    Ask::Allocation(Tenancy::Claim(Arc::new(allocation.clone())))
}

fn patch(operations: Vec<PatchOp>) -> Ask {
    Ask::Patch(PatchAsk { operations, reset_interfaces: false, version: 115 })
}

fn remove_instance() -> PatchOp {
    PatchOp { op: PatchVerb::Remove, path: "/instance_uuid".to_owned(), value: Value::Null }
}

#[test]
fn a_claim_is_kept_once_and_refused_to_others() {
    let mut stage = stage();
    let first = allocation(&json!({"owner": null, "name": "a1", "traits": []}));
    stage.ask(&claim(&first)).unwrap();
    assert_eq!(stage.node.allocation, Some(Held { id: first.id, owner: None }));
    assert_eq!(stage.node.wished.instance_uuid, Some(first.id));
    assert_eq!(stage.node.wished.instance_info["traits"], json!([]));
    assert_eq!(stage.journal.last().unwrap().text, "allocated to a1");
    let (before, kept) = (stage.node.clone(), stage.kept);
    stage.ask(&claim(&first)).unwrap();
    assert_eq!((stage.kept, &stage.node), (kept, &before), "the same again changes nothing");
    let second = Allocation { id: Uuid::from_u128(78), ..first };
    assert!(matches!(stage.ask(&claim(&second)).unwrap_err(), Refusal::Conflict(_)));
    assert_eq!(stage.node, before);
}

#[test]
fn a_node_is_given_back_unless_it_is_in_use_or_on_its_way() {
    let wants = allocation(&json!({}));
    let release = Ask::Allocation(Tenancy::Release(wants.id));
    for state in Provision::all() {
        for maintenance in [false, true] {
            let mut stage = stage();
            stage.ask(&claim(&wants)).unwrap();
            (stage.node.provision, stage.node.target_provision) = (state, state.traits().target);
            stage.node.wished.maintenance = maintenance;
            let moves = stage.node.target_provision.is_some() && !state.traits().patch_ok;
            let is_free = maintenance || !(moves || state == Provision::Active);
            if is_free && !state.traits().stable && !state.traits().failure {
                // Without its run it is on no stage.
                continue;
            }
            let before = stage.node.clone();
            let gone = stage.ask(&release);
            assert_eq!(gone.is_ok(), is_free, "{state}");
            if gone.is_ok() {
                assert_eq!((&stage.node.allocation, stage.node.wished.instance_uuid), (&None, None));
            } else {
                assert_eq!(stage.node, before);
            }
        }
    }
    let mut other = stage();
    other.ask(&claim(&wants)).unwrap();
    let before = other.node.clone();
    other.ask(&Ask::Allocation(Tenancy::Release(Uuid::from_u128(1)))).unwrap();
    assert_eq!(other.node, before, "who does not have it gives nothing back");
}

#[test]
fn removing_the_instance_ends_the_allocation_where_a_node_rests() {
    let wants = allocation(&json!({}));
    for (state, maintenance, is_ok) in [
        (Provision::Available, false, true),
        (Provision::Manageable, false, true),
        (Provision::Active, false, false),
        (Provision::Active, true, true),
        (Provision::DeployFail, false, false),
        (Provision::DeployFail, true, true),
    ] {
        let mut stage = stage();
        stage.ask(&claim(&wants)).unwrap();
        (stage.node.provision, stage.node.wished.maintenance) = (state, maintenance);
        let patched = stage.ask(&patch(vec![remove_instance()]));
        assert_eq!(patched.is_ok(), is_ok, "{state} {patched:?}");
        assert_eq!(stage.node.allocation.is_none(), is_ok, "{state}");
        assert!(patched.is_ok() || matches!(patched, Err(Refusal::Conflict(_))));
    }
    let mut plain = stage();
    plain.node.provision = Provision::Active;
    plain.node.wished.instance_uuid = Some(Uuid::from_u128(5));
    plain.ask(&patch(vec![remove_instance()])).unwrap();
}

#[test]
fn a_node_of_an_owned_allocation_keeps_its_owner() {
    let mut stage = stage();
    stage.node.wished.owner = Some("p".to_owned());
    stage.ask(&claim(&allocation(&json!({"owner": "p"})))).unwrap();
    let owner = |value: &str| {
        patch(vec![PatchOp { op: PatchVerb::Replace, path: "/owner".to_owned(), value: json!(value) }])
    };
    assert!(matches!(stage.ask(&owner("q")).unwrap_err(), Refusal::Conflict(_)));
    stage.ask(&owner("p")).unwrap();
    stage.ask(&patch(vec![remove_instance()])).unwrap();
    stage.ask(&owner("q")).unwrap();
}

#[test]
fn tear_down_ends_the_allocation() {
    let mut stage = stage();
    stage.ask(&claim(&allocation(&json!({})))).unwrap();
    stage.verb("active").unwrap();
    stage.pay_all();
    assert_eq!(stage.node.provision, Provision::Active);
    assert!(stage.node.allocation.is_some());
    stage.verb("deleted").unwrap();
    stage.pay_all();
    assert_eq!((&stage.node.allocation, stage.node.wished.instance_uuid), (&None, None));
}

#[test]
fn a_backfill_says_of_a_node_what_is_so() {
    let backfill = |members: Value, node: &Node| {
        let mut body = json!({"node": "n1"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let draft = Draft::read(body.as_object().unwrap().clone()).unwrap();
        let candidates = draft.candidates.iter().map(|text| text.parse().unwrap()).collect();
        draft.finish(Some(node), candidates, Uuid::from_u128(77))
    };
    let mut stage = stage();
    for (members, word) in [
        (json!({}), "must be active"),
        (json!({"resource_class": "tiny"}), "resource class is big"),
        (json!({"traits": ["CUSTOM_A"]}), "lacks the traits CUSTOM_A"),
        (json!({"candidate_nodes": [id(5).to_string()]}), "none of the candidate nodes"),
    ] {
        let refusal = stage.ask(&claim(&backfill(members, &stage.node))).unwrap_err();
        assert!(refusal.to_string().contains(word), "{refusal}");
    }
    stage.node.provision = Provision::Active;
    stage.node.wished.instance_uuid = Some(Uuid::from_u128(5));
    let other = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
    let refusal = stage.ask(&claim(&backfill(json!({"uuid": other}), &stage.node))).unwrap_err();
    assert!(refusal.to_string().contains("associated with instance"), "{refusal}");
    stage.ask(&claim(&backfill(json!({}), &stage.node))).unwrap();
    assert_eq!(stage.node.allocation.as_ref().unwrap().id, Uuid::from_u128(5));
}

proptest! {
    /// Whatever the nodes are, the chosen one fits, and there is one if any fits.
    #[test]
    fn the_chosen_one_fits(
        states in proptest::collection::vec((0..4_u8, any::<bool>(), any::<bool>(), 0..3_u8), 0..12),
        seed: u64,
        wants_trait: bool,
    ) {
        let nodes = states.into_iter().zip(1_u128..).map(|((state, maintenance, powered, class), n)| {
            let mut node = free(n);
            node.provision = [Provision::Available, Provision::Active, Provision::Enroll, Provision::Available]
                [usize::from(state)];
            node.wished.maintenance = maintenance;
            node.power = powered.then_some(Power::On);
            node.wished.resource_class = [Some("big"), Some("small"), None][usize::from(class)].map(str::to_owned);
            node.traits = if n.is_multiple_of(2) { vec!["CUSTOM_A".to_owned()] } else { Vec::new() };
            node
        });
        let nodes = pool(nodes.collect());
        let wants = allocation(&json!({"traits": if wants_trait { vec!["CUSTOM_A"] } else { Vec::new() }}));
        match next(&nodes, &wants, seed) {
            Ok(chosen) => prop_assert_eq!(fits(nodes.get(chosen).unwrap(), &wants), Ok(())),
            Err(_) => prop_assert!(nodes.nodes.iter().all(|node| fits(node, &wants).is_err())),
        }
    }
}
