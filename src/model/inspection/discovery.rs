//! Machines that nobody has enrolled: what the site wants of them, what is written down of them, and how one that
//! became a node goes on.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::boot::plan::Discovery;

/// Options of `[discovery]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryPolicy {
    pub what: Discovery,
    /// Hardware type of a node that is made where no BMC account is given.
    pub driver: Option<String>,
    /// The account of BMCs that nobody has configured.
    pub bmc: Option<BmcAccount>,
    /// Networks in which BMCs are: the account is tried nowhere else.
    pub bmc_networks: Vec<IpNet>,
    /// Machines that are taken in within a minute.
    pub per_minute: u32,
    /// Nodes that have come by discovery, and machines that are written down, at most.
    pub most: usize,
}

/// How to log in to a BMC that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BmcAccount {
    pub kind: BmcKind,
    pub username: String,
    pub password: Secret,
}

/// What a BMC speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BmcKind {
    Redfish,
    Ipmi,
}

impl BmcKind {
    /// The hardware type, which is also what its settings begin with.
    pub fn driver(self) -> &'static str {
        match self {
            Self::Redfish => "redfish",
            Self::Ipmi => "ipmi",
        }
    }
}

impl DiscoveryPolicy {
    /// Whether a BMC at this address may be shown the account.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.bmc_networks.iter().any(|net| net.contains(&address))
    }
}

impl Default for DiscoveryPolicy {
    fn default() -> Self {
        Self {
            what: Discovery::Off,
            driver: None,
            bmc: None,
            bmc_networks: Vec::new(),
            per_minute: 20,
            most: 256,
        }
    }
}

/// That a node came by discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovered {
    pub at: Moment,
    /// What it still does by itself.
    #[serde(default)]
    pub onward: Option<Onward>,
}

/// Where a discovered node goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onward {
    pub goal: Goal,
    /// Its BMC was asked once: it is not asked again.
    pub tried: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    Manageable,
    /// Through cleaning.
    Available,
}

/// What is written down of a machine that nobody has enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub id: Uuid,
    /// The one that it is known by: that of the NIC that booted, or the smallest.
    pub mac: Mac,
    pub macs: Vec<Mac>,
    pub serial: Option<String>,
    pub system: Option<Uuid>,
    pub bmc: Vec<IpAddr>,
    pub manufacturer: Option<String>,
    pub product: Option<String>,
    pub cpu_arch: Option<String>,
    pub cpus: Option<u64>,
    /// MiB.
    pub memory_mb: Option<u64>,
    /// Bytes, one a disk.
    pub disks: Vec<u64>,
    pub from: Option<IpAddr>,
    pub first_at: Moment,
    pub last_at: Moment,
    pub times: u64,
    /// The node that it became.
    pub node: Option<NodeId>,
}
