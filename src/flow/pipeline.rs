//! Where pipelines begin and end: verification, cleaning, deployment, tear down.

use crate::flow::boot::parts;
use crate::flow::by_runbook;
use crate::flow::course::Course;
use crate::flow::detect;
use crate::flow::fast;
use crate::flow::manual;
use crate::flow::part;
use crate::flow::part::vif;
use crate::flow::plan;
use crate::flow::power;
use crate::flow::rescue;
use crate::flow::site_hook;
use crate::flow::step;
use crate::flow::volume;
use crate::model::Object;
use crate::model::boot::Boots;
use crate::model::decision::effect::{Effect, Look, Purpose};
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::node::Fault;
use crate::model::policy::CollectLogs;
use crate::model::provision::Provision;
use crate::model::run::Run;
use crate::model::step::{AskedStep, Kind, Step};

/// Begins a pipeline; the state has been entered already.
pub fn start(course: &mut Course<'_>, kind: Kind, plan: Vec<Step>, asked: Vec<AskedStep>) {
    begin(course, Run { asked, ..Run::new(kind, plan, course.facts.at) });
}

/// Enters the pipeline's state by `verb` and begins it: for runs that decide what that state heads for.
pub fn enter(course: &mut Course<'_>, verb: Verb, run: Run) {
    course.node.run = Some(run.clone());
    course.go(verb);
    begin(course, run);
}

/// Writes down where a pipeline begins and ends, unless the site does not want that; true if it is written.
fn tell(course: &mut Course<'_>, event: &'static str, text: String) -> bool {
    let wanted = course.facts.policy.record_step_flows_in_history;
    if wanted {
        course.note(Event::info(event, text));
    }
    wanted
}

/// Begins a run; its state has been entered already.
pub fn begin(course: &mut Course<'_>, run: Run) {
    let run = Run { erasure: course.facts.policy.erasure, ..run };
    course.node.last_error = None;
    course.stop_waiting();
    let what = run.text();
    course.begun.push(run.clone());
    course.node.run = Some(run);
    tell(course, "start", format!("{what} begins"));
    let is_work = course.node.run.as_ref().is_some_and(|run| matches!(run.kind, Kind::Clean | Kind::Service));
    step::begin(course);
    if is_work {
        part::sheet::look(course);
    }
}

/// Begins automated cleaning, or skips it if the node or the site says so.
pub fn start_cleaning(course: &mut Course<'_>) {
    let wanted = course.node.wished.automated_clean.unwrap_or(course.facts.policy.automated_clean);
    if !wanted {
        course.node.run = None;
        course.node.last_error = None;
        course.stop_waiting();
        detect::restore(course);
        course.go(cleaned(course));
        return;
    }
    if let Err(why) = detect::switch(course) {
        unprepared(course, Kind::Clean, &why);
        return;
    }
    if by_runbook::start_cleaning(course) {
        return;
    }
    let plan = plan::clean(&course.node, course.facts);
    start(course, Kind::Clean, plan, Vec::new());
}

/// The verb that ends cleaning: a retired node does not become available.
fn cleaned(course: &Course<'_>) -> Verb {
    let manual = course.node.run.as_ref().is_some_and(|run| run.manual);
    if manual || course.node.wished.retired { Verb::Manage } else { Verb::Done }
}

/// All steps are done.
pub fn finish(course: &mut Course<'_>, kind: Kind) {
    let verb = if kind == Kind::Clean { cleaned(course) } else { Verb::Done };
    let what = course.node.run.as_ref().map_or(kind.gerund(), Run::text);
    let began = course.node.run.as_ref().map(|run| run.started);
    if tell(course, "end", format!("{what} ends")) {
        course.which_began(began);
    }
    course.node.run = None;
    course.stop_waiting();
    match kind {
        Kind::Verify | Kind::Unrescue => course.drop_agent(),
        Kind::Clean => {
            if !fast::stays(course) {
                leave_boot(course);
            }
            course.node.deploy_boot_mode = None;
        }
        Kind::Service => leave_boot(course),
        Kind::Rescue => course.node.forget_rescue_password(),
        Kind::Deploy => {
            course.drop_agent();
            if course.node.boots != Boots::Instance {
                course.node.boots = Boots::Disk;
                course.node.boot_token = None;
            }
        }
        Kind::Delete => {
            empty_instance(course);
            volume::forget_targets(course);
            course.go(Verb::Clean);
            start_cleaning(course);
            return;
        }
    }
    give_back(course, kind);
    course.go(verb);
    if kind == Kind::Verify {
        // Shown beside the power from the beginning; what is not told does no harm.
        course.wish(Look::Modes);
        part::sheet::look(course);
    }
}

/// Cleaning and servicing, however they end, leave the deploy interface as it was.
fn give_back(course: &mut Course<'_>, kind: Kind) {
    if matches!(kind, Kind::Clean | Kind::Service) {
        detect::restore(course);
    }
}

/// What tear down takes away, whether it worked or not.
fn empty_instance(course: &mut Course<'_>) {
    course.drop_agent();
    let node = &mut course.node;
    node.wished.instance_info = Object::new();
    node.wished.instance_uuid = None;
    node.wished.instance_name = None;
    node.config_drive = None;
    if std::mem::take(&mut node.automatic_lessee) {
        node.wished.lessee = None;
    }
    node.boots = Boots::Nothing;
    node.boot_token = None;
    node.deploy_boot_mode = None;
    vif::detach_all(course);
}

/// The ramdisk is over: nothing of it is given out, and nobody is known as its agent.
fn leave_boot(course: &mut Course<'_>) {
    course.drop_agent();
    // An instance that boots itself is given its files at each of its boots.
    if course.node.boots != Boots::Instance {
        course.node.boot_token = None;
    }
    if course.node.boots == Boots::Ramdisk {
        course.node.boots = Boots::Nothing;
    }
}

/// The pipeline has failed: to its failed state, with step, reason and remedy in `last_error`.
pub fn fail(course: &mut Course<'_>, why: &str) {
    let Some(run) = course.node.run.clone() else {
        let node = course.node.label();
        course.error(format!("the work on node {node} failed: {why}. Mend the cause, then ask for it again"));
        return;
    };
    let visible = run.step().filter(|step| !step.hidden).map(ToString::to_string);
    let why = &site_hook::told(course, why);
    let text = sentence(course, &run, visible.as_deref(), why);
    if run.kind == Kind::Verify && visible.is_some() {
        // As the reference does: only the look at power decides, a verify step records what it found.
        course.error(text);
        step::pass_over(course);
        return;
    }
    if run.is_before_touch() {
        unprepared(course, run.kind, why);
        return;
    }
    course.strike(Purpose::Run);
    let rest = if visible.is_some() { Rest::InStep } else { Rest::BetweenSteps };
    aftermath(course, &run, rest);
    course.go(Verb::Fail);
    mark_fault(course, run.kind, visible.is_some(), &text);
    course.error(text);
    end_badly(course, &run);
    if run.kind == Kind::Delete {
        empty_instance(course);
    }
}

/// What the current step needs was not to be had. If nothing before it was about the machine either, that is left as it is.
/// A rescue knows by itself what it has left.
pub fn fail_before_touch(course: &mut Course<'_>, why: &str) {
    let untouched = |run: &&Run| run.kind != Kind::Rescue && run.is_at_first_touch();
    let Some(run) = course.node.run.as_ref().filter(untouched) else {
        fail(course, why);
        return;
    };
    let kind = run.kind;
    if let Some(before) = run.booted_before {
        course.node.boots = before;
        course.node.boot_token = None;
    }
    unprepared(course, kind, why);
}

/// The error that was noted last has ended the run.
fn end_badly(course: &mut Course<'_>, run: &Run) {
    course.which_began(Some(run.started));
    course.node.run = None;
    give_back(course, run.kind);
    let is_untouched =
        matches!(run.kind, Kind::Service | Kind::Rescue) && course.node.boots == Boots::Instance;
    if !is_untouched {
        course.node.boot_token = None;
    }
    if course.node.boots != Boots::Disk && !is_untouched {
        course.node.boots = Boots::Nothing;
    }
    course.stop_waiting();
    aftermath_paid(course);
}

/// Once nothing more is owed to it, the agent of a pipeline that did not end well is forgotten: its token, address
/// and certificate (contract `steps.md` section 8). Until then its logs are fetched with them.
pub fn aftermath_paid(course: &mut Course<'_>) {
    let over = course.node.run.is_none() && course.node.provision.traits().failure;
    if over && !course.owes_for(Purpose::Aftermath) {
        course.drop_agent();
    }
}

/// What cannot be carried out ends before the machine is touched: an image that cannot be had, a step that nobody
/// knows.
pub fn unprepared(course: &mut Course<'_>, kind: Kind, why: &str) {
    let node = course.node.label();
    course.strike(Purpose::Run);
    course.drop_agent();
    course.stop_waiting();
    give_back(course, kind);
    course.go(Verb::Fail);
    let manual = course.node.run.take().is_some_and(|run| run.manual);
    let remedy = remedy(kind, manual, course.node.wished.maintenance);
    let what = kind.gerund();
    course.error(format!("{what} of node {node} failed before the machine was touched: {why}. {remedy}"));
}

fn sentence(course: &Course<'_>, run: &Run, step: Option<&str>, why: &str) -> String {
    let node = course.node.label();
    let kind = run.kind;
    let marked = step.is_some() && matches!(kind, Kind::Clean | Kind::Service);
    let remedy = match (kind, step) {
        (Kind::Verify, Some(_)) => PASSED_OVER.to_owned(),
        _ => remedy(kind, run.manual, course.node.wished.maintenance || marked),
    };
    match step {
        Some(step) => format!("{} of node {node} failed in step {step}: {why}. {remedy}", kind.gerund()),
        None => format!("{} of node {node} failed: {why}. {remedy}", kind.gerund()),
    }
}

/// What to do about a step of a verification: it is not run again, for a node that is manageable is not verified.
const PASSED_OVER: &str =
    "It becomes manageable all the same: correct driver_info or the BMC before it is provided or deployed.";

/// What to do about it; in maintenance that ends first.
fn remedy(kind: Kind, manual: bool, maintenance: bool) -> String {
    let (mend, then) = match kind {
        Kind::Verify => ("Correct driver_info or the BMC", "manage it again"),
        Kind::Clean if manual => ("Mend the cause", "manage and clean it again"),
        Kind::Clean => ("Mend the cause", "manage and provide it again"),
        Kind::Deploy => ("Mend the cause", "deploy it again or undeploy it"),
        Kind::Service => ("Mend the cause", "service it again or abort"),
        Kind::Delete => ("Mend the cause", "undeploy it again"),
        Kind::Rescue => ("Mend the cause", "rescue it again, or unrescue it to boot its instance"),
        Kind::Unrescue => ("Mend the cause", "unrescue it again, or rescue it"),
    };
    let unset = if maintenance { ", unset maintenance" } else { "" };
    format!("{mend}{unset}, then {then}.")
}

fn abort_remedy(run: &Run) -> &'static str {
    match run.kind {
        Kind::Clean if run.manual => "Manage it to go on.",
        Kind::Clean => "Manage and provide it again when it may be cleaned.",
        Kind::Deploy => "Deploy it again or undeploy it.",
        Kind::Service => "The instance gets its machine back.",
        Kind::Verify => "Manage it again.",
        Kind::Delete => "Undeploy it again.",
        Kind::Rescue => "Rescue it again, or unrescue it to boot its instance.",
        Kind::Unrescue => "Unrescue it again.",
    }
}

/// How a run ended that did not end well.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    InStep,
    /// Before its first step, or after one.
    BetweenSteps,
    Aborted,
}

/// Logs, then power off where the site wants it. In cleaning the machine is off unless a step failed on it, which a person
/// is to look at: after an abort its agent may still be at the very step that somebody wanted to end, and a ramdisk that
/// did not call in time is not to come up later. A machine that was not touched is left as it is.
fn aftermath(course: &mut Course<'_>, run: &Run, rest: Rest) {
    if run.is_before_touch() {
        return;
    }
    if run.kind == Kind::Rescue {
        rescue::clean_up(course, run, rest == Rest::Aborted);
        return;
    }
    let policy = course.facts.policy;
    let reachable = course.node.agent.as_ref().is_some_and(|agent| agent.url.is_some());
    if reachable && policy.collect_logs != CollectLogs::Never {
        course.owe(Effect::Logs, Purpose::Aftermath);
    }
    let uses_agent = course.facts.catalog.uses_agent(&course.node.wished.interfaces);
    let off = match run.kind {
        Kind::Deploy => policy.power_off_after_deploy_failure,
        Kind::Clean => {
            policy.poweroff_in_cleanfail || (rest != Rest::InStep && course.node.boots == Boots::Ramdisk)
        }
        Kind::Service => policy.poweroff_in_servicefail,
        Kind::Verify | Kind::Delete | Kind::Rescue | Kind::Unrescue => false,
    };
    if off && uses_agent && !course.node.wished.disable_power_off {
        let limit = policy.power_state_change_timeout;
        power::off(course, limit, Purpose::Aftermath);
        parts::clean_up(course, Purpose::Aftermath);
    }
}

/// A step that failed on the machine itself asks for a person.
fn mark_fault(course: &mut Course<'_>, kind: Kind, in_step: bool, text: &str) {
    let fault = match kind {
        Kind::Clean => Fault::Clean,
        Kind::Service => Fault::Service,
        Kind::Verify | Kind::Deploy | Kind::Delete | Kind::Rescue | Kind::Unrescue => return,
    };
    if in_step {
        course.node.wished.maintenance = true;
        course.node.maintenance_reason = Some(text.chars().take(REASON_LIMIT).collect());
        course.node.fault = Some(fault);
    }
}

/// Somebody said abort, and the current step allows it.
pub fn abort(course: &mut Course<'_>) {
    let Some(run) = course.node.run.clone() else {
        if course.node.provision == Provision::ServiceFail {
            course.node.last_error = None;
            manual::give_up(course);
        } else {
            course.go(Verb::Abort);
        }
        return;
    };
    let step = run
        .step()
        .filter(|step| !step.hidden)
        .map_or("before its first step".to_owned(), |step| format!("during step {step}"));
    let node = course.node.label();
    course.strike(Purpose::Run);
    if run.kind == Kind::Service {
        // Failed first, as the moves are; its agent is no more needed.
        course.go(Verb::Fail);
    } else {
        aftermath(course, &run, Rest::Aborted);
        course.go(Verb::Abort);
    }
    let (what, remedy) = (run.kind.gerund(), abort_remedy(&run));
    course.error(format!("{what} of node {node} was aborted by request {step}. {remedy}"));
    end_badly(course, &run);
    if run.kind == Kind::Service {
        course.drop_agent();
        manual::give_up(course);
    }
}

/// Aborted while a step works that has now ended: the wait state is passed for the move's sake.
pub fn abort_after_step(course: &mut Course<'_>) {
    if !step::is_waiting(course.node.provision) {
        course.go(Verb::Wait);
    }
    abort(course);
}

/// Characters of a reason that repeats `last_error`, so that the record stays under 64 KiB.
const REASON_LIMIT: usize = 1024;
