//! The feed: what changes have told, in the order of their commits. A row is written in the transaction of its change, so
//! that there is one for each change that is kept and none for any other; the oldest go a few with each new one.
//! What is told lies sealed, since records may hold secrets anywhere in them.

pub mod ring;
pub mod told;

use std::sync::Arc;

use heed::RoTxn;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::model::notice::sight::Sight;
use crate::model::notice::{Envelope, Notice};
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::disk::seal::Sealer;
use crate::store::error::StoreError;
use crate::store::table::feed::ring::Item;
use crate::store::txn::Txn;

/// The feed within a transaction.
#[derive(Debug)]
pub struct FeedTable<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

/// A row, but for its number.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    event_type: String,
    #[serde(default)]
    node: Option<NodeId>,
    /// Whose the subject was.
    #[serde(default)]
    sight: Sight,
    /// Sealed.
    json: String,
}

impl FeedTable<'_, '_> {
    /// Adds what a change tells; its number rises over restarts.
    pub fn append(&mut self, notice: &Notice) -> Result<(), StoreError> {
        let table = self.txn.tables().feed;
        let last = table.last(&self.txn.rw)?.map_or(0, |(key, _)| number(key));
        let sequence = last.saturating_add(1);
        let envelope = Envelope { sequence, at: self.txn.at(), id: Uuid::new_v4(), host: self.txn.host() };
        // The writer of JSON writes UTF-8 only.
        let json = String::from_utf8_lossy(&envelope.wrap(notice)).into_owned();
        let sealed = self.txn.sealer.seal_text(&what(sequence), &json);
        let sealed =
            sealed.map_err(|error| StoreError::Encode { what: what(sequence), source: Arc::new(error) })?;
        let (event_type, sight) = (notice.event_type.clone(), notice.sight.clone());
        let row = Row { event_type, node: notice.node, sight, json: sealed };
        let bytes = codec::encode(&row, || what(sequence))?;
        self.txn.put(table, &key(sequence), &bytes)?;
        self.txn.told.push(Item::new(sequence, row.event_type, row.node, &json).seen_by(row.sight));
        self.trim()
    }

    /// Drops the oldest rows above the feed's size, a few at a time.
    fn trim(&mut self) -> Result<(), StoreError> {
        let table = self.txn.tables().feed;
        for _ in 0..PIECE {
            let stat = table.stat(&self.txn.rw)?;
            let pages = stat.leaf_pages.saturating_add(stat.overflow_pages);
            let bytes = pages.saturating_mul(usize::try_from(stat.page_size).unwrap_or(usize::MAX));
            if stat.entries <= MOST && bytes <= MOST_BYTES || stat.entries <= LEAST {
                return Ok(());
            }
            let first = table.first(&self.txn.rw)?.map(|(key, _)| key.to_vec());
            let Some(first) = first else { return Ok(()) };
            self.txn.delete(table, &first)?;
        }
        Ok(())
    }
}

/// The numbers of the first and the last row; none in an empty feed.
pub fn bounds(file: &File, txn: &RoTxn) -> Result<Option<(u64, u64)>, StoreError> {
    let table = file.tables.feed;
    let first = table.first(txn)?.map(|(key, _)| number(key));
    let last = table.last(txn)?.map(|(key, _)| number(key));
    Ok(first.zip(last))
}

/// Rows after the one of number `after`, `limit` at most.
pub fn read(
    file: &File,
    sealer: &Sealer,
    txn: &RoTxn,
    after: u64,
    limit: usize,
) -> Result<Vec<Item>, StoreError> {
    let from = key(after.saturating_add(1));
    let range = (std::ops::Bound::Included(from.as_slice()), std::ops::Bound::Unbounded);
    let mut items = Vec::new();
    for row in file.tables.feed.range(txn, &range)?.take(limit) {
        let (key, bytes) = row?;
        let sequence = number(key);
        let row: Row = codec::decode(bytes, &file.path, || what(sequence))?;
        let json = sealer.open_text(&what(sequence), &row.json).map_err(|error| StoreError::Unreadable {
            file: file.path.clone(),
            record: what(sequence),
            source: Arc::new(error),
        })?;
        items.push(Item::new(sequence, row.event_type, row.node, json.reveal()).seen_by(row.sight));
    }
    Ok(items)
}

fn key(sequence: u64) -> [u8; 8] {
    sequence.to_be_bytes()
}

fn number(key: &[u8]) -> u64 {
    key.try_into().map_or(0, u64::from_be_bytes)
}

fn what(sequence: u64) -> String {
    format!("event {sequence} of the feed")
}

/// Rows kept: days of a rack's life, so that whoever was away for a night misses nothing.
const MOST: usize = 20_000;

/// Bytes of the store's pages that they may fill.
const MOST_BYTES: usize = 64 << 20;

/// Rows kept however large they are: the number of the last one is what the next one is counted from.
const LEAST: usize = 64;

/// Rows dropped with one that is added, at most, so that no transaction grows.
const PIECE: usize = 4;
