//! An interface that is served over IPv6: what is for this host there, and the way back.

use std::net::{Ipv6Addr, SocketAddrV6};

use ipnet::Ipv6Net;

use crate::base::mac::Mac;
use crate::boot::dhcp::StartError;
use crate::boot::dhcp6::pool::Pool;
use crate::boot::dhcp6::rules::Rules;
use crate::model::boot::plan::{Dhcp6, Network};
use crate::net::door6::Interface6;
use crate::net::door6::gate::{DHCP_SERVERS, Gate};
use crate::wire::dhcp6::SERVER_PORT;
use crate::wire::frame::udp6::Datagram;

/// The interface while it is there.
pub(super) struct Open {
    pub interface: Interface6,
    pub gate: Gate,
    pub rules: Rules,
    /// This host's address on the link.
    pub link_local: Ipv6Addr,
}

/// Where an answer goes: back the way that the message came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub station: Mac,
    pub to: SocketAddrV6,
    pub from: SocketAddrV6,
}

impl Open {
    /// Whether it was sent to the group of servers or to an address of the interface.
    pub(super) fn is_for_us(&self, datagram: &Datagram<'_>) -> bool {
        let to = *datagram.to.ip();
        to == DHCP_SERVERS || self.interface.addresses.iter().any(|own| own.addr() == to)
    }

    /// The way back: through the station that the message came from, which is the client itself, its relay or the
    /// router to that, so that nobody's neighbour has to be found first.
    pub(super) fn back(&self, datagram: &Datagram<'_>, is_relayed: bool, prefix: Ipv6Net) -> Way {
        let (peer, here) = (*datagram.from.ip(), *datagram.to.ip());
        let own = match (here.is_multicast(), peer.is_unicast_link_local()) {
            (false, _) => here,
            (true, true) => self.link_local,
            (true, false) => self.interface.address_for(Some(prefix)).unwrap_or(self.link_local),
        };
        // A relay is answered at its port (RFC 8415 19.3), a client at the one that it sent from.
        let port = if is_relayed { SERVER_PORT } else { datagram.from.port() };
        let at = |address, port| SocketAddrV6::new(address, port, 0, 0);
        Way { station: datagram.sender, to: at(peer, port), from: at(own, SERVER_PORT) }
    }
}

/// Whether somebody can be answered.
pub(super) fn has_sender(datagram: &Datagram<'_>) -> bool {
    let (from, [first, ..]) = (datagram.from.ip(), datagram.sender.0);
    first & 1 == 0 && datagram.sender.0 != [0; 6] && !from.is_multicast() && !from.is_unspecified()
}

/// Whether somebody can be given an address; of an interface that is not there yet nothing is known.
pub(super) fn check(network: &Network) -> Result<(), StartError> {
    let (Some(range), Ok(interface)) = (&network.dhcp6, Interface6::find(&network.interface)) else {
        return Ok(());
    };
    let mut pool = Pool::new(range.first, range.last);
    pool.keep_out(own(&interface, range));
    if pool.room().0 > 0 {
        return Ok(());
    }
    let why = format!(
        "every address of dhcp6 from {} to {} is this host's own: give others of {}",
        range.first, range.last, range.prefix
    );
    Err(StartError::Network { name: network.name.clone(), why })
}

/// What no machine gets: what this host has, and the address of all routers (RFC 4291 2.6.1).
pub(super) fn own(interface: &Interface6, range: &Dhcp6) -> impl Iterator<Item = Ipv6Addr> {
    let routers = Some(range.prefix.network()).filter(|_| range.prefix.prefix_len() < 127);
    interface.addresses.iter().map(Ipv6Net::addr).chain(routers)
}
