//! The client's session against recorded BMCs, byte for byte, and against BMCs that misbehave.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test names the arms that it is about")]

mod replay;
mod bmc;
mod lossy;
mod old;
