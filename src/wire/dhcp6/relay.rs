//! What relays put around a client's message, and around the answer (RFC 8415 9, 19).

use std::net::Ipv6Addr;

use crate::base::mac::Mac;
use crate::wire::dhcp6::Dhcp6Error;
use crate::wire::dhcp6::message::Message;
use crate::wire::dhcp6::options::{self, INTERFACE_ID, LINK_ADDRESS, Options, RELAY_MESSAGE, put};

/// A client's message with the relays that passed it on, the nearest to this host first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub hops: Vec<Hop>,
    pub message: Message,
}

/// One relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    count: u8,
    /// An address in the client's network; unspecified if another relay or the interface tells it.
    pub link: Ipv6Addr,
    /// Who sent to the relay.
    pub peer: Ipv6Addr,
    /// Given back as it came.
    interface: Option<Vec<u8>>,
    /// The client's, if the relay says it.
    pub mac: Option<Mac>,
}

impl Envelope {
    /// Opens what came in.
    pub fn parse(bytes: &[u8]) -> Result<Self, Dhcp6Error> {
        let (mut rest, mut hops) = (bytes, Vec::new());
        while let Some((&FORWARD, after)) = rest.split_first() {
            if hops.len() == MOST_HOPS {
                return Err(Dhcp6Error::Hops);
            }
            let (hop, inside) = Hop::parse(after)?;
            hops.push(hop);
            rest = inside;
        }
        Ok(Self { hops, message: Message::parse(rest)? })
    }

    /// The answer to be sent to who sent this.
    pub fn wrap(&self, reply: Vec<u8>) -> Vec<u8> {
        self.hops.iter().rev().fold(reply, |inside, hop| hop.wrap(&inside))
    }

    /// An address in the client's network, as the relay next to the client says it.
    pub fn link(&self) -> Option<Ipv6Addr> {
        self.hops.iter().rev().map(|hop| hop.link).find(|link| !link.is_unspecified())
    }

    /// Where the client is plugged in, if the relay next to it tells that.
    pub fn port(&self) -> Option<(Ipv6Addr, &[u8])> {
        let hop = self.hops.last()?;
        Some((hop.link, hop.interface.as_deref()?))
    }

    /// The client's own address and hardware address, as the relay next to it saw them.
    pub fn seen(&self) -> Option<(Ipv6Addr, Option<Mac>)> {
        self.hops.last().map(|hop| (hop.peer, hop.mac))
    }
}

impl Hop {
    /// A relay's message after its type, and what is in it.
    fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), Dhcp6Error> {
        let short = Dhcp6Error::Short(bytes.len());
        let (&count, rest) = bytes.split_first().ok_or(short)?;
        let (link, rest) = options::address(rest).ok_or(short)?;
        let (peer, rest) = options::address(rest).ok_or(short)?;
        let options = Options::parse(rest)?;
        let inside = options.first(RELAY_MESSAGE).ok_or(Dhcp6Error::Empty)?;
        let interface = options.first(INTERFACE_ID).map(<[u8]>::to_vec);
        let mac = match options.first(LINK_ADDRESS) {
            Some([0, 1, mac @ ..]) => mac.try_into().ok().map(Mac),
            Some(_) | None => None,
        };
        Ok((Self { count, link, peer, interface, mac }, inside))
    }

    fn wrap(&self, inside: &[u8]) -> Vec<u8> {
        let mut out = vec![REPLY, self.count];
        out.extend(self.link.octets());
        out.extend(self.peer.octets());
        if let Some(interface) = &self.interface {
            put(INTERFACE_ID, interface, &mut out);
        }
        put(RELAY_MESSAGE, inside, &mut out);
        out
    }
}

const FORWARD: u8 = 12;
const REPLY: u8 = 13;
/// Relays that may be on the way (RFC 8415 7.6).
pub const MOST_HOPS: usize = 8;
