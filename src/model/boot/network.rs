//! What a network that this host serves shows of itself.

use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::base::mac::Mac;
use crate::base::moment::Moment;

/// How it stands with a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkStatus {
    pub name: String,
    pub interface: String,
    pub role: &'static str,
    /// What serves it: `dhcp4`, `dhcp6`.
    pub service: &'static str,
    pub mode: &'static str,
    /// `serving`, or `waiting` for its interface.
    pub state: &'static str,
    /// This host's address in it, once it is known.
    pub address: Option<IpAddr>,
    pub pools: Vec<PoolStatus>,
    /// Servers that nobody told us of.
    pub other_servers: Vec<OtherServer>,
    /// Sentences of what is wrong, with the remedy.
    pub problems: Vec<String>,
    /// Packets, by what became of them.
    pub counters: Vec<(&'static str, u64)>,
}

/// What the cache of images has done since the start, and what lies there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheShown {
    /// Asked for and still what its server has.
    pub hits: u64,
    /// Downloaded, at least in part.
    pub misses: u64,
    /// Downloads that came to nothing.
    pub failures: u64,
    pub files: usize,
    /// On the disk, with what was promised to work under way.
    pub bytes: u64,
    /// Bytes that there may be.
    pub quota: u64,
}

/// A cache that shows its numbers.
pub trait Cached: std::fmt::Debug + Send + Sync {
    fn shown(&self) -> CacheShown;
}

/// How full a pool is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PoolStatus {
    pub network: String,
    pub size: u64,
    /// Offered or leased.
    pub used: u64,
    /// Put aside since somebody else uses them.
    pub quarantined: u64,
}

/// A server that answers beside us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherServer {
    pub address: Ipv4Addr,
    pub mac: Mac,
    pub last_seen: Moment,
    /// It is expected: this host only adds boot data.
    pub expected: bool,
}

/// A lease as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseShown {
    pub address: IpAddr,
    pub mac: Option<Mac>,
    pub network: String,
    pub host_name: Option<String>,
    pub expires: Moment,
    /// How the machine asked last, in words.
    pub last_asked: String,
    /// What the machine calls itself in DHCPv6 (DUID), in hexadecimal.
    pub client: Option<String>,
    /// Which of its associations there has the address (IAID).
    pub association: Option<u32>,
}

/// A network that can be looked at.
pub trait Watched: Send + Sync + std::fmt::Debug {
    fn status(&self) -> NetworkStatus;
    fn leases(&self) -> Vec<LeaseShown>;
    /// Whose this address is, if that is known; without a walk over all leases.
    fn mac_of(&self, address: IpAddr) -> Option<Mac>;
    /// To whom this host has leased the address for now; it is nobody's guess, so that leases by DUID tell nothing.
    fn lessee(&self, _address: IpAddr) -> Option<Mac> {
        None
    }

    /// Whether all machines with addresses like this one lease them from this host, so that it knows whose they are.
    fn leases_all(&self, _address: IpAddr) -> bool {
        false
    }
}
