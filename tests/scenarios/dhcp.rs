//! Machines ask for addresses.

pub mod clients;
pub mod firmware;
pub mod neighbours;
pub mod version6;
