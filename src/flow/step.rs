//! One step as a machine of turns (style corner 1): begins with a look, goes by what it says.

use crate::base::id::NodeId;
use crate::flow::after_step;
use crate::flow::boot::parts;
use crate::flow::circle;
use crate::flow::course::Course;
use crate::flow::drives;
use crate::flow::fast;
use crate::flow::install;
use crate::flow::part;
use crate::flow::pipeline;
use crate::flow::plan;
use crate::flow::power;
use crate::flow::relatives;
use crate::flow::site_hook;
use crate::flow::trouble;
use crate::flow::within;
use crate::model::Object;
use crate::model::bmc::Remembered;
use crate::model::bmc::power::{Power, PowerTarget, PowerWish};
use crate::model::boot::{BootDevice, Boots};
use crate::model::decision::effect::{BootPart, Effect, Look, Owed, Purpose};
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::provision::Provision;
use crate::model::run::{Phase, Run, WaitFor};
use crate::model::step::{By, Core, Kind, Step};
use crate::model::turn::{Failure, FailureKind, MEMO_LIMIT, Memo, Turn};

/// Begins the current step, and those after it that need nothing, or ends the pipeline.
pub fn begin(course: &mut Course<'_>) {
    loop {
        let Some(run) = course.node.run.as_mut() else { return };
        let kind = run.kind;
        let Some(step) = run.step().cloned() else {
            work(course);
            pipeline::finish(course, kind);
            return;
        };
        run.memo = Object::new();
        run.trouble = None;
        (run.firmware, run.boot_waited) = (None, 0);
        (run.changes, run.reboots, run.waited) = (0, 0, 0);
        run.step_began = Some(course.facts.at);
        course.silent = 0;
        course.stop_waiting();
        if step.by == By::Hook {
            site_hook::note_begin(course, &step);
        } else if !step.hidden {
            course.note(Event::info("step", format!("{kind} step {step} begins", kind = kind.name())));
        }
        let cursor = course.node.run.as_ref().map_or(0, |run| run.cursor);
        match step.by {
            By::Driver | By::Agent | By::Site | By::Hook => {
                look(course, Look::Step { cursor });
                return;
            }
            By::Core(core) => {
                if !begin_core(course, core, &step.args) {
                    return;
                }
                advance(course);
            }
        }
    }
}

/// Begins a step of the pipeline's own; true if it is done at once.
fn begin_core(course: &mut Course<'_>, core: Core, args: &Object) -> bool {
    match core {
        Core::Nothing | Core::LeaveNetwork => return true,
        Core::ReadyImage | Core::ByChild(_) => {
            let cursor = course.node.run.as_ref().map_or(0, |run| run.cursor);
            look(course, Look::Step { cursor });
        }
        Core::BootAgent if fast::asks(course) => {}
        Core::BootAgent => parts::check(course),
        Core::FetchSteps => look(course, Look::AgentSteps),
        Core::CheckPower => look(course, Look::Power),
        Core::PowerOn => switch(course, &[PowerWish::On]),
        Core::PowerOff => return power_off(course),
        Core::Reboot => reboot(course),
        Core::OnChild { node, on } => {
            work(course);
            course.stop_waiting();
            set_phase(course, Phase::Act);
            course.owe(Effect::Relative { node, on }, Purpose::Run);
        }
        Core::BootDisk => parts::disk(course),
        Core::BootInstance => parts::into(course, Boots::Instance),
        Core::LeaveRamdisk => return parts::let_go(course),
        Core::BootInstaller => install::begin(course),
        Core::Hold => hold(course),
        Core::Wait => wait_step(course, args),
    }
    false
}

/// The state while effects are owed or a look decides what is next.
pub fn work(course: &mut Course<'_>) {
    if is_waiting(course.node.provision) {
        course.go(Verb::Resume);
    }
}

/// Whether it is the state of a pipeline that awaits somebody.
pub fn is_waiting(state: Provision) -> bool {
    matches!(
        state,
        Provision::DeployWait | Provision::CleanWait | Provision::ServiceWait | Provision::RescueWait
    )
}

/// The state while somebody else is awaited; verification, tear down and unrescue have none.
pub fn rest(course: &mut Course<'_>) {
    let works = matches!(
        course.node.provision,
        Provision::Deploying | Provision::Cleaning | Provision::Servicing | Provision::Rescuing
    );
    if works {
        course.go(Verb::Wait);
    }
}

pub fn set_phase(course: &mut Course<'_>, phase: Phase) {
    if let Some(run) = course.node.run.as_mut() {
        run.phase = phase;
    }
}

pub fn look(course: &mut Course<'_>, look: Look) {
    work(course);
    course.stop_waiting();
    set_phase(course, Phase::Look);
    course.wish(look);
}

fn switch(course: &mut Course<'_>, wishes: &[PowerWish]) {
    work(course);
    course.stop_waiting();
    set_phase(course, Phase::Act);
    let limit = course.facts.policy.power_state_change_timeout;
    for wish in wishes {
        power::switch(course, *wish, limit, Purpose::Run);
    }
}

/// Off. Where it ends what the ramdisk did, nothing of its boot stays behind. True if there is nothing to do.
fn power_off(course: &mut Course<'_>) -> bool {
    let is_end = is_end_of_boot(course);
    if is_end && fast::stays(course) {
        return true;
    }
    if !course.node.wished.disable_power_off {
        relatives::children_off(course, Purpose::Run);
        switch(course, &[PowerWish::Off]);
    } else if !is_end {
        pipeline::fail(course, "powering off is disabled for the node (disable_power_off)");
        return false;
    }
    if is_end {
        work(course);
        course.stop_waiting();
        set_phase(course, Phase::Act);
        parts::clean_up(course, Purpose::Run);
    }
    !course.owes_for(Purpose::Run)
}

/// Off and on, or a reset. Where it ends an instance, what the instance booted is not given out to the next boot.
fn reboot(course: &mut Course<'_>) {
    if is_end_of_boot(course) {
        course.node.boots = Boots::Nothing;
        parts::clean_up(course, Purpose::Run);
    }
    let wishes = PowerTarget::Reboot.wishes(course.node.wished.disable_power_off, false);
    switch(course, wishes);
}

/// Whether the current step is the pipeline's own, which ends what was booted, not one that somebody asked for.
fn is_end_of_boot(course: &Course<'_>) -> bool {
    let step = course.node.run.as_ref().and_then(Run::step);
    step.is_some_and(|step| step.hidden && matches!(step.by, By::Core(Core::PowerOff | Core::Reboot)))
}

fn hold(course: &mut Course<'_>) {
    if course.node.provision.after(Verb::Hold).is_none() {
        pipeline::fail(course, "it wants to hold, and this pipeline cannot be held");
        return;
    }
    course.stop_waiting();
    set_phase(course, Phase::Hold);
    course.go(Verb::Hold);
}

/// With seconds the wait's end goes on, without them the next heartbeat does.
fn wait_step(course: &mut Course<'_>, args: &Object) {
    let seconds = args.get("seconds").and_then(serde_json::Value::as_u64);
    let most = course.facts.policy.max_conductor_wait_step_seconds;
    rest(course);
    if let Some(seconds) = too_long(args, most) {
        course.note(Event::info("step", cut(seconds, most)));
    }
    if let Some(seconds) = seconds {
        let length = u32::try_from(seconds).unwrap_or(most).min(most);
        set_phase(course, Phase::Later);
        course.wait(WaitFor::Clock, "the clock", length);
    } else {
        set_phase(course, Phase::Beat);
        let length = callback_timeout(course);
        course.wait(WaitFor::Beat, "the agent", length);
    }
}

/// The seconds of a step `wait` that are more than the site lets one wait.
pub fn too_long(args: &Object, most: u32) -> Option<u64> {
    args.get("seconds").and_then(serde_json::Value::as_u64).filter(|seconds| *seconds > u64::from(most))
}

pub fn cut(seconds: u64, most: u32) -> String {
    format!("step wait of {seconds} s is cut to {most} s ([conductor] max_conductor_wait_step_seconds)")
}

pub fn callback_timeout(course: &Course<'_>) -> u32 {
    let policy = course.facts.policy;
    match course.node.run.as_ref().map(|run| run.kind) {
        Some(Kind::Clean) => policy.clean_callback_timeout,
        Some(Kind::Service) => policy.service_callback_timeout,
        Some(Kind::Rescue) => policy.rescue.callback_timeout,
        Some(Kind::Deploy | Kind::Verify | Kind::Delete | Kind::Unrescue) | None => {
            policy.deploy_callback_timeout
        }
    }
}

/// Whose callback timeout it is, as options are named.
pub fn callback_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Clean | Kind::Service | Kind::Rescue => kind.name(),
        Kind::Deploy | Kind::Verify | Kind::Delete | Kind::Unrescue => Kind::Deploy.name(),
    }
}

/// A step of the pipeline's own has ended elsewhere.
pub fn core_done(course: &mut Course<'_>) {
    done(course);
}

/// A person has let go of a held step: it is done.
pub fn unheld(course: &mut Course<'_>) {
    set_phase(course, Phase::Look);
    work(course);
    done(course);
}

/// The current step has failed and that decides nothing: on to the next.
pub fn pass_over(course: &mut Course<'_>) {
    course.strike(Purpose::Run);
    course.stop_waiting();
    advance(course);
    begin(course);
}

/// The current step is done and has left nothing: on to the next.
pub fn done(course: &mut Course<'_>) {
    done_with(course, &Object::new());
}

/// The current step is done: on to what follows it, and to the next.
fn done_with(course: &mut Course<'_>, result: &Object) {
    let Some(step) = course.node.run.as_ref().and_then(Run::step).cloned() else { return };
    if !step.hidden {
        let began = course.node.run.as_ref().and_then(|run| run.step_began);
        let what = site_hook::current(course).map(|name| format!("hook {name} after step {step} is done"));
        course.note(Event::info("step", what.unwrap_or_else(|| format!("step {step} is done"))));
        course.which_began(began);
    }
    if step.by != By::Hook {
        drives::step_done(course, &step);
    }
    if step.abort_after {
        pipeline::abort_after_step(course);
        return;
    }
    if let Some(next) = plan::after(&step)
        && let Some(run) = course.node.run.as_mut()
    {
        run.plan.insert(run.cursor + 1, next);
    }
    site_hook::follow(course, &step, result);
    if !site_hook::next(course) {
        advance(course);
    }
    begin(course);
}

fn advance(course: &mut Course<'_>) {
    if let Some(run) = course.node.run.as_mut() {
        run.cursor += 1;
        run.lost = 0;
    }
}

/// The outcome of an effect that the run owed.
pub fn paid(course: &mut Course<'_>, owed: &Owed, outcome: &Outcome) {
    let Some(run) = course.node.run.clone() else { return };
    match (&owed.effect, outcome) {
        (Effect::Step { cursor } | Effect::StepOn { cursor, .. }, Outcome::Turn(turn)) => {
            if *cursor == run.cursor && run.phase == Phase::Act {
                take_turn(course, turn);
                look_early(course, *cursor, turn);
            }
        }
        (Effect::Boot(_), Outcome::Failed(failure)) => boot_failed(course, owed, failure),
        (_, Outcome::Failed(failure)) => trouble::take_failure(course, failure),
        (Effect::Boot(BootPart::Mode { wanted }), Outcome::Modes(seen)) => {
            parts::mode_paid(course, *wanted, *seen);
            go_on(course);
        }
        (Effect::Boot(BootPart::Secure { on }), Outcome::Modes(seen)) => {
            parts::secure_paid(course, *on, *seen);
            go_on(course);
        }
        (
            _,
            Outcome::Done
            | Outcome::Power(_)
            | Outcome::BootDevice { .. }
            | Outcome::Turn(_)
            | Outcome::Modes(_)
            | Outcome::Answer(_)
            | Outcome::Inspected(_)
            | Outcome::Speaks(_)
            | Outcome::Met(_),
        ) => go_on(course),
    }
}

/// A part of a boot did not work: the boot has failed. Of what cleans up after one it is told, and decides nothing.
fn boot_failed(course: &mut Course<'_>, owed: &Owed, failure: &Failure) {
    let why = format!("{}: {}", owed.effect.text(), failure.why);
    if is_end_of_boot(course) {
        course.note(Event::error("boot", format!("{why}. It is left as it is")));
        go_on(course);
    } else if owed.effect == Effect::Boot(BootPart::Fetch) && failure.kind == FailureKind::Step {
        pipeline::fail_before_touch(course, &why);
    } else {
        trouble::take_failure(course, &Failure::new(failure.kind, why));
    }
}

/// After an effect: if it was the last one, its phase is over.
fn go_on(course: &mut Course<'_>) {
    let Some(phase) = course.node.run.as_ref().map(|run| run.phase) else { return };
    if !course.owes_for(Purpose::Run) {
        all_paid(course, phase);
    }
}

/// The agent has taken a command and beats when it has ended, but not soon after the beat before. A step may be
/// over at once, so it is looked at early.
fn look_early(course: &mut Course<'_>, cursor: usize, turn: &Turn) {
    let works = course.node.run.as_ref().is_some_and(|run| run.phase == Phase::Beat && run.cursor == cursor);
    if works && matches!(turn, Turn::Agent { .. }) {
        course.wish_later(Look::Step { cursor }, EARLY_LOOK);
    }
}

/// The last effect of a core step or a reboot is paid.
fn all_paid(course: &mut Course<'_>, phase: Phase) {
    match phase {
        Phase::Reboot { into } => parts::all_paid(course, into),
        Phase::Firmware { .. } => parts::await_firmware(course),
        Phase::Act => done(course),
        Phase::Look | Phase::FirstBeat | Phase::Beat | Phase::Later | Phase::Hold => {}
    }
}

pub fn await_first_beat(course: &mut Course<'_>) {
    if course.node.agent.as_ref().is_some_and(|agent| agent.borne) {
        first_beat(course);
        return;
    }
    set_phase(course, Phase::FirstBeat);
    rest(course);
    let length = parts::patience(course);
    course.wait(WaitFor::FirstBeat, "the agent", length);
}

/// The agent of a new boot is there.
pub fn first_beat(course: &mut Course<'_>) {
    let booting =
        course.node.run.as_ref().and_then(Run::step).is_some_and(|step| step.by == By::Core(Core::BootAgent));
    if booting {
        work(course);
        done(course);
    } else {
        look_at_step(course);
    }
}

/// Looks at the current step; a fresh look says what is next.
pub fn look_at_step(course: &mut Course<'_>) {
    let Some(run) = course.node.run.as_ref() else { return };
    let (cursor, phase) = (run.cursor, run.phase);
    let core = run.step().and_then(|step| if let By::Core(core) = step.by { Some(core) } else { None });
    let wanted = match core {
        Some(Core::Wait) => return done(course),
        Some(Core::CheckPower) => return look(course, Look::Power),
        Some(Core::FetchSteps) => Look::AgentSteps,
        Some(Core::BootAgent) if course.node.run.as_ref().is_some_and(Run::awaits_a_look) => parts::CHECK,
        Some(Core::ReadyImage | Core::ByChild(_)) | None => Look::Step { cursor },
        Some(_) => return,
    };
    // A wait stays in the record until the look has an answer, so that one that finds what the record says, or
    // finds nobody, changes nothing.
    if !matches!(phase, Phase::Beat | Phase::Later) {
        course.stop_waiting();
        set_phase(course, Phase::Look);
    }
    course.wish(wanted);
}

/// What a look saw was dropped: if the step stands or falls with it, there is another look. For an agent a beat
/// makes up; a step's own pace has no other wait than the one that has ended.
pub fn look_was_dropped(course: &mut Course<'_>, dropped: &Look) {
    let of_step = matches!(dropped, Look::Step { .. } | Look::AgentSteps | Look::Valid { .. });
    let looking = course
        .node
        .run
        .as_ref()
        .is_some_and(|run| run.phase == Phase::Look || (run.phase == Phase::Later && of_step));
    if looking && !course.owes_for(Purpose::Run) {
        look_at_step(course);
    }
}

/// What a look at the current step saw.
pub fn looked(course: &mut Course<'_>, cursor: usize, seen: &Seen) {
    let Some(run) = course.node.run.as_ref() else { return };
    let awaited = run.awaits_a_look();
    if run.cursor != cursor || !awaited || course.owes_for(Purpose::Run) {
        return;
    }
    within::count(course, if let Seen::Turn(turn) = seen { Some(turn) } else { None });
    match seen {
        Seen::Turn(turn) => take_turn(course, turn),
        Seen::Silent(failure) => trouble::take_failure(course, failure),
        Seen::Power(_)
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

/// The step wants to be looked at again, in so many seconds.
pub fn look_in(course: &mut Course<'_>, after: u32, memo: &Memo) {
    let Some(left) = within::left(course, memo) else { return };
    if remember(course, memo) {
        set_phase(course, Phase::Later);
        rest(course);
        let pace = memo.get("progress").and_then(serde_json::Value::as_str).unwrap_or(PACE);
        let length = if left.is_bound { after.min(left.seconds) } else { after };
        course.wait_until(WaitFor::Look, pace, length, left.seconds.max(length));
    }
}

/// Goes by what the step said.
fn take_turn(course: &mut Course<'_>, turn: &Turn) {
    let heard_again = !matches!(turn, Turn::Failed(_)) && trouble::heard(course);
    if !circle::may_go_on(course, turn) {
        return;
    }
    if let Some(child) = by_child(course) {
        relatives::take_turn(course, child, turn);
        return;
    }
    match turn {
        Turn::Done(result) => {
            let by = course.node.run.as_ref().and_then(Run::step).map(|step| step.by);
            // What an executable of the site says of the machine is for its hooks: the record goes by what is seen.
            if !matches!(by, Some(By::Site | By::Hook)) {
                if let Err(why) = after_step::apply(course, result) {
                    pipeline::fail(course, &why);
                    return;
                }
                left_behind(course, result, None);
            }
            work(course);
            done_with(course, result);
        }
        Turn::Failed(failure) => trouble::take_failure(course, failure),
        Turn::Act { memo } => {
            if remember(course, memo) {
                drives::begun(course, memo);
                let cursor = course.node.run.as_ref().map_or(0, |run| run.cursor);
                act(course, Effect::Step { cursor });
            }
        }
        Turn::LookIn { after, memo } => look_in(course, *after, memo),
        Turn::Reboot { into, memo } => {
            if remember(course, memo) {
                parts::into(course, *into);
            }
        }
        Turn::Agent { memo } => await_agent(course, memo, heard_again),
        Turn::Hold => hold(course),
    }
}

/// The child that does the current step.
fn by_child(course: &Course<'_>) -> Option<NodeId> {
    let step = course.node.run.as_ref().and_then(Run::step)?;
    if let By::Core(Core::ByChild(child)) = step.by { Some(child) } else { None }
}

/// Owes one change of the current step.
pub fn act(course: &mut Course<'_>, effect: Effect) {
    work(course);
    course.stop_waiting();
    set_phase(course, Phase::Act);
    course.owe(effect, Purpose::Run);
}

/// What a step that is done leaves in the record; its own run's, if none is named.
pub fn left_behind(course: &mut Course<'_>, result: &Object, step: Option<&Step>) {
    drives::duplicates(course, result);
    saw_power(course, result);
    keep_boot_device(course, result);
    match step {
        Some(step) => part::sheet::step_done(course, step, result),
        None => {
            if let Some(step) = course.node.run.as_ref().and_then(Run::step).cloned() {
                part::sheet::step_done(course, &step, result);
            }
        }
    }
}

/// A step that switched the machine may say what it saw: `power`, in the words of the API.
fn saw_power(course: &mut Course<'_>, result: &Object) {
    let word = result.get("power").and_then(serde_json::Value::as_str);
    match word {
        Some("power off") => power::record(course, Power::Off),
        Some("power on") => power::record(course, Power::On),
        Some(_) | None => {}
    }
}

/// A step that set a boot device says whether the daemon has to keep it: `kept_boot_device`, by name, or null.
fn keep_boot_device(course: &mut Course<'_>, result: &Object) {
    let Some(kept) = result.get("kept_boot_device") else { return };
    let device = kept.as_str().and_then(BootDevice::parse);
    course.node.bmc.remembered_boot_device =
        device.map(|device| Remembered { device: Some(device), next_is_once: false });
}

/// The agent works. If that is what the record says already, nothing changes, except that an agent that is heard
/// again has its full time anew.
fn await_agent(course: &mut Course<'_>, memo: &Memo, heard_again: bool) {
    let waits = course.node.wait.as_ref().is_some_and(|wait| wait.why == WaitFor::Beat);
    let same = course.node.run.as_ref().is_some_and(|run| run.phase == Phase::Beat && run.memo == *memo);
    let is_site = within::is_of_site(course);
    if waits && same {
        if heard_again && !is_site {
            course.renew_wait();
        }
        return;
    }
    let left = if is_site { within::left(course, memo) } else { None };
    if (is_site && left.is_none()) || !remember(course, memo) {
        return;
    }
    set_phase(course, Phase::Beat);
    if waits && is_site {
        return;
    }
    rest(course);
    let length = left.map_or_else(|| callback_timeout(course), |left| left.seconds);
    course.wait(WaitFor::Beat, "the agent", length);
}

/// Keeps the memo; one that is too large fails the step.
pub fn remember(course: &mut Course<'_>, memo: &Memo) -> bool {
    let size = serde_json::to_vec(memo).map_or(usize::MAX, |text| text.len());
    if size > MEMO_LIMIT {
        pipeline::fail(course, &format!("its memo of {size} bytes is over the limit of {MEMO_LIMIT}"));
        return false;
    }
    if let Some(run) = course.node.run.as_mut() {
        run.memo.clone_from(memo);
    }
    true
}

/// From whom a wait is that a step has set, if it does not say.
pub const PACE: &str = "the step's own pace";
/// Seconds after a command was sent to the agent. The stock one beats when a command has ended, but at least five
/// seconds after the beat before.
const EARLY_LOOK: u32 = 1;
