//! The dump button.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;

/// Injects a non-maskable interrupt. A press: a second call is a second interrupt.
pub trait Nmi: fmt::Debug + Send + Sync {
    fn inject(&self) -> Later<'_, Result<(), DriverError>>;
}
