//! Sessions are closed when the daemon ends: a BMC has few places for them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::base::time::sleep;
use crate::driver::bmc::line::Line;
use crate::driver::redfish::slot::{Closer, Slot};
use crate::driver::redfish::talk::RedfishRack;
use crate::model::bmc::Fact;
use crate::net::http::Method;
use crate::net::outgoing::Outgoing;

impl RedfishRack {
    /// Closes every session that is open. A BMC that does not answer in time keeps its own, which the node's record
    /// names: after a restart it is used again.
    pub async fn close(&self) {
        let lines = self.lines();
        let closing = join_all(lines.iter().map(|line| self.close_one(line)));
        tokio::select! {
            _ = closing => {}
            () = sleep(&*self.ground.clock, LIMIT) => tracing::warn!("some sessions of BMCs stay open"),
        }
    }

    /// Not through the queue: nothing else is to come, and what waits in it is given up.
    async fn close_one(&self, line: &Arc<Line<Slot>>) {
        let (token, closer, client) = {
            let mut known = line.session().known();
            (known.token.take(), known.closer.clone(), known.client.clone())
        };
        let (Some(token), Some(Closer { base, trust, floor }), Some(client)) = (token, closer, client) else {
            return;
        };
        let Some(url) = token.path.as_deref().and_then(|path| base.join(path).ok()) else { return };
        let mut outgoing = Outgoing::new(Method::Delete, url, trust);
        outgoing.floor = floor;
        outgoing.headers.set("X-Auth-Token", token.secret.reveal());
        outgoing.headers.set("OData-Version", "4.0");
        match client.send(outgoing).await {
            Ok(_) => self.ground.notebook.learn(token.node, Fact::SessionClosed),
            Err(error) => tracing::debug!(bmc = %line.key(), %error, "a session could not be closed"),
        }
    }
}

/// The drain has a deadline of its own; a BMC that takes longer is a slow one.
const LIMIT: Duration = Duration::from_secs(10);
