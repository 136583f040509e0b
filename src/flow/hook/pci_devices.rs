//! `pci-devices`: how many there are of each kind that the site has named, as capabilities.

use serde_json::Value;

use crate::flow::hook::Survey;
use crate::model::Object;

pub fn apply(survey: &mut Survey<'_>) {
    let aliases = &survey.policy.pci_device_alias;
    let Some(devices) = devices(&survey.data) else {
        if !aliases.is_empty() {
            survey.warn("the ramdisk told nothing of PCI devices: have it collect pci-devices");
        }
        return;
    };
    let count = |vendor: &str, product: &str| {
        let is_it = |device: &&Object| {
            text(device, "vendor_id") == Some(vendor) && text(device, "product_id") == Some(product)
        };
        devices.iter().copied().filter(is_it).count()
    };
    let counted = aliases.iter().map(|alias| (&alias.name, count(&alias.vendor_id, &alias.product_id)));
    let new: Vec<_> = counted
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (name.clone(), count.to_string()))
        .collect();
    if !new.is_empty() {
        survey.set_capabilities(&new);
    }
}

/// What the ramdisk told of PCI devices; `None` if nothing.
pub fn devices(data: &Object) -> Option<Vec<&Object>> {
    let all = data.get("pci_devices").and_then(Value::as_array)?;
    Some(all.iter().filter_map(Value::as_object).collect())
}

/// A text of a device.
pub fn text<'a>(device: &'a Object, name: &str) -> Option<&'a str> {
    device.get(name).and_then(Value::as_str)
}
