//! `ferric console NODE`: a node's console on this terminal, until `~.` at the beginning of a line.
//!
//! - `escape`  what is typed, less what is meant for us
//! - `raw`     the terminal's raw mode, put back on drop

pub mod escape;
pub mod raw;

use std::io::{IsTerminal, Read};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;

use crate::base::time::{Clock, sleep};
use crate::cli::Exit;
use crate::cli::arguments::ConsoleArguments;
use crate::cli::attach::escape::Escape;
use crate::cli::attach::raw::Raw;
use crate::cli::console::Console;
use crate::cli::fault::CliError;
use crate::cli::link::Link;
use crate::cli::node::path;
use crate::cli::report;
use crate::cli::session::Session;
use crate::net::websocket::{Came, WebSocket};

/// Opens the console if it is closed, and stays on it until it ends or the person leaves; or prints its record.
pub async fn run(arguments: &ConsoleArguments, console: &mut Console<'_>, clock: &dyn Clock) -> u8 {
    let node = &arguments.node;
    match attach(arguments, console, clock).await {
        Ok(exit) => exit.code(),
        Err(error) => report(console, &error, "open the console", Some(node.as_str())).code(),
    }
}

async fn attach(
    arguments: &ConsoleArguments,
    console: &mut Console<'_>,
    clock: &dyn Clock,
) -> Result<Exit, CliError> {
    let link = Link::open(&arguments.url)?;
    let mut session = Session { link: &link, console, clock, url: &arguments.url, json: false, heard: None };
    if arguments.log {
        let log = session.fetch(format!("{}/log", path_of_ours(&arguments.node))).await?;
        console.out.write_all(&log.body)?;
        return Ok(Exit::Done);
    }
    if !enabled(&mut session, &arguments.node).await? {
        session
            .console
            .note(&format!("{}: the console did not open; the node's history says why", arguments.node));
        return Ok(Exit::TimedOut);
    }
    let socket = link.line(path_of_ours(&arguments.node)).await?;
    converse(socket, console).await
}

fn path_of_ours(node: &str) -> String {
    format!("/ferric{}", path(node, "/console"))
}

/// Enables the console if it is not; whether it then is, after a while.
async fn enabled(session: &mut Session<'_, '_>, node: &str) -> Result<bool, CliError> {
    let states = path(node, "/states/console");
    for attempt in 0..OPENING {
        let shown = session.value(states.clone()).await?;
        if shown.get("console_enabled").and_then(serde_json::Value::as_bool) == Some(true) {
            return Ok(true);
        }
        if attempt == 0 {
            session.put(states.clone(), json!({"enabled": true})).await?;
        } else {
            sleep(session.clock, PAUSE).await;
        }
    }
    Ok(false)
}

/// Bytes both ways.
async fn converse(mut socket: WebSocket, console: &mut Console<'_>) -> Result<Exit, CliError> {
    let terminal = std::io::stdin().is_terminal();
    console.note(if terminal { "connected; ~. at the beginning of a line leaves" } else { "connected" });
    let raw = if terminal { Raw::begin() } else { None };
    let (mut typed, mut escape) = (typing(), Escape::default());
    let ended = loop {
        tokio::select! {
            came = socket.next() => match came {
                Came::Bytes(bytes) => {
                    console.out.write_all(&bytes)?;
                    console.out.flush()?;
                }
                Came::Sign => {}
                Came::End(_) => break "the console was closed",
            },
            Some(bytes) = typed.recv() => {
                let meant = escape.feed(&bytes);
                if !meant.send.is_empty() && !socket.send(meant.send).await {
                    break "the console was closed";
                }
                if meant.leave {
                    break "left; the console stays open and is recorded";
                }
            }
        }
    };
    drop(raw);
    console.note(ended);
    Ok(Exit::Done)
}

/// What is typed. The thread ends with the process: nothing can wake it from its read.
fn typing() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(TYPED);
    std::thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(length @ 1..) = std::io::stdin().read(&mut bytes) {
            let typed = bytes.get(..length).unwrap_or_default().to_vec();
            if sender.blocking_send(typed).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Looks at a console that is being opened, a second apart: a minute for a slow BMC.
const OPENING: u32 = 60;
const PAUSE: Duration = Duration::from_secs(1);
/// Pieces of typing that may wait for the network.
const TYPED: usize = 16;
