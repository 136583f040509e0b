//! `ferric audit`: who did what, and who could not log in.

use std::time::Duration;

use form_urlencoded::Serializer;
use serde_json::{Value, json};

use crate::base::moment::Moment;
use crate::base::time::Clock;
use crate::cli::arguments::token::{AuditArguments, Since};
use crate::cli::console::Console;
use crate::cli::fault::CliError;
use crate::cli::link::Link;
use crate::cli::node::view::View;
use crate::cli::resource::list::{marker_of, rows_of};
use crate::cli::session::Session;
use crate::cli::{Exit, age, report, table};

/// Runs `ferric audit` and returns the process's exit code.
pub async fn audit(arguments: &AuditArguments, console: &mut Console<'_>, clock: &dyn Clock) -> u8 {
    match asked(arguments, console, clock).await {
        Ok(exit) => exit.code(),
        Err(error) => report(console, &error, "list the audit", None).code(),
    }
}

async fn asked(
    arguments: &AuditArguments,
    console: &mut Console<'_>,
    clock: &dyn Clock,
) -> Result<Exit, CliError> {
    let link = Link::open(&arguments.url)?;
    let mut session =
        Session { link: &link, console, clock, url: &arguments.url, json: arguments.json, heard: None };
    show(&mut session, arguments).await
}

/// What was read.
struct Read {
    rows: Vec<Value>,
    failed: Vec<Value>,
    /// There are older rows.
    more: bool,
}

async fn show(session: &mut Session<'_, '_>, arguments: &AuditArguments) -> Result<Exit, CliError> {
    let Read { rows, failed, more } = read(session, arguments).await?;
    let oldest = rows.last().filter(|_| more).map(|row| View(row).text("at")).unwrap_or_default();
    // Of the same time as the rows, where these do not go back to the beginning.
    let failed: Vec<Value> = failed.into_iter().filter(|one| View(one).text("last") >= oldest).collect();
    if session.json {
        session.print_value(&json!({"audit": rows, "failed_logins": failed}))?;
        return Ok(Exit::Done);
    }
    let deeds = rows.iter().map(|row| (View(row).text("at"), deed(row)));
    let mut all: Vec<_> =
        deeds.chain(failed.iter().map(|one| (View(one).text("last"), login(one)))).collect();
    all.sort_by(|(one, _), (other, _)| other.cmp(one));
    let header = ["when", "who", "role", "from", "outcome", "request", "what"].map(str::to_owned);
    let cells = all.into_iter().map(|(_, cells)| cells).collect();
    for line in table::lines(&header, cells, session.console.width) {
        session.console.line(&line)?;
    }
    if more {
        session.console.note("there are older rows: --limit, --since, --node, --user");
    }
    Ok(Exit::Done)
}

/// Reads page after page until there are as many rows as are wanted, or no more.
async fn read(session: &mut Session<'_, '_>, arguments: &AuditArguments) -> Result<Read, CliError> {
    let most = usize::from(arguments.limit);
    let mut read = Read { rows: Vec::new(), failed: Vec::new(), more: true };
    let mut marker: Option<String> = None;
    while read.more && read.rows.len() < most {
        let rest = most.saturating_sub(read.rows.len());
        let path = place(arguments, rest.min(PAGE), marker.as_deref(), session.clock.wall());
        let mut page = session.value(path).await?;
        if marker.is_none() {
            read.failed = rows_of(session, &mut page, "failed_logins")?;
        }
        let found = rows_of(session, &mut page, "audit")?;
        let next = page.get("next").and_then(Value::as_str).and_then(marker_of);
        read.more = !found.is_empty() && next.is_some() && next != marker;
        read.rows.extend(found.into_iter().take(rest));
        marker = next;
    }
    Ok(read)
}

fn place(arguments: &AuditArguments, limit: usize, marker: Option<&str>, now: Moment) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    let since = arguments.since.map(|since| match since {
        Since::At(moment) => moment,
        Since::Ago(length) => before(now, length),
    });
    let since = since.map(Moment::iso);
    for (name, value) in [
        ("node", arguments.node.as_deref()),
        ("user", arguments.user.as_deref()),
        ("since", since.as_deref()),
        ("marker", marker),
    ] {
        query.extend_pairs(value.map(|value| (name, value)));
    }
    format!("{AUDIT}?{}", query.finish())
}

fn before(now: Moment, length: Duration) -> Moment {
    Moment(now.0.saturating_sub(i64::try_from(length.as_micros()).unwrap_or(i64::MAX)))
}

fn deed(one: &Value) -> Vec<String> {
    let view = View(one);
    let status = one.get("status").and_then(Value::as_u64).unwrap_or_default();
    let who = match view.text("user") {
        user if user.is_empty() => "(no login)".to_owned(),
        user => user,
    };
    vec![
        age::clock(&view.text("at")),
        who,
        view.text("role"),
        view.text("from"),
        format!("{} {status}", view.text("outcome")),
        view.text("request"),
        view.text("what"),
    ]
}

fn login(one: &Value) -> Vec<String> {
    let view = View(one);
    let from = match view.text("from") {
        from if from.is_empty() => "(several)".to_owned(),
        from => from,
    };
    let times = one.get("times").and_then(Value::as_u64).unwrap_or(1);
    let what = match times {
        1 => "failed once".to_owned(),
        _ => format!("failed {times} times since {}", age::clock(&view.text("first"))),
    };
    let (last, nobody, outcome) = (age::clock(&view.text("last")), "(unknown)", "forbidden 401");
    vec![last, nobody.to_owned(), String::new(), from, outcome.to_owned(), "log-in".to_owned(), what]
}

const AUDIT: &str = "/ferric/v1/audit";

/// Rows a request asks for; the API's own maximum.
const PAGE: usize = 1000;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::arguments::{Arguments, Command};
    use crate::cli::node::tests::{Answers, Hasty};

    async fn play(answers: &Answers, line: &str) -> (u8, String, String) {
        let words = std::iter::once("ferric").chain(line.split(' '));
        let Command::Audit(asked) = Arguments::try_parse_from(words).unwrap().command else {
            panic!("{line}")
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::plain(&mut out, &mut err);
        let (clock, console) = (Hasty::default(), &mut console);
        let json = asked.json;
        let mut session =
            Session { link: answers, console, clock: &clock, url: "http://api", json, heard: None };
        let code = show(&mut session, &asked).await.unwrap().code();
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    fn page(sequence: u64, at: &str, next: bool) -> String {
        let row = json!({
            "sequence": sequence, "at": at, "user": null, "role": "admin", "from": "127.0.0.1", "status": 202,
            "request": "PUT /v1/nodes/n1/states/provision", "what": "target=deleted", "outcome": "done",
        });
        let failed = json!([
            {"from": "10.0.0.9", "times": 11, "first": "2026-11-20T19:00:00+00:00", "last": "2026-11-20T19:46:30+00:00"},
            {"from": "", "times": 1, "first": "2026-01-01T00:00:00+00:00", "last": "2026-01-01T00:00:00+00:00"},
        ]);
        let mut page = json!({"audit": [row], "failed_logins": failed});
        if next {
            page["next"] = json!(format!("http://x/ferric/v1/audit?limit=1&marker={sequence}"));
        }
        page.to_string()
    }

    #[tokio::test]
    async fn pages_are_followed_and_failed_log_ins_stand_where_they_belong() {
        let (one, two) =
            (page(9, "2026-11-20T19:47:00+00:00", true), page(8, "2026-11-20T19:46:00+00:00", false));
        let answers = Answers::new([(200, one.as_str()), (200, two.as_str())]);
        let (code, out, err) = play(&answers, "audit --node n1 --user a&b").await;
        assert_eq!((code, err.as_str()), (0, ""));
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines[1].contains("19:47:00") && lines[1].contains("target=deleted"), "{out}");
        assert!(lines[2].contains("10.0.0.9") && lines[2].contains("failed 11 times"), "{out}");
        assert!(lines[3].contains("19:46:00") && lines[4].contains("(several)"), "{out}");
        let asked: Vec<String> = answers.asked().into_iter().map(|request| request.path).collect();
        assert_eq!(asked[0], "/ferric/v1/audit?limit=50&node=n1&user=a%26b");
        assert_eq!(asked[1], "/ferric/v1/audit?limit=49&node=n1&user=a%26b&marker=9");
    }

    #[tokio::test]
    async fn what_is_left_out_is_told() {
        let one = page(9, "2026-11-20T19:46:00+00:00", true);
        let (_, out, err) = play(&Answers::new([(200, one.as_str())]), "audit --limit 1").await;
        assert_eq!(out.lines().count(), 3, "{out}");
        assert!(err.contains("older rows") && !out.contains("(several)"), "{err} {out}");
        let (_, out, _) = play(&Answers::new([(200, one.as_str())]), "audit --limit 1 --json").await;
        let shown: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&shown["audit"][0]["sequence"], &shown["next"]), (&json!(9), &Value::Null));
    }

    #[test]
    fn how_long_ago_becomes_a_time() {
        let hour = Duration::from_hours(1);
        assert_eq!(before(Moment(3_600_000_000), hour), Moment(0));
        assert_eq!(before(Moment(i64::MIN), hour), Moment(i64::MIN));
    }
}
