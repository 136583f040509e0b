//! The kinds of sensor data records (IPMI 2.0, 43).

use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::bytes::short_length;
use crate::wire::ipmi::data::entity::Entity;
use crate::wire::ipmi::data::sdr::full::Full;
use crate::wire::ipmi::data::sdr::locator::FruLocator;
use crate::wire::ipmi::data::sdr::locator::McLocator;
use crate::wire::ipmi::data::text;
use crate::wire::ipmi::data::unit::Units;
use crate::wire::ipmi::fault::WireError;

/// A record with the id that it was asked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Record id.
    pub id: u16,
    /// What it holds.
    pub body: Body,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// 01: a sensor with values.
    Full(Box<Full>),
    /// 02: a sensor, or a row of alike ones, without values.
    Compact(Compact),
    /// 03: a sensor that only sends events.
    EventOnly(EventOnly),
    /// 11: where a FRU's inventory is.
    FruLocator(FruLocator),
    /// 12: a management controller.
    McLocator(McLocator),
    /// Any other type, or one of the above that cannot be read: the bytes from offset 5 on.
    Other {
        /// Record type.
        kind: u8,
        /// What follows the header.
        rest: Vec<u8>,
    },
}

impl Record {
    /// Reads a record from its header on. What cannot be read is kept as [`Body::Other`]; the length that arrived
    /// counts, since some BMCs claim more.
    ///
    /// # Errors
    /// [`WireError::Short`] when the header is not whole.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("SDR header", data);
        let (id, kind) = (bytes.word(0)?, bytes.byte(3)?);
        let claimed = usize::from(bytes.byte(4)?) + HEADER;
        let data = data.get(..claimed).unwrap_or(data);
        let body = Body::read(kind, data).unwrap_or_else(|_| {
            let rest = Bytes::new("SDR", data).rest(HEADER).to_vec();
            Body::Other { kind, rest }
        });
        Ok(Self { id, body })
    }

    /// The whole record.
    pub fn emit(&self) -> Vec<u8> {
        let (kind, rest) = self.body.emit();
        let mut out = self.id.to_le_bytes().to_vec();
        out.extend([VERSION, kind, short_length(rest.len())]);
        out.extend(rest.into_iter().take(usize::from(u8::MAX)));
        out
    }

    /// The sensor that it describes and its name, if it has a reading.
    pub fn sensor(&self) -> Option<(&Sensor, &str)> {
        match &self.body {
            Body::Full(full) => Some((&full.sensor, &full.name)),
            Body::Compact(compact) => Some((&compact.sensor, &compact.name)),
            Body::EventOnly(_) | Body::FruLocator(_) | Body::McLocator(_) | Body::Other { .. } => None,
        }
    }
}

impl Body {
    fn read(kind: u8, data: &[u8]) -> Result<Self, WireError> {
        Ok(match kind {
            FULL => Self::Full(Box::new(Full::parse(data)?)),
            COMPACT => Self::Compact(Compact::parse(data)?),
            EVENT_ONLY => Self::EventOnly(EventOnly::parse(data)?),
            FRU_LOCATOR => Self::FruLocator(FruLocator::parse(data)?),
            MC_LOCATOR => Self::McLocator(McLocator::parse(data)?),
            other => Self::Other { kind: other, rest: Bytes::new("SDR", data).rest(HEADER).to_vec() },
        })
    }

    fn emit(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Full(full) => (FULL, full.emit()),
            Self::Compact(compact) => (COMPACT, compact.emit()),
            Self::EventOnly(event) => (EVENT_ONLY, event.emit()),
            Self::FruLocator(locator) => (FRU_LOCATOR, locator.emit()),
            Self::McLocator(locator) => (MC_LOCATOR, locator.emit()),
            Self::Other { kind, rest } => (*kind, rest.clone()),
        }
    }
}

/// Who answers for a sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Address on the management bus; 20 is the BMC, others need bridging.
    pub address: u8,
    /// Channel (7:4) and logical unit (1:0).
    pub place: u8,
    /// Sensor number.
    pub number: u8,
}

impl Owner {
    /// Logical unit to ask.
    pub fn lun(self) -> u8 {
        self.place & 0x03
    }

    /// Channel of the bus that the owner is on.
    pub fn channel(self) -> u8 {
        self.place >> 4
    }

    /// Whether the BMC itself answers.
    pub fn is_bmc(self) -> bool {
        self.address == BMC
    }

    fn parse(bytes: Bytes<'_>) -> Result<Self, WireError> {
        Ok(Self { address: bytes.byte(5)?, place: bytes.byte(6)?, number: bytes.byte(7)? })
    }
}

/// What full and compact records share: bytes 5 to 22.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sensor {
    /// Who answers for it.
    pub owner: Owner,
    /// What it belongs to.
    pub entity: Entity,
    /// What the BMC sets up at its start.
    pub init: u8,
    /// Event control (1:0), threshold access (3:2), hysteresis (5:4), rearm (6), ignore without entity (7).
    pub capabilities: u8,
    /// Sensor type.
    pub kind: u8,
    /// Event/reading type.
    pub event: u8,
    /// Assertion, deassertion and reading masks.
    pub masks: [u8; 6],
    /// Units.
    pub units: Units,
}

impl Sensor {
    /// Whether it has thresholds.
    pub fn is_threshold(&self) -> bool {
        self.event == 0x01
    }

    /// Thresholds whose crossing a reading shows: lower in the first mask, upper in the second; bits as in `Limit`.
    pub fn compared(&self) -> u8 {
        let [_, lower, _, upper, ..] = self.masks;
        lower >> 4 & 0x07 | (upper >> 4 & 0x07) << 3
    }

    /// Thresholds that can be read and those that can be set; bits as in `Limit`.
    pub fn accessible(&self) -> (u8, u8) {
        let [.., readable, settable] = self.masks;
        (readable & 0x3f, settable & 0x3f)
    }

    /// Bytes 5 to 22 of a record.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(bytes: Bytes<'_>) -> Result<Self, WireError> {
        let [flags, base, modifier] = bytes.array(20)?;
        Ok(Self {
            owner: Owner::parse(bytes)?,
            entity: Entity { id: bytes.byte(8)?, instance: bytes.byte(9)? },
            init: bytes.byte(10)?,
            capabilities: bytes.byte(11)?,
            kind: bytes.byte(12)?,
            event: bytes.byte(13)?,
            masks: bytes.array(14)?,
            units: Units { flags, base, modifier },
        })
    }

    /// Those bytes.
    pub fn emit(&self) -> Vec<u8> {
        let Owner { address, place, number } = self.owner;
        let mut out = vec![address, place, number, self.entity.id, self.entity.instance];
        out.extend([self.init, self.capabilities, self.kind, self.event]);
        out.extend(self.masks);
        out.extend([self.units.flags, self.units.base, self.units.modifier]);
        out
    }
}

/// A compact record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compact {
    /// The first sensor.
    pub sensor: Sensor,
    /// How many sensors share it (3:0 of the first byte) and how their names and entities differ.
    pub sharing: [u8; 2],
    /// Positive and negative hysteresis.
    pub hysteresis: [u8; 2],
    /// The maker's byte.
    pub oem: u8,
    /// Name.
    pub name: String,
}

impl Compact {
    fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("compact sensor record", data);
        Ok(Self {
            sensor: Sensor::parse(bytes)?,
            sharing: bytes.array(23)?,
            hysteresis: bytes.array(25)?,
            oem: bytes.byte(30)?,
            name: name(bytes, 31)?,
        })
    }

    fn emit(&self) -> Vec<u8> {
        let mut out = self.sensor.emit();
        out.extend(self.sharing);
        out.extend(self.hysteresis);
        out.extend([0, 0, 0, self.oem]);
        out.extend(name_bytes(&self.name));
        out
    }

    /// How many sensors share the record: 1 or more.
    pub fn count(&self) -> u8 {
        let [first, _] = self.sharing;
        (first & 0x0f).max(1)
    }
}

/// An event-only record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventOnly {
    /// Who answers for it.
    pub owner: Owner,
    /// What it belongs to.
    pub entity: Entity,
    /// Sensor type.
    pub kind: u8,
    /// Event/reading type.
    pub event: u8,
    /// How many sensors share it.
    pub sharing: [u8; 2],
    /// The maker's byte.
    pub oem: u8,
    /// Name.
    pub name: String,
}

impl EventOnly {
    fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("event-only record", data);
        Ok(Self {
            owner: Owner::parse(bytes)?,
            entity: Entity { id: bytes.byte(8)?, instance: bytes.byte(9)? },
            kind: bytes.byte(10)?,
            event: bytes.byte(11)?,
            sharing: bytes.array(12)?,
            oem: bytes.byte(15)?,
            name: name(bytes, 16)?,
        })
    }

    fn emit(&self) -> Vec<u8> {
        let Owner { address, place, number } = self.owner;
        let [first, second] = self.sharing;
        let mut out =
            vec![address, place, number, self.entity.id, self.entity.instance, self.kind, self.event];
        out.extend([first, second, 0, self.oem]);
        out.extend(name_bytes(&self.name));
        out
    }
}

/// The name whose type/length byte is at `at`; as much of it as arrived.
///
/// # Errors
/// [`WireError::Short`] when the type/length byte is missing.
pub fn name(bytes: Bytes<'_>, at: usize) -> Result<String, WireError> {
    let kind = bytes.byte(at)?;
    let rest = bytes.rest(at + 1);
    let text = rest.get(..usize::from(kind & 0x1f)).unwrap_or(rest);
    Ok(text::id(kind, text))
}

/// A name as Latin-1, cut to the sixteen bytes that a record has room for.
pub fn name_bytes(name: &str) -> Vec<u8> {
    text::emit_latin1(&name.chars().take(MOST_NAME).collect::<String>())
}

/// Bytes before a record's body.
pub const HEADER: usize = 5;
/// SDR version of IPMI 1.5 and 2.0.
pub const VERSION: u8 = 0x51;

const BMC: u8 = 0x20;
const FULL: u8 = 0x01;
const COMPACT: u8 = 0x02;
const EVENT_ONLY: u8 = 0x03;
const FRU_LOCATOR: u8 = 0x11;
const MC_LOCATOR: u8 = 0x12;
const MOST_NAME: usize = 16;

#[cfg(test)]
mod tests;
