//! A discovered machine's BMC: knocked at, logged in to once, and believed if it says that it is this machine's.
//!
//! ```text
//! found -> asked, knock owed (if it is not known what BMCs speak here) -> it speaks: log-in owed
//!       -> the BMC says the same as the machine: sure, with its driver and settings
//!       '-> it says another, or too little; silent; refused; the daemon stopped in the log-in: over, with a sentence
//! ```
//!
//! Until it is sure the node has no settings: nothing can switch the machine of a BMC that was only claimed. Cleaning
//! runs on the machine that boots, and power goes to the BMC that is claimed; both must be one, even for a node that
//! only goes to `manageable`, for power is kept as it was there.

use crate::flow::course::Course;
use crate::flow::discover::by_hand;
use crate::flow::discover::compare::{Found, compare};
use crate::model::decision::Decision;
use crate::model::decision::effect::{Effect, Meeting, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::Outcome;
use crate::model::draft;
use crate::model::inspection::discovery::{BmcKind, Discovered, Onward, Stage};
use crate::model::inspection::reported::Reported;
use crate::model::interface::Interfaces;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::turn::{Failure, FailureKind};

/// Owes the first question.
pub fn begin(node: &Node, facts: &Facts<'_>) -> Decision {
    let mut course = Course::of(node, facts);
    match onward(&course.node) {
        Some(way @ Onward { bmc: Some(_), speaks, .. }) => {
            go(&mut course, Some(Onward { stage: Stage::Asked, ..way }));
            let first = if speaks.is_some() { Meeting::LogIn } else { Meeting::Knock };
            course.owe(Effect::Meet(first), Purpose::Discover);
        }
        Some(_) | None => go(&mut course, None),
    }
    course.finish(node)
}

/// A question was answered, or not.
pub fn paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    let Some(way) = onward(&course.node).filter(|way| way.stage == Stage::Asked) else {
        course.note(Event::info("late", "a BMC was met that nobody waits for; nothing follows"));
        return;
    };
    match outcome {
        Outcome::Speaks(kind) => speaks(course, way, *kind),
        Outcome::Met(reported) => judge(course, way, reported),
        Outcome::Failed(failure) => unmet(course, way, owed, failure),
        Outcome::Done
        | Outcome::Power(_)
        | Outcome::Turn(_)
        | Outcome::BootDevice { .. }
        | Outcome::Modes(_)
        | Outcome::Answer(_)
        | Outcome::Inspected(_) => over(course, way, "its BMC was asked, and told nothing"),
    }
}

fn speaks(course: &mut Course<'_>, way: Onward, kind: BmcKind) {
    let driver = kind.driver();
    if !course.facts.catalog.types.contains_key(driver) {
        let why = format!("its BMC speaks {driver}, which is not in hardware.enabled");
        over(course, way, &why);
        return;
    }
    course.note(Event::info("discover", format!("its BMC speaks {driver}")));
    go(course, Some(Onward { speaks: Some(kind), ..way }));
    course.owe(Effect::Meet(Meeting::LogIn), Purpose::Discover);
}

fn judge(course: &mut Course<'_>, way: Onward, reported: &Reported) {
    let place = way.bmc.map(|bmc| bmc.to_string()).unwrap_or_default();
    match compare(&course.node.identity, reported) {
        Found::Same => settle(course, way, reported),
        Found::Other(why) => {
            // The address is another's: that one may come and be known by it.
            course.node.identity.bmc.retain(|bmc| Some(*bmc) != way.bmc);
            let way = Onward { bmc: None, ..way };
            over(
                course,
                way,
                &format!("the BMC at {place}, which it says is its own, is another machine's: {why}"),
            );
        }
        Found::Unsure(why) => {
            let why = format!("nothing shows that the BMC at {place} is its own: {why}");
            over(course, way, &why);
        }
    }
}

/// The BMC is its own: it gets driver and settings, and goes on.
fn settle(course: &mut Course<'_>, way: Onward, reported: &Reported) {
    let facts = course.facts;
    let known = facts.policy.discovery.bmc.as_ref().zip(way.bmc).zip(way.speaks);
    let Some(((account, address), kind)) = known else {
        over(course, way, "[discovery.bmc] is not there any more");
        return;
    };
    let chooses = account.kind.is_none();
    let driver = if chooses { driver_of(kind, reported, facts) } else { kind.driver() };
    let mut wished = course.node.wished.clone();
    if wished.driver != driver {
        driver.clone_into(&mut wished.driver);
        wished.interfaces = Interfaces::default();
    }
    wished.driver_info.extend(account.settings(kind, address));
    if let Err(refusal) = draft::fill_interfaces(&mut wished, facts.catalog) {
        over(course, way, &format!("it cannot be a node of driver {driver}: {refusal}"));
        return;
    }
    course.node.wished = wished;
    course.note(Event::info(
        "discover",
        format!("the BMC at {address} says that it is this machine's: driver {driver}"),
    ));
    go(course, Some(Onward { stage: Stage::Sure, ..way }));
}

/// The maker's own driver, where there is one.
fn driver_of(kind: BmcKind, reported: &Reported, facts: &Facts<'_>) -> &'static str {
    let is_dell = reported.vendor.as_deref().is_some_and(|name| name.contains("dell"));
    if kind == BmcKind::Redfish && is_dell && facts.catalog.types.contains_key(IDRAC) {
        IDRAC
    } else {
        kind.driver()
    }
}

fn unmet(course: &mut Course<'_>, way: Onward, owed: &Owed, failure: &Failure) {
    if failure.kind == FailureKind::Account {
        refused(course, way, &failure.why);
        return;
    }
    let place = way.bmc.map(|bmc| bmc.to_string()).unwrap_or_default();
    let is_login = matches!(owed.effect, Effect::Meet(Meeting::LogIn));
    let once = if is_login { ". It is asked once and not again by itself" } else { "" };
    let why = failure.why.trim_end_matches('.');
    over(course, way, &format!("the BMC at {place} could not be asked whether it is its own: {why}{once}"));
}

/// The BMC does not take the site's account: a person corrects that, or gives the node one of its own.
fn refused(course: &mut Course<'_>, way: Onward, why: &str) {
    go(course, None);
    let label = course.node.label();
    let account = course.facts.policy.discovery.bmc.as_ref();
    let whose = account.map_or_else(String::new, |account| {
        format!(" {:?} (password file {})", account.username, account.password_file.display())
    });
    let place = way.bmc.map(|bmc| bmc.to_string()).unwrap_or_default();
    let why = why.trim_end_matches('.');
    let hand = by_hand(&course.node, way.speaks, way.bmc);
    course.error(format!(
        "discovered node {label} waits for a person: the BMC at {place} refused the account{whose} of [discovery.bmc]: \
         {why}. It was shown once and is not shown again, and nothing was switched. If the account is wrong: correct it, \
         start the daemon again, ferric node delete {label}, and let the machine boot the inspection ramdisk anew. If \
         this BMC has another: {hand}"
    ));
}

/// It does not go on by itself.
fn over(course: &mut Course<'_>, way: Onward, why: &str) {
    go(course, None);
    let label = course.node.label();
    let hand = by_hand(&course.node, way.speaks, way.bmc);
    let why = why.trim_end_matches('.');
    course.error(format!(
        "discovered node {label} waits for a person: {why}. Nothing was switched. Find out which machine it is, then: {hand}"
    ));
}

fn onward(node: &Node) -> Option<Onward> {
    node.discovered.and_then(|discovered| discovered.onward)
}

fn go(course: &mut Course<'_>, onward: Option<Onward>) {
    if let Some(discovered) = course.node.discovered {
        course.node.discovered = Some(Discovered { onward, ..discovered });
    }
}

/// Dell's.
const IDRAC: &str = "idrac";
