//! Which address of this host somebody else sees.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The address from which this host would send to `peer`; `None` if there is no way to it. Nothing is sent: a connected
/// datagram socket is bound by the routing table alone.
pub fn local_towards(peer: IpAddr) -> Option<IpAddr> {
    let any: SocketAddr = match peer {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect((peer, DISCARD)).ok()?;
    let local = socket.local_addr().ok()?.ip();
    (!local.is_unspecified()).then_some(local)
}

/// The port of RFC 863: any would do.
const DISCARD: u16 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_reached_from_loopback() {
        for peer in [IpAddr::from([127, 0, 0, 7]), IpAddr::from(Ipv6Addr::LOCALHOST)] {
            let local = local_towards(peer);
            assert!(local.is_none_or(|local| local.is_loopback()), "{peer}: {local:?}");
        }
        assert!(local_towards(IpAddr::from([127, 0, 0, 1])).is_some());
    }
}
