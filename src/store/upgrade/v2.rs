//! Version 2: the journal is in the order of age, and indices are in memory only.
//!
//! Version 1 kept entries by node, their age order and their count in two more tables, and an index table
//! each for names, instances and MACs. Tables that are no longer used stay behind empty.

use std::collections::BTreeMap;

use heed::types::Bytes;
use heed::{CommitOrAbort, Env, RwTxn, WithoutTls};

use crate::store::disk::env::{Table, Tables};
use crate::store::upgrade;

/// Rewrites a store of version 1, in one transaction.
pub fn run(env: &Env<WithoutTls>, tables: &Tables) -> heed::Result<()> {
    let txn = env.write_txn()?;
    let done = env.create_databases_and_commit(txn, |opener, txn| -> heed::Result<_> {
        for name in GONE {
            if let Some(table) = opener.open_database::<Bytes, Bytes>(txn, Some(name))? {
                table.clear(txn)?;
            }
        }
        by_age(txn, tables.journal)?;
        upgrade::stamp(txn, &tables.meta)?;
        Ok(CommitOrAbort::<_, ()>::Commit(()))
    })?;
    done.commit().ok_or(heed::Error::Mdb(heed::MdbError::Problem))
}

/// From (node, number) -> entry to number -> (node, entry).
fn by_age(txn: &mut RwTxn, journal: Table) -> heed::Result<()> {
    let mut rows = BTreeMap::new();
    for row in journal.iter(txn)? {
        let (key, entry) = row?;
        if let Some((node, sequence)) = key.split_last_chunk::<SEQUENCE>() {
            rows.insert(*sequence, [node, entry].concat());
        }
    }
    journal.clear(txn)?;
    rows.iter().try_for_each(|(sequence, row)| journal.put(txn, sequence, row))
}

/// Tables that version 1 had and nothing reads any more.
const GONE: &[&str] =
    &["journal_order", "journal_tally", "node_instance", "node_name", "port_mac", "port_name", "port_node"];

/// Bytes of a sequence number.
const SEQUENCE: usize = 8;
