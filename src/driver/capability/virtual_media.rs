//! A drive of the BMC that holds an image by URL.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::boot::BootDevice;

/// What is in a drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    /// `Cdrom` or `Floppy`.
    pub drive: BootDevice,
    pub url: String,
}

/// Inserts and ejects media.
pub trait VirtualMedia: fmt::Debug + Send + Sync {
    /// What the drives hold; empty drives are left out.
    fn list(&self) -> Later<'_, Result<Vec<Medium>, DriverError>>;

    /// Ejects what the drive holds and inserts this; a drive that holds it already is left alone.
    fn insert(&self, medium: Medium) -> Later<'_, Result<(), DriverError>>;

    /// Empties a drive; an empty one is left alone.
    fn eject(&self, drive: BootDevice) -> Later<'_, Result<(), DriverError>>;
}
