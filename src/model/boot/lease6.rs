//! Who has which IPv6 address, as it is kept.

use std::net::Ipv6Addr;

use serde::{Deserialize, Serialize};

use crate::base::duid::Duid;
use crate::base::mac::Mac;
use crate::base::moment::Moment;

/// An IPv6 address that a machine has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease6 {
    pub key: LeaseKey6,
    pub address: Ipv6Addr,
    /// Seconds.
    pub length: u32,
    /// When it was given or renewed last.
    pub granted: Moment,
    /// The machine is not enrolled.
    #[serde(default)]
    pub is_stranger: bool,
    /// The hardware address that it asked from; what it calls itself may tell that of another interface.
    #[serde(default)]
    pub mac: Option<Mac>,
}

/// What a lease is found by. Firmware has two addresses under one identifier while it boots: one of its own, one of its
/// boot client (recorded with OVMF).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeaseKey6 {
    /// The network's own address.
    pub network: Ipv6Addr,
    /// The identity association.
    pub association: u32,
    pub client: Duid,
}

/// What is to be kept, or kept no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseChange6 {
    Given(Lease6),
    Ended(LeaseKey6),
}
