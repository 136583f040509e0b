//! What an out-of-band inspection found, in the shape of the agent's inventory.
//!
//! A pure function from what was read; what a BMC does not have is left out, and no number is made up.
//!
//! - `disk` sizes and storage · `link` what LLDP heard

use serde_json::{Map, Value, json};

use crate::base::mac::Mac;
use crate::wire::redfish::boot::mode_word;
use crate::wire::redfish::lenient::rounded;
use crate::wire::redfish::send::Mode;
use crate::wire::redfish::view::compute::{Memory, Processor};
use crate::wire::redfish::view::network::{
    DellSwitchConnection, EthernetInterface, NetworkAdapter, NetworkPort,
};
use crate::wire::redfish::view::pcie::{Code, PcieFunction};
use crate::wire::redfish::view::secure_boot::Bios;
use crate::wire::redfish::view::storage::{Drive, SimpleStorage, Storage, StorageController, Volume};
use crate::wire::redfish::view::system::System;

pub mod disk;
pub mod link;

/// Everything that an inspection reads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Survey {
    pub system: System,
    pub bios: Option<Bios>,
    pub processors: Vec<Processor>,
    pub memory: Vec<Memory>,
    pub storages: Vec<StorageParts>,
    pub simple_storages: Vec<SimpleStorage>,
    pub interfaces: Vec<EthernetInterface>,
    pub adapters: Vec<AdapterParts>,
    pub pcie_functions: Vec<PcieFunction>,
    pub dell_switches: Vec<DellSwitchConnection>,
    /// The NIC that boots, where the BMC tells.
    pub pxe_interface: Option<Mac>,
    /// Whether the service tag is the serial number (`Quirks::serial_is_sku`).
    pub serial_is_sku: bool,
}

/// One storage with what hangs on it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StorageParts {
    pub storage: Storage,
    /// Those of the `Controllers` collection.
    pub controllers: Vec<StorageController>,
    pub drives: Vec<Drive>,
    pub volumes: Vec<Volume>,
}

/// One adapter with its ports.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AdapterParts {
    pub adapter: NetworkAdapter,
    pub ports: Vec<NetworkPort>,
}

/// What an inspection found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    pub inventory: Value,
    pub plugin_data: Value,
    /// `memory_mb`, `cpu_arch`, `local_gb`; a missing one fails the inspection unless a hook or rule sets it.
    pub memory_mb: Option<u64>,
    pub cpu_arch: Option<&'static str>,
    /// 0 if nothing that can be a root disk was found.
    pub local_gb: u64,
    /// Ironic's word, for `capabilities`.
    pub boot_mode: Option<&'static str>,
    /// Every usable address, one a NIC, in the BMC's order.
    pub macs: Vec<Mac>,
    /// Those of NICs that are enabled and well: the ports made before an agent's inspection.
    pub healthy_macs: Vec<Mac>,
}

/// Puts together what was read.
pub fn found(survey: &Survey) -> Found {
    let macs: Vec<Mac> = distinct(survey.interfaces.iter().filter_map(EthernetInterface::address));
    let well = survey.interfaces.iter().filter(|interface| is_well(interface));
    Found {
        inventory: inventory(survey),
        plugin_data: json!({ "parsed_lldp": link::parsed_lldp(survey) }),
        memory_mb: memory_mb(survey),
        cpu_arch: architecture(survey),
        local_gb: disk::local_gb(survey),
        boot_mode: boot_mode(survey),
        macs,
        healthy_macs: distinct(well.filter_map(EthernetInterface::address)),
    }
}

fn is_well(interface: &EthernetInterface) -> bool {
    interface.status.is_enabled()
        && interface.status.standard_health().is_none_or(|health| health.eq_ignore_ascii_case("OK"))
}

fn distinct(macs: impl Iterator<Item = Mac>) -> Vec<Mac> {
    let mut seen = Vec::new();
    for mac in macs {
        if !seen.contains(&mac) {
            seen.push(mac);
        }
    }
    seen
}

fn inventory(survey: &Survey) -> Value {
    let memory = memory_mb(survey).map(|size| json!({ "physical_mb": size }));
    let parts = [
        ("memory", memory),
        ("cpu", Some(cpu(survey))),
        ("disks", Some(Value::Array(disk::disks(survey)))),
        ("storage_controllers", Some(Value::Array(disk::storage_controllers(survey)))),
        ("interfaces", Some(interfaces(survey))),
        (
            "pci_devices",
            Some(survey.pcie_functions.iter().filter(|one| one.is_known()).map(pci_device).collect()),
        ),
        ("system_vendor", Some(system_vendor(survey))),
        ("boot", boot(survey)),
    ];
    present(parts)
}

/// An object of the members that are there.
fn present<const N: usize>(parts: [(&str, Option<Value>); N]) -> Value {
    let known = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(known.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}

/// MiB: the summary's, else the sum of the modules.
fn memory_mb(survey: &Survey) -> Option<u64> {
    let summary = survey.system.memory.total_gib.filter(|size| *size > 0.0);
    let modules =
        || survey.memory.iter().filter_map(|module| module.capacity_mib).fold(0, u64::saturating_add);
    let size = summary.and_then(|gib| rounded(gib * 1024.0)).unwrap_or_else(modules);
    (size > 0).then_some(size)
}

fn cpus(survey: &Survey) -> impl Iterator<Item = &Processor> {
    survey.processors.iter().filter(|processor| processor.is_cpu() && !processor.status.is_absent())
}

fn cpu(survey: &Survey) -> Value {
    let threads = cpus(survey).filter_map(|cpu| cpu.threads).fold(0, u64::saturating_add);
    let summary = &survey.system.processor;
    let count = if threads > 0 { Some(threads) } else { summary.threads.or(summary.cores) };
    let first = cpus(survey).next();
    let model = first.and_then(|cpu| cpu.model.clone()).or_else(|| summary.model.clone());
    json!({
        "count": count,
        "architecture": architecture(survey).unwrap_or_default(),
        "model_name": model.unwrap_or_default(),
        "frequency": first.and_then(|cpu| cpu.max_speed_mhz).map(|mhz| mhz.to_string()).unwrap_or_default(),
    })
}

/// The agent's word for the first processor's instruction set.
fn architecture(survey: &Survey) -> Option<&'static str> {
    let first = cpus(survey).next();
    let told = |text: Option<&String>| {
        let text = text?;
        ARCHITECTURES.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, ours)| *ours)
    };
    told(first.and_then(|cpu| cpu.instruction_set.as_ref())).or_else(|| {
        let model = first.and_then(|cpu| cpu.model.as_ref());
        let family = first.and_then(|cpu| cpu.architecture.as_ref());
        let names = [model, survey.system.processor.model.as_ref(), family];
        names.into_iter().flatten().find_map(|name| by_name(name))
    })
}

/// What the name of a processor gives away, where nothing else is told.
fn by_name(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    NAMES.iter().find(|(word, _)| name.contains(word)).map(|(_, ours)| *ours)
}

fn interfaces(survey: &Survey) -> Value {
    let each = survey.interfaces.iter().filter_map(|interface| {
        let mac = interface.address()?;
        let name = interface.id.clone().or_else(|| interface.name.clone());
        Some(json!({ "mac_address": mac.to_string(), "name": name, "speed_mbps": interface.speed_mbps }))
    });
    each.collect()
}

fn pci_device(function: &PcieFunction) -> Value {
    let code = |code: &Option<Code>| code.as_ref().map(|code| code.0.clone());
    json!({
        "class": code(&function.class),
        "product_id": code(&function.device_id),
        "vendor_id": code(&function.vendor_id),
        "subsystem_id": code(&function.subsystem_id),
        "subsystem_vendor_id": code(&function.subsystem_vendor_id),
        "revision": function.revision,
    })
}

fn system_vendor(survey: &Survey) -> Value {
    let system = &survey.system;
    let tag = system.sku.clone().filter(|_| survey.serial_is_sku);
    json!({
        "product_name": system.model,
        "serial_number": tag.or_else(|| system.serial_number.clone()),
        "manufacturer": system.manufacturer,
        "system_uuid": system.uuid,
    })
}

/// The override's mode; what the BIOS attributes tell where that is missing.
fn boot_mode(survey: &Survey) -> Option<&'static str> {
    let told = survey.system.boot.members.mode.as_deref();
    let by_bios = || survey.bios.as_ref().and_then(Bios::boot_mode);
    told.and_then(Mode::parse).or_else(|| by_bios().and_then(Mode::parse)).map(mode_word)
}

fn boot(survey: &Survey) -> Option<Value> {
    let mode = boot_mode(survey).map(Value::from);
    let interface = survey.pxe_interface.map(|mac| mac.to_string().into());
    let boot = present([("current_boot_mode", mode), ("pxe_interface", interface)]);
    boot.as_object().is_some_and(|map| !map.is_empty()).then_some(boot)
}

/// Redfish's instruction sets and the agent's words.
#[rustfmt::skip]
const ARCHITECTURES: &[(&str, &str)] = &[
    ("x86-64",   "x86_64"),
    ("x86_64",   "x86_64"),
    ("x86",      "i686"),
    ("ARM-A64",  "aarch64"),
    ("ARM-A32",  "arm"),
    ("IA-64",    "ia64"),
    ("MIPS64",   "mips"),
    ("MIPS32",   "mips"),
    ("MIPS",     "mips"),
    ("PowerISA", "ppc64le"),
    ("RV64",     "riscv64"),
];

/// Parts of processors' names and of the names of their families, and the architectures of all servers that bear them.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("xeon",     "x86_64"),
    ("epyc",     "x86_64"),
    ("ryzen",    "x86_64"),
    ("opteron",  "x86_64"),
    ("intel(r)", "x86_64"),
    ("neoverse", "aarch64"),
    ("cortex",   "aarch64"),
    ("ampere",   "aarch64"),
    ("altra",    "aarch64"),
    ("grace",    "aarch64"),
    ("kunpeng",  "aarch64"),
    ("thunderx", "aarch64"),
    ("arm",      "aarch64"),
    ("x86",      "x86_64"),
    ("power",    "ppc64le"),
    ("risc-v",   "riscv64"),
];

#[cfg(test)]
mod tests;
