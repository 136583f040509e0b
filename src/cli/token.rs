//! `ferric token`: who may log in.

use serde_json::{Value, json};

use crate::base::time::Clock;
use crate::cli::arguments::token::{Lifetime, TokenArguments, TokenCommand};
use crate::cli::console::{Console, one_line};
use crate::cli::fault::{CliError, Subject};
use crate::cli::link::Link;
use crate::cli::node::view::View;
use crate::cli::place::place;
use crate::cli::session::Session;
use crate::cli::{Exit, age, report, table};

/// Runs one command about tokens and returns the process's exit code.
pub async fn run(arguments: &TokenArguments, console: &mut Console<'_>, clock: &dyn Clock) -> u8 {
    let command = arguments.command.clone().unwrap_or(TokenCommand::List);
    let verb = match command {
        TokenCommand::List => "list tokens",
        TokenCommand::Create { .. } => "make the token",
        TokenCommand::Revoke { .. } => REVOKE,
    };
    match asked(arguments, command, console, clock).await {
        Ok(exit) => exit.code(),
        Err(error) => report(console, &error, verb, subject(None)).code(),
    }
}

fn subject(name: Option<&str>) -> Subject<'_> {
    Subject { kind: "token", name, facts: None, lost: None }
}

async fn asked(
    arguments: &TokenArguments,
    command: TokenCommand,
    console: &mut Console<'_>,
    clock: &dyn Clock,
) -> Result<Exit, CliError> {
    let link = Link::open(&arguments.url)?;
    let mut session =
        Session { link: &link, console, clock, url: &arguments.url, json: arguments.json, heard: None };
    match command {
        TokenCommand::List => list(&mut session).await,
        TokenCommand::Create { name, role, project, expires } => {
            let seconds = match expires {
                Lifetime::Never => 0,
                Lifetime::Of(length) => length.as_secs(),
            };
            let mut body = json!({"name": name, "role": role.name(), "expires_in": seconds});
            if let (Some(project), Some(members)) = (project, body.as_object_mut()) {
                members.insert("project".to_owned(), json!(project));
            }
            create(&mut session, body).await
        }
        TokenCommand::Revoke { which } => revoke(&mut session, &which).await,
    }
}

/// Revokes one after the other, tells each, and goes on after a refusal.
async fn revoke(session: &mut Session<'_, '_>, which: &[String]) -> Result<Exit, CliError> {
    let mut exit = Exit::Done;
    for token in which {
        match session.delete(place(TOKENS, token, "")).await {
            Ok(_) => session.console.line(&format!("{}: revoked", one_line(token)))?,
            Err(error @ CliError::Refused(_)) => {
                exit = exit.max(report(session.console, &error, "revoke", subject(Some(token))));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(exit)
}

async fn create(session: &mut Session<'_, '_>, body: Value) -> Result<Exit, CliError> {
    let answer = session.post(TOKENS.to_owned(), body).await?;
    let value = session.parse(&answer)?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let view = View(&value);
    session.console.line(&view.text("token"))?;
    let end = end(&value);
    let project = view.text("project");
    let project = if project.is_empty() { String::new() } else { format!(" of project {project}") };
    let said =
        format!("token {}: {}{project}, {end}; it is not shown again", view.text("name"), view.text("role"));
    session.console.note(&said);
    Ok(Exit::Done)
}

fn end(value: &Value) -> String {
    let end = View(value).text("expires_at");
    if end.is_empty() { "never expires".to_owned() } else { format!("expires {}", age::clock(&end)) }
}

async fn list(session: &mut Session<'_, '_>) -> Result<Exit, CliError> {
    let answer = session.fetch(TOKENS.to_owned()).await?;
    let value = session.parse(&answer)?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let rows = value.get("tokens").and_then(Value::as_array).into_iter().flatten().map(token).collect();
    print(session, &["name", "role", "project", "expires", "made", "made by", "uuid"], rows)
}

fn token(one: &Value) -> Vec<String> {
    let view = View(one);
    let end = match (view.text("expires_at"), one.get("expired")) {
        (end, _) if end.is_empty() => "never".to_owned(),
        (end, Some(Value::Bool(true))) => format!("{} (over)", age::clock(&end)),
        (end, _) => age::clock(&end),
    };
    vec![
        view.text("name"),
        view.text("role"),
        view.text("project"),
        end,
        age::clock(&view.text("created_at")),
        view.text("created_by"),
        view.text("uuid"),
    ]
}

fn print(session: &mut Session<'_, '_>, header: &[&str], rows: Vec<Vec<String>>) -> Result<Exit, CliError> {
    let header: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
    for line in table::lines(&header, rows, session.console.width) {
        session.console.line(&line)?;
    }
    Ok(Exit::Done)
}

const REVOKE: &str = "revoke the token";
const TOKENS: &str = "/ferric/v1/tokens";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_row_and_says_when_it_is_over() {
        let one = json!({
            "name": "ci", "role": "operator", "project": null, "expires_at": "2026-11-20T19:46:00+00:00",
            "expired": true, "created_at": "2026-11-20T18:46:00+00:00", "created_by": "alice", "uuid": "u",
        });
        let over = "2026-11-20 19:46:00 (over)";
        assert_eq!(token(&one), ["ci", "operator", "", over, "2026-11-20 18:46:00", "alice", "u"]);
        assert_eq!(token(&json!({"expires_at": null}))[3], "never");
    }
}
