//! The arguments of a request: members of a JSON object and of the query, merged; what nobody took is refused.

use serde_json::Value;

use crate::api::fault::Fault;
use crate::api::request::body;
use crate::model::Object;
use crate::model::draft::given::{kind, parse_flag, parse_uuid};

/// Arguments by name, taken one by one.
#[derive(Debug, Default)]
pub struct Args(Object);

impl Args {
    /// The arguments of an action. A name that is in the body and in the query has the body's value.
    pub fn of_action(body: &[u8], query: &str) -> Result<Self, Fault> {
        let mut args = Self::of_query(query)?;
        match body::json(body)? {
            None => {}
            Some(Value::Object(members)) => args.0.extend(members),
            Some(other) => {
                return Err(Fault::invalid(format!("the body must be a JSON object, not {}", sort(&other))));
            }
        }
        Ok(args)
    }

    /// The arguments of a query.
    pub fn of_query(query: &str) -> Result<Self, Fault> {
        let mut members = Object::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if members.len() >= MEMBERS_LIMIT {
                return Err(Fault::invalid(format!("the query has more than {MEMBERS_LIMIT} members")));
            }
            let value = Value::String(value.into_owned());
            match members.get_mut(&*name) {
                None => drop(members.insert(name.into_owned(), value)),
                // Whoever takes a list takes it so too; to all others it is no text.
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        Ok(Self(members))
    }

    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// Whether it was given and is not null.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// In the place of one of this name.
    pub fn put(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => {
                Err(Fault::invalid(format!("{name} must be a text, but {} was given", kind(&other))))
            }
        }
    }

    pub fn needed_text(&mut self, name: &str) -> Result<String, Fault> {
        self.text(name)?.ok_or_else(|| Fault::invalid(format!("{name} is required")))
    }

    /// A text that is a UUID.
    pub fn uuid(&mut self, name: &str) -> Result<Option<String>, Fault> {
        match self.text(name)? {
            Some(text) if parse_uuid(&text).is_none() => {
                Err(Fault::invalid(format!("{name} must be a UUID")))
            }
            given => Ok(given),
        }
    }

    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        let value = match self.take(name) {
            None => return Ok(None),
            Some(Value::String(text)) => parse_flag(&text),
            Some(Value::Number(number)) => match number.as_u64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Some(other) => other.as_bool(),
        };
        value.map(Some).ok_or_else(|| Fault::invalid(format!("{name} must be a boolean")))
    }

    /// A whole number; texts of digits are taken too.
    pub fn number(&mut self, name: &str) -> Result<Option<i64>, Fault> {
        let value = match self.take(name) {
            None => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(other) => other.as_i64(),
        };
        value.map(Some).ok_or_else(|| Fault::invalid(format!("{name} must be a whole number")))
    }

    /// A whole number of any size; what is larger than all numbers here is the largest of them.
    pub fn amount(&mut self, name: &str) -> Result<Option<i64>, Fault> {
        let huge =
            |text: &str| text.len() >= LONGEST_NUMBER && text.bytes().all(|byte| byte.is_ascii_digit());
        if self.0.get(name).and_then(Value::as_str).is_some_and(huge) {
            self.0.remove(name);
            return Ok(Some(i64::MAX));
        }
        self.number(name)
    }

    /// A list with commas, or an argument given several times; lower-cased, each entry once.
    pub fn list(&mut self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        let Some(words) = self.words(name)? else { return Ok(None) };
        let mut entries: Vec<String> = Vec::new();
        for entry in words.into_iter().map(|entry| entry.to_lowercase()) {
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        Ok(Some(entries))
    }

    /// A list with commas, or an argument given several times, letter by letter.
    pub fn words(&mut self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        let parts = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(parts(&text))),
            Some(Value::Array(values)) => {
                let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
                let texts = texts.ok_or_else(|| Fault::invalid(format!("{name} must be a list of texts")))?;
                Ok(Some(texts.into_iter().flat_map(parts).collect()))
            }
            Some(other) => {
                Err(Fault::invalid(format!("{name} must be a list of texts, but {} was given", kind(&other))))
            }
        }
    }

    /// The first name that is here, was not taken, and is newer than `version`.
    pub fn too_new(&self, names: &[(&str, u16)], version: u16) -> Result<(), Fault> {
        match names.iter().find(|(name, since)| *since > version && self.0.contains_key(*name)) {
            Some((name, since)) => Err(Fault::too_new(name, *since)),
            None => Ok(()),
        }
    }

    /// Refuses an argument that the version does not know, in the words for unknown ones.
    pub fn unknown_below(&self, name: &str, since: u16, version: u16) -> Result<(), Fault> {
        if since <= version || !self.0.contains_key(name) {
            return Ok(());
        }
        Err(Fault::invalid(format!("argument {name:?} is not known below version 1.{since}")))
    }

    /// What is left, for bodies with their own rules.
    pub fn into_object(self) -> Object {
        self.0
    }

    /// Refuses what nobody took.
    pub fn finish(self) -> Result<(), Fault> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                let shown: String = name.chars().take(64).collect();
                Err(Fault::invalid(format!("unknown argument {shown:?}")))
            }
        }
    }
}

/// What a body is that should be an object.
fn sort(value: &Value) -> &'static str {
    if value.is_string() { "a text" } else { kind(value) }
}

/// More than any request has, few enough to be scanned.
const MEMBERS_LIMIT: usize = 64;

/// Digits of the largest `i64`.
const LONGEST_NUMBER: usize = 19;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn body_and_query_are_one() {
        let mut args =
            Args::of_action(br#"{"target": "manage", "timeout": 5}"#, "target=x&persistent=yes").unwrap();
        assert_eq!(args.needed_text("target").unwrap(), "manage");
        assert_eq!(args.number("timeout").unwrap(), Some(5));
        assert_eq!(args.flag("persistent").unwrap(), Some(true));
        args.finish().unwrap();
    }

    #[test]
    fn an_amount_may_be_larger_than_any_number() {
        let amount = |query: &str| Args::of_query(query).unwrap().amount("limit").map_err(|_| ());
        assert_eq!(amount("limit=99999999999999999999"), Ok(Some(i64::MAX)));
        assert_eq!(amount("limit=5"), Ok(Some(5)));
        assert_eq!(amount("limit=-99999999999999999999"), Err(()));
        assert_eq!(amount("limit=x"), Err(()));
    }

    #[test]
    fn a_body_that_is_no_object_is_called_what_it_is() {
        let fault = Args::of_action(b"\"x\"", "").unwrap_err();
        assert_eq!(fault.text(), "the body must be a JSON object, not a text");
    }

    #[test]
    fn what_nobody_took_is_named() {
        let fault = Args::of_query("zzz=1").unwrap().finish().unwrap_err();
        assert_eq!((fault.status(), fault.text()), (400, "unknown argument \"zzz\""));
    }

    #[test]
    fn only_a_list_can_be_given_in_parts() {
        let query = "limit=1&limit=2&node=a&node=b&detail=1&detail=0&fields=uuid&fields=name,UUID&fields=x";
        let mut args = Args::of_query(query).unwrap();
        assert_eq!(args.number("limit").unwrap_err().text(), "limit must be a whole number");
        assert_eq!(args.text("node").unwrap_err().text(), "node must be a text, but an array was given");
        assert!(args.flag("detail").is_err());
        assert_eq!(args.list("fields").unwrap().unwrap(), ["uuid", "name", "x"]);
        args.finish().unwrap();
    }

    #[test]
    fn nought_and_one_are_flags() {
        let mut args = Args::of_action(br#"{"a": 0, "b": 1, "c": 2, "d": 1.0}"#, "").unwrap();
        assert_eq!((args.flag("a").ok(), args.flag("b").ok()), (Some(Some(false)), Some(Some(true))));
        assert!(args.flag("c").is_err() && args.flag("d").is_err());
    }

    #[test]
    fn lists_are_lower_case_and_each_entry_is_there_once() {
        let mut args = Args::of_query("fields=uuid,Name,,uuid").unwrap();
        assert_eq!(args.list("fields").unwrap().unwrap(), ["uuid", "name"]);
    }

    proptest! {
        #[test]
        fn no_request_is_a_panic(body in proptest::collection::vec(any::<u8>(), 0..100), query: String) {
            if let Ok(mut args) = Args::of_action(&body, &query) {
                args.number("a").ok();
                args.list("b").ok();
                args.finish().ok();
            }
        }
    }
}
