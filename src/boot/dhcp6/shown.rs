//! How a network shows itself.

use std::net::IpAddr;

use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::boot::dhcp6::pool::Held;
use crate::boot::dhcp6::server::Server;
use crate::model::boot::network::{LeaseShown, NetworkStatus, PoolStatus, Watched};
use crate::model::boot::plan::{DhcpMode, Role};

impl Watched for Server {
    fn status(&self) -> NetworkStatus {
        let (network, address) = (&self.network, self.address());
        let is_mute = address.is_none() && network.role == Role::Boot && self.standing.problem().is_none();
        let mute = format!(
            "interface {} has no address in {}: nothing can boot over IPv6 until it has",
            network.interface, self.range.prefix
        );
        NetworkStatus {
            name: network.name.clone(),
            interface: network.interface.clone(),
            role: network.role.word(),
            service: "dhcp6",
            mode: match network.dhcp {
                DhcpMode::Known => "known",
                DhcpMode::Own | DhcpMode::Proxy | DhcpMode::Off => "own",
            },
            state: self.standing.word(),
            address: address.map(IpAddr::V6),
            pools: vec![self.room()],
            other_servers: Vec::new(),
            problems: self.standing.problem().into_iter().chain(is_mute.then_some(mute)).collect(),
            counters: self.counts.all(),
        }
    }

    fn leases(&self) -> Vec<LeaseShown> {
        let (now, wall) = (self.ground.clock.tick(), self.ground.clock.wall());
        let shown = |held: Held| LeaseShown {
            address: IpAddr::V6(held.address),
            mac: held.who.mac,
            network: self.network.name.clone(),
            host_name: None,
            expires: Moment(wall.0.saturating_add(i64::try_from(held.left.as_micros()).unwrap_or(i64::MAX))),
            last_asked: held.who.asked,
        };
        let mut leases: Vec<_> = self.pool().leases(now).into_iter().map(shown).collect();
        leases.sort_by_key(|lease| lease.address);
        leases
    }

    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        match address {
            IpAddr::V6(address) => self.pool().mac_of(address),
            IpAddr::V4(_) => None,
        }
    }
}

impl Server {
    fn room(&self) -> PoolStatus {
        let pool = self.pool();
        let (size, aside) = pool.room();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        PoolStatus {
            network: self.range.prefix.to_string(),
            size: u64::try_from(size).unwrap_or(u64::MAX),
            used: count(pool.in_use().saturating_sub(aside)),
            quarantined: count(aside),
        }
    }
}
