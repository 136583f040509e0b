//! Inspection rules, among the rack's values. They may hold passwords in the middle of a text, so that each is sealed
//! as a whole.

use std::sync::Arc;

use heed::RoTxn;
use uuid::Uuid;

use crate::model::inspection::rule::Rule;
use crate::model::notice::{Turned, thing};
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::disk::seal::Sealer;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Rules within a transaction.
#[derive(Debug)]
pub struct Rules<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Rules<'_, '_> {
    pub fn get(&mut self, id: Uuid) -> Result<Option<Rule>, StoreError> {
        let Some(sealed) = self.txn.rack().get::<String>(&key(id))? else { return Ok(None) };
        open(self.txn.file, self.txn.sealer, id, &sealed).map(Some)
    }

    /// How many there are, and the highest order given to one.
    pub fn count(&mut self) -> Result<(usize, u64), StoreError> {
        let keys = self.txn.keys(self.txn.tables().rack, PREFIX.as_bytes())?;
        let mut last = 0;
        for key in &keys {
            if let Some(rule) = id_of(key).map(|id| self.get(id)).transpose()?.flatten() {
                last = last.max(rule.order);
            }
        }
        Ok((keys.len(), last))
    }

    pub fn put(&mut self, rule: &Rule) -> Result<(), StoreError> {
        let failed = |error| StoreError::Encode { what: what(rule.id), source: Arc::new(error) };
        let text = serde_json::to_string(rule)
            .map_err(|error| StoreError::Encode { what: what(rule.id), source: Arc::new(error) })?;
        let sealed = self.txn.sealer.seal_text(&key(rule.id), &text).map_err(failed)?;
        let before = self.get(rule.id)?;
        self.txn.rack().put(&key(rule.id), &sealed)?;
        self.tell(before.as_ref(), Some(rule))
    }

    /// Removes all of them.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        for key in self.txn.keys(self.txn.tables().rack, PREFIX.as_bytes())? {
            if let Some(id) = id_of(&key) {
                self.remove(id)?;
            }
        }
        Ok(())
    }

    /// Tells whether it was there.
    pub fn remove(&mut self, id: Uuid) -> Result<bool, StoreError> {
        let Some(before) = self.get(id)? else { return Ok(false) };
        self.txn.rack().remove(&key(id))?;
        self.tell(Some(&before), None)?;
        Ok(true)
    }

    fn tell(&mut self, before: Option<&Rule>, after: Option<&Rule>) -> Result<(), StoreError> {
        let host = self.txn.host();
        let notice = thing::inspection_rule(&Turned { before, after, host });
        notice.iter().try_for_each(|notice| self.txn.feed().append(notice))
    }
}

/// Every rule, in the order of their creation.
pub fn read(file: &File, sealer: &Sealer, txn: &RoTxn) -> Result<Vec<Rule>, StoreError> {
    let mut rules = Vec::new();
    for row in file.tables.rack.prefix_iter(txn, PREFIX.as_bytes())? {
        let (key, bytes) = row?;
        let Some(id) = id_of(key) else { continue };
        let closed: String = codec::decode(bytes, &file.path, || what(id))?;
        rules.push(open(file, sealer, id, &closed)?);
    }
    rules.sort_by_key(|rule| rule.order);
    Ok(rules)
}

fn open(file: &File, sealer: &Sealer, id: Uuid, closed: &str) -> Result<Rule, StoreError> {
    let unreadable = |source: Arc<dyn std::error::Error + Send + Sync>| StoreError::Unreadable {
        file: file.path.clone(),
        record: what(id),
        source,
    };
    let text = sealer.open_text(&key(id), closed).map_err(|error| unreadable(Arc::new(error)))?;
    serde_json::from_str(text.reveal()).map_err(|error| unreadable(Arc::new(error)))
}

fn key(id: Uuid) -> String {
    format!("{PREFIX}{id}")
}

fn id_of(key: &[u8]) -> Option<Uuid> {
    Uuid::try_parse_ascii(key.strip_prefix(PREFIX.as_bytes())?).ok()
}

fn what(id: Uuid) -> String {
    format!("inspection rule {id}")
}

/// What the keys of rules begin with.
const PREFIX: &str = "rule.";
