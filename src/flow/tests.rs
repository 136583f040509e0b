//! Rules tested by calling them: a record, what is asked or has happened, and what follows.

mod abort;
mod again;
mod asks;
mod beats;
mod bmc;
mod booting;
mod boots;
mod discoveries;
mod in_band;
mod inspection_boots;
mod inspections;
mod meetings;
mod modes;
mod pipelines;
mod plans;
mod power;
mod scenes;
mod silence;
mod stage;
mod steps;
mod unmanaged;
mod walk;
