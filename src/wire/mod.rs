//! Foreign bytes and texts to typed values and back; no socket, clock or store.

pub mod agent;
pub mod dhcp4;
pub mod frame;
pub mod ipmi;
pub mod redfish;
