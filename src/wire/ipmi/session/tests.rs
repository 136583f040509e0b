//! The client's session against recorded BMCs, byte for byte, and against BMCs that misbehave.

mod replay;
mod bmc;
mod lossy;
