//! The table of sheets: BIOS settings, firmware and in-band steps of each node, too much for its record (style corner 11).

use heed::RoTxn;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::id::NodeId;
use crate::model::part::sheet::{Component, Setting, Sheet, applied, components_since, settings_since};
use crate::model::part::told::ToldSteps;
use crate::model::step::Kind;
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Sheets within a transaction.
#[derive(Debug)]
pub struct Sheets<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Sheets<'_, '_> {
    /// Keeps it in place of the one before.
    pub fn put(&mut self, node: NodeId, sheet: &Sheet) -> Result<(), StoreError> {
        if self.txn.node(node).is_none() {
            return Err(StoreError::NoSuchNode(node));
        }
        match sheet {
            Sheet::Settings(rows) => {
                let before = self.settings(node)?;
                self.put_rows(node, SETTINGS, &settings_since(&before, rows, self.txn.at()))
            }
            Sheet::Components(rows) => {
                let before = self.components(node)?;
                self.put_rows(node, COMPONENTS, &components_since(&before, rows, self.txn.at()))
            }
            Sheet::Wished(pairs) => {
                let before = self.settings(node)?;
                self.put_rows(node, SETTINGS, &applied(&before, pairs, self.txn.at()))
            }
            Sheet::Told(told) => match letter(told.kind) {
                Some(letter) => self.put_rows(node, letter, std::slice::from_ref(told)),
                None => Ok(()),
            },
        }
    }

    fn settings(&self, node: NodeId) -> Result<Vec<Setting>, StoreError> {
        let bytes = self.txn.get(self.txn.tables().sheets, &key(node, SETTINGS))?;
        bytes.map_or(Ok(Vec::new()), |bytes| codec::decode(bytes, &self.txn.file.path, || what(node)))
    }

    fn components(&self, node: NodeId) -> Result<Vec<Component>, StoreError> {
        let bytes = self.txn.get(self.txn.tables().sheets, &key(node, COMPONENTS))?;
        bytes.map_or(Ok(Vec::new()), |bytes| codec::decode(bytes, &self.txn.file.path, || what(node)))
    }

    fn put_rows<T: Serialize>(&mut self, node: NodeId, kind: u8, rows: &[T]) -> Result<(), StoreError> {
        let bytes = codec::encode(&rows, || what(node))?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > LIMIT {
            return Err(StoreError::TooLarge { record: what(node), bytes: size, limit: LIMIT });
        }
        self.txn.put(self.txn.tables().sheets, &key(node, kind), &bytes)
    }

    /// Removes all of the node's.
    pub fn remove(&mut self, node: NodeId) -> Result<(), StoreError> {
        for kind in [SETTINGS, COMPONENTS, TOLD_CLEAN, TOLD_DEPLOY, TOLD_SERVICE] {
            self.txn.delete(self.txn.tables().sheets, &key(node, kind))?;
        }
        Ok(())
    }
}

/// The node's BIOS settings.
pub fn settings(file: &File, txn: &RoTxn, node: NodeId) -> Result<Vec<Setting>, StoreError> {
    read(file, txn, node, SETTINGS)
}

/// The node's parts that bear firmware.
pub fn components(file: &File, txn: &RoTxn, node: NodeId) -> Result<Vec<Component>, StoreError> {
    read(file, txn, node, COMPONENTS)
}

/// The steps that the node's agent told last for this kind of work.
pub fn told(file: &File, txn: &RoTxn, node: NodeId, kind: Kind) -> Result<Option<ToldSteps>, StoreError> {
    let Some(letter) = letter(kind) else { return Ok(None) };
    read(file, txn, node, letter).map(|mut rows| rows.pop())
}

/// Kinds of work for which an agent has no steps have none.
fn letter(kind: Kind) -> Option<u8> {
    match kind {
        Kind::Clean => Some(TOLD_CLEAN),
        Kind::Deploy => Some(TOLD_DEPLOY),
        Kind::Service => Some(TOLD_SERVICE),
        Kind::Verify | Kind::Delete | Kind::Rescue | Kind::Unrescue => None,
    }
}

fn read<T: DeserializeOwned>(file: &File, txn: &RoTxn, node: NodeId, kind: u8) -> Result<Vec<T>, StoreError> {
    let bytes = file.tables.sheets.get(txn, &key(node, kind))?;
    bytes.map_or(Ok(Vec::new()), |bytes| codec::decode(bytes, &file.path, || what(node)))
}

fn key(node: NodeId, kind: u8) -> Vec<u8> {
    [node.0.as_bytes().as_slice(), &[kind]].concat()
}

fn what(node: NodeId) -> String {
    format!("a sheet of node {node}")
}

const SETTINGS: u8 = b's';
const COMPONENTS: u8 = b'c';
const TOLD_CLEAN: u8 = b'C';
const TOLD_DEPLOY: u8 = b'D';
const TOLD_SERVICE: u8 = b'S';

/// Largest sheet in bytes: a thousand settings with their registry.
const LIMIT: u64 = 512 << 10;
