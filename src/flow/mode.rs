//! A change of boot mode or secure boot: set, and if the machine says something else then, booted anew and looked at
//! until it has taken it up; then power is put back (contract `redfish.md` section 7).
//!
//! ```text
//! admit -> set -> met? ---------------------------------> done
//!                  '-> power cycle -> wait 15 s -> look -> met? -> power as before -> done
//!                                       '------------------'  until the policy's time is over
//! ```
//!
//! An inspection whose ramdisk is to boot in another mode comes in at the power cycle, and goes on where this ends.

use crate::flow::course::Course;
use crate::flow::inspect::in_band;
use crate::flow::power;
use crate::model::bmc::panel::{ModeChange, ModeWish, Modes};
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::decision::Decision;
use crate::model::decision::effect::{Effect, Look, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::provision::Provision;
use crate::model::run::WaitFor;

/// Admits a change, unless a pipeline works on the node.
pub fn admit(node: &Node, wish: ModeWish, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    if node.run.is_some() || !node.provision.traits().stable {
        return Err(Refusal::Conflict(format!(
            "{} of node {} cannot be asked for while it is in state {:?}",
            wish.text(),
            node.id,
            node.provision.name()
        )));
    }
    let mut course = Course::of(node, facts);
    course.node.last_error = None;
    course.node.mode_change = Some(ModeChange::new(wish));
    course.owe(Effect::Mode(wish), Purpose::Mode);
    course.note(Event::info("mode", format!("asked for {}", wish.text())));
    Ok(course.finish(node))
}

/// The outcome of an effect that a change owed.
pub fn paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    let Some(change) = course.node.mode_change.clone() else { return };
    match outcome {
        Outcome::Failed(failure) => {
            course.strike(Purpose::Mode);
            let what = owed.effect.label();
            fail(course, change.wish, &format!("{what} failed: {}", failure.why));
        }
        Outcome::Modes(seen) => set(course, &change, *seen),
        Outcome::BootDevice { .. }
        | Outcome::Done
        | Outcome::Power(_)
        | Outcome::Turn(_)
        | Outcome::Answer(_)
        | Outcome::Inspected(_)
        | Outcome::Speaks(_)
        | Outcome::Met(_) => {
            if course.owes_for(Purpose::Mode) {
                return;
            }
            if change.met { end(course, change.wish) } else { await_firmware(course) }
        }
    }
}

/// The BMC has taken the wish. One that does not say what it has is believed.
fn set(course: &mut Course<'_>, change: &ModeChange, seen: Modes) {
    course.node.record_modes(seen);
    if change.wish.is_met(seen) != Some(false) {
        end(course, change.wish);
        return;
    }
    let was_off = course.node.power == Some(Power::Off);
    let wishes: &[PowerWish] = match (was_off, course.node.wished.disable_power_off) {
        (true, _) => &[PowerWish::On],
        (false, true) => &[PowerWish::Reset],
        (false, false) => &[PowerWish::Off, PowerWish::On],
    };
    course.note(Event::info("mode", format!("{} is taken up at the next boot: booting", change.wish.text())));
    course.node.mode_change = Some(ModeChange { was_off, ..change.clone() });
    for wish in wishes {
        switch(course, *wish);
    }
}

fn switch(course: &mut Course<'_>, wish: PowerWish) {
    let limit = course.facts.policy.power_state_change_timeout;
    power::switch(course, wish, limit, Purpose::Mode);
}

fn await_firmware(course: &mut Course<'_>) {
    let looks = course.node.mode_change.as_ref().map_or(0, |change| change.looks);
    let left = course.facts.policy.boot_mode_config_timeout.saturating_sub(u32::from(looks) * LOOK_PAUSE);
    course.wait_until(WaitFor::Mode, "the firmware", LOOK_PAUSE, left.max(LOOK_PAUSE));
}

/// What a look saw: for a change under way, or for the record.
pub fn looked(course: &mut Course<'_>, seen: &Seen) {
    let modes = if let Seen::Modes(modes) = seen { *modes } else { Modes::default() };
    course.node.record_modes(modes);
    let waits = course.node.wait.as_ref().is_some_and(|wait| wait.why == WaitFor::Mode);
    let Some(change) = course.node.mode_change.clone().filter(|change| waits && !change.met) else { return };
    if change.wish.is_met(modes) == Some(true) {
        put_back(course, &change);
        return;
    }
    let looks = change.looks.saturating_add(1);
    let limit = course.facts.policy.boot_mode_config_timeout;
    if u32::from(looks) * LOOK_PAUSE >= limit {
        let found = change.wish.seen_text(modes);
        let why = format!("the BMC took it, but still says {found} {limit} s after the boot");
        fail(course, change.wish, &why);
        return;
    }
    course.node.mode_change = Some(ModeChange { looks, ..change });
    await_firmware(course);
}

/// A look was dropped: the change stands or falls with it.
pub fn look_was_dropped(course: &mut Course<'_>) {
    if course.node.mode_change.is_some() && !course.owes_for(Purpose::Mode) {
        course.wish(Look::Modes);
    }
}

/// After a start: a change that neither owes nor waits looks again.
pub fn opened(course: &mut Course<'_>) {
    let waits = course.node.wait.as_ref().is_some_and(|wait| wait.why == WaitFor::Mode);
    let is_unmet = course.node.mode_change.as_ref().is_some_and(|change| !change.met);
    if is_unmet && !waits && !course.owes_for(Purpose::Mode) {
        await_firmware(course);
    }
}

fn put_back(course: &mut Course<'_>, change: &ModeChange) {
    course.stop_waiting();
    if change.was_off && !course.node.wished.disable_power_off {
        course.node.mode_change = Some(ModeChange { met: true, ..change.clone() });
        switch(course, PowerWish::Off);
    } else {
        end(course, change.wish);
    }
}

fn end(course: &mut Course<'_>, wish: ModeWish) {
    course.note(Event::info("mode", format!("the machine has {}", wish.text())));
    if is_of_inspection(course) {
        in_band::mode_met(course, wish);
    } else {
        leave(course);
    }
}

fn fail(course: &mut Course<'_>, wish: ModeWish, why: &str) {
    if is_of_inspection(course) {
        in_band::mode_unmet(course, wish, why);
        return;
    }
    let text = format!(
        "{} of node {} was not set: {why}. See that its BMC answers and offers it, then set it again",
        wish.text(),
        course.node.label()
    );
    course.error(text);
    leave(course);
}

/// Nobody else may ask for a mode while a node is inspected.
fn is_of_inspection(course: &Course<'_>) -> bool {
    course.node.provision == Provision::Inspecting
}

fn leave(course: &mut Course<'_>) {
    course.node.mode_change = None;
    if course.node.wait.as_ref().is_some_and(|wait| wait.why == WaitFor::Mode) {
        course.stop_waiting();
    }
    power::keep_recovering(course);
}

/// Seconds between two looks at firmware that boots.
const LOOK_PAUSE: u32 = 15;
