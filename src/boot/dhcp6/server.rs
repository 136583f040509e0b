//! The task of a network: it reads messages, lets the rules decide, keeps what is given and answers.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::net::Ipv6Addr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::base::chain::chain;
use crate::base::duid::Duid;
use crate::base::mac::Mac;
use crate::base::time::sleep;
use crate::boot::dhcp::StartError;
use crate::boot::dhcp::client::boots;
use crate::boot::dhcp6::client::client;
use crate::boot::dhcp6::counts::{Counts, count};
use crate::boot::dhcp6::open::{Open, Way, check, has_sender, own};
use crate::boot::dhcp6::pool::{Asker, Holder, Pool, Who, stand_in};
use crate::boot::dhcp6::rules::{Answer, Asked, Rules, Silence};
use crate::boot::dhcp6::watch::Budgets;
use crate::boot::ground::Ground;
use crate::boot::standing::{LOOK, Standing, watched};
use crate::conduct::leases6::{LeaseError6, LeaseLane6};
use crate::flow::boot::{BootFile, Enrolled, Offer, Site, offer};
use crate::model::boot::client::{Class, Client};
use crate::model::boot::lease6::LeaseChange6;
use crate::model::boot::plan::{Dhcp6, DhcpMode, Network};
use crate::net::door6::gate::Gate;
use crate::net::door6::{DoorError, Interface6};
use crate::wire::dhcp6::LONGEST;
use crate::wire::dhcp6::options::BOOT_URL;
use crate::wire::dhcp6::relay::Envelope;
use crate::wire::dhcp6::reply::Boot;
use crate::wire::frame::udp6::Datagram;
use futures_util::stream::{FuturesUnordered, StreamExt};

/// A network that is served.
pub struct Server {
    pub(super) ground: Ground,
    pub(super) network: Network,
    pub(super) range: Dhcp6,
    pub(super) standing: Standing,
    pub(super) counts: Counts,
    lane: LeaseLane6,
    pool: Mutex<Pool>,
    /// This host's address that machines reach it by.
    here: Mutex<Option<Ipv6Addr>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("network", &self.network.name).finish_non_exhaustive()
    }
}

/// A message and what is answered.
struct Said {
    way: Way,
    envelope: Envelope,
    answer: Answer,
    who: Who,
}

/// A lease on its way to the disk, and what is said then.
type Keeping = Pin<Box<dyn Future<Output = (Result<(), LeaseError6>, Said)> + Send>>;

/// Serves every network that has addresses for IPv6; the tasks end with the ground's token.
pub fn start(ground: &Ground, lane: &LeaseLane6) -> Result<Vec<Arc<Server>>, StartError> {
    for network in &ground.plan.networks {
        check(network)?;
    }
    let mut servers = Vec::new();
    for network in &ground.plan.networks {
        let Some(range) = network.dhcp6.clone() else { continue };
        let server = Arc::new(Server {
            ground: ground.clone(),
            pool: Mutex::new(Pool::new(range.first, range.last)),
            network: network.clone(),
            range,
            lane: lane.clone(),
            standing: Standing::new(ground, network, "dhcp6"),
            counts: Counts::default(),
            here: Mutex::default(),
        });
        ground.desk.board().show(server.clone());
        let own = server.clone();
        ground.tasks.spawn(async move {
            tokio::select! {
                () = own.run() => {}
                () = own.ground.stop.cancelled() => {}
            }
        });
        servers.push(server);
    }
    Ok(servers)
}

impl Server {
    /// What came in so far, by what became of it.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        self.counts.all()
    }

    /// Opens the interface again whenever it was gone.
    async fn run(&self) {
        self.load();
        let network = &self.network.name;
        loop {
            match self.open() {
                Ok(open) => {
                    self.pool().keep_out(own(&open.interface, &self.range));
                    *self.here() = open.interface.address_for(Some(self.range.prefix));
                    let (interface, prefix) = (&open.interface.name, self.range.prefix);
                    tracing::info!(network, interface, %prefix, "serving DHCPv6");
                    tokio::select! {
                        error = self.serve(&open) => {
                            tracing::warn!(network, %error, "the socket of DHCPv6 failed");
                        }
                        () = watched(&self.standing, &open.interface, &*self.ground.clock) => {}
                    }
                }
                Err(error) => self.standing.waits(chain(&error)),
            }
            sleep(&*self.ground.clock, LOOK).await;
        }
    }

    /// This host's address in the network, if it has one.
    pub(super) fn address(&self) -> Option<Ipv6Addr> {
        *self.here()
    }

    fn here(&self) -> MutexGuard<'_, Option<Ipv6Addr>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<Open, DoorError> {
        let interface = Interface6::find(&self.network.interface)?;
        let link_local = interface.link_local().ok_or_else(|| interface.not_ready())?;
        let gate = Gate::open(&interface)?;
        let rules = Rules {
            server: Duid::of_mac(interface.mac),
            prefix: self.range.prefix,
            length: self.network.lease_time,
            known_only: self.network.dhcp == DhcpMode::Known,
            dns: self.network.dns6.clone(),
        };
        Ok(Open { interface, gate, rules, link_local })
    }

    /// Takes in what was leased before the start. Each lease counts anew: the wall's clock may have been wrong.
    fn load(&self) {
        let leases = match self.ground.reader.leases6() {
            Ok(leases) => leases,
            Err(error) => {
                tracing::error!(network = self.network.name, %error, "the IPv6 leases could not be read");
                return;
            }
        };
        let network = self.range.prefix.network();
        let mut pool = self.pool();
        for lease in leases.into_iter().filter(|lease| lease.key.network == network) {
            pool.recall(&lease, self.ground.clock.tick());
        }
    }

    /// Serves until the socket fails; why it did.
    async fn serve(&self, open: &Open) -> io::Error {
        let clock = &*self.ground.clock;
        let mut keeping: FuturesUnordered<Keeping> = FuturesUnordered::new();
        let mut budgets = Budgets::new(self.range.messages);
        let mut buffer = [0; FRAME];
        let mut look = clock.tick().after(SWEEP);
        loop {
            tokio::select! {
                got = open.gate.receive(&mut buffer) => {
                    let frame = match got {
                        Ok(size) => buffer.get(..size).unwrap_or_default(),
                        Err(error) => return error,
                    };
                    count(&self.counts.received);
                    match Datagram::parse(frame).filter(has_sender) {
                        Some(datagram) if !open.is_for_us(&datagram) => count(&self.counts.not_for_us),
                        Some(datagram) if self.is_let_in(&datagram, &mut budgets) => {
                            self.take(open, &datagram, &mut keeping);
                        }
                        Some(_) => {}
                        None => count(&self.counts.malformed),
                    }
                }
                Some((kept, said)) = keeping.next() => self.kept(open, kept, &said),
                () = clock.sleep_until(look) => {
                    look = clock.tick().after(SWEEP);
                    self.sweep(&open.rules, keeping.len());
                }
            }
        }
    }

    /// Answers at once what gives nothing, and hands in what is to be kept before.
    fn take(&self, open: &Open, datagram: &Datagram<'_>, keeping: &mut FuturesUnordered<Keeping>) {
        let Some(said) = self.heard(open, datagram) else { return };
        if said.answer.changes.is_empty() {
            self.send(open, &said);
        } else if let Some(kept) = self.keep(keeping.len(), said) {
            keeping.push(kept);
        }
    }

    /// What the message is answered; `None` for silence.
    fn heard(&self, open: &Open, datagram: &Datagram<'_>) -> Option<Said> {
        let (from, bytes) = (*datagram.from.ip(), datagram.payload);
        let envelope = Envelope::parse(bytes).map_err(|error| {
            count(&self.counts.malformed);
            tracing::trace!(network = self.network.name, %from, %error, "no message of DHCPv6");
        });
        let envelope = envelope.ok().filter(|_| bytes.len() <= LONGEST)?;
        let is_relayed = !envelope.hops.is_empty();
        let is_here = envelope.link().is_none_or(|link| self.range.prefix.contains(&link));
        if !is_here {
            self.tell_of_relay(from, &envelope);
            return None;
        }
        if !is_relayed && !from.is_unicast_link_local() {
            count(&self.counts.not_for_us);
            return None;
        }
        let client = client(&envelope, datagram.sender);
        let asked = Asked {
            message: &envelope.message,
            is_unicast: !is_relayed && !datagram.to.ip().is_multicast(),
            asker: self.asker(&envelope, client.as_ref()),
            mac: client.as_ref().map(|client| client.mac),
            boot: self.boot(client.as_ref(), &envelope, &open.interface),
            now: self.ground.clock.tick(),
            wall: self.ground.clock.wall(),
        };
        let ruled = open.rules.answer(&mut self.pool(), &asked);
        match ruled {
            Ok(answer) => {
                self.journal(&envelope, &answer, client.as_ref());
                let who = Who {
                    mac: client.as_ref().map(|client| client.mac),
                    asked: client.as_ref().and_then(boots).unwrap_or_else(|| "a system".to_owned()),
                };
                let way = open.back(datagram, is_relayed, self.range.prefix);
                return Some(Said { way, envelope, answer, who });
            }
            Err(Silence::Malformed) => count(&self.counts.malformed),
            Err(Silence::Other | Silence::Misled | Silence::Stranger | Silence::Nothing) => {
                count(&self.counts.not_for_us);
            }
        }
        None
    }

    fn asker(&self, envelope: &Envelope, client: Option<&Client>) -> Asker {
        let of_name = || envelope.message.client.as_ref().map_or(Mac([2, 0, 0, 0, 0, 0]), stand_in);
        let circuit = envelope.port().map(|port| {
            let mut hasher = DefaultHasher::new();
            port.hash(&mut hasher);
            hasher.finish()
        });
        Asker {
            machine: client.map_or_else(of_name, |client| client.mac),
            is_stranger: !client.is_some_and(|client| self.is_enrolled(client)),
            circuit,
        }
    }

    pub(super) fn is_enrolled(&self, client: &Client) -> bool {
        self.ground.reader.published().port_by_mac(client.mac).is_some()
    }

    /// What the client shall load, if it loads anything.
    fn boot(&self, client: Option<&Client>, envelope: &Envelope, interface: &Interface6) -> Option<Boot> {
        let client = client?;
        let asks = envelope.message.wants.contains(&BOOT_URL);
        if !asks || (client.class == Class::Other && client.ipxe.is_none()) {
            return None;
        }
        let address = interface.address_for(Some(self.range.prefix)).or_else(|| self.address_now());
        let Some(address) = address else {
            tracing::warn!(
                network = self.network.name,
                "a machine boots over IPv6, and the interface has no address that it could reach: give it one in the prefix of dhcp6"
            );
            return None;
        };
        let port = self.ground.http_port;
        let base =
            if port == 80 { format!("http://[{address}]") } else { format!("http://[{address}]:{port}") };
        let published = self.ground.reader.published();
        let port = published.port_by_mac(client.mac);
        let enrolled = port.and_then(|port| Some(Enrolled { node: published.node(port.node)?, port }));
        let awaits_a_stranger = enrolled.is_none() && published.awaits_a_stranger();
        let site = Site { plan: &self.ground.plan, awaits_a_stranger };
        let url = match offer(client, enrolled, site, &base) {
            Offer::Address => return None,
            Offer::Boot(BootFile::Url(url)) => url,
            Offer::Boot(BootFile::Tftp(name)) => format!("tftp://[{address}]/{name}"),
        };
        Some(Boot { url, is_http: client.class == Class::Http })
    }

    /// An address that the interface was given after the start.
    fn address_now(&self) -> Option<Ipv6Addr> {
        let interface = Interface6::find(&self.network.interface).ok()?;
        interface.address_for(Some(self.range.prefix))
    }

    /// Hands the leases of an answer in; `None` if too many wait, and the client asks again.
    fn keep(&self, waiting: usize, said: Said) -> Option<Keeping> {
        let changes = said.answer.changes.clone();
        let posted = if waiting < WAITING { self.lane.post(changes) } else { Err(LeaseError6::Busy) };
        if let Ok(kept) = posted {
            return Some(Box::pin(async move { (kept.await, said) }));
        }
        count(&self.counts.not_kept);
        None
    }

    fn kept(&self, open: &Open, kept: Result<(), LeaseError6>, said: &Said) {
        if let Err(error) = kept {
            count(&self.counts.not_kept);
            tracing::warn!(network = self.network.name, %error, "an IPv6 lease was not kept and not given");
            return;
        }
        self.note(said);
        self.send(open, said);
    }

    fn note(&self, said: &Said) {
        let now = self.ground.clock.tick();
        let mut pool = self.pool();
        for change in &said.answer.changes {
            if let LeaseChange6::Given(lease) = change {
                let holder = Holder::of(lease);
                pool.note(&holder, said.who.clone());
                pool.written(&holder, now);
                let (client, address) = (&lease.key.client, lease.address);
                tracing::debug!(network = self.network.name, %client, %address, "IPv6 address leased");
            }
        }
    }

    /// Sends an answer at once or never: one that waited would hold up others.
    fn send(&self, open: &Open, said: &Said) {
        let Said { way, envelope, answer, .. } = said;
        let payload = envelope.wrap(answer.reply.emit());
        let Way { station, to, from } = *way;
        let datagram =
            Datagram { sender: open.interface.mac, receiver: station, from, to, payload: &payload };
        let frame = datagram.emit().ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge));
        match frame.and_then(|frame| open.gate.send(&frame)) {
            Ok(()) => count(&self.counts.answered),
            Err(error) => self.lost(*to.ip(), &error),
        }
    }

    /// Ends leases that are over; that they are gone from the disk is nobody's wait.
    fn sweep(&self, rules: &Rules, waiting: usize) {
        let ended = self.pool().sweep(self.ground.clock.tick());
        let changes: Vec<_> = ended.iter().map(|holder| LeaseChange6::Ended(rules.key(holder))).collect();
        if !changes.is_empty() && waiting < WAITING && self.lane.post(changes).is_err() {
            count(&self.counts.not_kept);
        }
    }

    pub(super) fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Between two looks for leases that are over.
const SWEEP: Duration = Duration::from_secs(10);
/// Answers that wait for the disk.
const WAITING: usize = 512;
/// Longest frame that is looked at: a message with all headers, and some bytes more show a longer one.
const FRAME: usize = LONGEST + 100;
