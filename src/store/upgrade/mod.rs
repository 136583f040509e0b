//! The store's version: stamped when it is made, checked before anything is written.
//!
//! A change of shape that serde defaults cannot carry raises `VERSION`, adds a file here that rewrites the
//! old rows, and keeps a sample of them in its tests.

use std::path::Path;

use heed::{RoTxn, RwTxn};

use crate::store::disk::env::Table;
use crate::store::error::StoreError;

/// Refuses a store that a newer version wrote.
pub fn check(txn: &RoTxn, meta: Table, file: &Path) -> Result<(), StoreError> {
    let Some(stamp) = meta.get(txn, KEY)? else { return Ok(()) };
    let found = stamp.try_into().map_or(u32::MAX, u32::from_be_bytes);
    if found > VERSION {
        return Err(StoreError::Newer { file: file.to_path_buf(), found, known: VERSION });
    }
    Ok(())
}

/// Writes this version's stamp.
pub fn stamp(
    txn: &mut RwTxn,
    meta: &heed::Database<heed::types::Bytes, heed::types::Bytes>,
) -> heed::Result<()> {
    meta.put(txn, KEY, &VERSION.to_be_bytes())
}

/// The store version that this program reads and writes.
pub const VERSION: u32 = 1;

/// Row of the stamp in the table `meta`.
pub const KEY: &[u8] = b"version";
