//! One entry of the event log: sixteen bytes (IPMI 2.0, 32).

use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::data::kind;
use crate::wire::ipmi::data::state;
use crate::wire::ipmi::fault::WireError;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: u16,
    /// What it says.
    pub body: Body,
}

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// 02: an event of a sensor.
    Event(Event),
    /// c0-df: the maker's, with a time.
    Stamped {
        /// Entry type.
        kind: u8,
        /// When.
        at: Stamp,
        /// IANA number of the maker.
        manufacturer: u32,
        /// The maker's.
        data: [u8; 6],
    },
    /// Any other type: the maker's thirteen bytes.
    Other {
        /// Entry type.
        kind: u8,
        /// The maker's.
        data: [u8; 13],
    },
}

/// When something was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// Seconds since 1970 by the BMC's clock.
    Clock(u32),
    /// Seconds since the BMC started; it had no clock yet.
    SinceStart(u32),
    /// Not known.
    Unknown,
}

impl Stamp {
    /// Classes a raw time stamp.
    pub fn of(raw: u32) -> Self {
        match raw {
            NO_TIME => Self::Unknown,
            seconds if seconds < FIRST_CLOCK => Self::SinceStart(seconds),
            seconds => Self::Clock(seconds),
        }
    }

    /// The raw time stamp.
    pub fn raw(self) -> u32 {
        match self {
            Self::Clock(seconds) | Self::SinceStart(seconds) => seconds,
            Self::Unknown => NO_TIME,
        }
    }
}

/// An event of a sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Stamp,
    /// Who sent it: address or software id, then channel and logical unit.
    pub generator: [u8; 2],
    /// Event message revision: 04, or 03 for IPMI 1.0.
    pub revision: u8,
    /// Sensor type.
    pub kind: u8,
    /// Sensor number.
    pub number: u8,
    /// Event/reading type (6:0); bit 7 says that the event went away.
    pub direction: u8,
    /// Offset in the low half of the first byte; what the others mean in its high half.
    pub data: [u8; 3],
}

impl Event {
    /// Whether the state went away.
    pub fn is_deasserted(&self) -> bool {
        self.direction & 0x80 != 0
    }

    /// Which state of the sensor.
    pub fn offset(&self) -> u8 {
        let [first, ..] = self.data;
        first & 0x0f
    }

    /// `Temperature #0x01`.
    pub fn sensor(&self) -> String {
        format!("{} #0x{:02x}", kind::name(self.kind), self.number)
    }

    /// What happened, in words; the raw bytes where there are none.
    pub fn text(&self) -> String {
        let event = self.direction & 0x7f;
        if let Some(text) = state::text(self.kind, event, self.offset()) {
            return text.to_owned();
        }
        let [first, second, third] = self.data;
        format!("event type {event:02x}h, data {first:02x} {second:02x} {third:02x}")
    }

    /// The raw reading that a threshold event bears, and the threshold that it crossed.
    pub fn trigger(&self) -> (Option<u8>, Option<u8>) {
        let [first, second, third] = self.data;
        let is_threshold = self.direction & 0x7f == state::THRESHOLD;
        let reading = (is_threshold && first >> 6 & 0x03 == 1).then_some(second);
        let limit = (is_threshold && first >> 4 & 0x03 == 1).then_some(third);
        (reading, limit)
    }
}

impl Entry {
    /// Sixteen bytes.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("SEL entry", data);
        let body = match bytes.byte(2)? {
            SYSTEM => Body::Event(Event {
                at: Stamp::of(bytes.long(3)?),
                generator: bytes.array(7)?,
                revision: bytes.byte(9)?,
                kind: bytes.byte(10)?,
                number: bytes.byte(11)?,
                direction: bytes.byte(12)?,
                data: bytes.array(13)?,
            }),
            kind @ 0xc0..=0xdf => Body::Stamped {
                kind,
                at: Stamp::of(bytes.long(3)?),
                manufacturer: bytes.triple(7)?,
                data: bytes.array(10)?,
            },
            kind => Body::Other { kind, data: bytes.array(3)? },
        };
        Ok(Self { id: bytes.word(0)?, body })
    }

    /// The entry's bytes.
    pub fn emit(&self) -> Vec<u8> {
        let mut out = self.id.to_le_bytes().to_vec();
        match self.body {
            Body::Event(event) => {
                out.push(SYSTEM);
                out.extend(event.at.raw().to_le_bytes());
                out.extend(event.generator);
                out.extend([event.revision, event.kind, event.number, event.direction]);
                out.extend(event.data);
            }
            Body::Stamped { kind, at, manufacturer, data } => {
                out.push(kind);
                out.extend(at.raw().to_le_bytes());
                out.extend(manufacturer.to_le_bytes().iter().take(3));
                out.extend(data);
            }
            Body::Other { kind, data } => {
                out.push(kind);
                out.extend(data);
            }
        }
        out
    }
}

const SYSTEM: u8 = 0x02;
const NO_TIME: u32 = 0xffff_ffff;
/// Stamps below count from the BMC's start.
const FIRST_CLOCK: u32 = 0x2000_0000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOT: [u8; 16] = [1, 0, 2, 0x5b, 0x12, 0, 0, 0x20, 0, 4, 1, 1, 1, 0x57, 0x30, 0x2d];

    fn event(data: [u8; 16]) -> Event {
        let entry = Entry::parse(&data).unwrap();
        assert_eq!(entry.emit(), data);
        let Body::Event(event) = entry.body else { panic!("{entry:?}") };
        event
    }

    #[test]
    fn events_are_told() {
        let hot = event(HOT);
        assert_eq!(
            (hot.sensor(), hot.text()),
            ("Temperature #0x01".to_owned(), "Upper Non-critical going high".to_owned())
        );
        assert_eq!((hot.at, hot.is_deasserted()), (Stamp::SinceStart(0x125b), false));
        assert_eq!(hot.trigger(), (Some(0x30), Some(0x2d)));
        let unknown = Event { direction: 0xf0, ..hot };
        assert_eq!(unknown.text(), "event type 70h, data 57 30 2d");
        assert!(unknown.is_deasserted() && unknown.trigger() == (None, None));
    }

    #[test]
    fn stamps_are_classed() {
        assert_eq!(Stamp::of(0xffff_ffff), Stamp::Unknown);
        assert_eq!(Stamp::of(0x2000_0000), Stamp::Clock(0x2000_0000));
        assert_eq!(Stamp::of(0x1fff_ffff), Stamp::SinceStart(0x1fff_ffff));
    }

    proptest! {
        #[test]
        fn an_entry_is_written_as_it_was_read(data: [u8; 16]) {
            let entry = Entry::parse(&data).unwrap();
            prop_assert_eq!(entry.emit(), data);
            for length in 0..16 {
                prop_assert!(Entry::parse(&data[..length]).is_err());
            }
        }
    }
}
