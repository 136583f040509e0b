//! The commands of every resource but nodes: `ferric port list`, `ferric allocation create`, ...
//!
//! ```text
//! kind (data, a file a resource) -> command (clap) -> ask (what was typed) -> list, show, change, call
//! ```
//!
//! - `kind` what each resource is called, where it is, what it is made of: data only
//! - `field` one member as an option, as a value and as a filter
//! - `command` the command line that follows from a kind, with its help
//! - `ask` what was typed
//! - `meant` which one is meant
//! - `list` `show` `change` `call` what is done with it; `follow` waits until a new one is settled
//! - `help` the text below the options

pub mod ask;
pub mod call;
pub mod change;
pub mod command;
pub mod field;
pub mod follow;
pub mod help;
pub mod kind;
pub mod list;
pub mod meant;
pub mod show;

use crate::base::time::Clock;
use crate::cli::console::Console;
use crate::cli::fault::{CliError, Subject};
use crate::cli::link::Link;
use crate::cli::resource::ask::{Ask, Verb};
use crate::cli::resource::call::Of;
use crate::cli::resource::kind::Kind;
use crate::cli::session::Session;
use crate::cli::{Exit, report};

/// Runs one command about a resource and returns the process's exit code. Errors are printed here, once.
pub async fn run(ask: &Ask, console: &mut Console<'_>, clock: &dyn Clock) -> u8 {
    let link = match Link::open(&ask.url) {
        Ok(link) => link,
        Err(error) => return refused(console, &error, ask, None).code(),
    };
    let mut session = Session { link: &link, console, clock, url: &ask.url, json: ask.json, heard: None };
    answer(&mut session, ask).await.code()
}

/// Does what is asked and prints what came of it, errors included.
async fn answer(session: &mut Session<'_, '_>, ask: &Ask) -> Exit {
    let kind = ask.kind;
    let result = match &ask.verb {
        Verb::List => list::list(session, kind, &ask.given).await,
        Verb::Show => show::show(session, kind, &ask.given).await,
        Verb::Create => change::create(session, kind, &ask.given).await,
        Verb::Set => change::set(session, kind, &ask.given).await,
        Verb::Unset => change::unset(session, kind, &ask.given).await,
        Verb::Delete => return change::delete(session, kind, &ask.given).await,
        Verb::Call(call) => {
            let of = Of { words: kind.words, path: kind.path };
            return call::run(session, of, call, &ask.given).await;
        }
    };
    let name = ask.given.text(IDENT).map(str::to_owned);
    result.unwrap_or_else(|error| refused(session.console, &error, ask, name.as_deref()))
}

fn refused(console: &mut Console<'_>, error: &CliError, ask: &Ask, name: Option<&str>) -> Exit {
    report(console, error, &verb(ask, name), subject(ask.kind, name))
}

/// What an error is about.
fn subject<'a>(kind: &'static Kind, name: Option<&'a str>) -> Subject<'a> {
    Subject { kind: kind.words, name, facts: None, lost: None }
}

/// The command's word, with what it is about unless that is said before it.
fn verb(ask: &Ask, name: Option<&str>) -> String {
    let word = ask.verb.word();
    match (&ask.verb, name) {
        (Verb::List, _) => format!("{word} {}", ask.kind.many),
        (_, Some(_)) => word.to_owned(),
        (_, None) => format!("{word} {}", ask.kind.words),
    }
}

/// The argument that says which one is meant.
pub const IDENT: &str = "ident";

#[cfg(test)]
mod tests;
