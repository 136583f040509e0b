//! An agent's HTTP answer, classed: what was asked for, or one of the few refusals that a caller treats differently.

use serde_json::Value;

use crate::wire::agent::command::{CommandResult, Fault, RESULT_LIMIT};
use crate::wire::agent::fields::{BodyError, json};

/// Why an agent did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another command runs; ask again later.
    #[error("the agent is busy: {0}")]
    Busy(String),
    /// It knows another token: another boot, or another agent.
    #[error("the agent does not accept our token")]
    WrongToken,
    #[error("the agent refuses the command: {0}")]
    BadRequest(String),
    /// No such extension, command id or path.
    #[error("the agent does not know this: {0}")]
    Unknown(String),
    /// Never followed: a token would go where the answer says.
    #[error("the agent redirects (status {0}), which is not followed")]
    Redirected(u16),
    /// Its own mistake; on the list this means that the list stays unreadable until it reboots.
    #[error("the agent failed with status {status}: {text}")]
    Broken { status: u16, text: String },
    /// A success whose body cannot be understood.
    #[error("the agent's answer cannot be understood: {0}")]
    Garbled(String),
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        Self::Garbled(error.to_string())
    }
}

/// The answer to a command or to a look at one.
pub fn result(status: u16, body: &[u8]) -> Result<CommandResult, Refusal> {
    accepted(status, body)?;
    Ok(CommandResult::parse(body)?)
}

/// The answer to a look at the list, oldest first.
pub fn list(status: u16, body: &[u8]) -> Result<Vec<CommandResult>, Refusal> {
    accepted(status, body)?;
    Ok(CommandResult::parse_list(body)?)
}

/// `Ok` for 2xx, else the class of the refusal.
fn accepted(status: u16, body: &[u8]) -> Result<(), Refusal> {
    if (200..300).contains(&status) {
        return Ok(());
    }
    let text = fault_text(body);
    if status == 409 || text.to_ascii_lowercase().contains("agent is busy") {
        return Err(Refusal::Busy(text));
    }
    Err(match status {
        300..=399 => Refusal::Redirected(status),
        401 | 403 => Refusal::WrongToken,
        404 => Refusal::Unknown(text),
        400..=499 => Refusal::BadRequest(text),
        _ => Refusal::Broken { status, text },
    })
}

/// The `faultstring`; a body of another shape is shown by its first characters.
fn fault_text(body: &[u8]) -> String {
    let fault = json("the fault", body, RESULT_LIMIT).and_then(Fault::from_value);
    match fault {
        Ok(fault) => fault.text,
        Err(_) => printable(body),
    }
}

/// The start of a foreign text without control characters.
fn printable(body: &[u8]) -> String {
    let start = body.get(..SHOWN).unwrap_or(body);
    String::from_utf8_lossy(start).chars().filter(|letter| !letter.is_control()).collect()
}

/// What an answer to `/v1/status` says of the agent's version; `None` if it is not such an answer.
pub fn version(body: &[u8]) -> Option<String> {
    let status = json("the status", body, SHOWN * 16).ok()?;
    status.get("version").and_then(Value::as_str).map(|text| text.chars().take(64).collect())
}

/// Bytes of a body of unknown shape that an error repeats.
const SHOWN: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let busy = br#"{"faultcode":"Client","faultstring":"Agent is busy: executing command sync"}"#;
        assert!(matches!(result(409, busy), Err(Refusal::Busy(text)) if text.ends_with("sync")));
        assert!(matches!(result(500, busy), Err(Refusal::Busy(_))));
        assert_eq!(result(401, b""), Err(Refusal::WrongToken));
        assert_eq!(list(308, b"<html>"), Err(Refusal::Redirected(308)));
        assert_eq!(result(404, b"\x07gone\n"), Err(Refusal::Unknown("gone".to_owned())));
        assert!(matches!(result(405, b""), Err(Refusal::BadRequest(_))));
        assert!(matches!(list(500, b""), Err(Refusal::Broken { status: 500, .. })));
        assert!(matches!(list(200, b"[]"), Err(Refusal::Garbled(_))));
    }

    proptest! {
        #[test]
        fn any_answer_is_classed_without_a_panic(status in any::<u16>(), body in proptest::collection::vec(any::<u8>(), 0..300)) {
            result(status, &body).ok();
            list(status, &body).ok();
            version(&body);
        }
    }
}
