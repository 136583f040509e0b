//! Which drives a machine had when they were seen last. An inspection says so, and each step that destroys: what comes
//! next is compared with it by who carries the step out (style corner 16).
//!
//! ```text
//! inspection in band      -> the drives that it told
//! inspection by the BMC   -> nothing: a BMC names drives in other ways, so the next step takes what it finds
//! a destructive step      -> the drives that it begins with, and which of them the hints mean
//! a step of RAID          -> nothing: it makes other drives of them
//! ```

use serde_json::Value;

use crate::flow::course::Course;
use crate::model::Object;
use crate::model::drive::{Drive, DrivesSeen, RootSeen, keys};
use crate::model::interface::Interface;
use crate::model::journal::Event;
use crate::model::step::Step;
use crate::model::turn::Memo;

/// A step begins that was compared already: what it has in its memo is what is there.
pub fn begun(course: &mut Course<'_>, memo: &Memo) {
    let Some(drives) = memo.get("drives").and_then(Value::as_array) else { return };
    let drives: Vec<String> = drives.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let root = memo.get("root").and_then(|root| serde_json::from_value::<RootSeen>(root.clone()).ok());
    let before = course.node.drives.as_ref();
    let root = root.or_else(|| before.and_then(|seen| seen.root.clone()));
    if before.is_some_and(|seen| seen.drives == drives && seen.root == root) {
        return;
    }
    course.node.drives = Some(DrivesSeen { at: course.facts.at, drives, root });
}

/// A step that wrote an image tells which ids are on several drives now: a person is warned, and nothing fails.
pub fn duplicates(course: &mut Course<'_>, result: &Object) {
    let found = result.get("duplicate_ids").and_then(Value::as_array).into_iter().flatten();
    let found: Vec<&str> = found.filter_map(Value::as_str).collect();
    if found.is_empty() {
        return;
    }
    let node = course.node.label();
    course.note(Event::error(
        "drives",
        format!(
            "node {node}: {}. What is mounted or booted by such an id may be on either drive: erase the drive that is not \
             the root device, or detach it",
            found.join("; ")
        ),
    ));
}

/// A step is done.
pub fn step_done(course: &mut Course<'_>, step: &Step) {
    if step.interface == Interface::Raid {
        course.node.drives = None;
    }
}

/// An inspection has ended well; `told` is the inventory of an agent.
pub fn inspected(course: &mut Course<'_>, told: Option<&Object>) {
    let disks = told.and_then(|told| told.get("disks")).and_then(Value::as_array);
    course.node.drives = disks.and_then(|disks| {
        let devices: Vec<Drive> = disks.iter().filter_map(Value::as_object).filter_map(Drive::read).collect();
        let drives = keys(&devices);
        let is_kept =
            !drives.is_empty() && serde_json::to_vec(&drives).is_ok_and(|text| text.len() <= MOST_BYTES);
        is_kept.then_some(DrivesSeen { at: course.facts.at, drives, root: None })
    });
}

/// Bytes of JSON: a shelf of drives that has more is compared by what its steps find (as in their memo).
const MOST_BYTES: usize = 2048;
