//! What a request would lead to, told beforehand. It is decided by the very rules that decide the request ([`verb`]),
//! on a copy: what they would owe, look at and write down is dropped, and the runs that they begin are shown.
//!
//! ```text
//! admit -> runs begun -> with the steps that the agent told last -> what follows a tear down -> shown
//! ```

use crate::flow::boot::parts;
use crate::flow::course::Course;
use crate::flow::{by_runbook, fast, fetch, pipeline, plan, site_hook, step, template, verb};
use crate::model::Object;
use crate::model::decision::Fate;
use crate::model::decision::ask::ProvisionAsk;
use crate::model::decision::facts::Facts;
use crate::model::decision::outcome::Seen;
use crate::model::explain::{Explained, Origin, PlannedRun, PlannedStep};
use crate::model::interface::Interface;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::part::told::ToldSteps;
use crate::model::provision::Provision;
use crate::model::run::Run;
use crate::model::step::touch::Touch;
use crate::model::step::{By, Core, Kind, Step};
use crate::model::turn::InBandSteps;

/// A request that is not made.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    pub ask: &'a ProvisionAsk,
    /// Name of the runbook that its steps come from.
    pub runbook: Option<&'a str>,
    /// What the node's agent has told, one for each kind of work.
    pub told: &'a [ToldSteps],
}

/// What would come of it.
pub fn explain(node: &Node, inquiry: Inquiry<'_>, facts: &Facts<'_>) -> Explained {
    let mut explained = Explained::default();
    let mut begun = match trial(node, inquiry.ask, facts) {
        Ok(trial) => take(trial, &mut explained),
        Err(why) => {
            explained.refused.push(why);
            None
        }
    };
    if begun.is_none() {
        // As it would be in the right state, for who wants to know what that would lead to.
        let blind = Facts { seen: &[], ..*facts };
        begun = match trial(&readied(node, inquiry.ask.verb), inquiry.ask, &blind) {
            Ok(trial) => take(trial, &mut explained),
            Err(why) => {
                if !explained.refused.contains(&why) {
                    explained.refused.push(why);
                }
                None
            }
        };
    }
    if let Some(Trial { after, runs }) = begun {
        show(&after, runs, inquiry, facts, &mut explained);
    }
    explained
}

/// A decision that nobody commits.
struct Trial {
    after: Node,
    runs: Vec<Run>,
}

fn trial(node: &Node, ask: &ProvisionAsk, facts: &Facts<'_>) -> Result<Trial, String> {
    let decision = verb::admit(node, ask, facts).map_err(|refusal| refusal.to_string())?;
    let after = match decision.fate {
        Fate::Next(after) => *after,
        Fate::Same | Fate::Removed => node.clone(),
    };
    Ok(Trial { after, runs: decision.begun })
}

/// Work that fails before it has begun has nothing to show but that.
fn take(trial: Trial, explained: &mut Explained) -> Option<Trial> {
    if !trial.runs.is_empty() || !trial.after.provision.traits().failure {
        return Some(trial);
    }
    explained.fails = explained.fails.take().or(trial.after.last_error);
    None
}

/// The node in a state from which the request can be made.
fn readied(node: &Node, verb: Verb) -> Node {
    let provision = match verb {
        Verb::Deploy => Provision::Available,
        Verb::Clean | Verb::Provide => Provision::Manageable,
        Verb::Rebuild | Verb::Service | Verb::Delete => Provision::Active,
        Verb::Abort
        | Verb::Adopt
        | Verb::Done
        | Verb::Fail
        | Verb::Hold
        | Verb::Inspect
        | Verb::Manage
        | Verb::Rescue
        | Verb::Resume
        | Verb::Unhold
        | Verb::Unrescue
        | Verb::Wait => node.provision,
    };
    let mut ready = node.clone();
    if ready.provision.after(verb).is_none() {
        ready.provision = provision;
    }
    (ready.run, ready.wait, ready.mode_change, ready.reserved) = (None, None, None, false);
    (ready.wished.maintenance, ready.wished.protected, ready.wished.retired) = (false, false, false);
    ready
}

/// Each run with its steps, and what follows a tear down.
fn show(after: &Node, runs: Vec<Run>, inquiry: Inquiry<'_>, facts: &Facts<'_>, explained: &mut Explained) {
    let mut runs = runs;
    let mut course = Course::of(after, facts);
    if course.node.run.as_ref().is_some_and(|run| run.kind == Kind::Delete) {
        pipeline::finish(&mut course, Kind::Delete);
        runs.append(&mut course.begun);
    }
    let ends_in = end(&course.node, runs.last());
    if runs.is_empty() {
        explained.notes.push(format!("no step is run: the node becomes {}", after.provision.name()));
    }
    if runs.last().is_some_and(|run| run.kind == Kind::Delete) && course.node.run.is_none() {
        explained.notes.push("the node is not cleaned: automated cleaning is switched off".to_owned());
        explained.fails = explained.fails.take().or(course.node.last_error.clone());
    }
    let last = runs.len().saturating_sub(1);
    for (place, run) in runs.into_iter().enumerate() {
        let ends_in = (place == last).then_some(ends_in).flatten();
        let (run, told) = with_agent(after, run, inquiry.told, facts, explained);
        let origins = Origins { node: after, inquiry, facts, run: &run, told };
        let steps = run.plan.iter().flat_map(|step| origins.with_hooks(step)).collect();
        worth_knowing(after, &run, facts, explained);
        let told_at = told.map(|told| told.at);
        explained.runs.push(PlannedRun { ends_in, told_at, steps, took: None, run });
    }
}

/// What nothing of the plan itself shows: a wait that is cut, a ramdisk that is not to be had.
fn worth_knowing(node: &Node, run: &Run, facts: &Facts<'_>, explained: &mut Explained) {
    let most = facts.policy.max_conductor_wait_step_seconds;
    for step in run.plan.iter().filter(|step| step.by == By::Core(Core::Wait)) {
        if let Some(seconds) = step::too_long(&step.args, most) {
            explained.notes.push(step::cut(seconds, most));
        }
    }
    let mut course = Course::of(node, facts);
    course.node.run = Some(run.clone());
    let boots = run.plan.iter().any(|step| step.by == By::Core(Core::BootAgent))
        && parts::must_bring_agent(&course)
        && !fast::is_ready(&course);
    let wanted = if run.kind == Kind::Rescue { Interface::Rescue } else { Interface::Boot };
    let unfit = facts.seen.iter().find_map(|seen| {
        let Seen::Valid(verdicts) = seen else { return None };
        verdicts.iter().find(|one| one.interface == wanted)?.reason.as_ref()
    });
    if let Some(why) = unfit.filter(|_| boots && explained.fails.is_none() && explained.refused.is_empty()) {
        explained.fails = Some(format!("it cannot boot the ramdisk: {why}"));
    }
}

/// The state in which a run ends that goes well.
fn end(node: &Node, last: Option<&Run>) -> Option<&'static str> {
    let run = last?;
    let end = match run.kind {
        Kind::Clean if run.manual || node.wished.retired => Provision::Manageable,
        Kind::Clean => Provision::Available,
        Kind::Deploy | Kind::Service | Kind::Unrescue => Provision::Active,
        Kind::Rescue => Provision::Rescue,
        Kind::Verify => Provision::Manageable,
        Kind::Delete => return Some(node.provision.name()),
    };
    Some(end.name())
}

/// The run as it is once the agent has told its steps, if they are what it told last.
fn with_agent<'a>(
    node: &Node,
    run: Run,
    told: &'a [ToldSteps],
    facts: &Facts<'_>,
    explained: &mut Explained,
) -> (Run, Option<&'a ToldSteps>) {
    let fetch = run.plan.iter().position(|step| step.by == By::Core(Core::FetchSteps));
    let Some(cursor) = fetch else { return (with_boots(run), None) };
    let kind = run.kind.name();
    let Some(told) = told.iter().find(|told| told.kind == run.kind) else {
        explained.unknown.push(unknown(&run));
        return (with_boots(run), None);
    };
    let mut course = Course::of(node, facts);
    course.node.run = Some(Run { cursor, ..run.clone() });
    let steps = InBandSteps { steps: told.steps.clone(), ..InBandSteps::default() };
    if let Err(why) = fetch::plan_with(&mut course, &steps) {
        explained.fails = explained.fails.take().or(Some(why));
        return (with_boots(run), Some(told));
    }
    explained.unknown.push(format!(
        "whether the agent's {kind} steps are still those that it told on {}{}: it is asked again once it is booted",
        told.at,
        told.agent.as_ref().map(|version| format!(" (version {version})")).unwrap_or_default()
    ));
    let planned = course.node.run.map_or_else(|| run.clone(), |after| Run { cursor: run.cursor, ..after });
    (with_boots(planned), Some(told))
}

/// What only an agent can tell.
fn unknown(run: &Run) -> String {
    let kind = run.kind.name();
    let asked: Vec<_> =
        run.plan.iter().filter(|step| step.asked && step.by == By::Agent).map(ToString::to_string).collect();
    let checked = if asked.is_empty() {
        String::new()
    } else {
        format!("; whether it has {} and takes their arguments", asked.join(", "))
    };
    format!("which {kind} steps the agent adds: it has told this host none yet{checked}")
}

/// With the boots that come after steps whose agent wants one.
fn with_boots(mut run: Run) -> Run {
    let plan = std::mem::take(&mut run.plan);
    run.plan = plan
        .into_iter()
        .flat_map(|step| {
            let boot = plan::after(&step);
            std::iter::once(step).chain(boot)
        })
        .collect();
    run
}

/// Where the steps of a run come from.
struct Origins<'a> {
    node: &'a Node,
    inquiry: Inquiry<'a>,
    facts: &'a Facts<'a>,
    run: &'a Run,
    told: Option<&'a ToldSteps>,
}

impl Origins<'_> {
    fn planned(&self, step: &Step) -> PlannedStep {
        let implementation = self.node.wished.interfaces.of(step.interface);
        let child = match step.by {
            By::Core(Core::OnChild { node, .. } | Core::ByChild(node)) => {
                Some(self.facts.around.node(node).map_or_else(|| node.to_string(), |child| child.label()))
            }
            By::Core(_) | By::Driver | By::Agent | By::Site | By::Hook => None,
        };
        PlannedStep {
            origin: self.of(step),
            requires_ramdisk: self.needs_ramdisk(step),
            child,
            touch: Touch::of(step, implementation),
            took: None,
            step: step.clone(),
        }
    }

    /// A step, and the site's hooks after it.
    fn with_hooks(&self, step: &Step) -> Vec<PlannedStep> {
        let hooks = site_hook::after(self.facts.catalog, self.node, self.run.kind, step).map(|hook| {
            let step = Step { by: By::Hook, again: hook.again, args: Object::new(), ..step.clone() };
            PlannedStep {
                origin: Origin::Hook(hook.name.clone()),
                requires_ramdisk: false,
                child: None,
                touch: Touch::of(&step, ""),
                took: None,
                step,
            }
        });
        std::iter::once(self.planned(step)).chain(hooks).collect()
    }

    fn of(&self, step: &Step) -> Origin {
        if step.hidden {
            return Origin::Pipeline;
        }
        if step.asked {
            return self.asked(step);
        }
        match (step.by, self.told) {
            (By::Agent, Some(told)) if self.is_told(told, step) => Origin::Agent(told.at),
            (By::Site | By::Hook, _) => Origin::Site,
            (By::Agent | By::Driver | By::Core(_), _) => {
                Origin::Driver(self.node.wished.interfaces.of(step.interface).to_owned())
            }
        }
    }

    /// The driver itself plans some steps that an agent carries out.
    fn is_told(&self, told: &ToldSteps, step: &Step) -> bool {
        let declared = self
            .facts
            .catalog
            .steps(self.node, self.run.kind)
            .any(|(interface, spec)| spec.priority > 0 && step.is(interface, spec.step));
        !declared && told.steps.iter().any(|one| step.is(one.interface, &one.step))
    }

    fn asked(&self, step: &Step) -> Origin {
        if self.run.by_runbook {
            let chosen = by_runbook::chosen(self.node, self.facts).ok().flatten();
            return Origin::Runbook(chosen.map(|one| one.wished.name.clone()).unwrap_or_default());
        }
        if let Some(name) = self.inquiry.runbook {
            return Origin::Runbook(name.to_owned());
        }
        let request = &self.inquiry.ask.steps;
        if self.run.kind == Kind::Deploy && !request.iter().any(|ask| step.is(ask.interface, &ask.step)) {
            return Origin::Template(self.template(step).unwrap_or_default());
        }
        Origin::Request
    }

    /// Name of the template that has the step.
    fn template(&self, step: &Step) -> Option<String> {
        let taken = template::asked(self.node, &[], self.facts.plans).ok()?.templates;
        let has = |name: &String| {
            let template = self.facts.plans.template(name);
            template.is_some_and(|template| {
                template
                    .wished
                    .steps
                    .iter()
                    .map(crate::model::step::kept::KeptStep::with_priority)
                    .any(|kept| step.is(kept.interface, &kept.step))
            })
        };
        taken.into_iter().find(has)
    }

    fn needs_ramdisk(&self, step: &Step) -> bool {
        let spec = self
            .facts
            .catalog
            .steps(self.node, self.run.kind)
            .find(|(interface, spec)| step.is(*interface, spec.step));
        match step.by {
            By::Agent => true,
            By::Core(core) => core == Core::FetchSteps,
            By::Hook => false,
            By::Driver | By::Site => spec.is_some_and(|(_, spec)| spec.requires_ramdisk),
        }
    }
}
