//! Redfish: what a BMC that speaks it can do, behind the traits of `capability`.
//!
//! ```text
//!   capability ─▶ Server (system, managers, chassis by links; quirks) ─▶ Talk (read, write) ─▶ governor ─▶ net
//! ```
//!
//! Facts are those of contract `redfish.md`; what bytes mean is `wire/redfish`'s, whose oddities decide every branch.
//!
//! - `access`    address, account, trust           - `talk`, `exchange`  one request in one turn
//! - `slot`      what is remembered of a BMC       - `read`, `write`     resources, the ladder of tags
//! - `server`    one machine: its resources        - `close`             sessions at exit
//! - `elsewhere` what the usual places lack
//! - `error`     how it ends when not well         - `hardware`          the traits of one node
//! - `power`, `boot_device`, `boot_mode`, `secure_boot`, `media`, `nmi`, `indicators`, `sensors`, `manager`,
//!   `inspect`, `vendor`, `idrac`: a capability each

pub mod access;
pub mod boot_device;
pub mod boot_mode;
pub mod close;
pub mod elsewhere;
pub mod error;
mod exchange;
pub mod hardware;
pub mod idrac;
pub mod indicators;
pub mod inspect;
pub mod manager;
pub mod media;
mod media_ladder;
pub mod nmi;
pub mod power;
pub mod read;
pub mod secure_boot;
pub mod sensors;
pub mod server;
pub mod slot;
pub mod talk;
pub mod vendor;
pub mod write;

#[cfg(test)]
mod tests;
