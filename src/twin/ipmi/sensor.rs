//! What sensors say at a moment.

use std::collections::BTreeMap;

use crate::twin::ipmi::catalog::{HYSTERESIS, Row, Shape, Value, find};
use crate::twin::ipmi::station::Answer;
use crate::twin::ipmi::turn::Now;
use crate::wire::ipmi::data::reading::{
    EVENT_ENABLE, EVENT_STATUS, Events, HYSTERESIS as HYSTERESIS_OF, READING, Reading, THRESHOLDS, Thresholds,
};
use crate::wire::ipmi::status::Completion;

/// What a harness or a client has changed.
#[derive(Debug, Default)]
pub struct Sensors {
    /// Raw readings that do not change any more.
    pub held: BTreeMap<u8, u8>,
    limits: BTreeMap<u8, [u8; 6]>,
}

impl Sensors {
    /// The answer to a sensor's command; `remote`: asked of the satellite.
    pub fn answer(&mut self, command: u8, data: &[u8], remote: bool, now: Now) -> Answer {
        let [number, rest @ ..] = data else { return Err(Completion::LENGTH) };
        let row = find(*number).filter(|row| row.is_remote() == remote).ok_or(Completion::NOT_PRESENT)?;
        match (command, row.shape) {
            (READING, _) => Ok(self.reading(row, now).emit()),
            (EVENT_ENABLE | EVENT_STATUS, _) => Ok(events(SCANNED).emit()),
            (SENSOR_TYPE, _) => Ok(vec![row.kind, row.event()]),
            (THRESHOLDS, Shape::Value(value)) => {
                Ok(Thresholds { readable: value.readable(), raw: self.limits(row, value) }.emit())
            }
            (SET_THRESHOLDS, Shape::Value(value)) => self.set_limits(row, value, rest),
            (HYSTERESIS_OF, Shape::Value(_)) => Ok(vec![HYSTERESIS, HYSTERESIS]),
            (FACTORS, Shape::Value(value)) => {
                let mut out = vec![rest.first().copied().unwrap_or(0)];
                out.extend(value.factors().0);
                Ok(out)
            }
            (THRESHOLDS | SET_THRESHOLDS | HYSTERESIS_OF | FACTORS, Shape::States { .. }) => Err(WRONG_TYPE),
            _ => Err(Completion::INVALID_COMMAND),
        }
    }

    /// The raw value, if the sensor measures and is scanned.
    pub fn raw(&self, row: &Row, now: Now) -> Option<u8> {
        let Shape::Value(value) = row.shape else { return None };
        if let Some(held) = self.held.get(&row.number) {
            return Some(*held);
        }
        if now.on { Some(wobble(value, row.number, now)) } else { value.off }
    }

    fn reading(&self, row: &Row, now: Now) -> Reading {
        match row.shape {
            Shape::States { on, off, .. } => {
                let held = self.held.get(&row.number).map(|raw| u16::from(*raw));
                Reading::new(0, held.unwrap_or(if now.on { on } else { off }) | STATES_RESERVED)
            }
            Shape::Value(value) => self.raw(row, now).map_or_else(Reading::absent, |raw| {
                let crossed = crossed(raw, self.limits(row, value));
                Reading::new(raw, u16::from(LIMITS_RESERVED | crossed))
            }),
        }
    }

    fn limits(&self, row: &Row, value: Value) -> [u8; 6] {
        self.limits.get(&row.number).copied().unwrap_or(value.limits)
    }

    fn set_limits(&mut self, row: &Row, value: Value, data: &[u8]) -> Answer {
        let [mask, raws @ ..] = data else { return Err(Completion::LENGTH) };
        if mask & !value.readable() != 0 {
            return Err(Completion::INVALID_FIELD);
        }
        let mut limits = self.limits(row, value);
        for (place, (limit, raw)) in limits.iter_mut().zip(raws).enumerate() {
            if mask & 1 << place != 0 {
                *limit = *raw;
            }
        }
        self.limits.insert(row.number, limits);
        Ok(Vec::new())
    }
}

/// A value that goes up and down as time goes by.
fn wobble(value: Value, number: u8, now: Now) -> u8 {
    let width = u64::from(value.swing) * 2 + 1;
    let place = (now.tick.0.as_secs() / 2 * 7 + u64::from(number) * 13) % width;
    value.nominal.saturating_sub(value.swing).saturating_add(u8::try_from(place).unwrap_or(0))
}

/// Bits of the thresholds that a value has crossed.
fn crossed(raw: u8, limits: [u8; 6]) -> u8 {
    let [lower @ .., unc, uc, unr] = limits;
    let below = lower.iter().enumerate().filter(|(_, limit)| **limit != 0 && raw <= **limit);
    let above = [unc, uc, unr].into_iter().enumerate().filter(|(_, limit)| *limit != 0 && raw >= *limit);
    below.fold(0, |mask, (place, _)| mask | 1 << place) | above.fold(0, |mask, (place, _)| mask | 8 << place)
}

fn events(flags: u8) -> Events {
    Events { flags, asserted: Some(0), deasserted: Some(0) }
}

const SET_THRESHOLDS: u8 = 0x26;
const FACTORS: u8 = 0x23;
const SENSOR_TYPE: u8 = 0x2f;
/// Events and scanning on.
const SCANNED: u8 = 0xc0;
/// Returned as ones (IPMI 2.0 35.14).
const LIMITS_RESERVED: u8 = 0xc0;
const STATES_RESERVED: u16 = 0x8000;
const WRONG_TYPE: Completion = Completion(0xcd);
