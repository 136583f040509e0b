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
//! - `watch`     the work that an answer began   - `management`         steps of every maker
//! - `power`, `boot_device`, `boot_mode`, `secure_boot`, `media`, `nmi`, `indicators`, `sensors`, `manager`,
//!   `inspect` and `inspection`, `vendor`, `console`: a capability each
//! - `identify`  which machine a BMC belongs to
//! - `idrac`     Dell's steps                      - `idrac_boot`         Dell's boot from virtual media
//! - `idrac_card` its attributes                 - `upkeep`             settings, volumes and new firmware, as steps

pub mod boot_device;
pub mod boot_mode;
pub mod console;
pub mod hardware;
pub mod identify;
pub mod idrac;
pub mod indicators;
pub mod inspect;
pub mod inspection;
pub mod management;
pub mod manager;
pub mod media;
pub mod nmi;
pub mod power;
pub mod secure_boot;
pub mod sensors;
pub mod server;
pub mod talk;
pub mod upkeep;
pub mod vendor;

#[cfg(test)]
mod tests;
