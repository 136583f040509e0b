//! UEFI or BIOS.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

/// How the firmware boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Uefi,
    Bios,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Uefi => "uefi",
            Self::Bios => "bios",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Uefi, Self::Bios].into_iter().find(|mode| mode.name() == name)
    }
}

/// Reads and changes the boot mode.
pub trait BootMode: fmt::Debug + Send + Sync {
    fn get(&self) -> Later<'_, Result<Mode, DriverError>>;

    /// Sets the mode of the next boot and returns what the machine then says.
    fn set(&self, mode: Mode) -> Later<'_, Result<Mode, DriverError>>;
}
