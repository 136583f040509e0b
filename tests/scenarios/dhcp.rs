//! Machines ask for addresses.

pub mod clients;
pub mod firmware;
pub mod hostile;
pub mod interfaces;
pub mod neighbours;
pub mod version6;
