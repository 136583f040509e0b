//! The table of ports and its indices: MAC, name and node.

use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::secret::Veil;
use crate::model::Object;
use crate::model::port::Port;
use crate::store::codec;
use crate::store::disk::env::{File, Table};
use crate::store::disk::seal::{SealError, Sealer};
use crate::store::error::{Duplicate, StoreError};
use crate::store::table::nodes::{self, name_key};
use crate::store::txn::{Change, Txn};

/// Ports within a transaction.
#[derive(Debug)]
pub struct Ports<'t, 'p> {
    pub(in crate::store) txn: &'t mut Txn<'p>,
}

impl Ports<'_, '_> {
    pub fn get(&self, id: PortId) -> Option<Arc<Port>> {
        self.txn.port(id)
    }

    pub fn with_mac(&self, mac: Mac) -> Result<Option<PortId>, StoreError> {
        self.indexed(self.txn.tables().port_mac, &mac.0)
    }

    pub fn named(&self, name: &str) -> Result<Option<PortId>, StoreError> {
        self.indexed(self.txn.tables().port_name, &name_key(name))
    }

    /// The node's ports in their order.
    pub fn of_node(&self, node: NodeId) -> Result<Vec<Arc<Port>>, StoreError> {
        let mut ids = Vec::new();
        for row in self.txn.tables().port_node.prefix_iter(&self.txn.rw, node.0.as_bytes())? {
            ids.extend(port_id(row?.1));
        }
        let ports = ids.into_iter().map(|id| self.get(id).ok_or(StoreError::NoSuchPort(id)));
        ports.collect()
    }

    /// Writes the record and its indices; `order` 0 means that it is new. Returns it as stored.
    pub fn put(&mut self, port: &Port) -> Result<Arc<Port>, StoreError> {
        let old = self.get(port.id);
        let old = old.as_deref();
        if self.txn.node(port.node).is_none() {
            return Err(StoreError::NoSuchNode(port.node));
        }
        let port = self.with_order(port, old)?;
        if old == Some(&port) {
            return Ok(Arc::new(port));
        }
        self.index(old, Some(&port))?;
        let bytes = encode(self.txn.sealer, &port)?;
        self.txn.put(self.txn.tables().ports, port.id.0.as_bytes(), &bytes)?;
        let port = Arc::new(port);
        self.txn.changes.push(Change::Port(Arc::clone(&port)));
        Ok(port)
    }

    pub fn remove(&mut self, id: PortId) -> Result<(), StoreError> {
        let old = self.get(id).ok_or(StoreError::NoSuchPort(id))?;
        self.index(Some(&old), None)?;
        self.txn.delete(self.txn.tables().ports, id.0.as_bytes())?;
        self.txn.changes.push(Change::PortGone(id));
        Ok(())
    }

    fn with_order(&mut self, port: &Port, old: Option<&Port>) -> Result<Port, StoreError> {
        match (port.order, old) {
            (0, Some(_)) => Err(Duplicate::Port(port.id).into()),
            (0, None) => Ok(Port { order: self.txn.rack().rise(ORDER)?, ..port.clone() }),
            (_, None) => Err(StoreError::NoSuchPort(port.id)),
            (_, Some(old)) => Ok(Port { order: old.order, ..port.clone() }),
        }
    }

    fn indexed(&self, table: Table, key: &[u8]) -> Result<Option<PortId>, StoreError> {
        Ok(self.txn.get(table, key)?.and_then(port_id))
    }

    fn index(&mut self, old: Option<&Port>, new: Option<&Port>) -> Result<(), StoreError> {
        let tables = self.txn.tables();
        for (table, key) in [
            (tables.port_mac, mac_row as fn(&Port) -> Option<Vec<u8>>),
            (tables.port_name, name_row),
            (tables.port_node, node_row),
        ] {
            let (before, after) = (old.and_then(key), new.and_then(key));
            if before == after {
                continue;
            }
            if let Some(before) = before {
                self.txn.delete(table, &before)?;
            }
            if let (Some(after), Some(new)) = (after, new) {
                self.refuse_clash(table, &after, new)?;
                self.txn.put(table, &after, new.id.0.as_bytes())?;
            }
        }
        Ok(())
    }

    fn refuse_clash(&self, table: Table, key: &[u8], new: &Port) -> Result<(), StoreError> {
        if self.indexed(table, key)?.is_none_or(|other| other == new.id) {
            return Ok(());
        }
        let named = new.wished.name.as_deref().filter(|name| name_key(name) == key);
        Err(named.map_or(Duplicate::Mac(new.address), |name| Duplicate::PortName(name.to_owned())).into())
    }
}

/// The record's bytes, its secrets sealed.
pub fn encode(sealer: &Sealer, port: &Port) -> Result<Vec<u8>, StoreError> {
    let what = || what(port.id);
    let mut stored = port.clone();
    each_object(&mut stored, |path, object| sealer.seal(path, Veil::Names, object))
        .map_err(|error| StoreError::Encode { what: what(), source: Arc::new(error) })?;
    let bytes = codec::encode(&stored, what)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > nodes::LIMIT {
        return Err(StoreError::TooLarge { record: what(), bytes: size, limit: nodes::LIMIT });
    }
    Ok(bytes)
}

/// The record of these bytes, its secrets opened.
pub fn decode(file: &File, sealer: &Sealer, id: PortId, bytes: &[u8]) -> Result<Port, StoreError> {
    let what = || what(id);
    let mut port: Port = codec::decode(bytes, &file.path, what)?;
    each_object(&mut port, |path, object| sealer.open(path, object)).map_err(|error: SealError| {
        StoreError::Unreadable { file: file.path.clone(), record: what(), source: Arc::new(error) }
    })?;
    Ok(port)
}

fn each_object<E>(
    port: &mut Port,
    mut work: impl FnMut(&str, &mut Object) -> Result<(), E>,
) -> Result<(), E> {
    let id = port.id;
    work(&format!("{id}/extra"), &mut port.wished.extra)?;
    work(&format!("{id}/local_link_connection"), &mut port.wished.local_link_connection)?;
    work(&format!("{id}/internal_info"), &mut port.internal_info)
}

fn what(id: PortId) -> String {
    format!("the record of port {id}")
}

#[expect(clippy::unnecessary_wraps, reason = "one of three index keys with one signature")]
fn mac_row(port: &Port) -> Option<Vec<u8>> {
    Some(port.address.0.to_vec())
}

fn name_row(port: &Port) -> Option<Vec<u8>> {
    port.wished.name.as_deref().map(|name| name_key(name).to_vec())
}

#[expect(clippy::unnecessary_wraps, reason = "one of three index keys with one signature")]
fn node_row(port: &Port) -> Option<Vec<u8>> {
    Some([&port.node.0.as_bytes()[..], &port.order.to_be_bytes()].concat())
}

fn port_id(bytes: &[u8]) -> Option<PortId> {
    bytes.last_chunk().map(|id| PortId(Uuid::from_bytes(*id)))
}

/// Row of the rack table that holds the last order given to a port.
const ORDER: &str = "port.order";
