//! The protocol of ironic-python-agent, both directions, so that the appliance and the simulated agent share it.
//!
//! ```text
//! agent -> appliance   lookup (who am I), beat (I am here, this is my address)
//! appliance -> agent   request (run this) -> answer (a result, or why not), steps and inventory inside results
//! ```
//!
//! - `fields`     bounded reading of a foreign object's members
//! - `lookup`     query and reply of the lookup
//! - `beat`       the heartbeat's body
//! - `command`    the request to run a command, its result, the list of results
//! - `answer`     an HTTP status and body classed as a result or one of few refusals
//! - `step`       the steps that an agent offers and the echo of one that ran
//! - `inspection` what the ramdisk of an inspection posts
//! - `inventory`  the disks of a hardware inventory
//! - `path`       the paths and queries of the command API

pub mod answer;
pub mod beat;
pub mod command;
pub mod fields;
pub mod inspection;
pub mod inventory;
pub mod lookup;
pub mod path;
pub mod step;

/// Microversion that an agent of version 13 looks up with.
pub const LOOKUP_VERSION: &str = "1.62";

/// Microversion that an agent of version 13 beats with.
pub const BEAT_VERSION: &str = "1.68";

#[cfg(test)]
mod goldens;
