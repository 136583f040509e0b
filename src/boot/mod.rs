//! What a booting machine talks to: addresses, loaders, scripts, kernels. It reads the published records and posts to
//! lanes; what a machine boots is rendered from its record on request (style corner 14).
//!
//! - [`dhcp`]     addresses and boot data
//! - [`ground`]   what the servers share
//! - [`library`]  what is given out under which name, to TFTP and HTTP alike

pub mod dhcp;
pub mod ground;
pub mod library;
