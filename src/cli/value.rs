//! `KEY=VALUE` as typed by a person, to a path into a node and a JSON value.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::base::secret::is_secret_key;

/// Where a value goes: member names from the outside in. Written with dots or slashes between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath(Vec<String>);

/// A path and what is put there.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    pub path: FieldPath,
    pub value: Value,
    /// The value as typed.
    text: String,
}

/// The text cannot be understood as a path or an assignment.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ValueError {
    #[error("expected KEY=VALUE")]
    NoValue,
    #[error("{name:?} is not a field name (letters, digits, `_` and `-`; `.` or `/` between levels)")]
    Name { name: String },
    #[error("{outer} is set as a whole and in part")]
    Overlap { outer: String },
    #[error("{field} is set twice")]
    Twice { field: String },
    #[error("a reason goes with `on`, not with `off`")]
    Reason,
}

impl FieldPath {
    /// `/outer/inner`, as JSON patch has it. Names need no escapes: none that would is let through.
    pub fn pointer(&self) -> String {
        self.0.iter().flat_map(|name| ["/", name]).collect()
    }

    /// The same path below `outer`.
    #[must_use]
    pub fn below(&self, outer: &str) -> Self {
        Self(std::iter::once(outer.to_owned()).chain(self.0.iter().cloned()).collect())
    }

    /// Whether this is the field `name` itself and nothing below it.
    pub fn is(&self, name: &str) -> bool {
        matches!(self.0.as_slice(), [only] if only == name)
    }

    /// Whether a value here is a text however it looks: names, checksums and secrets may be all digits.
    fn is_text(&self) -> bool {
        let last = self.0.last().map_or("", String::as_str);
        let top = self.0.len() == 1 && (TEXT_FIELDS.contains(&last) || last.ends_with("_interface"));
        top || is_secret_key(last) || TEXT_ENDS.iter().any(|end| last.ends_with(end))
    }
}

impl FromStr for FieldPath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('/').unwrap_or(text);
        let names: Vec<String> = bare.split(['.', '/']).map(str::to_owned).collect();
        match names.iter().find(|name| !is_name(name)) {
            Some(_) => Err(ValueError::Name { name: text.chars().take(80).collect() }),
            None => Ok(Self(names)),
        }
    }
}

/// What JSON patch of the API can address: `^[\w-]+$`.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

impl Assignment {
    /// The same assignment below `outer`. The value is read anew, since its type may depend on where it goes.
    #[must_use]
    pub fn below(&self, outer: &str) -> Self {
        Self::new(self.path.below(outer), self.text.clone())
    }

    /// A text at the path `names`, whatever it looks like.
    pub fn text(names: &[&str], text: &str) -> Self {
        let path = FieldPath(names.iter().map(|&name| name.to_owned()).collect());
        Self { path, value: Value::from(text), text: text.to_owned() }
    }

    /// A field of one level and its value.
    pub fn of(name: &str, value: Value) -> Self {
        Self { path: FieldPath(vec![name.to_owned()]), text: value.to_string(), value }
    }

    /// The same with its value as a text, whatever it looks like; one in quotes is what is in them.
    #[must_use]
    pub fn as_text(self) -> Self {
        let Self { path, text, .. } = self;
        let quoted = serde_json::from_str::<String>(&text);
        Self { value: Value::from(quoted.unwrap_or_else(|_| text.clone())), path, text }
    }

    fn new(path: FieldPath, text: String) -> Self {
        let value = if path.is_text() { None } else { serde_json::from_str(&text).ok() };
        let quoted = || serde_json::from_str::<String>(&text).map(Value::from).ok();
        let value = value.or_else(quoted).unwrap_or_else(|| Value::from(text.as_str()));
        Self { path, value, text }
    }
}

impl FromStr for Assignment {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, value) = text.split_once('=').ok_or(ValueError::NoValue)?;
        Ok(Self::new(path.parse()?, value.to_owned()))
    }
}

/// One JSON object with all assignments in it.
pub fn object<'a>(assignments: impl IntoIterator<Item = &'a Assignment>) -> Result<Value, ValueError> {
    let mut root = Map::new();
    for assignment in assignments {
        put(&mut root, &assignment.path.0, &assignment.value)?;
    }
    Ok(Value::Object(root))
}

/// Refuses assignments of which one would undo another.
pub fn each_once(assignments: &[Assignment]) -> Result<(), ValueError> {
    let mut seen = BTreeSet::new();
    let again = assignments.iter().find(|one| !seen.insert(&one.path.0));
    again.map_or(Ok(()), |one| Err(ValueError::Twice { field: one.path.0.join(".") }))
}

fn put(object: &mut Map<String, Value>, path: &[String], value: &Value) -> Result<(), ValueError> {
    let Some((name, rest)) = path.split_first() else { return Ok(()) };
    if rest.is_empty() {
        let before = object.insert(name.clone(), value.clone());
        return match before {
            None => Ok(()),
            Some(Value::Object(_)) => Err(ValueError::Overlap { outer: name.clone() }),
            Some(_) => Err(ValueError::Twice { field: name.clone() }),
        };
    }
    let inner = object.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
    let inner = inner.as_object_mut().ok_or_else(|| ValueError::Overlap { outer: name.clone() })?;
    put(inner, rest, value)
}

/// Fields of a node that hold texts only (the API refuses numbers there).
const TEXT_FIELDS: &[&str] = &[
    "name",
    "description",
    "driver",
    "resource_class",
    "conductor_group",
    "owner",
    "lessee",
    "shard",
    "instance_name",
    "instance_uuid",
    "protected_reason",
    "retired_reason",
];

/// Ends of key names whose values are texts although they may look like numbers.
const TEXT_ENDS: &[&str] = &["_username", "_address", "_hash_value", "_checksum", "serial", "display_name"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (String, Value) {
        let assignment: Assignment = text.parse().unwrap();
        (assignment.path.pointer(), assignment.value)
    }

    #[test]
    fn a_value_is_json_if_it_parses_and_else_a_text() {
        assert_eq!(read("properties.cpus=8"), ("/properties/cpus".into(), json!(8)));
        assert_eq!(read("automated_clean=false"), ("/automated_clean".into(), json!(false)));
        assert_eq!(read("extra/a={\"b\":[1]}"), ("/extra/a".into(), json!({"b": [1]})));
        assert_eq!(read("/extra/a=x=y"), ("/extra/a".into(), json!("x=y")));
        assert_eq!(read("extra.a={oops"), ("/extra/a".into(), json!("{oops")));
        assert_eq!(read("extra.a="), ("/extra/a".into(), json!("")));
        assert_eq!(read("extra.a=\"8\""), ("/extra/a".into(), json!("8")));
    }

    #[test]
    fn texts_that_look_like_numbers_stay_texts_where_a_text_belongs() {
        assert_eq!(read("name=17").1, json!("17"));
        assert_eq!(read("name=\"17\"").1, json!("17"));
        assert_eq!(read("driver_info.ipmi_password=000123").1, json!("000123"));
        assert_eq!(read("instance_info.os_hash_value=12e45").1, json!("12e45"));
        assert_eq!(read("properties.name=17").1, json!(17));
    }

    #[test]
    fn a_key_below_another_is_read_for_where_it_goes() {
        let typed: Assignment = "name=17".parse().unwrap();
        let below = typed.below("properties");
        assert_eq!((below.path.pointer(), below.value), ("/properties/name".into(), json!(17)));
    }

    #[test]
    fn what_the_api_cannot_address_is_refused_here() {
        for text in ["a", "=1", "a..b=1", "a b=1", "a~1b=1", "ä=1"] {
            assert!(text.parse::<Assignment>().is_err(), "{text}");
        }
    }

    #[test]
    fn assignments_nest_into_one_object() {
        let all: Vec<Assignment> =
            ["name=n1", "extra.a.b=1", "extra.a.c=2"].iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(object(&all), Ok(json!({"name": "n1", "extra": {"a": {"b": 1, "c": 2}}})));
    }

    #[test]
    fn a_field_set_whole_and_in_part_is_refused() {
        for pair in [["extra=1", "extra.a=1"], ["extra.a=1", "extra=1"]] {
            let all: Vec<Assignment> = pair.iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(object(&all), Err(ValueError::Overlap { outer: "extra".into() }));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_pointers_are_what_the_api_allows(text in ".{0,60}") {
            if let Ok(assignment) = text.parse::<Assignment>() {
                let pointer = assignment.path.pointer();
                prop_assert!(pointer.starts_with('/') && !pointer.contains("//") && !pointer.contains('~'));
            }
        }
    }
}
