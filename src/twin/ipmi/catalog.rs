//! The sensors of a simulated server as a table, and the records that describe them.

use crate::wire::ipmi::data::convert::Factors;
use crate::wire::ipmi::data::entity::Entity;
use crate::wire::ipmi::data::sdr::full::Full;
use crate::wire::ipmi::data::sdr::locator::{FruLocator, McLocator};
use crate::wire::ipmi::data::sdr::record::{Body, Compact, EventOnly, Owner, Record, Sensor};
use crate::wire::ipmi::data::unit::Units;

/// One sensor.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub number: u8,
    pub name: &'static str,
    /// Sensor type.
    pub kind: u8,
    /// Entity id and instance.
    entity: (u8, u8),
    pub shape: Shape,
}

/// What it says.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    Value(Value),
    /// Event/reading type; states with power and without.
    States {
        event: u8,
        on: u16,
        off: u16,
    },
}

/// A sensor that measures: y = M x 10^R.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// Base unit; 0 is percent.
    unit: u8,
    m: i16,
    r: i8,
    /// Raw, with power on.
    pub nominal: u8,
    /// How far it goes up and down, raw.
    pub swing: u8,
    /// Raw, with power off; `None`: it is not scanned then.
    pub off: Option<u8>,
    /// LNC, LC, LNR, UNC, UC, UNR, raw; 0 is none.
    pub limits: [u8; 6],
}

impl Row {
    /// Whether the satellite controller answers for it, and not the BMC.
    pub fn is_remote(&self) -> bool {
        self.number >= FIRST_REMOTE
    }

    pub fn event(&self) -> u8 {
        match self.shape {
            Shape::Value(_) => THRESHOLD,
            Shape::States { event, .. } => event,
        }
    }

    fn sensor(&self, masks: [u8; 6], units: Units) -> Sensor {
        let owner = if self.is_remote() {
            Owner { address: SATELLITE, place: SATELLITE_CHANNEL << 4, number: self.number }
        } else {
            Owner { address: BMC, place: 0, number: self.number }
        };
        let measures = self.event() == THRESHOLD;
        let (init, capabilities) = if measures { (0x7f, 0x68) } else { (0x67, 0x40) };
        let entity = Entity { id: self.entity.0, instance: self.entity.1 };
        Sensor { owner, entity, init, capabilities, kind: self.kind, event: self.event(), masks, units }
    }

    fn body(&self) -> Body {
        match self.shape {
            Shape::Value(value) => Body::Full(Box::new(self.full(value))),
            Shape::States { .. } => {
                let units = Units { flags: NO_NUMBERS, base: 0, modifier: 0 };
                let masks = [0xff, 0x7f, 0xff, 0x7f, 0xff, 0x7f];
                let sensor = self.sensor(masks, units);
                let name = self.name.to_owned();
                Body::Compact(Compact { sensor, sharing: [1, 0], hysteresis: [0, 0], oem: 0, name })
            }
        }
    }

    fn full(&self, value: Value) -> Full {
        let [lnc, lc, lnr, unc, uc, unr] = value.limits;
        let units = Units { flags: u8::from(value.unit == 0), base: value.unit, modifier: 0 };
        Full {
            sensor: self.sensor(value.masks(), units),
            linearisation: 0,
            factors: value.factors(),
            given: 0x07,
            normal: [
                value.nominal,
                value.nominal.saturating_add(value.swing),
                value.nominal.saturating_sub(value.swing),
            ],
            range: [0xff, 0],
            thresholds: [unr, uc, unc, lnr, lc, lnc],
            hysteresis: [HYSTERESIS, HYSTERESIS],
            oem: 0,
            name: self.name.to_owned(),
        }
    }
}

impl Value {
    pub fn factors(self) -> Factors {
        Factors::of(self.m, 0, self.r, 0)
    }

    /// The thresholds that it has: bits in the order of `limits`.
    pub fn readable(self) -> u8 {
        let bits = self.limits.iter().enumerate().filter(|(_, raw)| **raw != 0);
        bits.fold(0, |mask, (place, _)| mask | 1 << place)
    }

    /// Events, comparisons and thresholds of the record.
    fn masks(self) -> [u8; 6] {
        let readable = self.readable();
        let events = [0_u16, 2, 4, 7, 9, 11].into_iter().enumerate();
        let events = events.filter(|(place, _)| readable & 1 << place != 0);
        let events = events.fold(0_u16, |mask, (_, bit)| mask | 1 << bit);
        let lower = events | u16::from(readable & 0x07) << 12;
        let upper = events | u16::from(readable >> 3 & 0x07) << 12;
        let ([a, b], [c, d]) = (lower.to_le_bytes(), upper.to_le_bytes());
        [a, b, c, d, readable, readable]
    }
}

/// The sensor of this number.
pub fn find(number: u8) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.number == number)
}

/// All records with ids from 1 on.
pub fn records() -> Vec<Record> {
    let others = [supply_locator(1), supply_locator(2), bmc_locator(), satellite_locator(), system_boot()];
    let bodies = ROWS.iter().map(Row::body).chain(others);
    (1..).zip(bodies).map(|(id, body)| Record { id, body }).collect()
}

fn supply_locator(number: u8) -> Body {
    Body::FruLocator(FruLocator {
        address: BMC,
        fru: number,
        access: 0x80,
        channel: 0,
        device: [0x10, 0],
        entity: Entity { id: 0x0a, instance: number },
        oem: 0,
        name: format!("PSU{number} FRU"),
    })
}

fn bmc_locator() -> Body {
    Body::McLocator(controller(BMC, 0, 0xbf, "Twin BMC"))
}

fn satellite_locator() -> Body {
    Body::McLocator(controller(SATELLITE, SATELLITE_CHANNEL, 0x01, "Satellite"))
}

fn controller(address: u8, channel: u8, support: u8, name: &str) -> McLocator {
    let entity = Entity { id: 0x07, instance: 1 };
    McLocator { address, channel, init: 0, support, entity, oem: 0, name: name.to_owned() }
}

fn system_boot() -> Body {
    Body::EventOnly(EventOnly {
        owner: Owner { address: BMC, place: 0, number: 0x60 },
        entity: Entity { id: 0x22, instance: 1 },
        kind: 0x1f,
        event: 0x6f,
        sharing: [1, 0],
        oem: 0,
        name: "OS Boot".to_owned(),
    })
}

const fn value(unit: u8, scale: (i16, i8), nominal: u8, swing: u8, limits: [u8; 6]) -> Shape {
    let (m, r) = scale;
    Shape::Value(Value { unit, m, r, nominal, swing, off: None, limits })
}

const fn lasting(unit: u8, scale: (i16, i8), nominal: u8, off: u8, limits: [u8; 6]) -> Shape {
    let (m, r) = scale;
    Shape::Value(Value { unit, m, r, nominal, swing: 1, off: Some(off), limits })
}

const fn states(event: u8, on: u16, off: u16) -> Shape {
    Shape::States { event, on, off }
}

const fn row(number: u8, name: &'static str, kind: u8, entity: (u8, u8), shape: Shape) -> Row {
    Row { number, name, kind, entity, shape }
}

const CELSIUS: u8 = 1;
const VOLTS: u8 = 4;
const WATTS: u8 = 6;
const RPM: u8 = 18;
const PERCENT: u8 = 0;
const HOT: [u8; 6] = [0, 0, 0, 85, 90, 95];
const SLOW: [u8; 6] = [20, 12, 8, 0, 0, 0];
const SUPPLY: [u8; 6] = [0, 0, 0, 180, 195, 200];

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(0x01, "Inlet Temp",    0x01, (0x37, 1), lasting(CELSIUS, (1, 0), 22, 21, [5, 3, 1, 38, 42, 45])),
    row(0x02, "CPU1 Temp",     0x01, (0x03, 1), value(CELSIUS, (1, 0), 45, 4, HOT)),
    row(0x03, "CPU2 Temp",     0x01, (0x03, 2), value(CELSIUS, (1, 0), 47, 4, HOT)),
    row(0x04, "DIMM Temp",     0x01, (0x20, 1), value(CELSIUS, (1, 0), 38, 2, HOT)),
    row(0x05, "VRM Temp",      0x01, (0x14, 1), value(CELSIUS, (1, 0), 50, 2, [0, 0, 0, 100, 105, 110])),
    row(0x06, "Fan 1",         0x04, (0x1d, 1), value(RPM, (50, 0), 114, 3, SLOW)),
    row(0x07, "Fan 2",         0x04, (0x1d, 2), value(RPM, (50, 0), 113, 3, SLOW)),
    row(0x08, "Fan 3",         0x04, (0x1d, 3), value(RPM, (50, 0), 115, 3, SLOW)),
    row(0x09, "Fan 4",         0x04, (0x1d, 4), value(RPM, (50, 0), 112, 3, SLOW)),
    row(0x0a, "12V",           0x02, (0x07, 1), value(VOLTS, (6, -2), 201, 1, [187, 181, 175, 215, 221, 227])),
    row(0x0b, "5V",            0x02, (0x07, 1), value(VOLTS, (25, -3), 201, 1, [190, 186, 182, 212, 216, 220])),
    row(0x0c, "3.3V",          0x02, (0x07, 1), value(VOLTS, (16, -3), 206, 1, [195, 190, 185, 217, 222, 227])),
    row(0x0d, "VBAT",          0x02, (0x28, 1), lasting(VOLTS, (14, -3), 217, 217, [200, 190, 180, 240, 245, 250])),
    row(0x0e, "PS1 Power",     0x08, (0x0a, 1), value(WATTS, (4, 0), 40, 3, SUPPLY)),
    row(0x0f, "PS2 Power",     0x08, (0x0a, 2), value(WATTS, (4, 0), 41, 3, SUPPLY)),
    row(0x10, "Total Power",   0x0b, (0x07, 1), lasting(WATTS, (8, 0), 40, 1, [0, 0, 0, 180, 190, 200])),
    row(0x11, "CPU Usage",     0x0b, (0x03, 1), value(PERCENT, (1, 0), 30, 20, [0; 6])),
    row(0x20, "Power Unit",    0x09, (0x15, 1), states(0x6f, 0x0000, 0x0001)),
    row(0x21, "PS1 Status",    0x08, (0x0a, 1), states(0x6f, 0x0001, 0x0001)),
    row(0x22, "PS2 Status",    0x08, (0x0a, 2), states(0x6f, 0x0001, 0x0001)),
    row(0x23, "PS Redundancy", 0x08, (0x15, 1), states(0x0b, 0x0001, 0x0001)),
    row(0x24, "CPU1 Status",   0x07, (0x03, 1), states(0x6f, 0x0080, 0x0080)),
    row(0x25, "CPU2 Status",   0x07, (0x03, 2), states(0x6f, 0x0080, 0x0080)),
    row(0x26, "Intrusion",     0x05, (0x17, 1), states(0x6f, 0x0000, 0x0000)),
    row(0x27, "Event Log",     0x10, (0x07, 1), states(0x6f, 0x0000, 0x0000)),
    row(0x28, "Watchdog",      0x23, (0x07, 1), states(0x6f, 0x0000, 0x0000)),
    row(0x29, "ACPI State",    0x22, (0x07, 1), states(0x6f, 0x0001, 0x0040)),
    row(0x2a, "Drive 1",       0x0d, (0x04, 1), states(0x6f, 0x0001, 0x0001)),
    row(0x70, "ME Temp",       0x01, (0x07, 2), lasting(CELSIUS, (1, 0), 44, 40, HOT)),
];

/// Numbers of sensors that commands log events of.
pub const POWER_UNIT: u8 = 0x20;
pub const EVENT_LOG: u8 = 0x27;
pub const TOTAL_POWER: u8 = 0x10;
/// The address of the controller behind the BMC, and the channel that it is on.
pub const SATELLITE: u8 = 0x2c;
pub const SATELLITE_CHANNEL: u8 = 6;
pub const BMC: u8 = 0x20;
pub const HYSTERESIS: u8 = 2;
const FIRST_REMOTE: u8 = 0x70;
const THRESHOLD: u8 = 0x01;
const NO_NUMBERS: u8 = 0xc0;
