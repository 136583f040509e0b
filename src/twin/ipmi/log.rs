//! The event log.

use crate::wire::ipmi::data::sel::entry::{Body, Entry, Event, Stamp};

/// Entries with rising ids; a full log takes no more.
#[derive(Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
    next: u16,
    pub added: u32,
    pub erased: u32,
    pub overflowed: bool,
}

/// What happened to which sensor.
#[derive(Debug, Clone, Copy)]
pub struct Happening {
    /// Sensor type and number.
    pub kind: u8,
    pub number: u8,
    /// Event/reading type, bit 7: went away.
    pub direction: u8,
    pub data: [u8; 3],
}

impl Log {
    pub fn add(&mut self, happening: Happening, wall: u32) {
        if self.entries.len() >= MOST {
            self.overflowed = true;
            return;
        }
        self.next = self.next.wrapping_add(1).max(1);
        self.added = wall;
        let Happening { kind, number, direction, data } = happening;
        let at = Stamp::of(wall);
        let event = Event { at, generator: [BMC, 0], revision: 4, kind, number, direction, data };
        self.entries.push(Entry { id: self.next, body: Body::Event(event) });
    }

    /// The log is empty but for the entry that says so.
    pub fn clear(&mut self, number: u8, wall: u32) {
        self.entries.clear();
        self.erased = wall;
        self.overflowed = false;
        self.add(
            Happening { kind: EVENT_LOGGING, number, direction: SPECIFIC, data: [CLEARED, 0xff, 0xff] },
            wall,
        );
    }

    pub fn remove(&mut self, id: u16, wall: u32) -> bool {
        let before = self.entries.len();
        let id = self.find(id).map(|entry| entry.id);
        self.entries.retain(|entry| Some(entry.id) != id);
        self.erased = wall;
        self.entries.len() < before
    }

    pub fn count(&self) -> u16 {
        u16::try_from(self.entries.len()).unwrap_or(u16::MAX)
    }

    /// Bytes left.
    pub fn free(&self) -> u16 {
        u16::try_from(MOST.saturating_sub(self.entries.len()) * 16).unwrap_or(u16::MAX)
    }

    /// An entry and the id of the next; 0000 is the first, ffff the last.
    pub fn entry(&self, id: u16) -> Option<(u16, &Entry)> {
        let found = self.find(id)?;
        let next = self.entries.iter().find(|entry| entry.id > found.id).map_or(LAST, |entry| entry.id);
        Some((next, found))
    }

    fn find(&self, id: u16) -> Option<&Entry> {
        match id {
            0 => self.entries.first(),
            LAST => self.entries.last(),
            id => self.entries.iter().find(|entry| entry.id == id),
        }
    }
}

const MOST: usize = 512;
const LAST: u16 = 0xffff;
const BMC: u8 = 0x20;
const EVENT_LOGGING: u8 = 0x10;
const SPECIFIC: u8 = 0x6f;
/// Log area cleared.
const CLEARED: u8 = 2;
