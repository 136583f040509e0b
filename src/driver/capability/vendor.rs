//! Methods that only one vendor, or one driver, has.

use std::fmt;

use serde_json::Value;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::model::Object;

/// One call of a vendor's method.
#[derive(Debug, Clone)]
pub struct VendorCall<'a> {
    pub method: &'a str,
    /// The request's method, upper case.
    pub http: &'a str,
    /// Checked to hold what the method requires; may hold secrets.
    pub args: &'a Object,
}

/// Carries out the methods that [`crate::driver::vendor::METHODS`] lists for it. Each is a press, but for those of `GET`.
pub trait VendorPassthru: fmt::Debug + Send + Sync {
    /// What the method returns, null for nothing.
    fn call<'a>(&'a self, call: VendorCall<'a>) -> Later<'a, Result<Value, DriverError>>;
}
