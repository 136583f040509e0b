//! Commands of sessions: their numbers, request data and answers, for the client that asks and the responder that
//! answers.
//!
//! - `session`  capabilities, cipher suites, challenge, activate, privilege, close
//! - `payload`  activation of serial over LAN
//!
//! What a session itself needs is here; what is asked within one is in `data`, record by record.

pub mod session;
pub mod payload;

use crate::wire::ipmi::ask::Ask;

/// Whatever an operator wants to say. Nobody knows what it does, so that it is never asked twice.
pub fn raw(netfn: u8, command: u8, data: &[u8]) -> Ask {
    Ask::new(netfn & 0x3e, command, data).once()
}

#[cfg(test)]
mod tests;
