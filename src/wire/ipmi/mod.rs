//! IPMI over LAN.

pub mod data;
