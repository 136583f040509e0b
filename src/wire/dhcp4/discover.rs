//! What a client asks first; sent to find out who else answers.

use std::net::Ipv4Addr;

use dhcproto::v4::{DhcpOption, Flags, HType, Message, MessageType, OptionCode};
use dhcproto::{Encodable, Encoder};

use crate::base::mac::Mac;

/// A DISCOVER of a client that answers cannot reach by unicast, padded to what every server takes; empty if the codec
/// does not write it.
pub fn emit(mac: Mac, xid: u32) -> Vec<u8> {
    let none = Ipv4Addr::UNSPECIFIED;
    let mut message = Message::new_with_id(xid, none, none, none, none, &mac.0);
    message.set_htype(HType::Eth).set_flags(Flags::default().set_broadcast());
    let wanted = vec![OptionCode::SubnetMask, OptionCode::Router];
    message.opts_mut().insert(DhcpOption::MessageType(MessageType::Discover));
    message.opts_mut().insert(DhcpOption::ParameterRequestList(wanted));
    let mut bytes = Vec::new();
    if message.encode(&mut Encoder::new(&mut bytes)).is_err() {
        return Vec::new();
    }
    bytes.resize(bytes.len().max(LEAST), 0);
    bytes
}

/// As a reply's (RFC 1542, 2.1).
const LEAST: usize = 300;
