//! `root-device`: which disk will be written, by the node's hints, and how much of it a system gets (`local_gb`).

use serde_json::Value;

use crate::flow::hook::{Failed, Survey};
use crate::model::Object;
use crate::model::drive::hint;

pub fn apply(survey: &mut Survey<'_>) -> Result<(), Failed> {
    if let Some(disk) = hinted(survey)? {
        survey.data.insert("root_disk".to_owned(), Value::Object(disk));
    }
    let root = survey.data.get("root_disk").and_then(Value::as_object);
    let whole = root.map(|disk| disk.get("size").and_then(Value::as_u64).unwrap_or(0) / GIB);
    let local_gb = match whole {
        None => {
            survey.warn("no root disk was found: the machine counts as one without disks");
            0
        }
        Some(0) => {
            survey.warn("the root disk is smaller than 1 GiB, or does not tell its size");
            0
        }
        Some(whole) if survey.policy.disk_partitioning_spacing => whole.saturating_sub(1),
        Some(whole) => whole,
    };
    survey.data.insert("local_gb".to_owned(), local_gb.into());
    survey.set_property("local_gb", local_gb);
    Ok(())
}

/// The first disk that the node's hints fit, of those that it does not skip; `None` without hints.
fn hinted(survey: &Survey<'_>) -> Result<Option<Object>, Failed> {
    let properties = &survey.node.wished.properties;
    let hints = match properties.get("root_device") {
        Some(Value::Object(hints)) if !hints.is_empty() => hints,
        _ => return Ok(None),
    };
    let skipped = properties.get("skip_block_devices").and_then(Value::as_array);
    let is_skipped = |disk: &Object| {
        let mut hints = skipped.into_iter().flatten().filter_map(Value::as_object);
        hints.any(|hints| hint::fits(disk, hints).unwrap_or(false))
    };
    for disk in survey.each("disks").filter(|disk| !is_skipped(disk)) {
        if hint::fits(disk, hints)? {
            return Ok(Some(disk.clone()));
        }
    }
    Err("no disk fits the hints in properties.root_device".to_owned())
}

const GIB: u64 = 1 << 30;
