//! The API in one process: the real store, lanes and fake drivers behind it, requests without a socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, unreachable_pub)]

mod agent;
mod conductor;
mod chassis;
mod console;
mod discovery;
mod inspection;
mod listing;
mod observed;
mod panel;
mod parts;
mod portgroups;
mod rack;
mod refusals;
mod runbooks;
mod templates;
