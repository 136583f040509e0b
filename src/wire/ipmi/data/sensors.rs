//! Sensors as the reference shows them: type, then `name (0xnumber)`, then fields and their texts as `ipmitool sdr -v`
//! prints them. Lines that the reference drops (names of single states) are not made.

use std::collections::BTreeMap;

use crate::wire::ipmi::data::convert::Factors;
use crate::wire::ipmi::data::convert::Scale;
use crate::wire::ipmi::data::convert::brief;
use crate::wire::ipmi::data::convert::fixed;
use crate::wire::ipmi::data::kind;
use crate::wire::ipmi::data::reading::Events;
use crate::wire::ipmi::data::reading::Limit;
use crate::wire::ipmi::data::reading::Reading;
use crate::wire::ipmi::data::sdr::full::Full;
use crate::wire::ipmi::data::sdr::record::Body;
use crate::wire::ipmi::data::sdr::record::Compact;
use crate::wire::ipmi::data::sdr::record::Record;
use crate::wire::ipmi::data::sdr::record::Sensor;
use crate::wire::ipmi::data::state;
use crate::wire::ipmi::data::unit::Format;

/// Fields of one sensor and their texts.
pub type Fields = BTreeMap<String, String>;

/// Sensors by type and by `name (0xnumber)`.
pub type Table = BTreeMap<String, BTreeMap<String, Fields>>;

/// A sensor's record and what its BMC said about it.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// Its record.
    pub record: &'a Record,
    /// Its reading, if the BMC gave one.
    pub reading: Option<Reading>,
    /// Factors asked for with this reading; only non-linear sensors need them.
    pub factors: Option<Factors>,
    /// Pending events, if asked for.
    pub pending: Option<&'a Events>,
    /// Enabled events, if asked for.
    pub enabled: Option<&'a Events>,
}

impl<'a> Sighting<'a> {
    /// A record with its reading alone.
    pub fn new(record: &'a Record, reading: Option<Reading>) -> Self {
        Self { record, reading, factors: None, pending: None, enabled: None }
    }

    /// The sensor's fields; nothing for records that are no sensors or have no reading.
    pub fn fields(&self) -> Option<Fields> {
        let (sensor, _) = self.record.sensor()?;
        let mut fields = Fields::new();
        put(&mut fields, "Sensor ID", self.id()?);
        put(&mut fields, "Entity ID", sensor.entity.to_string());
        let named = format!("{} (0x{:02x})", kind::name(sensor.kind), sensor.kind);
        if sensor.is_threshold() {
            put(&mut fields, "Sensor Type (Threshold)", named);
            self.threshold_fields(sensor, &mut fields);
        } else {
            put(&mut fields, "Sensor Type (Discrete)", named);
            self.discrete_fields(sensor, &mut fields);
        }
        Some(fields)
    }

    /// `Fan 1 (0x2)`.
    pub fn id(&self) -> Option<String> {
        let (sensor, name) = self.record.sensor()?;
        Some(format!("{} (0x{:x})", name.trim_start(), sensor.owner.number))
    }

    /// The value as a number, of sensors that have one.
    pub fn value(&self) -> Option<f64> {
        let full = self.full().filter(|full| full.sensor.is_threshold())?;
        self.scale(full)?.finite(self.raw()?)
    }

    fn full(&self) -> Option<&'a Full> {
        if let Body::Full(full) = &self.record.body { Some(full) } else { None }
    }

    fn compact(&self) -> Option<&'a Compact> {
        if let Body::Compact(compact) = &self.record.body { Some(compact) } else { None }
    }

    fn raw(&self) -> Option<u8> {
        self.reading.and_then(Reading::raw)
    }

    /// The scale of this reading; none for a non-linear sensor whose factors were not given.
    fn scale(&self, full: &Full) -> Option<Scale> {
        let scale = full.scale();
        if !scale.is_nonlinear() {
            return Some(scale);
        }
        self.factors.map(|factors| Scale { factors, ..scale })
    }

    fn threshold_fields(&self, sensor: &Sensor, fields: &mut Fields) {
        let status = self.reading.map_or("ns", Reading::status);
        let shown = self.threshold_reading(sensor);
        let status = if shown.is_some() { status } else { "ns" };
        put(fields, "Sensor Reading", shown.unwrap_or_else(|| self.nothing()));
        put(fields, "Status", status);
        if let Some(full) = self.full() {
            normal_fields(full, fields);
            limit_fields(full, fields);
            range_fields(full, fields);
        }
        self.hysteresis_fields(fields);
        put(fields, "Event Message Control", event_control(sensor));
        access_fields(sensor, fields);
        self.event_fields(fields, |mask| Some(crossings(mask)));
    }

    fn discrete_fields(&self, sensor: &Sensor, fields: &mut Fields) {
        let shown = self.raw().map_or_else(|| self.nothing(), |raw| format!("{raw:x}h"));
        put(fields, "Sensor Reading", shown);
        put(fields, "Event Message Control", event_control(sensor));
        let title = |mask: u16| {
            let named = !state::texts(sensor.kind, sensor.event, mask).is_empty();
            named.then(|| kind::name(sensor.kind))
        };
        if let Some(title) = self.reading.and_then(|reading| title(reading.states)) {
            put(fields, "States Asserted", title);
        }
        self.event_fields(fields, title);
        let oem = self.full().map(|full| full.oem).or(self.compact().map(|compact| compact.oem));
        put(fields, "OEM", format!("{:X}", oem.unwrap_or(0)));
    }

    fn nothing(&self) -> String {
        let unscanned = self.reading.is_some_and(|reading| !reading.is_scanned());
        if unscanned { "Disabled".to_owned() } else { "No Reading".to_owned() }
    }

    fn threshold_reading(&self, sensor: &Sensor) -> Option<String> {
        let raw = self.raw()?;
        let unit = sensor.units.text();
        let Some(full) = self.full() else {
            return Some(format!("0x{raw:02X}"));
        };
        if sensor.units.format() == Format::Discrete {
            return Some(format!("0x{raw:02X} (+/- 0x{:02X})", full.factors.tolerance()));
        }
        let scale = self.scale(full)?;
        Some(format!("{} (+/- {}) {unit}", brief(scale.value(raw)), brief(scale.tolerance())))
    }

    fn hysteresis_fields(&self, fields: &mut Fields) {
        let bytes =
            self.full().map(|full| full.hysteresis).or(self.compact().map(|compact| compact.hysteresis));
        let names = ["Positive Hysteresis", "Negative Hysteresis"];
        for (name, raw) in names.into_iter().zip(bytes.into_iter().flatten()) {
            let text = match (raw, self.full()) {
                (0x00 | 0xff, _) => "Unspecified".to_owned(),
                (_, Some(full)) if full.sensor.units.format() != Format::Discrete => {
                    fixed(full.scale().hysteresis(raw), 3)
                }
                _ => format!("0x{raw:02X}"),
            };
            put(fields, name, text);
        }
    }

    fn event_fields(&self, fields: &mut Fields, text: impl Fn(u16) -> Option<String>) {
        let sets = [
            (self.pending, "Event Status", ["Assertion Events", "Deassertion Events"]),
            (self.enabled, "Event Enable", ["Assertions Enabled", "Deassertions Enabled"]),
        ];
        for (events, title, names) in sets {
            let Some(events) = events else { continue };
            if title == "Event Status" && events.are_unavailable() {
                put(fields, title, "Unavailable");
                continue;
            }
            if !events.are_on() {
                put(fields, title, "Event Messages Disabled");
            }
            let [asserted, deasserted] = names;
            let deasserted_mask = events.deasserted.filter(|mask| *mask != 0);
            for (name, mask) in [(asserted, events.asserted), (deasserted, deasserted_mask)] {
                if let Some(text) = mask.and_then(&text) {
                    put(fields, name, text);
                }
            }
        }
    }
}

/// Sensors in the reference's shape; those without a reading at all are left out. Two of a name and number: the last.
pub fn table<'a>(sightings: impl IntoIterator<Item = Sighting<'a>>) -> Table {
    let mut table = Table::new();
    for sighting in sightings {
        let (Some(fields), Some(id)) = (sighting.fields(), sighting.id()) else { continue };
        let Some((sensor, _)) = sighting.record.sensor() else { continue };
        let kind = kind::name(sensor.kind);
        let kind = kind.split(' ').next().unwrap_or_default().to_owned();
        table.entry(kind).or_default().insert(id, fields);
    }
    table
}

fn put(fields: &mut Fields, name: &str, text: impl Into<String>) {
    fields.insert(name.to_owned(), text.into());
}

/// A raw value by the record's own factors, or in hexadecimal.
fn raw_text(full: &Full, raw: u8) -> String {
    if full.sensor.units.format() == Format::Discrete {
        return format!("0x{raw:02X}");
    }
    fixed(full.scale().value(raw), 3)
}

fn normal_fields(full: &Full, fields: &mut Fields) {
    let [nominal, maximum, minimum] = full.normal;
    let rows =
        [("Nominal Reading", 1, nominal), ("Normal Maximum", 2, maximum), ("Normal Minimum", 4, minimum)];
    for (name, bit, raw) in rows {
        if full.given & bit != 0 {
            put(fields, name, raw_text(full, raw));
        }
    }
}

fn limit_fields(full: &Full, fields: &mut Fields) {
    let (readable, _) = full.sensor.accessible();
    for (limit, name) in LIMITS {
        if full.sensor.init & INIT_THRESHOLDS != 0 && readable & limit.bit() != 0 {
            put(fields, name, raw_text(full, full.threshold(*limit)));
        }
    }
}

/// A range that is as wide as its format means that nobody said one.
fn range_fields(full: &Full, fields: &mut Fields) {
    let [maximum, minimum] = full.range;
    let (least, most) = match full.sensor.units.format() {
        Format::Unsigned => (Some(0x00), Some(0xff)),
        Format::Ones => (Some(0xff), Some(0x00)),
        Format::Twos => (Some(0x80), Some(0x7f)),
        Format::Discrete => (None, None),
    };
    let least_unsaid = Some(minimum) == least || (least.is_some() && minimum == 0);
    let rows = [
        ("Minimum sensor range", minimum, least_unsaid),
        ("Maximum sensor range", maximum, Some(maximum) == most),
    ];
    for (name, raw, unsaid) in rows {
        put(fields, name, if unsaid { "Unspecified".to_owned() } else { raw_text(full, raw) });
    }
}

fn event_control(sensor: &Sensor) -> &'static str {
    match sensor.capabilities & 0x03 {
        0 => "Per-threshold",
        1 => "Entire Sensor Only",
        2 => "Global Disable Only",
        _ => "No Events From Sensor",
    }
}

fn access_fields(sensor: &Sensor, fields: &mut Fields) {
    let (readable, settable) = sensor.accessible();
    for (name, mask) in [("Readable Thresholds", readable), ("Settable Thresholds", settable)] {
        let text = match sensor.capabilities >> 2 & 0x03 {
            0 => "No Thresholds".to_owned(),
            3 => "Thresholds Fixed".to_owned(),
            _ => shorts(mask),
        };
        put(fields, name, text);
    }
    if sensor.compared() != 0 {
        put(fields, "Threshold Read Mask", shorts(sensor.compared()));
    }
}

/// `lnr lcr lnc unc ucr unr`, those whose bit is set.
fn shorts(mask: u8) -> String {
    let set = SHORT_ORDER.iter().filter(|limit| mask & limit.bit() != 0);
    set.map(|limit| limit.short()).collect::<Vec<_>>().join(" ")
}

/// `lnc- lnc+ lcr- ...`: two bits a threshold, low and high.
fn crossings(mask: u16) -> String {
    let words = Limit::ALL.iter().flat_map(|limit| [(limit, '-'), (limit, '+')]).enumerate();
    let set = words.filter(|(bit, _)| mask >> bit & 1 != 0);
    set.map(|(_, (limit, way))| format!("{}{way}", limit.short())).collect::<Vec<_>>().join(" ")
}

const LIMITS: &[(Limit, &str)] = &[
    (Limit::UpperNonRecoverable, "Upper non-recoverable"),
    (Limit::UpperCritical, "Upper critical"),
    (Limit::UpperNonCritical, "Upper non-critical"),
    (Limit::LowerNonRecoverable, "Lower non-recoverable"),
    (Limit::LowerCritical, "Lower critical"),
    (Limit::LowerNonCritical, "Lower non-critical"),
];

const SHORT_ORDER: [Limit; 6] = [
    Limit::LowerNonRecoverable,
    Limit::LowerCritical,
    Limit::LowerNonCritical,
    Limit::UpperNonCritical,
    Limit::UpperCritical,
    Limit::UpperNonRecoverable,
];

/// The BMC sets the record's thresholds at its start: only then does the reference's tool show them.
const INIT_THRESHOLDS: u8 = 0x10;

#[cfg(test)]
mod tests;
