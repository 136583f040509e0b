//! The servers of the rack's networks: what they stand on, and their start.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::boot::dhcp::{self, StartError};
use crate::boot::ground::Ground;
use crate::conduct::desk::Desk;
use crate::conduct::site::Site;
use crate::model::boot::plan::BootPlan;

/// What the servers of booting machines stand on; `door` is where they reach HTTP.
pub fn ground(site: &Site, desk: &Arc<Desk>, plan: Arc<BootPlan>, door: SocketAddr) -> Ground {
    Ground {
        reader: site.reader.clone(),
        desk: desk.clone(),
        plan,
        clock: site.clock.clone(),
        http_port: door.port(),
        stop: site.stop.clone(),
        tasks: site.tasks.clone(),
    }
}

/// Serves every network of the plan that has DHCP; without networks nothing is opened.
pub fn start(ground: &Ground) -> Result<(), StartError> {
    dhcp::start(ground)
}
