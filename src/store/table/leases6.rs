//! The table of IPv6 leases, by network, association and client. Who serves a network keeps its index of addresses.

use heed::RoTxn;

use crate::model::boot::lease6::{Lease6, LeaseKey6};
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// IPv6 leases within a transaction.
#[derive(Debug)]
pub struct Leases6<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Leases6<'_, '_> {
    /// Keeps the lease in place of the one before of the same association.
    pub fn put(&mut self, lease: &Lease6) -> Result<(), StoreError> {
        let bytes = codec::encode(lease, || what(&lease.key))?;
        self.txn.put(self.txn.tables().leases6, &key(&lease.key), &bytes)
    }

    /// Removes a lease; tells whether it was there.
    pub fn remove(&mut self, lease: &LeaseKey6) -> Result<bool, StoreError> {
        self.txn.delete(self.txn.tables().leases6, &key(lease))
    }
}

/// All leases.
pub fn read(file: &File, txn: &RoTxn) -> Result<Vec<Lease6>, StoreError> {
    let mut found = Vec::new();
    for row in file.tables.leases6.iter(txn)? {
        let (key, bytes) = row?;
        found.push(codec::decode(bytes, &file.path, || format!("the IPv6 lease {key:02x?}"))?);
    }
    Ok(found)
}

/// 23 to 150 bytes.
fn key(key: &LeaseKey6) -> Vec<u8> {
    [key.network.octets().as_slice(), &key.association.to_be_bytes(), key.client.bytes()].concat()
}

fn what(key: &LeaseKey6) -> String {
    format!("the lease of {} in {}", key.client, key.network)
}
