//! Who changed what, among the rack's values: a row a request. Who keeps it bounds it.

use heed::RoTxn;

use crate::model::audit::{Deed, Search};
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Deeds within a transaction.
#[derive(Debug)]
pub struct Audits<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Audits<'_, '_> {
    pub fn put(&mut self, deed: &Deed) -> Result<(), StoreError> {
        self.txn.rack().put(&key(deed.sequence), deed)
    }

    /// Tells whether it was there.
    pub fn remove(&mut self, sequence: u64) -> Result<bool, StoreError> {
        self.txn.rack().remove(&key(sequence))
    }
}

/// The latest deeds before the number `before` that are looked for, the latest first. Looks at all that are kept, if it has
/// to.
pub fn read(
    file: &File,
    txn: &RoTxn,
    (before, limit): (u64, usize),
    search: &Search,
) -> Result<Vec<Deed>, StoreError> {
    let mut all = Vec::new();
    for row in file.tables.rack.rev_prefix_iter(txn, PREFIX.as_bytes())? {
        if all.len() >= limit {
            break;
        }
        let (key, bytes) = row?;
        if sequence(key).is_none_or(|sequence| sequence >= before) {
            continue;
        }
        let what = || format!("the audit at {:?}", String::from_utf8_lossy(key));
        let deed: Deed = codec::decode(bytes, &file.path, what)?;
        if search.fits(&deed) {
            all.push(deed);
        }
    }
    Ok(all)
}

/// The numbers of the first and the last deed that are kept.
pub fn span(file: &File, txn: &RoTxn) -> Result<Option<(u64, u64)>, StoreError> {
    let rack = file.tables.rack;
    let first = rack.prefix_iter(txn, PREFIX.as_bytes())?.next().transpose()?;
    let last = rack.rev_prefix_iter(txn, PREFIX.as_bytes())?.next().transpose()?;
    let number = |row: Option<(&[u8], &[u8])>| row.and_then(|(key, _)| sequence(key));
    Ok(number(first).zip(number(last)))
}

fn key(sequence: u64) -> String {
    format!("{PREFIX}{sequence:016x}")
}

fn sequence(key: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(key.strip_prefix(PREFIX.as_bytes())?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

/// What their keys begin with.
const PREFIX: &str = "audit.";
