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
    let header = ["machine", "last seen", "node", "bmc", "serial", "what"].map(str::to_owned);
    for line in table::lines(&header, rows(&value), session.console.width) {
        session.console.line(&line)?;
    }
    Ok(Exit::Done)
}

fn rows(value: &Value) -> Vec<Vec<String>> {
    value.get("discovered").and_then(Value::as_array).into_iter().flatten().map(row).collect()
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
        one_line(&bmc.join(" ")),
        view.text("serial_number"),
        one_line(&parts.collect::<Vec<_>>().join(", ")),
    ]
}

const PATH: &str = "/ferric/v1/discovered";

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
        let rows = rows(&value);
        let expected = [
            "52:54:00:00:00:01",
            "2026-11-20 19:46:00",
            "",
            "10.1.0.9",
            "S1",
            "ACME, 4 CPUs, 8.0 GiB, 4.0 GiB",
        ];
        assert_eq!(rows[0], expected);
        assert_eq!(rows.len(), 2);
    }
}
