//! `ferric ramdisk`: what machines boot to be deployed and cleaned.
//!
//! - [`pair`]    a kernel and a ramdisk among files
//! - [`import`]  both uploaded, in slices that go on after a break

pub mod import;
pub mod pair;

use serde_json::Value;

use crate::base::size;
use crate::base::time::Clock;
use crate::cli::arguments::ramdisk::{RamdiskArguments, RamdiskCommand};
use crate::cli::console::{Console, one_line};
use crate::cli::fault::CliError;
use crate::cli::link::Link;
use crate::cli::node::view::View;
use crate::cli::session::Session;
use crate::cli::{Exit, report, table};

/// Runs one `ferric ramdisk` command and returns the process's exit code. Errors are printed here, once.
pub async fn run(arguments: &RamdiskArguments, console: &mut Console<'_>, clock: &dyn Clock) -> u8 {
    let verb = verb(&arguments.command);
    let link = match Link::open(&arguments.url) {
        Ok(link) => link,
        Err(error) => return report(console, &error, verb, None).code(),
    };
    let mut session =
        Session { link: &link, console, clock, url: &arguments.url, json: arguments.json, heard: None };
    match obey(&mut session, &arguments.command).await {
        Ok(exit) => exit.code(),
        Err(error) => report(session.console, &error, verb, None).code(),
    }
}

async fn obey(session: &mut Session<'_, '_>, command: &RamdiskCommand) -> Result<Exit, CliError> {
    match command {
        RamdiskCommand::Import(arguments) => import::import(session, arguments).await,
        RamdiskCommand::List => list(session).await,
        RamdiskCommand::Show(one) => show(session, &one.arch).await,
        RamdiskCommand::Remove(one) => remove(session, &one.arch).await,
    }
}

fn verb(command: &RamdiskCommand) -> &'static str {
    match command {
        RamdiskCommand::Import(_) => "import the ramdisk",
        RamdiskCommand::List => "list ramdisks",
        RamdiskCommand::Show(_) => "show the ramdisk",
        RamdiskCommand::Remove(_) => "remove the ramdisk",
    }
}

async fn list(session: &mut Session<'_, '_>) -> Result<Exit, CliError> {
    let answer = session.fetch(PATH.to_owned()).await?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let value = session.parse(&answer)?;
    let pairs = value.get("ramdisks").and_then(Value::as_array).into_iter().flatten();
    let header = ["arch", "imported", "kernel", "ramdisk", "name"].map(str::to_owned);
    for line in table::lines(&header, pairs.map(row).collect(), session.console.width) {
        session.console.line(&line)?;
    }
    Ok(Exit::Done)
}

async fn show(session: &mut Session<'_, '_>, arch: &str) -> Result<Exit, CliError> {
    let answer = session.fetch(path(arch)).await?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let value = session.parse(&answer)?;
    let pair = View(&value);
    let mut rows = vec![
        ("arch", pair.text("arch")),
        ("name", pair.text("name")),
        ("imported", pair.text("imported_at")),
    ];
    for part in ["kernel", "ramdisk"] {
        let hash = value.get(part).map(|file| View(file).text("sha256")).unwrap_or_default();
        rows.push((part, format!("{}, sha256:{hash}", size_of(&value, part))));
    }
    let words = pair.text("cmdline");
    if !words.is_empty() {
        rows.push(("cmdline", words));
    }
    for (label, text) in rows {
        session.console.line(&format!("{label:<8}  {}", one_line(&text)))?;
    }
    Ok(Exit::Done)
}

async fn remove(session: &mut Session<'_, '_>, arch: &str) -> Result<Exit, CliError> {
    session.delete(path(arch)).await?;
    if !session.json {
        session.console.line(&format!("the ramdisk for {arch} machines is removed"))?;
    }
    Ok(Exit::Done)
}

fn row(pair: &Value) -> Vec<String> {
    let view = View(pair);
    vec![
        one_line(&view.text("arch")),
        one_line(&view.text("imported_at")).chars().take("2026-11-20T19:47:03".len()).collect(),
        size_of(pair, "kernel"),
        size_of(pair, "ramdisk"),
        one_line(&view.text("name")),
    ]
}

fn size_of(pair: &Value, part: &str) -> String {
    let bytes = pair.get(part).and_then(|file| file.get("size")).and_then(Value::as_u64);
    bytes.map(size::human).unwrap_or_default()
}

/// Where the API has the pair of a processor.
fn path(arch: &str) -> String {
    let arch = percent_encoding::utf8_percent_encode(arch, percent_encoding::NON_ALPHANUMERIC);
    format!("{PATH}/{}", arch.to_string().replace("%5F", "_"))
}

const PATH: &str = "/ferric/v1/ramdisks";

#[cfg(test)]
mod tests;
