//! One lane a node: load, decide, commit, act, feed back.
//!
//! ```text
//!   desk ── ask, beat, look, act ──▶ lane ── closure ──▶ commit thread (flow decides inside)
//!   tick ── due, sync ─────────────▶  │  ◀── committed: what is owed, what to look at
//!                                     ├── change slot ──▶ hands ──▶ driver ── outcome ─┐
//!                                     └── look slot ────▶ hands ──▶ driver ── seen ────┤
//!                                     ◀────────────────────────────────────────────────┘
//! ```
//!
//! - `desk`    the handle that API, boot and ticks hold: they post, they never write
//! - `lane`    the one writer of a node; `lane/asks` what is asked of it, `lane/slots` what it does beside itself
//! - `author`  in whose name a request works; `audit` the list of what was changed by whom
//! - `beats`   the slot in which a heartbeat waits; `letterbox` that, and facts of the BMC
//! - `leases`  the lane of addresses that are given to machines; `board` the networks that are served
//! - `chronicle` the rack's journal: what happened in its networks and belongs to no node
//! - `explain` what a request would lead to, told without making it
//! - `leases6` the lane of IPv6 leases
//! - `keyring` bearer tokens in memory, by their hashes
//! - `ledger`  the notebook of the drivers, to the lanes
//! - `commit`  a decision inside a transaction
//! - `hands`   effects and looks to driver calls
//! - `console` consoles that are open: recorded, and handed to who asks
//! - `tray`    arguments that must not be stored
//! - `site`    what all lanes share
//! - `through` what goes on although its client hung up
//! - `tick`    waits that end, and power sync
//! - `parked`  asks that wait for a change to end
//! - `refused` what is told of changes that were refused
//! - `freed`   allocations that nodes have lost, to the rack's lane
//! - `webhook` programs elsewhere that are told what changes
//! - `rack`    what belongs to no node: rules, and machines that nobody has enrolled; `gate` how many of them

pub mod audit;
pub mod author;
pub mod beats;
pub mod board;
pub mod chronicle;
pub mod commit;
pub mod console;
pub mod desk;
pub mod explain;
pub mod freed;
pub mod gate;
pub mod hands;
pub mod keyring;
pub mod lane;
pub mod leases;
pub mod leases6;
pub mod ledger;
pub mod letterbox;
pub mod parked;
pub mod post;
pub mod rack;
pub mod refused;
pub mod relatives;
pub mod site;
pub mod through;
pub mod tick;
pub mod tray;
pub mod webhook;

#[cfg(test)]
mod tests;
