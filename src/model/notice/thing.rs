//! What the change of anything but a node tells: that it was created, updated or deleted.

use crate::model::notice::{Notice, Service, Turned, payload};
use crate::model::port::Port;
use crate::model::shape::port;

/// What the change of a port tells.
pub fn port(turned: &Turned<'_, Port>) -> Option<Notice> {
    let (action, shown) = turned.change()?;
    let payload = payload("PortCRUDPayload", "1.8", |all| all.shown(port::TABLE, PORT, shown, turned.host));
    Some(Notice {
        event_type: format!("baremetal.port.{action}.end"),
        service: Service::Api,
        is_error: false,
        node: Some(shown.node),
        payload,
    })
}

/// `PortCRUDPayload` 1.8.
const PORT: &[&str] = &[
    "address",
    "extra",
    "local_link_connection",
    "pxe_enabled",
    "node_uuid",
    "portgroup_uuid",
    "physical_network",
    "created_at",
    "updated_at",
    "uuid",
    "is_smartnic",
    "name",
    "description",
    "vendor",
    "category",
    "available_for_dynamic_portgroup",
];
