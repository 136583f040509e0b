//! An answer, in the one shape that every recorded client takes: the file's name in its field (a longer one in option
//! 67), siaddr set, options 54, 51, 1 and 3; options 60 and 43 say that there is nothing else to ask; an END; 300 bytes
//! at least.

use std::net::Ipv4Addr;

use dhcproto::v4::{DhcpOption, HType, Message, MessageType, Opcode};
use dhcproto::{Encodable, Encoder};

use crate::base::mac::Mac;
use crate::wire::dhcp4::Kind;
use crate::wire::dhcp4::options::{self, put};
use crate::wire::dhcp4::packet::{HEAD, KINDS, MAGIC, Packet};

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub kind: Kind,
    pub mac: Mac,
    pub xid: u32,
    pub secs: u16,
    pub flags: u16,
    pub ciaddr: Ipv4Addr,
    pub yiaddr: Ipv4Addr,
    pub giaddr: Ipv4Addr,
    /// Option 54.
    pub server: Ipv4Addr,
    /// Seconds; not in answers to an INFORM.
    pub lease: Option<u32>,
    pub link: Option<Link>,
    pub boot: Option<Boot>,
    /// Option 97 as it came.
    pub machine: Option<Vec<u8>>,
    /// Option 61 as it came (RFC 6842).
    pub client_id: Option<Vec<u8>>,
    /// Option 82 as it came.
    pub relay: Option<Vec<u8>>,
    /// Option 56, why a request is refused.
    pub message: Option<String>,
}

/// What a host needs to know of its network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub mask: Ipv4Addr,
    pub broadcast: Ipv4Addr,
    /// None: the network has no way out. Firmware is told the server's address then, for it was never seen to boot
    /// without option 3.
    pub router: Option<Ipv4Addr>,
    pub dns: Vec<Ipv4Addr>,
    pub domain: Option<String>,
}

/// What firmware loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    /// Where the file is, for those that take a name.
    pub server: Ipv4Addr,
    /// A name or a URL.
    pub file: String,
    pub class: BootClass,
    /// It is iPXE: it is told not to wait for other servers.
    pub is_ipxe: bool,
}

/// Option 60 of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootClass {
    Pxe,
    Http,
}

/// Why an answer cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    #[error("it does not fit the {limit} bytes that the client takes")]
    Size { limit: usize },
    #[error("the codec refused it")]
    Codec,
}

impl Reply {
    /// An answer to `asked` without an address and without boot data.
    pub fn to(asked: &Packet, kind: Kind, server: Ipv4Addr) -> Self {
        Self {
            kind,
            mac: asked.mac,
            xid: asked.xid,
            secs: 0,
            flags: asked.flags,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: asked.giaddr,
            server,
            lease: None,
            link: None,
            boot: None,
            machine: asked.machine.clone(),
            client_id: asked.client_id.clone().filter(|id| !id.is_empty()),
            relay: asked.relay.as_ref().map(|relay| relay.raw.clone()),
            message: None,
        }
    }

    /// The bytes, `limit` at most; what a client can do without is left out first.
    pub fn emit(&self, limit: usize) -> Result<Vec<u8>, ReplyError> {
        let mut bytes = self.head()?;
        bytes.extend(MAGIC);
        for option in self.needed() {
            write(&option, &mut bytes)?;
        }
        let tail = self.tail();
        let room = limit.saturating_sub(tail.len() + 1);
        for option in self.useful() {
            let mut one = Vec::new();
            write(&option, &mut one)?;
            if bytes.len() + one.len() <= room {
                bytes.extend(one);
            }
        }
        bytes.extend(tail);
        bytes.push(options::END);
        if bytes.len() > limit {
            return Err(ReplyError::Size { limit });
        }
        bytes.resize(bytes.len().max(LEAST), options::PAD);
        Ok(bytes)
    }

    /// The fixed fields.
    fn head(&self) -> Result<Vec<u8>, ReplyError> {
        let next = self.boot.as_ref().map_or(Ipv4Addr::UNSPECIFIED, |boot| boot.server);
        let mut message =
            Message::new_with_id(self.xid, self.ciaddr, self.yiaddr, next, self.giaddr, &self.mac.0);
        message.set_opcode(Opcode::BootReply).set_htype(HType::Eth);
        message.set_flags(self.flags.into()).set_secs(self.secs);
        if let Some(boot) = &self.boot
            && boot.file.len() <= FILE
        {
            message.set_fname(boot.file.as_bytes());
        }
        let mut bytes = Vec::with_capacity(LEAST);
        message.encode(&mut Encoder::new(&mut bytes)).map_err(|_| ReplyError::Codec)?;
        bytes.truncate(HEAD);
        Ok(bytes)
    }

    /// Options without which the answer is none; the first ones first, for old firmware reads no further.
    fn needed(&self) -> Vec<DhcpOption> {
        let mut list =
            vec![DhcpOption::MessageType(self.type_of()), DhcpOption::ServerIdentifier(self.server)];
        if let Some(lease) = self.lease {
            list.extend([
                DhcpOption::AddressLeaseTime(lease),
                DhcpOption::Renewal(lease / 2),
                DhcpOption::Rebinding(lease - lease / 8),
            ]);
        }
        if let Some(link) = &self.link {
            list.push(DhcpOption::SubnetMask(link.mask));
            let router = link.router.or_else(|| self.boot.is_some().then_some(self.server));
            list.extend(router.map(|router| DhcpOption::Router(vec![router])));
        }
        if let Some(boot) = &self.boot {
            list.extend(boot.options());
        }
        list
    }

    /// Options that a client can do without.
    fn useful(&self) -> Vec<DhcpOption> {
        let mut list = Vec::new();
        if let Some(link) = &self.link {
            list.push(DhcpOption::BroadcastAddr(link.broadcast));
            if !link.dns.is_empty() {
                list.push(DhcpOption::DomainNameServer(link.dns.clone()));
            }
            list.extend(link.domain.clone().map(DhcpOption::DomainName));
        }
        list.extend(self.message.clone().map(DhcpOption::Message));
        list
    }

    /// Options that are sent back as they came; the relay's is the last (RFC 3046, 2.1).
    fn tail(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (code, value) in [
            (options::MACHINE, &self.machine),
            (options::CLIENT_ID, &self.client_id),
            (options::RELAY, &self.relay),
        ] {
            if let Some(value) = value {
                put(code, value, &mut out);
            }
        }
        out
    }

    fn type_of(&self) -> MessageType {
        let row = KINDS.iter().find(|(_, ours)| *ours == self.kind);
        row.map_or(MessageType::Unknown(0), |(theirs, _)| *theirs)
    }
}

impl Boot {
    fn options(&self) -> Vec<DhcpOption> {
        let mut list = match self.class {
            BootClass::Pxe => vec![
                DhcpOption::ClassIdentifier(b"PXEClient".to_vec()),
                DhcpOption::VendorExtensions(USE_FILE.to_vec()),
            ],
            BootClass::Http => vec![DhcpOption::ClassIdentifier(b"HTTPClient".to_vec())],
        };
        if self.file.len() > FILE {
            list.push(DhcpOption::BootfileName(self.file.clone().into_bytes()));
        }
        if self.is_ipxe {
            let no_proxy = dhcproto::v4::UnknownOption::new(options::IPXE.into(), NO_PROXY.to_vec());
            list.push(DhcpOption::Unknown(no_proxy));
        }
        list
    }
}

/// The bytes that a client takes: what it says of itself (a datagram with its headers; 576 if it says nothing), and
/// never more than one frame of the link holds.
pub fn limit(announced: Option<u16>, mtu: u16) -> usize {
    let datagram = announced.unwrap_or(LEAST_DATAGRAM).max(LEAST_DATAGRAM);
    usize::from(datagram.min(mtu.clamp(LEAST_DATAGRAM, ETHERNET))) - HEADERS
}

fn write(option: &DhcpOption, out: &mut Vec<u8>) -> Result<(), ReplyError> {
    let mut one = Vec::new();
    option.encode(&mut Encoder::new(&mut one)).map_err(|_| ReplyError::Codec)?;
    out.extend(one);
    Ok(())
}

/// Discovery control: load the file that is named, ask nobody else (PXE 2.1, table 2-3).
const USE_FILE: [u8; 4] = [6, 1, 8, 255];
/// Sub-option 176 of 175: do not wait for other servers.
const NO_PROXY: [u8; 3] = [176, 1, 1];
/// Bytes that the field for the file's name holds before its NUL.
const FILE: usize = 127;
/// Shortest message that old relays and firmware take (RFC 1542, 2.1).
const LEAST: usize = 300;
/// What every client takes (RFC 2131, 2).
const LEAST_DATAGRAM: u16 = 576;
/// A frame's payload.
const ETHERNET: u16 = 1500;
/// Of IP and UDP.
const HEADERS: usize = 28;
