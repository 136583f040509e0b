//! What a machine says of itself, by which it is classed.

use crate::wire::redfish::view::manager::Manager;
use crate::wire::redfish::view::root::ServiceRoot;
use crate::wire::redfish::view::system::System;

/// What a machine says of itself, over Redfish or in its FRU.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Of the system, or of the FRU's board or product.
    pub manufacturer: String,
    pub model: String,
    /// The BMC's own model: `17G Monolithic`, `iLO 6`, `OpenBmc`.
    pub manager_model: String,
    /// The BMC's firmware.
    pub firmware: String,
    pub root_vendor: String,
    pub root_product: String,
    /// The names under `Oem` of root, system and manager.
    pub oem: Vec<String>,
}

impl Identity {
    /// From what was read; what was not is left out.
    pub fn of(root: &ServiceRoot, system: Option<&System>, manager: Option<&Manager>) -> Self {
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let mut oem = root.oem.0.clone();
        oem.extend(system.into_iter().flat_map(|system| system.oem.0.clone()));
        oem.extend(manager.into_iter().flat_map(|manager| manager.oem.0.clone()));
        Self {
            manufacturer: text(system.and_then(|system| system.manufacturer.as_ref())),
            model: text(system.and_then(|system| system.model.as_ref())),
            manager_model: text(manager.and_then(|manager| manager.model.as_ref())),
            firmware: text(manager.and_then(|manager| manager.firmware_version.as_ref())),
            root_vendor: text(root.vendor.as_ref()),
            root_product: text(root.product.as_ref()),
            oem,
        }
    }

    /// What `properties.vendor` is when the operator did not say: the root's word, else the system's.
    pub fn vendor(&self) -> Option<&str> {
        [&self.root_vendor, &self.manufacturer].into_iter().map(String::as_str).find(|text| !text.is_empty())
    }

    /// The same with the operator's word for the vendor, who knows better than the BMC.
    #[must_use]
    pub fn told(mut self, vendor: Option<&str>) -> Self {
        if let Some(vendor) = vendor.filter(|vendor| !vendor.is_empty()) {
            vendor.clone_into(&mut self.manufacturer);
        }
        self
    }
}
