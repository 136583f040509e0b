//! Vendor methods of a fake machine: each takes `bar` and says whether it is the right one.

use serde_json::Value;

use crate::base::time::Later;
use crate::driver::capability::vendor::{VendorCall, VendorPassthru};
use crate::driver::error::DriverError;
use crate::driver::fake::FakeServer;

impl VendorPassthru for FakeServer {
    fn call<'a>(&'a self, call: VendorCall<'a>) -> Later<'a, Result<Value, DriverError>> {
        Box::pin(async move {
            self.call(self.rack.delays.management, |machine| machine.presses += 1).await?;
            let bar = call.args.get("bar").and_then(Value::as_str);
            match call.method {
                "log_passthrough" => {
                    tracing::info!(node = %self.node, "a vendor method of the fake machine was called");
                    Ok(Value::Null)
                }
                method => match RIGHT.iter().find(|(name, _)| *name == method) {
                    Some((_, right)) => Ok(Value::Bool(bar == Some(right))),
                    None => Err(DriverError::Unsupported {
                        implementation: "vendor interface fake".to_owned(),
                        what: format!("method {method:?}"),
                    }),
                },
            }
        })
    }
}

/// The argument with which each method answers true.
const RIGHT: &[(&str, &str)] =
    &[("second_method", "kazoo"), ("third_method_sync", "meow"), ("fourth_method_shared_lock", "woof")];
