//! The drives of a machine, as its agent tells them: which they are, whether they are those that were seen last, and
//! which of them a hint means.

pub mod hint;
pub mod ids;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::moment::Moment;
use crate::base::size::human;
use crate::model::Object;
use crate::model::node::Node;

/// One drive for a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drive {
    /// e.g. `/dev/sda`; it may be another one after each boot.
    pub name: String,
    pub model: String,
    pub serial: String,
    pub wwn: String,
    /// Bytes.
    pub size: u64,
    /// Host, channel, target and LUN of a SCSI drive.
    pub hctl: String,
}

/// The drives that a node had when they were seen last, and which of them its root device was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrivesSeen {
    pub at: Moment,
    /// One key a drive, sorted ([`keys`]).
    pub drives: Vec<String>,
    #[serde(default)]
    pub root: Option<RootSeen>,
}

/// Which drive the hints meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootSeen {
    pub hints: Object,
    pub drive: String,
}

impl Drive {
    /// A member of the list `disks` of an inventory; `None` for one without a name.
    pub fn read(disk: &Object) -> Option<Self> {
        let text = |member: &str| {
            let text = disk.get(member).and_then(Value::as_str).unwrap_or_default();
            text.trim().chars().filter(|one| !one.is_control()).take(TEXT_LIMIT).collect::<String>()
        };
        let name = text("name");
        let size = disk.get("size").and_then(Value::as_u64).unwrap_or(0);
        let told = Self {
            model: text("model"),
            serial: text("serial"),
            wwn: text("wwn"),
            hctl: text("hctl"),
            size,
            name,
        };
        (!told.name.is_empty()).then_some(told)
    }

    /// What it is known by: its serial, else its world-wide name, else model and size, for device names change with
    /// each boot.
    pub fn key(&self) -> String {
        match (self.serial.as_str(), self.wwn.as_str()) {
            ("", "") if self.model.is_empty() => format!("a drive of {} bytes", self.size),
            ("", "") => format!("{} of {} bytes", self.model, self.size),
            ("", wwn) => wwn.to_owned(),
            (serial, _) => serial.to_owned(),
        }
    }

    fn is_known(&self) -> bool {
        !self.serial.is_empty() || !self.wwn.is_empty()
    }

    /// What the kernel makes up of other drives or of nothing: it comes and goes with what is on them.
    fn is_made_up(&self) -> bool {
        let device = self.name.strip_prefix("/dev/").unwrap_or(&self.name);
        MADE_UP.iter().any(|prefix| device.starts_with(prefix))
    }

    /// Whether two devices are paths to one drive.
    fn is_path_of(&self, other: &Self) -> bool {
        self.is_known() && (&self.serial, &self.wwn, self.size) == (&other.serial, &other.wwn, other.size)
    }
}

impl fmt::Display for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (", self.name)?;
        for (word, text) in
            [("", &self.model), ("serial ", &self.serial), ("wwn ", &self.wwn), ("hctl ", &self.hctl)]
        {
            if !text.is_empty() {
                write!(f, "{word}{text}, ")?;
            }
        }
        write!(f, "{})", human(self.size))
    }
}

/// The drives of these devices, without those that are made up; of several paths to one the first.
pub fn real(devices: &[Drive]) -> Vec<&Drive> {
    let mut drives: Vec<&Drive> = Vec::new();
    for device in devices.iter().filter(|device| !device.is_made_up()) {
        if !drives.iter().any(|known| device.is_path_of(known)) {
            drives.push(device);
        }
    }
    drives
}

/// One key a drive, sorted.
pub fn keys(devices: &[Drive]) -> Vec<String> {
    let mut keys: Vec<String> = real(devices).into_iter().map(Drive::key).collect();
    keys.sort();
    keys
}

/// Devices for a person: as many as a line bears.
pub fn listed(devices: &[Drive]) -> String {
    let mut shown: Vec<String> = devices.iter().take(MOST_SHOWN).map(ToString::to_string).collect();
    if devices.len() > MOST_SHOWN {
        shown.push(format!("{} more", devices.len() - MOST_SHOWN));
    }
    shown.join("; ")
}

/// Whether a step that destroys may go on with these drives; an error is a part of a sentence that lists both sets.
/// Who has seen none before has nothing to compare.
pub fn same(seen: Option<&DrivesSeen>, now: &[String], devices: &[Drive]) -> Result<(), String> {
    let Some(seen) = seen else { return Ok(()) };
    if seen.drives == now {
        return Ok(());
    }
    let (gone, new) = (less(&seen.drives, now), less(now, &seen.drives));
    let part = |word: &str, keys: &[&String]| {
        let keys: Vec<&str> = keys.iter().take(MOST_SHOWN).map(|key| key.as_str()).collect();
        if keys.is_empty() { String::new() } else { format!("; {word}: {}", keys.join(", ")) }
    };
    let before: Vec<&str> = seen.drives.iter().take(MOST_SHOWN).map(String::as_str).collect();
    Err(format!(
        "its drives are not those that were seen on {}{}{}. Before: [{}]; now: [{}]. Nothing was written. {ACCEPT}",
        seen.at,
        part("gone", &gone),
        part("new", &new),
        before.join(", "),
        listed(devices)
    ))
}

/// Those of `all` that are not in `others`, which may hold a key twice.
fn less<'a>(all: &'a [String], others: &[String]) -> Vec<&'a String> {
    let mut left: Vec<&String> = others.iter().collect();
    all.iter()
        .filter(|key| match left.iter().position(|one| one == key) {
            Some(place) => {
                left.swap_remove(place);
                false
            }
            None => true,
        })
        .collect()
}

/// The hints by which the agent finds the root device, if there are any.
pub fn root_hints(node: &Node) -> Option<&Object> {
    let of = |place: &'static str| {
        let map = if place == "instance_info" { &node.wished.instance_info } else { &node.wished.properties };
        map.get("root_device").and_then(Value::as_object).filter(|hints| !hints.is_empty())
    };
    of("instance_info").or_else(|| of("properties"))
}

/// Whether the agent takes the root volume of the RAID that it has made, whatever the hints say.
pub fn has_root_volume(node: &Node) -> bool {
    [&node.target_raid_config, &node.raid_config].into_iter().any(|config| {
        let volumes = config.get("logical_disks").and_then(Value::as_array).into_iter().flatten();
        volumes.into_iter().any(|volume| volume.get("is_root_volume") == Some(&Value::Bool(true)))
    })
}

/// Which drive a node's hints mean among these devices of its agent; `None` where there are no hints, and where only the
/// agent can tell. An error is a part of a sentence that lists the devices.
pub fn root(node: &Node, disks: &[Object]) -> Result<Option<RootSeen>, String> {
    let Some(hints) = root_hints(node).filter(|_| !has_root_volume(node)) else { return Ok(None) };
    let offered: Vec<(&Object, Drive)> = disks
        .iter()
        .filter(|disk| !is_skipped(node, disk))
        .filter_map(|disk| Some((disk, Drive::read(disk)?)))
        .collect();
    let all: Vec<Drive> = offered.iter().map(|(_, drive)| drive.clone()).collect();
    let mut found: Vec<Drive> = Vec::new();
    for (disk, drive) in offered {
        let wrong =
            |why: String| format!("the root device hints {} cannot be read: {why}. {HINTS}", text(hints));
        if hint::fits(disk, hints).map_err(wrong)? && !found.iter().any(|one| drive.is_path_of(one)) {
            found.push(drive);
        }
    }
    match found.as_slice() {
        // Some drives have more serials than the one that the inventory tells: the agent knows them, and refuses.
        [] if is_by_other_name(node, disks, hints) => Ok(None),
        [] => {
            Err(format!("no drive fits the root device hints {}: [{}]. {HINTS}", text(hints), listed(&all)))
        }
        [one] => Ok(Some(RootSeen { hints: hints.clone(), drive: one.key() })),
        several => Err(format!(
            "{} drives fit the root device hints {}: [{}]. {HINTS}",
            several.len(),
            text(hints),
            listed(several)
        )),
    }
}

/// Whether a drive fits all hints but those on names of which it may have more than it tells.
fn is_by_other_name(node: &Node, disks: &[Object], hints: &Object) -> bool {
    let mut others = hints.clone();
    others.retain(|name, _| !OTHER_NAMES.contains(&name.as_str()));
    let mut offered = disks.iter().filter(|disk| !is_skipped(node, disk));
    others.len() < hints.len() && offered.any(|disk| hint::fits(disk, &others) == Ok(true))
}

/// Whether the same hints meant another drive before.
pub fn same_root(seen: Option<&DrivesSeen>, now: &RootSeen, devices: &[Drive]) -> Result<(), String> {
    let Some((seen, root)) = seen.and_then(|seen| Some((seen, seen.root.as_ref()?))) else { return Ok(()) };
    if root.hints != now.hints || root.drive == now.drive {
        return Ok(());
    }
    Err(format!(
        "the root device hints {} mean the drive {} now, and meant {} on {}: [{}]. {HINTS} {ACCEPT}",
        text(&now.hints),
        now.drive,
        root.drive,
        seen.at,
        listed(devices)
    ))
}

/// `properties.skip_block_devices`, as the agent reads it.
fn is_skipped(node: &Node, disk: &Object) -> bool {
    let skipped = node.wished.properties.get("skip_block_devices").and_then(Value::as_array);
    let mut hints = skipped.into_iter().flatten().filter_map(Value::as_object);
    hints.any(|hints| !hints.contains_key("volume_name") && hint::fits(disk, hints).unwrap_or(false))
}

fn text(hints: &Object) -> String {
    Value::Object(hints.clone()).to_string().chars().take(TEXT_LIMIT * 4).collect()
}

/// What a person can do about it.
const ACCEPT: &str = "If that is as it should be, inspect the node again, or set driver_info disk_guard to false for as \
long as it takes; else put the drives back";
pub const HINTS: &str = "Nothing was written. Correct root_device in instance_info or properties";

/// Hints on names of which a drive may have several.
const OTHER_NAMES: &[&str] = &["serial", "wwn", "wwn_with_extension", "wwn_vendor_extension"];

/// Software RAID, device mapper (multipath, LVM), loops and memory.
const MADE_UP: &[&str] = &["md", "dm-", "mapper/", "loop", "ram", "zram", "nbd"];

/// Characters of a text that an agent tells of a drive.
const TEXT_LIMIT: usize = 64;

/// Drives that a sentence lists.
const MOST_SHOWN: usize = 24;

#[cfg(test)]
mod tests;
