//! Router advertisements on boot networks.
//!
//! This host is no router, and says so: lifetime 0. Machines get to know whether DHCPv6 is there, and which addresses
//! are reached directly. iPXE waits 13 seconds for such a message before it loads anything, by IPv4 too (measured).

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::Ipv6Net;

use crate::base::chain::chain;
use crate::base::mac::Mac;
use crate::base::time::sleep;
use crate::boot::advertise::schedule::{Schedule, Told};
use crate::boot::dhcp6::counts::count;
use crate::boot::ground::Ground;
use crate::boot::standing::{LOOK, Standing, watched};
use crate::model::boot::network::{LeaseShown, NetworkStatus, Watched};
use crate::model::boot::plan::{Network, Role};
use crate::net::door6::{Door6, DoorError, Interface6};
use crate::wire::ra::{Advertisement, Prefix, solicitation};

pub mod schedule;

/// Random numbers.
pub type Dice = Arc<dyn Fn() -> u32 + Send + Sync>;

/// Who advertises in a network.
struct Herald {
    ground: Ground,
    network: Network,
    dice: Dice,
    standing: Standing,
    counts: Counts,
    here: Mutex<Option<Ipv6Addr>>,
}

/// Messages, by what became of them.
#[derive(Debug, Default)]
struct Counts {
    /// Those of machines that ask for an advertisement.
    solicited: AtomicU64,
    /// What is no solicitation, or came from afar.
    malformed: AtomicU64,
    sent: AtomicU64,
}

impl fmt::Debug for Herald {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Herald").field("network", &self.network.name).finish_non_exhaustive()
    }
}

/// Advertises in every boot network that wants it; the tasks end with the ground's token.
pub fn start(ground: &Ground, dice: &Dice) {
    for network in &ground.plan.networks {
        if !network.router_advertisements || network.role != Role::Boot {
            continue;
        }
        let herald = Arc::new(Herald {
            standing: Standing::new(ground, network, "ra"),
            ground: ground.clone(),
            network: network.clone(),
            dice: dice.clone(),
            counts: Counts::default(),
            here: Mutex::default(),
        });
        ground.desk.board().show(herald.clone());
        ground.tasks.spawn(async move {
            tokio::select! {
                () = herald.run() => {}
                () = herald.ground.stop.cancelled() => {}
            }
        });
    }
}

impl Herald {
    /// Opens the interface again whenever it was gone.
    async fn run(&self) {
        let network = &self.network.name;
        loop {
            match self.open() {
                Ok((interface, door)) => {
                    tracing::info!(network, interface = interface.name, "advertising");
                    let near = interface.addresses.iter().map(Ipv6Net::addr);
                    *self.here() = near.clone().find(Ipv6Addr::is_unicast_link_local);
                    tokio::select! {
                        error = self.advertise(&interface, &door) => {
                            tracing::warn!(network, %error, "the socket of router advertisements failed");
                        }
                        () = watched(&self.standing, &interface, &*self.ground.clock) => {}
                    }
                }
                Err(error) => self.standing.waits(chain(&error)),
            }
            sleep(&*self.ground.clock, LOOK).await;
        }
    }

    fn here(&self) -> MutexGuard<'_, Option<Ipv6Addr>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<(Interface6, Door6), DoorError> {
        let interface = Interface6::find(&self.network.interface)?;
        let door = Door6::icmp(&interface)?;
        Ok((interface, door))
    }

    /// Advertises until the socket fails; why it did.
    async fn advertise(&self, interface: &Interface6, door: &Door6) -> io::Error {
        let message = advertisement(&self.network, interface).emit();
        let clock = &*self.ground.clock;
        let mut schedule = Schedule::new(clock.tick());
        let mut buffer = [0; LONGEST];
        loop {
            tokio::select! {
                got = door.receive(&mut buffer) => match got {
                    Ok(datagram) => {
                        let bytes = buffer.get(..datagram.size).unwrap_or_default();
                        let from = *datagram.from.ip();
                        let is_near = datagram.hop_limit == NEAR;
                        if is_near && solicitation(bytes, from).is_ok() {
                            count(&self.counts.solicited);
                            schedule.asked(from, clock.tick(), (self.dice)());
                        } else {
                            count(&self.counts.malformed);
                        }
                    }
                    Err(error) => return error,
                },
                () = clock.sleep_until(schedule.wake()) => {
                    while let Some(told) = schedule.due(clock.tick(), (self.dice)()) {
                        let to = match told {
                            Told::All => ALL_NODES,
                            Told::One(one) => one,
                        };
                        count(&self.counts.sent);
                        door.send(to, 0, &message).await;
                    }
                }
            }
        }
    }
}

impl Watched for Herald {
    fn status(&self) -> NetworkStatus {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { solicited, malformed, sent } = &self.counts;
        NetworkStatus {
            name: self.network.name.clone(),
            interface: self.network.interface.clone(),
            role: self.network.role.word(),
            service: "ra",
            mode: "on",
            state: self.standing.word(),
            address: self.here().map(IpAddr::V6),
            pools: Vec::new(),
            other_servers: Vec::new(),
            problems: self.standing.problem().into_iter().collect(),
            counters: vec![
                ("solicitations", of(solicited)),
                ("malformed", of(malformed)),
                ("sent", of(sent)),
            ],
        }
    }

    fn leases(&self) -> Vec<LeaseShown> {
        Vec::new()
    }

    fn mac_of(&self, _: IpAddr) -> Option<Mac> {
        None
    }
}

/// What machines of the network are told.
fn advertisement(network: &Network, interface: &Interface6) -> Advertisement {
    let has_dhcp = network.dhcp6.is_some();
    let prefix = network.dhcp6.as_ref().map(|range| Prefix {
        net: range.prefix,
        // Addresses come by DHCPv6 alone, so that it is known whose they are.
        autonomous: false,
        valid: u32::MAX,
        preferred: u32::MAX,
    });
    Advertisement {
        managed: has_dhcp,
        other: has_dhcp,
        lifetime: 0,
        prefix,
        // Less is no network for IPv6 (RFC 8200 5).
        mtu: interface.mtu.filter(|mtu| *mtu >= 1280),
        dns: network.dns6.clone(),
        dns_lifetime: NAMES,
        mac: interface.mac,
    }
}

const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// The hop limit of what no router passed on (RFC 4861 6.1.1).
const NEAR: u8 = 255;
/// Bytes of a solicitation that are looked at.
const LONGEST: usize = 512;
/// Seconds for which name servers may be used: three advertisements may be lost (RFC 8106 5.1).
const NAMES: u32 = 1800;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::boot::plan::{Dhcp6, DhcpMode};

    fn network(dhcp6: Option<Dhcp6>) -> Network {
        Network {
            name: "boot".into(),
            interface: "eth1".into(),
            role: Role::Boot,
            dhcp: DhcpMode::Off,
            address: None,
            pools: vec![],
            reservations: vec![],
            router: None,
            dns: vec![],
            dns6: vec![],
            domain: None,
            lease_time: 3600,
            relayed: vec![],
            router_advertisements: true,
            dhcp6,
        }
    }

    #[test]
    fn machines_are_told_of_dhcp_where_it_is_and_never_of_a_router() {
        let (mac, flags) = (Mac([2, 0, 0, 0, 0, 1]), nix::net::if_::InterfaceFlags::empty());
        let interface =
            Interface6 { name: "eth1".into(), index: 1, mac, mtu: Some(1500), addresses: vec![], flags };
        let bare = advertisement(&network(None), &interface);
        assert_eq!((bare.managed, bare.other, bare.lifetime, bare.prefix), (false, false, 0, None));
        let prefix: Ipv6Net = "fd00::/64".parse().unwrap();
        let (first, last) = ("fd00::1".parse().unwrap(), "fd00::9".parse().unwrap());
        let range = Dhcp6 { prefix, first, last, messages: 2000 };
        let full = advertisement(&network(Some(range)), &interface);
        assert!(full.managed && full.other && full.lifetime == 0);
        assert_eq!(full.prefix.map(|prefix| (prefix.net, prefix.autonomous)), Some((prefix, false)));
    }
}
