//! `list`: all pages in one table.

use form_urlencoded::Serializer;
use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::console::Paint;
use crate::cli::fault::CliError;
use crate::cli::node::view::{View, plain};
use crate::cli::resource::ask::Given;
use crate::cli::resource::kind::{Kind, Paging};
use crate::cli::session::Session;
use crate::cli::table;

/// What is asked for, without what belongs to one page only.
pub type Query = Vec<(String, String)>;

/// Fetches and prints what the filters leave.
pub async fn list(session: &mut Session<'_, '_>, kind: &Kind, given: &Given) -> Result<Exit, CliError> {
    let columns = columns(kind, given);
    let query = query(kind, given, &columns, session.json);
    let rows = if matches!(kind.paging, Paging::Single | Paging::Bare) {
        let mut answer = session.value(place(kind.path, &query)).await?;
        rows_of(session, &mut answer, kind.key)?
    } else {
        let most = given.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        pages(session, kind.path, kind.key, &query, most).await?
    };
    if session.json {
        session.print_value(&json!({ kind.key: rows }))?;
        return Ok(Exit::Done);
    }
    print(session, &columns, &rows)?;
    if rows.is_empty() {
        let next = if kind.is_made() {
            format!("; `ferric {} create` makes one", kind.words)
        } else {
            String::new()
        };
        session.console.note(&format!("no {} match{next}", kind.many));
    }
    Ok(Exit::Done)
}

/// Prints a table.
pub fn print(session: &mut Session<'_, '_>, columns: &[String], rows: &[Value]) -> Result<(), CliError> {
    let cells = rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()).collect();
    let lines = table::lines(columns, cells, session.console.width);
    for (number, line) in lines.iter().enumerate() {
        let paint = if number == 0 { Paint::Head } else { Paint::Plain };
        let line = session.console.painted(line, paint);
        session.console.line(&line)?;
    }
    Ok(())
}

/// A member as a cell: texts of a list with commas between them.
pub fn cell(row: &Value, column: &str) -> String {
    let items = row.get(column).and_then(Value::as_array).filter(|items| items.iter().all(Value::is_string));
    let joined = items.map(|items| items.iter().map(plain).collect::<Vec<_>>().join(", "));
    joined.unwrap_or_else(|| View(row).text(column))
}

fn columns(kind: &Kind, given: &Given) -> Vec<String> {
    let named = given.texts("fields");
    let usual = if given.flag("long") { kind.long } else { kind.columns };
    let shown = if named.is_empty() { usual } else { &named };
    shown.iter().map(|&field| field.to_owned()).collect()
}

/// A script that names no fields wants all of them.
fn query(kind: &Kind, given: &Given, columns: &[String], json: bool) -> Query {
    let mut query = Query::new();
    let mut ask = |key: &str, value: String| query.push((key.to_owned(), value));
    let named = !given.texts("fields").is_empty();
    // What belongs to its interfaces is told of a driver only with all the rest.
    let all = !named && (json || (kind.paging == Paging::Single && given.flag("long")));
    match kind.paging {
        Paging::Detailed | Paging::Single if all => ask("detail", "true".to_owned()),
        Paging::Whole if all => {}
        Paging::Detailed | Paging::Single | Paging::Whole => ask("fields", columns.join(",")),
        Paging::Bare => {}
    }
    for filter in kind.filters {
        let switch = given.switch(filter.option).map(|wanted| wanted.to_string());
        let text = switch.or_else(|| given.text(filter.option).map(str::to_owned));
        if let Some(text) = text {
            ask(filter.name, text);
        }
    }
    if let Some(sort) = given.text("sort") {
        let (key, direction) = sort.split_once(':').unwrap_or((sort, "asc"));
        ask("sort_key", key.to_owned());
        ask("sort_dir", direction.to_owned());
    }
    query
}

fn place(path: &str, query: &[(String, String)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    format!("{path}?{}", Serializer::new(String::new()).extend_pairs(query).finish())
}

/// Fetches page after page until there are `most` rows or no more. `next` is followed by its marker alone: the server does
/// not repeat all filters in it, and its host may be one that only it can reach.
pub async fn pages(
    session: &mut Session<'_, '_>,
    path: &str,
    key: &str,
    query: &[(String, String)],
    most: usize,
) -> Result<Vec<Value>, CliError> {
    let mut rows: Vec<Value> = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let rest = most.saturating_sub(rows.len());
        let mut asked = vec![("limit".to_owned(), rest.min(PAGE).to_string())];
        asked.extend(query.iter().cloned());
        asked.extend(marker.clone().map(|marker| ("marker".to_owned(), marker)));
        let mut page = session.value(place(path, &asked)).await?;
        let next = page.get("next").and_then(Value::as_str).and_then(marker_of);
        let found = rows_of(session, &mut page, key)?;
        let ended = found.is_empty() || next.is_none() || next == marker;
        rows.extend(found.into_iter().take(rest));
        if ended || rows.len() >= most {
            return Ok(rows);
        }
        marker = next;
    }
}

/// The answer at `path`, with the rows of all its pages in its member `key`. The server says how long a page is.
pub async fn all_pages(session: &mut Session<'_, '_>, path: &str, key: &str) -> Result<Value, CliError> {
    let answer = session.fetch(path.to_owned()).await?;
    let garbled = || CliError::Garbled { url: session.url.to_owned() };
    let mut whole: Value = serde_json::from_slice(&answer.body).map_err(|_| garbled())?;
    let mut marker = whole.get("next").and_then(Value::as_str).and_then(marker_of);
    let Some(first) = marker.as_ref().and_then(|_| whole.get_mut(key)).and_then(Value::as_array_mut) else {
        return Ok(whole);
    };
    let mut rows = std::mem::take(first);
    let join = if path.contains('?') { '&' } else { '?' };
    while let Some(at) = marker {
        let escaped: String = form_urlencoded::byte_serialize(at.as_bytes()).collect();
        let mut page = session.value(format!("{path}{join}marker={escaped}")).await?;
        marker = page.get("next").and_then(Value::as_str).and_then(marker_of).filter(|next| *next != at);
        let found = rows_of(session, &mut page, key)?;
        if found.is_empty() {
            break;
        }
        rows.extend(found);
    }
    if let Some(members) = whole.as_object_mut() {
        members.insert(key.to_owned(), Value::from(rows));
        members.remove("next");
    }
    Ok(whole)
}

/// The rows of an answer.
pub fn rows_of(session: &Session<'_, '_>, answer: &mut Value, key: &str) -> Result<Vec<Value>, CliError> {
    let rows = answer.get_mut(key).and_then(Value::as_array_mut).map(std::mem::take);
    rows.ok_or_else(|| CliError::Garbled { url: session.url.to_owned() })
}

/// The marker of a link to the next page.
pub fn marker_of(next: &str) -> Option<String> {
    let (_, query) = next.split_once('?')?;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == "marker").map(|(_, marker)| marker.into_owned())
}

/// Rows a request asks for; the API's own maximum.
const PAGE: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marker_of_next_is_taken() {
        assert_eq!(marker_of("http://inner:1/v1/ports?limit=2&marker=u%2D1&x=1"), Some("u-1".into()));
        assert_eq!(marker_of("http://inner:1/v1/ports"), None);
    }

    #[test]
    fn a_query_is_escaped_and_may_be_empty() {
        assert_eq!(place("/v1/shards", &[]), "/v1/shards");
        let query = [("description_contains".to_owned(), "a b&c".to_owned())];
        assert_eq!(place("/v1/ports", &query), "/v1/ports?description_contains=a+b%26c");
    }
}
