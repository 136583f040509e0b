//! Commands: their numbers, request data and answers, for the client that asks and the responder that answers.
//!
//! - `session`  capabilities, cipher suites, challenge, activate, privilege, close
//! - `device`   device id, GUID, resets
//! - `chassis`  status, control, identify, raw boot options
//! - `payload`  activation of serial over LAN
//!
//! Sensors, event log, FRU, boot flags and DCMI are records of their own and live beside this.

pub mod session;
pub mod device;
pub mod chassis;
pub mod payload;

use crate::wire::ipmi::ask::Ask;

/// Network functions of requests; an answer's is one more.
pub mod netfn {
    pub const CHASSIS: u8 = 0x00;
    pub const BRIDGE: u8 = 0x02;
    pub const SENSOR: u8 = 0x04;
    pub const APP: u8 = 0x06;
    pub const FIRMWARE: u8 = 0x08;
    pub const STORAGE: u8 = 0x0a;
    pub const TRANSPORT: u8 = 0x0c;
    pub const GROUP: u8 = 0x2c;
}

/// Whatever an operator wants to say. Nobody knows what it does, so that it is never asked twice.
pub fn raw(netfn: u8, command: u8, data: &[u8]) -> Ask {
    Ask::new(netfn & 0x3e, command, data).once()
}

#[cfg(test)]
mod tests;
