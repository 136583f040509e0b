//! `create`, `set`, `unset`, `delete`.

use serde_json::{Map, Value, json};

use crate::base::id::NodeId;
use crate::cli::Exit;
use crate::cli::console::one_line;
use crate::cli::fault::CliError;
use crate::cli::node::edit::additions;
use crate::cli::node::view::View;
use crate::cli::place::place;
use crate::cli::report;
use crate::cli::resource::ask::Given;
use crate::cli::resource::command::{FIELDS, FILE, SET, WAIT};
use crate::cli::resource::field::{Field, Shape};
use crate::cli::resource::kind::Kind;
use crate::cli::resource::meant::meant;
use crate::cli::resource::{IDENT, field, follow, subject};
use crate::cli::session::Session;
use crate::cli::value::{Assignment, each_once, object};

/// Makes a new one, and waits for it if that is asked.
pub async fn create(
    session: &mut Session<'_, '_>,
    kind: &'static Kind,
    given: &Given,
) -> Result<Exit, CliError> {
    let mut body = body(kind, given)?;
    for field in kind.fields {
        let value = body.get_mut(field.name);
        if let (Shape::Other(path), Some(value)) = (field.shape, value) {
            *value = resolved(session, path, value).await?;
        }
    }
    let answer = session.post(kind.path.to_owned(), Value::Object(body)).await?;
    let made = session.parse(&answer)?;
    if let (Some(settles), Some(limit)) = (&kind.settles, given.number(WAIT)) {
        return follow::settled(session, kind, settles, &made, limit).await;
    }
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let (name, uuid) = (View(&made).name(), View(&made).text("uuid"));
    let told = if name == uuid { format!("created {uuid}") } else { format!("{name} created as {uuid}") };
    session.console.line(&format!("{} {told}", kind.words))?;
    Ok(Exit::Done)
}

/// What the file says, with what the command line says in its place.
fn body(kind: &Kind, given: &Given) -> Result<Map<String, Value>, CliError> {
    let mut body = match given.text(FILE) {
        None => Map::new(),
        Some(text) => match field::json(text)? {
            Value::Object(members) => members,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(CliError::Content {
                    path: text.into(),
                    why: "is not a JSON object of fields".to_owned(),
                });
            }
        },
    };
    let mut all = Vec::new();
    for field in kind.fields {
        if field.shape == Shape::Pairs {
            all.extend(given.pairs(field.option).iter().map(|pair| pair.below(field.name)));
        } else if let Some(value) = field.given(given)? {
            all.push(Assignment::of(field.name, value));
        }
    }
    all.extend(typed(kind, given.pairs(SET)));
    if let Value::Object(members) = object(&all)? {
        body.extend(members);
    }
    Ok(body)
}

/// Values of fields that hold texts are texts, however they look.
fn typed(kind: &Kind, assignments: Vec<Assignment>) -> Vec<Assignment> {
    let is_text = |assignment: &Assignment| {
        kind.fields.iter().any(|field| field.is_text() && assignment.path.is(field.name))
    };
    assignments.into_iter().map(|one| if is_text(&one) { one.as_text() } else { one }).collect()
}

/// A UUID is one already; a name is looked up.
async fn resolved(session: &mut Session<'_, '_>, path: &str, value: &Value) -> Result<Value, CliError> {
    let Some(name) = value.as_str().filter(|name| name.parse::<NodeId>().is_err()) else {
        return Ok(value.clone());
    };
    let found = session.value(place(path, name, "?fields=uuid")).await?;
    found.get("uuid").cloned().ok_or_else(|| CliError::Garbled { url: session.url.to_owned() })
}

/// Sets fields, all in one patch.
pub async fn set(
    session: &mut Session<'_, '_>,
    kind: &'static Kind,
    given: &Given,
) -> Result<Exit, CliError> {
    let mut all = typed(kind, given.pairs(FIELDS));
    for field in kind.fields.iter().filter(|field| field.shape == Shape::Json) {
        all.extend(field.given(given)?.map(|value| Assignment::of(field.name, value)));
    }
    each_once(&all)?;
    for assignment in &mut all {
        let other = |field: &&Field| matches!(field.shape, Shape::Other(_)) && assignment.path.is(field.name);
        if let Some(Field { shape: Shape::Other(path), .. }) = kind.fields.iter().find(other) {
            assignment.value = resolved(session, path, &assignment.value).await?;
        }
    }
    patch(session, kind, given, additions(&all), "set").await
}

/// Removes fields, all in one patch.
pub async fn unset(
    session: &mut Session<'_, '_>,
    kind: &'static Kind,
    given: &Given,
) -> Result<Exit, CliError> {
    let fields = given.paths(FIELDS);
    let operations = fields.iter().map(|field| json!({ "op": "remove", "path": field.pointer() })).collect();
    patch(session, kind, given, operations, "unset").await
}

async fn patch(
    session: &mut Session<'_, '_>,
    kind: &Kind,
    given: &Given,
    operations: Value,
    what: &str,
) -> Result<Exit, CliError> {
    let count = operations.as_array().map_or(0, Vec::len);
    let ident = given.text(IDENT).unwrap_or_default();
    let uuid = meant(session, kind, ident).await?;
    let answer = session.patch(place(kind.path, &uuid, ""), operations).await?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let fields = if count == 1 { "field" } else { "fields" };
    session.console.line(&format!("{}: {count} {fields} {what}", one_line(ident)))?;
    Ok(Exit::Done)
}

/// Deletes one after the other, tells each, and goes on after a refusal. The worst of the ends is returned.
pub async fn delete(session: &mut Session<'_, '_>, kind: &'static Kind, given: &Given) -> Exit {
    let mut exit = Exit::Done;
    for ident in given.texts(IDENT) {
        if let Err(error) = delete_one(session, kind, ident).await {
            if error.is_broken_pipe() {
                return Exit::Done;
            }
            exit = exit.max(report(session.console, &error, "delete", subject(kind, Some(ident))));
        }
    }
    exit
}

async fn delete_one(session: &mut Session<'_, '_>, kind: &Kind, ident: &str) -> Result<(), CliError> {
    let named = Value::from(meant(session, kind, ident).await?);
    let uuid = if kind.deleted_by_uuid { resolved(session, kind.path, &named).await? } else { named };
    session.delete(place(kind.path, uuid.as_str().unwrap_or(ident), "")).await?;
    if !session.json {
        session.console.line(&format!("{}: deleted", one_line(ident)))?;
    }
    Ok(())
}
