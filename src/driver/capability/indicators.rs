//! Lamps of a machine and its parts.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

pub use crate::model::bmc::panel::{Indicator, Lamp};

/// Reads and changes lamps.
pub trait Indicators: fmt::Debug + Send + Sync {
    fn list(&self) -> Later<'_, Result<Vec<Indicator>, DriverError>>;

    /// Sets a lamp; one that the machine does not have is refused.
    fn set<'a>(&'a self, component: &'a str, name: &'a str, lamp: Lamp)
    -> Later<'a, Result<(), DriverError>>;
}
