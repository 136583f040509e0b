//! Get Device ID and the BMC's resets (netfn 06).

use std::fmt;

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::APP;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::bytes::three;
use crate::wire::ipmi::data::vendor;
use crate::wire::ipmi::fault::WireError;

/// What a management controller says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceId {
    /// Device id, the maker's own number.
    pub id: u8,
    /// Device revision, 0-15.
    pub revision: u8,
    /// Whether it holds device SDRs (read through the sensor commands).
    pub device_sdrs: bool,
    /// Whether it is starting or updating its firmware.
    pub is_updating: bool,
    /// Firmware revision.
    pub firmware: Firmware,
    /// IPMI version as BCD with the low digit first: 02 is 2.0, 51 is 1.5.
    pub ipmi: u8,
    /// What it supports: bits of [`support`].
    pub support: u8,
    /// IANA number of the maker, 20 bits used.
    pub manufacturer: u32,
    /// The maker's product number.
    pub product: u16,
    /// Auxiliary firmware revision, if given.
    pub auxiliary: Option<[u8; 4]>,
}

/// A firmware revision: shown as `major.minor`, the minor two digits as they stand (BCD).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firmware {
    /// 0-127.
    pub major: u8,
    /// BCD; kept when it is not.
    pub minor: u8,
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02x}", self.major, self.minor)
    }
}

impl DeviceId {
    /// The request.
    pub fn ask() -> Ask {
        Ask::new(APP, COMMAND, [])
    }

    /// Eleven bytes, then four auxiliary ones or none.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("device id", data);
        let (revision, major) = (bytes.byte(1)?, bytes.byte(2)?);
        Ok(Self {
            id: bytes.byte(0)?,
            revision: revision & 0x0f,
            device_sdrs: revision & 0x80 != 0,
            is_updating: major & 0x80 != 0,
            firmware: Firmware { major: major & 0x7f, minor: bytes.byte(3)? },
            ipmi: bytes.byte(4)?,
            support: bytes.byte(5)?,
            manufacturer: bytes.triple(6)? & MANUFACTURER_BITS,
            product: bytes.word(9)?,
            auxiliary: bytes.array(11).ok(),
        })
    }

    /// The answer's data.
    pub fn emit(&self) -> Vec<u8> {
        let sdrs = if self.device_sdrs { 0x80 } else { 0 };
        let updating = if self.is_updating { 0x80 } else { 0 };
        let mut out = vec![
            self.id,
            sdrs | (self.revision & 0x0f),
            updating | (self.firmware.major & 0x7f),
            self.firmware.minor,
            self.ipmi,
            self.support,
        ];
        out.extend(three(self.manufacturer & MANUFACTURER_BITS));
        out.extend(self.product.to_le_bytes());
        out.extend(self.auxiliary.into_iter().flatten());
        out
    }

    /// IPMI version as text: `2.0`.
    pub fn version(&self) -> String {
        format!("{}.{}", self.ipmi & 0x0f, self.ipmi >> 4)
    }

    /// The maker's name, if it is known.
    pub fn manufacturer_name(&self) -> Option<&'static str> {
        vendor::name(self.manufacturer)
    }

    /// Whether all bits of [`support`] given are set.
    pub fn supports(&self, bits: u8) -> bool {
        self.support & bits == bits
    }
}

/// What a controller may support.
pub mod support {
    /// Sensors.
    pub const SENSOR: u8 = 0x01;
    /// An SDR repository.
    pub const SDR: u8 = 0x02;
    /// An event log.
    pub const SEL: u8 = 0x04;
    /// FRU inventory.
    pub const FRU: u8 = 0x08;
    /// Receives events.
    pub const EVENT_RECEIVER: u8 = 0x10;
    /// Sends events.
    pub const EVENT_GENERATOR: u8 = 0x20;
    /// Bridges messages.
    pub const BRIDGE: u8 = 0x40;
    /// Chassis commands.
    pub const CHASSIS: u8 = 0x80;
}

/// How a BMC is restarted. The answer may never come, and the session is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// As after power on.
    Cold,
    /// Configuration kept.
    Warm,
}

impl Reset {
    /// The request.
    pub fn ask(self) -> Ask {
        let command = match self {
            Self::Cold => COLD_RESET,
            Self::Warm => WARM_RESET,
        };
        Ask::new(APP, command, []).once()
    }
}

/// Get Device ID.
pub const COMMAND: u8 = 0x01;
/// Cold Reset.
pub const COLD_RESET: u8 = 0x02;
/// Warm Reset.
pub const WARM_RESET: u8 = 0x03;

/// IPMI uses 20 bits of the number; what stands above is reserved.
const MANUFACTURER_BITS: u32 = 0x000f_ffff;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_text_shows() {
        let data = [0x22, 0x01, 0x09, 0x08, 0x02, 0xbf, 0x91, 0x12, 0x00, 0x02, 0x0f, 0, 0, 0, 0];
        let device = DeviceId::parse(&data).unwrap();
        assert_eq!((device.id, device.revision, device.firmware.to_string().as_str()), (34, 1, "9.08"));
        assert_eq!((device.version().as_str(), device.manufacturer, device.product), ("2.0", 4753, 3842));
        assert_eq!(device.manufacturer_name(), Some("MontaVista Software, Inc."));
        assert!(device.supports(support::CHASSIS | support::SDR) && !device.supports(support::BRIDGE));
        assert!(!device.device_sdrs && !device.is_updating);
        assert_eq!(device.emit(), data);
        assert_eq!(DeviceId::parse(&data[..11]).unwrap().auxiliary, None);
        for length in 0..11 {
            assert!(DeviceId::parse(&data[..length]).is_err());
        }
    }

    #[test]
    fn an_old_controller_that_updates() {
        let data = [0x20, 0x81, 0x82, 0x21, 0x51, 0xff, 0xa2, 0x02, 0xf0, 0, 1];
        let device = DeviceId::parse(&data).unwrap();
        assert!(device.is_updating && device.device_sdrs);
        assert_eq!((device.firmware.to_string().as_str(), device.version().as_str()), ("2.21", "1.5"));
        assert_eq!(device.manufacturer_name(), Some("Dell Inc."));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(data in proptest::collection::vec(any::<u8>(), 0..20)) {
            if let Ok(device) = DeviceId::parse(&data) {
                prop_assert_eq!(DeviceId::parse(&device.emit()), Ok(device));
            } else {
                prop_assert!(data.len() < 11);
            }
        }
    }
}
