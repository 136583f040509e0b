//! A terminal of the machine.

use std::fmt;

use tokio::io::DuplexStream;

use crate::base::time::Later;
use crate::driver::error::DriverError;

/// Opens the serial console.
pub trait Console: fmt::Debug + Send + Sync {
    /// A session: what is written goes to the machine, what is read comes from it. Dropping it closes it.
    fn open(&self) -> Later<'_, Result<DuplexStream, DriverError>>;
}
