//! The heartbeat's body: `POST /v1/heartbeat/{node}`.

use serde_json::{Map, Value, json};

use crate::base::secret::Secret;
use crate::wire::agent::fields::{BodyError, Fields, json as parse_json};

/// "I am here": what an agent says every minute or so. Which members a microversion allows is the API's to judge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heartbeat {
    /// Where its command API listens, e.g. `https://192.0.2.7:9999`; may be empty.
    pub callback_url: String,
    pub agent_token: Option<Secret>,
    /// e.g. `13.0.0`.
    pub agent_version: Option<String>,
    /// The PEM certificate of its command API.
    pub agent_verify_ca: Option<String>,
    /// `start`, `end` or `error` (agents that are no ironic-python-agent).
    pub agent_status: Option<String>,
    pub agent_status_message: Option<String>,
}

impl Heartbeat {
    /// A body as it came; at most [`BODY_LIMIT`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        Self::from_value(parse_json(WHAT, bytes, BODY_LIMIT)?)
    }

    /// A body already read as JSON.
    pub fn from_value(value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of(WHAT, value)?;
        let beat = Self {
            callback_url: fields.needed_text("callback_url", URL_LIMIT)?,
            agent_token: fields.text("agent_token", TOKEN_LIMIT)?.map(Secret::new),
            agent_version: fields.text("agent_version", VERSION_LIMIT)?,
            agent_verify_ca: fields.text("agent_verify_ca", PEM_LIMIT)?,
            agent_status: fields.text("agent_status", VERSION_LIMIT)?,
            agent_status_message: fields.text("agent_status_message", MESSAGE_LIMIT)?,
        };
        fields.nothing_else()?;
        Ok(beat)
    }

    /// The body to send; holds the token in clear. Absent members are left out, as the agent does.
    pub fn emit(&self) -> Value {
        let mut body = Map::new();
        let token = self.agent_token.as_ref().map(|token| token.reveal().to_owned());
        let members = [
            ("callback_url", Some(self.callback_url.clone())),
            ("agent_token", token),
            ("agent_version", self.agent_version.clone()),
            ("agent_verify_ca", self.agent_verify_ca.clone()),
            ("agent_status", self.agent_status.clone()),
            ("agent_status_message", self.agent_status_message.clone()),
        ];
        for (name, text) in members {
            if let Some(text) = text {
                body.insert(name.to_owned(), json!(text));
            }
        }
        Value::Object(body)
    }
}

/// What `agent_status` may say.
pub const STATUSES: &[&str] = &["start", "end", "error"];

const WHAT: &str = "the heartbeat";

/// A beat holds one certificate and few short texts; recorded ones are 726 bytes long.
pub const BODY_LIMIT: usize = 64 << 10;

/// The longest URL that HTTP parties are asked to support (RFC 9110 4.1).
const URL_LIMIT: usize = 8000;

/// Tokens are 43 characters long; longer ones are not ours.
const TOKEN_LIMIT: usize = 512;

/// A version or a status word.
const VERSION_LIMIT: usize = 64;

/// A chain of a few certificates.
const PEM_LIMIT: usize = 32 << 10;

/// A message that a person reads.
const MESSAGE_LIMIT: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_beat_without_its_address_or_with_strange_members_is_refused_by_name() {
        let error = Heartbeat::parse(b"{}").unwrap_err();
        assert_eq!(error.to_string(), "the heartbeat lacks \"callback_url\"");
        let error = Heartbeat::parse(br#"{"callback_url":"","load":3}"#).unwrap_err();
        assert_eq!(error.to_string(), "the heartbeat has no member \"load\"");
        let error = Heartbeat::parse(br#"{"callback_url":"","agent_token":7}"#).unwrap_err();
        assert_eq!(error.to_string(), "agent_token of the heartbeat must be a string, not a number");
    }

    #[test]
    fn no_error_and_no_debug_text_shows_the_token() {
        let text = format!(r#"{{"callback_url":"","agent_token":"{}"}}"#, "t0ken".repeat(200));
        assert!(!Heartbeat::parse(text.as_bytes()).unwrap_err().to_string().contains("t0ken"));
        let beat = Heartbeat::parse(br#"{"callback_url":"","agent_token":"t0ken"}"#).unwrap();
        assert!(!format!("{beat:?}").contains("t0ken"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            Heartbeat::parse(&bytes).ok();
        }

        #[test]
        fn what_is_sent_is_read_back(url in ".{0,40}", token in proptest::option::of(".{0,40}"), words in proptest::collection::vec(proptest::option::of(".{0,12}"), 4)) {
            let mut words = words.into_iter();
            let beat = Heartbeat {
                callback_url: url,
                agent_token: token.map(Secret::new),
                agent_version: words.next().flatten(),
                agent_verify_ca: words.next().flatten(),
                agent_status: words.next().flatten(),
                agent_status_message: words.next().flatten(),
            };
            prop_assert_eq!(Heartbeat::parse(beat.emit().to_string().as_bytes()), Ok(beat));
        }
    }
}
