//! What a site wants done after a step has succeeded: its hooks, one after the other, as one more entry of the plan.
//!
//! The entry bears the name of the step that it follows, and is committed with that step's end; so a cut between the two
//! costs nothing, and a hook that fails is a failure of that step.

use serde_json::{Value, json};

use crate::flow::course::Course;
use crate::model::Object;
use crate::model::catalog::Catalog;
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::run::Run;
use crate::model::step::site::SiteHook;
use crate::model::step::{By, Kind, Step};
use crate::model::turn::MEMO_LIMIT;

/// The hooks that follow a step once it has succeeded.
pub fn after<'a>(
    catalog: &'a Catalog,
    node: &'a Node,
    kind: Kind,
    step: &'a Step,
) -> impl Iterator<Item = &'a SiteHook> {
    let has_hooks =
        !step.hidden && step.by != By::Hook && matches!(kind, Kind::Clean | Kind::Deploy | Kind::Service);
    has_hooks.then(|| catalog.hooks(node, kind, step)).into_iter().flatten()
}

/// The hooks that follow this step, which has just succeeded, come next in the plan.
pub fn follow(course: &mut Course<'_>, step: &Step, result: &Object) {
    let Some(kind) = course.node.run.as_ref().map(|run| run.kind) else { return };
    let found = after(course.facts.catalog, &course.node, kind, step);
    let hooks: Vec<_> = found.map(|hook| (hook.name.clone(), hook.again)).collect();
    let Some((first, again)) = hooks.first().cloned() else { return };
    let then: Vec<_> = hooks.iter().skip(1).map(|(name, _)| name.as_str()).collect();
    let args = json!({HOOK: first, THEN: then, RESULT: bounded(result)});
    let args = if let Value::Object(args) = args { args } else { Object::new() };
    let entry = Step { by: By::Hook, again, args, reboot_after: false, abort_after: false, ..step.clone() };
    if let Some(run) = course.node.run.as_mut() {
        run.plan.insert(run.cursor + 1, entry);
    }
}

/// The current hook is done: true if another one takes its place.
pub fn next(course: &mut Course<'_>) -> bool {
    let catalog = course.facts.catalog;
    let Some(run) = course.node.run.as_mut() else { return false };
    let cursor = run.cursor;
    let Some(entry) = run.plan.get_mut(cursor).filter(|step| step.by == By::Hook) else { return false };
    let then = entry.args.get_mut(THEN).and_then(Value::as_array_mut);
    let Some(name) = then.filter(|then| !then.is_empty()).map(|then| then.remove(0)) else {
        // What it was told is needed no more, and would make the record large.
        entry.args = Object::new();
        return false;
    };
    let known = catalog.site.hooks.iter().find(|hook| name == hook.name.as_str());
    if let Some(hook) = known {
        entry.again = hook.again;
    }
    entry.args.insert(HOOK.to_owned(), name);
    true
}

/// Writes down which hook begins.
pub fn note_begin(course: &mut Course<'_>, step: &Step) {
    let name = step.args.get(HOOK).and_then(Value::as_str).unwrap_or_default();
    course.note(Event::info("step", format!("hook {name} after step {step} begins")));
}

/// What the step left, for the hook; what is too much for the record is left out.
fn bounded(result: &Object) -> Value {
    let size = serde_json::to_vec(result).map_or(usize::MAX, |text| text.len());
    if size > MEMO_LIMIT { Value::Null } else { json!(result) }
}

/// The current step, if it is a hook.
pub fn current<'a>(course: &'a Course<'_>) -> Option<&'a str> {
    let step = course.node.run.as_ref().and_then(Run::step).filter(|step| step.by == By::Hook)?;
    step.args.get(HOOK).and_then(Value::as_str)
}

/// Why the current step has failed, with the hook that has, if it was one.
pub fn told(course: &Course<'_>, why: &str) -> String {
    match current(course).map(|name| format!("hook {name}: ")) {
        Some(hook) if !why.starts_with(&hook) => format!("{hook}{why}"),
        _ => why.to_owned(),
    }
}

/// Members of the entry's arguments; `driver/site` reads the first and the last.
const HOOK: &str = "hook";
const THEN: &str = "then";
const RESULT: &str = "result";
