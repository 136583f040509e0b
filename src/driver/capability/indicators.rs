//! Lamps of a machine and its parts.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

/// What a lamp shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lamp {
    On,
    #[default]
    Off,
    Blinking,
}

/// A lamp and the part that bears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// e.g. `system`, `chassis`, `drive`.
    pub component: String,
    pub name: String,
    pub shows: Lamp,
    /// What it can be made to show.
    pub can: Vec<Lamp>,
}

/// Reads and changes lamps.
pub trait Indicators: fmt::Debug + Send + Sync {
    fn list(&self) -> Later<'_, Result<Vec<Indicator>, DriverError>>;

    fn set<'a>(&'a self, component: &'a str, name: &'a str, lamp: Lamp)
    -> Later<'a, Result<(), DriverError>>;
}
