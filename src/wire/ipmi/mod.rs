//! IPMI over LAN, both ends: the client of the driver and the responder of the simulated BMC share it.
//!
//! ```text
//! UDP payload -> packet -> rmcp -> lan15 | lan20 (guard, window) -> message -> command
//!                                        `-> rakp (open, RAKP 1-4) -> suite, crypto -> guard
//!                                        `-> sol
//! session: a client's session as a value: packets and moments in, packets and a moment to wake out
//! ```
//!
//! Facts and their clauses: IPMI 2.0 revision 1.1 and what real clients and BMCs were recorded to do.
//!
//! - `bytes`, `fault`  bounded reading of foreign bytes, and why it failed
//! - `id`              session ids, user names, privilege levels
//! - `packet`          what one UDP payload is
//! - `rmcp`            the RMCP header, ASF ping and pong
//! - `lan15`, `lan20`  session headers of IPMI 1.5 and 2.0
//! - `window`          which session sequence numbers are taken
//! - `message`         requests, responses and their checksums
//! - `ask`             one request: numbers, data, way, and whether twice is too often
//! - `command`         what sessions themselves ask and answer
//! - `bridge`          the same through other controllers
//! - `data`            what is asked within them: chassis, boot options, sensors, events, inventory
//! - `status`          status codes of the session's making, completion codes of commands
//! - `suite`, `crypto`, `rakp`, `guard`  cipher suites, primitives, key exchange, packet protection
//! - `session`         the client's session
//! - `sol`             serial over LAN: packets, and the line as a value

pub mod bytes;
pub mod fault;
pub mod id;
pub mod rmcp;
pub mod packet;
pub mod lan15;
pub mod lan20;
pub mod window;
pub mod message;
pub mod ask;
pub mod command;
pub mod data;
pub mod bridge;
pub mod status;
pub mod suite;
pub mod crypto;
pub mod rakp;
pub mod guard;
pub mod session;
pub mod sol;

#[cfg(test)]
mod capture;
#[cfg(test)]
mod goldens;

/// UDP port of RMCP.
pub const PORT: u16 = 623;

/// Bytes of the longest packet that is read: an SOL packet of 255 characters with everything around it is shorter
/// than a third of it.
pub const PACKET_LIMIT: usize = 1024;
