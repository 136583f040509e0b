//! Readings of a machine.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::Object;

/// Reads sensors.
pub trait Sensors: fmt::Debug + Send + Sync {
    /// By type (`Temperature`, `Fan`, `Power`, ...), then by sensor id, the fields of each: the reference's shape,
    /// which consumers of its metrics know.
    fn readings(&self) -> Later<'_, Result<Object, DriverError>>;
}
