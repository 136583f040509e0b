//! Whether a node's settings suffice, by interface; asks no machine (contract `one-node.md` section 4).

use serde_json::Value;

use crate::depot::image;
use crate::depot::ramdisks::Purpose;
use crate::driver::Machine;
use crate::driver::agent::bootc;
use crate::driver::bmc::ipmi_settings::IpmiSettings;
use crate::driver::bmc::redfish_settings::{RedfishSettings, Trust};
use crate::driver::bmc::{BmcKey, Ground};
use crate::driver::boot::{BootGround, IDRAC_MEDIA, MEDIA, URL, check};
use crate::driver::error::DriverError;
use crate::driver::redfish::talk::access::authorities_now;
use crate::model::Object;
use crate::model::bmc::{CredentialPrint, RefusedLogin};
use crate::model::catalog::{BootWay, Catalog};
use crate::model::inspection::policy::ManagedBoot;
use crate::model::interface::Interface;
use crate::model::node::Node;

/// The interfaces that `validate` shows, always all of them; vendor is not among them.
pub const SHOWN: &[Interface] = &[
    Interface::Bios,
    Interface::Boot,
    Interface::Console,
    Interface::Deploy,
    Interface::Firmware,
    Interface::Inspect,
    Interface::Management,
    Interface::Network,
    Interface::Power,
    Interface::Raid,
    Interface::Rescue,
    Interface::Storage,
];

/// What the implementations are made with.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    pub bmc: &'a Ground,
    pub boot: &'a BootGround,
}

/// Checks one interface of the node; the error is the reason that a client reads.
pub fn interface(
    catalog: &Catalog,
    grounds: Grounds<'_>,
    machine: &Machine,
    interface: Interface,
) -> Result<(), String> {
    let bmc = grounds.bmc;
    let node = &machine.node;
    let name = node.wished.interfaces.of(interface);
    let Some(found) = catalog.implementation(interface, name) else {
        return Err(format!("{interface} interface {name:?} is not enabled"));
    };
    if found.absent {
        let driver = &node.wished.driver;
        return Err(format!("Driver {driver} does not support {interface} (disabled or not implemented)."));
    }
    if found.missing {
        return Err(format!("{interface} interface {name:?} is not part of this version"));
    }
    match (interface, name) {
        (Interface::Power, "agent") => agent_power(node),
        (Interface::Boot, "fake") => Ok(()),
        (Interface::Boot, _) => ramdisk_boot(grounds, node, Purpose::Deploy),
        (Interface::Rescue, "agent") => agent_rescue(catalog, grounds, node),
        (_, "redfish" | "idrac-redfish") => redfish(node, bmc),
        (Interface::Console, "ipmitool-socat") if !has_ipmi(node) && is_redfish(node) => redfish(node, bmc),
        (_, "ipmitool" | "ipmitool-socat") => ipmi(node, bmc),
        (Interface::Inspect, "agent") => agent_inspect(catalog, grounds.boot.managed_boot, machine),
        (Interface::Deploy, "direct") => direct(node),
        (Interface::Deploy, "custom-agent") => agent_deploy(node),
        (Interface::Deploy, "bootc") => agent_deploy(node).and_then(|()| bootc::validate(node).map(drop)),
        (Interface::Deploy, "anaconda") => anaconda(node, grounds.boot),
        (Interface::Deploy, "ramdisk") if node.wished.interfaces.boot != "fake" => {
            traits(node)?;
            check::instance(grounds.boot, node)
        }
        (Interface::Deploy, _) => traits(node),
        _ => Ok(()),
    }
}

/// Whether the node's boot interface can boot its ramdisk for this purpose.
fn ramdisk_boot(grounds: Grounds<'_>, node: &Node, purpose: Purpose) -> Result<(), String> {
    let bmc = grounds.bmc;
    if ![MEDIA, IDRAC_MEDIA, URL].contains(&node.wished.interfaces.boot.as_str()) {
        return check::boot(grounds.boot, node, None, purpose);
    }
    redfish(node, bmc)?;
    let settings = RedfishSettings::parse(&node.wished.driver_info, &bmc.redfish);
    check::boot(grounds.boot, node, settings.ok().as_ref(), purpose)
}

/// Whether the rescue ramdisk can be booted. What only the fake boots needs none, nor what the site boots its own way.
fn agent_rescue(catalog: &Catalog, grounds: Grounds<'_>, node: &Node) -> Result<(), String> {
    if !grounds.boot.manage_agent_boot {
        return Ok(());
    }
    let name = node.wished.interfaces.boot.as_str();
    match catalog.implementation(Interface::Boot, name) {
        Some(found) if found.boot_way == BootWay::Bare => Ok(()),
        Some(found) if !found.missing && !found.absent => ramdisk_boot(grounds, node, Purpose::Rescue),
        Some(_) | None => {
            Err(format!("boot interface {name:?} cannot boot the rescue ramdisk in this version"))
        }
    }
}

fn is_redfish(node: &Node) -> bool {
    node.wished.interfaces.of(Interface::Power).contains("redfish")
}

/// Whether the node has settings of IPMI of its own.
pub fn has_ipmi(node: &Node) -> bool {
    node.wished.driver_info.contains_key("ipmi_address")
}

fn redfish(node: &Node, bmc: &Ground) -> Result<(), String> {
    let settings = RedfishSettings::parse(&node.wished.driver_info, &bmc.redfish);
    let settings = settings.map_err(|error| error.to_string())?;
    if let (true, Trust::Authorities(path)) = (settings.tls, &settings.trust) {
        authorities_now(path).map_err(|error| error.to_string())?;
    }
    taken(node, &settings.key(), &settings.print(&bmc.prints))
}

fn ipmi(node: &Node, bmc: &Ground) -> Result<(), String> {
    let settings = IpmiSettings::parse(&node.wished.driver_info, &bmc.ipmi);
    let settings = settings.map_err(|error| error.to_string())?;
    taken(node, &settings.key(), &settings.print(&bmc.prints))
}

/// Whether the BMC has not refused these credentials.
fn taken(node: &Node, key: &BmcKey, print: &CredentialPrint) -> Result<(), String> {
    match node.bmc.refused.as_ref().filter(|refused| refused.print == *print) {
        None => Ok(()),
        Some(RefusedLogin { at, why, .. }) => {
            let (who, why) = (key.to_string(), why.clone());
            Err(DriverError::LoginRefused { who, at: *at, why }.to_string())
        }
    }
}

/// An agent cannot switch its machine on, so it must be up already.
fn agent_power(node: &Node) -> Result<(), String> {
    let is_on = match node.wished.driver_info.get("fast_track") {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(word)) => word.eq_ignore_ascii_case("true"),
        _ => false,
    };
    if is_on {
        Ok(())
    } else {
        Err("power interface agent needs fast track: set driver_info.fast_track".to_owned())
    }
}

/// A ramdisk can be booted: the boot interface is there, and if it needs a NIC that boots, one is known; or the machine
/// may be left to the network.
fn agent_inspect(catalog: &Catalog, managed: ManagedBoot, machine: &Machine) -> Result<(), String> {
    let name = machine.node.wished.interfaces.boot.as_str();
    let found = catalog.implementation(Interface::Boot, name);
    if managed.may_leave(found) {
        return Ok(());
    }
    if found.is_none_or(|found| found.absent || found.missing) {
        return Err(format!("boot interface {name:?} cannot boot the inspection ramdisk in this version"));
    }
    if found.is_some_and(|found| found.boot_way == BootWay::Bare) {
        return Err(format!(
            "boot interface {name:?} boots nothing, and [inspector] require_managed_boot is true"
        ));
    }
    let by_network = matches!(name, "ipxe" | "pxe" | "http" | "http-ipxe");
    if by_network && !machine.ports.iter().any(|port| port.wished.pxe_enabled) {
        return Err("no port of the node may boot from the network: create one with pxe_enabled".to_owned());
    }
    Ok(())
}

fn direct(node: &Node) -> Result<(), String> {
    agent_deploy(node)?;
    image::validate(&node.wished.instance_info, &node.wished.driver_info).map_err(|error| error.to_string())
}

/// The installer is started by the machine's own loader: a BMC has no slot for what it needs.
fn anaconda(node: &Node, ground: &BootGround) -> Result<(), String> {
    traits(node)?;
    capabilities(&node.wished.instance_info)?;
    let boot = &node.wished.interfaces.boot;
    if BootWay::of(boot) != BootWay::Network {
        return Err(format!(
            "boot interface {boot:?} cannot bring the installer of deploy interface anaconda: take ipxe, pxe, http-ipxe or \
             http"
        ));
    }
    check::installer(ground, node)
}

fn agent_deploy(node: &Node) -> Result<(), String> {
    traits(node)?;
    for (place, map) in places(node) {
        root_device(place, map)?;
    }
    capabilities(&node.wished.instance_info)?;
    image::validate_proxies(&node.wished.driver_info).map_err(|error| error.to_string())
}

fn places(node: &Node) -> [(&'static str, &Object); 2] {
    [("instance_info", &node.wished.instance_info), ("properties", &node.wished.properties)]
}

/// Traits that the instance asks for and the node lacks.
fn traits(node: &Node) -> Result<(), String> {
    let Some(asked) = node.wished.instance_info.get("traits").filter(|value| !value.is_null()) else {
        return Ok(());
    };
    let asked = asked.as_array().ok_or("instance_info.traits is not a list")?;
    let lacking: Vec<_> = asked
        .iter()
        .filter_map(Value::as_str)
        .filter(|one| !node.traits.iter().any(|own| own == one))
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(format!("the node lacks traits that instance_info asks for: {}", shown(&lacking.join(", "))))
}

/// Hints that the agent knows, by name only: their values are the agent's to judge.
fn root_device(place: &str, map: &Object) -> Result<(), String> {
    let hints = match map.get("root_device") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(hints)) => hints,
        Some(_) => {
            return Err(format!("{place}.root_device is not an object of hints: {}", ROOT_HINTS.join(", ")));
        }
    };
    match hints.keys().find(|hint| !ROOT_HINTS.contains(&hint.as_str())) {
        None => Ok(()),
        Some(hint) => Err(format!(
            "{place}.root_device has the unknown hint {:?}; valid hints are {}",
            shown(hint),
            ROOT_HINTS.join(", ")
        )),
    }
}

/// `instance_info.capabilities`: an object, or one as JSON text.
fn capabilities(instance_info: &Object) -> Result<(), String> {
    const WRONG: &str = "instance_info.capabilities is neither an object nor the JSON text of one";
    let parsed;
    let map = match instance_info.get("capabilities") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(map)) => map,
        Some(Value::String(text)) => {
            parsed = serde_json::from_str::<Object>(text).map_err(|_| WRONG)?;
            &parsed
        }
        Some(_) => return Err(WRONG.to_owned()),
    };
    for (key, accepted) in CAPABILITIES {
        let value = map.get(*key).map(plain);
        if let Some(value) = value.filter(|value| !accepted.contains(&value.to_ascii_lowercase().as_str())) {
            let accepted = accepted.join(", ");
            return Err(format!("capability {key} is {:?}: acceptable values are {accepted}", shown(&value)));
        }
    }
    Ok(())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS).collect()
}

/// Hints by which the agent finds the disk to write.
const ROOT_HINTS: &[&str] = &[
    "by_path",
    "hctl",
    "model",
    "name",
    "rotational",
    "serial",
    "size",
    "vendor",
    "wwn",
    "wwn_vendor_extension",
    "wwn_with_extension",
];

/// Capabilities of an instance whose values are checked.
const CAPABILITIES: &[(&str, &[&str])] = &[
    ("boot_mode", &["bios", "uefi"]),
    ("secure_boot", &["true", "false"]),
    ("trusted_boot", &["true", "false"]),
];

/// Characters of a client's text that a reason repeats.
const SHOWN_CHARACTERS: usize = 200;

#[cfg(test)]
mod tests;
