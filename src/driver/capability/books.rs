//! What a BMC writes down beside its sensors' readings.

use std::fmt;

use serde_json::Value;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::bmc::panel::Book;

/// Reads what the BMC has written down.
pub trait Books: fmt::Debug + Send + Sync {
    /// As the API shows it.
    fn read(&self, book: Book) -> Later<'_, Result<Value, DriverError>>;
}
