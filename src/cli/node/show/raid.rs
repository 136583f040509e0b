//! The RAID that a node is to have and the one that it has, in short.

use serde_json::Value;

use crate::cli::node::show::{Rows, known, row};
use crate::cli::node::view::{View, plain};

pub(super) fn rows(node: View<'_>) -> Rows {
    known([row("target", volumes(node, "target_raid_config")), row("is", volumes(node, "raid_config"))])
}

/// `RAID 1 of 100 GiB (root); RAID 5 of all that is free`; what has no logical disks as it is.
fn volumes(node: View<'_>, field: &str) -> String {
    let Some(config) = node.0.get(field) else { return String::new() };
    let disks = config.get("logical_disks").and_then(Value::as_array);
    let Some(disks) = disks else { return plain(config) };
    if disks.is_empty() {
        return "no logical disks".to_owned();
    }
    disks.iter().map(|disk| volume(View(disk))).collect::<Vec<_>>().join("; ")
}

fn volume(disk: View<'_>) -> String {
    let level = disk.text("raid_level");
    let raid = if level.starts_with(|letter: char| letter.is_ascii_digit()) { "RAID " } else { "" };
    let size = match disk.text("size_gb") {
        all if all == "MAX" => " of all that is free".to_owned(),
        none if none.is_empty() => none,
        size => format!(" of {size} GiB"),
    };
    let root = if disk.is("is_root_volume") { "root".to_owned() } else { String::new() };
    let called = [root, disk.text("volume_name")].into_iter().filter(|text| !text.is_empty());
    let called = called.collect::<Vec<_>>().join(", ");
    let called = if called.is_empty() { called } else { format!(" ({called})") };
    format!("{raid}{level}{size}{called}")
}
