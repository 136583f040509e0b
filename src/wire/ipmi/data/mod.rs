//! What IPMI commands carry: request and answer data to typed values and back, for the client and the simulated BMC.
//!
//! Answer data begins after the completion code. A walk (SDR, SEL, FRU) is a value: it says what to ask next and is fed
//! with completion code and data, so that session, deadline and pauses stay with the caller.
//!
//! - `device`   Get Device ID, BMC reset; `vendor` the manufacturers' names; `guid` Get System GUID
//! - `chassis`  power status, control, identify
//! - `boot`     boot options
//! - `sdr`      sensor data records and their walk
//! - `convert`  raw readings to values; `unit`, `entity`, `kind`, `state` the tables of names
//! - `reading`  Get Sensor Reading, thresholds, event enables
//! - `sensors`  the sensor view of the reference
//! - `sel`      the event log and its walk
//! - `fru`      the inventory and its walk
//! - `dcmi`     power reading
//! - `lanparam` LAN configuration
//! - `limit`    how much data a message may carry

pub mod boot;
pub mod chassis;
pub mod convert;
pub mod dcmi;
pub mod device;
pub mod entity;
pub mod fru;
pub mod guid;
pub mod kind;
pub mod lanparam;
pub mod limit;
pub mod reading;
pub mod sdr;
pub mod sel;
pub mod sensors;
pub mod state;
pub mod text;
pub mod unit;
pub mod vendor;

#[cfg(test)]
mod goldens;
