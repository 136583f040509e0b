//! A drive of the BMC that holds an image by URL.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::boot::BootDevice;

pub use crate::model::bmc::panel::{Medium, Slot};

/// Inserts and ejects media.
pub trait VirtualMedia: fmt::Debug + Send + Sync {
    /// All drives, empty ones too.
    fn list(&self) -> Later<'_, Result<Vec<Slot>, DriverError>>;

    /// Ejects what the drive holds and inserts this; a drive that holds it already is left alone.
    fn insert(&self, medium: Medium) -> Later<'_, Result<(), DriverError>>;

    /// Empties a drive; an empty one is left alone.
    fn eject(&self, drive: BootDevice) -> Later<'_, Result<(), DriverError>>;
}
