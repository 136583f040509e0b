//! DHCP messages as recorded firmware and iPXE send them, and what they read of an answer.
//!
//! The broadcast flag is always set (iPXE under UEFI does without): many machines share one interface, which hears no
//! frame that is addressed to theirs.

use std::net::Ipv4Addr;

use uuid::Uuid;

use crate::base::mac::Mac;
use crate::twin::netboot::Kind;

/// Who speaks on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    Firmware(Kind),
    /// iPXE that this firmware has loaded.
    Ipxe(Kind),
}

/// A machine's words to servers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    pub(super) speaker: Speaker,
    pub(super) mac: Mac,
    pub(super) machine: Uuid,
    pub(super) xid: u32,
}

/// What an offer said that a request repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) address: Ipv4Addr,
    pub(super) server: Ipv4Addr,
}

impl Words {
    /// A DISCOVER, or a REQUEST of what was offered. `secs` counts what firmware counts.
    pub(super) fn emit(&self, secs: u16, taken: Option<Taken>) -> Vec<u8> {
        let mut out = vec![1, 1, 6, 0];
        out.extend(self.xid.to_be_bytes());
        out.extend(secs.to_be_bytes());
        out.extend([0x80, 0]);
        out.resize(CHADDR, 0);
        out.extend(self.mac.0);
        out.resize(OPTIONS, 0);
        out.extend(MAGIC);
        option(&mut out, 53, &[if taken.is_some() { REQUEST } else { DISCOVER }]);
        match self.speaker {
            Speaker::Firmware(kind) => self.firmware(&mut out, kind, taken),
            Speaker::Ipxe(kind) => self.ipxe(&mut out, kind, taken),
        }
        out.push(END);
        out
    }

    fn firmware(&self, out: &mut Vec<u8>, kind: Kind, taken: Option<Taken>) {
        wanted(out, taken);
        // OVMF's requests announce more than any frame holds.
        let longest = if kind == Kind::Uefi && taken.is_some() { 65280_u16 } else { 1472 };
        option(out, 57, &longest.to_be_bytes());
        option(out, 55, if kind == Kind::UefiHttp { HTTP_ASKS } else { PXE_ASKS });
        self.identity(out);
        option(out, 94, if kind == Kind::Bios { &[1, 2, 1] } else { &[1, 3, 0] });
        option(out, 93, &arch(kind).to_be_bytes());
        let class: &[u8] = match kind {
            Kind::Bios => b"PXEClient:Arch:00000:UNDI:002001",
            Kind::Uefi => b"PXEClient:Arch:00007:UNDI:003000",
            Kind::UefiHttp => b"HTTPClient:Arch:00016:UNDI:003000",
        };
        option(out, 60, class);
    }

    fn ipxe(&self, out: &mut Vec<u8>, kind: Kind, taken: Option<Taken>) {
        let (arch, undi, class, features): (u16, _, &[u8], _) = match kind {
            Kind::Bios => (0, [1, 2, 1], b"PXEClient:Arch:00000:UNDI:002001", BIOS_FEATURES),
            Kind::Uefi | Kind::UefiHttp => (7, [1, 3, 10], b"PXEClient:Arch:00007:UNDI:003010", EFI_FEATURES),
        };
        option(out, 57, &1472_u16.to_be_bytes());
        option(out, 93, &arch.to_be_bytes());
        option(out, 94, &undi);
        option(out, 60, class);
        option(out, 77, b"iPXE");
        option(out, 55, IPXE_ASKS);
        option(out, 175, features);
        option(out, 61, &[&[1][..], &self.mac.0].concat());
        self.identity(out);
        wanted(out, taken);
    }

    /// Option 97: the bytes as they lie in memory, of which the first three fields are little-endian.
    fn identity(&self, out: &mut Vec<u8>) {
        option(out, 97, &[&[0][..], &self.machine.to_bytes_le()].concat());
    }
}

fn wanted(out: &mut Vec<u8>, taken: Option<Taken>) {
    if let Some(Taken { address, server }) = taken {
        option(out, 54, &server.octets());
        option(out, 50, &address.octets());
    }
}

fn option(out: &mut Vec<u8>, code: u8, value: &[u8]) {
    out.extend([code, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
    out.extend(value);
}

fn arch(kind: Kind) -> u16 {
    match kind {
        Kind::Bios => 0,
        Kind::Uefi => 7,
        Kind::UefiHttp => 16,
    }
}

/// A server's message as a booting machine reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) kind: u8,
    pub(super) address: Ipv4Addr,
    /// Where the boot file is, by TFTP.
    pub(super) next: Ipv4Addr,
    pub(super) server: Option<Ipv4Addr>,
    pub(super) class: Vec<u8>,
    /// Option 67, or the field of that name.
    pub(super) file: String,
    pub(super) has_mask: bool,
}

impl Reply {
    /// `None` for what no machine would take for an answer to itself.
    pub(super) fn parse(bytes: &[u8], mac: Mac) -> Option<Self> {
        let field = |from: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes.get(from..from + 4)?).ok()?));
        if bytes.first() != Some(&2)
            || bytes.get(CHADDR..CHADDR + 6)? != mac.0
            || bytes.get(OPTIONS..OPTIONS + 4)? != MAGIC
        {
            return None;
        }
        let options = walked(bytes.get(OPTIONS + 4..)?)?;
        let of = |code: u8| options.iter().find(|(found, _)| *found == code).map(|(_, value)| *value);
        let address = |code: u8| Some(Ipv4Addr::from(<[u8; 4]>::try_from(of(code)?).ok()?));
        let file = text(of(67).unwrap_or_default());
        Some(Self {
            kind: *of(53)?.first()?,
            address: field(16)?,
            next: field(20)?,
            server: address(54),
            class: of(60).unwrap_or_default().to_vec(),
            file: if file.is_empty() { text(bytes.get(FILE..OPTIONS)?) } else { file },
            has_mask: of(1).is_some() || of(3).is_some(),
        })
    }
}

/// Up to the first NUL.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// The options in order; `None` if one goes beyond the end or the end is missing, which firmware does not take.
fn walked(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut options = Vec::new();
    loop {
        match bytes {
            [END, ..] => return Some(options),
            [0, rest @ ..] => bytes = rest,
            [code, length, rest @ ..] => {
                let (value, after) = rest.split_at_checked(usize::from(*length))?;
                options.push((*code, value));
                bytes = after;
            }
            [_] | [] => return None,
        }
    }
}

pub(super) const DISCOVER: u8 = 1;
pub(super) const OFFER: u8 = 2;
pub(super) const REQUEST: u8 = 3;
pub(super) const ACK: u8 = 5;
pub(super) const NAK: u8 = 6;
const END: u8 = 255;
/// Places of fields (RFC 2131, 2).
const CHADDR: usize = 28;
const FILE: usize = 108;
const OPTIONS: usize = 236;
const MAGIC: [u8; 4] = [99, 130, 83, 99];

/// Option 55 of OVMF's PXE.
const PXE_ASKS: &[u8] = &[
    1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97,
    128, 129, 130, 131, 132, 133, 134, 135,
];
/// Of its HTTP boot, with the stray byte that it sends.
const HTTP_ASKS: &[u8] =
    &[1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 235, 67, 97];
/// Of iPXE.
const IPXE_ASKS: &[u8] =
    &[1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203];
/// Option 175 of `undionly.kpxe`.
const BIOS_FEATURES: &[u8] = &[
    177, 5, 1, 26, 244, 16, 0, 235, 3, 1, 0, 0, 23, 1, 1, 34, 1, 1, 19, 1, 1, 17, 1, 1, 39, 1, 1, 25, 1, 1,
    41, 1, 1, 16, 1, 2, 33, 1, 1, 21, 1, 1, 24, 1, 1, 18, 1, 1,
];
/// Of `snponly.efi`.
const EFI_FEATURES: &[u8] = &[
    177, 5, 1, 26, 244, 16, 0, 235, 3, 1, 0, 0, 23, 1, 1, 36, 1, 1, 19, 1, 1, 17, 1, 1, 39, 1, 1, 41, 1, 1,
    21, 1, 1, 18, 1, 1,
];
