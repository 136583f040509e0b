//! Adoption: a machine that runs an instance already becomes a node that is in use. Nothing is done to it (contract
//! `seeds-functions.md` C17).
//!
//! What it takes to boot the instance again is looked at beforehand and asks no machine, so that the state in between
//! begins and ends in one decision; a power cut finds the node before or after it.

use crate::flow::course::Course;
use crate::flow::detect;
use crate::flow::plan;
use crate::model::boot::Boots;
use crate::model::catalog::BootWay;
use crate::model::decision::outcome::Seen;
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::moves::Verb;

/// Adopts the node, or says in `last_error` why not.
pub fn start(course: &mut Course<'_>) {
    course.node.last_error = None;
    course.go(Verb::Adopt);
    course.note(Event::info("start", "adoption begins"));
    let unfit = unfit(course).or_else(|| detect::switch(course).err());
    if let Some(why) = unfit {
        // It is likely to be another's: the next look says what it is.
        course.node.power = None;
        detect::restore(course);
        course.go(Verb::Fail);
        course.error(format!(
            "adoption of node {} failed: {why}. Its machine was not touched. Correct driver_info or instance_info, then \
             adopt it again; or manage it to go on without",
            course.node.label()
        ));
        return;
    }
    boots(course);
    course.go(Verb::Done);
    course.note(Event::info("end", "adoption ends"));
}

/// What the looks found that keeps the instance from being booted again.
fn unfit(course: &Course<'_>) -> Option<String> {
    let way = course.facts.catalog.boot_way(&course.node.wished.interfaces);
    let matters = |interface| match interface {
        Interface::Boot | Interface::Power => true,
        // What only the fake boots needs no image.
        Interface::Deploy => way != BootWay::Bare,
        Interface::Bios
        | Interface::Console
        | Interface::Firmware
        | Interface::Inspect
        | Interface::Management
        | Interface::Network
        | Interface::Raid
        | Interface::Rescue
        | Interface::Storage
        | Interface::Vendor => false,
    };
    course.facts.seen.iter().find_map(|seen| match seen {
        Seen::Valid(verdicts) => {
            let mut bad = verdicts.iter().filter(|verdict| matters(verdict.interface));
            bad.find_map(|verdict| verdict.reason.clone())
        }
        Seen::Silent(failure) => Some(failure.why.clone()),
        Seen::Power(_)
        | Seen::Turn(_)
        | Seen::Steps(_)
        | Seen::Alive(_)
        | Seen::BootDevice { .. }
        | Seen::BootDevices(_)
        | Seen::Image(_)
        | Seen::Modes(_)
        | Seen::Indicators(_)
        | Seen::Media(_)
        | Seen::Sensors(_)
        | Seen::Sheets(_)
        | Seen::Answer(_) => None,
    })
}

/// What the machine is given when it boots the next time.
fn boots(course: &mut Course<'_>) {
    if plan::manual::boots_itself(&course.node, course.facts) {
        course.node.boots = Boots::Instance;
        course.node.boot_token = Some(course.facts.boot_token.clone());
    } else {
        course.node.boots = Boots::Disk;
    }
}
