//! The table of ports. Its indices are in the published copy; here they keep MACs and names unique.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::secret::Veil;
use crate::model::Object;
use crate::model::port::Port;
use crate::store::codec;
use crate::store::disk::env::File;
use crate::store::disk::seal::{SealError, Sealer};
use crate::store::error::{Duplicate, StoreError};
use crate::store::table::nodes;
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

    pub fn with_mac(&self, mac: Mac) -> Option<PortId> {
        let published = self.txn.published();
        self.bearer(published.port_by_mac(mac), |port| port.address == mac)
    }

    pub fn named(&self, name: &str) -> Option<PortId> {
        let published = self.txn.published();
        self.bearer(published.port_by_name(name), |port| port.wished.name.as_deref() == Some(name))
    }

    /// Who bears it now: one that this flush has changed, or the published one, if it is unchanged.
    fn bearer(&self, published: Option<&Arc<Port>>, bears: impl Fn(&Port) -> bool) -> Option<PortId> {
        let ids = self.changed();
        let changed = ids.iter().find(|id| self.get(**id).is_some_and(|port| bears(&port)));
        changed.copied().or_else(|| published.map(|port| port.id).filter(|id| !ids.contains(id)))
    }

    fn changed(&self) -> BTreeSet<PortId> {
        self.txn.changed_ports().map(|(id, _)| id).collect()
    }

    /// The node's ports in their order.
    pub fn of_node(&self, node: NodeId) -> Vec<Arc<Port>> {
        let (published, ids) = (self.txn.published(), self.changed());
        let unchanged = published.ports_of(node).filter(|port| !ids.contains(&port.id)).cloned();
        let changed = ids.iter().filter_map(|id| self.get(*id)).filter(|port| port.node == node);
        let mut ports: Vec<_> = unchanged.chain(changed).collect();
        ports.sort_by_key(|port| port.order);
        ports
    }

    /// Writes the record; `order` 0 means that it is new. Returns it as stored.
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
        self.refuse_clash(old, &port)?;
        let bytes = encode(self.txn.sealer, &port)?;
        self.txn.put(self.txn.tables().ports, port.id.0.as_bytes(), &bytes)?;
        let port = Arc::new(port);
        self.txn.changes.push(Change::Port(Arc::clone(&port)));
        Ok(port)
    }

    pub fn remove(&mut self, id: PortId) -> Result<(), StoreError> {
        let old = self.get(id).ok_or(StoreError::NoSuchPort(id))?;
        if old.order == self.last_order()? {
            self.txn.rack().put(ORDER, &old.order)?;
        }
        self.txn.delete(self.txn.tables().ports, id.0.as_bytes())?;
        self.txn.changes.push(Change::PortGone(id));
        Ok(())
    }

    fn with_order(&mut self, port: &Port, old: Option<&Port>) -> Result<Port, StoreError> {
        match (port.order, old) {
            (0, Some(_)) => Err(Duplicate::Port(port.id).into()),
            (0, None) => Ok(Port { order: self.last_order()?.saturating_add(1), ..port.clone() }),
            (_, None) => Err(StoreError::NoSuchPort(port.id)),
            (_, Some(old)) => Ok(Port { order: old.order, ..port.clone() }),
        }
    }

    /// The last order given.
    fn last_order(&self) -> Result<u64, StoreError> {
        let changed = self.txn.changed_ports().filter_map(|(_, port)| port.map(|port| port.order)).max();
        let published = self.txn.published().last_port_order();
        Ok(self.txn.marked(ORDER)?.max(published).max(changed.unwrap_or(0)))
    }

    /// Refuses a MAC or a name that another port bears.
    fn refuse_clash(&self, old: Option<&Port>, new: &Port) -> Result<(), StoreError> {
        let is_other = |id: PortId| id != new.id;
        if old.is_none_or(|old| old.address != new.address)
            && self.with_mac(new.address).is_some_and(is_other)
        {
            return Err(Duplicate::Mac(new.address).into());
        }
        if let Some(name) = &new.wished.name
            && old.is_none_or(|old| old.wished.name != new.wished.name)
            && self.named(name).is_some_and(is_other)
        {
            return Err(Duplicate::PortName(name.clone()).into());
        }
        Ok(())
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

/// Row of the rack table that holds the last order given to a port, if that port is gone.
const ORDER: &str = "port.order";
