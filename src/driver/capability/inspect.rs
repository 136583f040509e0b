//! What a machine is made of, told by its BMC.

use std::fmt;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::inspection::Inspection;

/// Reads what the machine is made of; changes nothing.
pub trait Inspect: fmt::Debug + Send + Sync {
    /// Who is asked, for messages.
    fn who(&self) -> String;

    /// All that is known; what is not told is left out. Takes minutes on a slow BMC.
    fn inspect(&self) -> Later<'_, Result<Inspection, DriverError>>;
}
