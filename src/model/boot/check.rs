//! What is wrong with the networks that a site describes; [`version6`]: with what they say of IPv6.

pub mod version6;

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

use crate::model::boot::plan::{DhcpMode, Network, Relayed};

/// Checks what can be told without looking at the host's interfaces; an error is the network's name, and why.
pub fn networks(all: &[Network]) -> Result<(), (String, String)> {
    for (place, one) in all.iter().enumerate() {
        let fail = |why: String| (one.name.clone(), why);
        alone(one).map_err(fail)?;
        let before = all.get(..place).unwrap_or_default();
        beside(one, before).map_err(fail)?;
    }
    Ok(())
}

/// Checks that what the network leases lies in `subnet`, which this host's interface has.
pub fn inside(network: &Network, subnet: Ipv4Net) -> Result<(), String> {
    for (first, last) in &network.pools {
        for end in [first, last] {
            if !subnet.contains(end) {
                return Err(format!("the pool {first}-{last} is not in {}", subnet.trunc()));
            }
        }
    }
    let is_somewhere = |address: &Ipv4Addr| {
        subnet.contains(address) || network.relayed.iter().any(|relayed| relayed.net.contains(address))
    };
    if let Some(one) = network.reservations.iter().find(|one| !is_somewhere(&one.address)) {
        return Err(format!(
            "the reservation of {} for {} is neither in {} nor in a relayed network",
            one.address,
            one.mac,
            subnet.trunc()
        ));
    }
    if let Some(one) = network.reservations.iter().find(|one| one.address == subnet.addr()) {
        return Err(format!("the reservation of {} for {} is this host's own address", one.address, one.mac));
    }
    let nets = || std::iter::once(subnet).chain(network.relayed.iter().map(|relayed| relayed.net));
    if let Some(one) = network.reservations.iter().find(|one| nets().any(|net| is_no_host(net, one.address)))
    {
        return Err(format!(
            "the reservation of {} for {}: no machine can have that address",
            one.address, one.mac
        ));
    }
    if let Some(router) = network.router.filter(|router| !subnet.contains(router)) {
        return Err(format!("the router {router} is not in {}", subnet.trunc()));
    }
    network.router.map_or(Ok(()), |router| host("router", subnet, router))?;
    network.dns.iter().try_for_each(|server| host("dns server", subnet, *server))?;
    let overlaps =
        |one: &&Relayed| one.net.contains(&subnet.network()) || subnet.contains(&one.net.network());
    match network.relayed.iter().find(overlaps) {
        Some(one) => Err(format!("the relayed network {} overlaps {}", one.net, subnet.trunc())),
        None => Ok(()),
    }
}

/// The addresses of the network itself and of all in it; a network of two or one has neither (RFC 3021).
fn is_no_host(net: Ipv4Net, address: Ipv4Addr) -> bool {
    net.prefix_len() < 31 && (address == net.network() || address == net.broadcast())
}

/// Whether a machine in `net` can have the address, in words.
fn host(what: &str, net: Ipv4Net, address: Ipv4Addr) -> Result<(), String> {
    if !is_no_host(net, address) {
        return Ok(());
    }
    let which = if address == net.network() { "the network's own" } else { "the broadcast" };
    Err(format!("the {what} {address} is {which} address of {}: give that of a machine", net.trunc()))
}

/// Whether it is an address that a single machine can have in any network.
fn machine(what: &str, address: IpAddr) -> Result<(), String> {
    let is_none = address.is_unspecified()
        || address.is_multicast()
        || address.is_loopback()
        || address == IpAddr::V4(Ipv4Addr::BROADCAST);
    if is_none {
        return Err(format!("the {what} {address} is no address of a machine that others reach: give one"));
    }
    Ok(())
}

/// Whether this host can have this address, and serve others from it.
fn home(one: &Network, subnet: Ipv4Net) -> Result<(), String> {
    machine("address", subnet.addr().into())?;
    if subnet.prefix_len() == 0 {
        return Err(format!(
            "the address {subnet} has a prefix of 0, which is no network: give its length, as in {}/24",
            subnet.addr()
        ));
    }
    host("address", subnet, subnet.addr())?;
    let leases = matches!(one.dhcp, DhcpMode::Own | DhcpMode::Known) && one.relayed.is_empty();
    if leases && subnet.prefix_len() > 30 {
        return Err(format!(
            "the address {subnet} leaves no room for machines: give the length of the network's prefix, as in {}/24",
            subnet.addr()
        ));
    }
    inside(one, subnet)
}

fn alone(one: &Network) -> Result<(), String> {
    if !is_interface(&one.interface) {
        return Err(format!("{:?} is no name of an interface", one.interface));
    }
    if one.name.is_empty() || one.name.len() > LONGEST_NAME {
        return Err(format!("its name must have 1 to {LONGEST_NAME} characters"));
    }
    if !LEASE_TIMES.contains(&one.lease_time) {
        return Err(format!("lease_time = {}: seconds, from 10 to 31536000", one.lease_time));
    }
    if one.domain.as_ref().is_some_and(|domain| !is_domain(domain)) {
        return Err("its domain is no domain name".to_owned());
    }
    if one.dns.len() > DNS_SERVERS || one.dns6.len() > DNS_SERVERS {
        return Err(format!("more than {DNS_SERVERS} dns servers do not fit an answer"));
    }
    one.router.map_or(Ok(()), |router| machine("router", router.into()))?;
    let dns = one.dns.iter().copied().map(IpAddr::from);
    let mut dns = dns.chain(one.dns6.iter().copied().map(IpAddr::from));
    dns.try_for_each(|server| machine("dns server", server))?;
    addresses(one)?;
    reservations(one)?;
    relayed(&one.relayed)?;
    one.address.map_or(Ok(()), |subnet| home(one, subnet))?;
    one.dhcp6.as_ref().map_or(Ok(()), |given| version6::alone(one.dhcp, given))
}

/// Whether the mode has what it needs, and nothing that it would leave unused.
fn mode(one: &Network) -> Result<(), String> {
    let has_any = one.leases_v4();
    let why = match (one.dhcp, has_any) {
        // It gives addresses of IPv6 alone.
        (DhcpMode::Own | DhcpMode::Known, false) if one.dhcp6.is_some() => return Ok(()),
        (DhcpMode::Own | DhcpMode::Known, false) => {
            "it gives addresses and has neither a pool nor a reservation, nor dhcp6 for IPv6 alone"
        }
        (DhcpMode::Proxy, true) => {
            "its mode is proxy, which gives no addresses: leave out pools and reservations"
        }
        (DhcpMode::Off, true) => {
            "its mode is off (as it is if dhcp is left out), which gives no addresses: say dhcp = \"own\", or leave out \
             pools and reservations"
        }
        (DhcpMode::Own | DhcpMode::Known, true) | (DhcpMode::Proxy | DhcpMode::Off, false) => return Ok(()),
    };
    Err(why.to_owned())
}

fn addresses(one: &Network) -> Result<(), String> {
    mode(one)?;
    if let Some((first, last)) = pools(one).find(|(first, last)| last < first) {
        return Err(format!("the pool {first}-{last} ends before it begins"));
    }
    let size: u64 = pools(one).map(|(first, last)| u64::from(u32::from(last) - u32::from(first)) + 1).sum();
    if size > LARGEST {
        return Err(format!("its pools have {size} addresses, more than {LARGEST}"));
    }
    let mut sorted: Vec<_> = pools(one).collect();
    sorted.sort_unstable();
    for pair in sorted.windows(2) {
        if let [(first, last), (next, end)] = pair
            && next <= last
        {
            return Err(format!("the pools {first}-{last} and {next}-{end} overlap"));
        }
    }
    Ok(())
}

fn reservations(one: &Network) -> Result<(), String> {
    for (place, this) in one.reservations.iter().enumerate() {
        if this.mac.0[0] & 1 == 1 || this.mac.0 == [0; 6] {
            return Err(format!("it reserves {} for {}, which no machine has", this.address, this.mac));
        }
        for other in one.reservations.get(..place).unwrap_or_default() {
            if other.address == this.address {
                return Err(format!("it reserves {} twice", this.address));
            }
            // A machine may have an address in each network behind a relay, one in each.
            let net =
                |address: &Ipv4Addr| one.relayed.iter().position(|relayed| relayed.net.contains(address));
            if other.mac == this.mac && net(&other.address) == net(&this.address) {
                return Err(format!("it reserves an address for {} twice", this.mac));
            }
        }
    }
    Ok(())
}

fn relayed(all: &[Relayed]) -> Result<(), String> {
    for (place, one) in all.iter().enumerate() {
        let ends = one.pools.iter().flat_map(|(first, last)| [first, last]);
        if let Some(end) = ends.chain(&one.router).find(|end| !one.net.contains(*end)) {
            return Err(format!("{end} is not in the relayed network {}", one.net));
        }
        one.router.map_or(Ok(()), |router| host("router", one.net, router))?;
        let before = all.get(..place).unwrap_or_default();
        let overlaps = |other: &&Relayed| {
            other.net.contains(&one.net.network()) || one.net.contains(&other.net.network())
        };
        if let Some(other) = before.iter().find(overlaps) {
            return Err(format!("the relayed networks {} and {} overlap", other.net, one.net));
        }
    }
    Ok(())
}

fn beside(one: &Network, before: &[Network]) -> Result<(), String> {
    for other in before {
        if other.interface == one.interface {
            return Err(format!(
                "the interface {} is that of network {}, too: give networks of one interface interfaces of their own (VLANs)",
                one.interface, other.name
            ));
        }
        if other.name == one.name {
            return Err("two networks have this name".to_owned());
        }
        if let Some(twice) =
            one.address.filter(|mine| other.address.is_some_and(|it| it.addr() == mine.addr()))
        {
            return Err(format!("the address {} is that of network {}, too", twice.addr(), other.name));
        }
        version6::beside(one, other)?;
        let clash = pools(one).find_map(|(first, last)| {
            let meets = |(their, end): &(Ipv4Addr, Ipv4Addr)| *their <= last && first <= *end;
            pools(other).find(meets).map(|theirs| ((first, last), theirs))
        });
        if let Some(((first, last), (their, end))) = clash {
            return Err(format!(
                "the pool {first}-{last} and {their}-{end} of network {} overlap",
                other.name
            ));
        }
    }
    Ok(())
}

fn pools(one: &Network) -> impl Iterator<Item = (Ipv4Addr, Ipv4Addr)> {
    one.pools.iter().chain(one.relayed.iter().flat_map(|relayed| &relayed.pools)).copied()
}

/// As the kernel takes it.
fn is_interface(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && !matches!(name, "." | "..")
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
}

fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    name.len() <= LONGEST_DOMAIN && name.split('.').all(is_label)
}

const LONGEST_NAME: usize = 64;
/// So that an answer has room for it beside what it needs.
const LONGEST_DOMAIN: usize = 128;
/// As many as resolvers use, and more.
const DNS_SERVERS: usize = 8;
/// Below, machines do little else than renew; above, it is a mistake.
const LEASE_TIMES: std::ops::RangeInclusive<u32> = 10..=31_536_000;
/// Addresses of one network: each costs some hundred bytes of memory once it is used.
const LARGEST: u64 = 65_536;
