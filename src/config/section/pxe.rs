//! `[pxe]`: boots that bring nobody.

use serde::Deserialize;

/// `[pxe]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pxe {
    /// Seconds after which a boot that brought nobody is begun again; never, if not given.
    pub boot_retry_timeout: Option<u32>,
    /// Seconds between two looks for such boots.
    pub boot_retry_check_interval: Option<u32>,
}
