//! Small values that belong to no node: counters, and whatever the rack's lane keeps by name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::codec;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// The rack's values within a transaction.
#[derive(Debug)]
pub struct Rack<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Rack<'_, '_> {
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let bytes = self.txn.get(self.txn.tables().rack, key.as_bytes())?;
        bytes.map(|bytes| codec::decode(bytes, &self.txn.file.path, || what(key))).transpose()
    }

    /// Writes a value of 64 KiB at most under a key of 1 to 500 bytes.
    pub fn put<T: Serialize>(&mut self, key: &str, value: &T) -> Result<(), StoreError> {
        let bytes = codec::encode(value, || what(key))?;
        let size = u64::try_from(bytes.len().max(key.len())).unwrap_or(u64::MAX);
        if size > LIMIT {
            return Err(StoreError::TooLarge { record: what(key), bytes: size, limit: LIMIT });
        }
        self.txn.put(self.txn.tables().rack, key.as_bytes(), &bytes)
    }

    pub fn remove(&mut self, key: &str) -> Result<bool, StoreError> {
        self.txn.delete(self.txn.tables().rack, key.as_bytes())
    }
}

fn what(key: &str) -> String {
    format!("the rack's value {key:?}")
}

/// Largest value in bytes.
const LIMIT: u64 = 64 << 10;
