//! Firmware settings by name.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::Object;

/// Reads and changes firmware settings; most machines take them up at the next boot.
pub trait Bios: fmt::Debug + Send + Sync {
    /// Settings in force, by name.
    fn settings(&self) -> Later<'_, Result<Object, DriverError>>;

    /// Asks for these values at the next boot.
    fn apply(&self, wished: Object) -> Later<'_, Result<(), DriverError>>;

    /// Asks for the values of the factory at the next boot.
    fn reset(&self) -> Later<'_, Result<(), DriverError>>;
}
