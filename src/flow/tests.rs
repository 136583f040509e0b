//! Rules tested by calling them: a record, what is asked or has happened, and what follows.

mod abort;
mod adopt;
mod again;
mod allocations;
mod asks;
mod beats;
mod bmc;
mod booting;
mod boots;
mod discoveries;
mod inspect;
mod manual;
mod meetings;
mod modes;
mod parts;
mod pipelines;
mod plans;
mod power;
mod relatives;
mod scenes;
mod service;
mod silence;
mod stage;
mod steps;
mod volumes;
mod walk;
