//! What is wrong with the addresses of IPv6 that a network gives.

use std::net::Ipv6Addr;

use ipnet::Ipv6Net;

use crate::model::boot::plan::{Dhcp6, DhcpMode, Network};

/// Checks what a network gives, which `mode` may forbid.
pub fn alone(mode: DhcpMode, given: &Dhcp6) -> Result<(), String> {
    let word = match mode {
        DhcpMode::Own | DhcpMode::Known => None,
        DhcpMode::Proxy => Some("proxy"),
        DhcpMode::Off => Some("off (as it is if dhcp is left out)"),
    };
    if let Some(word) = word {
        return Err(format!(
            "it has dhcp6, which gives addresses, and its mode is {word}, which gives none: say dhcp = \"own\" or \
             \"known\" (without pools and reservations it gives addresses of IPv6 alone), or leave out dhcp6"
        ));
    }
    prefix(given.prefix)?;
    if let Some(end) = [given.first, given.last].iter().find(|end| !given.prefix.contains(*end)) {
        return Err(format!("{end}, an end of dhcp6, is not in {}", given.prefix));
    }
    if given.last < given.first {
        return Err(format!("the addresses {} to {} end before they begin", given.first, given.last));
    }
    if given.prefix.prefix_len() < 127 && given.last == given.prefix.network() {
        return Err(format!(
            "dhcp6 has only {}, the address of all routers of its prefix: give more",
            given.last
        ));
    }
    Ok(())
}

fn prefix(prefix: Ipv6Net) -> Result<(), String> {
    let address = prefix.addr();
    let what = if address.is_multicast() {
        "has addresses of groups"
    } else if address.is_unicast_link_local() {
        "is of one link, where machines have addresses by themselves"
    } else if prefix.prefix_len() == 0 || address.is_unspecified() || address.is_loopback() {
        "is no network of machines"
    } else if is_mapped(address) {
        "is IPv4 in another form"
    } else if prefix.network() != address {
        return Err(format!(
            "the prefix {prefix} of dhcp6 has bits beyond its length: write {}",
            prefix.trunc()
        ));
    } else {
        return Ok(());
    };
    Err(format!(
        "the prefix {prefix} of dhcp6 {what}: give one that this host's interface has an address in, as in fd00:31::/64"
    ))
}

fn is_mapped(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().is_some()
}

/// Checks that no other network gives addresses of the same prefix.
pub fn beside(one: &Network, other: &Network) -> Result<(), String> {
    let (Some(mine), Some(theirs)) = (&one.dhcp6, &other.dhcp6) else { return Ok(()) };
    if mine.prefix.contains(&theirs.prefix) || theirs.prefix.contains(&mine.prefix) {
        return Err(format!(
            "the prefix {} of dhcp6 and {} of network {} overlap: each network has one of its own",
            mine.prefix, theirs.prefix, other.name
        ));
    }
    Ok(())
}
