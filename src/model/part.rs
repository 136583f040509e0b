//! What belongs to a node beside its settings, and what is asked of it.
//!
//! - `ask`     requests    - `raid`    the form of a target RAID configuration

pub mod ask;
pub mod raid;
