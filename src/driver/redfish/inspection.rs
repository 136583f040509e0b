//! Inspection behind its capability: what was found, as the rules take it in.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::base::time::Later;
use crate::driver::capability::inspect::Inspect;
use crate::driver::error::DriverError;
use crate::driver::redfish::server::Server;
use crate::model::Object;
use crate::model::bmc::panel::Mode;
use crate::model::inspection::{Inspection, Inventory, Nic};
use crate::wire::redfish::inventory::Found;

/// The inspection of a Redfish machine.
#[derive(Debug)]
pub struct RedfishInspect(pub Server);

impl Inspect for RedfishInspect {
    fn who(&self) -> String {
        self.0.talk.who()
    }

    fn inspect(&self) -> Later<'_, Result<Inspection, DriverError>> {
        Box::pin(async move { Ok(inspection(self.0.inspect().await?)) })
    }
}

fn inspection(found: Found) -> Inspection {
    let nics = found.macs.iter().map(|mac| nic(&found.inventory, *mac)).collect();
    let boots_from = found.inventory.get("boot").and_then(|boot| boot.get("pxe_interface"));
    let boots_from = boots_from.and_then(Value::as_str).and_then(|text| text.parse().ok());
    Inspection {
        memory_mb: found.memory_mb,
        local_gb: Some(found.local_gb),
        cpu_arch: found.cpu_arch.map(str::to_owned),
        boot_mode: found.boot_mode.and_then(Mode::parse),
        nics,
        boots_from,
        kept: Arc::new(Inventory {
            inventory: object(found.inventory),
            plugin_data: object(found.plugin_data),
        }),
    }
}

/// The NIC of an address, by the name that the inventory has for it.
fn nic(inventory: &Value, mac: Mac) -> Nic {
    let text = mac.to_string();
    let all = inventory.get("interfaces").and_then(Value::as_array).into_iter().flatten();
    let mut same = all.filter(|one| one.get("mac_address").and_then(Value::as_str) == Some(&text));
    let name = same.next().and_then(|one| one.get("name")).and_then(Value::as_str).unwrap_or_default();
    Nic { mac, name: name.chars().take(NAME).collect(), port: PortId(Uuid::new_v4()) }
}

fn object(value: Value) -> Object {
    if let Value::Object(object) = value { object } else { Object::new() }
}

/// Characters of a NIC's name that are told.
const NAME: usize = 80;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_found_is_handed_on_with_a_nic_for_each_address() {
        let macs = [Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2])];
        let inventory = json!({
            "interfaces": [
                {"mac_address": "02:00:00:00:00:01", "name": "NIC.1"},
                {"mac_address": "02:00:00:00:00:02", "name": null},
            ],
            "boot": {"current_boot_mode": "uefi", "pxe_interface": "02:00:00:00:00:02"},
        });
        let found = Found {
            inventory: inventory.clone(),
            plugin_data: json!({"parsed_lldp": {}}),
            memory_mb: Some(1024),
            cpu_arch: Some("x86_64"),
            boot_mode: Some("uefi"),
            macs: macs.to_vec(),
            ..Found::default()
        };
        let told = inspection(found);
        let nics: Vec<_> = told.nics.iter().map(|nic| (nic.mac, nic.name.as_str())).collect();
        assert_eq!(nics, [(macs[0], "NIC.1"), (macs[1], "")]);
        assert_ne!(told.nics[0].port, told.nics[1].port);
        assert_eq!((told.memory_mb, told.local_gb, told.boot_mode), (Some(1024), Some(0), Some(Mode::Uefi)));
        assert_eq!((told.cpu_arch.as_deref(), told.boots_from), (Some("x86_64"), Some(macs[1])));
        assert_eq!(Value::Object(told.kept.inventory.clone()), inventory);
    }

    #[test]
    fn a_bmc_that_tells_nothing_has_an_empty_inventory() {
        let told = inspection(Found::default());
        assert_eq!(told, Inspection { local_gb: Some(0), ..Inspection::default() });
    }
}
