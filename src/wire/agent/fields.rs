//! Bounded reading of a foreign object's members: what is wrong is named, values are not shown.

use serde_json::{Map, Value};

/// Why a body is not what the protocol says. Messages name members and types, never their values.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BodyError {
    #[error("{what} is not JSON (line {line}, column {column})")]
    NotJson { what: &'static str, line: usize, column: usize },
    #[error("{what} is {size} bytes long, more than {limit}")]
    TooBig { what: &'static str, size: usize, limit: usize },
    #[error("{what} must be {wanted}, not {found}")]
    WrongType { what: String, wanted: &'static str, found: &'static str },
    #[error("{what} lacks {member:?}")]
    Missing { what: &'static str, member: &'static str },
    #[error("{what} has no member {member:?}")]
    Unknown { what: &'static str, member: String },
    #[error("{what} is longer than {limit} (has {size})")]
    TooLong { what: String, size: usize, limit: usize },
    #[error("{what} is not {wanted}")]
    Invalid { what: String, wanted: &'static str },
}

/// Reads `bytes` of at most `limit` bytes as JSON.
pub fn json(what: &'static str, bytes: &[u8], limit: usize) -> Result<Value, BodyError> {
    if bytes.len() > limit {
        return Err(BodyError::TooBig { what, size: bytes.len(), limit });
    }
    serde_json::from_slice(bytes).map_err(|error| BodyError::NotJson {
        what,
        line: error.line(),
        column: error.column(),
    })
}

/// The JSON name of a value's type.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The members of one foreign object, each taken once. A member that is null counts as absent.
#[derive(Debug)]
pub struct Fields {
    what: &'static str,
    rest: Map<String, Value>,
}

impl Fields {
    /// `what` names the object in errors.
    pub fn of(what: &'static str, value: Value) -> Result<Self, BodyError> {
        match value {
            Value::Object(rest) => Ok(Self { what, rest }),
            other
            @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                Err(BodyError::WrongType {
                    what: what.to_owned(),
                    wanted: "an object",
                    found: type_name(&other),
                })
            }
        }
    }

    /// The member as it is; `None` if absent or null.
    pub fn any(&mut self, member: &str) -> Option<Value> {
        self.rest.remove(member).filter(|value| !value.is_null())
    }

    /// An optional string of at most `limit` bytes.
    pub fn text(&mut self, member: &'static str, limit: usize) -> Result<Option<String>, BodyError> {
        let Some(value) = self.any(member) else {
            return Ok(None);
        };
        let Value::String(text) = value else {
            return Err(self.wrong(member, "a string", &value));
        };
        if text.len() > limit {
            return Err(BodyError::TooLong { what: self.path(member), size: text.len(), limit });
        }
        Ok(Some(text))
    }

    /// A string that must be there.
    pub fn needed_text(&mut self, member: &'static str, limit: usize) -> Result<String, BodyError> {
        self.text(member, limit)?.ok_or(BodyError::Missing { what: self.what, member })
    }

    /// An optional boolean.
    pub fn flag(&mut self, member: &'static str) -> Result<Option<bool>, BodyError> {
        let Some(value) = self.any(member) else {
            return Ok(None);
        };
        value.as_bool().map(Some).ok_or_else(|| self.wrong(member, "a boolean", &value))
    }

    /// An optional whole number.
    pub fn whole(&mut self, member: &'static str) -> Result<Option<i64>, BodyError> {
        let Some(value) = self.any(member) else {
            return Ok(None);
        };
        value.as_i64().map(Some).ok_or_else(|| self.wrong(member, "a whole number", &value))
    }

    /// An optional object.
    pub fn object(&mut self, member: &'static str) -> Result<Option<Map<String, Value>>, BodyError> {
        match self.any(member) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(other) => Err(self.wrong(member, "an object", &other)),
        }
    }

    /// An optional list of at most `limit` entries.
    pub fn list(&mut self, member: &'static str, limit: usize) -> Result<Option<Vec<Value>>, BodyError> {
        match self.any(member) {
            None => Ok(None),
            Some(Value::Array(list)) if list.len() > limit => {
                Err(BodyError::TooLong { what: self.path(member), size: list.len(), limit })
            }
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(other) => Err(self.wrong(member, "a list", &other)),
        }
    }

    /// The error for a member that must be there.
    pub fn missing(&self, member: &'static str) -> BodyError {
        BodyError::Missing { what: self.what, member }
    }

    /// What nobody took, as it is.
    pub fn rest(self) -> Map<String, Value> {
        self.rest
    }

    /// Refuses what nobody took.
    pub fn nothing_else(self) -> Result<(), BodyError> {
        match self.rest.into_iter().next() {
            None => Ok(()),
            Some((member, _)) => {
                Err(BodyError::Unknown { what: self.what, member: member.chars().take(NAME_SHOWN).collect() })
            }
        }
    }

    fn path(&self, member: &str) -> String {
        format!("{} of {}", member, self.what)
    }

    fn wrong(&self, member: &str, wanted: &'static str, found: &Value) -> BodyError {
        BodyError::WrongType { what: self.path(member), wanted, found: type_name(found) }
    }
}

/// Characters of a foreign member name that an error repeats: enough to find the mistake, too few to fill a log.
const NAME_SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        Fields::of("the body", value).unwrap()
    }

    #[test]
    fn a_mistake_is_named_by_member_and_type() {
        let mut body = fields(json!({"a": 1, "b": "long", "c": []}));
        assert_eq!(
            body.text("a", 9).unwrap_err().to_string(),
            "a of the body must be a string, not a number"
        );
        assert_eq!(body.text("b", 3).unwrap_err().to_string(), "b of the body is longer than 3 (has 4)");
        assert_eq!(body.object("c").unwrap_err().to_string(), "c of the body must be an object, not a list");
        assert_eq!(body.needed_text("d", 1).unwrap_err().to_string(), "the body lacks \"d\"");
    }

    #[test]
    fn what_nobody_took_is_refused_by_name() {
        let mut body = fields(json!({"a": true, "extra": 1}));
        assert_eq!(body.flag("a"), Ok(Some(true)));
        assert_eq!(body.nothing_else().unwrap_err().to_string(), "the body has no member \"extra\"");
    }

    #[test]
    fn bytes_that_are_no_json_or_too_many_are_refused() {
        assert_eq!(
            json("the body", b"{nope", 99).unwrap_err().to_string(),
            "the body is not JSON (line 1, column 2)"
        );
        assert!(matches!(json("the body", b"[1,2]", 4), Err(BodyError::TooBig { size: 5, limit: 4, .. })));
        assert!(json("the body", "[".repeat(5000).as_bytes(), 9999).is_err());
    }
}
