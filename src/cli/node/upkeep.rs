//! `ferric node maintenance|validate`.

use serde_json::{Value, json};

use crate::cli::Exit;
use crate::cli::arguments::node::{MaintenanceArguments, Switch};
use crate::cli::console::{Paint, one_line};
use crate::cli::fault::CliError;
use crate::cli::node::path;
use crate::cli::node::view::View;
use crate::cli::session::Session;
use crate::cli::table;
use crate::cli::value::ValueError;

/// Begins or ends maintenance.
pub async fn maintenance(
    session: &mut Session<'_, '_>,
    arguments: &MaintenanceArguments,
) -> Result<Exit, CliError> {
    let (node, place) = (&arguments.node, path(&arguments.node, "/maintenance"));
    match arguments.switch {
        Switch::On => {
            let body = arguments.reason.as_ref().map_or(json!({}), |reason| json!({ "reason": reason }));
            session.put(place, body).await?;
            say(session, &format!("{node}: in maintenance; `ferric node maintenance {node} off` ends it"))
        }
        Switch::Off if arguments.reason.is_some() => Err(ValueError::Reason.into()),
        Switch::Off => {
            session.delete(place).await?;
            say(session, &format!("{node}: no longer in maintenance"))
        }
    }
}

/// A sentence for a person. These calls have empty answers, so there is no JSON to print.
fn say(session: &mut Session<'_, '_>, text: &str) -> Result<Exit, CliError> {
    if !session.json {
        session.console.line(text)?;
    }
    Ok(Exit::Done)
}

/// Shows for each interface whether its settings suffice.
pub async fn validate(session: &mut Session<'_, '_>, node: &str) -> Result<Exit, CliError> {
    let answer = session.fetch(path(node, "/validate")).await?;
    let value = session.parse(&answer)?;
    if session.json {
        session.print_answer(&answer)?;
    } else {
        for (line, paint) in verdicts(View(&value), session.console.width) {
            let line = session.console.painted(&line, paint);
            session.console.line(&line)?;
        }
    }
    let lacks = NEEDED.iter().any(|needed| result(&value, needed) == Some(false));
    Ok(if lacks { Exit::Refused } else { Exit::Done })
}

fn verdicts(value: View<'_>, width: Option<u16>) -> Vec<(String, Paint)> {
    let header = ["interface", "ok", "reason"].map(str::to_owned);
    let mut rows = Vec::new();
    let mut paints = vec![Paint::Head];
    for (interface, verdict) in value.0.as_object().into_iter().flatten() {
        let (ok, paint) = match result(value.0, interface) {
            Some(true) => ("yes", Paint::Good),
            Some(false) if NEEDED.contains(&interface.as_str()) => ("no", Paint::Bad),
            Some(false) => ("no", Paint::Plain),
            None => ("-", Paint::Plain),
        };
        rows.push(vec![one_line(interface), ok.to_owned(), View(verdict).text("reason")]);
        paints.push(paint);
    }
    table::lines(&header, rows, width).into_iter().zip(paints).collect()
}

fn result(value: &Value, interface: &str) -> Option<bool> {
    value.get(interface)?.get("result")?.as_bool()
}

/// Interfaces without which no deployment is taken.
const NEEDED: &[&str] = &["deploy", "power"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_a_table() {
        let value = json!({
            "power": {"result": true}, "deploy": {"result": false, "reason": "image_source\nis missing"},
            "rescue": {"result": false, "reason": "no"}, "raid": {"result": null},
        });
        let shown = verdicts(View(&value), None);
        let lines: Vec<&str> = shown.iter().map(|(line, _)| line.as_str()).collect();
        let expected = [
            "interface  ok   reason",
            "deploy     no   image_source is missing",
            "power      yes",
            "raid       -",
            "rescue     no   no",
        ];
        assert_eq!(lines, expected);
        let paints: Vec<Paint> = shown.iter().map(|(_, paint)| *paint).collect();
        assert_eq!(paints, [Paint::Head, Paint::Bad, Paint::Good, Paint::Plain, Paint::Plain]);
    }
}
