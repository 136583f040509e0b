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

    /// The same; a drive that holds `other` is left alone, for some BMCs have drives that take everything.
    fn insert_beside<'a>(&'a self, medium: Medium, other: &'a str) -> Later<'a, Result<(), DriverError>>;

    /// Empties a drive; an empty one is left alone.
    fn eject(&self, drive: BootDevice) -> Later<'_, Result<(), DriverError>>;
}
