//! What can go wrong for a command, in words for the operator: what failed, and the remedy where one is known.

pub mod field;
pub mod remedy;
pub mod way;

use std::error::Error;
use std::io;
use std::path::PathBuf;

use serde_json::Value;

use crate::cli::console::one_line;
use crate::cli::fault::way::Facts;
use crate::cli::value::ValueError;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("no answer from {url}")]
    Unreachable { url: String, source: Box<dyn Error + Send + Sync> },
    /// The server was there, but its answer did not come, or is no use.
    #[error("no usable answer from {url}")]
    Unanswered { url: String, source: Box<dyn Error + Send + Sync> },
    /// The server's certificate is not believed, or it speaks no TLS.
    #[error("no TLS with {url}")]
    Untrusted { url: String, source: Box<dyn Error + Send + Sync> },
    /// The file of authorities is of no use.
    #[error("certificate authority {}: {why}", path.display())]
    Authority { path: PathBuf, why: String },
    #[error("{0}")]
    Refused(Fault),
    #[error("{url} does not answer as the API does")]
    Garbled { url: String },
    /// No http or https address, or one with a login, query or fragment; `url` is without its login.
    #[error("{url:?} is not the address of an API")]
    Address { url: String },
    #[error("cannot read {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: {why}", path.display())]
    Content { path: PathBuf, why: String },
    #[error(transparent)]
    Value(#[from] ValueError),
    /// What is said of the login is no login.
    #[error("{0}")]
    Login(String),
    #[error("cannot print")]
    Print(#[from] io::Error),
}

impl CliError {
    /// Whether the reader of our output has gone away.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Print(cause) if cause.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Whether the command itself was wrong, whatever the rack says.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Address { .. }
                | Self::Authority { .. }
                | Self::File { .. }
                | Self::Content { .. }
                | Self::Value(_)
                | Self::Login(_)
        )
    }
}

/// What a command is about: a kind of resource by its words behind `ferric`, and which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    pub kind: &'a str,
    pub name: Option<&'a str>,
    /// What a look at the node told after the refusal.
    pub facts: Option<&'a Facts>,
    /// The command that lists what was looked for below it, if that was missing and not the thing itself.
    pub lost: Option<&'a str>,
}

impl<'a> From<Option<&'a str>> for Subject<'a> {
    /// A node.
    fn from(name: Option<&'a str>) -> Self {
        Self { kind: NODE, name, facts: None, lost: None }
    }
}

impl Subject<'_> {
    /// Who it is in front of a message: a node by its name alone.
    fn lead(&self) -> String {
        let Some(name) = self.name.map(one_line) else { return String::new() };
        if self.kind == NODE { format!("{name}: ") } else { format!("{} {name}: ", self.kind) }
    }
}

/// The line for the operator: what is concerned, what was tried, why not, and what helps.
pub fn explain<'a>(error: &CliError, verb: &str, subject: impl Into<Subject<'a>>) -> String {
    let subject = subject.into();
    let remedy = helps(error, verb, subject);
    let remedy = remedy.map(|remedy| format!(" ({remedy})")).unwrap_or_default();
    format!("{}cannot {verb}: {}{remedy}", subject.lead(), chain(error))
}

/// An error and its causes on one line; a cause that repeats what is already said is left out.
fn chain(error: &dyn Error) -> String {
    let mut text = one_line(&error.to_string());
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = one_line(&inner.to_string());
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}

fn helps(error: &CliError, verb: &str, subject: Subject<'_>) -> Option<String> {
    match error {
        CliError::Unreachable { .. } => {
            Some("is `ferric serve` running there? --url or FERRIC_URL say where to ask".to_owned())
        }
        CliError::Untrusted { source, .. } => Some(distrust(&**source)),
        CliError::Authority { .. } => Some(
            "--ca or FERRIC_CA name the file that the appliance's first start told: tls/ca.pem in its data directory"
                .to_owned(),
        ),
        CliError::Garbled { .. } | CliError::Unanswered { .. } => {
            Some("no Ironic API answered there; --url or FERRIC_URL say where to ask".to_owned())
        }
        CliError::Refused(fault) => remedy::refused(fault, verb, subject),
        CliError::Address { .. } => Some("as in http://127.0.0.1:6385".to_owned()),
        CliError::File { .. }
        | CliError::Content { .. }
        | CliError::Value(_)
        | CliError::Login(_)
        | CliError::Print(_) => None,
    }
}

/// What helps where a certificate is not believed.
fn distrust(why: &dyn Error) -> String {
    let said = chain(why);
    if said.contains("InvalidContentType") || said.contains("corrupt message") {
        return "the server there may speak plain HTTP: --url http://...".to_owned();
    }
    if said.contains("NotValidForName") || said.contains("not valid for") {
        return "ask by a name or address that is in the certificate, or add this one to tls_names of [api]"
            .to_owned();
    }
    "give the appliance's own authority: --ca FILE or FERRIC_CA, a copy of tls/ca.pem in its data directory"
        .to_owned()
}

/// A refusal by the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub status: u16,
    /// Why, on one line.
    pub text: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.text.is_empty() {
            return write!(f, "refused with status {}", self.status);
        }
        f.write_str(self.text.trim_end_matches('.'))
    }
}

/// What an answer that is no success means; a page for browsers is no refusal, unless a proxy says that nobody is there.
pub fn refusal(url: &str, status: u16, body: &[u8]) -> CliError {
    let fault = Fault::read(status, body);
    let foreign = status < 500 && fault.text == FOREIGN;
    if foreign { CliError::Garbled { url: url.to_owned() } } else { CliError::Refused(fault) }
}

/// A body that is no JSON, as far as it is meant for people.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body).into_owned();
    if text.trim_start().starts_with('<') { FOREIGN.to_owned() } else { text }
}

impl Fault {
    /// From a reply's status and body: `{"error_message": "<JSON text>"}` as Ironic has it, the inner object alone,
    /// `{"error": {"message"}}` of HTTP basic authentication, or whatever a proxy says.
    pub fn read(status: u16, body: &[u8]) -> Self {
        let text = serde_json::from_slice(body).ok().and_then(|body| message(&body));
        let text = text.unwrap_or_else(|| plain(body));
        Self { status, text: one_line(&text).chars().take(LONGEST_TEXT).collect() }
    }

    /// Whether the same ask may succeed in a moment, because another change holds the node.
    pub fn is_locked(&self) -> bool {
        self.status == 409 && self.text.contains("locked")
    }
}

fn message(body: &Value) -> Option<String> {
    let inner = match body.get("error_message") {
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(inner) => inner,
            Err(_) => return Some(text.clone()),
        },
        Some(inner) => inner.clone(),
        None => body.get("error").unwrap_or(body).clone(),
    };
    let keys = ["faultstring", "description", "title", "message"];
    keys.iter().find_map(|key| inner.get(key)?.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// What is said of a page for browsers.
const FOREIGN: &str = "no Ironic API answered there";

/// The kind whose name stands alone.
const NODE: &str = "node";

/// Characters of a refusal that are shown; the reference cuts its own at 4096 bytes.
const LONGEST_TEXT: usize = 4096;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(status: u16, inner: &str) -> Fault {
        let body = serde_json::json!({ "error_message": inner }).to_string();
        Fault::read(status, body.as_bytes())
    }

    fn said(status: u16, text: &str, verb: &str) -> String {
        let inner = serde_json::json!({"faultcode": "Client", "faultstring": text, "debuginfo": null});
        explain(&CliError::Refused(fault(status, &inner.to_string())), verb, Some("n1"))
    }

    #[test]
    fn each_shape_of_refusal_is_read() {
        let shapes = [
            r#"{"error_message": "{\"faultcode\": \"Client\", \"faultstring\": \"no\", \"debuginfo\": null}"}"#,
            r#"{"error_message": "{\"code\": 404, \"title\": \"Not Found\", \"description\": \"no\"}"}"#,
            r#"{"error_message": "{\"code\": 404, \"title\": \"no\", \"description\": null}"}"#,
            r#"{"error_message": {"faultstring": "no"}}"#,
            r#"{"error_message": "no"}"#,
            r#"{"faultcode": "Client", "faultstring": "no"}"#,
            r#"{"error": {"message": "no", "code": 401}}"#,
            "no\n",
        ];
        for shape in shapes {
            assert_eq!(
                Fault::read(400, shape.as_bytes()),
                Fault { status: 400, text: "no".into() },
                "{shape}"
            );
        }
        assert_eq!(Fault::read(502, b"").to_string(), "refused with status 502");
    }

    #[test]
    fn a_refusal_names_node_cause_and_remedy() {
        let facts = Facts { state: "enroll".to_owned(), ..Facts::default() };
        let subject = Subject { facts: Some(&facts), ..Subject::from(Some("n1")) };
        let refused = CliError::Refused(Fault { status: 400, text: "not while it is enroll.".to_owned() });
        assert_eq!(
            explain(&refused, "provide", subject),
            "n1: cannot provide: not while it is enroll (`ferric node manage n1 --wait`)"
        );
        assert_eq!(
            said(409, "Node n1 is locked by host rack, please retry.", "set"),
            "n1: cannot set: Node n1 is locked by host rack, please retry (another change is under way: \
             `ferric node wait n1`, then try again)"
        );
        assert_eq!(said(400, "Unknown field zz", "set"), "n1: cannot set: Unknown field zz");
    }

    #[test]
    fn a_server_that_is_not_there_is_named_with_its_cause() {
        let source = Box::new(io::Error::other("connection refused"));
        let error = CliError::Unreachable { url: "http://h:1".into(), source };
        assert_eq!(
            explain(&error, "list nodes", None),
            "cannot list nodes: no answer from http://h:1: connection refused \
             (is `ferric serve` running there? --url or FERRIC_URL say where to ask)"
        );
    }

    #[test]
    fn only_a_lock_is_worth_trying_again() {
        assert!(Fault { status: 409, text: "Node is locked by host h".into() }.is_locked());
        assert!(!Fault { status: 409, text: "A node of that name exists".into() }.is_locked());
        assert!(!Fault { status: 400, text: "locked".into() }.is_locked());
    }

    proptest! {
        #[test]
        fn any_body_gives_one_bounded_line(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let shown = Fault::read(500, &body).to_string();
            prop_assert!(!shown.is_empty() && !shown.contains('\n') && !shown.contains('\x1b'));
        }
    }
}
