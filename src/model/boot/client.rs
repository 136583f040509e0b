//! Who asks for boot data: what a packet of DHCP says of the machine's firmware, for either version.

use uuid::Uuid;

use crate::base::mac::Mac;

/// A booting machine, as its request shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub mac: Mac,
    /// Option 93 (RFC 4578), version 6: 61 (RFC 5970).
    pub arch: Option<Arch>,
    pub class: Class,
    /// What this iPXE can do, if it is one (option 77 `iPXE`, or 175).
    pub ipxe: Option<Ipxe>,
    /// The SMBIOS UUID as Redfish and IPMI show it (option 97, or a DUID of type 4, with its first three fields
    /// swapped).
    pub uuid: Option<Uuid>,
}

/// Which data the client can use (option 60, version 6: 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `PXEClient`
    Pxe,
    /// `HTTPClient`
    Http,
    /// An operating system, a BMC.
    Other,
}

/// A processor architecture and its firmware (IANA "Processor Architecture Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arch(pub u16);

/// How firmware starts a loader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Firmware {
    Bios,
    Uefi,
}

impl Arch {
    /// The processor as the reference spells it; `None` for those that nothing is served to.
    pub fn cpu(self) -> Option<&'static str> {
        match self.0 {
            0 | 7 | 9 | 16 | 17 => Some("x86_64"),
            6 | 15 => Some("i386"),
            10 | 18 => Some("arm"),
            11 | 19 => Some("aarch64"),
            _ => None,
        }
    }

    pub fn firmware(self) -> Firmware {
        if self.0 == 0 { Firmware::Bios } else { Firmware::Uefi }
    }

    /// It fetches its loader over HTTP (UEFI 2.5 and later).
    pub fn is_http(self) -> bool {
        (15..=19).contains(&self.0)
    }
}

/// What an iPXE can do (sub-options of 175).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ipxe {
    pub http: bool,
    pub https: bool,
    pub tftp: bool,
    pub efi: bool,
}
