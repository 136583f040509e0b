//! The IPv6 servers of the rack's networks, and their start.

use std::sync::Arc;

use crate::boot::dhcp::StartError;
use crate::boot::dhcp6::server::{self, Server};
use crate::boot::{advertise, ground::Ground};
use crate::conduct::leases6::LeaseLane6;
use crate::conduct::site::Site;

/// Serves DHCPv6 and advertises in every network of the plan that wants it; without one nothing is opened.
pub fn start(ground: &Ground, site: &Arc<Site>) -> Result<Vec<Arc<Server>>, StartError> {
    let dice: advertise::Dice = Arc::new(|| getrandom::u32().unwrap_or_default());
    advertise::start(ground, &dice);
    server::start(ground, &LeaseLane6::open(site))
}
