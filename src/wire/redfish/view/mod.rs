//! What we read of each kind of resource. A view never fails: see `lenient`.
//!
//! Text that the standard makes an enumeration stays text: tables in `power_state`, `boot`, `inventory` and `sensors`
//! decide what a word means, and an unknown word is shown as the BMC wrote it.
//!
//! - `root` service root, collections · `system` · `boot` · `chassis` · `manager` · `session`
//! - `annotation` actions, allowable values, settings objects · `message` extended info, registries · `status`
//! - `media` · `secure_boot` with Bios and certificates · `compute` processors, memory · `storage` · `smart_storage` HPE · `network` · `pcie`
//! - `power` `thermal` `sensor` both the old resources and the subsystems · `task` · `event` subscriptions, logs

pub mod annotation;
pub mod boot;
pub mod chassis;
pub mod compute;
pub mod manager;
pub mod media;
pub mod network;
pub mod pcie;
pub mod power;
pub mod root;
pub mod secure_boot;
pub mod sensor;
pub mod service;
pub mod smart_storage;
pub mod status;
pub mod storage;
pub mod system;
pub mod thermal;

#[cfg(test)]
mod tests;
