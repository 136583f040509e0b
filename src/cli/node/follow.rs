//! Follows nodes until their work is done: a line for each change of state, step or wait, with the time elapsed.
//!
//! The API has no push, so nodes are looked at in turn: often while something moves, less often while nothing does.
//! A daemon that restarts in between is waited for; one that has never answered is not.

mod goal;
mod leave;

use std::time::Duration;

use serde_json::Value;

use crate::base::time::{Tick, sleep};
use crate::cli::Exit;
use crate::cli::age;
use crate::cli::console::Paint;
use crate::cli::fault::CliError;
use crate::cli::node::path;
use crate::cli::node::view::View;
use crate::cli::report;
use crate::cli::session::Session;

pub use goal::Goal;

/// Follows all `nodes` until each has ended, or `limit` is over. Returns the worst end.
pub async fn follow(
    session: &mut Session<'_, '_>,
    nodes: &[String],
    goal: &Goal,
    limit: Option<Duration>,
) -> Exit {
    let ended = {
        let work = Following::new(session, nodes).run(goal, limit);
        tokio::select! {
            ended = work => Some(ended),
            () = leave::pressed() => None,
        }
    };
    match ended {
        Some(Ok(exit)) => exit,
        Some(Err(error)) => report(session.console, &error, "wait", None),
        None => leave::leave(session.console, nodes),
    }
}

struct Following<'f, 's, 'c> {
    session: &'f mut Session<'s, 'c>,
    nodes: Vec<Followed>,
    start: Tick,
    /// Looks in a row that got no answer.
    misses: u32,
}

struct Followed {
    ident: String,
    /// What was printed last.
    shown: String,
    end: Option<Exit>,
}

impl<'f, 's, 'c> Following<'f, 's, 'c> {
    fn new(session: &'f mut Session<'s, 'c>, nodes: &[String]) -> Self {
        let followed = |ident: &String| Followed { ident: ident.clone(), shown: String::new(), end: None };
        let start = session.clock.tick();
        Self { nodes: nodes.iter().map(followed).collect(), session, start, misses: 0 }
    }

    async fn run(mut self, goal: &Goal, limit: Option<Duration>) -> Result<Exit, CliError> {
        let mut pause = SHORTEST;
        loop {
            let moved = self.round(goal).await?;
            let ends: Option<Vec<Exit>> = self.nodes.iter().map(|node| node.end).collect();
            if let Some(ends) = ends {
                return Ok(ends.into_iter().max().unwrap_or(Exit::Done));
            }
            let left = limit.map(|limit| limit.saturating_sub(self.elapsed()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(self.give_up());
            }
            pause = if moved { SHORTEST } else { (pause * 2).min(LONGEST) };
            sleep(self.session.clock, left.map_or(pause, |left| pause.min(left))).await;
        }
    }

    /// Looks once at each node that has not ended; says whether anything changed.
    async fn round(&mut self, goal: &Goal) -> Result<bool, CliError> {
        let mut moved = false;
        for index in 0..self.nodes.len() {
            let pending = self.nodes.get(index).filter(|node| node.end.is_none());
            let Some(ident) = pending.map(|node| node.ident.clone()) else { continue };
            let seen = self.look(&ident).await?;
            if let (Some(seen), Some(node)) = (seen, self.nodes.get_mut(index)) {
                let elapsed = self.session.clock.tick().since(self.start);
                moved |= node.take(self.session, &seen, goal, elapsed)?;
            }
        }
        Ok(moved)
    }

    /// The node, or an end for it, or nothing when the API did not answer this once.
    async fn look(&mut self, ident: &str) -> Result<Option<Seen>, CliError> {
        match self.session.value(path(ident, &self.query())).await {
            Ok(node) => {
                self.misses = 0;
                Ok(Some(Seen::Node(node)))
            }
            Err(
                error @ (CliError::Unreachable { .. }
                | CliError::Unanswered { .. }
                | CliError::Garbled { .. }),
            ) => self.missed(error),
            Err(CliError::Refused(fault)) if fault.status >= 500 => self.missed(CliError::Refused(fault)),
            Err(error @ CliError::Refused(_)) => {
                Ok(Some(Seen::End(report(self.session.console, &error, "wait", Some(ident)))))
            }
            Err(error) => Err(error),
        }
    }

    /// The usual fields, or all of them where the node is printed as JSON at its end.
    fn query(&self) -> String {
        if self.session.json { String::new() } else { format!("?fields={FIELDS}") }
    }

    fn missed(&mut self, error: CliError) -> Result<Option<Seen>, CliError> {
        let Some(heard) = self.session.heard else { return Err(error) };
        self.misses += 1;
        if self.misses > MISSES {
            return Err(error);
        }
        if self.misses == 1 {
            let silent = age::short(self.session.clock.tick().since(heard));
            self.session.console.note(&format!("{error} for {silent}; still trying"));
        }
        Ok(None)
    }

    fn give_up(&mut self) -> Exit {
        let elapsed = age::short(self.elapsed());
        let mut exit = Exit::TimedOut;
        for node in &self.nodes {
            if let Some(end) = node.end {
                exit = exit.max(end);
                continue;
            }
            let text = format!("{}: not done after {elapsed}: {}", node.ident, node.shown);
            self.session.console.note(&text);
        }
        exit
    }

    fn elapsed(&self) -> Duration {
        self.session.clock.tick().since(self.start)
    }
}

/// What a look brought.
enum Seen {
    Node(Value),
    End(Exit),
}

impl Followed {
    /// Prints what changed; says whether anything did.
    fn take(
        &mut self,
        session: &mut Session<'_, '_>,
        seen: &Seen,
        goal: &Goal,
        elapsed: Duration,
    ) -> Result<bool, CliError> {
        let node = match seen {
            Seen::Node(node) => View(node),
            Seen::End(exit) => {
                self.end = Some(*exit);
                return Ok(true);
            }
        };
        self.end = goal.verdict(node);
        let text = describe(node, self.end);
        let moved = text != self.shown;
        if moved {
            let line = format!("{:>7}  {}  {text}", age::short(elapsed), node.name());
            self.tell(session, &line, node)?;
            self.shown = text;
        }
        if self.end.is_some() && session.json {
            session.print_value(node.0)?;
        }
        Ok(moved)
    }

    /// Progress is the result for a person, and beside the result for a script.
    fn tell(&self, session: &mut Session<'_, '_>, line: &str, node: View<'_>) -> Result<(), CliError> {
        if session.json {
            session.console.note(line);
            return Ok(());
        }
        let good = self.end == Some(Exit::Done) && !node.is_failed();
        let paint = match self.end {
            Some(_) if good => Paint::Good,
            Some(Exit::Failed) => Paint::Bad,
            _ => node.paint(),
        };
        let line = session.console.painted(line, paint);
        Ok(session.console.line(&line)?)
    }
}

/// State, step, power, maintenance and wait of a node, and at its end its last error.
fn describe(node: View<'_>, end: Option<Exit>) -> String {
    let error = if end.is_some() { node.error() } else { String::new() };
    let parts = [
        ("", node.course()),
        ("step ", node.step()),
        ("power ", node.power()),
        ("maintenance ", node.maintenance()),
        ("waits for ", awaited(node)),
        ("reserved by ", held(node)),
        ("last error: ", error),
    ];
    let known = parts.iter().filter(|(_, text)| !text.is_empty());
    known.map(|(word, text)| format!("{word}{text}")).collect::<Vec<_>>().join("  ")
}

/// What a node waits for. One that holds waits for whoever reads this.
fn awaited(node: View<'_>) -> String {
    if node.holds() {
        let name = node.name();
        return format!(
            "a person: `ferric node unhold {name}` lets it go on, `ferric node abort {name}` ends it"
        );
    }
    node.waiting().map(|waiting| waiting.line()).unwrap_or_default()
}

/// Who works on a node that shows nothing else of it.
fn held(node: View<'_>) -> String {
    let seen = node.is_working() || !node.text("target_power_state").is_empty() || node.waiting().is_some();
    if seen { String::new() } else { node.holder() }
}

/// What is looked at.
const FIELDS: &str = "uuid,name,provision_state,target_provision_state,power_state,target_power_state,maintenance,\
    maintenance_reason,fault,reservation,last_error,clean_step,deploy_step,service_step,driver_internal_info";

/// Between looks while things move: short against a step, long against a request.
const SHORTEST: Duration = Duration::from_millis(250);

/// Between looks while nothing moves.
const LONGEST: Duration = Duration::from_secs(2);

/// Unanswered looks in a row before giving up: a minute or more, longer than a daemon needs to restart.
const MISSES: u32 = 40;

#[cfg(test)]
mod tests;
