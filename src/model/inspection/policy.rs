//! What the site has chosen for inspections in band; defaults are the reference's (contract `config.md`, `[inspector]`).

use ipnet::IpNet;

use crate::model::catalog::{BootWay, Implementation};
use crate::model::inspection::rule::Rule;

/// Options of `[inspector]` and `[inspection_rules]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspector {
    /// In the order in which they run.
    pub hooks: Vec<Hook>,
    pub add_ports: AddPorts,
    pub keep_ports: KeepPorts,
    pub update_pxe_enabled: bool,
    pub managed_boot: ManagedBoot,
    /// The machine is switched off when its inspection has ended.
    pub power_off: bool,
    /// The ramdisk takes addresses on all NICs, so that all of them hear their switches.
    pub force_dhcp: bool,
    /// Words for the kernel's command line.
    pub extra_kernel_params: String,
    /// 1 GiB of the root disk is left out of `local_gb`.
    pub disk_partitioning_spacing: bool,
    /// A flag of the CPU and the capability that it gives.
    pub cpu_capabilities: Vec<(String, String)>,
    pub pci_device_alias: Vec<PciAlias>,
    /// Extra hardware in another form than expected is not kept.
    pub extra_hardware_strict: bool,
    pub physical_network_cidr_map: Vec<(IpNet, String)>,
    pub built_in_rules: Vec<Rule>,
    pub mask_secrets: MaskSecrets,
    /// Bytes of a body that may be posted.
    pub body_limit: usize,
}

/// A kind of PCI device that is counted as a capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PciAlias {
    pub vendor_id: String,
    pub product_id: String,
    pub name: String,
}

/// Which NICs get a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddPorts {
    All,
    /// Those that have an address.
    Active,
    /// The one that booted, if it is known; else those that have an address.
    #[default]
    Pxe,
    Disabled,
}

impl AddPorts {
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Active => "active",
            Self::Pxe => "pxe",
            Self::Disabled => "disabled",
        }
    }
}

/// Whether the node's boot interface must boot the ramdisk of an inspection (`require_managed_boot`). A machine that it
/// does not boot is left to boot from the network by itself, by whoever serves machines that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ManagedBoot {
    /// `true`.
    Required,
    /// Not said: only a boot interface that boots nothing leaves its machine to the network.
    #[default]
    ByInterface,
    /// `false`: wherever a boot interface cannot boot it.
    WherePossible,
}

impl ManagedBoot {
    /// What `require_managed_boot` says.
    pub fn of(required: Option<bool>) -> Self {
        match required {
            Some(true) => Self::Required,
            None => Self::ByInterface,
            Some(false) => Self::WherePossible,
        }
    }

    /// Whether a machine with this boot interface may be left to the network. One that boots what its BMC brings never
    /// is, as in the reference.
    pub fn may_leave(self, boot: Option<&Implementation>) -> bool {
        let way = boot.map(|found| found.boot_way).unwrap_or_default();
        match self {
            Self::Required => false,
            Self::ByInterface => {
                way == BootWay::Bare && boot.is_some_and(|found| !found.missing && !found.absent)
            }
            Self::WherePossible => !way.is_by_bmc(),
        }
    }
}

/// Which ports stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepPorts {
    #[default]
    All,
    /// Those whose NIC is there.
    Present,
    /// Those that would be added.
    Added,
}

/// Whose view of the inventory has its secrets masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaskSecrets {
    #[default]
    Always,
    Never,
    /// All rules' but the sensitive ones'.
    Sensitive,
}

/// What is made of an inventory, piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    RamdiskError,
    ValidateInterfaces,
    Ports,
    Architecture,
    Memory,
    Cpus,
    CpuCapabilities,
    BootMode,
    RootDevice,
    LocalLinkConnection,
    ParseLldp,
    PciDevices,
    PhysicalNetwork,
    RaidDevice,
    Accelerators,
    ExtraHardware,
}

impl Hook {
    pub const ALL: [Self; 16] = [
        Self::RamdiskError,
        Self::ValidateInterfaces,
        Self::Ports,
        Self::Architecture,
        Self::Memory,
        Self::Cpus,
        Self::CpuCapabilities,
        Self::BootMode,
        Self::RootDevice,
        Self::LocalLinkConnection,
        Self::ParseLldp,
        Self::PciDevices,
        Self::PhysicalNetwork,
        Self::RaidDevice,
        Self::Accelerators,
        Self::ExtraHardware,
    ];

    /// Those that run unless told otherwise.
    pub const DEFAULT: [Self; 4] =
        [Self::RamdiskError, Self::ValidateInterfaces, Self::Ports, Self::Architecture];

    pub fn name(self) -> &'static str {
        match self {
            Self::RamdiskError => "ramdisk-error",
            Self::ValidateInterfaces => "validate-interfaces",
            Self::Ports => "ports",
            Self::Architecture => "architecture",
            Self::Memory => "memory",
            Self::Cpus => "cpus",
            Self::CpuCapabilities => "cpu-capabilities",
            Self::BootMode => "boot-mode",
            Self::RootDevice => "root-device",
            Self::LocalLinkConnection => "local-link-connection",
            Self::ParseLldp => "parse-lldp",
            Self::PciDevices => "pci-devices",
            Self::PhysicalNetwork => "physical-network",
            Self::RaidDevice => "raid-device",
            Self::Accelerators => "accelerators",
            Self::ExtraHardware => "extra-hardware",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }

    /// Needs the interfaces that `validate-interfaces` has found.
    pub fn needs_interfaces(self) -> bool {
        match self {
            Self::Ports | Self::LocalLinkConnection | Self::PhysicalNetwork => true,
            Self::RamdiskError
            | Self::ValidateInterfaces
            | Self::Architecture
            | Self::Memory
            | Self::Cpus
            | Self::CpuCapabilities
            | Self::BootMode
            | Self::RootDevice
            | Self::ParseLldp
            | Self::PciDevices
            | Self::RaidDevice
            | Self::Accelerators
            | Self::ExtraHardware => false,
        }
    }
}

impl Inspector {
    /// What the site adds to the kernel's command line of an inspection ramdisk, beside where it calls.
    pub fn kernel_words(&self) -> String {
        let dhcp =
            if self.force_dhcp { "ipa-collect-lldp=1 ipa-inspection-dhcp-all-interfaces=1 " } else { "" };
        format!("{dhcp}{}", self.extra_kernel_params).trim().to_owned()
    }
}

impl Default for Inspector {
    fn default() -> Self {
        let pair = |(flag, name): (&str, &str)| (flag.to_owned(), name.to_owned());
        Self {
            hooks: Hook::DEFAULT.to_vec(),
            add_ports: AddPorts::default(),
            keep_ports: KeepPorts::default(),
            update_pxe_enabled: true,
            managed_boot: ManagedBoot::default(),
            power_off: true,
            force_dhcp: false,
            extra_kernel_params: String::new(),
            disk_partitioning_spacing: true,
            cpu_capabilities: CPU_CAPABILITIES.map(pair).to_vec(),
            pci_device_alias: Vec::new(),
            extra_hardware_strict: false,
            physical_network_cidr_map: Vec::new(),
            built_in_rules: Vec::new(),
            mask_secrets: MaskSecrets::default(),
            body_limit: BODY_LIMIT,
        }
    }
}

/// Flags of x86 CPUs that schedulers ask for.
const CPU_CAPABILITIES: [(&str, &str); 6] = [
    ("vmx", "cpu_vt"),
    ("svm", "cpu_vt"),
    ("aes", "cpu_aes"),
    ("pse", "cpu_hugepages"),
    ("pdpe1gb", "cpu_hugepages_1g"),
    ("smx", "cpu_txt"),
];

/// The reference's `[api] max_json_body_size_inspection`: the ramdisk's logs are in the body.
const BODY_LIMIT: usize = 16 << 20;
