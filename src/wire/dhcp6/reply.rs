//! What goes out: ADVERTISE and REPLY.

use std::net::Ipv6Addr;

use crate::base::duid::Duid;
use crate::wire::dhcp6::message::Unserved;
use crate::wire::dhcp6::options::{
    BOOT_URL, CLIENT_ID, DNS, IA_ADDRESS, IA_NA, IA_PD, IA_TA, PREFERENCE, RAPID_COMMIT, SERVER_ID, STATUS,
    VENDOR_CLASS, put,
};
use crate::wire::dhcp6::{ENTERPRISE, Kind};

/// A message to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub kind: Kind,
    pub xid: [u8; 3],
    /// As the client said it.
    pub client: Option<Duid>,
    pub server: Duid,
    pub associations: Vec<Given>,
    /// What else the client asked for, and why it gets none.
    pub unserved: Vec<(Unserved, Status)>,
    pub boot: Option<Boot>,
    /// Name servers (RFC 3646 3); none is no option.
    pub dns: Vec<Ipv6Addr>,
    pub status: Option<Status>,
    pub rapid: bool,
    /// 255 ends the client's wait for other servers (RFC 8415 18.2.1).
    pub preference: Option<u8>,
}

/// What firmware shall load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boot {
    pub url: String,
    /// The client boots over HTTP, and takes no answer that does not say so itself (measured with OVMF).
    pub is_http: bool,
}

/// What an association is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub id: u32,
    /// Seconds until the client asks this server to go on.
    pub renew: u32,
    /// Seconds until it asks any server.
    pub rebind: u32,
    pub addresses: Vec<Lent>,
    pub status: Option<Status>,
}

/// An address with its lifetimes in seconds; none at all ends its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lent {
    pub address: Ipv6Addr,
    pub preferred: u32,
    pub valid: u32,
}

/// How it went (RFC 8415 21.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Success,
    NoAddresses,
    NoBinding,
    NotOnLink,
    UseMulticast,
    NoPrefix,
}

impl Reply {
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.kind.number()];
        out.extend(self.xid);
        if let Some(client) = &self.client {
            put(CLIENT_ID, client.bytes(), &mut out);
        }
        put(SERVER_ID, self.server.bytes(), &mut out);
        for given in &self.associations {
            put(IA_NA, &given.emit(), &mut out);
        }
        for (unserved, status) in &self.unserved {
            refuse(*unserved, *status, &mut out);
        }
        if let Some(boot) = &self.boot {
            put(BOOT_URL, boot.url.as_bytes(), &mut out);
            if boot.is_http {
                put(VENDOR_CLASS, &[&ENTERPRISE.to_be_bytes(), HTTP_CLASS].concat(), &mut out);
            }
        }
        if !self.dns.is_empty() {
            let all: Vec<u8> = self.dns.iter().flat_map(Ipv6Addr::octets).collect();
            put(DNS, &all, &mut out);
        }
        if let Some(status) = self.status {
            put(STATUS, &status.emit(), &mut out);
        }
        if self.rapid {
            put(RAPID_COMMIT, &[], &mut out);
        }
        if let Some(preference) = self.preference {
            put(PREFERENCE, &[preference], &mut out);
        }
        out
    }
}

/// An association that nothing is given for; one for prefixes has times, of which none is said.
fn refuse(unserved: Unserved, status: Status, out: &mut Vec<u8>) {
    let (code, mut value) = match unserved {
        Unserved::Temporary(id) => (IA_TA, id.to_be_bytes().to_vec()),
        Unserved::Prefix(id) => (IA_PD, [id, 0, 0].map(u32::to_be_bytes).concat()),
    };
    put(STATUS, &status.emit(), &mut value);
    put(code, &value, out);
}

impl Given {
    fn emit(&self) -> Vec<u8> {
        let mut out = [self.id, self.renew, self.rebind].map(u32::to_be_bytes).concat();
        for lent in &self.addresses {
            let times = [lent.preferred, lent.valid].map(u32::to_be_bytes).concat();
            put(IA_ADDRESS, &[lent.address.octets().as_slice(), &times].concat(), &mut out);
        }
        if let Some(status) = self.status {
            put(STATUS, &status.emit(), &mut out);
        }
        out
    }
}

impl Status {
    fn emit(self) -> Vec<u8> {
        let (number, text): (u16, &str) = match self {
            Self::Success => (0, ""),
            Self::NoAddresses => (2, "no address is free"),
            Self::NoBinding => (3, "this is not leased"),
            Self::NotOnLink => (4, "the address is of another network"),
            Self::UseMulticast => (5, "ask by multicast"),
            Self::NoPrefix => (6, "no prefix is given here"),
        };
        [number.to_be_bytes().as_slice(), text.as_bytes()].concat()
    }
}

/// `HTTPClient` with its length before it.
const HTTP_CLASS: &[u8] = b"\0\x0aHTTPClient";
