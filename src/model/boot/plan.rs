//! What the site says of its rack networks and of machines that boot from them.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::base::mac::Mac;
use crate::model::boot::loading::Loading;

/// All that is served to booting machines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BootPlan {
    pub networks: Vec<Network>,
    pub discovery: Discovery,
    pub loading: Loading,
}

/// A network of the rack that this host has an interface in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub name: String,
    /// The host's interface, as in `eth1`.
    pub interface: String,
    pub role: Role,
    pub dhcp: DhcpMode,
    /// This host's address in it; the interface's first one if not given.
    pub address: Option<Ipv4Net>,
    /// First and last address to lease.
    pub pools: Vec<(Ipv4Addr, Ipv4Addr)>,
    pub reservations: Vec<Reservation>,
    pub router: Option<Ipv4Addr>,
    pub dns: Vec<Ipv4Addr>,
    /// Those that are reached over IPv6.
    pub dns6: Vec<Ipv6Addr>,
    pub domain: Option<String>,
    /// Seconds.
    pub lease_time: u32,
    /// Networks behind relays (option 82, giaddr) that lease from pools of their own.
    pub relayed: Vec<Relayed>,
    pub router_advertisements: bool,
    pub dhcp6: Option<Dhcp6>,
}

impl Network {
    /// Whether it has addresses of IPv4 to give.
    pub fn leases_v4(&self) -> bool {
        let has_pools = |relayed: &Relayed| !relayed.pools.is_empty();
        !self.pools.is_empty() || !self.reservations.is_empty() || self.relayed.iter().any(has_pools)
    }

    /// Whether DHCP of IPv4 is served; what has only addresses of IPv6 gives no others.
    pub fn serves_v4(&self) -> bool {
        self.dhcp != DhcpMode::Off && (self.leases_v4() || self.dhcp6.is_none())
    }
}

/// A network behind a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relayed {
    pub net: Ipv4Net,
    pub pools: Vec<(Ipv4Addr, Ipv4Addr)>,
    pub router: Option<Ipv4Addr>,
}

/// An address that one machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    pub mac: Mac,
    pub address: Ipv4Addr,
}

/// What a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Machines boot from it and their agents call in over it.
    #[default]
    Boot,
    /// BMCs are in it; nothing boots.
    Bmc,
    /// Deployed systems use it; nothing boots.
    Data,
}

impl Role {
    pub fn word(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Bmc => "bmc",
            Self::Data => "data",
        }
    }
}

/// How DHCP is answered in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DhcpMode {
    /// Addresses and boot data, to all.
    Own,
    /// Boot data beside a server that gives the addresses.
    Proxy,
    /// Addresses and boot data, to the addresses of enrolled ports only.
    Known,
    #[default]
    Off,
}

/// DHCPv6 in a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dhcp6 {
    pub prefix: Ipv6Net,
    pub first: Ipv6Addr,
    pub last: Ipv6Addr,
    /// Messages that are looked at in a second.
    pub messages: u32,
}

/// What becomes of a machine that boots and is not enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Discovery {
    /// It is given no boot data.
    #[default]
    Off,
    /// It boots the ramdisk, and what that tells is written down.
    Record,
    /// It becomes a node in `enroll`, and in `manageable` once its BMC is known.
    Enrol,
    /// It goes on through cleaning to `available`.
    EnrolAndClean,
}

impl Discovery {
    /// The word of the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Record => "record",
            Self::Enrol => "enrol",
            Self::EnrolAndClean => "enrol-and-clean",
        }
    }

    /// Whether machines become nodes.
    pub fn enrols(self) -> bool {
        match self {
            Self::Enrol | Self::EnrolAndClean => true,
            Self::Off | Self::Record => false,
        }
    }
}
