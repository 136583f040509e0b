//! Where others reach this host's HTTP server, as of now: an interface may come later than the daemon, and with another
//! address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::Ipv4Net;

use crate::net::link::Interface;
use crate::net::route::local_towards;

/// The way to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// Somebody said so, or the server listens on one address: no slash at the end.
    Fixed(String),
    /// It listens on every address.
    Anywhere { port: u16, places: Vec<Place>, tls: bool },
}

/// A network in which the server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub interface: String,
    /// If the site names it; else the interface's first.
    pub address: Option<Ipv4Addr>,
}

impl Place {
    /// This host's address there, if it has one.
    pub fn address(&self) -> Option<Ipv4Addr> {
        let first = || Interface::find(&self.interface).ok()?.addresses.first().map(Ipv4Net::addr);
        self.address.or_else(first)
    }
}

impl Whereabouts {
    /// Of a server that listens at `door`.
    pub fn of(door: SocketAddr, places: Vec<Place>) -> Self {
        if door.ip().is_unspecified() {
            Self::Anywhere { port: door.port(), places, tls: false }
        } else {
            Self::Fixed(format!("http://{door}"))
        }
    }

    /// The same; if `tls`, of a server that speaks TLS.
    #[must_use]
    pub fn secured(self, tls: bool) -> Self {
        match self {
            Self::Anywhere { port, places, .. } => Self::Anywhere { port, places, tls },
            Self::Fixed(url) if tls => Self::Fixed(url.replacen("http://", "https://", 1)),
            Self::Fixed(url) => Self::Fixed(url),
        }
    }

    /// The URL, without a slash at its end: by the first network that has an address, else by the address that `peer`
    /// sees. None if there is neither.
    pub fn url(&self, peer: Option<IpAddr>) -> Option<String> {
        match self {
            Self::Fixed(url) => Some(url.clone()),
            Self::Anywhere { port, places, tls } => {
                let ours = places.iter().find_map(Place::address).map(IpAddr::V4);
                let address = ours.or_else(|| local_towards(peer?))?;
                let scheme = if *tls { "https" } else { "http" };
                Some(format!("{scheme}://{}", SocketAddr::new(address, *port)))
            }
        }
    }

    /// What is missing, where there is no URL; the remedy follows a colon.
    pub fn missing(&self) -> String {
        let places: &[Place] = match self {
            Self::Fixed(_) => &[],
            Self::Anywhere { places, .. } => places,
        };
        let waits: Vec<_> = places.iter().map(|place| place.interface.as_str()).collect();
        if waits.is_empty() {
            return "the rack's door listens on every address, and no boot network says which is the one: set \
                    [deploy] http_url"
                .to_owned();
        }
        let interfaces = waits.join(", ");
        format!(
            "this host has no address yet on {interfaces}, so nobody can be told where it is: give the interface its \
             address, or set [deploy] http_url"
        )
    }
}

impl From<&str> for Whereabouts {
    /// A URL; one of every address is none yet.
    fn from(url: &str) -> Self {
        let url = url.trim_end_matches('/');
        let door = url.strip_prefix("http://").and_then(|door| door.parse::<SocketAddr>().ok());
        match door.filter(|door| door.ip().is_unspecified()) {
            Some(door) => Self::of(door, Vec::new()),
            None => Self::Fixed(url.to_owned()),
        }
    }
}

impl From<String> for Whereabouts {
    fn from(url: String) -> Self {
        url.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anywhere(interface: &str, address: Option<Ipv4Addr>) -> Whereabouts {
        let places = vec![Place { interface: interface.to_owned(), address }];
        Whereabouts::of("0.0.0.0:6385".parse().unwrap(), places)
    }

    #[test]
    fn one_address_is_told_as_it_is() {
        let one = Whereabouts::of("10.0.0.1:80".parse().unwrap(), Vec::new());
        assert_eq!(one.url(None).as_deref(), Some("http://10.0.0.1:80"));
        assert_eq!(Whereabouts::from("https://a/b/").url(None).as_deref(), Some("https://a/b"));
    }

    #[test]
    fn a_server_at_every_address_is_told_by_its_network_then_by_who_asks() {
        let known = anywhere("none0", Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(known.url(None).as_deref(), Some("http://10.0.0.1:6385"));
        let loopback = anywhere("none0", None);
        let peer = Some(IpAddr::from([127, 0, 0, 9]));
        assert_eq!(loopback.url(peer).as_deref(), Some("http://127.0.0.1:6385"));
    }

    #[test]
    fn a_server_that_speaks_tls_is_told_so() {
        let loopback = Some(IpAddr::from([127, 0, 0, 9]));
        let anywhere = anywhere("none0", None).secured(true);
        assert_eq!(anywhere.url(loopback).as_deref(), Some("https://127.0.0.1:6385"));
        let one = Whereabouts::of("10.0.0.1:80".parse().unwrap(), Vec::new()).secured(true);
        assert_eq!(one.url(None).as_deref(), Some("https://10.0.0.1:80"));
    }

    #[test]
    fn an_interface_without_address_is_named_and_nothing_is_told() {
        let late = anywhere("none0", None);
        assert_eq!(late.url(None), None);
        assert!(late.missing().contains("no address yet on none0"), "{}", late.missing());
        let nowhere = Whereabouts::from("http://0.0.0.0:6385");
        assert_eq!(nowhere.url(None), None);
        assert!(nowhere.missing().contains("http_url"));
    }
}
