//! The drives that a disk-writing step was begun with: a lost step is begun again on the same set only
//! (style corner 16).

use serde_json::{Value, json};

use crate::depot::digest;
use crate::driver::agent::client::{AgentClient, AgentError};
use crate::model::Object;
use crate::model::interface::Interface;
use crate::model::step::Step;
use crate::wire::agent::inventory::{Disk, Inventory};

/// Drives as they were seen, and the id of the command that told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    pub command: String,
    /// Sorted.
    pub drives: Vec<String>,
}

/// Whether a step of the agent writes to disks.
pub fn writes_disks(step: &Step) -> bool {
    let name = step.step.as_str();
    step.interface == Interface::Deploy
        && (name.starts_with("erase_") || ["write_image", "execute_bootc_install"].contains(&name))
}

/// Asks the agent for its hardware; it changes nothing there but one more entry in its list of commands.
pub async fn survey(agent: &AgentClient<'_>) -> Result<Survey, AgentError> {
    let (command, result) = agent.result("poll.get_hardware_info", Object::new()).await?;
    let inventory = Inventory::from_value(result).map_err(|error| AgentError::Garbled(error.to_string()))?;
    Ok(Survey { command, drives: names(&inventory.disks) })
}

/// One name a drive: its serial, else its world-wide name, else its device and size.
fn names(disks: &[Disk]) -> Vec<String> {
    let mut names: Vec<String> = disks.iter().map(name).collect();
    names.sort();
    if json!(names).to_string().len() <= MOST_BYTES {
        return names;
    }
    vec![format!("{} drives {}", names.len(), digest::sha256(names.join("\n").as_bytes()))]
}

fn name(disk: &Disk) -> String {
    let given = disk.serial.as_ref().or(disk.wwn.as_ref()).filter(|text| !text.is_empty());
    given.cloned().unwrap_or_else(|| format!("{} of {} bytes", disk.name, disk.size))
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

    fn disk(name: &str, serial: Option<&str>) -> Disk {
        Disk { name: name.to_owned(), size: 7, serial: serial.map(str::to_owned), wwn: None }
    }

    #[test]
    fn the_order_and_the_device_names_of_drives_do_not_matter() {
        let one = names(&[disk("/dev/sda", Some("B")), disk("/dev/sdb", Some("A"))]);
        let other = names(&[disk("/dev/sda", Some("A")), disk("/dev/sdc", Some("B"))]);
        assert_eq!(one, other);
        assert_eq!(names(&[disk("/dev/vda", None)]), ["/dev/vda of 7 bytes"]);
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
        let many: Vec<Disk> = (0..1000).map(|number| disk("x", Some(&format!("serial-{number}")))).collect();
        assert!(names(&many)[0].starts_with("1000 drives "));
        let odd: Vec<Disk> = (0..5).map(|_| disk("x", Some(&"\u{1}".repeat(250)))).collect();
        assert!(json!(names(&odd)).to_string().len() <= MOST_BYTES);
    }
}
