//! The thirteen jobs of a driver and which implementation fills each on a node.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One job of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    Bios,
    Boot,
    Console,
    Deploy,
    Firmware,
    Inspect,
    Management,
    Network,
    Power,
    Raid,
    Rescue,
    Storage,
    Vendor,
}

impl Interface {
    pub const ALL: [Self; 13] = [
        Self::Bios,
        Self::Boot,
        Self::Console,
        Self::Deploy,
        Self::Firmware,
        Self::Inspect,
        Self::Management,
        Self::Network,
        Self::Power,
        Self::Raid,
        Self::Rescue,
        Self::Storage,
        Self::Vendor,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Bios => "bios",
            Self::Boot => "boot",
            Self::Console => "console",
            Self::Deploy => "deploy",
            Self::Firmware => "firmware",
            Self::Inspect => "inspect",
            Self::Management => "management",
            Self::Network => "network",
            Self::Power => "power",
            Self::Raid => "raid",
            Self::Rescue => "rescue",
            Self::Storage => "storage",
            Self::Vendor => "vendor",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The interface of a field such as `power_interface`.
    pub fn of_field(field: &str) -> Option<Self> {
        field.strip_suffix("_interface").and_then(Self::parse)
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The implementation of each job on one node, by name; every job has one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Interfaces {
    pub bios: String,
    pub boot: String,
    pub console: String,
    pub deploy: String,
    pub firmware: String,
    pub inspect: String,
    pub management: String,
    pub network: String,
    pub power: String,
    pub raid: String,
    pub rescue: String,
    pub storage: String,
    pub vendor: String,
}

impl Interfaces {
    pub fn of(&self, kind: Interface) -> &str {
        match kind {
            Interface::Bios => &self.bios,
            Interface::Boot => &self.boot,
            Interface::Console => &self.console,
            Interface::Deploy => &self.deploy,
            Interface::Firmware => &self.firmware,
            Interface::Inspect => &self.inspect,
            Interface::Management => &self.management,
            Interface::Network => &self.network,
            Interface::Power => &self.power,
            Interface::Raid => &self.raid,
            Interface::Rescue => &self.rescue,
            Interface::Storage => &self.storage,
            Interface::Vendor => &self.vendor,
        }
    }

    pub fn set(&mut self, kind: Interface, name: String) {
        *self.slot(kind) = name;
    }

    fn slot(&mut self, kind: Interface) -> &mut String {
        match kind {
            Interface::Bios => &mut self.bios,
            Interface::Boot => &mut self.boot,
            Interface::Console => &mut self.console,
            Interface::Deploy => &mut self.deploy,
            Interface::Firmware => &mut self.firmware,
            Interface::Inspect => &mut self.inspect,
            Interface::Management => &mut self.management,
            Interface::Network => &mut self.network,
            Interface::Power => &mut self.power,
            Interface::Raid => &mut self.raid,
            Interface::Rescue => &mut self.rescue,
            Interface::Storage => &mut self.storage,
            Interface::Vendor => &mut self.vendor,
        }
    }
}
