//! Free nodes by resource class: whatever nodes go through, the index has those that may be allocated, each once.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::allocation::pool::{Pool, place};
use crate::model::bmc::power::Power;
use crate::model::provision::Provision;
use crate::store::published::Published;
use crate::store::txn::Change;

/// One change of one of a few nodes.
#[derive(Debug, Clone)]
enum Act {
    Class(Option<&'static str>),
    State(Provision),
    Maintenance(bool),
    Power(Option<Power>),
    Instance(bool),
    Gone,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        proptest::sample::select(vec![Some("big"), Some("bigger"), None]).prop_map(Act::Class),
        proptest::sample::select(vec![Provision::Available, Provision::Active]).prop_map(Act::State),
        any::<bool>().prop_map(Act::Maintenance),
        any::<bool>().prop_map(|known| Act::Power(known.then_some(Power::On))),
        any::<bool>().prop_map(Act::Instance),
        Just(Act::Gone),
    ]
}

fn free(n: u128) -> Node {
    let mut node = Node { order: u64::try_from(n).unwrap(), ..node(n) };
    node.wished.resource_class = Some("big".to_owned());
    (node.provision, node.power) = (Provision::Available, Some(Power::Off));
    node
}

proptest! {
    #[test]
    fn the_index_has_what_is_free(acts in proptest::collection::vec((1..6_u128, act()), 0..60), seed: u64) {
        let mut copy = Published::default();
        (1..6).for_each(|n| copy.apply(Change::Node(Arc::new(free(n)))));
        for (n, act) in acts {
            let mut node = copy.node(node_id(n)).map_or_else(|| free(n), |node| Node::clone(node));
            match act {
                Act::Class(class) => node.wished.resource_class = class.map(str::to_owned),
                Act::State(state) => node.provision = state,
                Act::Maintenance(on) => node.wished.maintenance = on,
                Act::Power(power) => node.power = power,
                Act::Instance(there) => node.wished.instance_uuid = there.then(|| Uuid::from_u128(n)),
                Act::Gone => {
                    copy.apply(Change::NodeGone(node.id));
                    continue;
                }
            }
            copy.apply(Change::Node(Arc::new(node)));
        }
        for class in ["big", "bigger", "none"] {
            let found: Vec<_> = copy.free(class, seed).map(|node| node.id).collect();
            let mut places: Vec<_> = found.iter().map(|id| place(*id).wrapping_sub(seed)).collect();
            let in_order = places.clone();
            places.sort_unstable();
            prop_assert_eq!(in_order, places);
            let scanned: BTreeSet<_> =
                copy.nodes().filter(|node| node.free_class() == Some(class)).map(|node| node.id).collect();
            prop_assert_eq!(found.len(), scanned.len());
            prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), scanned);
        }
    }
}
