//! What is made of an inventory, piece by piece: a file a hook, each a plain function on a [`Survey`].
//!
//! ```text
//! inventory, plugin data, node, ports -> prepare of each hook -> apply of each hook -> rules -> node, ports, data
//! ```
//!
//! Names, order and results are the reference's (contract `agent.md` section 8). A hook that fails fails the
//! inspection, and nothing of it is kept.

pub mod accelerators;
pub mod architecture;
pub mod boot_mode;
pub mod cpus;
pub mod extra_hardware;
pub mod interfaces;
pub mod link;
pub mod lldp;
pub mod memory;
pub mod network;
pub mod pci_devices;
pub mod ports;
pub mod raid_device;
pub mod ramdisk_error;
pub mod root_device;

use serde_json::Value;

use crate::base::id::PortId;
use crate::base::mac::Mac;
use crate::base::secret::Secret;
use crate::model::Object;
use crate::model::inspection::policy::{Hook, Inspector};
use crate::model::inspection::{Bearers, Inventory};
use crate::model::journal::Event;
use crate::model::node::Node;
use crate::model::port::Port;

/// An inspection in the making: what was told, and what comes of it.
#[derive(Debug)]
pub struct Survey<'a> {
    pub inventory: &'a Object,
    /// What came beside it, with what the hooks add.
    pub data: Object,
    pub node: Node,
    /// The node's ports; new ones have the order 0.
    pub ports: Vec<Port>,
    pub policy: &'a Inspector,
    /// Who has the port of an address, over the rack.
    pub bearers: &'a dyn Bearers,
    /// Identities for new ports.
    pub fresh: Vec<PortId>,
    /// What the inspection before has kept.
    pub before: Option<&'a Inventory>,
    pub notes: Vec<Event>,
    /// What rules want asked of other servers.
    pub calls: Vec<Secret>,
}

/// Why an inspection fails; a sentence's part.
pub type Failed = String;

impl Survey<'_> {
    /// Runs the site's hooks, all preparations first.
    pub fn run(&mut self) -> Result<(), Failed> {
        for hook in self.policy.hooks.clone() {
            prepare(hook, self).map_err(|why| format!("hook {}: {why}", hook.name()))?;
        }
        for hook in self.policy.hooks.clone() {
            apply(hook, self).map_err(|why| format!("hook {}: {why}", hook.name()))?;
        }
        Ok(())
    }

    /// A member of a member of the inventory.
    pub fn told(&self, part: &str, name: &str) -> Option<&Value> {
        self.inventory.get(part)?.get(name)
    }

    /// The entries of a list in the inventory that are objects.
    pub fn each(&self, list: &str) -> impl Iterator<Item = &Object> {
        let all = self.inventory.get(list).and_then(Value::as_array).into_iter().flatten();
        all.filter_map(Value::as_object)
    }

    pub fn set_property(&mut self, name: &str, value: impl Into<Value>) {
        let value = value.into();
        let properties = &mut self.node.wished.properties;
        if properties.get(name) != Some(&value) {
            let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.notes.push(Event::info("inspect", cut(&format!("property {name} is {shown}"))));
            properties.insert(name.to_owned(), value);
        }
    }

    /// Sets these of the node's capabilities; the others stay.
    pub fn set_capabilities(&mut self, new: &[(String, String)]) {
        let present = self.node.wished.properties.get("capabilities");
        if let Some(merged) = capabilities(present, new) {
            self.set_property("capabilities", merged);
        }
    }

    /// Something that a person should know and that fails nothing.
    pub fn warn(&mut self, text: &str) {
        self.notes.push(Event::error("inspect", cut(text)));
    }

    /// The node's port of this address.
    pub fn port(&mut self, mac: Mac) -> Option<&mut Port> {
        self.ports.iter_mut().find(|port| port.address == mac)
    }

    /// Name and address of each interface that `validate-interfaces` found.
    pub fn found_interfaces(&self) -> Vec<(String, Mac)> {
        let all = self.data.get(interfaces::ALL).and_then(Value::as_object).into_iter().flatten();
        all.filter_map(|(name, iface)| Some((name.clone(), interfaces::mac(iface.as_object()?)?))).collect()
    }
}

fn prepare(hook: Hook, survey: &mut Survey<'_>) -> Result<(), Failed> {
    match hook {
        Hook::RamdiskError => ramdisk_error::prepare(survey),
        Hook::ValidateInterfaces => interfaces::prepare(survey),
        Hook::Ports
        | Hook::Architecture
        | Hook::Memory
        | Hook::Cpus
        | Hook::CpuCapabilities
        | Hook::BootMode
        | Hook::RootDevice
        | Hook::LocalLinkConnection
        | Hook::ParseLldp
        | Hook::PciDevices
        | Hook::PhysicalNetwork
        | Hook::RaidDevice
        | Hook::Accelerators
        | Hook::ExtraHardware => Ok(()),
    }
}

fn apply(hook: Hook, survey: &mut Survey<'_>) -> Result<(), Failed> {
    match hook {
        Hook::RamdiskError | Hook::ValidateInterfaces => return Ok(()),
        Hook::Architecture => return architecture::apply(survey),
        Hook::Memory => return memory::apply(survey),
        Hook::RootDevice => return root_device::apply(survey),
        Hook::Ports => ports::apply(survey),
        Hook::Cpus => cpus::apply(survey),
        Hook::CpuCapabilities => cpus::capabilities(survey),
        Hook::BootMode => boot_mode::apply(survey),
        Hook::LocalLinkConnection => link::apply(survey),
        Hook::ParseLldp => link::parse(survey),
        Hook::PciDevices => pci_devices::apply(survey),
        Hook::PhysicalNetwork => network::apply(survey),
        Hook::RaidDevice => raid_device::apply(survey),
        Hook::Accelerators => accelerators::apply(survey),
        Hook::ExtraHardware => extra_hardware::apply(survey),
    }
    Ok(())
}

/// The capabilities with these in place of what was there under their names; `None` if what is there cannot be read.
/// A text stays a text, an object an object.
pub fn capabilities(present: Option<&Value>, new: &[(String, String)]) -> Option<Value> {
    match present {
        Some(Value::Object(map)) => {
            let mut map = map.clone();
            map.extend(new.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
            Some(Value::Object(map))
        }
        None | Some(Value::Null) => Some(joined("", new)),
        Some(Value::String(text)) => Some(joined(text, new)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_)) => None,
    }
}

fn joined(text: &str, new: &[(String, String)]) -> Value {
    let name = |part: &str| part.split(':').next().unwrap_or_default().trim().to_owned();
    let kept = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let kept = kept.filter(|part| !new.iter().any(|(own, _)| *own == name(part))).map(str::to_owned);
    let added = new.iter().map(|(name, value)| format!("{name}:{value}"));
    kept.chain(added).collect::<Vec<_>>().join(",").into()
}

fn cut(text: &str) -> String {
    text.chars().take(NOTE_LIMIT).collect()
}

/// Characters of a note that repeats what a machine said.
const NOTE_LIMIT: usize = 500;

#[cfg(test)]
mod tests;
