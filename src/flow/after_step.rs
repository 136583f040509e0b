//! What follows from a step that is done, before the next one begins: one row for each interface, step and kind
//! (contract `steps.md` section 9). Whose rule does not hold has failed.

use serde_json::Value;

use crate::flow::course::Course;
use crate::flow::hook::capabilities;
use crate::model::Object;
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::run::Run;
use crate::model::step::{Kind, Step};

/// Takes in what a step has brought about; the error says why that is no success.
type Rule = fn(&mut Course<'_>, &Object) -> Result<(), String>;

/// Interface, step, kinds, rule.
const RULES: &[(Interface, &str, &[Kind], Rule)] = &[
    (Interface::Raid, "create_configuration", WORK, keep_raid),
    (Interface::Raid, "apply_configuration", WORK, keep_raid),
    (Interface::Raid, "delete_configuration", WORK, forget_raid),
];

const WORK: &[Kind] = &[Kind::Clean, Kind::Deploy, Kind::Service];

/// The running step is done with this result.
pub fn apply(course: &mut Course<'_>, result: &Object) -> Result<(), String> {
    match current(course) {
        Some((kind, step)) => apply_of(course, kind, &step, result),
        None => Ok(()),
    }
}

/// The same of a step that is not the node's own: it does it for its parent.
pub fn apply_of(course: &mut Course<'_>, kind: Kind, step: &Step, result: &Object) -> Result<(), String> {
    let rows =
        RULES.iter().filter(|(interface, name, kinds, _)| step.is(*interface, name) && kinds.contains(&kind));
    for (_, _, _, rule) in rows {
        rule(course, result)?;
    }
    Ok(())
}

fn current(course: &Course<'_>) -> Option<(Kind, Step)> {
    let run: &Run = course.node.run.as_ref()?;
    Some((run.kind, run.step()?.clone()))
}

/// The RAID that there is now, as the driver read it or the agent returned it.
fn keep_raid(course: &mut Course<'_>, result: &Object) -> Result<(), String> {
    let told = result.get("raid_config").or_else(|| result.get("result")).and_then(Value::as_object);
    let disks = told.and_then(|told| told.get("logical_disks")).and_then(Value::as_array);
    let (Some(told), Some(disks)) = (told, disks.filter(|disks| !disks.is_empty())) else {
        return Err(
            "it ended without a RAID: no logical disk was told. Look at the controller's volumes".to_owned()
        );
    };
    let roots: Vec<&Value> =
        disks.iter().filter(|disk| disk.get("is_root_volume") == Some(&Value::Bool(true))).collect();
    if roots.len() > 1 {
        return Err(format!("it told {} root volumes, and one is the most", roots.len()));
    }
    let root = roots.first().and_then(|root| root.as_object()).cloned();
    let mut config = told.clone();
    config.insert("last_updated".to_owned(), course.facts.at.bare().into());
    course.node.raid_config = config;
    if let Some(root) = root {
        set_root(&mut course.node.wished.properties, &root);
    }
    course.note(Event::info(
        "raid",
        format!("the RAID has {} logical disks", disks_of(&course.node.raid_config)),
    ));
    Ok(())
}

/// The properties by which instances find the root volume.
fn set_root(properties: &mut Object, root: &Object) {
    if let Some(size) = root.get("size_gb").and_then(Value::as_u64) {
        properties.insert("local_gb".to_owned(), size.into());
    }
    if let Some(hint) = root.get("root_device_hint").filter(|hint| hint.is_object()) {
        properties.insert(ROOT_DEVICE.to_owned(), hint.clone());
    }
    let level = root.get("raid_level").and_then(Value::as_str);
    let new = level.map(|level| vec![("raid_level".to_owned(), level.to_owned())]).unwrap_or_default();
    if let Some(merged) = capabilities(properties.get("capabilities"), &new).filter(|_| !new.is_empty()) {
        properties.insert("capabilities".to_owned(), merged);
    }
}

/// No volume is left, so nothing is where the hint for the root device points.
#[expect(clippy::unnecessary_wraps, reason = "a rule may say no")]
fn forget_raid(course: &mut Course<'_>, _result: &Object) -> Result<(), String> {
    course.node.raid_config = Object::new();
    if course.node.wished.properties.remove(ROOT_DEVICE).is_some() {
        course.note(Event::info("raid", "the RAID is gone, and with it the hint for the root device"));
    }
    Ok(())
}

fn disks_of(config: &Object) -> usize {
    config.get("logical_disks").and_then(Value::as_array).map_or(0, Vec::len)
}

/// Key of `properties`.
const ROOT_DEVICE: &str = "root_device";
