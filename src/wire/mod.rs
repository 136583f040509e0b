//! Foreign bytes and texts to typed values and back; no socket, clock or store.

pub mod agent;
pub mod dhcp6;
pub mod ipmi;
pub mod ra;
pub mod redfish;
