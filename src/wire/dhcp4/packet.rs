//! A message as it came in, from a client or from another server.

use std::net::Ipv4Addr;

use dhcproto::v4::{DhcpOption, Message, MessageType, Opcode, OptionCode};
use dhcproto::{Decodable, Decoder};
use uuid::Uuid;

use crate::base::mac::Mac;
use crate::wire::dhcp4::identity::{self, Features, Loads};
use crate::wire::dhcp4::options::{self, Options};
use crate::wire::dhcp4::relay::Relay;
use crate::wire::dhcp4::{Dhcp4Error, Kind, LONGEST};

/// What a message says that a server of boot data acts by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// A client sent it; a server otherwise.
    pub is_request: bool,
    pub kind: Kind,
    pub mac: Mac,
    pub xid: u32,
    pub secs: u16,
    /// The whole field; the answer repeats it.
    pub flags: u16,
    pub hops: u8,
    pub ciaddr: Ipv4Addr,
    pub yiaddr: Ipv4Addr,
    pub siaddr: Ipv4Addr,
    pub giaddr: Ipv4Addr,
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    /// Option 54.
    pub server: Option<Ipv4Addr>,
    /// Option 57, bytes of an IP datagram.
    pub max_size: Option<u16>,
    /// Option 60.
    pub class: Vec<u8>,
    /// Option 61.
    pub client_id: Option<Vec<u8>>,
    /// Option 93.
    pub architectures: Vec<u16>,
    /// What this iPXE can do, if it is one.
    pub ipxe: Option<Features>,
    /// Option 97, to be sent back.
    pub machine: Option<Vec<u8>>,
    /// Option 43.
    pub vendor: Option<Vec<u8>>,
    pub host_name: Option<String>,
    pub relay: Option<Relay>,
}

impl Packet {
    /// The hardware address that a datagram names as its sender's, without a look at the rest.
    pub fn sender(bytes: &[u8]) -> Option<Mac> {
        bytes.get(28..)?.first_chunk().copied().map(Mac)
    }

    /// Of a datagram's bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Dhcp4Error> {
        if bytes.len() > LONGEST {
            return Err(Dhcp4Error::Long(bytes.len()));
        }
        let (head, tail) = bytes.split_at_checked(HEAD).ok_or(Dhcp4Error::Short(bytes.len()))?;
        let options = Options::parse(tail.strip_prefix(&MAGIC).ok_or(Dhcp4Error::Magic)?)?;
        let mut checked = [head, &MAGIC].concat();
        options.emit(&mut checked);
        let message = Message::decode(&mut Decoder::new(&checked)).map_err(|_| Dhcp4Error::Codec)?;
        Self::of(&message, &options)
    }

    fn of(message: &Message, options: &Options) -> Result<Self, Dhcp4Error> {
        let user_class = options.get(options::USER_CLASS).unwrap_or_default();
        let features = options.get(options::IPXE).map(identity::features);
        let is_ipxe =
            identity::is_ipxe_class(user_class) || features.is_some_and(|one| one != Features::default());
        let bytes = |code| options.get(code).map(<[u8]>::to_vec);
        Ok(Self {
            is_request: is_request(message)?,
            kind: kind(message)?,
            mac: mac(message)?,
            xid: message.xid(),
            secs: message.secs(),
            flags: message.flags().into(),
            hops: message.hops(),
            ciaddr: message.ciaddr(),
            yiaddr: message.yiaddr(),
            siaddr: message.siaddr(),
            giaddr: message.giaddr(),
            requested: address(message, OptionCode::RequestedIpAddress),
            server: address(message, OptionCode::ServerIdentifier),
            max_size: max_size(message),
            class: bytes(options::CLASS).unwrap_or_default(),
            client_id: bytes(options::CLIENT_ID),
            architectures: options.get(options::ARCH).map(identity::architectures).unwrap_or_default(),
            ipxe: is_ipxe.then(|| features.unwrap_or_default()),
            machine: bytes(options::MACHINE),
            vendor: bytes(options::VENDOR),
            host_name: options.get(options::HOST_NAME).and_then(name),
            relay: options.get(options::RELAY).map(Relay::parse),
        })
    }

    /// What it can load.
    pub fn loads(&self) -> Loads {
        identity::loads(&self.class)
    }

    /// The architecture: the first of option 93, else the one that the class names.
    pub fn architecture(&self) -> Option<u16> {
        self.architectures.first().copied().or_else(|| identity::architecture_of_class(&self.class))
    }

    /// The machine's UUID as Redfish shows it.
    pub fn uuid(&self) -> Option<Uuid> {
        identity::machine(self.machine.as_deref()?)
    }

    /// The client cannot be reached by a unicast frame yet.
    pub fn wants_broadcast(&self) -> bool {
        self.flags & BROADCAST != 0
    }
}

fn is_request(message: &Message) -> Result<bool, Dhcp4Error> {
    match message.opcode() {
        Opcode::BootRequest => Ok(true),
        Opcode::BootReply => Ok(false),
        Opcode::Unknown(_) => Err(Dhcp4Error::Opcode),
    }
}

fn mac(message: &Message) -> Result<Mac, Dhcp4Error> {
    if u8::from(message.htype()) != ETHERNET || usize::from(message.hlen()) != 6 {
        return Err(Dhcp4Error::Hardware);
    }
    let mac = Mac(message.chaddr().try_into().map_err(|_| Dhcp4Error::Hardware)?);
    let is_group = mac.0.first().is_some_and(|first| first & 1 != 0);
    if is_group || mac.0 == [0; 6] { Err(Dhcp4Error::Station) } else { Ok(mac) }
}

fn kind(message: &Message) -> Result<Kind, Dhcp4Error> {
    let found = message.opts().msg_type().ok_or(Dhcp4Error::Bootp)?;
    KINDS
        .iter()
        .find(|(theirs, _)| *theirs == found)
        .map(|(_, ours)| *ours)
        .ok_or(Dhcp4Error::Kind(found.into()))
}

/// Their types and ours.
pub(super) const KINDS: [(MessageType, Kind); 8] = [
    (MessageType::Discover, Kind::Discover),
    (MessageType::Offer, Kind::Offer),
    (MessageType::Request, Kind::Request),
    (MessageType::Decline, Kind::Decline),
    (MessageType::Ack, Kind::Ack),
    (MessageType::Nak, Kind::Nak),
    (MessageType::Release, Kind::Release),
    (MessageType::Inform, Kind::Inform),
];

fn address(message: &Message, code: OptionCode) -> Option<Ipv4Addr> {
    if let DhcpOption::RequestedIpAddress(address) | DhcpOption::ServerIdentifier(address) =
        message.opts().get(code)?
    {
        return Some(*address);
    }
    None
}

fn max_size(message: &Message) -> Option<u16> {
    let DhcpOption::MaxMessageSize(size) = message.opts().get(OptionCode::MaxMessageSize)? else {
        return None;
    };
    Some(*size)
}

/// A host's name, if it is one.
fn name(bytes: &[u8]) -> Option<String> {
    let text = str::from_utf8(bytes).ok()?.trim_end_matches('\0');
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (!text.is_empty() && text.len() <= 63 && text.bytes().all(is_name)).then(|| text.to_owned())
}

/// Bytes before the magic number.
pub(super) const HEAD: usize = 236;
/// RFC 2131, 3.
pub(super) const MAGIC: [u8; 4] = [99, 130, 83, 99];
/// The only flag.
pub(super) const BROADCAST: u16 = 0x8000;
/// Hardware type of Ethernet.
const ETHERNET: u8 = 1;
