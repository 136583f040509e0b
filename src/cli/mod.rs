//! The operator's commands: an API client like any other, which never touches the store.
//!
//! ```text
//! arguments -> node::run -> session -> link -> net's HTTP client -> the API
//!                 |            '- asks again while a node is locked
//!                 '-> view, table, show -> console (writers handed in)
//! ```
//!
//! - `arguments` the whole command line, with `serve` and `demo`
//! - `node` a file a command: `list` `show` `edit` `verb` `drive` `follow` `upkeep`, and `view` to read a node
//! - `resource` every other resource: one engine, and a description of each in a file
//! - `discovered` machines that nobody has enrolled
//! - `events` what changed, and what changes
//! - `attach` `ferric console`: a node's console on this terminal
//! - `rack` `ferric leases`, `ferric networks`
//! - `token` `ferric token`: who may log in; `audit` `ferric audit`: what they did
//! - `ramdisk` what machines boot to be deployed
//! - `shell` completions and manual pages
//! - `session` `link` one run's way to the API
//! - `fault` refusals and their remedies
//! - `value` `KEY=VALUE` as typed; `place` paths of the API
//! - `console` `table` `age` printing

pub mod age;
pub mod arguments;
pub mod attach;
pub mod audit;
pub mod console;
pub mod discovered;
pub mod events;
pub mod fault;
pub mod link;
pub mod node;
pub mod place;
pub mod rack;
pub mod ramdisk;
pub mod resource;
pub mod session;
pub mod shell;
pub mod table;
pub mod token;
pub mod value;

use crate::base::time::Clock;
use crate::cli::arguments::NodeArguments;
use crate::cli::console::Console;
use crate::cli::fault::{CliError, Subject, explain};
use crate::cli::link::Link;
use crate::cli::session::Session;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Done = 0,
    /// Refused, or the API could not be asked.
    Refused = 1,
    /// The command line, or a file that it names, is wrong.
    Usage = 2,
    /// A wait ran out.
    TimedOut = 3,
    /// A node ended in a failed state.
    Failed = 4,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// Runs one `ferric node` command and returns the process's exit code. Errors are printed here, once.
pub async fn run(arguments: &NodeArguments, console: &mut Console<'_>, clock: &dyn Clock) -> u8 {
    let link = match Link::open(&arguments.url) {
        Ok(link) => link,
        Err(error) => return report(console, &error, node::verb(&arguments.command), None).code(),
    };
    let mut session =
        Session { link: &link, console, clock, url: &arguments.url, json: arguments.json, heard: None };
    node::run(&mut session, &arguments.command).await.code()
}

/// Prints why something failed; says nothing when the reader has gone away.
pub fn report<'a>(
    console: &mut Console<'_>,
    error: &CliError,
    verb: &str,
    subject: impl Into<Subject<'a>>,
) -> Exit {
    if error.is_broken_pipe() {
        return Exit::Done;
    }
    console.note(&explain(error, verb, subject));
    if error.is_usage() { Exit::Usage } else { Exit::Refused }
}
