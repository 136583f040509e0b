//! What is neither node nor port: one table for every kind. Records may hold secrets anywhere in them (arguments of
//! steps, properties of volumes), so that each is sealed as a whole.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

use heed::RoTxn;
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::model::thing::Mark;
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::disk::seal::Sealer;
use crate::store::error::{Duplicate, StoreError};
use crate::store::shelf::{AnyThing, Kept, Kind};
use crate::store::txn::{Change, Txn};

/// Records of one kind within a transaction.
#[derive(Debug)]
pub struct Things<'t, 'p, T> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
    pub(in crate::store) kind: PhantomData<T>,
}

impl<T: Kept> Things<'_, '_, T> {
    /// The record as this transaction sees it.
    pub fn get(&self, id: Uuid) -> Option<Arc<T>> {
        let changed = self.txn.changed_things::<T>().find(|(changed, _)| *changed == id);
        changed.map_or_else(|| T::shelf(self.txn.published().shelves()).get(id).cloned(), |(_, thing)| thing)
    }

    /// The one that bears this mark.
    pub fn marked(&self, mark: &Mark) -> Option<Arc<T>> {
        let changed = self.changed();
        let found = changed.values().flatten().find(|thing| thing.marks().contains(mark));
        let published = self.txn.published();
        let unchanged =
            || T::shelf(published.shelves()).marked(mark).filter(|thing| !changed.contains_key(&thing.id()));
        found.or_else(unchanged).cloned()
    }

    pub fn named(&self, name: &str) -> Option<Arc<T>> {
        self.marked(&Mark::name(name))
    }

    /// The node's, in the order of their creation.
    pub fn of_node(&self, node: NodeId) -> Vec<Arc<T>> {
        let (published, changed) = (self.txn.published(), self.changed());
        let kept = T::shelf(published.shelves());
        let unchanged = kept.of_node(node).filter(|thing| !changed.contains_key(&thing.id()));
        let own = changed.values().flatten().filter(|thing| thing.node() == Some(node));
        let mut all: Vec<_> = unchanged.chain(own).cloned().collect();
        all.sort_by_key(|thing| thing.order());
        all
    }

    pub fn count(&self) -> usize {
        let (published, changed) = (self.txn.published(), self.changed());
        let kept = T::shelf(published.shelves());
        let written = changed.values().flatten().count();
        kept.len() + written - changed.keys().filter(|id| kept.get(**id).is_some()).count()
    }

    /// Writes the record; `order` 0 means that it is new. Returns it as stored.
    pub fn put(&mut self, thing: &T) -> Result<Arc<T>, StoreError> {
        let old = self.get(thing.id());
        let thing = self.with_order(thing, old.as_deref())?;
        if old.as_deref() == Some(&thing) {
            return Ok(Arc::new(thing));
        }
        self.refuse_clash(&thing)?;
        let bytes = encode(self.txn.sealer, &thing)?;
        self.txn.put(self.txn.tables().things, &key(T::KIND, thing.id()), &bytes)?;
        let thing = Arc::new(thing);
        self.txn.changes.push(Change::Thing(Arc::clone(&thing).wrap()));
        Ok(thing)
    }

    /// Tells whether it was there.
    pub fn remove(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let Some(old) = self.get(id) else { return Ok(false) };
        if old.order() == self.last_order()? {
            self.txn.rack().put(&last(T::KIND), &old.order())?;
        }
        self.txn.delete(self.txn.tables().things, &key(T::KIND, id))?;
        self.txn.changes.push(Change::ThingGone(T::KIND, id));
        Ok(true)
    }

    /// What this flush has changed, as it is now.
    fn changed(&self) -> BTreeMap<Uuid, Option<Arc<T>>> {
        let mut changed = BTreeMap::new();
        for (id, thing) in self.txn.changed_things::<T>() {
            changed.entry(id).or_insert(thing);
        }
        changed
    }

    fn with_order(&mut self, thing: &T, old: Option<&T>) -> Result<T, StoreError> {
        let mut thing = thing.clone();
        match (thing.order(), old) {
            (0, Some(_)) => {
                let mark = Mark::new("UUID", thing.id().to_string());
                return Err(Duplicate::Thing { word: T::WORD, mark }.into());
            }
            (0, None) => thing.set_order(self.last_order()?.saturating_add(1)),
            (_, None) => return Err(StoreError::NoSuchThing { word: T::WORD, id: thing.id() }),
            (_, Some(old)) => thing.set_order(old.order()),
        }
        Ok(thing)
    }

    /// The last order given.
    fn last_order(&self) -> Result<u64, StoreError> {
        let changed = self.changed().values().flatten().map(|thing| thing.order()).max();
        let published = T::shelf(self.txn.published().shelves()).last_order();
        Ok(self.txn.marked(&last(T::KIND))?.max(published).max(changed.unwrap_or(0)))
    }

    /// Refuses a mark that another one bears.
    fn refuse_clash(&self, new: &T) -> Result<(), StoreError> {
        for mark in new.marks() {
            if self.marked(&mark).is_some_and(|other| other.id() != new.id()) {
                return Err(Duplicate::Thing { word: T::WORD, mark }.into());
            }
        }
        Ok(())
    }
}

/// Every record, the damaged one named.
pub fn read(file: &File, sealer: &Sealer, txn: &RoTxn) -> Result<Vec<AnyThing>, StoreError> {
    let mut all = Vec::new();
    for row in file.tables.things.iter(txn)? {
        let (key, bytes) = row?;
        all.push(open(file, sealer, key, bytes)?);
    }
    Ok(all)
}

fn open(file: &File, sealer: &Sealer, key: &[u8], bytes: &[u8]) -> Result<AnyThing, StoreError> {
    let what = || what_of(key);
    let unreadable = |source: Arc<dyn std::error::Error + Send + Sync>| StoreError::Unreadable {
        file: file.path.clone(),
        record: what(),
        source,
    };
    let closed: String = codec::decode(bytes, &file.path, what)?;
    let kind = Kind::ALL.iter().find(|kind| key.starts_with(kind.name().as_bytes()));
    let kind = kind.ok_or_else(|| unreadable(Arc::new(std::io::Error::other("its kind is not known"))))?;
    let text = sealer.open_text(&what(), &closed).map_err(|error| unreadable(Arc::new(error)))?;
    AnyThing::read(*kind, text.reveal()).map_err(|error| unreadable(Arc::new(error)))
}

fn encode<T: Kept>(sealer: &Sealer, thing: &T) -> Result<Vec<u8>, StoreError> {
    let what = || what_of(&key(T::KIND, thing.id()));
    let failed = |source| StoreError::Encode { what: what(), source };
    let text = serde_json::to_string(thing).map_err(|error| failed(Arc::new(error)))?;
    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if size > LIMIT {
        let record = format!("the record of {} {}", T::WORD, thing.id());
        return Err(StoreError::TooLarge { record, bytes: size, limit: LIMIT });
    }
    let closed = sealer.seal_text(&what(), &text).map_err(|error| failed(Arc::new(error)))?;
    codec::encode(&closed, what)
}

/// Kind, a zero, UUID.
fn key(kind: Kind, id: Uuid) -> Vec<u8> {
    [kind.name().as_bytes(), &[0], id.as_bytes()].concat()
}

/// The record's name; its sealed text is bound to it.
fn what_of(key: &[u8]) -> String {
    let (kind, id) = key.split_at_checked(key.len().saturating_sub(16)).unwrap_or((key, &[]));
    let kind = String::from_utf8_lossy(kind);
    let id = Uuid::from_slice(id).unwrap_or_default();
    format!("the record of {} {id}", kind.trim_end_matches('\0'))
}

/// Row of the rack table that holds the last order given to one of the kind, if that one is gone.
fn last(kind: Kind) -> String {
    format!("{}.order", kind.name())
}

/// Largest record in bytes of JSON: the longest runbook that somebody writes, and not a store of files.
const LIMIT: u64 = 64 << 10;
