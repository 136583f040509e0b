//! How it stands with the interface that a server needs: told once each time that changes, never the end of the daemon.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::chain::chain;
use crate::base::time::{Clock, sleep};
use crate::boot::ground::Ground;
use crate::boot::teller::Teller;
use crate::model::boot::plan::Network;
use crate::net::door6::Interface6;

/// Whether a service of a network is ready.
#[derive(Debug)]
pub struct Standing {
    pub teller: Teller,
    network: String,
    interface: String,
    service: &'static str,
    /// Why it waits.
    why: Mutex<Option<String>>,
}

impl Standing {
    pub fn new(ground: &Ground, network: &Network, service: &'static str) -> Self {
        Self {
            teller: Teller::new(ground.desk.chronicle().clone(), &network.name, service),
            network: network.name.clone(),
            interface: network.interface.clone(),
            service,
            why: Mutex::default(),
        }
    }

    /// It is not served now, and will be when that has passed.
    pub fn waits(&self, why: String) {
        let mut known = self.why();
        if known.as_ref() == Some(&why) {
            return;
        }
        let (network, interface, service) = (&self.network, &self.interface, self.service);
        tracing::warn!(network, interface, service, why, "a network waits for its interface");
        self.teller.error("interface", interface, format!("{why}; the network is served once it is ready"));
        *known = Some(why);
    }

    /// It is served.
    pub fn serves(&self) {
        if self.why().take().is_some() {
            let (network, interface, service) = (&self.network, &self.interface, self.service);
            tracing::info!(network, interface, service, "the interface is ready");
            self.teller.info("interface", interface, format!("interface {interface} is ready"));
        }
    }

    /// Why it waits, with what happens then.
    pub fn problem(&self) -> Option<String> {
        self.why().as_ref().map(|why| format!("{why}; the network is served once it is ready"))
    }

    /// `serving` or `waiting`.
    pub fn word(&self) -> &'static str {
        if self.why().is_some() { "waiting" } else { "serving" }
    }

    fn why(&self) -> MutexGuard<'_, Option<String>> {
        self.why.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when the interface is gone or another one, or has other addresses; tells how it stands meanwhile.
pub async fn watched(standing: &Standing, interface: &Interface6, clock: &dyn Clock) {
    loop {
        match Interface6::find(&interface.name) {
            Ok(now) if !now.is_as(interface) => return,
            Ok(now) => match now.trouble() {
                Some(why) => standing.waits(why),
                None => standing.serves(),
            },
            Err(why) => return standing.waits(chain(&why)),
        }
        sleep(clock, LOOK).await;
    }
}

/// Between two looks at an interface: a machine asks again within a few seconds, too.
pub const LOOK: Duration = Duration::from_secs(2);
