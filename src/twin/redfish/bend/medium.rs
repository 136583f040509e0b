//! Oddities of virtual media slots.

use serde_json::{Map, Value, json};

use crate::twin::redfish::bend::below;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::oddity::Oddity;

pub(super) fn bend(bmc: &Bmc, number: usize, map: &mut Map<String, Value>) {
    let is_last = number.saturating_add(1) == bmc.maker().slots.len();
    if bmc.bites(Oddity::LenovoVmediaPatch) || is_last && number > 1 && bmc.bites(Oddity::OpenbmcLegacySlots)
    {
        map.remove("Actions");
    }
    if bmc.bites(Oddity::CiscoDvdOnly) {
        map.insert("MediaTypes".to_owned(), json!(["DVD"]));
    }
    let ejected = bmc.state().slots.get(number).and_then(|medium| medium.ejected);
    if bmc.is_within(ejected, 5) && bmc.bites(Oddity::DellEjectAsync) {
        map.insert("Inserted".to_owned(), true.into());
        map.insert("ConnectedVia".to_owned(), "URI".into());
    }
    let bare = bmc.bites_any(&[Oddity::SmcInsertImageOnly, Oddity::HpeIlo4InsertProps]);
    if bare && let Some(insert) = below(map, &["Actions", "#VirtualMedia.InsertMedia"]) {
        insert.retain(|name, _| name == "target");
    }
}
