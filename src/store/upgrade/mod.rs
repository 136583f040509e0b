//! The store's version: stamped when it is made, checked before anything is written.
//!
//! A change of shape that serde defaults cannot carry raises `VERSION`, adds a file here that rewrites the
//! old rows, and keeps a sample of them in its tests.

use std::path::Path;

use heed::{Env, RoTxn, RwTxn, WithoutTls};

use crate::store::disk::env::{Table, Tables};
use crate::store::error::StoreError;

pub mod v2;

/// The version of the store; one that a newer version wrote is refused.
pub fn check(txn: &RoTxn, meta: Table, file: &Path) -> Result<u32, StoreError> {
    let Some(stamp) = meta.get(txn, KEY)? else { return Ok(VERSION) };
    let found = stamp.try_into().map_or(u32::MAX, u32::from_be_bytes);
    if found > VERSION {
        return Err(StoreError::Newer { file: file.to_path_buf(), found, known: VERSION });
    }
    Ok(found)
}

/// Brings a store of the version `found` up to this one.
pub fn run(env: &Env<WithoutTls>, tables: &Tables, found: u32) -> heed::Result<()> {
    if found < VERSION {
        v2::run(env, tables)?;
        tracing::info!(from = found, to = VERSION, "store brought up to date");
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
pub const VERSION: u32 = 2;

/// Row of the stamp in the table `meta`.
pub const KEY: &[u8] = b"version";
