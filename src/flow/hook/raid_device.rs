//! `raid-device`: the disk that came with the last change of the RAID: the one whose serial number the inspection before
//! did not know becomes the hint for the root disk.

use serde_json::{Value, json};

use crate::base::visible::is_visible;
use crate::flow::hook::Survey;
use crate::model::Object;

pub fn apply(survey: &mut Survey<'_>) {
    if survey.node.wished.properties.contains_key("root_device") {
        return;
    }
    let now = serials(survey.inventory);
    if now.is_empty() {
        survey.warn("no disk tells its serial number: the RAID's disk is not known");
        return;
    }
    let Some(before) = survey.before.map(|before| serials(&before.inventory)) else { return };
    let mut new = now.into_iter().filter(|serial| !before.contains(serial));
    match (new.next(), new.next()) {
        (Some(serial), None) => survey.set_property("root_device", json!({"serial": serial})),
        (Some(_), Some(_)) => survey.warn("several disks are new: the RAID's disk is not known"),
        (None, _) => {}
    }
}

fn serials(inventory: &Object) -> Vec<String> {
    let disks = inventory.get("disks").and_then(Value::as_array).into_iter().flatten();
    let serials = disks.filter_map(|disk| disk.get("serial")?.as_str());
    serials.filter(|serial| !serial.is_empty() && serial.chars().all(is_visible)).map(str::to_owned).collect()
}
