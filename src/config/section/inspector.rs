//! `[inspector]` and `[inspection_rules]`: what is made of an inventory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use uuid::Uuid;

use crate::base::moment::Moment;
use crate::config::ConfigError;
use crate::model::Object;
use crate::model::inspection::policy::{self, AddPorts, Hook, KeepPorts, ManagedBoot, MaskSecrets, PciAlias};
use crate::model::inspection::rule::{Rule, draft};

/// `[inspector]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Inspector {
    pub default_hooks: Option<Words>,
    pub hooks: Option<Words>,
    pub add_ports: Option<Add>,
    pub keep_ports: Option<Keep>,
    pub update_pxe_enabled: Option<bool>,
    pub require_managed_boot: Option<bool>,
    pub power_off: Option<bool>,
    pub force_dhcp: Option<bool>,
    pub extra_kernel_params: Option<String>,
    pub disk_partitioning_spacing: Option<bool>,
    pub cpu_capabilities: Option<BTreeMap<String, String>>,
    pub pci_device_alias: Option<Vec<String>>,
    pub extra_hardware_strict: Option<bool>,
    pub physical_network_cidr_map: Option<Words>,
}

/// `[inspection_rules]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct InspectionRules {
    /// A JSON file with a list of rules.
    pub built_in_rules: Option<PathBuf>,
    pub mask_secrets: Option<Mask>,
}

/// An array of texts, or a text with commas as in the reference's files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Words {
    List(Vec<String>),
    Text(String),
}

impl Words {
    fn all(&self) -> Vec<String> {
        let texts = match self {
            Self::List(list) => list.clone(),
            Self::Text(text) => text.split(',').map(str::to_owned).collect(),
        };
        texts.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }
}

/// `inspector.add_ports`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Add {
    All,
    Active,
    Pxe,
    Disabled,
}

/// `inspector.keep_ports`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    All,
    Present,
    Added,
}

/// `inspection_rules.mask_secrets`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mask {
    Always,
    Never,
    Sensitive,
}

impl Inspector {
    /// The choices, checked.
    pub fn policy(&self, rules: &InspectionRules) -> Result<policy::Inspector, ConfigError> {
        let mut chosen = policy::Inspector::default();
        let default = self.default_hooks.as_ref().map_or_else(default_hooks, Words::all);
        let chosen_hooks = self.hooks.as_ref().map_or_else(|| vec![DEFAULT.to_owned()], Words::all);
        let names = chosen_hooks
            .iter()
            .flat_map(|name| if name == DEFAULT { default.clone() } else { vec![name.clone()] });
        chosen.hooks = hooks(names)?;
        set(&mut chosen.add_ports, self.add_ports.map(Add::value));
        set(&mut chosen.keep_ports, self.keep_ports.map(Keep::value));
        set(&mut chosen.update_pxe_enabled, self.update_pxe_enabled);
        chosen.managed_boot = ManagedBoot::of(self.require_managed_boot);
        set(&mut chosen.power_off, self.power_off);
        set(&mut chosen.force_dhcp, self.force_dhcp);
        set(&mut chosen.extra_kernel_params, self.extra_kernel_params.clone());
        set(&mut chosen.disk_partitioning_spacing, self.disk_partitioning_spacing);
        set(&mut chosen.cpu_capabilities, self.cpu_capabilities.clone().map(|map| map.into_iter().collect()));
        chosen.extra_hardware_strict = self.extra_hardware_strict.unwrap_or(false);
        for text in self.pci_device_alias.iter().flatten() {
            chosen.pci_device_alias.push(alias(text)?);
        }
        for text in self.physical_network_cidr_map.as_ref().map(Words::all).unwrap_or_default() {
            chosen.physical_network_cidr_map.push(network(&text)?);
        }
        set(&mut chosen.mask_secrets, rules.mask_secrets.map(Mask::value));
        if let Some(path) = &rules.built_in_rules {
            chosen.built_in_rules = built_in(path)?;
        }
        Ok(chosen)
    }
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *place = value;
    }
}

fn default_hooks() -> Vec<String> {
    Hook::DEFAULT.iter().map(|hook| hook.name().to_owned()).collect()
}

impl Add {
    fn value(self) -> AddPorts {
        match self {
            Self::All => AddPorts::All,
            Self::Active => AddPorts::Active,
            Self::Pxe => AddPorts::Pxe,
            Self::Disabled => AddPorts::Disabled,
        }
    }
}

impl Keep {
    fn value(self) -> KeepPorts {
        match self {
            Self::All => KeepPorts::All,
            Self::Present => KeepPorts::Present,
            Self::Added => KeepPorts::Added,
        }
    }
}

impl Mask {
    fn value(self) -> MaskSecrets {
        match self {
            Self::Always => MaskSecrets::Always,
            Self::Never => MaskSecrets::Never,
            Self::Sensitive => MaskSecrets::Sensitive,
        }
    }
}

/// Hooks by name, each behind what it needs.
fn hooks(names: impl Iterator<Item = String>) -> Result<Vec<Hook>, ConfigError> {
    let wrong = |value: String, rule| Err(ConfigError::Value { name: "inspector.hooks", value, rule });
    let mut hooks: Vec<Hook> = Vec::new();
    for name in names {
        let Some(hook) = Hook::parse(&name) else { return wrong(name, HOOKS_RULE) };
        if hooks.contains(&hook) {
            return wrong(name, "each hook once");
        }
        if hook.needs_interfaces() && !hooks.contains(&Hook::ValidateInterfaces) {
            return wrong(name, "this hook needs validate-interfaces before it");
        }
        hooks.push(hook);
    }
    Ok(hooks)
}

fn alias(text: &str) -> Result<PciAlias, ConfigError> {
    let wrong = || ConfigError::Value {
        name: "inspector.pci_device_alias",
        value: text.to_owned(),
        rule: r#"JSON as in {"vendor_id": "1234", "product_id": "5678", "name": "pci_dev1"}"#,
    };
    let mut object: BTreeMap<String, String> = serde_json::from_str(text).map_err(|_| wrong())?;
    let mut take = |name: &str| object.remove(name).ok_or_else(wrong);
    let alias =
        PciAlias { vendor_id: take("vendor_id")?, product_id: take("product_id")?, name: take("name")? };
    if object.is_empty() { Ok(alias) } else { Err(wrong()) }
}

/// `10.0.0.0/24:physnet_a`; the address may hold colons itself.
fn network(text: &str) -> Result<(IpNet, String), ConfigError> {
    let split = text.rsplit_once(':').and_then(|(net, name)| Some((net.trim().parse().ok()?, name.trim())));
    let (net, name) =
        split.filter(|(_, name): &(IpNet, &str)| !name.is_empty()).ok_or(ConfigError::Value {
            name: "inspector.physical_network_cidr_map",
            value: text.to_owned(),
            rule: "a network and a name, as in 10.0.0.0/24:physnet_a",
        })?;
    Ok((net, name.to_owned()))
}

/// Rules that are always there, from a file.
fn built_in(path: &Path) -> Result<Vec<Rule>, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let wrong = |why: String| ConfigError::Wrong { path: path.to_owned(), why };
    let list: Vec<Object> = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("a JSON list of rules is expected: {error}")))?;
    let mut rules = Vec::with_capacity(list.len());
    for (order, body) in list.into_iter().enumerate() {
        let (id, wished) = draft::rule(body).map_err(|refusal| wrong(format!("rule {order}: {refusal}")))?;
        let order = u64::try_from(order).unwrap_or(u64::MAX);
        let id = id.unwrap_or_else(|| Uuid::from_u128(order.into()));
        rules.push(Rule { id, order, created_at: Moment::default(), updated_at: None, wished });
    }
    Ok(rules)
}

/// Stands for the default hooks in a list of them.
const DEFAULT: &str = "$default_hooks";
const HOOKS_RULE: &str = "hooks are ramdisk-error, validate-interfaces, ports, architecture, memory, cpus, cpu-capabilities, \
                          boot-mode, root-device, local-link-connection, parse-lldp, pci-devices, physical-network, \
                          raid-device, accelerators, extra-hardware";
