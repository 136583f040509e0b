//! Provision verbs: what a client may ask in which state (contract `states.json`).

use crate::flow::course::Course;
use crate::flow::inspect;
use crate::flow::pipeline;
use crate::flow::plan;
use crate::flow::step;
use crate::flow::template;
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
use crate::model::provision::Provision;
use crate::model::run::{Phase, Run};
use crate::model::step::{Kind, Step};

/// Admits a provision verb or says why not.
pub fn admit(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    check_move(node, ask, facts)?;
    check_built(node, ask)?;
    if ask.verb == Verb::Inspect {
        inspect::check(node, facts)?;
    }
    check_flags(node, ask, facts)?;
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
        Verb::Adopt
        | Verb::Clean
        | Verb::Done
        | Verb::Fail
        | Verb::Hold
        | Verb::Rescue
        | Verb::Resume
        | Verb::Service
        | Verb::Unrescue
        | Verb::Wait => return Err(no_such_move(node, ask)),
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

/// A verb whose pipeline comes later is refused before the move.
fn check_built(node: &Node, ask: &ProvisionAsk) -> Result<(), Refusal> {
    let pipeline = match ask.verb {
        Verb::Adopt => "adoption",
        Verb::Clean => "manual cleaning",
        Verb::Rescue | Verb::Unrescue => "rescue",
        Verb::Service => "servicing",
        Verb::Abort
        | Verb::Delete
        | Verb::Deploy
        | Verb::Done
        | Verb::Fail
        | Verb::Hold
        | Verb::Inspect
        | Verb::Manage
        | Verb::Provide
        | Verb::Rebuild
        | Verb::Resume
        | Verb::Unhold
        | Verb::Wait => return Ok(()),
    };
    Err(Refusal::NotBuilt { node: node.id, word: ask.word.clone(), pipeline })
}

fn check_flags(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<(), Refusal> {
    let maintenance =
        || Refusal::InMaintenance { node: node.id, what: format!("the provision action {:?}", ask.word) };
    let wished = &node.wished;
    if matches!(ask.verb, Verb::Deploy | Verb::Rebuild) && wished.maintenance {
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
    let boots = (ask.verb == Verb::Provide && is_cleaned(node, facts))
        || (ask.verb == Verb::Inspect && inspect::in_band::is_booted(node, facts));
    for seen in facts.seen {
        match seen {
            Seen::Valid(verdicts) => {
                let mut bad = verdicts.iter().filter(|verdict| {
                    matters(verdict.interface, ask.verb) || (verdict.interface == Interface::Boot && boots)
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
        Interface::Deploy | Interface::Boot => is_deployment(verb),
        Interface::Inspect => verb == Verb::Inspect,
        Interface::Bios
        | Interface::Console
        | Interface::Firmware
        | Interface::Management
        | Interface::Network
        | Interface::Raid
        | Interface::Rescue
        | Interface::Storage
        | Interface::Vendor => false,
    }
}

fn is_deployment(verb: Verb) -> bool {
    matches!(verb, Verb::Deploy | Verb::Rebuild)
}

fn invalid_settings(node: &Node, verb: Verb, reason: &str) -> Refusal {
    let what = match (is_deployment(verb), verb == Verb::Inspect) {
        (true, _) => "deploy or power",
        (false, true) => "inspect or power",
        (false, false) if verb == Verb::Provide => "boot or power",
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
    let template::Asked { steps, templates } =
        template::asked(&course.node, &ask.steps, facts.plans).map_err(Refusal::Invalid)?;
    for asked in &steps {
        let name = format!("{}.{}", asked.interface, asked.step);
        if facts.policy.disallow_deploy_steps.contains(&name) {
            return Err(Refusal::Invalid(format!("deploy step {name} is not allowed on this host")));
        }
    }
    let size = serde_json::to_vec(&steps).map_or(usize::MAX, |text| text.len());
    if size > ASKED_LIMIT {
        return Err(Refusal::Invalid(format!(
            "deploy_steps of {size} bytes are over the limit of {ASKED_LIMIT}"
        )));
    }
    let plan = plan::deploy(&course.node, &steps, facts).map_err(Refusal::Invalid)?;
    if let Some(name) = &ask.config_drive {
        course.node.config_drive = Some(name.clone());
    }
    course.drop_agent();
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
        Some(why) => pipeline::unprepared(course, why),
        None => pipeline::start(course, Kind::Deploy, plan, ask.steps.clone()),
    }
    Ok(())
}

fn delete(course: &mut Course<'_>) {
    course.strike(Purpose::Run);
    course.drop_agent();
    course.go(Verb::Delete);
    let plan = plan::delete(&course.node, course.facts);
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

/// Bytes of the steps in a request, so that the record stays under 16 KiB.
const ASKED_LIMIT: usize = 4096;
