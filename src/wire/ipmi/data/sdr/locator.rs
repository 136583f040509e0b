//! Locator records: where inventories and controllers are (IPMI 2.0, 43.8 and 43.9).

use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::data::entity::Entity;
use crate::wire::ipmi::data::sdr::record::name;
use crate::wire::ipmi::data::sdr::record::name_bytes;
use crate::wire::ipmi::fault::WireError;

/// A FRU device locator record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FruLocator {
    /// Address of the controller that gives access.
    pub address: u8,
    /// FRU id, or address of the memory chip.
    pub fru: u8,
    /// Logical (7), unit (4:3), bus (2:0).
    pub access: u8,
    /// Channel of that controller.
    pub channel: u8,
    /// Device type and its modifier.
    pub device: [u8; 2],
    /// What it belongs to.
    pub entity: Entity,
    /// The maker's byte.
    pub oem: u8,
    /// Name.
    pub name: String,
}

impl FruLocator {
    /// Whether the FRU is read by Read FRU Data with its id.
    pub fn is_logical(&self) -> bool {
        self.access & 0x80 != 0
    }

    /// From the header on.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("FRU locator record", data);
        Ok(Self {
            address: bytes.byte(5)?,
            fru: bytes.byte(6)?,
            access: bytes.byte(7)?,
            channel: bytes.byte(8)?,
            device: bytes.array(10)?,
            entity: Entity { id: bytes.byte(12)?, instance: bytes.byte(13)? },
            oem: bytes.byte(14)?,
            name: name(bytes, 15)?,
        })
    }

    /// What follows the header.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.address, self.fru, self.access, self.channel, 0];
        out.extend(self.device);
        out.extend([self.entity.id, self.entity.instance, self.oem]);
        out.extend(name_bytes(&self.name));
        out
    }
}

/// A management controller device locator record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McLocator {
    /// Its address.
    pub address: u8,
    /// Its channel.
    pub channel: u8,
    /// How it is started and whether it is watched.
    pub init: u8,
    /// What it supports, as in Get Device ID.
    pub support: u8,
    /// What it belongs to.
    pub entity: Entity,
    /// The maker's byte.
    pub oem: u8,
    /// Name.
    pub name: String,
}

impl McLocator {
    /// From the header on.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("controller locator record", data);
        Ok(Self {
            address: bytes.byte(5)?,
            channel: bytes.byte(6)?,
            init: bytes.byte(7)?,
            support: bytes.byte(8)?,
            entity: Entity { id: bytes.byte(12)?, instance: bytes.byte(13)? },
            oem: bytes.byte(14)?,
            name: name(bytes, 15)?,
        })
    }

    /// What follows the header.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.address, self.channel, self.init, self.support, 0, 0, 0];
        out.extend([self.entity.id, self.entity.instance, self.oem]);
        out.extend(name_bytes(&self.name));
        out
    }
}
