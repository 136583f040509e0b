//! Sockets at addresses that this host may not have yet: an interface that comes late must not end the daemon.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

/// Listens at `address`, over IPv6 alone if it is of IPv6; and whether the host has the address now. If not, it is
/// served from when the host has it.
pub fn tcp(address: SocketAddr) -> io::Result<(TcpListener, bool)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A connection of before a restart may still linger.
    socket.set_reuse_address(true)?;
    let is_there = bound(&socket, address)?;
    socket.listen(BACKLOG)?;
    Ok((socket.into(), is_there))
}

/// As `tcp`, for datagrams.
pub fn udp(address: SocketAddr) -> io::Result<(UdpSocket, bool)> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    let is_there = bound(&socket, address)?;
    Ok((socket.into(), is_there))
}

fn bound(socket: &Socket, address: SocketAddr) -> io::Result<bool> {
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    match socket.bind(&address.into()) {
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
        done => return done.map(|()| true),
    }
    if address.is_ipv6() {
        socket.set_freebind_v6(true)?;
    } else {
        socket.set_freebind_v4(true)?;
    }
    socket.bind(&address.into()).map(|()| false)
}

/// Connections that wait to be taken, as the standard library has it.
const BACKLOG: i32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_not_here_yet_is_waited_for() {
        for (address, is_here) in
            [("127.0.0.1:0", true), ("192.0.2.77:0", false), ("[::1]:0", true), ("[2001:db8::77]:0", false)]
        {
            let address: SocketAddr = address.parse().unwrap();
            let (listener, is_there) = tcp(address).unwrap();
            assert_eq!((listener.local_addr().unwrap().ip(), is_there), (address.ip(), is_here));
            let (socket, is_there) = udp(address).unwrap();
            assert_eq!((socket.local_addr().unwrap().ip(), is_there), (address.ip(), is_here));
        }
    }

    #[test]
    fn the_same_port_is_free_for_the_other_family() {
        let (first, _) = tcp("0.0.0.0:0".parse().unwrap()).unwrap();
        let port = first.local_addr().unwrap().port();
        assert!(tcp(SocketAddr::new("::".parse().unwrap(), port)).is_ok());
        assert_eq!(tcp(first.local_addr().unwrap()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
