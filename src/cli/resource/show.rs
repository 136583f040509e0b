//! `show`: one of them, a line a field.

use serde_json::Value;

use crate::cli::Exit;
use crate::cli::console::{Paint, one_line};
use crate::cli::fault::CliError;
use crate::cli::node::view::{View, plain};
use crate::cli::place::place;
use crate::cli::resource::IDENT;
use crate::cli::resource::ask::Given;
use crate::cli::resource::kind::Kind;
use crate::cli::resource::meant::meant;
use crate::cli::session::Session;

/// Fetches and prints one of them.
pub async fn show(session: &mut Session<'_, '_>, kind: &Kind, given: &Given) -> Result<Exit, CliError> {
    let ident = given.text(IDENT).unwrap_or_default();
    let ident = meant(session, kind, ident).await?;
    let answer = session.fetch(place(kind.path, &ident, "")).await?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let value = session.parse(&answer)?;
    let title = session.console.painted(&heading(kind, &value), Paint::Head);
    session.console.line(&title)?;
    print(session, &rows(kind, &value))?;
    Ok(Exit::Done)
}

/// Prints a line a field.
pub fn print(session: &mut Session<'_, '_>, rows: &[(String, String)]) -> Result<(), CliError> {
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    for (label, text) in rows {
        session.console.line(&format!("  {label:<width$}  {text}"))?;
    }
    Ok(())
}

fn heading(kind: &Kind, value: &Value) -> String {
    let view = View(value);
    let names = ["name", "hostname", "uuid"].map(|field| view.text(field));
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    format!("{} {name}", kind.words)
}

/// What matters first, as the long list has it; then the rest.
fn rows(kind: &Kind, value: &Value) -> Vec<(String, String)> {
    let members = value.as_object().into_iter().flatten();
    let first = kind.long.iter().filter_map(|&field| Some((field, value.get(field)?)));
    let rest = members.map(|(field, value)| (field.as_str(), value));
    let rest = rest.filter(|(field, _)| !kind.long.contains(field) && !LINKS.contains(field));
    let mut rows = Vec::new();
    first.chain(rest).for_each(|(field, value)| add(&mut rows, one_line(field), value));
    rows
}

/// A row for a plain value; for an object a row a member, for steps and the like a row each.
pub fn add(rows: &mut Vec<(String, String)>, label: String, value: &Value) {
    match value {
        Value::Object(members) => {
            let told = members.iter().filter(|(_, value)| !is_links(value));
            let told = told.map(|(key, value)| (format!("{label}.{}", one_line(key)), plain(value)));
            rows.extend(told.filter(|(_, text)| !text.is_empty()));
        }
        Value::Array(items) if items.is_empty() || is_links(value) => {}
        Value::Array(items) if items.iter().all(Value::is_object) => {
            let numbered = items.iter().zip(1_u32..);
            rows.extend(numbered.map(|(item, number)| (format!("{label} {number}"), plain(item))));
        }
        Value::Array(items) => {
            rows.push((label, items.iter().map(plain).collect::<Vec<_>>().join(", ")));
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => rows.push((label, plain(value))),
    }
}

/// Whether these only lead programs elsewhere.
fn is_links(value: &Value) -> bool {
    let is_link = |item: &Value| item.get("href").is_some() && item.get("rel").is_some();
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(is_link))
}

/// Members that lead programs elsewhere and tell a person nothing.
const LINKS: &[&str] = &["links", "ports", "nodes"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_rows_by_what_they_are() {
        let mut rows = Vec::new();
        let value = json!({
            "extra": {"rack": 4, "a\u{1b}b": "c"}, "steps": [{"step": "a"}, {"step": "b"}], "traits": ["A", "B"],
            "none": null, "public": false, "empty": [], "nothing": {}, "odd": {"of": null, "no": ""},
            "properties": [{"href": "http://a", "rel": "self"}], "links": [{"href": "http://a", "rel": "self"}],
        });
        value.as_object().unwrap().iter().for_each(|(key, value)| add(&mut rows, key.clone(), value));
        let rows: Vec<(&str, &str)> =
            rows.iter().map(|(label, text)| (label.as_str(), text.as_str())).collect();
        let expected = [
            ("extra.a b", "c"),
            ("extra.rack", "4"),
            ("public", "false"),
            ("steps 1", "{\"step\":\"a\"}"),
            ("steps 2", "{\"step\":\"b\"}"),
            ("traits", "A, B"),
        ];
        assert_eq!(rows, expected);
    }
}
