//! How a network shows itself.

use std::net::IpAddr;

use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::boot::dhcp::shown::put_aside;
use crate::boot::dhcp6::pool::Held;
use crate::boot::dhcp6::server::Server;
use crate::model::boot::network::{LeaseShown, NetworkStatus, PoolStatus, Watched};
use crate::model::boot::plan::DhcpMode;

impl Watched for Server {
    fn status(&self) -> NetworkStatus {
        let (network, address) = (&self.network, self.address());
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
            problems: self.problems(),
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
            client: Some(held.holder.client.to_string()),
            association: Some(held.holder.association),
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
    fn problems(&self) -> Vec<String> {
        if let Some(problem) = self.standing.problem() {
            return vec![problem];
        }
        let (prefix, interface, room) = (self.range.prefix, &self.network.interface, self.room());
        let mut found = Vec::new();
        if !self.address().is_some_and(|address| prefix.contains(&address)) {
            found.push(format!(
                "interface {interface} has no address in {prefix}: unless that is behind a relay, machines there do not \
                 reach this host and nothing boots over IPv6; give it one, or correct the prefix of dhcp6"
            ));
        }
        found.extend(put_aside(room.quarantined, room.size).map(|aside| format!("in {prefix} {aside}")));
        if room.size == 0 {
            found.push(format!("every address of dhcp6 in {prefix} is this host's own: give others"));
        } else if room.used + room.quarantined >= room.size {
            found.push(format!("every address of dhcp6 in {prefix} is taken: make its range larger"));
        }
        found
    }

    fn room(&self) -> PoolStatus {
        let pool = self.pool();
        let (size, aside) = pool.room();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        PoolStatus {
            network: self.range.prefix.to_string(),
            size: count(size),
            used: count(pool.in_use().saturating_sub(aside)),
            quarantined: count(aside),
        }
    }
}
