//! Which steps a pipeline takes, in which order (contract `steps.md` section 2).

pub mod agent_up;
pub mod manual;
pub mod rescue;

use crate::model::Object;
use crate::model::boot::elsewhere;
use crate::model::catalog::{Catalog, Offer};
use crate::model::decision::facts::Facts;
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::policy::Policy;
use crate::model::run::Run;
use crate::model::step::{Again, AskedStep, By, Core, Kind, Step};
use crate::model::turn::InBand;

/// The plan of verification: see that the BMC answers, then the drivers' verify steps.
pub fn verify(node: &Node, facts: &Facts<'_>) -> Vec<Step> {
    let mut plan = vec![frame("check_power", Core::CheckPower)];
    plan.extend(declared(node, facts, Kind::Verify));
    plan
}

/// The plan of automated cleaning, as far as it is known without the agent.
pub fn clean(node: &Node, facts: &Facts<'_>) -> Vec<Step> {
    if !facts.catalog.uses_agent(&node.wished.interfaces) {
        return cleaning(node, facts, &[]);
    }
    vec![
        frame("boot_agent", Core::BootAgent),
        frame("fetch_steps", Core::FetchSteps),
        frame("power_off", Core::PowerOff),
    ]
}

/// The steps of automated cleaning, with those that the agent offers.
pub fn cleaning(node: &Node, facts: &Facts<'_>, in_band: &[InBand]) -> Vec<Step> {
    let mut steps = declared(node, facts, Kind::Clean);
    // What an agent does it must offer itself, with its own priority.
    steps.retain(|step| step.by != By::Agent);
    for offered in in_band.iter().filter(|offered| is_served(node, offered, Kind::Clean, facts)) {
        let priority = clean_priority(facts.policy, offered);
        if priority > 0 && !steps.iter().any(|step| step.is(offered.interface, &offered.step)) {
            steps.push(from_agent(offered, priority));
        }
    }
    for step in &mut steps {
        if let Some(priority) = overridden(facts.policy, Kind::Clean, step.interface, &step.step) {
            step.priority = priority;
        }
    }
    let refused = &facts.policy.disallow_clean_steps;
    steps.retain(|step| step.priority > 0 && !refused.contains(&step.to_string()));
    sort(&mut steps, Kind::Clean);
    steps
}

/// Whether the node has the interface of an offered step: volumes are the agent's only where the RAID interface says so.
fn is_served(node: &Node, offered: &InBand, kind: Kind, facts: &Facts<'_>) -> bool {
    offered.interface != Interface::Raid || raid_is_agents(node, kind, facts)
}

/// Whether the agent makes the volumes of the node.
fn raid_is_agents(node: &Node, kind: Kind, facts: &Facts<'_>) -> bool {
    let mut declared = facts.catalog.steps(node, kind);
    declared.any(|(interface, spec)| interface == Interface::Raid && spec.by == By::Agent)
}

/// The plan of tear down: the instance runs no more. A machine that never is off is started anew.
pub fn delete(node: &Node, facts: &Facts<'_>) -> Vec<Step> {
    if !facts.catalog.uses_agent(&node.wished.interfaces) {
        return Vec::new();
    }
    if node.wished.disable_power_off {
        return vec![frame("reboot", Core::Reboot)];
    }
    vec![frame("power_off", Core::PowerOff)]
}

/// The plan of a deployment, as far as it is known without the agent.
pub fn deploy(node: &Node, asked: &[AskedStep], facts: &Facts<'_>) -> Result<Vec<Step>, String> {
    // Cleaning of a `ramdisk` node goes through an agent, its deployment does not.
    let uses_agent =
        declared(node, facts, Kind::Deploy).iter().any(|step| step.by == By::Core(Core::BootAgent));
    let mut steps = declared(node, facts, Kind::Deploy);
    check_at_odds(asked)?;
    for ask in asked {
        override_with(&mut steps, ask, asked_step(node, ask, facts.catalog, uses_agent)?);
    }
    sort(&mut steps, Kind::Deploy);
    agent_up::check(&steps)?;
    if let Some(place) = steps.iter().position(|step| step.by == By::Core(Core::BootAgent)) {
        steps.insert(place + 1, frame("fetch_steps", Core::FetchSteps));
        let after = steps.split_off(place + 1);
        let after = agent_up::with_boots(&steps, after);
        steps.extend(after);
    }
    if let Some(place) = steps.iter().position(|step| step.by == By::Core(Core::BootInstaller)) {
        let device = Step { by: By::Driver, ..frame("set_boot_to_disk", Core::Nothing) };
        let after = [frame("power_off", Core::PowerOff), device, frame("boot_disk", Core::BootDisk)];
        steps.splice((place + 1)..=place, after);
    }
    if elsewhere::image_is_readied(node, facts.policy)
        && steps.iter().any(|step| writes_image(node, step, facts))
    {
        // Before all others, so that what is wrong with the image is found while the machine is as it was.
        steps.insert(0, frame("ready_image", Core::ReadyImage));
    }
    Ok(steps)
}

/// Whether this is the step in which the agent writes the image of `instance_info`, as the node's interface has it.
fn writes_image(node: &Node, step: &Step, facts: &Facts<'_>) -> bool {
    step.is(Interface::Deploy, WRITE_IMAGE)
        && facts
            .catalog
            .steps(node, Kind::Deploy)
            .any(|(interface, spec)| interface == Interface::Deploy && spec.step == WRITE_IMAGE)
}

/// What is left of a deployment after `done`, now that the agent has told its steps. A step of its own that the request
/// gives priority 0 is left out.
pub fn deploy_with_agent(
    run: &Run,
    done: usize,
    in_band: &[InBand],
    declared: &dyn Fn(&AskedStep) -> bool,
) -> Result<Vec<Step>, String> {
    let left_out: Vec<_> = run.asked.iter().filter(|ask| ask.priority.unwrap_or(0) == 0).collect();
    let is_offered =
        |ask: &AskedStep| in_band.iter().any(|one| one.interface == ask.interface && one.step == ask.step);
    if let Some(ask) =
        left_out.iter().find(|ask| !is_reserved(&ask.step) && !declared(ask) && !is_offered(ask))
    {
        return Err(format!(
            "neither the driver nor the agent has a deploy step {}.{}",
            ask.interface, ask.step
        ));
    }
    let (past, future) = run.plan.split_at(done.min(run.plan.len()));
    let mut steps = Vec::new();
    for step in future.iter().filter(|step| !is_of_agent_alone(step, declared)) {
        steps.push(confirmed(step, in_band, Kind::Deploy)?);
    }
    for offered in in_band {
        let known = past.iter().chain(&steps).any(|step| step.is(offered.interface, &offered.step))
            || left_out.iter().any(|ask| ask.interface == offered.interface && ask.step == offered.step);
        if offered.priority > 0 && !known {
            steps.push(from_agent(offered, offered.priority));
        }
    }
    sort(&mut steps, Kind::Deploy);
    let plan: Vec<_> = past.iter().cloned().chain(agent_up::with_boots(past, steps)).collect();
    agent_up::check(&plan)?;
    Ok(plan)
}

/// Whether nobody but the agent has put the step into the plan: one that has changed may have it no more.
fn is_of_agent_alone(step: &Step, declared: &dyn Fn(&AskedStep) -> bool) -> bool {
    let (interface, name) = (step.interface, step.step.clone());
    let ask = AskedStep { interface, step: name, args: Object::new(), priority: None, children: None };
    step.by == By::Agent && !step.asked && !step.hidden && !declared(&ask)
}

/// An asked step that only the agent can know must be one it offers; its rules are taken from there.
fn confirmed(step: &Step, in_band: &[InBand], kind: Kind) -> Result<Step, String> {
    let kind = kind.name();
    if !step.asked || step.by != By::Agent {
        return Ok(step.clone());
    }
    let offered =
        in_band.iter().find(|offered| step.is(offered.interface, &offered.step)).ok_or_else(|| {
            let names: Vec<_> =
                in_band.iter().map(|one| format!("{}.{}", one.interface, one.step)).take(24).collect();
            let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            format!("neither the driver nor the agent has a {kind} step {step}; the agent has {has}")
        })?;
    check_args(&step.args, &offered.known, &offered.required)
        .map_err(|why| format!("{kind} step {step}: {why}"))?;
    // A request gives deploy steps their priorities; the others have that of who offers them.
    let priority = if kind == Kind::Deploy.name() { step.priority } else { offered.priority };
    Ok(Step {
        priority,
        abortable: offered.abortable,
        again: offered.again,
        reboot_after: offered.reboot_requested,
        ..step.clone()
    })
}

fn check_args(args: &Object, known: &[String], required: &[String]) -> Result<(), String> {
    if let Some(unknown) = args.keys().find(|key| !known.contains(key)) {
        return Err(format!("unknown argument {unknown:?}"));
    }
    match required.iter().find(|name| !args.contains_key(name.as_str())) {
        Some(missing) => Err(format!("argument {missing:?} is required")),
        None => Ok(()),
    }
}

/// A step cannot be left out and run, nor named twice: a request has each once, as each template has.
fn check_at_odds(asked: &[AskedStep]) -> Result<(), String> {
    let is_same =
        |one: &AskedStep, other: &AskedStep| one.interface == other.interface && one.step == other.step;
    let goes = |ask: &AskedStep| ask.priority.unwrap_or(0) == 0;
    let odd = asked.iter().find(|ask| {
        !is_reserved(&ask.step) && goes(ask) && asked.iter().any(|one| is_same(one, ask) && !goes(one))
    });
    if let Some(ask) = odd {
        return Err(format!(
            "deploy step {}.{} is to be left out (priority 0) and to be run: name it once",
            ask.interface, ask.step
        ));
    }
    let twice = asked.iter().enumerate().find(|(place, ask)| {
        !is_reserved(&ask.step) && asked.iter().take(*place).any(|one| is_same(one, ask))
    });
    match twice {
        None => Ok(()),
        Some((_, ask)) => {
            Err(format!("deploy step {}.{} is named twice: name it once", ask.interface, ask.step))
        }
    }
}

/// What a step of the pipeline's own cannot be told.
fn check_reserved(ask: &AskedStep, kind: Kind) -> Result<(), String> {
    let waits = ask.step == "wait";
    let known: Vec<String> = if waits { vec!["seconds".to_owned()] } else { Vec::new() };
    let name = || format!("{} step {}.{}", kind.name(), ask.interface, ask.step);
    if let Err(why) = check_args(&ask.args, &known, &[]) {
        let takes = if waits { "seconds, and nothing else" } else { "none" };
        return Err(format!("{}: {why}; it takes {takes}", name()));
    }
    match ask.args.get("seconds") {
        Some(seconds) if seconds.as_u64().is_none() => {
            Err(format!("{}: seconds must be a whole number from 0 on", name()))
        }
        _ => Ok(()),
    }
}

/// A request's steps take the place of the driver's of the same name; priority 0 removes it.
fn override_with(steps: &mut Vec<Step>, ask: &AskedStep, step: Option<Step>) {
    steps.retain(|old| old.asked || !old.is(ask.interface, &ask.step));
    steps.extend(step.filter(|step| step.priority > 0));
}

/// What the driver knows to be wrong with a step that a deployment is asked for.
pub fn check_asked(node: &Node, ask: &AskedStep, catalog: &Catalog) -> Result<(), String> {
    asked_step(node, ask, catalog, true).map(|_| ())
}

fn asked_step(
    node: &Node,
    ask: &AskedStep,
    catalog: &Catalog,
    uses_agent: bool,
) -> Result<Option<Step>, String> {
    let priority = ask.priority.unwrap_or(0);
    let declared = catalog
        .steps(node, Kind::Deploy)
        .find(|(interface, spec)| *interface == ask.interface && spec.step == ask.step);
    if let Some(core) = reserved(&ask.step) {
        check_reserved(ask, Kind::Deploy)?;
        return Ok(Some(Step { by: By::Core(core), ..from_request(ask, priority, By::Agent) }));
    }
    let Some((interface, spec)) = declared else {
        // Only the agent can know it; a driver that never runs an agent skips it, as the reference does.
        return Ok(uses_agent.then(|| from_request(ask, priority, By::Agent)));
    };
    // The deployment itself, whoever does it.
    if interface == Interface::Deploy && spec.step == "deploy" && priority > 0 {
        return Err(format!("deploy step {interface}.{} cannot be overridden", spec.step));
    }
    let known: Vec<_> = spec.args.iter().map(|arg| arg.name.to_owned()).collect();
    // One that is to be left out needs no arguments.
    let required: Vec<_> =
        spec.args.iter().filter(|arg| arg.required && priority > 0).map(|arg| arg.name.to_owned()).collect();
    check_args(&ask.args, &known, &required)
        .map_err(|why| format!("deploy step {interface}.{}: {why}", spec.step))?;
    Ok(Some(Step { args: ask.args.clone(), asked: true, priority, ..from_spec(interface, spec) }))
}

/// Names that the pipeline handles in every kind, whatever the interface.
pub fn reserved(name: &str) -> Option<Core> {
    match name {
        "power_on" => Some(Core::PowerOn),
        "power_off" => Some(Core::PowerOff),
        "reboot" => Some(Core::Reboot),
        "hold" => Some(Core::Hold),
        "wait" => Some(Core::Wait),
        _ => None,
    }
}

fn is_reserved(name: &str) -> bool {
    reserved(name).is_some()
}

/// The steps that drivers declare with a priority.
fn declared(node: &Node, facts: &Facts<'_>, kind: Kind) -> Vec<Step> {
    let offered = facts.catalog.steps(node, kind);
    let all = offered.map(|(interface, spec)| {
        let priority = overridden(facts.policy, kind, interface, spec.step).unwrap_or(spec.priority);
        Step { priority, ..from_spec(interface, spec) }
    });
    let mut steps: Vec<_> = all.filter(|step| step.priority > 0).collect();
    sort(&mut steps, kind);
    steps
}

fn clean_priority(policy: &Policy, offered: &InBand) -> i64 {
    let erase = match (offered.interface, offered.step.as_str()) {
        (Interface::Deploy, "erase_devices") => policy.erase_devices_priority,
        (Interface::Deploy, "erase_devices_metadata") => policy.erase_devices_metadata_priority,
        (Interface::Raid, "create_configuration") => policy.create_configuration_priority,
        (Interface::Raid, "delete_configuration") => policy.delete_configuration_priority,
        _ => None,
    };
    overridden(policy, Kind::Clean, offered.interface, &offered.step).or(erase).unwrap_or(offered.priority)
}

fn overridden(policy: &Policy, kind: Kind, interface: Interface, step: &str) -> Option<i64> {
    let given = match kind {
        Kind::Clean => &policy.clean_step_priority_override,
        Kind::Verify => &policy.verify_step_priority_override,
        Kind::Deploy | Kind::Service | Kind::Delete | Kind::Rescue | Kind::Unrescue => return None,
    };
    let name = format!("{interface}.{step}");
    given.iter().find(|(key, _)| *key == name).map(|(_, priority)| *priority)
}

/// Highest priority first; on equal priority the weightier interface (stable otherwise).
fn sort(steps: &mut [Step], kind: Kind) {
    steps.sort_by_key(|step| std::cmp::Reverse((step.priority, kind.weight(step.interface))));
}

fn from_spec(interface: Interface, spec: Offer<'_>) -> Step {
    Step {
        interface,
        step: spec.step.to_owned(),
        args: Object::new(),
        priority: spec.priority,
        abortable: spec.abortable,
        by: spec.by,
        again: spec.again,
        hidden: false,
        reboot_after: false,
        asked: false,
        abort_after: false,
    }
}

fn from_agent(offered: &InBand, priority: i64) -> Step {
    Step {
        interface: offered.interface,
        step: offered.step.clone(),
        args: Object::new(),
        priority,
        abortable: offered.abortable,
        by: By::Agent,
        again: offered.again,
        hidden: false,
        reboot_after: offered.reboot_requested,
        asked: false,
        abort_after: false,
    }
}

fn from_request(ask: &AskedStep, priority: i64, by: By) -> Step {
    Step {
        interface: ask.interface,
        step: ask.step.clone(),
        args: ask.args.clone(),
        priority,
        abortable: true,
        by,
        again: Again::Repeat,
        hidden: false,
        reboot_after: false,
        asked: true,
        abort_after: false,
    }
}

/// What comes in between when this step is done: its agent may have asked for a boot.
pub fn after(step: &Step) -> Option<Step> {
    step.reboot_after.then(|| frame("boot_agent", Core::BootAgent))
}

/// A step of the pipeline's own frame, not shown.
pub fn frame(name: &str, core: Core) -> Step {
    Step {
        interface: Interface::Deploy,
        step: name.to_owned(),
        args: Object::new(),
        priority: 0,
        abortable: true,
        by: By::Core(core),
        again: Again::Repeat,
        hidden: true,
        reboot_after: false,
        asked: false,
        abort_after: false,
    }
}

/// The step of `direct` that writes the image.
const WRITE_IMAGE: &str = "write_image";
