//! Errors told in one line.

use std::error::Error;

/// An error with all its causes in one line, for a log or `last_error`.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
