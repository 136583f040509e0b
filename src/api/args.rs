//! The arguments of a request: members of a JSON object and of the query, merged; what nobody took is refused.

use serde_json::Value;

use crate::api::body;
use crate::api::fault::Fault;
use crate::model::Object;
use crate::model::draft::given::{kind, parse_flag};

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
                return Err(Fault::invalid(format!("the body must be an object, but is {}", kind(&other))));
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
            members.insert(name.into_owned(), Value::String(value.into_owned()));
        }
        Ok(Self(members))
    }

    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
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

    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        let value = match self.take(name) {
            None => return Ok(None),
            Some(Value::String(text)) => parse_flag(&text),
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

    /// A list with commas, lower-cased, each entry once.
    pub fn list(&mut self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let mut entries: Vec<String> = Vec::new();
        for entry in text.split(',').map(|entry| entry.trim().to_lowercase()) {
            if !entry.is_empty() && !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        Ok(Some(entries))
    }

    /// The first name that is here, was not taken, and is newer than `version`.
    pub fn too_new(&self, names: &[(&str, u16)], version: u16) -> Result<(), Fault> {
        match names.iter().find(|(name, since)| *since > version && self.0.contains_key(*name)) {
            Some((name, since)) => Err(Fault::too_new(name, *since)),
            None => Ok(()),
        }
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

/// More than any request has, few enough to be scanned.
const MEMBERS_LIMIT: usize = 64;

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
    fn what_nobody_took_is_named() {
        let fault = Args::of_query("zzz=1").unwrap().finish().unwrap_err();
        assert_eq!((fault.status(), fault.text()), (400, "unknown argument \"zzz\""));
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
