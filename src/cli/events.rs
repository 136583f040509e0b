//! `ferric events`: what changed, and with `--follow` what changes, one line an event. A daemon that goes away in between
//! is waited for, and the stream goes on where it broke off: nothing is shown twice, nothing is left out unsaid.

pub mod reader;
pub mod row;

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::base::time::{Clock, Later, sleep};
use crate::cli::Exit;
use crate::cli::arguments::EventsArguments;
use crate::cli::console::{Console, Paint};
use crate::cli::events::reader::{Event, Reader};
use crate::cli::fault::CliError;
use crate::cli::link::Link;
use crate::cli::report;
use crate::net::http::Headers;
use crate::net::intake::Intake;

/// Runs the command and returns the process's exit code.
pub async fn run(arguments: &EventsArguments, console: &mut Console<'_>, clock: &dyn Clock) -> u8 {
    match show(arguments, console, clock).await {
        Ok(()) => Exit::Done.code(),
        Err(error) => report(console, &error, "show events", arguments.node.as_deref()).code(),
    }
}

async fn show(
    arguments: &EventsArguments,
    console: &mut Console<'_>,
    clock: &dyn Clock,
) -> Result<(), CliError> {
    let link = Link::open(&arguments.url)?;
    // Who follows and does not say from where wants what is new.
    let from = arguments.since.or((!arguments.follow).then_some(0));
    let mut printer = Printer { console, json: arguments.json, headed: arguments.json, last: from };
    let mut heard = false;
    loop {
        let ended = printer.follow(&link, path(arguments, printer.last), &mut heard).await?;
        let error = match ended {
            Err(CliError::Refused(fault)) if fault.status < 500 => return Err(CliError::Refused(fault)),
            Err(error) if !heard || !arguments.follow => return Err(error),
            Ok(()) if !arguments.follow => return Ok(printer.head()?),
            Err(error) => Some(error),
            Ok(()) => None,
        };
        let why = error.map_or_else(|| "the stream ended".to_owned(), |error| error.to_string());
        printer.console.note(&format!("{why}; trying again"));
        sleep(clock, PAUSE).await;
    }
}

fn path(arguments: &EventsArguments, since: Option<u64>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(since) = since {
        query.append_pair("since", &since.to_string());
    }
    if let Some(node) = &arguments.node {
        query.append_pair("node", node);
    }
    if let Some(kind) = &arguments.kind {
        query.append_pair("kind", kind);
    }
    if !arguments.follow {
        query.append_pair("follow", "false");
    }
    format!("/events?{}", query.finish())
}

/// Prints events as they come.
struct Printer<'p, 'c> {
    console: &'p mut Console<'c>,
    json: bool,
    /// Whether the heading was printed, or none belongs there.
    headed: bool,
    /// The number of the last event that was printed.
    last: Option<u64>,
}

impl Printer<'_, '_> {
    /// Prints what comes until the stream ends, and how it ended; fails if nothing can be printed.
    async fn follow(
        &mut self,
        link: &Link,
        path: String,
        heard: &mut bool,
    ) -> Result<Result<(), CliError>, CliError> {
        let (to, mut events) = mpsc::channel(WAITING);
        let mut inlet = Inlet { reader: Reader::default(), to, heard: false };
        let ended = {
            let stream = link.stream(path, &mut inlet);
            tokio::pin!(stream);
            loop {
                tokio::select! {
                    biased;
                    Some(event) = events.recv() => self.print(&event)?,
                    ended = &mut stream => break ended,
                }
            }
        };
        while let Ok(event) = events.try_recv() {
            self.print(&event)?;
        }
        *heard |= inlet.heard;
        Ok(ended)
    }

    /// Prints the heading once there is something to head: not above an error.
    fn head(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.headed, true) {
            let head = self.console.painted(&row::header(), Paint::Head);
            self.console.line(&head)?;
        }
        Ok(())
    }

    fn print(&mut self, event: &Event) -> io::Result<()> {
        if !event.data.is_empty() {
            self.head()?;
            let line = if self.json { row::json(&event.data, self.console) } else { row::row(&event.data) };
            self.console.line(&line)?;
        }
        self.last = event.id.or(self.last);
        Ok(())
    }
}

/// Where the stream's bytes go.
struct Inlet {
    reader: Reader,
    to: mpsc::Sender<Event>,
    /// The API has answered.
    heard: bool,
}

impl Intake for Inlet {
    fn head(&mut self, _: u16, _: &Headers) -> io::Result<()> {
        self.heard = true;
        Ok(())
    }

    fn take<'a>(&'a mut self, bytes: &'a [u8]) -> Later<'a, io::Result<()>> {
        Box::pin(async move {
            for event in self.reader.take(bytes).map_err(io::Error::other)? {
                self.to.send(event).await.map_err(io::Error::other)?;
            }
            Ok(())
        })
    }

    fn end(&mut self) -> Later<'_, io::Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Events that wait to be printed.
const WAITING: usize = 64;

/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> EventsArguments {
        EventsArguments {
            url: String::new(),
            follow: true,
            since: None,
            node: Some("n 1&".to_owned()),
            kind: None,
            json: false,
        }
    }

    #[test]
    fn the_path_says_what_is_wanted_and_from_where() {
        assert_eq!(path(&arguments(), None), "/events?node=n+1%26");
        let once = EventsArguments { follow: false, node: None, ..arguments() };
        assert_eq!(path(&once, Some(7)), "/events?since=7&follow=false");
    }

    #[test]
    fn what_is_printed_is_where_one_goes_on() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::plain(&mut out, &mut err);
        let mut printer = Printer { console: &mut console, json: true, headed: true, last: None };
        let stream = b"id: 4\ndata: {\"a\":1}\n\nid: 5\ndata: {\"a\":2}\n\nid: 6\n\nid: 7\nda";
        for event in Reader::default().take(stream).unwrap() {
            printer.print(&event).unwrap();
        }
        assert_eq!(printer.last, Some(6));
        assert_eq!(String::from_utf8(out).unwrap(), "{\"a\":1}\n{\"a\":2}\n");
    }
}
