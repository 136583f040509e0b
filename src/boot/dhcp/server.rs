//! The task of one network: it reads packets, lets the rules decide and does what they say.

use std::net::SocketAddrV4;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::base::mac::Mac;
use crate::base::time::Tick;
use crate::boot::dhcp::answer::{Answer, unwritten};
use crate::boot::dhcp::count::Event;
use crate::boot::dhcp::limit::Bucket;
use crate::boot::dhcp::looks::{Look, Looks};
use crate::boot::dhcp::rules::Act;
use crate::boot::dhcp::served::Served;
use crate::conduct::leases::{LeaseError, LeaseLane};
use crate::model::boot::lease::{Lease, LeaseChange, LeaseKey};
use crate::model::boot::plan::DhcpMode;
use crate::net::doorway::Doorway;
use crate::net::link::{Interface, Tap};
use crate::wire::dhcp4::LONGEST;
use crate::wire::dhcp4::packet::Packet;
use crate::wire::dhcp4::reply::{Reply, ReplyError};
use crate::wire::frame::arp::{self, Claim};

/// A network with its sockets.
#[derive(Debug)]
pub struct Server {
    pub served: Arc<Served>,
    /// The interface's own address.
    pub station: Mac,
    /// Its number, which it has for as long as it is there.
    pub index: u32,
    /// Port 67.
    pub door: Doorway,
    /// Port 4011, beside another server.
    pub boot: Option<Doorway>,
    pub arp: Tap,
    pub replies: Tap,
    pub leases: LeaseLane,
}

/// A lease on its way to the disk.
type Keeping = Pin<Box<dyn Future<Output = Kept> + Send>>;

/// What became of a lease, and what is said then.
type Kept = (Result<(), LeaseError>, Option<(Lease, Answer)>);

/// What changes while the task runs.
struct State {
    looks: Looks,
    keeping: FuturesUnordered<Keeping>,
    /// All packets.
    all: Bucket,
    /// Those of machines that are known, when there are too many.
    known: Bucket,
    /// Warnings of an empty pool.
    exhausted: Option<Tick>,
    /// Flood that was told.
    flood: Option<Tick>,
}

/// A packet, and how it came.
struct Arrival {
    packet: Packet,
    from: SocketAddrV4,
    port: Port,
}

/// Which port a packet came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Addresses,
    Boot,
}

impl Server {
    /// Whether the interface is the one that this serves, with the address that it is served from.
    pub fn is_on(&self, interface: &Interface) -> bool {
        let served = &self.served;
        let has_address = interface.network_of(served.address()).is_some();
        let is_same = self.index == interface.index && self.station == interface.mac;
        is_same && has_address && served.mtu == interface.mtu
    }

    /// Serves until it is dropped. Where this host gives addresses it first asks who else does.
    pub async fn run(&self) {
        let served = &*self.served;
        tracing::info!(
            network = served.network.name, interface = served.network.interface, address = %served.address(),
            mode = ?served.network.dhcp, "serving DHCP"
        );
        self.first_look().await;
        tokio::join!(self.serve(), self.watch());
    }

    async fn serve(&self) {
        let mut state = State {
            looks: Looks::default(),
            keeping: FuturesUnordered::new(),
            all: Bucket::new(PACKETS),
            known: Bucket::new(KNOWN),
            exhausted: None,
            flood: None,
        };
        let (mut one, mut two) = ([0; LONGEST + 1], [0; LONGEST + 1]);
        let mut frame = [0; FRAME];
        // Each of them goes on in bursts: where one is served at a time, those that come alone wait for those that come
        // in crowds.
        loop {
            let silent_at = state.looks.next();
            tokio::select! {
                got = self.door.receive(&mut one) => self.heard(got, &one, Port::Addresses, &mut state).await,
                got = receive(self.boot.as_ref(), &mut two) => self.heard(got, &two, Port::Boot, &mut state).await,
                Some(kept) = state.keeping.next() => self.all_kept(kept, &mut state).await,
                Ok(size) = self.arp.receive(&mut frame) => self.all_claimed(&mut frame, size, &mut state).await,
                () = self.silence(silent_at) => self.silent(&mut state).await,
            }
        }
    }

    /// Ends when an address has been looked for long enough.
    async fn silence(&self, until: Option<Tick>) {
        match until {
            Some(until) => self.served.clock.sleep_until(until).await,
            None => std::future::pending().await,
        }
    }

    async fn silent(&self, state: &mut State) {
        while let Some(answer) = state.looks.over(self.served.now()) {
            self.send(&answer, Port::Addresses).await;
        }
    }

    /// Takes a packet, and those that came with it: a storm is read in bursts.
    async fn heard(
        &self,
        got: std::io::Result<(usize, SocketAddrV4)>,
        buffer: &[u8],
        port: Port,
        state: &mut State,
    ) {
        match got {
            Ok((size, from)) => self.take(buffer.get(..size).unwrap_or_default(), from, port, state).await,
            Err(error) => {
                tracing::warn!(network = self.served.network.name, %error, "a socket failed");
                // Its interface may be gone for a while.
                crate::base::time::sleep(&*self.served.clock, PAUSE).await;
                return;
            }
        }
        let Some(door) = self.doorway(port) else { return };
        let mut more = [0; LONGEST + 1];
        for _ in 0..BURST {
            let Some((size, from)) = door.try_receive(&mut more) else { return };
            self.take(more.get(..size).unwrap_or_default(), from, port, state).await;
        }
    }

    async fn take(&self, bytes: &[u8], from: SocketAddrV4, port: Port, state: &mut State) {
        let served = &self.served;
        served.counters.add(Event::Received);
        if !self.is_let_in(bytes, state) {
            served.counters.add(Event::Limited);
            return self.tell_of_flood(state);
        }
        let packet = match Packet::parse(bytes) {
            Ok(packet) if packet.is_request => packet,
            Ok(_) => return served.counters.add(Event::NotForUs),
            Err(error) => {
                tracing::debug!(network = served.network.name, %from, %error, "a packet is not taken");
                return served.counters.add(Event::Malformed);
            }
        };
        let act = match (port, served.network.dhcp) {
            (Port::Boot, _) => served.serve_boot(&packet, from),
            (Port::Addresses, DhcpMode::Proxy) => served.add(&packet),
            (Port::Addresses, DhcpMode::Own | DhcpMode::Known) => served.take(&packet, from),
            (Port::Addresses, DhcpMode::Off) => Act::Nothing(Event::NotServed),
        };
        tracing::trace!(network = served.network.name, mac = %packet.mac, kind = ?packet.kind, ?act, "a packet");
        self.act(act, Arrival { packet, from, port }, state).await;
    }

    async fn act(&self, act: Act, arrival: Arrival, state: &mut State) {
        let Arrival { packet, from, port } = arrival;
        match act {
            Act::Send(answer) => {
                if !state.looks.renew(answer.reply.yiaddr, &packet, &answer) {
                    self.send(&answer, port).await;
                }
            }
            Act::Look { address, answer } => {
                if state.looks.begin(address, Look { packet, from, answer }, self.served.now()) {
                    self.arp.send(&arp::probe(self.station, address));
                }
            }
            Act::Keep { change, lease, answer } => self.keep(change, Some((lease, answer)), state),
            Act::Forget(key) => self.keep(LeaseChange::Ended(key), None, state),
            Act::Nothing(event) => {
                self.served.counters.add(event);
                if event == Event::Exhausted {
                    self.tell_of_exhaustion(&packet, state);
                }
            }
        }
    }

    fn keep(&self, change: LeaseChange, rest: Option<(Lease, Answer)>, state: &mut State) {
        if state.keeping.len() >= KEEPING {
            return self.served.counters.add(Event::NotKept);
        }
        match self.leases.post(change) {
            Ok(kept) => state.keeping.push(Box::pin(async move { (kept.await, rest) })),
            Err(LeaseError::Busy | LeaseError::Store(_)) => self.served.counters.add(Event::NotKept),
        }
    }

    /// Takes in a lease that is kept, and those that were kept with it: one flush keeps many.
    async fn all_kept(&self, first: Kept, state: &mut State) {
        self.kept(first, state).await;
        for _ in 0..BURST {
            let Some(Some(next)) = state.keeping.next().now_or_never() else { return };
            self.kept(next, state).await;
        }
    }

    async fn kept(&self, (kept, rest): Kept, state: &mut State) {
        if let Err(error) = kept {
            let network = &self.served.network.name;
            tracing::warn!(network, %error, "a lease is not kept, so it is not given");
            return self.served.counters.add(Event::NotKept);
        }
        let Some((lease, answer)) = rest else { return };
        if self.grant(&lease) {
            return self.send(&answer, Port::Addresses).await;
        }
        // Meanwhile somebody else was seen at the address: the client is refused when it asks again.
        self.keep(LeaseChange::Ended(lease.key), None, state);
    }

    /// False if the address was put aside meanwhile.
    fn grant(&self, lease: &Lease) -> bool {
        let LeaseKey { mac, network } = lease.key;
        let now = self.served.now();
        let mut pools = self.served.pools();
        let pool = pools.iter_mut().find(|pool| pool.net.network() == network);
        let is_granted = pool.is_some_and(|pool| pool.grant(lease, now));
        tracing::debug!(network = self.served.network.name, address = %lease.address, %mac, is_granted, "leased");
        is_granted
    }

    /// Takes in the claim in `frame`, and those that came with it, before the silence that they break is over.
    async fn all_claimed(&self, frame: &mut [u8], size: usize, state: &mut State) {
        self.claimed(frame.get(..size).unwrap_or_default(), state).await;
        for _ in 0..BURST {
            let Some(size) = self.arp.try_receive(frame) else { return };
            self.claimed(frame.get(..size).unwrap_or_default(), state).await;
        }
    }

    /// A station says that it has an address: one that is looked for, or that is offered to another machine and was
    /// not taken up yet, is put aside, and who asks for it is refused.
    async fn claimed(&self, frame: &[u8], state: &mut State) {
        let Some(claim) = Claim::parse(frame).filter(|claim| !claim.address.is_unspecified()) else { return };
        let Claim { mac, address, .. } = claim;
        let look = state.looks.seen(address, mac);
        let served = &self.served;
        if !served.put_aside(claim, look.is_some()) {
            return;
        }
        let Some(Look { packet, from, .. }) = look else { return };
        let act = served.take(&packet, from);
        Box::pin(self.act(act, Arrival { packet, from, port: Port::Addresses }, state)).await;
    }

    async fn send(&self, answer: &Answer, port: Port) {
        let counters = &self.served.counters;
        let Some(door) = self.doorway(port) else { return };
        let bytes = match answer.reply.emit(answer.limit) {
            Ok(bytes) => bytes,
            Err(error) => {
                counters.add(Event::NotSent);
                return self.tell_of_no_answer(&answer.reply, error);
            }
        };
        match door.send(answer.to, &bytes).await {
            Ok(()) => counters.add(answer.event()),
            Err(error) => {
                tracing::debug!(network = self.served.network.name, to = %answer.to, %error, "not sent");
                counters.add(Event::NotSent);
            }
        }
    }

    fn tell_of_no_answer(&self, reply: &Reply, error: ReplyError) {
        let (mac, relay) = (reply.mac, reply.giaddr);
        let why = unwritten(reply, error);
        tracing::debug!(network = self.served.network.name, %mac, %relay, why, "no answer");
        // A row for each relay: what it adds is what is wrong.
        let about = if relay.is_unspecified() { mac.to_string() } else { relay.to_string() };
        self.served.teller.error("not-sent", about, format!("{mac} gets no answer: {why}"));
    }

    fn doorway(&self, port: Port) -> Option<&Doorway> {
        match port {
            Port::Addresses => Some(&self.door),
            Port::Boot => self.boot.as_ref(),
        }
    }

    /// Whether a packet is looked at: a flood leaves room for machines that are enrolled or have a reservation, and
    /// for those that were offered an address or have one.
    fn is_let_in(&self, bytes: &[u8], state: &mut State) -> bool {
        let now = self.served.now();
        if state.all.take(now) {
            return true;
        }
        let served = &self.served;
        let is_known =
            |mac| served.is_reserved(mac) || served.rack.find(mac).is_some() || served.has_offered(mac);
        Packet::sender(bytes).is_some_and(is_known) && state.known.take(now)
    }

    fn tell_of_flood(&self, state: &mut State) {
        let served = &self.served;
        let now = served.now();
        if state.flood.is_some_and(|told| now.since(told) < Duration::from_secs(1)) {
            return;
        }
        let is_news = state.flood.is_none_or(|told| now.since(told) >= AGAIN);
        state.flood = Some(now);
        let text = format!("more than {PACKETS} packets came in a second; those above were dropped");
        served.teller.error("flood", "", text);
        if is_news {
            tracing::warn!(
                network = served.network.name,
                limit = PACKETS,
                "a flood of packets: some are dropped"
            );
        }
    }

    fn tell_of_exhaustion(&self, packet: &Packet, state: &mut State) {
        let now = self.served.now();
        let text = self.served.why_none(packet);
        self.served.teller.error("exhausted", "", text.clone());
        if state.exhausted.is_some_and(|told| now.since(told) < AGAIN) {
            return;
        }
        state.exhausted = Some(now);
        tracing::warn!(
            network = self.served.network.name,
            "{text} (a shorter lease_time helps, too; a quarter of the pool is kept for enrolled machines)"
        );
    }
}

/// What comes to a port that may not be served.
async fn receive(door: Option<&Doorway>, buffer: &mut [u8]) -> std::io::Result<(usize, SocketAddrV4)> {
    match door {
        Some(door) => door.receive(buffer).await,
        None => std::future::pending().await,
    }
}

/// Packets a second that are looked at on one interface: four times what a rack in a boot storm sends.
const PACKETS: u32 = 10_000;
/// Those of known machines beside them: a rack in a boot storm.
const KNOWN: u32 = 2500;
/// Packets, leases that are kept, or claims that are taken in before others have their turn.
const BURST: usize = 64;
/// Leases on their way to the disk: as many as their lane takes in. Some MiB at the most; beyond, machines ask again,
/// and wait a second and more before they do.
const KEEPING: usize = 4096;
/// Longest frame of ARP that is looked at.
const FRAME: usize = 128;
/// How often an empty pool is told of.
const AGAIN: Duration = Duration::from_mins(1);
/// After a socket has failed.
const PAUSE: Duration = Duration::from_secs(1);
