//! Sensors in the reference's shape: `{Fan, Temperature, Power, Drive, Extra}`, from the old resources and the new ones.
//!
//! Where a chassis has both, the old ones are taken, since their keys are those that dashboards know; the new ones fill
//! what they lack.

use serde_json::{Map, Value, json};

use crate::wire::redfish::lenient::shown;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::power::{Power, PowerSupply, PowerSupplyMetrics};
use crate::wire::redfish::view::sensor::Sensor;
use crate::wire::redfish::view::status::Status;
use crate::wire::redfish::view::storage::{Drive, SimpleStorage};
use crate::wire::redfish::view::system::System;
use crate::wire::redfish::view::thermal::{Fan, OldFan, Temperature, Thermal, ThermalMetrics};

/// What a look at the sensors reads.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readings {
    pub system_id: String,
    pub system: System,
    pub chassis: Vec<ChassisReadings>,
    /// The storage's id and its drives.
    pub drives: Vec<(String, Vec<Drive>)>,
    /// Older than `drives`; read first if there is any.
    pub simple_storages: Vec<SimpleStorage>,
}

/// What one chassis has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChassisReadings {
    pub id: String,
    pub thermal: Option<Thermal>,
    pub power: Option<Power>,
    pub fans: Vec<Fan>,
    pub thermal_metrics: Option<ThermalMetrics>,
    pub supplies: Vec<(PowerSupply, PowerSupplyMetrics)>,
    pub sensors: Vec<Sensor>,
}

impl Readings {
    /// Whether fans, temperatures and power were all read.
    pub fn is_complete(&self) -> bool {
        let has = |kind: fn(&ChassisReadings) -> bool| self.chassis.iter().any(kind);
        has(|one| !chassis_fans(one).is_empty())
            && has(|one| !chassis_temperatures(one).is_empty())
            && has(|one| !chassis_power(one).is_empty())
    }
}

/// The sensors of a machine; a kind without any is an empty object.
pub fn sensors(readings: &Readings) -> Value {
    let (mut fans, mut temperatures, mut power) = (Map::new(), Map::new(), Map::new());
    for chassis in &readings.chassis {
        fans.extend(chassis_fans(chassis));
        temperatures.extend(chassis_temperatures(chassis));
        power.extend(chassis_power(chassis));
    }
    let system = &readings.system;
    json!({
        "Fan": fans,
        "Temperature": temperatures,
        "Power": power,
        "Drive": drives(readings),
        "Extra": { "Manufacturer": system.manufacturer, "Model": system.model, "UUID": system.uuid },
    })
}

fn chassis_fans(chassis: &ChassisReadings) -> Map<String, Value> {
    let at = &chassis.id;
    let old: Map<_, _> = numbered(chassis.thermal.as_ref().map(|thermal| thermal.fans.as_slice()))
        .map(|(index, fan)| (format!("{}@{at}", named(fan.id.as_ref(), index)), old_fan(fan)))
        .collect();
    if !old.is_empty() {
        return old;
    }
    let new: Map<_, _> = numbered(Some(chassis.fans.as_slice()))
        .map(|(index, fan)| (format!("{}@{at}", named(fan.id.as_ref(), index)), new_fan(fan)))
        .collect();
    if !new.is_empty() {
        return new;
    }
    of_kind(chassis, "Rotational").map(|(key, sensor)| (key, sensor_fan(sensor))).collect()
}

fn chassis_temperatures(chassis: &ChassisReadings) -> Map<String, Value> {
    let at = &chassis.id;
    let old: Map<_, _> = numbered(chassis.thermal.as_ref().map(|thermal| thermal.temperatures.as_slice()))
        .map(|(index, one)| (format!("{}@{at}", named(one.id.as_ref(), index)), old_temperature(one)))
        .collect();
    if !old.is_empty() {
        return old;
    }
    let own: Map<_, _> =
        of_kind(chassis, "Temperature").map(|(key, sensor)| (key, sensor_temperature(sensor))).collect();
    if !own.is_empty() {
        return own;
    }
    let metrics = numbered(chassis.thermal_metrics.as_ref().map(|metrics| metrics.readings.as_slice()));
    metrics
        .map(|(index, reading)| {
            let source = reading.source.as_ref().and_then(Link::last).map(str::to_owned);
            let id = source.or_else(|| reading.name.clone());
            let members = json!({
                "identity": reading.name,
                "reading_celsius": shown(reading.celsius),
                "physical_context": reading.context,
            });
            (format!("{}@{at}", named(id.as_ref(), index)), with_status(members, &Status::default()))
        })
        .collect()
}

fn chassis_power(chassis: &ChassisReadings) -> Map<String, Value> {
    let at = &chassis.id;
    let old = numbered(chassis.power.as_ref().map(|power| power.supplies.as_slice()));
    let old: Map<_, _> = old
        .map(|(index, one)| {
            let key = format!("{}:Power@{at}", named(one.id.as_ref(), index));
            (key, supply(one, &PowerSupplyMetrics::default()))
        })
        .collect();
    if !old.is_empty() {
        return old;
    }
    numbered(Some(chassis.supplies.as_slice()))
        .map(|(index, (one, metrics))| {
            (format!("{}:Power@{at}", named(one.id.as_ref(), index)), supply(one, metrics))
        })
        .collect()
}

fn drives(readings: &Readings) -> Map<String, Value> {
    let at = &readings.system_id;
    let mut all = Map::new();
    for storage in &readings.simple_storages {
        let id = storage.id.as_deref().unwrap_or_default();
        for device in storage.devices.iter().filter(|device| device.capacity_bytes.is_some()) {
            let name = device.name.as_deref().unwrap_or_default();
            let members = json!({ "name": device.name, "model": device.model, "capacity_bytes": device.capacity_bytes });
            all.insert(format!("{name}:{id}@{at}"), with_status(members, &device.status));
        }
    }
    if !all.is_empty() {
        return all;
    }
    for (id, drives) in &readings.drives {
        for drive in drives {
            let name = drive.name.as_deref().or(drive.id.as_deref()).unwrap_or_default();
            let members =
                json!({ "name": drive.name, "model": drive.model, "capacity_bytes": drive.capacity_bytes });
            all.insert(format!("{name}:{id}@{at}"), with_status(members, &drive.status));
        }
    }
    all
}

fn old_fan(fan: &OldFan) -> Value {
    let members = json!({
        "identity": fan.id,
        "max_reading_range": shown(fan.max_range),
        "min_reading_range": shown(fan.min_range),
        "reading": shown(fan.reading),
        "reading_units": fan.units,
        "serial_number": fan.serial_number,
        "physical_context": fan.context,
    });
    with_status(members, &fan.status)
}

fn new_fan(fan: &Fan) -> Value {
    let units = if fan.rpm.is_some() { "RPM" } else { "Percent" };
    let members = json!({
        "identity": fan.id,
        "max_reading_range": null,
        "min_reading_range": null,
        "reading": shown(fan.rpm.or(fan.percent)),
        "reading_units": units,
        "serial_number": fan.serial_number,
        "physical_context": fan.context,
    });
    with_status(members, &fan.status)
}

fn sensor_fan(sensor: &Sensor) -> Value {
    let members = json!({
        "identity": sensor.id,
        "max_reading_range": shown(sensor.max_range),
        "min_reading_range": shown(sensor.min_range),
        "reading": shown(sensor.reading),
        "reading_units": sensor.units.as_deref().map(|units| if units == "%" { "Percent" } else { units }),
        "serial_number": null,
        "physical_context": sensor.context,
    });
    with_status(members, &sensor.status)
}

fn old_temperature(one: &Temperature) -> Value {
    let members = json!({
        "identity": one.id,
        "max_reading_range_temp": shown(one.max_range),
        "min_reading_range_temp": shown(one.min_range),
        "reading_celsius": shown(one.celsius),
        "physical_context": one.context,
        "sensor_number": one.sensor_number,
    });
    with_status(members, &one.status)
}

fn sensor_temperature(sensor: &Sensor) -> Value {
    let members = json!({
        "identity": sensor.id,
        "max_reading_range_temp": shown(sensor.max_range),
        "min_reading_range_temp": shown(sensor.min_range),
        "reading_celsius": shown(sensor.reading),
        "physical_context": sensor.context,
        "sensor_number": sensor.number,
    });
    with_status(members, &sensor.status)
}

fn supply(one: &PowerSupply, metrics: &PowerSupplyMetrics) -> Value {
    let members = json!({
        "power_capacity_watts": shown(one.capacity_watts),
        "line_input_voltage": shown(one.line_input_volts.or(metrics.input_volts)),
        "last_power_output_watts": shown(one.last_output_watts.or(metrics.output_watts)),
        "serial_number": one.serial_number,
    });
    with_status(members, &one.status)
}

/// The sensors of a kind, keyed as the old resources' members are.
fn of_kind<'a>(chassis: &'a ChassisReadings, kind: &'a str) -> impl Iterator<Item = (String, &'a Sensor)> {
    let is_of = move |sensor: &&Sensor| sensor.reading_type.as_deref() == Some(kind);
    let all = chassis.sensors.iter().filter(is_of).enumerate();
    all.map(|(index, sensor)| (format!("{}@{}", named(sensor.id.as_ref(), index), chassis.id), sensor))
}

fn with_status(mut members: Value, status: &Status) -> Value {
    if let Some(map) = members.as_object_mut() {
        map.insert("state".to_owned(), status.state.clone().into());
        map.insert("health".to_owned(), status.standard_health().into());
    }
    members
}

fn numbered<T>(list: Option<&[T]>) -> impl Iterator<Item = (usize, &T)> {
    list.unwrap_or_default().iter().enumerate()
}

/// The member's id; its place in the list where it has none.
fn named(id: Option<&String>, index: usize) -> String {
    id.cloned().unwrap_or_else(|| index.to_string())
}

#[cfg(test)]
mod tests;
