//! What a controller was asked, for tests.

use serde_json::Value;

use crate::net::http::Method;

/// One request as it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub method: Method,
    pub path: String,
    pub query: String,
    /// The body if it is JSON; else null.
    pub body: Value,
    pub if_match: Option<String>,
    /// Whether it came with a session's token; with an account; with neither.
    pub proof: Proof,
    /// Whether it came over TLS.
    pub tls: bool,
    /// The answer's status; 0 while there is none.
    pub status: u16,
}

/// What a request brought to show who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    None,
    Basic,
    Token,
}

/// The newest requests are kept, so that a soak does not grow.
pub const KEPT: usize = 4096;
