//! Who has which address, as it is kept.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::base::mac::Mac;
use crate::base::moment::Moment;

/// An address that a machine has. One that boots asks as firmware, as iPXE, as a ramdisk and as a system, each with
/// another client id or none: so it is the hardware address that holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub key: LeaseKey,
    pub address: Ipv4Addr,
    /// Seconds.
    pub length: u32,
    /// When it was given or renewed last.
    pub granted: Moment,
    #[serde(default)]
    pub host_name: Option<String>,
}

/// What a lease is found by: a machine, and the network in which it asks (ports of one machine may share their address
/// in several VLANs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeaseKey {
    pub mac: Mac,
    /// The network's own address.
    pub network: Ipv4Addr,
}

/// What is to be kept, or kept no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseChange {
    /// Given or renewed; who had the address before has it no longer.
    Given {
        lease: Lease,
        before: Option<LeaseKey>,
    },
    Ended(LeaseKey),
}
