//! What the servers of booting machines share.

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::time::SharedClock;
use crate::conduct::desk::Desk;
use crate::model::boot::plan::{BootPlan, Network};
use crate::net::whereabouts::Place;
use crate::store::reader::Reader;

/// What they read, whom they post to, and what ends them.
#[derive(Clone)]
pub struct Ground {
    pub reader: Reader,
    pub desk: Arc<Desk>,
    pub plan: Arc<BootPlan>,
    pub clock: SharedClock,
    /// Port of the HTTP server that machines reach.
    pub http_port: u16,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
}

/// Where this host is in a network, as of now.
pub fn place(network: &Network) -> Place {
    Place { interface: network.interface.clone(), address: network.address.map(|net| net.addr()) }
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground").field("plan", &self.plan).finish_non_exhaustive()
    }
}
