//! Power: requests, what was seen, and keeping record and machine together (contract `states.json`).

use crate::flow::course::Course;
use crate::flow::pipeline;
use crate::flow::relatives;
use crate::flow::step;
use crate::flow::trouble;
use crate::model::bmc::Remembered;
use crate::model::bmc::power::{Power, PowerTarget, PowerWish};
use crate::model::catalog::PowerSupport;
use crate::model::decision::Decision;
use crate::model::decision::effect::{Effect, Look, Owed, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::node::{Fault, Node};
use crate::model::notice::telling::{Part, Telling};
use crate::model::provision::Provision;
use crate::model::run::{Phase, Run, WaitFor};
use crate::model::step::{By, Core};
use crate::model::turn::FailureKind;

/// Admits a power request.
pub fn admit(
    node: &Node,
    target: PowerTarget,
    timeout: Option<u32>,
    facts: &Facts<'_>,
) -> Result<Decision, Refusal> {
    check(node, target, facts)?;
    let mut course = Course::of(node, facts);
    // Why a node has failed is still to be read when its machine was switched, perhaps for a child's sake.
    if !node.provision.traits().failure {
        course.node.last_error = None;
    }
    course.tell(Telling::Power(Part::Start, target.goal()));
    if is_there(node, target) {
        course.tell(Telling::Power(Part::End, target.goal()));
        course.node.target_power = None;
        return Ok(course.finish(node));
    }
    course.node.target_power = Some(target.goal());
    if matches!(target, PowerTarget::Off | PowerTarget::SoftOff) {
        relatives::children_off(&mut course, Purpose::Power);
    }
    for wish in target.wishes(node.wished.disable_power_off, support(node, facts).soft_reset) {
        let limit = timeout.unwrap_or_else(|| default_limit(*wish, facts));
        switch(&mut course, *wish, limit, Purpose::Power);
    }
    course.note(Event::info("power", format!("asked for {target:?}")));
    Ok(course.finish(node))
}

/// Owes a wish of power. A boot device that the machine does not keep is set again before it boots; whether the boot is
/// another's is seen when it is paid, for that may be set in between.
pub fn switch(course: &mut Course<'_>, wish: PowerWish, limit: u32, purpose: Purpose) {
    if wish == PowerWish::On {
        relatives::parent_on(course, purpose);
    }
    let remembers = course.node.bmc.remembered_boot_device.is_some_and(|memory| memory.device.is_some());
    if remembers && boots(wish) {
        course.owe(Effect::KeptBootDevice, purpose);
    }
    course.owe(Effect::Power { wish, limit }, purpose);
}

/// Owes that the machine is off, and those that live on its power before.
pub fn off(course: &mut Course<'_>, limit: u32, purpose: Purpose) {
    relatives::children_off(course, purpose);
    switch(course, PowerWish::Off, limit, purpose);
}

/// Whether the machine starts anew by it.
fn boots(wish: PowerWish) -> bool {
    match wish {
        PowerWish::On | PowerWish::Reset | PowerWish::SoftReset => true,
        PowerWish::Off | PowerWish::SoftOff => false,
    }
}

/// The machine has this power because we wished it. The boot that was another's has begun.
pub fn switched(course: &mut Course<'_>, effect: &Effect, power: Power) {
    record(course, power);
    if let Effect::Power { wish, .. } = effect
        && boots(*wish)
    {
        let memory = &mut course.node.bmc.remembered_boot_device;
        *memory = memory.and_then(Remembered::booted);
    }
}

fn is_there(node: &Node, target: PowerTarget) -> bool {
    matches!(
        (target, node.power),
        (PowerTarget::On, Some(Power::On)) | (PowerTarget::Off | PowerTarget::SoftOff, Some(Power::Off))
    )
}

fn default_limit(wish: PowerWish, facts: &Facts<'_>) -> u32 {
    match wish {
        PowerWish::SoftOff | PowerWish::SoftReset => facts.policy.soft_power_off_timeout,
        PowerWish::On | PowerWish::Off | PowerWish::Reset => facts.policy.power_state_change_timeout,
    }
}

/// Refuses a node that is cleaned, which is so however long one waits for its lock.
pub fn cleans(node: &Node) -> Result<(), Refusal> {
    if matches!(node.provision, Provision::Cleaning | Provision::CleanWait) {
        return Err(Refusal::Invalid(format!(
            "power of node {} cannot be changed while it is in state {:?}: abort cleaning first",
            node.id,
            node.provision.name()
        )));
    }
    Ok(())
}

fn check(node: &Node, target: PowerTarget, facts: &Facts<'_>) -> Result<(), Refusal> {
    cleans(node)?;
    if node.provision == Provision::Verifying {
        return Err(Refusal::Locked { node: node.id, host: facts.policy.host.clone() });
    }
    if node.wished.disable_power_off && matches!(target, PowerTarget::Off | PowerTarget::SoftOff) {
        return Err(Refusal::Conflict(format!(
            "powering off is disabled for node {} (disable_power_off)",
            node.id
        )));
    }
    let interface = &node.wished.interfaces.power;
    let support = support(node, facts);
    let soft = matches!(target, PowerTarget::SoftOff | PowerTarget::SoftReboot);
    if (soft && !support.soft) || (target == PowerTarget::On && !support.on) {
        return Err(Refusal::Invalid(format!(
            "power interface {interface:?} of node {} does not support {:?}",
            node.id,
            target.name()
        )));
    }
    if target == PowerTarget::SoftReboot && node.wished.disable_power_off && !support.soft_reset {
        return Err(Refusal::Conflict(format!(
            "powering off is disabled for node {} (disable_power_off), and its power interface {interface:?} has no \
             soft reboot without that",
            node.id
        )));
    }
    match facts.seen.iter().find_map(unfit) {
        Some(reason) => {
            Err(Refusal::Invalid(format!("Failed to validate power info for node {}: {reason}", node.id)))
        }
        None => Ok(()),
    }
}

/// Whether the node's power interface can switch its machine on.
pub fn can_switch_on(course: &Course<'_>) -> bool {
    support(&course.node, course.facts).on
}

/// What the node's power interface can do.
fn support(node: &Node, facts: &Facts<'_>) -> PowerSupport {
    let found = facts.catalog.implementation(Interface::Power, &node.wished.interfaces.power);
    found.map(|found| found.power_wishes).unwrap_or_default()
}

/// What a look found wrong with the settings of the power interface.
fn unfit(seen: &Seen) -> Option<&str> {
    match seen {
        Seen::Valid(verdicts) => {
            let power = verdicts.iter().find(|one| one.interface == Interface::Power)?;
            power.reason.as_deref()
        }
        Seen::Silent(failure) => Some(&failure.why),
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
    }
}

/// The machine has this power now. Off ends the agent's boot.
pub fn record(course: &mut Course<'_>, power: Power) {
    if course.node.power != Some(power) {
        course.note(Event::info(
            "power",
            format!("the machine is {}", power.name().trim_start_matches("power ")),
        ));
        course.node.power = Some(power);
    }
    if power == Power::Off && course.node.agent.is_some() {
        course.forget_agent();
        trouble::agent_was_switched_off(course);
    }
}

/// The outcome of an effect that a power request or power sync owed.
pub fn paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    if let Outcome::Failed(failure) = outcome {
        course.strike(owed.purpose);
        end_request(course, Part::Error);
        let (what, node) = (owed.effect.label(), course.node.label());
        let then = if owed.purpose == Purpose::Sync { "power sync tries again" } else { "switch it again" };
        let text = format!(
            "{what} of node {node} failed: {}. See to its BMC's connection and settings, then {then}",
            failure.why.trim_end_matches('.')
        );
        course.error(text);
        return;
    }
    if !course.owes_for(owed.purpose) {
        end_request(course, Part::End);
    }
}

/// A request for power is over.
fn end_request(course: &mut Course<'_>, part: Part) {
    if let Some(target) = course.node.target_power.take() {
        course.tell(Telling::Power(part, target));
    }
}

/// What came of power that nobody asked for by itself: a pipeline's, or power sync's.
pub fn tell_paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    if let (Effect::Power { wish, .. }, true) = (&owed.effect, owed.purpose != Purpose::Power) {
        let part = if matches!(outcome, Outcome::Failed(_)) { Part::Error } else { Part::End };
        course.tell(Telling::Power(part, wish.goal()));
    }
}

/// A look has seen this power; the world is told if it is another than the record's.
fn seen(course: &mut Course<'_>, power: Power) {
    let before = course.node.power;
    if before != Some(power) {
        course.tell(Telling::Corrected(before));
    }
    record(course, power);
}

/// Power sync has come round: look, unless somebody works on the machine.
pub fn sync_due(course: &mut Course<'_>) {
    let node = &course.node;
    let recovering = node.fault == Some(Fault::Power);
    let resting = !node.wished.maintenance && node.provision.traits().power_sync;
    let busy = node.run.is_some()
        || node.mode_change.is_some()
        || node.target_power.is_some()
        || course.still_owed().next().is_some();
    if (recovering || resting) && !busy {
        course.wish(Look::Power);
    }
}

/// The wait of a power fault has ended.
pub fn look_again(course: &mut Course<'_>) {
    course.stop_waiting();
    course.wish(Look::Power);
}

/// What a look at power saw: for verification's check, or for power sync.
pub fn looked(course: &mut Course<'_>, seen: &Seen) {
    let checking = course.node.run.as_ref().is_some_and(|run| {
        run.phase == Phase::Look && run.step().is_some_and(|step| step.by == By::Core(Core::CheckPower))
    });
    match seen {
        Seen::Power(Power::Error) => missed(course, checking, "the BMC reports a power error"),
        Seen::Power(power) if checking => {
            self::seen(course, *power);
            step::core_done(course);
        }
        Seen::Power(power) => synchronise(course, *power),
        Seen::Silent(failure) if !checking && says_nothing(failure.kind) => keep_recovering(course),
        Seen::Silent(failure) => missed(course, checking, &failure.why),
        Seen::Turn(_)
        | Seen::Steps(_)
        | Seen::Alive(_)
        | Seen::Valid(_)
        | Seen::BootDevice { .. }
        | Seen::BootDevices(_)
        | Seen::Image(_)
        | Seen::Modes(_)
        | Seen::Indicators(_)
        | Seen::Media(_)
        | Seen::Sensors(_)
        | Seen::Sheets(_)
        | Seen::Answer(_) => {}
    }
}

/// Record and machine: equal, or one follows the other as the site's policy says. The machine is pushed
/// only when it was seen differing twice (style corner 15).
fn synchronise(course: &mut Course<'_>, seen: Power) {
    if course.node.run.as_ref().is_some_and(Run::is_busy) {
        return;
    }
    if recover(course) {
        // What was done to the machine while the BMC did not answer was not ours to undo.
        return follow(course, seen);
    }
    let policy = course.facts.policy;
    let recorded = course.node.power;
    if recorded == Some(seen) {
        course.node.misses = 0;
        course.wish(Look::Modes);
        return;
    }
    let wish = match recorded {
        Some(Power::On) => PowerWish::On,
        Some(Power::Off) => PowerWish::Off,
        Some(Power::Error) | None => return follow(course, seen),
    };
    if !policy.force_power_state_during_sync {
        return follow(course, seen);
    }
    course.node.misses = course.node.misses.saturating_add(1);
    // The first look pushes nothing.
    if course.node.misses > policy.power_state_sync_max_retries.saturating_add(1) {
        follow(course, seen);
        set_power_fault(course, "the machine does not stay in the recorded power state");
    } else if course.node.misses > 1 {
        course.note(Event::error(
            "power",
            format!(
                "the machine is {}, the record says {}: it is pushed back",
                seen.name(),
                wish.goal().name()
            ),
        ));
        match wish {
            PowerWish::Off => off(course, policy.power_state_change_timeout, Purpose::Sync),
            PowerWish::On | PowerWish::SoftOff | PowerWish::Reset | PowerWish::SoftReset => {
                switch(course, wish, policy.power_state_change_timeout, Purpose::Sync);
            }
        }
    }
}

/// The record follows the machine.
fn follow(course: &mut Course<'_>, seen: Power) {
    course.node.misses = 0;
    self::seen(course, seen);
}

/// A good look ends a power fault; true if there was one.
fn recover(course: &mut Course<'_>) -> bool {
    let is_over = course.node.fault == Some(Fault::Power);
    if is_over {
        course.node.fault = None;
        course.node.wished.maintenance = false;
        course.node.maintenance_reason = None;
        course.node.misses = 0;
        if course.node.wait.as_ref().is_some_and(|wait| wait.why == WaitFor::Power) {
            // An inspection waits for its ramdisk.
            course.stop_waiting();
        }
        course.note(Event::info("power", "the BMC answers again: maintenance is over"));
    }
    is_over
}

/// Whether a look says nothing new of the machine: nobody was asked, or the account is known to be refused, which is
/// told where it was refused.
fn says_nothing(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Untried | FailureKind::Account)
}

fn missed(course: &mut Course<'_>, checking: bool, why: &str) {
    if checking {
        pipeline::fail(course, &format!("the power state could not be read: {why}"));
        return;
    }
    let policy = course.facts.policy;
    if course.node.fault == Some(Fault::Power) {
        keep_recovering(course);
        return;
    }
    course.node.misses = course.node.misses.saturating_add(1);
    if course.node.misses > policy.power_state_sync_max_retries {
        set_power_fault(course, why);
    }
}

fn set_power_fault(course: &mut Course<'_>, why: &str) {
    let text = format!(
        "power of node {} is out of hand: {why}. Mend the BMC's connection or settings; maintenance ends by itself when it answers",
        course.node.label()
    );
    course.node.wished.maintenance = true;
    course.node.fault = Some(Fault::Power);
    course.node.maintenance_reason = Some(text.clone());
    course.node.misses = 0;
    course.error(text);
    keep_recovering(course);
}

/// A node with a power fault waits for its next look, unless it does so already.
pub fn keep_recovering(course: &mut Course<'_>) {
    let node = &course.node;
    // With 0 only power sync looks again.
    let interval = course.facts.policy.power_failure_recovery_interval;
    if interval > 0 && node.fault == Some(Fault::Power) && node.run.is_none() && node.wait.is_none() {
        course.wait(WaitFor::Power, "the BMC", interval);
    }
}
