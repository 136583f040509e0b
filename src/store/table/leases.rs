//! The table of leases, by hardware address and network. Who serves a network keeps its index of addresses.

use heed::RoTxn;

use crate::model::boot::lease::{Lease, LeaseKey};
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Leases within a transaction.
#[derive(Debug)]
pub struct Leases<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Leases<'_, '_> {
    /// Keeps the lease in place of the machine's one before in that network.
    pub fn put(&mut self, lease: &Lease) -> Result<(), StoreError> {
        let bytes = codec::encode(lease, || what(&lease.key))?;
        self.txn.put(self.txn.tables().leases, &key(&lease.key), &bytes)
    }

    /// Removes a lease; tells whether it was there.
    pub fn remove(&mut self, lease: &LeaseKey) -> Result<bool, StoreError> {
        self.txn.delete(self.txn.tables().leases, &key(lease))
    }
}

/// All leases.
pub fn read(file: &File, txn: &RoTxn) -> Result<Vec<Lease>, StoreError> {
    let mut found = Vec::new();
    for row in file.tables.leases.iter(txn)? {
        let (key, bytes) = row?;
        found.push(codec::decode(bytes, &file.path, || format!("the lease {key:02x?}"))?);
    }
    Ok(found)
}

fn key(key: &LeaseKey) -> [u8; 10] {
    let mut bytes = [0; 10];
    for (place, byte) in bytes.iter_mut().zip(key.mac.0.into_iter().chain(key.network.octets())) {
        *place = byte;
    }
    bytes
}

fn what(key: &LeaseKey) -> String {
    format!("the lease of {} in {}", key.mac, key.network)
}
