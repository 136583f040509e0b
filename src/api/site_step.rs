//! `GET /ferric/v1/steps`: the site's own steps and hooks as their folder was last read, and the manifests that were refused.
//! A page of ours: the reference has no such steps.

use serde_json::{Map, Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::model::step::Again;
use crate::model::step::site::{Only, SiteCall, SiteFile, SiteHook, SiteSays, SiteStep};
use crate::net::http::Response;

/// Tells each manifest, in the order of their names.
pub fn list(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let site = call.lanes().site_steps();
    Ok(answer(&json!({"steps": site.files.iter().map(shown).collect::<Vec<_>>()})))
}

fn shown(file: &SiteFile) -> Value {
    let (kind, refused, more) = match &file.says {
        SiteSays::Step(step, call) => (Some("step"), None, with(step_shown(step), call)),
        SiteSays::Hook(hook, call) => (Some("hook"), None, with(hook_shown(hook), call)),
        SiteSays::Refused(why) => (None, Some(why), Map::new()),
    };
    let mut all = more;
    all.insert("file".to_owned(), json!(file.file));
    all.insert("type".to_owned(), json!(kind));
    all.insert("refused".to_owned(), json!(refused));
    Value::Object(all)
}

fn step_shown(step: &SiteStep) -> Value {
    let args = step
        .args
        .iter()
        .map(|arg| (arg.name.clone(), json!({"description": arg.description, "required": arg.required})));
    let kinds = step.kinds.iter().map(|(kind, priority)| (kind.name().to_owned(), json!(priority)));
    json!({
        "name": format!("{}.{}", step.interface, step.step),
        "interface": step.interface.name(),
        "step": step.step,
        "description": step.description,
        "kinds": kinds.collect::<Map<_, _>>(),
        "abortable": step.abortable,
        "needs_ramdisk": step.needs_ramdisk,
        "again": again(step.again),
        "args": args.collect::<Map<_, _>>(),
        "for": only(&step.only),
    })
}

fn hook_shown(hook: &SiteHook) -> Value {
    let after = hook.after.as_ref().map(|(interface, step)| format!("{interface}.{step}"));
    let kinds = hook.kinds.iter().map(|kind| (kind.name().to_owned(), Value::Null));
    json!({
        "name": hook.name,
        "after": after,
        "description": hook.description,
        "kinds": kinds.collect::<Map<_, _>>(),
        "again": again(hook.again),
        "for": only(&hook.only),
    })
}

fn with(known: Value, call: &SiteCall) -> Map<String, Value> {
    let mut all = if let Value::Object(all) = known { all } else { Map::new() };
    all.insert("executable".to_owned(), json!(call.executable));
    all.insert("timeout".to_owned(), json!(call.timeout));
    all.insert("network".to_owned(), json!(call.network));
    all
}

/// Which nodes it is for; what does not matter is left out.
fn only(only: &Only) -> Value {
    let mut all = Map::new();
    for (name, words) in [("hardware_types", &only.hardware_types), ("traits", &only.traits)] {
        if !words.is_empty() {
            all.insert(name.to_owned(), json!(words));
        }
    }
    if !only.interfaces.is_empty() {
        let interfaces = only.interfaces.iter().map(|(of, names)| (of.name().to_owned(), json!(names)));
        all.insert("interfaces".to_owned(), Value::Object(interfaces.collect()));
    }
    Value::Object(all)
}

/// As manifests say it.
fn again(again: Again) -> &'static str {
    match again {
        Again::Repeat => "repeat",
        Again::LookFirst => "look first",
        Again::Never => "never",
    }
}
