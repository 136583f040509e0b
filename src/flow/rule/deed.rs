//! What an action does to the node, its ports and the data beside the inventory.

use serde_json::Value;

use crate::base::mac::Mac;
use crate::flow::hook::{Failed, Survey};
use crate::flow::rule::fill::python;
use crate::flow::rule::path::{self, Change};
use crate::model::Object;
use crate::model::draft;
use crate::model::draft::slot::Slot;
use crate::model::inspection::rule::call::Call;
use crate::model::inspection::rule::word::Deed;
use crate::model::journal::Event;
use crate::model::port::Port;

pub fn carry_out(deed: Deed, args: &Object, survey: &mut Survey<'_>) -> Result<(), Failed> {
    match deed {
        Deed::Fail => return Err(text(args, "msg")),
        Deed::Log => log(args, survey)?,
        Deed::SetAttribute => node(survey, args, Change::Set(value(args)))?,
        Deed::ExtendAttribute => node(survey, args, Change::Extend(value(args), unique(args)))?,
        Deed::DelAttribute => node(survey, args, Change::Remove(false))?,
        Deed::SetCapability => {
            survey.set_capabilities(&[(text(args, "name"), text(args, "value"))]);
        }
        Deed::UnsetCapability => unset_capability(&text(args, "name"), survey),
        Deed::AddTrait => add_trait(&text(args, "name"), survey)?,
        Deed::RemoveTrait => {
            let name = text(args, "name");
            survey.node.traits.retain(|own| *own != name);
        }
        Deed::SetPluginData => data(survey, args, Change::Set(value(args)))?,
        Deed::ExtendPluginData => data(survey, args, Change::Extend(value(args), unique(args)))?,
        Deed::UnsetPluginData => data(survey, args, Change::Remove(true))?,
        Deed::SetPortAttribute => port(survey, args, Change::Set(value(args)))?,
        Deed::ExtendPortAttribute => port(survey, args, Change::Extend(value(args), unique(args)))?,
        Deed::ApiCall => call(args, survey)?,
        Deed::DelPortAttribute => port(survey, args, Change::Remove(false))?,
    }
    Ok(())
}

/// It is made when all of the inspection is kept.
fn call(args: &Object, survey: &mut Survey<'_>) -> Result<(), Failed> {
    if survey.calls.len() >= CALLS_LIMIT {
        return Err(format!("one inspection makes {CALLS_LIMIT} calls at most"));
    }
    let call = Call::read(args)?;
    survey.calls.extend(call.written());
    Ok(())
}

fn text(args: &Object, name: &str) -> String {
    args.get(name).map(|value| python(value, false)).unwrap_or_default().chars().take(TEXT_LIMIT).collect()
}

fn value(args: &Object) -> &Value {
    args.get("value").unwrap_or(&Value::Null)
}

fn unique(args: &Object) -> bool {
    args.get("unique").is_some_and(|value| *value == Value::Bool(true))
}

fn log(args: &Object, survey: &mut Survey<'_>) -> Result<(), Failed> {
    let level = args.get("level").map_or("info".to_owned(), |level| python(level, false).to_lowercase());
    let text = text(args, "msg");
    match level.as_str() {
        "debug" | "info" => survey.notes.push(Event::info("inspect", text)),
        "warning" | "error" | "critical" => survey.notes.push(Event::error("inspect", text)),
        other => {
            let shown: String = other.chars().take(32).collect();
            return Err(format!("level {shown:?} is none of debug, info, warning, error, critical"));
        }
    }
    Ok(())
}

/// A member of the node that a client may write, or a place within it.
fn node(survey: &mut Survey<'_>, args: &Object, change: Change<'_>) -> Result<(), Failed> {
    let path = text(args, "path");
    let parts = path::parts(&path)?;
    let Some((root, below)) = parts.split_first() else { return Ok(()) };
    let wished = &mut survey.node.wished;
    let slot =
        Slot::of_node(wished, root).ok_or_else(|| format!("{root:?} is no writable member of a node"))?;
    let mut member = slot.value();
    path::change(&mut member, below, change).map_err(|why| format!("{path}: {why}"))?;
    draft::put_node(wished, root, member).map_err(|refusal| refusal.to_string())
}

fn port(survey: &mut Survey<'_>, args: &Object, change: Change<'_>) -> Result<(), Failed> {
    let (name, path) = (text(args, "port_id"), text(args, "path"));
    let address = name.parse::<Mac>().ok();
    let is_it = |port: &&mut Port| port.id.to_string() == name || Some(port.address) == address;
    let port = survey.ports.iter_mut().find(is_it);
    let port = port.ok_or_else(|| format!("the node has no port {name:?}"))?;
    let parts = path::parts(&path)?;
    let Some((root, below)) = parts.split_first() else { return Ok(()) };
    let slot = Slot::of_port(&mut port.wished, root);
    let mut member = slot.ok_or_else(|| format!("{root:?} is no writable member of a port"))?.value();
    path::change(&mut member, below, change).map_err(|why| format!("{path}: {why}"))?;
    draft::put_port(&mut port.wished, root, member).map_err(|refusal| refusal.to_string())
}

fn data(survey: &mut Survey<'_>, args: &Object, change: Change<'_>) -> Result<(), Failed> {
    let path = text(args, "path");
    let parts = path::dotted(&path)?;
    let mut all = Value::Object(std::mem::take(&mut survey.data));
    let done = path::change(&mut all, &parts, change);
    if let Value::Object(members) = all {
        survey.data = members;
    }
    done
}

fn unset_capability(name: &str, survey: &mut Survey<'_>) {
    let kept = match survey.node.wished.properties.get("capabilities") {
        Some(Value::String(text)) => {
            let is_it = |part: &&str| part.split(':').next().map(str::trim) == Some(name);
            let kept: Vec<_> = text.split(',').filter(|part| !is_it(part)).collect();
            Value::from(kept.join(","))
        }
        Some(Value::Object(map)) => {
            let mut map = map.clone();
            map.remove(name);
            Value::Object(map)
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) | None => return,
    };
    survey.set_property("capabilities", kept);
}

fn add_trait(name: &str, survey: &mut Survey<'_>) -> Result<(), Failed> {
    let fits = (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if !fits {
        return Err("a trait has 1 to 255 of the characters A-Z, 0-9 and _".to_owned());
    }
    let traits = &mut survey.node.traits;
    if traits.iter().any(|own| own == name) {
        return Ok(());
    }
    if traits.len() >= TRAITS_LIMIT {
        return Err(format!("a node has {TRAITS_LIMIT} traits at most"));
    }
    traits.push(name.to_owned());
    Ok(())
}

/// Traits of one node, as in the reference.
const TRAITS_LIMIT: usize = 50;
/// Calls of one inspection: they are kept in the node's record until they are made.
const CALLS_LIMIT: usize = 4;
/// Characters of a text that a rule writes.
const TEXT_LIMIT: usize = 4096;
