//! DCMI: capabilities and power reading (DCMI 1.5 6.1, 6.6).

use crate::twin::ipmi::catalog::{TOTAL_POWER, find};
use crate::twin::ipmi::station::{Answer, Asked, Station};
use crate::wire::ipmi::data::dcmi::{CAPABILITIES, DCMI, POWER_READING, PowerReading};
use crate::wire::ipmi::status::Completion;

pub fn answer(station: &Station, asked: &Asked<'_>) -> Answer {
    let [DCMI, rest @ ..] = asked.request.data else { return Err(Completion::INVALID_COMMAND) };
    match asked.request.command {
        CAPABILITIES => capabilities(rest),
        POWER_READING => power(station, asked, rest),
        CONTROLLER_ID => controller_id(station, rest),
        _ => Err(Completion::INVALID_COMMAND),
    }
}

fn capabilities(data: &[u8]) -> Answer {
    let mut out = vec![DCMI, 1, 5, 2];
    match data {
        // Power management; the channels that DCMI is served on.
        [1, ..] => out.extend([0, 1, 7]),
        [2, ..] => out.extend([0, 0x02, 0, 0, 0]),
        [3, ..] => out.extend([0x20, 0]),
        [4, ..] => out.extend([0xff, 1, 0xff]),
        [5, ..] => out.extend([1, 0]),
        _ => return Err(Completion::INVALID_FIELD),
    }
    Ok(out)
}

fn power(station: &Station, asked: &Asked<'_>, data: &[u8]) -> Answer {
    if !matches!(data, [1 | 2, ..]) {
        return Err(Completion::INVALID_FIELD);
    }
    let raw = find(TOTAL_POWER).and_then(|row| station.sensors.raw(row, asked.now)).unwrap_or(0);
    let reading = PowerReading {
        current: u16::from(raw) * WATTS,
        minimum: WATTS,
        maximum: 400,
        average: 320,
        at: asked.now.wall,
        period: 1000,
        is_measuring: true,
    };
    Ok(reading.emit())
}

/// A piece of the controller's name, its whole length first.
fn controller_id(station: &Station, data: &[u8]) -> Answer {
    let [offset, count, ..] = data else { return Err(Completion::LENGTH) };
    let name = station.serial.as_bytes();
    let rest = name.get(usize::from(*offset)..).ok_or(Completion::INVALID_FIELD)?;
    let mut out = vec![DCMI, u8::try_from(name.len()).unwrap_or(u8::MAX)];
    out.extend(rest.iter().take(usize::from(*count)));
    Ok(out)
}

const CONTROLLER_ID: u8 = 0x09;
/// Watts of a raw unit of the sensor.
const WATTS: u16 = 8;
