//! Ferric: one daemon that turns a rack of bare servers into running machines.
//!
//! The modules, from the bottom layer up. Who may name whom is held by `tests/layers.rs`.

pub mod base;
pub mod wire;
pub mod model;
pub mod net;
pub mod flow;
pub mod store;
pub mod depot;
pub mod driver;
pub mod conduct;
pub mod boot;
pub mod api;
pub mod twin;
pub mod cli;
pub mod demo;
pub mod config;
pub mod app;
