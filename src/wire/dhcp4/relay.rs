//! Option 82: what a relay adds on the way (RFC 3046) and wants back as it was.

use std::net::Ipv4Addr;

use dhcproto::v4::relay::{RelayAgentInformation, RelayCode, RelayInfo};
use dhcproto::{Decodable, Decoder};

/// What the relay says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// The port that the client is at, as the relay names it.
    pub circuit: Option<Vec<u8>>,
    /// Who is at that port, or the relay itself.
    pub remote: Option<Vec<u8>>,
    /// The client's network, if it is not that of the relay's address (RFC 3527).
    pub link: Option<Ipv4Addr>,
    /// What the client shall take for its server, so that renewals pass the relay (RFC 5107).
    pub server: Option<Ipv4Addr>,
    /// All of it, to be sent back.
    pub raw: Vec<u8>,
}

impl Relay {
    /// Of the option's bytes. A sub-option that cannot be read ends the list.
    pub fn parse(raw: &[u8]) -> Self {
        let list = RelayAgentInformation::decode(&mut Decoder::new(raw)).unwrap_or_default();
        let bytes = |code| match list.get(code) {
            Some(RelayInfo::AgentCircuitId(bytes) | RelayInfo::AgentRemoteId(bytes)) => Some(bytes.clone()),
            _ => None,
        };
        let link = match list.get(RelayCode::LinkSelection) {
            Some(RelayInfo::LinkSelection(address)) => Some(*address),
            _ => None,
        };
        let server = match list.get(RelayCode::ServerIdentifierOverride) {
            Some(RelayInfo::ServerIdentifierOverride(address)) => Some(*address),
            _ => None,
        };
        Self {
            circuit: bytes(RelayCode::AgentCircuitId),
            remote: bytes(RelayCode::AgentRemoteId),
            link: link.filter(|address| !address.is_unspecified()),
            server: server.filter(|address| !address.is_unspecified()),
            raw: raw.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_relay_says_is_read_and_kept_as_it_was() {
        let raw =
            [1, 3, b'e', b't', b'7', 2, 2, 0xde, 0xad, 5, 4, 10, 9, 0, 0, 11, 4, 10, 9, 0, 1, 151, 1, 0];
        let relay = Relay::parse(&raw);
        assert_eq!(relay.circuit.as_deref(), Some(&b"et7"[..]));
        assert_eq!(relay.remote.as_deref(), Some(&[0xde, 0xad][..]));
        assert_eq!(relay.link, Some(Ipv4Addr::new(10, 9, 0, 0)));
        assert_eq!(relay.server, Some(Ipv4Addr::new(10, 9, 0, 1)));
        assert_eq!(relay.raw, raw);
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(Relay::parse(&raw).raw, raw);
        }
    }
}
