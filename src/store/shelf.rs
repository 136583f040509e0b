//! The published copy of what is neither node nor port: a shelf a kind, each with the same indices.

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::model::allocation::Allocation;
use crate::model::chassis::Chassis;
use crate::model::notice::{Notice, Turned, thing};
use crate::model::part::portgroup::Portgroup;
use crate::model::runbook::Runbook;
use crate::model::template::Template;
use crate::model::thing::{Mark, NAME, Thing};
use crate::model::volume::{Connector, Target};
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// All records of a kind. A clone shares everything.
#[derive(Debug, Clone)]
pub struct Shelf<T> {
    rows: OrdMap<Uuid, Arc<T>>,
    ordered: OrdMap<u64, Arc<T>>,
    marks: OrdMap<Mark, Uuid>,
    owned: OrdMap<(NodeId, u64), Uuid>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        let (rows, ordered) = (OrdMap::default(), OrdMap::default());
        Self { rows, ordered, marks: OrdMap::default(), owned: OrdMap::default() }
    }
}

impl<T: Thing> Shelf<T> {
    pub fn get(&self, id: Uuid) -> Option<&Arc<T>> {
        self.rows.get(&id)
    }

    /// The one that bears this mark.
    pub fn marked(&self, mark: &Mark) -> Option<&Arc<T>> {
        self.get(*self.marks.get(mark)?)
    }

    pub fn named(&self, name: &str) -> Option<&Arc<T>> {
        self.marked(&Mark { what: NAME, value: name.to_owned() })
    }

    /// All in the order of their creation.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.ordered.values()
    }

    /// Those created after the one of this order.
    pub fn after(&self, order: u64) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.ordered.range((Bound::Excluded(order), Bound::Unbounded)).map(|(_, thing)| thing)
    }

    /// The node's, in the order of their creation.
    pub fn of_node(&self, node: NodeId) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        let own = self.owned.range((node, 0)..=(node, u64::MAX));
        own.filter_map(|(_, id)| self.get(*id))
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The highest order given to one that is there; 0 without any.
    pub fn last_order(&self) -> u64 {
        self.ordered.get_max().map_or(0, |(order, _)| *order)
    }

    fn put(&mut self, thing: &Arc<T>) {
        self.drop(thing.id());
        for mark in thing.marks() {
            self.marks.insert(mark, thing.id());
        }
        if let Some(node) = thing.node() {
            self.owned.insert((node, thing.order()), thing.id());
        }
        self.ordered.insert(thing.order(), Arc::clone(thing));
        self.rows.insert(thing.id(), Arc::clone(thing));
    }

    fn drop(&mut self, id: Uuid) {
        let Some(old) = self.rows.remove(&id) else { return };
        for mark in old.marks() {
            self.marks.remove(&mark);
        }
        if let Some(node) = old.node() {
            self.owned.remove(&(node, old.order()));
        }
        self.ordered.remove(&old.order());
    }
}

/// A kind that the store keeps: a line of the table below.
pub trait Kept: Thing {
    const KIND: Kind;

    fn wrap(self: Arc<Self>) -> AnyThing;

    /// The record, if it is of this kind.
    fn unwrap(any: &AnyThing) -> Option<&Arc<Self>>;

    fn shelf(shelves: &Shelves) -> &Shelf<Self>;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident: $type:ty => $field:ident),+ $(,)?) => {
        /// The kinds of things; the name of each begins its rows in the store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $variant),+
        }

        /// A record of any kind.
        #[derive(Debug, Clone)]
        pub enum AnyThing {
            $($(#[$doc])* $variant(Arc<$type>)),+
        }

        /// All shelves.
        #[derive(Debug, Clone, Default)]
        pub struct Shelves {
            $($(#[$doc])* pub $field: Shelf<$type>,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in the store.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field)),+ }
            }
        }

        impl AnyThing {
            pub fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant),+ }
            }

            pub fn id(&self) -> Uuid {
                match self { $(Self::$variant(thing) => thing.id()),+ }
            }

            /// Reads a record of this kind.
            pub(in crate::store) fn read(kind: Kind, text: &str) -> serde_json::Result<Self> {
                Ok(match kind {
                    $(Kind::$variant => Self::$variant(Arc::new(serde_json::from_str(text)?))),+
                })
            }
        }

        /// What the change of a record tells.
        pub(in crate::store) fn told(
            before: Option<&AnyThing>,
            after: Option<&AnyThing>,
            host: &str,
        ) -> Vec<Notice> {
            let Some(any) = before.or(after) else { return Vec::new() };
            match any {
                $(AnyThing::$variant(_) => {
                    let one = |any: Option<&AnyThing>| any.and_then(<$type as Kept>::unwrap).cloned();
                    let (before, after) = (one(before), one(after));
                    thing::thing(
                        stringify!($variant),
                        &Turned { before: before.as_deref(), after: after.as_deref(), host },
                    )
                })+
            }
        }

        /// Removes what belongs to a node.
        pub(in crate::store) fn forget_node(txn: &mut Txn<'_>, node: NodeId) -> Result<(), StoreError> {
            $(for thing in txn.things::<$type>().of_node(node) {
                txn.things::<$type>().remove(thing.id())?;
            })+
            Ok(())
        }

        impl Shelves {
            /// The record of any kind.
            pub(in crate::store) fn any(&self, kind: Kind, id: Uuid) -> Option<AnyThing> {
                match kind { $(Kind::$variant => self.$field.get(id).cloned().map(AnyThing::$variant)),+ }
            }

            pub(in crate::store) fn put(&mut self, any: &AnyThing) {
                match any { $(AnyThing::$variant(thing) => self.$field.put(thing)),+ }
            }

            pub(in crate::store) fn drop(&mut self, kind: Kind, id: Uuid) {
                match kind { $(Kind::$variant => self.$field.drop(id)),+ }
            }
        }

        $(impl Kept for $type {
            const KIND: Kind = Kind::$variant;

            fn wrap(self: Arc<Self>) -> AnyThing {
                AnyThing::$variant(self)
            }

            fn unwrap(any: &AnyThing) -> Option<&Arc<Self>> {
                if let AnyThing::$variant(thing) = any { Some(thing) } else { None }
            }

            fn shelf(shelves: &Shelves) -> &Shelf<Self> {
                &shelves.$field
            }
        })+
    };
}

kinds! {
    Allocation: Allocation => allocations,
    Chassis: Chassis => chassis,
    Portgroup: Portgroup => portgroups,
    Connector: Connector => connectors,
    Target: Target => targets,
    Template: Template => templates,
    Runbook: Runbook => runbooks,
}
