//! Get Sensor Reading, thresholds, event enables and event status (netfn 04).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::SENSOR;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::fault::WireError;

/// One reading of a sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The raw value; means nothing if [`Reading::raw`] is `None`.
    byte: u8,
    /// Events on, scanning on, unavailable.
    flags: u8,
    /// Thresholds crossed (six bits), or discrete states (fifteen).
    pub states: u16,
}

impl Reading {
    /// A reading that is there, with scanning and events on.
    pub fn new(raw: u8, states: u16) -> Self {
        Self { byte: raw, flags: EVENTS | SCANNING, states }
    }

    /// A sensor that has nothing to say.
    pub fn absent() -> Self {
        Self { byte: 0, flags: EVENTS | SCANNING | UNAVAILABLE, states: 0 }
    }

    /// The request, to the logical unit that owns the sensor.
    pub fn ask(number: u8, lun: u8) -> Ask {
        Ask { lun, ..Ask::new(SENSOR, READING, [number]) }
    }

    /// Value and flags, then up to two bytes of states.
    ///
    /// # Errors
    /// [`WireError::Short`] when value or flags are missing.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("sensor reading", data);
        let states = [bytes.byte(2).unwrap_or(0), bytes.byte(3).unwrap_or(0) & 0x7f];
        Ok(Self { byte: bytes.byte(0)?, flags: bytes.byte(1)?, states: u16::from_le_bytes(states) })
    }

    /// The answer's data.
    pub fn emit(self) -> Vec<u8> {
        let [low, high] = self.states.to_le_bytes();
        vec![self.byte, self.flags, low, high]
    }

    /// The raw value, unless the sensor is not scanned or has none.
    pub fn raw(self) -> Option<u8> {
        (self.is_scanned() && self.flags & UNAVAILABLE == 0).then_some(self.byte)
    }

    /// Whether the sensor is looked at by the BMC at all.
    pub fn is_scanned(self) -> bool {
        self.flags & SCANNING != 0
    }

    /// How bad a threshold sensor is: `ok`, `nc`, `cr`, `nr`, or `ns` without a reading.
    pub fn status(self) -> &'static str {
        match self.states & 0x3f {
            _ if self.raw().is_none() => "ns",
            states if states & 0b10_0100 != 0 => "nr",
            states if states & 0b01_0010 != 0 => "cr",
            states if states & 0b00_1001 != 0 => "nc",
            _ => "ok",
        }
    }
}

/// Get Sensor Thresholds: which can be read, and six raw values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Bits in the order of [`Limit`].
    pub readable: u8,
    /// Raw values in the order of [`Limit`].
    pub raw: [u8; 6],
}

/// A threshold; the order is that of masks and of the answer, not of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Lower non-critical.
    LowerNonCritical,
    /// Lower critical.
    LowerCritical,
    /// Lower non-recoverable.
    LowerNonRecoverable,
    /// Upper non-critical.
    UpperNonCritical,
    /// Upper critical.
    UpperCritical,
    /// Upper non-recoverable.
    UpperNonRecoverable,
}

impl Limit {
    /// All, in the order of their bits.
    pub const ALL: [Self; 6] = [
        Self::LowerNonCritical,
        Self::LowerCritical,
        Self::LowerNonRecoverable,
        Self::UpperNonCritical,
        Self::UpperCritical,
        Self::UpperNonRecoverable,
    ];

    /// Its bit in a mask.
    pub fn bit(self) -> u8 {
        match self {
            Self::LowerNonCritical => 0x01,
            Self::LowerCritical => 0x02,
            Self::LowerNonRecoverable => 0x04,
            Self::UpperNonCritical => 0x08,
            Self::UpperCritical => 0x10,
            Self::UpperNonRecoverable => 0x20,
        }
    }

    /// Three letters, as in `lnc`.
    pub fn short(self) -> &'static str {
        match self {
            Self::LowerNonCritical => "lnc",
            Self::LowerCritical => "lcr",
            Self::LowerNonRecoverable => "lnr",
            Self::UpperNonCritical => "unc",
            Self::UpperCritical => "ucr",
            Self::UpperNonRecoverable => "unr",
        }
    }
}

impl Thresholds {
    /// The request.
    pub fn ask(number: u8, lun: u8) -> Ask {
        Ask { lun, ..Ask::new(SENSOR, THRESHOLDS, [number]) }
    }

    /// Seven bytes.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("sensor thresholds", data);
        Ok(Self { readable: bytes.byte(0)? & 0x3f, raw: bytes.array(1)? })
    }

    /// The answer's data.
    pub fn emit(self) -> Vec<u8> {
        let mut out = vec![self.readable];
        out.extend(self.raw);
        out
    }

    /// A threshold's raw value, if it can be read.
    pub fn raw(self, limit: Limit) -> Option<u8> {
        let place = Limit::ALL.iter().position(|known| *known == limit)?;
        self.raw.get(place).copied().filter(|_| self.readable & limit.bit() != 0)
    }
}

/// Get Sensor Event Enable or Event Status: flags, then asserted and deasserted masks, each as far as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// Events on, scanning on, unavailable.
    pub flags: u8,
    /// Assertions, if given.
    pub asserted: Option<u16>,
    /// Deassertions, if given.
    pub deasserted: Option<u16>,
}

impl Events {
    /// Which events the sensor may send.
    pub fn ask_enabled(number: u8, lun: u8) -> Ask {
        Ask { lun, ..Ask::new(SENSOR, EVENT_ENABLE, [number]) }
    }

    /// Which events are pending.
    pub fn ask_pending(number: u8, lun: u8) -> Ask {
        Ask { lun, ..Ask::new(SENSOR, EVENT_STATUS, [number]) }
    }

    /// One byte to five.
    ///
    /// # Errors
    /// [`WireError::Short`] when there is none.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("sensor events", data);
        let mask = |at: usize| {
            let low = bytes.byte(at).ok()?;
            Some(u16::from_le_bytes([low, bytes.byte(at + 1).unwrap_or(0)]))
        };
        Ok(Self { flags: bytes.byte(0)?, asserted: mask(1), deasserted: mask(3) })
    }

    /// The answer's data.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.flags];
        out.extend(self.asserted.into_iter().chain(self.deasserted).flat_map(u16::to_le_bytes));
        out
    }

    /// Whether the sensor sends events.
    pub fn are_on(&self) -> bool {
        self.flags & EVENTS != 0
    }

    /// Whether the BMC cannot say.
    pub fn are_unavailable(&self) -> bool {
        self.flags & UNAVAILABLE != 0
    }
}

/// Get Sensor Hysteresis.
pub const HYSTERESIS: u8 = 0x25;
/// Get Sensor Thresholds.
pub const THRESHOLDS: u8 = 0x27;
/// Get Sensor Event Enable.
pub const EVENT_ENABLE: u8 = 0x29;
/// Get Sensor Event Status.
pub const EVENT_STATUS: u8 = 0x2b;
/// Get Sensor Reading.
pub const READING: u8 = 0x2d;

const EVENTS: u8 = 0x80;
const SCANNING: u8 = 0x40;
const UNAVAILABLE: u8 = 0x20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn readings() {
        let reading = Reading::parse(&[0x17, 0xc0, 0, 0]).unwrap();
        assert_eq!((reading.raw(), reading.status()), (Some(0x17), "ok"));
        assert_eq!(reading, Reading::new(0x17, 0));
        let states = |bits| Reading::new(0, bits).status();
        assert_eq!([1, 2, 4, 8, 16, 32].map(states), ["nc", "cr", "nr", "nc", "cr", "nr"]);
        assert_eq!((Reading::absent().raw(), Reading::absent().status()), (None, "ns"));
        let unscanned = Reading::parse(&[0x17, 0x80]).unwrap();
        assert!(unscanned.raw().is_none() && !unscanned.is_scanned());
        assert!(Reading::parse(&[1]).is_err());
    }

    #[test]
    fn thresholds() {
        let data = [0x3f, 0x05, 0x02, 0x00, 0x2d, 0x32, 0x37];
        let thresholds = Thresholds::parse(&data).unwrap();
        assert_eq!(thresholds.raw(Limit::LowerNonCritical), Some(5));
        assert_eq!(thresholds.raw(Limit::UpperNonRecoverable), Some(0x37));
        assert_eq!(thresholds.emit(), data);
        assert_eq!(Thresholds { readable: 0x1f, ..thresholds }.raw(Limit::UpperNonRecoverable), None);
        assert!(Thresholds::parse(&data[..6]).is_err());
    }

    proptest! {
        #[test]
        fn events_are_read_as_far_as_they_go(data in proptest::collection::vec(any::<u8>(), 1..8)) {
            let events = Events::parse(&data).unwrap();
            prop_assert_eq!(Events::parse(&events.emit()), Ok(events.clone()));
            prop_assert_eq!(events.deasserted.is_some(), data.len() > 3);
        }

        #[test]
        fn a_reading_is_written_as_it_was_read(data: [u8; 4]) {
            let reading = Reading::parse(&data).unwrap();
            prop_assert_eq!(Reading::parse(&reading.emit()), Ok(reading));
        }
    }
}
