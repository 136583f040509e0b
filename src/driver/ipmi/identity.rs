//! Who a machine is, by its BMC's device id and its inventory, and the oddities that it is classed by.
//!
//! ```text
//!   first look at power (in haste) ─┐
//!   boot device, inventory ─────────┴▶ Get Device ID, FRU 0 ─▶ Fact::Identity, Slot ─▶ Quirks
//! ```
//! A BMC is asked once while the daemon runs. What it does not tell is left empty: it is one of the many then.

use std::time::Duration;

use crate::base::time::sleep;
use crate::driver::ipmi::IpmiServer;
use crate::model::bmc::{Fact, Identity};
use crate::wire::ipmi::data::device::DeviceId;
use crate::wire::ipmi::data::fru::area::Inventory;
use crate::wire::redfish::quirk::{Identity as Who, Quirks};

impl IpmiServer {
    /// The machine's oddities; the operator's word for its maker goes before the BMC's.
    pub async fn quirks(&self) -> Quirks {
        let identity = self.identity().await;
        let told = self.node.wished.properties.get("vendor").and_then(serde_json::Value::as_str);
        Quirks::of(&who(&identity).told(told))
    }

    /// Asks who the machine is, if nobody did yet and there is time for it; a look at power does not wait long.
    pub async fn meet(&self) {
        if self.line.session().identity(self.bridge).is_none() {
            tokio::select! {
                _ = self.identity() => {}
                () = sleep(&*self.ipmi.wires.clock, HASTE) => {}
            }
        }
    }

    /// Who the machine is: as was read, else as is read now, else as the record says.
    async fn identity(&self) -> Identity {
        let slot = self.line.session();
        if let Some(known) = slot.identity(self.bridge) {
            return known;
        }
        let Ok(device) = self.device().await else {
            return self.node.bmc.identity.clone();
        };
        let inventory = self.inventory(MACHINE).await.unwrap_or_default();
        let found = identity(&device, &inventory);
        slot.keep_identity(self.bridge, found.clone());
        if found != self.node.bmc.identity {
            self.ipmi.ground.notebook.learn(self.node.id, Fact::Identity(Box::new(found.clone())));
        }
        found
    }
}

/// What is kept of both answers. The model is the product's name and the board's, for some makers name but one well.
fn identity(device: &DeviceId, inventory: &Inventory) -> Identity {
    let (board, product) = (inventory.board.as_ref(), inventory.product.as_ref());
    let makers = texts([product.map(|area| &area.maker), board.map(|area| &area.maker)]);
    let own = device.manufacturer_name().unwrap_or_default();
    Identity {
        manufacturer: makers.first().copied().unwrap_or(own).to_owned(),
        model: texts([product.map(|area| &area.name), board.map(|area| &area.product)]).join(" / "),
        firmware: device.firmware.to_string(),
        bmc_manufacturer: own.to_owned(),
        bmc_model: format!("product {}", device.product),
        ..Identity::default()
    }
}

/// Those that say something, each once.
fn texts(of: [Option<&String>; 2]) -> Vec<&str> {
    let mut texts: Vec<&str> = of.into_iter().flatten().map(|text| text.trim()).collect();
    texts.retain(|text| !text.is_empty());
    texts.dedup();
    texts
}

/// The same for classing: the inventory may name a reseller, and the BMC who made it.
fn who(identity: &Identity) -> Who {
    Who {
        manufacturer: format!("{} {}", identity.manufacturer, identity.bmc_manufacturer),
        model: identity.model.clone(),
        manager_model: identity.bmc_model.clone(),
        firmware: identity.firmware.clone(),
        ..Who::default()
    }
}

/// The inventory of the machine itself.
const MACHINE: u8 = 0;
/// What a look at power may take longer for it, once.
const HASTE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ipmi::data::device::Firmware;
    use crate::wire::ipmi::data::fru::area::{Board, Product};

    const SUPERMICRO: u32 = 10_876;

    fn device(manufacturer: u32) -> DeviceId {
        DeviceId {
            id: 32,
            revision: 1,
            device_sdrs: false,
            is_updating: false,
            firmware: Firmware { major: 1, minor: 0x74 },
            ipmi: 2,
            support: 0,
            manufacturer,
            product: 2404,
            auxiliary: None,
        }
    }

    fn inventory(maker: &str, name: &str, board: &str) -> Inventory {
        let product = Product { maker: maker.to_owned(), name: name.to_owned(), ..Product::default() };
        let board = Board { product: board.to_owned(), ..Board::default() };
        Inventory { product: Some(product), board: Some(board), ..Inventory::default() }
    }

    #[test]
    fn maker_and_model_are_the_inventory_s_and_the_firmware_is_the_bmc_s() {
        let found = identity(&device(SUPERMICRO), &inventory("Reseller ", "Box 1", "X11DSC+"));
        assert_eq!((found.manufacturer.as_str(), found.model.as_str()), ("Reseller", "Box 1 / X11DSC+"));
        assert_eq!((found.firmware.as_str(), found.bmc_model.as_str()), ("1.74", "product 2404"));
        assert!(Quirks::of(&who(&found)).pxe_without_efi());
    }

    #[test]
    fn a_bmc_without_an_inventory_is_classed_by_its_maker_and_an_operator_knows_better() {
        let found = identity(&device(SUPERMICRO), &Inventory::default());
        assert!(found.manufacturer.starts_with("Super") && found.model.is_empty(), "{found:?}");
        assert!(Quirks::of(&who(&found)).has_vendor_bios_setup());
        assert!(!Quirks::of(&who(&found).told(Some("Dell"))).has_vendor_bios_setup());
        assert_eq!(Quirks::of(&who(&identity(&device(0), &Inventory::default()))), Quirks::default());
    }
}
