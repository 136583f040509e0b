//! What belongs to a node beside its settings, and what is asked of it.
//!
//! - `ask`  requests                                    - `portgroup`  NICs that are used as one
//! - `raid` the form of a target RAID configuration     - `sheet`      what is known of the firmware
//! - `vif`  which port of a tenant's network is where  - `told`    steps that an agent told last

pub mod ask;
pub mod portgroup;
pub mod raid;
pub mod sheet;
pub mod told;
pub mod vif;
