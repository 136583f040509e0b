//! `ferric discovered`: machines that called and that nobody has enrolled, a line each.

use serde_json::Value;

use crate::base::size;
use crate::base::time::Clock;
use crate::cli::arguments::discovered::{DiscoveredArguments, DiscoveredCommand};
use crate::cli::console::{Console, one_line};
use crate::cli::fault::CliError;
use crate::cli::link::Link;
use crate::cli::node::view::View;
use crate::cli::session::Session;
use crate::cli::{Exit, age, report, table};

/// Runs one command and returns the process's exit code.
pub async fn run(arguments: &DiscoveredArguments, console: &mut Console<'_>, clock: &dyn Clock) -> u8 {
    let command = arguments.command.unwrap_or(DiscoveredCommand::List);
    let verb = match command {
        DiscoveredCommand::List => "list discovered machines",
        DiscoveredCommand::Forget { .. } => "forget the machine",
    };
    match asked(arguments, command, console, clock).await {
        Ok(exit) => exit.code(),
        Err(error) => report(console, &error, verb, None).code(),
    }
}

async fn asked(
    arguments: &DiscoveredArguments,
    command: DiscoveredCommand,
    console: &mut Console<'_>,
    clock: &dyn Clock,
) -> Result<Exit, CliError> {
    let link = Link::open(&arguments.url)?;
    let mut session =
        Session { link: &link, console, clock, url: &arguments.url, json: arguments.json, heard: None };
    match command {
        DiscoveredCommand::List => list(&mut session).await,
        DiscoveredCommand::Forget { mac } => {
            session.delete(format!("{PATH}/{mac}")).await?;
            session.console.line(&format!("{mac}: struck out"))?;
            Ok(Exit::Done)
        }
    }
}

async fn list(session: &mut Session<'_, '_>) -> Result<Exit, CliError> {
    let answer = session.fetch(PATH.to_owned()).await?;
    let value = session.parse(&answer)?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let header = ["machine", "last seen", "node", "state", "bmc", "serial", "what"].map(str::to_owned);
    for line in table::lines(&header, machines(&value).map(row).collect(), session.console.width) {
        session.console.line(&line)?;
    }
    for line in sentences(&value) {
        session.console.line(&line)?;
    }
    Ok(Exit::Done)
}

fn machines(value: &Value) -> impl Iterator<Item = &Value> {
    value.get("discovered").and_then(Value::as_array).into_iter().flatten()
}

/// What waits for a person, and how many machines are not listed.
fn sentences(value: &Value) -> Vec<String> {
    let waiting = |one: &Value| {
        let view = View(one);
        let why = view.text("waits_for");
        (!why.is_empty()).then(|| format!("{}: {why}", view.text("mac_address")))
    };
    let mut all: Vec<String> = machines(value).filter_map(waiting).collect();
    if value.get("policy").is_some_and(|policy| *policy == "off") {
        all.push(OFF.to_owned());
    }
    let count = |name: &str| value.get("turned_away")?.get(name)?.as_u64().filter(|count| *count > 0);
    for (name, why) in [
        (
            "too_many",
            "more calls within a minute than [discovery] limit.per_minute, or than 5 from one address",
        ),
        ("no_room", "as many as [discovery] limit.machines are there: enrol or forget some"),
        (
            "claims",
            "they claimed an address, a serial number, a system UUID or a BMC of a node; the log names it and the node",
        ),
    ] {
        if let Some(count) = count(name) {
            all.push(format!("turned away since the daemon began: {count} ({why})"));
        }
    }
    all
}

fn row(one: &Value) -> Vec<String> {
    let view = View(one);
    let bmc = one.get("bmc_addresses").and_then(Value::as_array).into_iter().flatten();
    let bmc: Vec<_> = bmc.filter_map(Value::as_str).collect();
    let disks = one.get("disk_sizes").and_then(Value::as_array).into_iter().flatten();
    let disks: Vec<_> = disks.filter_map(Value::as_u64).map(size::human).collect();
    let memory =
        one.get("memory_mb").and_then(Value::as_u64).map(|mib| size::human(mib.saturating_mul(1 << 20)));
    let cpus = one.get("cpus").and_then(Value::as_u64).map(|count| format!("{count} CPUs"));
    let vendor = [view.text("manufacturer"), view.text("product_name")];
    let parts = vendor.into_iter().chain(cpus).chain(memory).chain(disks).filter(|part| !part.is_empty());
    vec![
        view.text("mac_address"),
        age::clock(&view.text("last_at")),
        view.text("node_uuid"),
        view.text("provision_state"),
        one_line(&bmc.join(" ")),
        view.text("serial_number"),
        one_line(&parts.collect::<Vec<_>>().join(", ")),
    ]
}

const PATH: &str = "/ferric/v1/discovered";
/// Why a list stays empty.
const OFF: &str = "discovery is off: machines that nobody has enrolled are not written down; [discovery] policy = \"record\" \
                   (or \"enrol\") in the daemon's configuration takes them in";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_machine_is_a_row() {
        let value = json!({"discovered": [{
            "mac_address": "52:54:00:00:00:01", "last_at": "2026-11-20T19:46:00+00:00", "node_uuid": null,
            "bmc_addresses": ["10.1.0.9"], "serial_number": "S1", "manufacturer": "ACME", "product_name": null,
            "cpus": 4, "memory_mb": 8192, "disk_sizes": [4_294_967_296_u64],
        }, {}]});
        let rows: Vec<_> = machines(&value).map(row).collect();
        let expected = [
            "52:54:00:00:00:01",
            "2026-11-20 19:46:00",
            "",
            "",
            "10.1.0.9",
            "S1",
            "ACME, 4 CPUs, 8.0 GiB, 4.0 GiB",
        ];
        assert_eq!(rows[0], expected);
        assert_eq!(rows.len(), 2);
        assert_eq!(sentences(&value), Vec::<String>::new());
    }

    #[test]
    fn what_waits_and_what_is_not_listed_is_said() {
        let value = json!({
            "discovered": [{"mac_address": "52:54:00:00:00:01", "waits_for": "node n1 waits\u{1b}[2J"}, {}],
            "turned_away": {"too_many": 9, "no_room": 0, "claims": 1}, "policy": "record",
        });
        let off = json!({"discovered": [], "policy": "off"});
        assert_eq!(sentences(&off), [OFF]);
        let all = sentences(&value);
        assert_eq!(all.len(), 3, "{all:?}");
        assert_eq!(all[0], "52:54:00:00:00:01: node n1 waits [2J");
        assert!(all[1].contains(": 9 (") && all[2].contains(": 1 ("), "{all:?}");
    }
}
