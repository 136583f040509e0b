//! What exists and what may follow what: plain values without clock, socket or store.

pub mod ask;
pub mod bmc;
pub mod boot;
pub mod catalog;
pub mod decision;
pub mod discovery;
pub mod draft;
pub mod effect;
pub mod facts;
pub mod firmware;
pub mod inspection;
pub mod interface;
pub mod journal;
pub mod moves;
pub mod node;
pub mod outcome;
pub mod panel;
pub mod patch;
pub mod policy;
pub mod port;
pub mod power;
pub mod provision;
pub mod rack;
pub mod refusal;
pub mod rule;
pub mod run;
pub mod shape;
pub mod step;
pub mod turn;

/// A JSON object that we carry without reading a rule from it.
pub type Object = serde_json::Map<String, serde_json::Value>;
