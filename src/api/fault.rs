//! The one place that turns refusals into status codes and error bodies.
//!
//! The reference's error is JSON within JSON: `{"error_message": "<JSON text>"}`. Stock clients decode both.

use serde_json::json;

use crate::model::decision::refusal::Refusal;
use crate::net::http::Response;

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    status: u16,
    text: String,
    form: Form,
    /// The methods that are possible instead.
    allowed: Option<String>,
}

/// How the body is shaped; clients read all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// From a resource: `faultcode`, `faultstring`.
    Resource,
    /// From the router: `code`, `title`, `description`.
    Router,
    /// A body that was not read: the resource's form without the wrapper.
    Bare,
}

impl Fault {
    /// An error of a resource.
    pub fn new(status: u16, text: impl Into<String>) -> Self {
        Self::made(status, text.into(), Form::Resource)
    }

    /// The request itself is wrong.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::new(400, text)
    }

    pub fn not_found(text: impl Into<String>) -> Self {
        Self::new(404, text)
    }

    /// The request needs a newer version.
    pub fn too_new(what: &str, since: u16) -> Self {
        Self::new(406, format!("{what} needs API version 1.{since} or newer"))
    }

    /// An error before any resource was reached.
    pub fn router(status: u16, text: impl Into<String>) -> Self {
        Self::made(status, text.into(), Form::Router)
    }

    /// A body that was too large, too deep or did not come.
    pub fn bare(status: u16, text: impl Into<String>) -> Self {
        Self::made(status, text.into(), Form::Bare)
    }

    fn made(status: u16, text: String, form: Form) -> Self {
        Self { status, text: bounded(text), form, allowed: None }
    }

    /// The same with the methods that are possible instead.
    #[must_use]
    pub fn allowing(self, methods: String) -> Self {
        Self { allowed: Some(methods), ..self }
    }

    /// Methods that are possible instead.
    pub fn allowed(&self) -> Option<&str> {
        self.allowed.as_deref()
    }

    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The answer.
    pub fn response(&self) -> Response {
        let faultcode = if self.status < 500 { "Client" } else { "Server" };
        let resource = json!({"faultcode": faultcode, "faultstring": self.text, "debuginfo": null});
        let body = match self.form {
            Form::Resource => json!({"error_message": resource.to_string()}),
            Form::Router => {
                let title = title(self.status);
                let inner = json!({"code": self.status, "title": title, "description": self.text});
                json!({"error_message": inner.to_string()})
            }
            Form::Bare => json!({"faultcode": faultcode, "faultstring": self.text}),
        };
        let response = Response::json(self.status, body.to_string().into_bytes());
        match &self.allowed {
            Some(methods) => response.with("Allow", methods.as_str()),
            None => response,
        }
    }
}

/// A text that repeats much of what was sent has its begin and its end, which says what is wrong.
fn bounded(text: String) -> String {
    // As many bytes are not more letters.
    if text.len() <= BEGIN + END {
        return text;
    }
    let letters = text.chars().count();
    if letters <= BEGIN + END {
        return text;
    }
    let begin = text.chars().take(BEGIN);
    begin.chain(" ... ".chars()).chain(text.chars().skip(letters - END)).collect()
}

/// Letters of a long text that are shown.
const BEGIN: usize = 1200;
const END: usize = 800;

fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        _ => "Error",
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::NoSuchNode { .. } | Refusal::NoSuchPort { .. } | Refusal::NotFound(_) => 404,
            Refusal::Locked { .. }
            | Refusal::Conflict(_)
            | Refusal::Duplicate(_)
            | Refusal::AskAgain { .. } => 409,
            Refusal::NoSuchMove { .. }
            | Refusal::InMaintenance { .. }
            | Refusal::Retired { .. }
            | Refusal::Invalid(_) => 400,
            Refusal::Protected { .. } => 403,
            Refusal::Unanswered(_) | Refusal::Busy(_) => 503,
            Refusal::Full { .. } => 507,
            Refusal::Internal(why) => {
                tracing::error!(error = why, "a request failed inside");
                return Self::new(500, "the request failed inside the daemon; its log says why");
            }
        };
        Self::new(status, refusal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::net::body::Body;

    fn read(fault: &Fault) -> Value {
        let Body::Bytes(bytes) = fault.response().body else { panic!("no bytes") };
        serde_json::from_slice(&bytes).unwrap()
    }

    fn inner(fault: &Fault) -> Value {
        serde_json::from_str(read(fault)["error_message"].as_str().unwrap()).unwrap()
    }

    #[test]
    fn errors_are_encoded_twice() {
        let value = inner(&Fault::invalid("no \"x\""));
        assert_eq!(value, json!({"faultcode": "Client", "faultstring": "no \"x\"", "debuginfo": null}));
        assert_eq!(inner(&Fault::new(503, "x"))["faultcode"], "Server");
    }

    #[test]
    fn the_router_speaks_its_own_form() {
        let value = inner(&Fault::router(404, "x"));
        assert_eq!(value, json!({"code": 404, "title": "Not Found", "description": "x"}));
    }

    #[test]
    fn a_body_that_was_not_read_is_refused_bare() {
        assert_eq!(read(&Fault::bare(413, "x")), json!({"faultcode": "Client", "faultstring": "x"}));
    }

    #[test]
    fn what_was_sent_is_not_sent_back_whole() {
        let fault = Fault::invalid(format!("driver {:?} is not enabled", "é".repeat(900_000)));
        assert!(fault.text().starts_with("driver \"é") && fault.text().ends_with("\" is not enabled"));
        assert_eq!(fault.text().chars().count(), BEGIN + END + 5);
        let short = "é".repeat(BEGIN + END);
        assert_eq!(Fault::invalid(short.clone()).text(), short);
    }

    #[test]
    fn the_inside_is_not_shown() {
        let fault = Fault::from(Refusal::Internal("disk /dev/sda1 at 0x7f".to_owned()));
        assert_eq!(fault.status(), 500);
        assert!(!fault.text().contains("sda1"));
    }
}
