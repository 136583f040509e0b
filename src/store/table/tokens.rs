//! Bearer tokens, among the rack's values: their hashes only.

use heed::RoTxn;
use uuid::Uuid;

use crate::model::account::Token;
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Tokens within a transaction.
#[derive(Debug)]
pub struct Tokens<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Tokens<'_, '_> {
    /// Every token, in no order that matters.
    pub fn all(&mut self) -> Result<Vec<Token>, StoreError> {
        let keys = self.txn.keys(self.txn.tables().rack, PREFIX.as_bytes())?;
        let texts = keys.iter().map(|key| String::from_utf8_lossy(key).into_owned());
        let mut all = Vec::with_capacity(keys.len());
        for key in texts {
            all.extend(self.txn.rack().get::<Token>(&key)?);
        }
        Ok(all)
    }

    pub fn put(&mut self, token: &Token) -> Result<(), StoreError> {
        self.txn.rack().put(&key(token.id), token)
    }

    /// Tells whether it was there.
    pub fn remove(&mut self, id: Uuid) -> Result<bool, StoreError> {
        self.txn.rack().remove(&key(id))
    }
}

/// Every token.
pub fn read(file: &File, txn: &RoTxn) -> Result<Vec<Token>, StoreError> {
    let mut all = Vec::new();
    for row in file.tables.rack.prefix_iter(txn, PREFIX.as_bytes())? {
        let (key, bytes) = row?;
        let what = || format!("the token at {:?}", String::from_utf8_lossy(key));
        all.push(codec::decode(bytes, &file.path, what)?);
    }
    Ok(all)
}

fn key(id: Uuid) -> String {
    format!("{PREFIX}{id}")
}

/// What their keys begin with.
const PREFIX: &str = "token.";
