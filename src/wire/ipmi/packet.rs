//! What one UDP payload is.

use crate::wire::ipmi::PACKET_LIMIT;
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::lan15;
use crate::wire::ipmi::lan20;
use crate::wire::ipmi::rmcp::{CLASS_ASF, CLASS_IPMI, Header, Ping, Pong};

/// A datagram, its wrapper read and its contents still as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    Ping(Ping),
    Pong(Pong),
    V15(lan15::Packet<'a>),
    V20(lan20::Packet<'a>),
}

impl<'a> Packet<'a> {
    pub fn parse(datagram: &'a [u8]) -> Result<Self, WireError> {
        if datagram.len() > PACKET_LIMIT {
            return Err(WireError::Long { what: "a packet", size: datagram.len(), limit: PACKET_LIMIT });
        }
        let (header, rest) = Header::parse(datagram)?;
        match header.class {
            CLASS_ASF => Ping::parse(rest).map(Self::Ping).or_else(|_| Pong::parse(rest).map(Self::Pong)),
            CLASS_IPMI if rest.first() == Some(&lan20::AUTH_TYPE) => {
                lan20::Packet::parse(rest).map(Self::V20)
            }
            CLASS_IPMI => lan15::Packet::parse(rest).map(Self::V15),
            class => Err(WireError::Unexpected { what: "RMCP class", value: class }),
        }
    }
}
