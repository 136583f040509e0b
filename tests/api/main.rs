//! The API in one process: the real store, lanes and fake drivers behind it, requests without a socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

mod accounts;
mod agent;
mod allocations;
mod allocations_hostile;
mod conductor;
mod contract;
mod chassis;
mod children;
mod console;
mod discovery;
mod events;
mod hostile;
mod inspection;
mod listing;
mod nodes;
mod metrics;
mod observed;
mod panel;
mod parts;
mod plans;
mod portgroups;
mod rack;
mod refusals;
mod rescue;
mod volumes;
mod roles;
mod runbooks;
mod site_steps;
mod templates;
