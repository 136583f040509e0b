//! What a booting machine talks to: addresses, loaders, scripts, kernels. It reads the published records and posts to
//! lanes; what a machine boots is rendered from its record on request (style corner 14).
//!
//! - [`ground`]   what the servers share
//! - [`advertise`] router advertisements
//! - [`dhcp6`]    addresses and boot data over IPv6
//! - [`library`]  what is given out under which name, to TFTP and HTTP alike

pub mod advertise;
pub mod dhcp6;
pub mod ground;
pub mod library;
