//! Provision verbs: what a client may ask in which state (contract `states.json`).

use crate::flow::adopt;
use crate::flow::aside;
use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::detect;
use crate::flow::fast;
use crate::flow::inspect;
use crate::flow::manual;
use crate::flow::pipeline;
use crate::flow::plan;
use crate::flow::rescue;
use crate::flow::step;
use crate::flow::template;
use crate::model::bmc::firmware;
use crate::model::decision::Decision;
use crate::model::decision::ask::ProvisionAsk;
use crate::model::decision::effect::Purpose;
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::Seen;
use crate::model::decision::refusal::Refusal;
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::notice::telling::Session;
use crate::model::policy::AutomaticLessee;
use crate::model::provision::Provision;
use crate::model::run::{Phase, Run};
use crate::model::step::{Kind, Step};

/// Admits a provision verb or says why not.
pub fn admit(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    check_move(node, ask, facts)?;
    check_room(ask, facts)?;
    if ask.verb == Verb::Inspect {
        inspect::check(node, facts)?;
    }
    if matches!(ask.verb, Verb::Rescue | Verb::Unrescue) {
        rescue::check(node, ask, facts)?;
    }
    if ask.verb == Verb::Abort && node.provision == Provision::ServiceFail {
        manual::check_give_up(node)?;
    }
    check_flags(node, ask, facts)?;
    check_boot_mode(node, ask, facts)?;
    check_settings(node, ask, facts)?;
    let mut course = Course::of(node, facts);
    match ask.verb {
        Verb::Manage => manage(&mut course),
        Verb::Provide => {
            course.go(Verb::Provide);
            pipeline::start_cleaning(&mut course);
        }
        Verb::Deploy | Verb::Rebuild => deploy(&mut course, ask)?,
        Verb::Delete => delete(&mut course),
        Verb::Abort => abort(&mut course),
        Verb::Unhold => unhold(&mut course),
        Verb::Inspect => inspect::start(&mut course),
        Verb::Adopt => adopt::start(&mut course),
        Verb::Clean => manual::start(&mut course, Kind::Clean, ask)?,
        Verb::Service => manual::start(&mut course, Kind::Service, ask)?,
        Verb::Rescue => rescue::start(&mut course, ask),
        Verb::Unrescue => rescue::leave(&mut course),
        Verb::Done | Verb::Fail | Verb::Hold | Verb::Resume | Verb::Wait => {
            return Err(no_such_move(node, ask));
        }
    }
    Ok(course.finish(node))
}

fn no_such_move(node: &Node, ask: &ProvisionAsk) -> Refusal {
    Refusal::NoSuchMove { node: node.id, word: ask.word.clone(), from: node.provision, verb: ask.verb }
}

/// Illegal moves are 409 while the node is reserved (it may become legal), else 400.
fn check_move(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<(), Refusal> {
    let internal = ask.verb == Verb::Manage && node.provision == Provision::Cleaning
        || ask.verb == Verb::Clean && node.provision == Provision::Deleting;
    if internal || (node.provision.after(ask.verb).is_none() && node.reserved) {
        return Err(Refusal::Locked { node: node.id, host: facts.policy.host.clone() });
    }
    if node.provision.after(ask.verb).is_none() {
        return Err(no_such_move(node, ask));
    }
    Ok(())
}

/// The site's limits of what is under way at once, counted in the decision's own transaction.
fn check_room(ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<(), Refusal> {
    let policy = facts.policy;
    let (states, most, option): (&[Provision], _, _) = match ask.verb {
        Verb::Deploy | Verb::Rebuild => (
            &[Provision::Deploying, Provision::DeployWait],
            policy.max_concurrent_deploy,
            "max_concurrent_deploy",
        ),
        Verb::Delete | Verb::Clean | Verb::Service => (
            &[Provision::Deleting, Provision::Cleaning, Provision::CleanWait],
            policy.max_concurrent_clean,
            "max_concurrent_clean",
        ),
        Verb::Abort
        | Verb::Adopt
        | Verb::Done
        | Verb::Fail
        | Verb::Hold
        | Verb::Inspect
        | Verb::Manage
        | Verb::Provide
        | Verb::Rescue
        | Verb::Resume
        | Verb::Unhold
        | Verb::Unrescue
        | Verb::Wait => return Ok(()),
    };
    if facts.bearers.count_in(states) < most {
        return Ok(());
    }
    Err(Refusal::Busy(format!(
        "the requested action {:?} would be one too many: {most} nodes are in such work already, as many as [conductor] \
         {option} allows; ask again when one of them is done",
        ask.word
    )))
}

/// A way to boot that the site does not want on deployed machines.
fn check_boot_mode(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<(), Refusal> {
    let policy = facts.policy;
    let mode = firmware::wanted_mode(node).unwrap_or(policy.default_boot_mode);
    if !is_deployment(ask.verb) || !policy.disallowed_deployment_boot_modes.contains(&mode) {
        return Ok(());
    }
    Err(Refusal::Invalid(format!(
        "node {} would boot in {} mode, which this site does not deploy ([conductor] disallowed_deployment_boot_modes)",
        node.id,
        mode.name()
    )))
}

fn check_flags(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<(), Refusal> {
    let maintenance =
        || Refusal::InMaintenance { node: node.id, what: format!("the provision action {:?}", ask.word) };
    let wished = &node.wished;
    let is_work = match ask.verb {
        Verb::Deploy | Verb::Rebuild | Verb::Clean | Verb::Service | Verb::Rescue | Verb::Unrescue => true,
        Verb::Abort
        | Verb::Adopt
        | Verb::Delete
        | Verb::Done
        | Verb::Fail
        | Verb::Hold
        | Verb::Inspect
        | Verb::Manage
        | Verb::Provide
        | Verb::Resume
        | Verb::Unhold
        | Verb::Wait => false,
    };
    if is_work && wished.maintenance {
        return Err(maintenance());
    }
    if ask.verb == Verb::Provide && wished.maintenance && !facts.policy.allow_provisioning_in_maintenance {
        return Err(maintenance());
    }
    if matches!(ask.verb, Verb::Rebuild | Verb::Delete) && wished.protected {
        return Err(Refusal::Protected { node: node.id });
    }
    if ask.verb == Verb::Provide && wished.retired {
        return Err(Refusal::Retired { node: node.id });
    }
    Ok(())
}

/// What the looks found wrong with the settings.
fn check_settings(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<(), Refusal> {
    if ask.verb == Verb::Adopt {
        // Whatever is wrong is the work's to tell.
        return Ok(());
    }
    // Where the site boots agents its own way, the boot interface has no part in it.
    let manages = facts.policy.agent.manage_boot || !parts::deploys_by_agent(node, facts);
    let boots = (manages && is_deployment(ask.verb))
        || (manages && ask.verb == Verb::Provide && is_cleaned(node, facts))
        || (ask.verb == Verb::Inspect && inspect::in_band::is_booted(node, facts));
    for seen in facts.seen {
        match seen {
            Seen::Valid(verdicts) => {
                let mut bad = verdicts.iter().filter(|verdict| {
                    (boots && verdict.interface == Interface::Boot) || matters(verdict.interface, ask.verb)
                });
                if let Some(reason) = bad.find_map(|verdict| verdict.reason.as_ref()) {
                    return Err(invalid_settings(node, ask.verb, reason));
                }
            }
            Seen::Silent(failure) => return Err(invalid_settings(node, ask.verb, &failure.why)),
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
    Ok(())
}

/// Cleaning boots the agent, as inspection in band does: where nothing can, it is refused before anything moves.
fn is_cleaned(node: &Node, facts: &Facts<'_>) -> bool {
    node.wished.automated_clean.unwrap_or(facts.policy.automated_clean)
        && facts.catalog.uses_agent(&node.wished.interfaces)
}

/// Whether a verb needs the settings of this interface.
fn matters(interface: Interface, verb: Verb) -> bool {
    match interface {
        Interface::Power => true,
        Interface::Deploy => is_deployment(verb),
        Interface::Inspect => verb == Verb::Inspect,
        Interface::Network => matches!(verb, Verb::Clean | Verb::Service | Verb::Rescue),
        Interface::Rescue => verb == Verb::Rescue,
        // That of the boot interface is asked of who boots something.
        Interface::Bios
        | Interface::Boot
        | Interface::Console
        | Interface::Firmware
        | Interface::Management
        | Interface::Raid
        | Interface::Storage
        | Interface::Vendor => false,
    }
}

fn is_deployment(verb: Verb) -> bool {
    matches!(verb, Verb::Deploy | Verb::Rebuild)
}

fn invalid_settings(node: &Node, verb: Verb, reason: &str) -> Refusal {
    if matches!(verb, Verb::Rescue | Verb::Unrescue) {
        return rescue::invalid_settings(node, verb, reason);
    }
    let what = match (is_deployment(verb), verb == Verb::Inspect) {
        (true, _) => "deploy or power",
        (false, true) => "inspect or power",
        (false, false) if verb == Verb::Provide => "boot or power",
        (false, false) if matches!(verb, Verb::Clean | Verb::Service) => "network or power",
        (false, false) => "power",
    };
    Refusal::Invalid(format!("Failed to validate {what} info for node {}: {reason}", node.id))
}

fn manage(course: &mut Course<'_>) {
    course.go(Verb::Manage);
    if course.node.provision == Provision::Verifying {
        let plan = plan::verify(&course.node, course.facts);
        pipeline::start(course, Kind::Verify, plan, Vec::new());
    } else {
        course.node.last_error = None;
    }
}

fn deploy(course: &mut Course<'_>, ask: &ProvisionAsk) -> Result<(), Refusal> {
    let facts = course.facts;
    detect::switch_anew(course).map_err(Refusal::Invalid)?;
    let template::Asked { steps, templates } =
        template::asked(&course.node, &ask.steps, facts.plans).map_err(Refusal::Invalid)?;
    manual::check_asked(Kind::Deploy, &steps, facts)?;
    let plan = plan::deploy(&course.node, &steps, facts).map_err(Refusal::Invalid)?;
    if let Some(name) = &ask.config_drive {
        course.node.config_drive = Some(name.clone());
    }
    if ask.verb == Verb::Deploy {
        lend(course, ask);
    }
    if !fast::is_ready(course) {
        course.drop_agent();
    }
    course.go(ask.verb);
    if !templates.is_empty() {
        let names = templates.join(", ");
        course.note(Event::info(
            "templates",
            format!("the deployment takes the steps of deploy templates {names}"),
        ));
    }
    let unfit =
        facts.seen.iter().find_map(|seen| if let Seen::Image(why) = seen { why.as_ref() } else { None });
    match unfit {
        Some(why) => pipeline::unprepared(course, Kind::Deploy, why),
        None => pipeline::start(course, Kind::Deploy, plan, steps),
    }
    Ok(())
}

/// The project for which a node is deployed becomes its lessee, unless it has one.
fn lend(course: &mut Course<'_>, ask: &ProvisionAsk) {
    let project = match course.facts.policy.automatic_lessee {
        AutomaticLessee::Never => None,
        AutomaticLessee::Request => ask.project.clone(),
        AutomaticLessee::Instance => course.node.instance_info("project_id").map(str::to_owned),
    };
    let Some(project) = project.filter(|project| !project.is_empty()) else { return };
    if course.node.wished.lessee.is_none() {
        course.note(Event::info("lessee", format!("the node is lent to project {project}")));
        course.node.wished.lessee = Some(project);
        course.node.automatic_lessee = true;
    }
}

fn delete(course: &mut Course<'_>) {
    course.strike(Purpose::Run);
    if course.node.wished.console_enabled {
        aside::owe_console(course, false, Session::Stop);
    }
    course.drop_agent();
    course.node.forget_rescue_password();
    let left = rescue::leftovers(course);
    // What was there before has an agent too: a tear down does not depend on what fits.
    detect::switch(course).ok();
    course.go(Verb::Delete);
    let mut plan = plan::delete(&course.node, course.facts);
    if plan.is_empty() {
        plan.extend(left);
    }
    pipeline::start(course, Kind::Delete, plan, Vec::new());
}

/// A step that is not abortable ends first; the abort is remembered in it.
fn abort(course: &mut Course<'_>) {
    if course.node.provision == Provision::InspectWait {
        inspect::abort(course);
        return;
    }
    let Some(run) = course.node.run.as_mut() else {
        pipeline::abort(course);
        return;
    };
    let cursor = run.cursor;
    let held = run.phase == Phase::Hold;
    if let Some(step) = run.plan.get_mut(cursor).filter(|step| !step.abortable && !held) {
        step.abort_after = true;
        return;
    }
    pipeline::abort(course);
}

/// Back to the wait state; with nothing left to wait for the next step begins.
fn unhold(course: &mut Course<'_>) {
    course.go(Verb::Unhold);
    let held = course.node.run.as_ref().and_then(Run::step).map(Step::to_string);
    if held.is_some() {
        step::unheld(course);
    }
}
