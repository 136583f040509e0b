//! How a network shows itself.

use std::net::IpAddr;
use std::sync::PoisonError;

use crate::base::moment::Moment;
use crate::boot::dhcp::pool::{Held, Pool};
use crate::boot::dhcp::served::Served;
use crate::model::boot::network::{LeaseShown, NetworkStatus, OtherServer, PoolStatus};
use crate::model::boot::plan::{DhcpMode, Network};
use crate::wire::dhcp4::packet::Packet;

/// A network that has not been served yet.
pub fn bare(network: &Network, counters: Vec<(&'static str, u64)>) -> NetworkStatus {
    NetworkStatus {
        name: network.name.clone(),
        interface: network.interface.clone(),
        role: network.role.word(),
        service: "dhcp4",
        mode: match network.dhcp {
            DhcpMode::Own => "own",
            DhcpMode::Proxy => "proxy",
            DhcpMode::Known => "known",
            DhcpMode::Off => "off",
        },
        state: "waiting",
        address: network.address.map(|net| IpAddr::V4(net.addr())),
        pools: Vec::new(),
        other_servers: Vec::new(),
        problems: Vec::new(),
        counters,
    }
}

impl Served {
    /// How it stands, but for its interface.
    pub fn status(&self) -> NetworkStatus {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let (other_servers, is_lonely) = (others.all(), others.is_lonely());
        drop(others);
        let pools: Vec<PoolStatus> = self.pools().iter().map(pool).filter(|pool| pool.size > 0).collect();
        NetworkStatus {
            state: "serving",
            address: Some(IpAddr::V4(self.address())),
            problems: problems(&other_servers, is_lonely, &pools),
            pools,
            other_servers,
            ..bare(&self.network, self.counters.all())
        }
    }

    /// Why there is no address for a machine, and what helps.
    pub fn why_none(&self, packet: &Packet) -> String {
        let place = self.place(packet);
        let pools = self.pools();
        if let Some(own) = place.and_then(|place| pools.get(place)?.reserved_for(packet.mac)) {
            return format!(
                "{own} is reserved for {} and put aside, since another machine uses it: give that one another address, or \
                 change the reservation; it is tried again in some minutes",
                packet.mac
            );
        }
        let aside = place.and_then(|place| pools.get(place)).and_then(|pool| {
            let (aside, size) = (count(pool.put_aside()), count(pool.size()));
            put_aside(aside, size)
        });
        let why = aside.map(|aside| format!("{aside}; if they are not enough, ")).unwrap_or_default();
        format!("no address is left for {}: {why}make the pool larger, or enrol its port", packet.mac)
    }

    pub fn leases(&self) -> Vec<LeaseShown> {
        let (now, wall) = (self.now(), self.clock.wall());
        let shown = |held: Held| LeaseShown {
            address: IpAddr::V4(held.address),
            mac: Some(held.mac),
            network: self.network.name.clone(),
            host_name: held.host_name,
            expires: Moment(wall.0.saturating_add(i64::try_from(held.left.as_micros()).unwrap_or(i64::MAX))),
            last_asked: held.asked,
            client: None,
            association: None,
        };
        let mut leases: Vec<_> = self.pools().iter().flat_map(|pool| pool.leases(now)).map(shown).collect();
        leases.sort_by_key(|lease| lease.address);
        leases
    }
}

fn pool(pool: &Pool) -> PoolStatus {
    let (used, quarantined) = pool.used();
    PoolStatus {
        network: pool.net.to_string(),
        size: count(pool.size()),
        used: count(used),
        quarantined: count(quarantined),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// How much of a pool is put aside, if anything is.
pub fn put_aside(aside: u64, size: u64) -> Option<String> {
    let why = "because machines declined them or others use them";
    (aside > 0).then(|| format!("{aside} of {size} addresses are put aside {why}, for ten minutes at most"))
}

fn problems(others: &[OtherServer], is_lonely: bool, pools: &[PoolStatus]) -> Vec<String> {
    let mut found = Vec::new();
    for OtherServer { address, mac, .. } in others.iter().filter(|other| !other.expected) {
        found.push(format!(
            "the DHCP server {address} ({mac}) answers in this network, too: switch it off, or say dhcp = \"proxy\""
        ));
    }
    if is_lonely {
        found.push(
            "no server gives addresses in this network: with dhcp = \"proxy\" another one must".to_owned(),
        );
    }
    for pool in pools {
        let aside = put_aside(pool.quarantined, pool.size);
        found.extend(aside.map(|aside| format!("in {} {aside}", pool.network)));
    }
    for pool in pools.iter().filter(|pool| pool.used + pool.quarantined >= pool.size) {
        found.push(format!("every address of {} is taken: make its pool larger", pool.network));
    }
    found
}
