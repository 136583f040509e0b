//! Errors that repeat what a BMC said, without the secret in the path that it was given.

use crate::base::secret::{MASK, Secret};
use crate::driver::error::DriverError;

/// The same error; where its text holds the secret, a mask stands.
pub fn veiled(error: DriverError, secret: &Secret) -> DriverError {
    let hide =
        |text: String| if secret.reveal().is_empty() { text } else { text.replace(secret.reveal(), MASK) };
    match error {
        DriverError::Silent { who, why } => DriverError::Silent { who, why: hide(why) },
        DriverError::Resting { who, why } => DriverError::Resting { who, why: hide(why) },
        DriverError::Refused { what, why } => DriverError::Refused { what: hide(what), why: hide(why) },
        DriverError::Lost { why } => DriverError::Lost { why: hide(why) },
        DriverError::LoginRefused { who, at, why } => DriverError::LoginRefused { who, at, why: hide(why) },
        DriverError::NotApplied { text } => DriverError::NotApplied { text: hide(text) },
        DriverError::Unseen { who, text } => DriverError::Unseen { who, text: hide(text) },
        DriverError::Unsupported { implementation, what } => {
            DriverError::Unsupported { implementation, what: hide(what) }
        }
        same @ (DriverError::NotEnabled { .. }
        | DriverError::Missing { .. }
        | DriverError::Paused { .. }
        | DriverError::Crowded { .. }) => same,
    }
}
