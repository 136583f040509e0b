//! Machines that nobody has enrolled: what the site wants of them, what is written down of them, and how one that
//! became a node goes on.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::id::NodeId;
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::Object;
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
    /// What BMCs speak here; `None`: each is knocked at.
    pub kind: Option<BmcKind>,
    pub username: String,
    pub password: Secret,
    /// Where the password was read, for people.
    pub password_file: PathBuf,
}

/// What a BMC speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

impl BmcAccount {
    /// `driver_info` of a node whose BMC is at this address and speaks this. Redfish only over TLS: the account is never
    /// shown in the clear.
    pub fn settings(&self, kind: BmcKind, address: IpAddr) -> Object {
        let name = kind.driver();
        let place = match (kind, address) {
            (BmcKind::Redfish, IpAddr::V6(six)) => format!("https://[{six}]"),
            (BmcKind::Redfish, IpAddr::V4(four)) => format!("https://{four}"),
            (BmcKind::Ipmi, address) => address.to_string(),
        };
        let members = [
            ("address", place),
            ("username", self.username.clone()),
            ("password", self.password.reveal().to_owned()),
        ];
        members.into_iter().map(|(member, value)| (format!("{name}_{member}"), value.into())).collect()
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
    /// Where the machine says that its BMC is.
    #[serde(default)]
    pub bmc: Option<IpAddr>,
    /// What speaks there, once that is known.
    #[serde(default)]
    pub speaks: Option<BmcKind>,
    #[serde(default)]
    pub stage: Stage,
}

/// How far a discovered node in `enroll` has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Stage {
    #[default]
    Found,
    /// Its BMC is being asked: once, it is not asked again.
    Asked,
    /// Its BMC says that it is this machine's.
    Sure,
    /// Its verification has begun, which happens once.
    Verified,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    Manageable,
    /// Through cleaning.
    Available,
}

/// Machines that were turned away since the daemon began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TurnedAway {
    /// More called within a minute than are let in.
    pub too_many: u64,
    /// As many as the limit allows are there.
    pub no_room: u64,
    /// They claimed what belongs to a node.
    pub claims: u64,
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
