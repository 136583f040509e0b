//! What exists and what may follow what: plain values without clock, socket or store.

pub mod access;
pub mod account;
pub mod allocation;
pub mod audit;
pub mod autodetect;
pub mod bmc;
pub mod boot;
pub mod catalog;
pub mod chassis;
pub mod cleaning;
pub mod decision;
pub mod draft;
pub mod drive;
pub mod explain;
pub mod inspection;
pub mod interface;
pub mod journal;
pub mod moves;
pub mod node;
pub mod notice;
pub mod part;
pub mod patch;
pub mod plans;
pub mod policy;
pub mod port;
pub mod provision;
pub mod rack;
pub mod rescue;
pub mod run;
pub mod runbook;
pub mod shape;
pub mod step;
pub mod tally;
pub mod template;
pub mod thing;
pub mod trait_name;
pub mod turn;
pub mod volume;
pub mod webhook;

/// A JSON object that we carry without reading a rule from it.
pub type Object = serde_json::Map<String, serde_json::Value>;
