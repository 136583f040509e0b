//! Serves a network for as long as its interface is there, and waits for it otherwise: a cable, a USB NIC or a bond may
//! come later than the daemon, go, and come back.
//!
//! ```text
//!   open ──▶ serve ── interface gone, another one, another address ──▶ wait ── open every 2 s ──▶ serve
//! ```

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::chain::chain;
use crate::base::mac::Mac;
use crate::base::time::sleep;
use crate::boot::dhcp::StartError;
use crate::boot::dhcp::count::Counters;
use crate::boot::dhcp::served::Served;
use crate::boot::dhcp::server::Server;
use crate::boot::dhcp::shown;
use crate::boot::ground::Ground;
use crate::boot::standing::{LOOK, Standing};
use crate::model::boot::network::{LeaseShown, NetworkStatus, Watched};
use crate::model::boot::plan::{DhcpMode, Network};
use crate::net::doorway::Doorway;
use crate::net::holders::others_at;
use crate::net::link::{Hears, Interface, Tap};
use crate::wire::dhcp4::{BOOT_PORT, SERVER_PORT};

/// A network, and whoever serves it now.
#[derive(Debug)]
pub struct Keeper {
    network: Network,
    ground: Ground,
    standing: Standing,
    counters: Arc<Counters>,
    /// What was served last: while the interface is away its leases go on.
    served: Mutex<Option<Arc<Served>>>,
}

impl Keeper {
    pub fn new(network: &Network, ground: &Ground) -> Self {
        Self {
            network: network.clone(),
            standing: Standing::new(ground, network, "dhcp4"),
            ground: ground.clone(),
            counters: Arc::default(),
            served: Mutex::default(),
        }
    }

    /// As `open`, before anything is served: what passes by itself is waited for, the rest refuses the start.
    pub fn first(&self) -> Result<Option<Server>, StartError> {
        match self.open() {
            Ok(server) => Ok(Some(server)),
            Err(why) if why.passes() => {
                self.standing.waits(chain(&why));
                Ok(None)
            }
            Err(why) => Err(why),
        }
    }

    /// Serves until it is dropped.
    pub async fn run(&self, first: Option<Server>) {
        let mut next = first;
        loop {
            let server = match next.take() {
                Some(server) => server,
                None => self.wait().await,
            };
            tokio::select! {
                () = server.run() => {}
                () = self.watch(&server) => {}
            }
        }
    }

    async fn wait(&self) -> Server {
        loop {
            match self.open() {
                Ok(server) => return server,
                Err(why) => self.standing.waits(chain(&why)),
            }
            sleep(&*self.ground.clock, LOOK).await;
        }
    }

    /// Ends when the interface is not any more the one that the server has its sockets on.
    async fn watch(&self, server: &Server) {
        loop {
            match Interface::find(&self.network.interface) {
                Ok(now) if !server.is_on(&now) => return,
                Ok(now) => match now.trouble() {
                    Some(why) => self.standing.waits(why),
                    None => self.standing.serves(),
                },
                Err(why) => return self.standing.waits(chain(&why)),
            }
            sleep(&*self.ground.clock, LOOK).await;
        }
    }

    fn open(&self) -> Result<Server, StartError> {
        let interface = Interface::find(&self.network.interface)?;
        let served = self.served_on(&interface)?;
        let address = served.address();
        let is_proxy = self.network.dhcp == DhcpMode::Proxy;
        if !is_proxy {
            self.look_beside();
        }
        let boot = is_proxy.then(|| Doorway::open(&interface, BOOT_PORT, address)).transpose()?;
        let opened = Server {
            station: interface.mac,
            index: interface.index,
            door: Doorway::open(&interface, SERVER_PORT, address)?,
            boot,
            arp: Tap::open(&interface, Hears::Arp)?,
            replies: Tap::open(&interface, Hears::DhcpReplies)?,
            leases: self.ground.desk.leases().clone(),
            served: served.clone(),
        };
        *self.served() = Some(served);
        Ok(opened)
    }

    /// A DHCP server on this very host hears the same machines, and never what is asked to find other servers.
    fn look_beside(&self) {
        let others = others_at(SERVER_PORT);
        if others == 0 {
            return;
        }
        let interface = &self.network.interface;
        let text = format!(
            "another program of this host has UDP port {SERVER_PORT}, too: if it serves DHCP on {interface}, machines \
             get answers from both; stop it, or keep it off {interface}"
        );
        tracing::warn!(network = self.network.name, interface, others, "{text}");
        self.standing.teller.error("other-server", "this host", text);
    }

    /// The network as it was served before, if it has the same address; else with the leases that are kept of it.
    fn served_on(&self, interface: &Interface) -> Result<Arc<Served>, StartError> {
        let counters = self.counters.clone();
        let fresh =
            Served::new(&self.network, interface, &self.ground, (counters, self.standing.teller.clone()))?;
        let before = self.served().clone();
        if let Some(before) = before.filter(|before| before.home == fresh.home && before.mtu == fresh.mtu) {
            return Ok(before);
        }
        fresh.recall(&self.ground.reader.leases().map_err(StartError::Leases)?);
        Ok(Arc::new(fresh))
    }

    fn served(&self) -> MutexGuard<'_, Option<Arc<Served>>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched for Keeper {
    fn status(&self) -> NetworkStatus {
        let served = self.served().clone();
        let mut status =
            served.map_or_else(|| shown::bare(&self.network, self.counters.all()), |served| served.status());
        status.state = self.standing.word();
        status.problems.splice(0..0, self.standing.problem());
        status
    }

    fn leases(&self) -> Vec<LeaseShown> {
        let served = self.served().clone();
        served.map(|served| served.leases()).unwrap_or_default()
    }

    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        let served = self.served().clone();
        served.and_then(|served| served.holder(address))
    }

    fn lessee(&self, address: IpAddr) -> Option<Mac> {
        let served = self.served().clone();
        served.and_then(|served| served.lessee(address, served.now()))
    }

    fn leases_all(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else { return false };
        let served = self.served().clone();
        self.network.dhcp == DhcpMode::Own && served.is_some_and(|served| served.place_of(address).is_some())
    }
}
