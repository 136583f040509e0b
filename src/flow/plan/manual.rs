//! The steps of a person's own choice, in their own order: manual cleaning and servicing (contract `steps.md`
//! section 2).

use crate::base::id::NodeId;
use crate::flow::plan::agent_up;
use crate::flow::plan::{
    check_args, check_reserved, confirmed, frame, from_request, from_spec, raid_is_agents, reserved,
};
use crate::model::boot::Boots;
use crate::model::decision::facts::Facts;
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::step::{AskedStep, By, Core, Kind, Step};
use crate::model::turn::InBand;

/// The plan for what was asked; an error names the first step that cannot be.
///
/// The ramdisk is booted if a step needs it, or if only an agent can know the step: its word comes with the first
/// heartbeat ([`with_agent`]).
pub fn plan(
    node: &Node,
    kind: Kind,
    asked: &[AskedStep],
    disable_ramdisk: bool,
    facts: &Facts<'_>,
) -> Result<Vec<Step>, String> {
    let has_agent = facts.catalog.uses_agent(&node.wished.interfaces);
    let mut steps = Vec::new();
    let (mut boots, mut is_gone) = (false, false);
    for ask in asked {
        if let Some(limit) = &ask.children {
            steps.extend(on_children(node, kind, ask, limit, facts)?);
            continue;
        }
        let Resolved { step, needs_ramdisk } = resolve(node, kind, ask, facts)?;
        if needs_ramdisk && disable_ramdisk {
            return Err(match step.by {
                By::Agent => {
                    format!("the driver has no {} step {step}, and disable_ramdisk is set", kind.name())
                }
                By::Core(_) | By::Driver | By::Site | By::Hook => {
                    format!("step {step} needs the ramdisk, and disable_ramdisk is set")
                }
            });
        }
        if step.by == By::Agent && !has_agent {
            return Err(format!(
                "the driver has no {} step {step}{}",
                kind.name(),
                those_it_has(node, kind, facts)
            ));
        }
        boots |= needs_ramdisk && has_agent;
        if needs_ramdisk && has_agent && is_gone {
            steps.push(agent_up::booted_again());
        }
        is_gone = agent_up::ends_boot(&step) || (is_gone && !needs_ramdisk);
        steps.push(step);
    }
    Ok(framed(node, kind, steps, boots, facts))
}

/// The steps that a person may name instead, for an error.
fn those_it_has(node: &Node, kind: Kind, facts: &Facts<'_>) -> String {
    let names: Vec<_> = facts
        .catalog
        .steps(node, kind)
        .map(|(interface, spec)| format!("{interface}.{}", spec.step))
        .take(NAMED)
        .collect();
    if names.is_empty() { String::new() } else { format!("; it has {}", names.join(", ")) }
}

/// A step for the node's children: one for each of them, in the order of their creation.
fn on_children(
    node: &Node,
    kind: Kind,
    ask: &AskedStep,
    limit: &[NodeId],
    facts: &Facts<'_>,
) -> Result<Vec<Step>, String> {
    let children = facts.around.children(node.id);
    if let Some(stranger) = limit.iter().find(|id| !children.iter().any(|child| child.id == **id)) {
        return Err(format!("limit_child_node_execution names {stranger}, which is no child of the node"));
    }
    if reserved(&ask.step).is_some() {
        check_reserved(ask, kind)?;
    }
    let powers: &[bool] = match ask.step.as_str() {
        "power_on" => &[true],
        "power_off" => &[false],
        "reboot" => &[false, true],
        // These mean the work itself, not a machine.
        word if reserved(word).is_some() => {
            return Err(format!("{} step {word} cannot be run on child nodes", kind.name()));
        }
        _ => {
            let chosen = children.iter().filter(|child| limit.is_empty() || limit.contains(&child.id));
            return chosen.map(|child| by_child(child, kind, ask, facts)).collect();
        }
    };
    let chosen = children.iter().filter(|child| limit.is_empty() || limit.contains(&child.id));
    let step = |node: NodeId, on: bool| Step {
        by: By::Core(Core::OnChild { node, on }),
        ..from_request(ask, 0, By::Agent)
    };
    Ok(chosen
        .flat_map(|child| powers.iter().map(move |on| (child.id, *on)))
        .map(|(id, on)| step(id, on))
        .collect())
}

/// A step that a child's own driver does at once; what a ramdisk would have to do, it cannot.
fn by_child(child: &Node, kind: Kind, ask: &AskedStep, facts: &Facts<'_>) -> Result<Step, String> {
    let (kind_name, label) = (kind.name(), child.label());
    let Resolved { step, .. } =
        resolve(child, kind, ask, facts).map_err(|why| format!("child node {label}: {why}"))?;
    if !matches!(step.by, By::Driver | By::Site | By::Core(Core::Nothing)) {
        return Err(format!("the driver of child node {label} has no {kind_name} step {step}"));
    }
    Ok(Step { by: By::Core(Core::ByChild(child.id)), abortable: true, ..step })
}

/// A step as the driver or the pipeline knows it.
struct Resolved {
    step: Step,
    needs_ramdisk: bool,
}

fn resolve(node: &Node, kind: Kind, ask: &AskedStep, facts: &Facts<'_>) -> Result<Resolved, String> {
    if let Some(core) = reserved(&ask.step) {
        check_reserved(ask, kind)?;
        let step = Step { by: By::Core(core), ..from_request(ask, 0, By::Agent) };
        return Ok(Resolved { step, needs_ramdisk: false });
    }
    let declared = facts
        .catalog
        .steps(node, kind)
        .find(|(interface, spec)| *interface == ask.interface && spec.step == ask.step);
    let Some((interface, spec)) = declared else {
        if ask.interface == Interface::Raid && !raid_is_agents(node, kind, facts) {
            // Whoever makes volumes on this node has said all that it can.
            let name = &node.wished.interfaces.raid;
            return Err(format!("the raid interface {name:?} has no {} step {}", kind.name(), ask.step));
        }
        return Ok(Resolved { step: from_request(ask, 0, By::Agent), needs_ramdisk: true });
    };
    let known: Vec<_> = spec.args.iter().map(|arg| arg.name.to_owned()).collect();
    let required: Vec<_> =
        spec.args.iter().filter(|arg| arg.required).map(|arg| arg.name.to_owned()).collect();
    check_args(&ask.args, &known, &required)
        .map_err(|why| format!("{} step {interface}.{}: {why}", kind.name(), spec.step))?;
    let step = Step { args: ask.args.clone(), asked: true, ..from_spec(interface, spec) };
    Ok(Resolved { step, needs_ramdisk: spec.requires_ramdisk })
}

/// The steps with what the pipeline does around them. An instance that does not run, since this or an earlier run has
/// booted a ramdisk, is booted again at the end.
fn framed(node: &Node, kind: Kind, steps: Vec<Step>, boots: bool, facts: &Facts<'_>) -> Vec<Step> {
    let mut plan = Vec::new();
    if boots {
        plan.push(frame("boot_agent", Core::BootAgent));
        plan.push(frame("fetch_steps", Core::FetchSteps));
    }
    plan.extend(steps);
    let has_agent = facts.catalog.uses_agent(&node.wished.interfaces);
    let is_away = boots || (has_agent && !matches!(node.boots, Boots::Disk | Boots::Instance));
    match kind {
        Kind::Clean if boots => plan.push(frame("power_off", Core::PowerOff)),
        Kind::Service if is_away => {
            plan.push(agent_goes(node));
            let back = if boots_itself(node, facts) { Core::BootInstance } else { Core::BootDisk };
            plan.push(frame("boot_instance", back));
        }
        Kind::Clean
        | Kind::Service
        | Kind::Deploy
        | Kind::Verify
        | Kind::Delete
        | Kind::Rescue
        | Kind::Unrescue => {}
    }
    plan
}

/// What ends the agent before the instance is booted again. Of a machine that never is off it is locked down: a reset comes
/// under it.
fn agent_goes(node: &Node) -> Step {
    let step = frame("power_off", Core::PowerOff);
    if node.wished.disable_power_off {
        return Step { step: "tear_down_agent".to_owned(), by: By::Driver, ..step };
    }
    step
}

/// Whether the instance is a ramdisk or ISO of its own instead of what is on the disk.
pub fn boots_itself(node: &Node, facts: &Facts<'_>) -> bool {
    facts.catalog.steps(node, Kind::Deploy).any(|(_, spec)| spec.by == By::Core(Core::BootInstance))
}

/// What is left of the plan after `done`, now that the agent has told its steps: what only it can know must be there.
pub fn with_agent(plan: &[Step], done: usize, in_band: &[InBand], kind: Kind) -> Result<Vec<Step>, String> {
    let (past, future) = plan.split_at(done.min(plan.len()));
    let mut steps = past.to_vec();
    for step in future {
        steps.push(confirmed(step, in_band, kind)?);
    }
    Ok(steps)
}

/// Steps that an error lists.
const NAMED: usize = 24;
