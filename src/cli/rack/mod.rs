//! What the appliance gives to the rack, and what the site gave it: `ferric leases`, `networks`, `steps list`.

use serde_json::Value;

use crate::base::time::Clock;
use crate::cli::Exit;
use crate::cli::age;
use crate::cli::arguments::RackArguments;
use crate::cli::console::{Console, one_line};
use crate::cli::fault::CliError;
use crate::cli::link::Link;
use crate::cli::node::view::View;
use crate::cli::report;
use crate::cli::session::Session;
use crate::cli::table;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    Leases,
    Networks,
    /// The site's own.
    Steps,
}

impl Listing {
    fn word(self) -> &'static str {
        match self {
            Self::Leases => "leases",
            Self::Networks => "networks",
            Self::Steps => "steps",
        }
    }

    /// What is done, for messages.
    fn deed(self) -> &'static str {
        match self {
            Self::Leases => "list leases",
            Self::Networks => "list networks",
            Self::Steps => "list steps",
        }
    }

    fn header(self) -> &'static [&'static str] {
        match self {
            Self::Leases => &["address", "MAC", "node", "expires", "last asked"],
            Self::Networks => &["name", "interface", "mode", "address", "used", "problems"],
            Self::Steps => &["file", "what", "kinds", "again", "refused"],
        }
    }

    fn row(self, one: &Value) -> Vec<String> {
        let text = |name| one_line(&View(one).text(name));
        match self {
            Self::Leases => {
                let node = [text("node_name"), text("node_uuid")].into_iter().find(|text| !text.is_empty());
                let node = node.unwrap_or_default();
                vec![text("address"), text("mac"), node, age::clock(&text("expires_at")), text("last_asked")]
            }
            Self::Networks => {
                let waits = if text("state") == "waiting" { " (waiting)" } else { "" };
                let mode = format!("{} {}{waits}", text("service"), text("mode"));
                vec![text("name"), text("interface"), mode, text("address"), used(one), problems(one)]
            }
            Self::Steps => {
                let file = text("file").rsplit('/').next().map(str::to_owned).unwrap_or_default();
                vec![file, made_known(one), one_line(&kinds(one)), text("again"), text("refused")]
            }
        }
    }
}

/// Runs one of the commands and returns the process's exit code.
pub async fn run(
    listing: Listing,
    arguments: &RackArguments,
    console: &mut Console<'_>,
    clock: &dyn Clock,
) -> u8 {
    let link = match Link::open(&arguments.url) {
        Ok(link) => link,
        Err(error) => return report(console, &error, listing.deed(), None).code(),
    };
    let mut session =
        Session { link: &link, console, clock, url: &arguments.url, json: arguments.json, heard: None };
    match list(&mut session, listing).await {
        Ok(exit) => exit.code(),
        Err(error) => report(session.console, &error, listing.deed(), None).code(),
    }
}

async fn list(session: &mut Session<'_, '_>, listing: Listing) -> Result<Exit, CliError> {
    let answer = session.fetch(format!("/ferric/v1/{}", listing.word())).await?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let value = session.parse(&answer)?;
    let all = value.get(listing.word()).and_then(Value::as_array).into_iter().flatten();
    let rows: Vec<Vec<String>> = all.map(|one| listing.row(one)).collect();
    let header: Vec<String> = listing.header().iter().map(|&name| name.to_owned()).collect();
    for line in table::lines(&header, rows, session.console.width) {
        session.console.line(&line)?;
    }
    match listing {
        Listing::Networks => print_events(session, &value)?,
        Listing::Leases | Listing::Steps => {}
    }
    Ok(Exit::Done)
}

/// What happened last, if anything did.
fn print_events(session: &mut Session<'_, '_>, value: &Value) -> Result<(), CliError> {
    let rows = events(value);
    if rows.is_empty() {
        return Ok(());
    }
    session.console.line("")?;
    let header = ["last seen", "network", "event", "times", "what"].map(str::to_owned);
    for line in table::lines(&header, rows, session.console.width) {
        session.console.line(&line)?;
    }
    Ok(())
}

/// The newest events, the oldest of them first.
fn events(value: &Value) -> Vec<Vec<String>> {
    let all = value.get("events").and_then(Value::as_array).into_iter().flatten();
    let row = |event: &Value| {
        let text = |field| one_line(&View(event).text(field));
        let times = event.get("times").and_then(Value::as_u64).unwrap_or(1).to_string();
        vec![age::clock(&text("last_at")), text("network"), text("event"), times, text("text")]
    };
    let mut rows: Vec<_> = all.map(row).collect();
    rows.sort();
    let old = rows.len().saturating_sub(EVENTS);
    rows.split_off(old)
}

/// `12 of 100, 3 put aside`, over all pools.
fn used(network: &Value) -> String {
    let pools: Vec<&Value> = network.get("pools").and_then(Value::as_array).into_iter().flatten().collect();
    if pools.is_empty() {
        return String::new();
    }
    let sum = |name: &str| -> u64 { pools.iter().filter_map(|pool| pool.get(name)?.as_u64()).sum() };
    let aside = sum("quarantined");
    let aside = if aside > 0 { format!(", {aside} put aside") } else { String::new() };
    format!("{} of {}{aside}", sum("used"), sum("size"))
}

/// `step vendor.register`, `hook tell after deploy.write_image`.
fn made_known(manifest: &Value) -> String {
    let text = |name| one_line(&View(manifest).text(name));
    match text("type").as_str() {
        "hook" => {
            let after = Some(text("after")).filter(|after| !after.is_empty());
            format!("hook {} after {}", text("name"), after.unwrap_or_else(|| "every step".to_owned()))
        }
        "" => String::new(),
        kind => format!("{kind} {}", text("name")),
    }
}

/// `clean 50, deploy`: the kinds of work with the priority in each; without one it is done on request.
fn kinds(manifest: &Value) -> String {
    let kinds = manifest.get("kinds").and_then(Value::as_object).into_iter().flatten();
    let shown = |(kind, priority): (&String, &Value)| match priority.as_i64().filter(|number| *number > 0) {
        Some(priority) => format!("{kind} {priority}"),
        None => kind.clone(),
    };
    kinds.map(shown).collect::<Vec<_>>().join(", ")
}

fn problems(network: &Value) -> String {
    let all = network.get("problems").and_then(Value::as_array).into_iter().flatten();
    one_line(&all.filter_map(Value::as_str).collect::<Vec<_>>().join("; "))
}

/// Events that are listed; `--json` has all.
const EVENTS: usize = 20;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_failed_is_told_in_a_sentence() {
        for (listing, words) in
            [(Listing::Leases, "cannot list leases: "), (Listing::Networks, "cannot list networks: ")]
        {
            let error = CliError::Garbled { url: "http://h:1".into() };
            let told = crate::cli::fault::explain(&error, listing.deed(), None);
            assert!(told.starts_with(words), "{told}");
        }
    }

    #[test]
    fn a_lease_is_a_row() {
        let lease = json!({
            "address": "10.0.0.9", "mac": "52:54:00:00:00:01", "node_uuid": "u", "node_name": "n1",
            "expires_at": "2026-11-20T19:47:03.271161+00:00", "last_asked": "iPXE on x86_64\u{1b} UEFI",
        });
        let row = Listing::Leases.row(&lease);
        assert_eq!(row[..4], ["10.0.0.9", "52:54:00:00:00:01", "n1", "2026-11-20 19:47:03"]);
        assert!(row[4].starts_with("iPXE on x86_64") && !row[4].contains('\u{1b}'), "{}", row[4]);
        let unknown = json!({"address": "10.0.0.9", "mac": null, "node_uuid": null, "node_name": null});
        assert_eq!(Listing::Leases.row(&unknown)[2], "");
    }

    #[test]
    fn the_newest_events_are_listed_in_their_order() {
        let event = |minute: usize, times: u64| {
            let at = format!("2026-11-20T19:{minute:02}:03.271161+00:00");
            json!({"last_at": at, "network": "b", "event": "conflict", "times": times, "text": "10.0.0.9 is\nused"})
        };
        let rows: Vec<_> = [event(40, 7)].into_iter().chain((0..30).map(|minute| event(minute, 1))).collect();
        let rows = events(&json!({"events": rows}));
        assert_eq!(rows.len(), EVENTS);
        assert_eq!(rows[0][..2], ["2026-11-20 19:11:03", "b"]);
        assert_eq!(rows[EVENTS - 1][..4], ["2026-11-20 19:40:03", "b", "conflict", "7"]);
        assert!(!rows[0][4].contains('\n'));
        assert!(events(&json!({"networks": []})).is_empty());
    }

    #[test]
    fn a_manifest_is_a_row_and_a_refused_one_says_why() {
        let step = json!({"file": "/etc/ferric/steps/burn.toml", "type": "step", "refused": null,
            "name": "vendor.burn", "kinds": {"clean": 50, "deploy": 0}, "again": "never"});
        assert_eq!(
            Listing::Steps.row(&step),
            ["burn.toml", "step vendor.burn", "clean 50, deploy", "never", ""]
        );
        let hook = json!({"file": "/s/tell.toml", "type": "hook", "refused": null, "name": "tell", "after": null,
            "kinds": {"clean": null}, "again": "repeat"});
        assert_eq!(Listing::Steps.row(&hook)[1..3], ["hook tell after every step", "clean"]);
        let wrong = json!({"file": "/s/x.toml", "type": null, "refused": "again is missing\n\u{1b}"});
        let row = Listing::Steps.row(&wrong);
        assert_eq!(row[..4], ["x.toml", "", "", ""]);
        assert!(row[4].starts_with("again is missing") && !row[4].contains('\u{1b}'), "{}", row[4]);
    }

    #[test]
    fn a_network_is_a_row_with_its_problems() {
        let network = json!({
            "name": "boot", "interface": "eth1", "service": "dhcp4", "mode": "own", "address": "10.0.0.1",
            "pools": [{"used": 2, "size": 5}, {"used": 1, "size": 7}], "problems": ["one", "two"],
        });
        let row = Listing::Networks.row(&network);
        assert_eq!(row, ["boot", "eth1", "dhcp4 own", "10.0.0.1", "3 of 12", "one; two"]);
        let ill = json!({"pools": [{"used": 2, "size": 5, "quarantined": 3}, {"used": 1, "size": 7}]});
        assert_eq!(used(&ill), "3 of 12, 3 put aside");
    }
}
