//! The rack's journal, among the rack's values: a row each for what happened and how often. Who keeps it bounds it.

use heed::RoTxn;

use crate::model::boot::event::RackEvent;
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// The rack's journal within a transaction.
#[derive(Debug)]
pub struct Events<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Events<'_, '_> {
    /// Writes the row in place of the one of its number.
    pub fn put(&mut self, event: &RackEvent) -> Result<(), StoreError> {
        self.txn.rack().put(&key(event.sequence), event)
    }

    /// Tells whether it was there.
    pub fn remove(&mut self, sequence: u64) -> Result<bool, StoreError> {
        self.txn.rack().remove(&key(sequence))
    }
}

/// All rows, the oldest first.
pub fn read(file: &File, txn: &RoTxn) -> Result<Vec<RackEvent>, StoreError> {
    let mut all = Vec::new();
    for row in file.tables.rack.prefix_iter(txn, PREFIX.as_bytes())? {
        let (key, bytes) = row?;
        let what = || format!("the rack's journal at {:?}", String::from_utf8_lossy(key));
        all.push(codec::decode(bytes, &file.path, what)?);
    }
    Ok(all)
}

/// In the order of the numbers.
fn key(sequence: u64) -> String {
    format!("{PREFIX}{sequence:016x}")
}

/// What their keys begin with.
const PREFIX: &str = "event.";
