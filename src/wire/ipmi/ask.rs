//! What is asked of a BMC: network function, command, data, by which way, and whether twice is too often.

use crate::wire::ipmi::bridge::Bridge;

/// One request, before it has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Even.
    pub netfn: u8,
    pub command: u8,
    pub lun: u8,
    pub data: Vec<u8>,
    pub bridge: Option<Bridge>,
    pub repeat: Repeat,
}

impl Ask {
    pub fn new(netfn: u8, command: u8, data: impl Into<Vec<u8>>) -> Self {
        Self { netfn, command, lun: 0, data: data.into(), bridge: None, repeat: Repeat::Free }
    }

    /// Marks what must not happen twice.
    #[must_use]
    pub fn once(self) -> Self {
        Self { repeat: Repeat::SameDatagram, ..self }
    }

    #[must_use]
    pub fn lun(self, lun: u8) -> Self {
        Self { lun: lun & 3, ..self }
    }

    #[must_use]
    pub fn via(self, bridge: Option<Bridge>) -> Self {
        Self { bridge, ..self }
    }
}

/// Network functions of requests; an answer's is one more.
pub mod netfn {
    pub const CHASSIS: u8 = 0x00;
    pub const BRIDGE: u8 = 0x02;
    pub const SENSOR: u8 = 0x04;
    pub const APP: u8 = 0x06;
    pub const FIRMWARE: u8 = 0x08;
    pub const STORAGE: u8 = 0x0a;
    pub const TRANSPORT: u8 = 0x0c;
    /// Group extensions, DCMI and HPM among them.
    pub const GROUP: u8 = 0x2c;
}

/// What a lost answer allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Asking anew does no harm.
    Free,
    /// Only the same request number may be sent again, for the BMC answers that from memory; after the session is
    /// lost it must not be asked anew without looking.
    SameDatagram,
}

/// Bytes of request data that fit, with two Send Messages around them, into a message whose length IPMI 1.5 says in
/// one byte.
pub const DATA_LIMIT: usize = 230;
