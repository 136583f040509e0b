//! Readings of a machine.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

/// One sensor's reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// e.g. `Temperature`, `Fan`.
    pub group: String,
    pub name: String,
    pub value: Option<f64>,
    /// e.g. `Cel`, `RPM`, `W`.
    pub unit: String,
}

/// Reads sensors.
pub trait Sensors: fmt::Debug + Send + Sync {
    fn readings(&self) -> Later<'_, Result<Vec<Reading>, DriverError>>;
}
