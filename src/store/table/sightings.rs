//! Machines that nobody has enrolled, among the rack's values: one an address, which the machine is known by.

use heed::RoTxn;

use crate::base::mac::Mac;
use crate::model::inspection::discovery::Sighting;
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// What is written down, within a transaction.
#[derive(Debug)]
pub struct Sightings<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Sightings<'_, '_> {
    pub fn get(&mut self, mac: Mac) -> Result<Option<Sighting>, StoreError> {
        self.txn.rack().get(&key(mac))
    }

    pub fn count(&self) -> Result<usize, StoreError> {
        Ok(self.txn.keys(self.txn.tables().rack, PREFIX.as_bytes())?.len())
    }

    pub fn put(&mut self, sighting: &Sighting) -> Result<(), StoreError> {
        self.txn.rack().put(&key(sighting.mac), sighting)
    }

    /// Tells whether it was there.
    pub fn remove(&mut self, mac: Mac) -> Result<bool, StoreError> {
        self.txn.rack().remove(&key(mac))
    }
}

/// Every machine that is written down, by address.
pub fn read(file: &File, txn: &RoTxn) -> Result<Vec<Sighting>, StoreError> {
    let mut all = Vec::new();
    for row in file.tables.rack.prefix_iter(txn, PREFIX.as_bytes())? {
        let (key, bytes) = row?;
        let what = || format!("what is written down of machine {:?}", String::from_utf8_lossy(key));
        all.push(codec::decode(bytes, &file.path, what)?);
    }
    Ok(all)
}

fn key(mac: Mac) -> String {
    format!("{PREFIX}{mac}")
}

/// What their keys begin with.
const PREFIX: &str = "sighting.";
