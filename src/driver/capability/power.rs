//! Power of a machine.

use std::fmt;
use std::time::Duration;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::bmc::power::{Power, PowerWish};

/// Reads and changes power.
pub trait PowerSwitch: fmt::Debug + Send + Sync {
    /// Power as the machine has it now.
    fn state(&self) -> Later<'_, Result<Power, DriverError>>;

    /// Brings the wish about and returns the power then seen: it may still be another when `limit` is over.
    ///
    /// `Reset` and `SoftReset` boot a running machine anew without ever switching it off, and switch on one that is
    /// off; an implementation that cannot answers [`DriverError::Unsupported`].
    fn set(&self, wish: PowerWish, limit: Duration) -> Later<'_, Result<Power, DriverError>>;
}
