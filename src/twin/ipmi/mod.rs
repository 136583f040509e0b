//! The IPMI-over-LAN responder of a simulated server's BMC.
//!
//! ```text
//! UDP <-> service -> weather (faults of the network) -> bmc: sessions, logins -> command/* -> station
//!            |                                                                      |
//!            '------ presses <------ the server's power button <-------------------'
//! ```
//! Everything from a datagram to its answers is a value (`bmc`); `service` alone has sockets and tasks.
//!
//! - `service`   the UDP port, the clock and the hand on the server's power button
//! - `settings`  accounts, suites, identity, times; `quirk` what real BMCs do otherwise
//! - `weather`   faults on demand
//! - `bmc`       one BMC as a value; `turn` what it says; `login` open session and RAKP; `old` IPMI 1.5; `session`
//!   one session; `payload` serial over LAN in it
//! - `command`   what is answered to which command
//! - `station`   what commands read and change: `boot` options, `log`, `sensor` and `catalog`, `inventory`, `console`

pub mod service;
pub mod settings;
pub mod quirk;
pub mod weather;
pub mod turn;
pub mod bmc;
pub mod boot;
pub mod catalog;
pub mod command;
pub mod console;
pub mod inventory;
pub mod log;
pub mod login;
pub mod old;
pub mod payload;
pub mod sensor;
pub mod session;
pub mod station;

#[cfg(test)]
mod tests;
