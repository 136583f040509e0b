//! Sessions are closed when nobody uses them for long and when the daemon ends: a BMC has few places for them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::base::time::sleep;
use crate::driver::bmc::line::Line;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::exchange::at;
use crate::driver::redfish::talk::slot::{Closer, Slot, Token};
use crate::model::bmc::Fact;
use crate::net::client::Client;
use crate::net::client::outgoing::Outgoing;
use crate::net::http::Method;

impl RedfishRack {
    /// Closes every session that is open, once the calls under way have ended; none begins any more. A BMC that does
    /// not answer in time keeps its own, which the node's record names: after a restart it is used again.
    pub async fn close(&self) {
        self.close_all(self.governor().shut(), LIMIT).await;
    }

    /// Forgets the BMCs that nobody has asked for `idle`, and closes spare connections of the others.
    pub async fn tidy(&self, idle: Duration) {
        let unused = self.governor().take_idle(idle);
        self.close_all(unused, LIMIT).await;
        for line in self.governor().lines() {
            let client = line.idle_since().and_then(|_| line.session().known().client.clone());
            if let Some(client) = client {
                client.close_spare();
            }
        }
    }

    async fn close_all(&self, lines: Vec<Arc<Line<Slot>>>, limit: Duration) {
        let closing = join_all(lines.iter().map(|line| self.close_one(line)));
        tokio::select! {
            _ = closing => {}
            () = sleep(&*self.ground.clock, limit) => tracing::warn!("some sessions of BMCs stay open"),
        }
    }

    /// Not through the queue, which may be shut.
    async fn close_one(&self, line: &Arc<Line<Slot>>) {
        tokio::select! {
            () = line.quiet() => {}
            () = sleep(&*self.ground.clock, PATIENCE) => {}
        }
        let (token, closer, client) = {
            let mut known = line.session().known();
            (known.token.take(), known.closer.clone(), known.client.clone())
        };
        let Some(token) = token else { return };
        let is_over = match (closer, client) {
            (Some(closer), Some(client)) => self.end(&client, closer, &token).await,
            (None, _) | (_, None) => false,
        };
        if is_over {
            self.ground.notebook.learn(token.node, Fact::SessionClosed);
        } else {
            self.recalled().insert(token.print.clone(), token);
        }
    }

    /// Closes one session; false if the BMC did not answer.
    pub(super) async fn end(&self, client: &Client, closer: Closer, token: &Token) -> bool {
        let Closer { base, trust, floor } = closer;
        let Some(url) = token.path.as_deref().and_then(|path| at(&base, path)) else { return false };
        let mut outgoing = Outgoing::new(Method::Delete, url, trust);
        outgoing.floor = floor;
        outgoing.headers.set("X-Auth-Token", token.secret.reveal());
        outgoing.headers.set("OData-Version", "4.0");
        match client.send(outgoing).await {
            Ok(_) => true,
            Err(error) => {
                tracing::debug!(%error, "a session could not be closed");
                false
            }
        }
    }
}

/// The drain has a deadline of its own; a BMC that takes longer is a slow one.
const LIMIT: Duration = Duration::from_secs(8);
/// How long a call under way may keep its session.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// A session that nobody has used for this is closed: longer than any usual pause between two looks at power.
pub const IDLE: Duration = Duration::from_mins(15);
