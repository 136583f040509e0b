//! Firmware of the machine's parts.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

/// One part that bears firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// e.g. `bios`, `bmc`, `nic:1`.
    pub name: String,
    pub version: Option<String>,
}

/// Reads and changes firmware. An update is a press.
pub trait Firmware: fmt::Debug + Send + Sync {
    fn components(&self) -> Later<'_, Result<Vec<Component>, DriverError>>;

    /// Makes the machine fetch `url` and flash it to the component.
    fn update(&self, component: &str, url: &str) -> Later<'_, Result<(), DriverError>>;
}
