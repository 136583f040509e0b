//! Serial over LAN (IPMI 2.0 15): packets, and the line between console and BMC as a value.

pub mod packet;
pub mod line;

pub use line::{Line, LineEvent, LineTurn};
pub use packet::SolPacket;

#[cfg(test)]
mod tests;
