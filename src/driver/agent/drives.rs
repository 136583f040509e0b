//! The drives that a disk-writing step was begun with: a lost step is begun again on the same set only
//! (style corner 16).

use serde_json::{Value, json};

use crate::depot::digest;
use crate::driver::StepCall;
use crate::driver::agent::client::{AgentClient, AgentError};
use crate::model::Object;
use crate::model::drive::{self, Drive, RootSeen};
use crate::model::node::Node;
use crate::model::step::Step;
use crate::model::step::touch::{destroys, writes_root_disk};
use crate::wire::agent::inventory::Inventory;

/// Drives as they were seen, and the id of the command that told.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    pub command: String,
    /// One key a drive, sorted.
    pub drives: Vec<String>,
    /// The devices as the agent tells them.
    pub disks: Vec<Object>,
}

/// Whether a step of the agent destroys what is on disks.
pub fn writes_disks(step: &Step) -> bool {
    destroys(step.interface, &step.step).is_some()
}

/// Asks the agent for its hardware; it changes nothing there but one more entry in its list of commands.
pub async fn survey(agent: &AgentClient<'_>) -> Result<Survey, AgentError> {
    let (command, result) = agent.result("poll.get_hardware_info", Object::new()).await?;
    let inventory = Inventory::from_value(result).map_err(|error| AgentError::Garbled(error.to_string()))?;
    let devices: Vec<Drive> = inventory.disks.iter().filter_map(Drive::read).collect();
    Ok(Survey { command, drives: names(&devices), disks: inventory.disks })
}

fn names(devices: &[Drive]) -> Vec<String> {
    let names = drive::keys(devices);
    if json!(names).to_string().len() <= MOST_BYTES {
        return names;
    }
    vec![format!("{} drives {}", names.len(), digest::sha256(names.join("\n").as_bytes()))]
}

/// Whether a step that destroys may be run on what was seen: the drives are those that were seen last, and the hints
/// mean one of them, the same as before. The root device, where hints tell it.
pub fn guard(call: &StepCall, survey: &Survey, is_on: bool) -> Result<Option<RootSeen>, String> {
    let node = &call.machine.node;
    if !is_on || is_off_for(node) {
        return Ok(None);
    }
    let devices: Vec<Drive> = survey.disks.iter().filter_map(Drive::read).collect();
    drive::same(node.drives.as_ref(), &survey.drives, &devices)?;
    if !writes_root_disk(call.step.interface, &call.step.step) {
        return Ok(None);
    }
    let root = drive::root(node, &survey.disks)?;
    if let Some(root) = &root {
        drive::same_root(node.drives.as_ref(), root, &devices)?;
    }
    Ok(root)
}

/// Whether a person has switched the guard off for this node.
fn is_off_for(node: &Node) -> bool {
    match node.wished.driver_info.get("disk_guard") {
        Some(Value::Bool(on)) => !on,
        Some(Value::String(text)) => {
            ["false", "off", "no", "0"].contains(&text.trim().to_lowercase().as_str())
        }
        _ => false,
    }
}

/// Fails if the step was begun with other drives; `before` is the memo's field.
pub fn same(before: Option<&Value>, now: &[String]) -> Result<(), String> {
    let Some(before) = before else {
        return Ok(());
    };
    if *before == json!(now) {
        return Ok(());
    }
    let before: Vec<&str> = before.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Err(format!(
        "this step was lost while it wrote to the drives [{}], and the machine now has [{}]: it is not begun again on \
         other drives",
        before.join(", "),
        now.join(", ")
    ))
}

/// More is shown as a count and a hash: a memo has 4 KiB.
const MOST_BYTES: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(name: &str, serial: Option<&str>) -> Drive {
        let serial = serial.unwrap_or_default().to_owned();
        Drive { name: name.to_owned(), size: 7, serial, ..Drive::default() }
    }

    #[test]
    fn the_order_and_the_device_names_of_drives_do_not_matter() {
        let one = names(&[disk("/dev/sda", Some("B")), disk("/dev/sdb", Some("A"))]);
        let other = names(&[disk("/dev/sda", Some("A")), disk("/dev/sdc", Some("B"))]);
        assert_eq!(one, other);
        assert_eq!(names(&[disk("/dev/vda", None)]), ["a drive of 7 bytes"]);
    }

    #[test]
    fn other_drives_are_refused_with_both_sets_named() {
        let now = ["C".to_owned()];
        assert_eq!(same(None, &now), Ok(()));
        assert_eq!(same(Some(&json!(["C"])), &now), Ok(()));
        let why = same(Some(&json!(["A", "B"])), &now).unwrap_err();
        assert!(why.contains("[A, B]") && why.contains("[C]"), "{why}");
    }

    #[test]
    fn a_shelf_of_drives_still_fits_a_memo() {
        let many: Vec<Drive> = (0..1000).map(|number| disk("x", Some(&format!("serial-{number}")))).collect();
        assert!(names(&many)[0].starts_with("1000 drives "));
        let odd: Vec<Drive> = (0..5).map(|_| disk("x", Some(&"\u{1}".repeat(250)))).collect();
        assert!(json!(names(&odd)).to_string().len() <= MOST_BYTES);
    }
}
