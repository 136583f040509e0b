//! What is owed to make a machine boot something, by its boot interface (contract `boot.md` sections 1, 2, 7, 8).
//!
//! ```text
//! ramdisk   fetch -> off -> insert -> mode -> device, once    -> on -> first heartbeat
//! instance  fetch -> off -> insert -> mode -> secure -> device -> on          (a ramdisk or ISO of its own)
//! disk             eject  -> mode -> secure           -> on
//! a mode that waits for a boot:  on -> look, each 15 s -> met: from the beginning (ramdisk), or done
//! ```
//! Each arrow is committed: who is cut in between goes on with what is owed. `insert` and `eject` are there only where
//! a medium is, `fetch` where files of other servers are booted, or a config drive is inserted.

use crate::flow::course::Course;
use crate::flow::{install, pipeline, power, step, trouble};
use crate::model::bmc::firmware;
use crate::model::bmc::panel::{Mode, ModeChange, ModeWish, Modes};
use crate::model::bmc::power::PowerWish;
use crate::model::boot::{Agent, BootDevice, Boots, elsewhere};
use crate::model::catalog::BootWay;
use crate::model::decision::effect::{BootPart, Effect, Look, Purpose};
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::Seen;
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::run::{Phase, Run, WaitFor};
use crate::model::step::{By, Core, Kind};

/// How the node boots what it is brought.
pub fn way(course: &Course<'_>) -> BootWay {
    course.facts.catalog.boot_way(&course.node.wished.interfaces)
}

/// Whether the boot interface sees to what the agent's machine boots in the current run (`[agent] manage_agent_boot`).
/// Deploy interfaces whose instance boots itself always have it so, as in the reference.
fn is_managed(course: &Course<'_>) -> bool {
    let Some(run) = course.node.run.as_ref() else { return true };
    course.facts.policy.agent.manage_boot
        || match run.kind {
            Kind::Clean | Kind::Deploy => !deploys_by_agent(&course.node, course.facts),
            Kind::Service | Kind::Rescue => false,
            Kind::Verify | Kind::Delete | Kind::Unrescue => true,
        }
}

/// Whether the node's deploy interface deploys through the agent that it boots.
pub fn deploys_by_agent(node: &Node, facts: &Facts<'_>) -> bool {
    facts.catalog.steps(node, Kind::Deploy).any(|(_, spec)| spec.by == By::Core(Core::BootAgent))
}

/// Whether the boot interface has to have what the agent's machine boots in the current run.
pub fn must_bring_agent(course: &Course<'_>) -> bool {
    way(course) != BootWay::Bare && is_managed(course)
}

/// What must be there is looked at before the machine is touched.
pub fn check(course: &mut Course<'_>) {
    if must_bring_agent(course) {
        step::look(course, CHECK);
    } else {
        into(course, Boots::Ramdisk);
    }
}

/// The look of [`check`] has an answer.
pub fn checked(course: &mut Course<'_>, seen: &Seen) {
    let awaited = course.node.run.as_ref().is_some_and(|run| {
        run.awaits_a_look() && run.step().is_some_and(|step| step.by == By::Core(Core::BootAgent))
    });
    if !awaited || course.owes_for(Purpose::Run) {
        return;
    }
    match seen {
        Seen::Valid(verdicts) => {
            let wanted = if course.node.is_rescued() { Interface::Rescue } else { Interface::Boot };
            let of_boot = verdicts.iter().find(|verdict| verdict.interface == wanted);
            if let Some(reason) = of_boot.and_then(|verdict| verdict.reason.as_ref()) {
                pipeline::fail_before_touch(course, &format!("it cannot boot the ramdisk: {reason}"));
            } else {
                trouble::heard(course);
                into(course, Boots::Ramdisk);
            }
        }
        Seen::Silent(failure) => trouble::take_failure(course, failure),
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
        | Seen::Answer(_) => {}
    }
}

/// Another boot, with another identity and other files.
pub fn into(course: &mut Course<'_>, into: Boots) {
    step::work(course);
    course.stop_waiting();
    step::set_phase(course, Phase::Reboot { into });
    if let Err(why) = prepare(course, into, Purpose::Run) {
        pipeline::fail(course, &why);
    }
}

/// Owes what makes the machine boot this on behalf of `purpose`, with another identity and other files. An error says
/// why there is no such boot, in words for a person; then nothing is owed.
pub fn prepare(course: &mut Course<'_>, into: Boots, purpose: Purpose) -> Result<(), String> {
    let way = way(course);
    if into == Boots::Ramdisk && purpose == Purpose::Run && !is_managed(course) {
        restart(course, into, purpose);
        return Ok(());
    }
    if way == BootWay::Bare && into == Boots::Installer {
        let name = &course.node.wished.interfaces.boot;
        return Err(format!("boot interface {name:?} cannot bring an installer"));
    }
    if way == BootWay::Bare || !matches!(into, Boots::Ramdisk | Boots::Instance | Boots::Installer) {
        start_bare(course, into, purpose);
        return Ok(());
    }
    course.drop_agent();
    let before = std::mem::replace(&mut course.node.boots, into);
    if let Some(run) = course.node.run.as_mut().filter(|run| run.booted_before.is_none()) {
        run.booted_before = Some(before);
    }
    identify(course, way, into)?;
    owe_files(course, way, into, purpose);
    switch_off(course, purpose);
    owe_parts(course, way, into, purpose);
    switch_on(course, purpose);
    Ok(())
}

/// Owes that the machine starts anew, with nothing seen to but that a ramdisk comes from the network.
pub fn start_bare(course: &mut Course<'_>, into: Boots, purpose: Purpose) {
    course.drop_agent();
    course.node.boots = into;
    switch_off(course, purpose);
    if into == Boots::Ramdisk {
        course.owe(Effect::BootDevice { device: BootDevice::Pxe, persistent: false }, purpose);
    }
    switch_on(course, purpose);
}

/// Owes that the machine starts anew, and nothing else: what it boots is seen to by the site's own mechanism.
fn restart(course: &mut Course<'_>, into: Boots, purpose: Purpose) {
    course.drop_agent();
    course.node.boots = into;
    // Files of a boot before are not for this one.
    course.node.boot_token = None;
    switch_off(course, purpose);
    switch_on(course, purpose);
}

/// Unless it never is off.
fn switch_off(course: &mut Course<'_>, purpose: Purpose) {
    let (limit, never_off) = limits(course);
    if !never_off {
        power::off(course, limit, purpose);
    }
}

/// The installed disk. What booted the ramdisk is not given out any more.
pub fn disk(course: &mut Course<'_>) {
    step::work(course);
    course.stop_waiting();
    course.node.boots = Boots::Disk;
    course.node.boot_token = None;
    step::set_phase(course, Phase::Reboot { into: Boots::Disk });
    let way = way(course);
    if way != BootWay::Bare && (!is_deployment(course) || is_managed(course)) {
        owe_parts(course, way, Boots::Disk, Purpose::Run);
    }
    // Where nothing can switch it on, its agent has had it boot anew.
    if power::can_switch_on(course) {
        switch_on(course, Purpose::Run);
    }
    if !course.owes_for(Purpose::Run) {
        step::core_done(course);
    }
}

fn is_deployment(course: &Course<'_>) -> bool {
    course.node.run.as_ref().is_some_and(|run| run.kind == Kind::Deploy)
}

/// Owes on behalf of `purpose` that the instance runs again after a ramdisk did: its disk, or what it boots itself.
pub fn back(course: &mut Course<'_>, into: Boots, purpose: Purpose) -> Result<(), String> {
    let way = way(course);
    if into != Boots::Disk || way == BootWay::Bare {
        return prepare(course, into, purpose);
    }
    course.drop_agent();
    course.node.boots = into;
    course.node.boot_token = None;
    switch_off(course, purpose);
    owe_parts(course, way, into, purpose);
    switch_on(course, purpose);
    Ok(())
}

/// Nothing of a boot stays behind; the machine is off by then, for the ramdisk may read from its medium. What the site's
/// own mechanism has brought is left where it is.
pub fn clean_up(course: &mut Course<'_>, purpose: Purpose) {
    empty_drives(course, purpose);
    if way(course) != BootWay::Bare && brings_ramdisks(course) && firmware::wants_secure_boot(&course.node) {
        course.owe(Effect::Boot(BootPart::Secure { on: false }), purpose);
    }
}

/// Owes that no medium stays in a drive, where the boot interface puts one there.
pub fn empty_drives(course: &mut Course<'_>, purpose: Purpose) {
    if way(course) == BootWay::Medium && brings_ramdisks(course) {
        course.owe(Effect::Boot(BootPart::Eject), purpose);
    }
}

/// Whether the ramdisk that ends was brought by the boot interface. After servicing its boot is cleaned up whoever brought
/// it, as in the reference, for the instance's comes in its place.
fn brings_ramdisks(course: &Course<'_>) -> bool {
    let services = course.node.run.as_ref().is_some_and(|run| run.kind == Kind::Service);
    services || is_managed(course)
}

/// The ramdisk goes on by itself: nothing of its boot is given out any more, and no medium stays in a drive, which it
/// has read by now. True if that is all done.
pub fn let_go(course: &mut Course<'_>) -> bool {
    course.drop_agent();
    course.node.boots = Boots::Nothing;
    course.node.boot_token = None;
    step::work(course);
    course.stop_waiting();
    step::set_phase(course, Phase::Act);
    empty_drives(course, Purpose::Run);
    !course.owes_for(Purpose::Run)
}

/// Names under which files are served, and who the agent of this boot is, where it can be told beforehand.
fn identify(course: &mut Course<'_>, way: BootWay, into: Boots) -> Result<(), String> {
    let (files, agent) = (course.facts.boot_token.clone(), course.facts.token.clone());
    if files.reveal().is_empty() || agent.reveal().is_empty() {
        return Err("the system gave no random numbers: a boot cannot be told from another".to_owned());
    }
    if let Some(why) = firmware::contradiction(&course.node) {
        return Err(why);
    }
    course.node.boot_token = Some(files);
    // An installer finds its token in its kickstart file.
    if into == Boots::Installer || (into == Boots::Ramdisk && way.bears_data()) {
        course.node.agent = Some(Agent::unused(agent, true));
    }
    Ok(())
}

/// What has to be on this host first: a machine whose files cannot be had is not touched.
pub fn owe_files(course: &mut Course<'_>, way: BootWay, into: Boots, purpose: Purpose) {
    if elsewhere::is_needed(&course.node, course.facts.policy, way, into) {
        course.owe(Effect::Boot(BootPart::Fetch), purpose);
    }
}

fn owe_parts(course: &mut Course<'_>, way: BootWay, into: Boots, purpose: Purpose) {
    let node = &course.node;
    let is_instance = matches!(into, Boots::Instance | Boots::Disk);
    let mut parts = Vec::new();
    if way == BootWay::Medium {
        parts.push(if into == Boots::Disk { BootPart::Eject } else { BootPart::Insert });
    }
    parts.push(BootPart::Mode { wanted: firmware::wanted_mode(node) });
    if firmware::wants_secure_boot(node) && (is_instance || node.is_rescued()) {
        // A rescue comes between an instance that has it and a ramdisk that nobody has signed.
        parts.push(BootPart::Secure { on: is_instance });
    }
    if into != Boots::Disk {
        parts.push(BootPart::Device { lasts: lasts(node.driver_info(FORCE), is_instance) });
    }
    for part in parts {
        course.owe(Effect::Boot(part), purpose);
    }
}

/// Whether a boot device is for more than one boot: a ramdisk's is not, an instance's is, unless the node says so.
pub fn lasts(forced: Option<&str>, is_instance: bool) -> bool {
    let is = |word: &str| forced.is_some_and(|forced| forced.eq_ignore_ascii_case(word));
    if is_instance { !is("never") && !is("false") } else { is("always") || is("true") }
}

fn limits(course: &Course<'_>) -> (u32, bool) {
    (course.facts.policy.power_state_change_timeout, course.node.wished.disable_power_off)
}

/// Starts the machine, which is off by then unless it never is.
pub fn switch_on(course: &mut Course<'_>, purpose: Purpose) {
    let (limit, never_off) = limits(course);
    let wish = if never_off { PowerWish::Reset } else { PowerWish::On };
    power::switch(course, wish, limit, purpose);
}

/// The firmware's mode is set, or told. What is wanted and not yet so.
pub fn mode_told(course: &mut Course<'_>, wanted: Option<Mode>, seen: Modes) -> Option<ModeWish> {
    course.node.record_modes(seen);
    let default = course.facts.policy.default_boot_mode;
    course.node.deploy_boot_mode = wanted.or(seen.boot).or(Some(default));
    wanted.map(ModeWish::Boot).filter(|wish| wish.is_met(seen) == Some(false))
}

/// The same in a pipeline.
pub fn mode_paid(course: &mut Course<'_>, wanted: Option<Mode>, seen: Modes) {
    if let Some(wish) = mode_told(course, wanted, seen) {
        await_firmware_with(course, wish, seen);
    }
}

/// Secure boot is set; that it is off is not waited for.
pub fn secure_paid(course: &mut Course<'_>, on: bool, seen: Modes) {
    course.node.record_modes(seen);
    let wish = ModeWish::Secure(on);
    if on && wish.is_met(seen) == Some(false) {
        await_firmware_with(course, wish, seen);
    }
}

/// Firmware that takes a mode up when it boots: before a ramdisk it boots once for that alone, since it may use up the
/// boot device on the way.
fn await_firmware_with(course: &mut Course<'_>, wish: ModeWish, seen: Modes) {
    let Some(Phase::Reboot { into }) = course.node.run.as_ref().map(|run| run.phase) else { return };
    let has_booted_for_it = change_of(course).is_some_and(|change| change.met && change.wish == wish);
    if has_booted_for_it {
        pipeline::fail(course, &gone_again(wish, seen));
        return;
    }
    course.note(taken_up_later(wish));
    if let Some(run) = course.node.run.as_mut() {
        run.firmware = Some(ModeChange::new(wish));
    }
    if matches!(into, Boots::Ramdisk | Boots::Installer) {
        course.strike(Purpose::Run);
        step::set_phase(course, Phase::Firmware { into });
        switch_on(course, Purpose::Run);
    }
}

/// Why a boot is given up whose firmware does not stay in its mode.
pub fn gone_again(wish: ModeWish, seen: Modes) -> String {
    format!("{} was taken up, and is gone again: the BMC says {}", wish.text(), wish.seen_text(seen))
}

/// A boot for the mode alone comes first.
pub fn taken_up_later(wish: ModeWish) -> Event {
    Event::info("mode", format!("{} is taken up when the machine boots", wish.text()))
}

fn change_of(course: &Course<'_>) -> Option<ModeChange> {
    course.node.run.as_ref().and_then(|run| run.firmware.clone())
}

/// The last effect of a boot is paid.
pub fn all_paid(course: &mut Course<'_>, into: Boots) {
    let is_own = course.node.run.as_ref().and_then(Run::step).is_some_and(|step| match step.by {
        By::Core(core) => matches!(core, Core::BootDisk | Core::BootInstance),
        By::Driver | By::Agent | By::Site | By::Hook => false,
    });
    let awaits_mode = change_of(course).is_some_and(|change| !change.met);
    match into {
        Boots::Ramdisk => step::await_first_beat(course),
        Boots::Installer => install::await_word(course),
        Boots::Disk | Boots::Instance | Boots::Nothing if awaits_mode => {
            step::set_phase(course, Phase::Firmware { into });
            await_firmware(course);
        }
        Boots::Disk | Boots::Instance | Boots::Nothing if is_own => step::core_done(course),
        Boots::Disk | Boots::Instance | Boots::Nothing => step::look_at_step(course),
    }
}

/// The machine boots; its firmware is given time.
pub fn await_firmware(course: &mut Course<'_>) {
    step::rest(course);
    let looks = change_of(course).map_or(0, |change| change.looks);
    let left = course.facts.policy.boot_mode_config_timeout.saturating_sub(u32::from(looks) * LOOK_PAUSE);
    course.wait_until(WaitFor::Mode, "the firmware", LOOK_PAUSE, left.max(LOOK_PAUSE));
}

/// Whether a run waits for firmware.
pub fn awaits_firmware(course: &Course<'_>) -> bool {
    course.node.run.as_ref().is_some_and(|run| matches!(run.phase, Phase::Firmware { .. }))
        && !course.owes_for(Purpose::Run)
}

/// What a look at booting firmware saw.
pub fn firmware_looked(course: &mut Course<'_>, seen: &Seen) {
    let modes = if let Seen::Modes(modes) = seen { *modes } else { Modes::default() };
    course.node.record_modes(modes);
    let Some(change) = change_of(course) else { return };
    let Some(Phase::Firmware { into: target }) = course.node.run.as_ref().map(|run| run.phase) else {
        return;
    };
    if change.wish.is_met(modes) == Some(true) {
        course.note(Event::info("mode", format!("the machine has {}", change.wish.text())));
        set_change(course, ModeChange { met: true, ..change });
        match target {
            Boots::Ramdisk | Boots::Installer => into(course, target),
            Boots::Disk | Boots::Instance | Boots::Nothing => {
                step::work(course);
                step::set_phase(course, Phase::Reboot { into: target });
                all_paid(course, target);
            }
        }
        return;
    }
    let looks = change.looks.saturating_add(1);
    let limit = course.facts.policy.boot_mode_config_timeout;
    if u32::from(looks) * LOOK_PAUSE >= limit {
        let (wish, found) = (change.wish.text(), change.wish.seen_text(modes));
        pipeline::fail(
            course,
            &format!(
                "the BMC took {wish}, but says {found} {limit} s after the boot; set it in the firmware's setup, or \
                 take it out of the capabilities in instance_info and properties"
            ),
        );
        return;
    }
    set_change(course, ModeChange { looks, ..change });
    await_firmware(course);
}

fn set_change(course: &mut Course<'_>, change: ModeChange) {
    if let Some(run) = course.node.run.as_mut() {
        run.firmware = Some(change);
    }
}

/// Nobody came of a boot, for as long as this wait. Another boot is begun, if the site wants that; true if the step's
/// whole time is not over yet.
pub fn again(course: &mut Course<'_>, waited: u32) -> bool {
    let whole = step::callback_timeout(course);
    let is_known = course.node.agent.as_ref().is_some_and(|agent| !agent.pregenerated || agent.borne);
    let Some(run) = course.node.run.as_mut() else { return false };
    run.boot_waited = run.boot_waited.saturating_add(waited);
    let so_far = run.boot_waited;
    if so_far >= whole {
        return false;
    }
    if is_known {
        step::await_first_beat(course);
        return true;
    }
    course.note(Event::error(
        "boot",
        format!("the ramdisk did not call within {waited} s: the machine boots again"),
    ));
    into(course, Boots::Ramdisk);
    true
}

/// Seconds until a first heartbeat must have come, or until the next boot is tried.
pub fn patience(course: &Course<'_>) -> u32 {
    let waited = course.node.run.as_ref().map_or(0, |run| run.boot_waited);
    let left = step::callback_timeout(course).saturating_sub(waited);
    let policy = course.facts.policy;
    match policy
        .boot_retry_timeout
        .filter(|_| course.node.agent.as_ref().is_none_or(|agent| agent.pregenerated))
    {
        Some(retry) => {
            let interval = policy.boot_retry_check_interval.max(1);
            let at_a_check = retry.max(1).div_ceil(interval).saturating_mul(interval);
            left.min(at_a_check)
        }
        None => left,
    }
}

/// Whether the boot interface can bring the ramdisk.
pub const CHECK: Look = Look::Valid { deploy: false };

/// Key of `driver_info`: `Always`, `Default` or `Never`.
const FORCE: &str = "force_persistent_boot_device";
/// Seconds between two looks at firmware that boots.
const LOOK_PAUSE: u32 = 15;
