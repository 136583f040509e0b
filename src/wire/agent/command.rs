//! The request to run a command on an agent, its result, and the list of results since its boot.

use serde_json::{Map, Value, json};

use crate::wire::agent::fields::{BodyError, Fields, json as parse_json, type_name};

/// Run `extension.command` with these parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// e.g. `clean.execute_clean_step`.
    pub name: String,
    pub params: Map<String, Value>,
}

impl Request {
    pub fn new(name: impl Into<String>, params: Map<String, Value>) -> Self {
        Self { name: name.into(), params }
    }

    /// A body as it came; at most [`REQUEST_LIMIT`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::of(REQUEST, parse_json(REQUEST, bytes, REQUEST_LIMIT)?)?;
        let name = fields.needed_text("name", NAME_LIMIT)?;
        let params = fields.object("params")?.ok_or_else(|| fields.missing("params"))?;
        Ok(Self { name, params })
    }

    pub fn emit(&self) -> Value {
        json!({"name": self.name, "params": self.params})
    }

    /// The extension and the command in it; `None` without a dot.
    pub fn split(&self) -> Option<(&str, &str)> {
        self.name.split_once('.')
    }
}

/// How far a command is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    /// The hardware managers are others than the caller thought (`CLEAN_VERSION_MISMATCH`, for every kind of step).
    VersionMismatch,
    /// A word that we do not know, kept.
    Other(String),
}

impl Status {
    pub fn parse(word: &str) -> Self {
        match word {
            "RUNNING" => Self::Running,
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            "CLEAN_VERSION_MISMATCH" | "VERSION_MISMATCH" => Self::VersionMismatch,
            other => Self::Other(other.to_owned()),
        }
    }

    pub fn emit(&self) -> &str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::VersionMismatch => "CLEAN_VERSION_MISMATCH",
            Self::Other(word) => word,
        }
    }

    /// Whether nothing more will come of it.
    pub fn is_final(&self) -> bool {
        *self != Self::Running
    }
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}: {details}")]
pub struct CommandError {
    /// The name of the agent's exception, e.g. `ImageChecksumError`.
    pub kind: String,
    pub code: i64,
    pub message: String,
    pub details: String,
}

impl CommandError {
    /// The parameters did not fit the command (an older agent, say).
    pub fn is_wrong_parameters(&self) -> bool {
        self.kind == "TypeError"
    }

    /// A text stands for an error that an agent did not put into members.
    fn from_value(value: Value) -> Result<Self, BodyError> {
        if let Value::String(text) = value {
            let message = text.chars().take(TEXT_LIMIT).collect();
            return Ok(Self { kind: String::new(), code: 500, message, details: String::new() });
        }
        let mut fields = Fields::of("command_error", value)?;
        Ok(Self {
            kind: fields.text("type", NAME_LIMIT)?.unwrap_or_default(),
            code: fields.whole("code")?.unwrap_or(500),
            message: fields.text("message", TEXT_LIMIT)?.unwrap_or_default(),
            details: fields.text("details", TEXT_LIMIT)?.unwrap_or_default(),
        })
    }

    fn emit(&self) -> Value {
        json!({"type": self.kind, "code": self.code, "message": self.message, "details": self.details})
    }
}

/// What a command came to, so far.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandResult {
    pub id: String,
    /// Without its extension, e.g. `execute_clean_step`.
    pub command_name: String,
    pub status: Status,
    pub error: Option<CommandError>,
    pub result: Value,
}

impl CommandResult {
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        Self::from_value(parse_json(RESULT, bytes, RESULT_LIMIT)?)
    }

    pub fn from_value(value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of(RESULT, value)?;
        let word = fields.needed_text("command_status", NAME_LIMIT)?;
        Ok(Self {
            id: fields.needed_text("id", NAME_LIMIT)?,
            command_name: fields.needed_text("command_name", NAME_LIMIT)?,
            status: Status::parse(&word),
            error: fields.any("command_error").map(CommandError::from_value).transpose()?,
            result: fields.any("command_result").unwrap_or_default(),
        })
    }

    /// `GET /v1/commands/`: every command since the agent's boot, oldest first.
    pub fn parse_list(bytes: &[u8]) -> Result<Vec<Self>, BodyError> {
        let mut fields = Fields::of(LIST, parse_json(LIST, bytes, LIST_LIMIT)?)?;
        let list = fields.list("commands", COMMAND_LIMIT)?.ok_or_else(|| fields.missing("commands"))?;
        list.into_iter().map(Self::from_value).collect()
    }

    pub fn emit(&self) -> Value {
        json!({
            "id": self.id,
            "command_name": self.command_name,
            "command_status": self.status.emit(),
            "command_error": self.error.as_ref().map(CommandError::emit),
            "command_result": self.result,
        })
    }

    pub fn emit_list(list: &[Self]) -> Value {
        json!({"commands": list.iter().map(Self::emit).collect::<Vec<_>>()})
    }
}

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `Client` or `Server`: whose mistake it is.
    pub code: String,
    pub text: String,
}

impl Fault {
    pub fn from_value(value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of("the fault", value)?;
        let code = fields.text("faultcode", NAME_LIMIT)?.unwrap_or_default();
        match fields.any("faultstring") {
            None => Err(fields.missing("faultstring")),
            Some(Value::String(text)) => Ok(Self { code, text: text.chars().take(TEXT_SHOWN).collect() }),
            Some(other) => Err(BodyError::WrongType {
                what: "faultstring of the fault".to_owned(),
                wanted: "a string",
                found: type_name(&other),
            }),
        }
    }

    pub fn emit(&self) -> Value {
        json!({"faultcode": self.code, "faultstring": self.text})
    }
}

const REQUEST: &str = "the command";
const RESULT: &str = "the command's result";
const LIST: &str = "the list of commands";

/// A node's record, its ports and a config drive of up to 64 MiB in base64.
pub const REQUEST_LIMIT: usize = 96 << 20;

/// Logs come inside a result, in base64; real ones are 25 KB, a week's are some megabytes.
pub const RESULT_LIMIT: usize = 32 << 20;

/// The list repeats every result since boot, logs included.
pub const LIST_LIMIT: usize = 64 << 20;

/// Ids are 36 characters long, names shorter.
const NAME_LIMIT: usize = 256;

/// An error may quote a tool's whole output.
const TEXT_LIMIT: usize = 256 << 10;

/// Characters of a fault that are kept: a person reads it in `last_error`.
const TEXT_SHOWN: usize = 4096;

/// A boot runs a few dozen commands; one beat a minute for a week would be ten thousand.
const COMMAND_LIMIT: usize = 10_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unknown_words_and_members_are_kept_or_passed_over() {
        let bytes = br#"{"id":"1","command_name":"sync","command_status":"PAUSED","mood":1}"#;
        let result = CommandResult::parse(bytes).unwrap();
        assert_eq!(result.status, Status::Other("PAUSED".to_owned()));
        assert!(result.status.is_final());
        assert_eq!(result.emit()["command_status"], "PAUSED");
    }

    #[test]
    fn an_error_may_be_a_bare_text() {
        let bytes = br#"{"id":"1","command_name":"x","command_status":"FAILED","command_error":"why"}"#;
        assert_eq!(CommandResult::parse(bytes).unwrap().error.unwrap().message, "why");
    }

    #[test]
    fn a_request_needs_name_and_params() {
        assert_eq!(Request::parse(b"{}").unwrap_err().to_string(), "the command lacks \"name\"");
        let error = Request::parse(br#"{"name":"standby.sync","params":[]}"#).unwrap_err();
        assert_eq!(error.to_string(), "params of the command must be an object, not a list");
        let request = Request::parse(br#"{"name":"a.b","params":{}}"#).unwrap();
        assert_eq!(request.split(), Some(("a", "b")));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            Request::parse(&bytes).ok();
            CommandResult::parse(&bytes).ok();
            CommandResult::parse_list(&bytes).ok();
        }

        #[test]
        fn a_result_is_read_back(id in ".{1,9}", name in ".{1,9}", word in "[A-Z_]{1,9}", text in proptest::option::of(".{0,9}"), code in any::<i64>()) {
            let result = CommandResult {
                id,
                command_name: name,
                status: Status::parse(&word),
                error: text.clone().map(|text| CommandError { kind: text.clone(), code, message: text.clone(), details: text }),
                result: json!({"result": text}),
            };
            prop_assert_eq!(CommandResult::parse(result.emit().to_string().as_bytes()), Ok(result));
        }
    }
}
