//! Foreign bytes and texts to typed values and back; no socket, clock or store.

pub mod agent;
pub mod boot_file;
pub mod ipmi;
pub mod redfish;
