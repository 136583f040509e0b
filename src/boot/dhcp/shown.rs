//! How a network shows itself.

use std::net::IpAddr;
use std::sync::PoisonError;

use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::boot::dhcp::pool::{Held, Pool};
use crate::boot::dhcp::served::Served;
use crate::model::boot::network::{LeaseShown, NetworkStatus, OtherServer, PoolStatus, Watched};
use crate::model::boot::plan::{DhcpMode, Role};

impl Watched for Served {
    fn status(&self) -> NetworkStatus {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let (other_servers, is_lonely) = (others.all(), others.is_lonely());
        drop(others);
        let pools: Vec<PoolStatus> = self.pools().iter().map(pool).filter(|pool| pool.size > 0).collect();
        NetworkStatus {
            name: self.network.name.clone(),
            interface: self.network.interface.clone(),
            role: match self.network.role {
                Role::Boot => "boot",
                Role::Bmc => "bmc",
                Role::Data => "data",
            },
            service: "dhcp4",
            mode: match self.network.dhcp {
                DhcpMode::Own => "own",
                DhcpMode::Proxy => "proxy",
                DhcpMode::Known => "known",
                DhcpMode::Off => "off",
            },
            address: IpAddr::V4(self.address()),
            problems: problems(&other_servers, is_lonely, &pools),
            pools,
            other_servers,
            counters: self.counters.all(),
        }
    }

    fn leases(&self) -> Vec<LeaseShown> {
        let (now, wall) = (self.now(), self.clock.wall());
        let shown = |held: Held| LeaseShown {
            address: IpAddr::V4(held.address),
            mac: Some(held.mac),
            network: self.network.name.clone(),
            host_name: held.host_name,
            expires: Moment(wall.0.saturating_add(i64::try_from(held.left.as_micros()).unwrap_or(i64::MAX))),
            last_asked: held.asked,
        };
        let mut leases: Vec<_> = self.pools().iter().flat_map(|pool| pool.leases(now)).map(shown).collect();
        leases.sort_by_key(|lease| lease.address);
        leases
    }

    fn mac_of(&self, address: IpAddr) -> Option<Mac> {
        self.holder(address)
    }

    fn lessee(&self, address: IpAddr) -> Option<Mac> {
        Served::lessee(self, address, self.now())
    }
}

fn pool(pool: &Pool) -> PoolStatus {
    let (used, quarantined) = pool.used();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    PoolStatus {
        network: pool.net.to_string(),
        size: count(pool.size()),
        used: count(used),
        quarantined: count(quarantined),
    }
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
    for pool in pools.iter().filter(|pool| pool.used + pool.quarantined >= pool.size) {
        found.push(format!("every address of {} is taken: make its pool larger", pool.network));
    }
    found
}
