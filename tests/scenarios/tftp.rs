//! Machines fetch files over TFTP.

pub mod clients;
pub mod relay;
