//! Requests that are answered before their work is done: virtual media, console, vendor methods. What fails is told in
//! `last_error`.

use serde_json::json;

use crate::flow::course::Course;
use crate::model::bmc::panel::{Medium, Passthru};
use crate::model::boot::BootDevice;
use crate::model::decision::Decision;
use crate::model::decision::effect::{Effect, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::Outcome;
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::node::{Fault, Node};
use crate::model::notice::telling::{Part, Session, Telling};

/// Puts an image into a drive.
pub fn insert(node: &Node, medium: &Medium, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    if node.fault == Some(Fault::Power) {
        return Err(Refusal::Busy(format!(
            "the BMC of node {} does not answer (power failure)",
            node.label()
        )));
    }
    let mut course = Course::of(node, facts);
    course.node.last_error = None;
    let name = medium.drive.name();
    course.node.media.insert(name.to_owned(), json!({"image_url": medium.url}));
    course.owe(Effect::Insert { drive: medium.drive }, Purpose::Aside);
    course.note(Event::info("media", format!("asked for an image in {name}")));
    Ok(course.finish(node))
}

/// Empties drives.
pub fn eject(node: &Node, drives: &[BootDevice], facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    course.node.last_error = None;
    for drive in drives {
        course.node.media.remove(drive.name());
        course.owe(Effect::Eject { drive: *drive }, Purpose::Aside);
    }
    course.finish(node)
}

/// Calls a method of the vendor's.
pub fn passthru(node: &Node, call: &Passthru, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    course.owe(Effect::Passthru(call.clone()), Purpose::Aside);
    course.note(Event::info("vendor", format!("{} {} was called", call.http, call.method)));
    course.finish(node)
}

/// Opens or closes the console.
pub fn console(node: &Node, on: bool, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let interface = &node.wished.interfaces.console;
    let found = facts.catalog.implementation(Interface::Console, interface);
    if found.is_none_or(|found| found.absent) {
        let driver = &node.wished.driver;
        return Err(Refusal::Invalid(format!(
            "driver {driver} of node {} has no console: its console interface is {interface:?}",
            node.id
        )));
    }
    if on && found.is_some_and(|found| found.missing) {
        return Err(Refusal::Invalid(format!(
            "console interface {interface:?} of node {} is not part of this version",
            node.id
        )));
    }
    if node.wished.console_enabled == on {
        return Ok(Decision::same());
    }
    let mut course = Course::of(node, facts);
    course.node.last_error = None;
    owe_console(&mut course, on, Session::Set);
    Ok(course.finish(node))
}

/// After a start: an enabled console is opened again.
pub fn opened(course: &mut Course<'_>) {
    let owed = course.still_owed().any(|owed| matches!(owed.effect, Effect::Console { .. }));
    if course.node.wished.console_enabled && !owed {
        owe_console(course, true, Session::Restore);
    }
}

/// Owes that the console is open or closed.
pub fn owe_console(course: &mut Course<'_>, on: bool, session: Session) {
    course.tell(Telling::Console(session, Part::Start));
    course.owe(Effect::Console { on }, Purpose::Aside);
}

/// Why the console was to be opened or closed, by what the node was when it was owed.
fn session(node: &Node, on: bool) -> Session {
    if on && node.wished.console_enabled {
        Session::Restore
    } else if !on && node.run.is_some() {
        Session::Stop
    } else {
        Session::Set
    }
}

/// The outcome of such a request.
pub fn paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    let failed = if let Outcome::Failed(failure) = outcome { Some(&failure.why) } else { None };
    match (&owed.effect, failed) {
        (Effect::Console { on }, None) => {
            course.tell(Telling::Console(session(&course.node, *on), Part::End));
            course.node.wished.console_enabled = *on;
            let now = if *on { "open" } else { "closed" };
            course.note(Event::info("console", format!("the console is {now}")));
        }
        (Effect::Console { on }, Some(why)) => {
            course.tell(Telling::Console(session(&course.node, *on), Part::Error));
            course.note(Event::error("console", format!("{} failed: {why}", owed.effect.label())));
        }
        (effect, Some(why)) => {
            if let Effect::Insert { drive } = effect {
                course.node.media.remove(drive.name());
            }
            let (what, node) = (effect.text(), course.node.label());
            let why = why.trim_end_matches('.');
            course.error(format!("{what} of node {node} failed: {why}. Mend that, then ask for it again"));
        }
        (effect, None) => course.note(Event::info("aside", format!("{} is done", effect.text()))),
    }
    if !course.still_owed().any(|owed| matches!(owed.effect, Effect::RuleCall { .. })) {
        course.node.calls = Vec::new();
    }
}
