//! `ferric node plan`: what a request would lead to, as a table of steps with what they do to the machine.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::Exit;
use crate::cli::age;
use crate::cli::arguments::node::PlanArguments;
use crate::cli::console::{Paint, one_line};
use crate::cli::fault::CliError;
use crate::cli::node::drive;
use crate::cli::node::path;
use crate::cli::node::view::plain;
use crate::cli::session::Session;
use crate::cli::table;

/// Asks for the plan and prints it. A plan that would be refused or fail ends with another exit code.
pub async fn plan(session: &mut Session<'_, '_>, arguments: &PlanArguments) -> Result<Exit, CliError> {
    let mut body = Map::new();
    body.insert("action".to_owned(), Value::from(arguments.action.word()));
    if let Some(text) = &arguments.steps {
        body.insert("steps".to_owned(), drive::steps(text)?);
    }
    if let Some(runbook) = &arguments.runbook {
        body.insert("runbook".to_owned(), Value::from(runbook.as_str()));
    }
    if arguments.disable_ramdisk {
        body.insert("disable_ramdisk".to_owned(), Value::Bool(true));
    }
    let asked =
        session.post(format!("/ferric{}", path(&arguments.node, "/plan")), Value::Object(body)).await?;
    let value = session.parse(&asked)?;
    if session.json {
        session.print_answer(&asked)?;
    } else {
        let width = session.console.width;
        for (line, paint) in page(&value, width) {
            let line = session.console.painted(&line, paint);
            session.console.line(&line)?;
        }
    }
    let is_good = list(&value, "refused").next().is_none() && value.get("fails").is_none_or(Value::is_null);
    Ok(if is_good { Exit::Done } else { Exit::Refused })
}

type Lines = Vec<(String, Paint)>;

fn page(value: &Value, width: Option<u16>) -> Lines {
    let mut lines = Lines::new();
    for why in list(value, "refused") {
        lines.push((format!("would be refused: {}", plain(why)), Paint::Bad));
    }
    if let Some(why) = value.get("fails").and_then(Value::as_str) {
        lines.push((format!("would fail: {}", one_line(why)), Paint::Bad));
    }
    if !lines.is_empty() && list(value, "runs").next().is_some() {
        lines.push(("Were it not for that, it would go like this.".to_owned(), Paint::Plain));
    }
    list(value, "runs").for_each(|run| lines.extend(of_run(run, width)));
    for (member, head) in [("notes", "note"), ("unknown", "not known")] {
        lines.extend(list(value, member).map(|text| (format!("{head}: {}", plain(text)), Paint::Busy)));
    }
    lines
}

fn of_run(run: &Value, width: Option<u16>) -> Lines {
    let text = |name: &str| run.get(name).map(plain).unwrap_or_default();
    let header = ["", "step", "from", "priority", "power and boot", "disks", "took", "arguments"];
    let header = header.map(str::to_owned);
    let steps: Vec<&Value> = list(run, "steps").collect();
    let rows = steps.iter().enumerate().map(|(place, step)| row(place + 1, step)).collect();
    let ends = match text("ends_in") {
        state if state.is_empty() => String::new(),
        state => format!(", to {state}"),
    };
    let mut lines = vec![(format!("{}{ends}", text("what")), Paint::Head)];
    if steps.is_empty() {
        lines.push(("  no step".to_owned(), Paint::Plain));
        return lines;
    }
    let paints = std::iter::once(Paint::Head).chain(steps.iter().map(|step| paint(step)));
    lines.extend(table::lines(&header, rows, width).into_iter().zip(paints));
    let more =
        if run.get("may_reboot_more").and_then(Value::as_bool) == Some(true) { " or more" } else { "" };
    let unknown = steps.iter().filter(|step| step.get("destructive").is_none_or(Value::is_null)).count();
    let disks = match (run.get("destructive").and_then(Value::as_bool), unknown) {
        (Some(true), _) => "what is on disks is lost".to_owned(),
        (_, 0) => "what is on disks stays".to_owned(),
        (_, 1) => "whether 1 step destroys what is on disks is not known".to_owned(),
        (_, several) => format!("whether {several} steps destroy what is on disks is not known"),
    };
    let expected = took(run.get("expected"));
    let expected = if expected.is_empty() { "unknown".to_owned() } else { expected };
    let line =
        format!("  starts of the machine: {}{more}; {disks}; expected time: {expected}", text("reboots"));
    lines.push((line, Paint::Plain));
    lines
}

fn row(number: usize, step: &Value) -> Vec<String> {
    let text = |name: &str| step.get(name).map(plain).unwrap_or_default();
    let hook = step.get("origin").filter(|origin| origin.get("kind").is_some_and(|kind| kind == "hook"));
    let name = match text("child") {
        _ if hook.is_some() => format!("after {}.{}", text("interface"), text("step")),
        child if child.is_empty() => format!("{}.{}", text("interface"), text("step")),
        child => format!("{}.{} on {child}", text("interface"), text("step")),
    };
    let both: Vec<_> = [text("power"), text("boot")].into_iter().filter(|text| !text.is_empty()).collect();
    let args = step.get("args").and_then(Value::as_object).filter(|args| !args.is_empty());
    let args = args.map(|args| one_line(&Value::Object(args.clone()).to_string())).unwrap_or_default();
    let is_shown = step.get("shown").and_then(Value::as_bool).unwrap_or(true);
    let priority = if is_shown { text("priority") } else { String::new() };
    vec![
        number.to_string(),
        name,
        from(step),
        priority,
        both.join(", "),
        text("disks"),
        took(step.get("expected")),
        args,
    ]
}

fn from(step: &Value) -> String {
    let member =
        |name: &str| step.get("origin").and_then(|origin| origin.get(name)).map(plain).unwrap_or_default();
    match (member("name"), member("told_at")) {
        (name, told) if name.is_empty() && told.is_empty() => member("kind"),
        (name, told) if told.is_empty() => format!("{} {name}", member("kind")),
        (_, told) => format!("{}, as told {told}", member("kind")),
    }
}

/// How long it took before, and where that was seen.
fn took(guess: Option<&Value>) -> String {
    let seconds = guess.and_then(|guess| guess.get("seconds")).and_then(Value::as_u64);
    let Some(seconds) = seconds else { return String::new() };
    let of = guess.and_then(|guess| guess.get("of")).map(plain).unwrap_or_default();
    let elsewhere = if of == "this node" { "" } else { " elsewhere" };
    format!("{}{elsewhere}", age::short(Duration::from_secs(seconds)))
}

fn paint(step: &Value) -> Paint {
    match step.get("destructive").and_then(Value::as_bool) {
        Some(true) => Paint::Bad,
        Some(false) => Paint::Plain,
        None => Paint::Busy,
    }
}

fn list<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value.get(member).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plan_is_a_table_and_what_is_wrong_stands_first() {
        let step = json!({
            "interface": "deploy", "step": "write_image", "args": {"a": 1}, "priority": 80, "abortable": true,
            "requires_ramdisk": true, "shown": true, "origin": {"kind": "template", "name": "CUSTOM_A", "told_at": null},
            "child": null, "power": null, "boot": null, "disks": "the root disk is overwritten", "destructive": true,
            "expected": {"seconds": 125, "runs": 3, "of": "other nodes"},
        });
        let plan = json!({
            "refused": ["node n1 is in maintenance"], "fails": null, "notes": [], "unknown": ["what the agent adds"],
            "runs": [{"what": "deployment", "ends_in": "active", "reboots": 2, "may_reboot_more": true,
                "destructive": true, "expected": null, "steps": [step]}],
        });
        let lines: Vec<_> = page(&plan, None).into_iter().map(|(line, _)| line).collect();
        let text = lines.join("\n");
        assert!(lines[0].starts_with("would be refused: node n1 is in maintenance"), "{text}");
        for part in [
            "deployment, to active",
            "deploy.write_image",
            "template CUSTOM_A",
            "the root disk is overwritten",
            "elsewhere",
            "{\"a\":1}",
            "starts of the machine: 2 or more",
            "expected time: unknown",
            "not known: what the agent adds",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
