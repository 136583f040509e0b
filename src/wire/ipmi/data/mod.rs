//! What IPMI commands carry: request and answer data to typed values and back, for the client and the simulated BMC.
//!
//! Answer data begins after the completion code. A walk (SDR, SEL, FRU) is a value: it says what to ask next and is fed
//! with completion code and data, so that session, deadline and pauses stay with the caller.
//!
//! - `ask`      a request to be sent, and what an answer's completion code asks for
//! - `bytes`    bounded reading of little-endian fields
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

pub mod ask;
pub mod boot;
pub mod bytes;
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

/// Why data of a command could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Fewer bytes than the fixed part of the structure.
    #[error("{0} is cut short")]
    Short(&'static str),
    /// A version or marker byte is not what the structure needs.
    #[error("{what} has {got:02x}h where {want:02x}h belongs")]
    Marker {
        /// The structure.
        what: &'static str,
        /// The byte that came.
        got: u8,
        /// The byte that belongs there.
        want: u8,
    },
    /// A field is outside what the structure allows.
    #[error("{0} is out of range")]
    Range(&'static str),
}

#[cfg(test)]
mod goldens;
