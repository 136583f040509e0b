//! A server's management controller: a Redfish service on loopback that really drives the simulated machine.
//!
//! ```text
//! client -- HTTP, HTTPS --> door -> service: fault -> auth -> GET: tree, live, bend   -> answer
//!                                                   -> POST, PATCH, DELETE: action -> Server, Firmware, State
//! ```
//!
//! - `bmc`      the handle: start, addresses, oddities, faults, what was asked
//! - `settings` whose controller it is, its account, how fast it is
//! - `profile`  makers as data; `oddity` what may be odd; `fault` what can go wrong; `log` what was asked
//! - `door`     the listeners; `service` one request from head to answer; `auth` who may; `answer` refusals and bodies
//! - `tree`     the resources at rest; `live` what moves in them; `bend` what is odd in them; `expand` `$expand`
//! - `state`    what the controller remembers; `task`, `session` parts of it
//! - `action`   what changes something

pub mod action;
pub mod answer;
pub mod auth;
pub mod bend;
pub mod bmc;
pub mod door;
pub mod expand;
pub mod fault;
pub mod live;
pub mod log;
pub mod oddity;
pub mod profile;
pub mod service;
pub mod session;
pub mod settings;
pub mod state;
pub mod task;
pub mod tree;
pub mod upkeep;

#[cfg(test)]
mod tests;
