//! DHCPv6: addresses and boot data for the machines of a network.
//!
//! ```text
//! packet ─▶ wire::dhcp6 ─▶ client ─▶ flow::boot::offer ─▶ rules over pool ─▶ answer
//!                                                              └─ leases ─▶ disk ─▶ answer
//! ```
//!
//! An offer takes no address: it is computed from who asks, and nothing is remembered until the client requests it. So
//! a flood of solicitations leaves nothing behind. An answer that gives an address is sent once it is on the disk.
//!
//! - [`client`]  who asks, as a message shows it
//! - [`pool`]    who has which address
//! - [`rules`]   what a message is answered
//! - `watch`     what a person should know of: floods, declines
//! - [`server`]  the task of a network; `open`: its interface and the way back
//! - [`shown`]   how it shows itself; [`counts`] what came in

pub mod client;
pub mod counts;
mod open;
pub mod pool;
pub mod rules;
pub mod server;
pub mod shown;
mod watch;
