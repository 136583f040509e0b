//! The tables: each type owns its rows and their indices, takes the transaction and opens none.

pub mod audits;
pub mod events;
pub mod feed;
pub mod inventories;
pub mod journal;
pub mod leases;
pub mod leases6;
pub mod nodes;
pub mod owed;
pub mod ports;
pub mod rack;
pub mod rules;
pub mod sheets;
pub mod sightings;
pub mod things;
pub mod tokens;
