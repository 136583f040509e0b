//! A network as it is served: what the site says of it, joined with the host's interface.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::Ipv4Net;

use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::base::time::{SharedClock, Tick};
use crate::boot::dhcp::StartError;
use crate::boot::dhcp::count::{Counters, Event};
use crate::boot::dhcp::heard::Heard;
use crate::boot::dhcp::others::Others;
use crate::boot::dhcp::pool::Pool;
use crate::boot::ground::Ground;
use crate::boot::teller::Teller;
use crate::model::boot::check;
use crate::model::boot::lease::Lease;
use crate::model::boot::plan::{BootPlan, DhcpMode, Network, Role};
use crate::model::node::Node;
use crate::model::port::Port;
use crate::net::link::Interface;
use crate::store::reader::Reader;
use crate::wire::dhcp4::reply::Link;
use crate::wire::frame::arp::Claim;

/// A network that is served.
#[derive(Debug)]
pub struct Served {
    pub network: Network,
    /// This host's address in it, with its prefix.
    pub home: Ipv4Net,
    /// Bytes of a datagram.
    pub mtu: u16,
    /// This host's HTTP server as machines reach it.
    pub base: String,
    pub plan: Arc<BootPlan>,
    pub rack: Arc<dyn Rack>,
    pub clock: SharedClock,
    pub counters: Arc<Counters>,
    pub teller: Teller,
    pub others: Mutex<Others>,
    pub heard: Mutex<Heard>,
    pools: Mutex<Vec<Pool>>,
}

/// A port of an enrolled machine.
#[derive(Debug, Clone)]
pub struct Enrolled {
    pub node: Arc<Node>,
    pub port: Arc<Port>,
}

/// Who is enrolled.
pub trait Rack: Send + Sync + std::fmt::Debug {
    fn find(&self, mac: Mac) -> Option<Enrolled>;

    /// Whether an inspection awaits a machine that nobody knows.
    fn awaits_a_stranger(&self) -> bool;
}

impl Rack for Reader {
    fn find(&self, mac: Mac) -> Option<Enrolled> {
        let published = self.published();
        let port = Arc::clone(published.port_by_mac(mac)?);
        let node = Arc::clone(published.node(port.node)?);
        Some(Enrolled { node, port })
    }

    fn awaits_a_stranger(&self) -> bool {
        self.published().awaits_a_stranger()
    }
}

impl Served {
    /// Joins the network with its interface; what is counted and told goes to `record`.
    pub fn new(
        network: &Network,
        interface: &Interface,
        ground: &Ground,
        record: (Arc<Counters>, Teller),
    ) -> Result<Self, StartError> {
        let home = home(network, interface)?;
        check::inside(network, home)
            .map_err(|why| StartError::Network { name: network.name.clone(), why })?;
        Ok(Self::on(
            network.clone(),
            home,
            interface.mtu,
            ground.plan.clone(),
            Around {
                rack: Arc::new(ground.reader.clone()),
                clock: ground.clock.clone(),
                http_port: ground.http_port,
                counters: record.0,
                teller: record.1,
            },
        ))
    }

    /// As `new`, at an address that is known to be right.
    pub fn on(network: Network, home: Ipv4Net, mtu: u16, plan: Arc<BootPlan>, around: Around) -> Self {
        let pools = Mutex::new(pools(&network, home));
        Self {
            home,
            mtu,
            base: base(home.addr(), around.http_port),
            plan,
            rack: around.rack,
            clock: around.clock,
            counters: around.counters,
            teller: around.teller,
            others: Mutex::new(Others::new(network.dhcp == DhcpMode::Proxy)),
            heard: Mutex::default(),
            pools,
            network,
        }
    }

    /// Takes in the leases that are kept of its networks.
    pub fn recall(&self, leases: &[Lease]) {
        let (now, wall) = (self.clock.tick(), self.clock.wall());
        let mut pools = self.pools();
        for lease in leases {
            let pool = pools.iter_mut().find(|pool| pool.net.network() == lease.key.network);
            if let Some(pool) = pool {
                pool.recall(lease, left(lease, wall), self.is_stranger(lease.key.mac), now);
            }
        }
    }

    /// Nothing is known of it, and it may not take what is kept for others.
    pub fn is_stranger(&self, mac: Mac) -> bool {
        self.network.role == Role::Boot && !self.is_reserved(mac) && self.rack.find(mac).is_none()
    }

    pub fn is_reserved(&self, mac: Mac) -> bool {
        self.network.reservations.iter().any(|one| one.mac == mac)
    }

    /// Whether a machine was offered an address, or has or had one.
    pub fn has_offered(&self, mac: Mac) -> bool {
        self.pools().iter().any(|pool| pool.known(mac).is_some())
    }

    /// This host's address.
    pub fn address(&self) -> Ipv4Addr {
        self.home.addr()
    }

    pub fn now(&self) -> Tick {
        self.clock.tick()
    }

    pub fn pools(&self) -> MutexGuard<'_, Vec<Pool>> {
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which pool serves the network of `address`.
    pub fn place_of(&self, address: Ipv4Addr) -> Option<usize> {
        if self.home.contains(&address) {
            return Some(0);
        }
        self.network.relayed.iter().position(|one| one.net.contains(&address)).map(|place| place + 1)
    }

    /// What a host in the network of that pool needs to know of it.
    pub fn link(&self, place: usize) -> Link {
        let relayed = place.checked_sub(1).and_then(|place| self.network.relayed.get(place));
        let (net, router) =
            relayed.map_or((self.home, self.network.router), |relayed| (relayed.net, relayed.router));
        Link {
            mask: net.netmask(),
            broadcast: net.broadcast(),
            router,
            dns: self.network.dns.clone(),
            domain: self.network.domain.clone(),
        }
    }

    /// Puts an address aside that another station has: one that is looked for, or that is offered and not leased. One
    /// that is leased stays, or who can forge ARP could take it from its machine. Whether it was put aside.
    pub fn put_aside(&self, claim: Claim, is_looked_for: bool) -> bool {
        let Claim { mac, address, .. } = claim;
        let mut pools = self.pools();
        let Some(pool) = pools.first_mut() else { return false };
        let is_offered = pool.offered_to(address).is_some_and(|own| own != mac);
        if !is_looked_for && !is_offered {
            return false;
        }
        pool.quarantine(address, self.now());
        drop(pools);
        self.counters.add(Event::Conflict);
        tracing::warn!(
            network = self.network.name, %address, %mac,
            "an address of the pool is used by a machine that did not get it here; it is put aside for ten minutes"
        );
        let text =
            format!("{address} is used by {mac}, which did not get it here; it is put aside for ten minutes");
        self.teller.error("conflict", address, text);
        true
    }

    /// To whom this host has leased an address, as of now; what was heard of other servers does not count.
    pub fn lessee(&self, address: IpAddr, now: Tick) -> Option<Mac> {
        let IpAddr::V4(address) = address else { return None };
        let place = self.place_of(address)?;
        self.pools().get(place).and_then(|pool| pool.lessee(address, now))
    }

    /// Whose an address is.
    pub fn holder(&self, address: IpAddr) -> Option<Mac> {
        let IpAddr::V4(address) = address else { return None };
        let place = self.place_of(address)?;
        let leased = self.pools().get(place).and_then(|pool| pool.mac_of(address));
        leased.or_else(|| self.heard.lock().unwrap_or_else(PoisonError::into_inner).mac_of(address))
    }
}

/// What a network stands on.
#[derive(Debug)]
pub struct Around {
    pub rack: Arc<dyn Rack>,
    pub clock: SharedClock,
    pub http_port: u16,
    pub counters: Arc<Counters>,
    pub teller: Teller,
}

fn home(network: &Network, interface: &Interface) -> Result<Ipv4Net, StartError> {
    let Some(wanted) = network.address else {
        let missing = || StartError::NoAddress { interface: network.interface.clone() };
        return interface.addresses.first().copied().ok_or_else(missing);
    };
    let missing =
        || StartError::OtherAddress { interface: network.interface.clone(), address: wanted.addr() };
    interface.network_of(wanted.addr()).map(|_| wanted).ok_or_else(missing)
}

fn pools(network: &Network, home: Ipv4Net) -> Vec<Pool> {
    let except: Vec<Ipv4Addr> = network.router.into_iter().chain([home.addr()]).collect();
    let mut pools = vec![Pool::new(home, &network.pools, &except)];
    for one in &network.relayed {
        let except: Vec<Ipv4Addr> = one.router.into_iter().collect();
        pools.push(Pool::new(one.net, &one.pools, &except));
    }
    for one in &network.reservations {
        if let Some(pool) = pools.iter_mut().find(|pool| pool.net.contains(&one.address)) {
            pool.reserve(one.mac, one.address);
        }
    }
    if network.role == Role::Boot && network.dhcp == DhcpMode::Own {
        pools = pools.into_iter().map(Pool::sharing).collect();
    }
    pools
}

fn base(address: Ipv4Addr, port: u16) -> String {
    if port == 80 { format!("http://{address}") } else { format!("http://{address}:{port}") }
}

/// How long a lease that was kept may go on. Renewals are written when half of the lease is gone, so that it may have
/// been renewed that long after what is written; a clock that stands before it tells nothing.
fn left(lease: &Lease, wall: Moment) -> Duration {
    let length = Duration::from_secs(lease.length.into());
    let gone =
        Duration::from_micros(u64::try_from(wall.0.saturating_sub(lease.granted.0)).unwrap_or_default());
    (length + length / 2).saturating_sub(gone).min(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::boot::lease::LeaseKey;

    #[test]
    fn a_kept_lease_goes_on_as_if_it_had_been_renewed_just_before_it_would_have_been_written() {
        let key = LeaseKey { mac: Mac([2, 0, 0, 0, 0, 1]), network: Ipv4Addr::new(10, 0, 0, 0) };
        let second = |second: i64| Moment(second * 1_000_000);
        let lease = Lease {
            key,
            address: Ipv4Addr::new(10, 0, 0, 9),
            length: 3600,
            granted: second(9000),
            host_name: None,
        };
        for (now, seconds) in
            [(9000, 3600), (10_800, 3600), (10_801, 3599), (14_399, 1), (14_400, 0), (99_999, 0), (5, 3600)]
        {
            assert_eq!(left(&lease, second(now)), Duration::from_secs(seconds), "{now}");
        }
    }
}
