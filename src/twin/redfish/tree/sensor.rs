//! Temperatures, fans, power supplies and readings, as resources of old (`Thermal`, `Power`), of today, or both.

use serde_json::{Value, json};

use crate::twin::redfish::tree::{Builder, link, numbered, texts, well};
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    if builder.maker.sensors.has_old() {
        thermal(builder);
        power(builder);
    }
    if builder.maker.sensors.has_new() {
        thermal_subsystem(builder);
        power_subsystem(builder);
        sensors(builder);
    }
}

fn thermal(builder: &mut Builder) {
    let path = format!("{}/Thermal", builder.maker.chassis_path());
    let heat = |(number, (name, reading, context)): (usize, &(&str, u32, &str))| {
        json!({
            "@odata.id": format!("{path}#/Temperatures/{number}"), "MemberId": number.to_string(),
            "Name": format!("{name} Temp"), "SensorNumber": number, "ReadingCelsius": reading,
            "UpperThresholdNonCritical": 85, "UpperThresholdCritical": 95, "MinReadingRangeTemp": 0,
            "MaxReadingRangeTemp": 127, "PhysicalContext": context, "Status": well(),
        })
    };
    let fan = |number: usize| {
        json!({
            "@odata.id": format!("{path}#/Fans/{}", number.saturating_sub(1)), "MemberId": number.to_string(),
            "Name": format!("Fan {number}"), "Reading": 5880, "ReadingUnits": "RPM", "MinReadingRange": 0,
            "MaxReadingRange": 16_000, "LowerThresholdCritical": 600, "PhysicalContext": "SystemBoard",
            "SerialNumber": format!("FAN0{number}"), "Status": well(),
        })
    };
    let members = json!({
        "Temperatures": HEAT.iter().enumerate().map(heat).collect::<Vec<_>>(),
        "Fans": (1..=FANS).map(fan).collect::<Vec<_>>(), "Redundancy": [],
    });
    builder.put(Served::Thermal, &path, "Thermal", members);
}

fn power(builder: &mut Builder) {
    let path = format!("{}/Power", builder.maker.chassis_path());
    let supply = |number: usize| {
        json!({
            "@odata.id": format!("{path}#/PowerSupplies/{}", number.saturating_sub(1)),
            "MemberId": number.to_string(), "Name": format!("Power Supply {number}"), "PowerSupplyType": "AC",
            "LineInputVoltage": 230, "LineInputVoltageType": "AC240V", "PowerCapacityWatts": 1100,
            "LastPowerOutputWatts": 146, "Model": "PS-2112", "Manufacturer": "LITE-ON",
            "SerialNumber": format!("PSU0{number}"), "FirmwareVersion": "00.1D.7D", "Status": well(),
        })
    };
    let volts = json!({
        "@odata.id": format!("{path}#/Voltages/0"), "MemberId": "0", "Name": "12V", "SensorNumber": 40,
        "ReadingVolts": 12.1, "UpperThresholdCritical": 13.2, "LowerThresholdCritical": 10.8, "Status": well(),
    });
    let control = json!({
        "@odata.id": format!("{path}#/PowerControl/0"), "MemberId": "0", "Name": "System Power Control",
        "PowerConsumedWatts": 292, "PowerCapacityWatts": 1100, "PowerMetrics": {
            "IntervalInMin": 60, "MinConsumedWatts": 280, "MaxConsumedWatts": 341, "AverageConsumedWatts": 290,
        },
        "PowerLimit": {"LimitInWatts": null}, "Status": well(),
    });
    let members = json!({
        "PowerControl": [control], "Voltages": [volts], "PowerSupplies": (1..=SUPPLIES).map(supply).collect::<Vec<_>>(),
    });
    builder.put(Served::Power, &path, "Power", members);
}

fn thermal_subsystem(builder: &mut Builder) {
    let chassis = builder.maker.chassis_path();
    let path = format!("{chassis}/ThermalSubsystem");
    let members = json!({
        "Fans": link(format!("{path}/Fans")), "ThermalMetrics": link(format!("{path}/ThermalMetrics")), "Status": well(),
    });
    builder.put(Served::ThermalSubsystem, &path, "Thermal Subsystem", members);
    let ids = numbered("Fan", FANS);
    builder.list(Served::Fan, &format!("{path}/Fans"), "Fans", &ids);
    for id in &ids {
        let members = json!({
            "PhysicalContext": "SystemBoard", "SerialNumber": format!("S-{id}"), "Status": well(),
            "SpeedPercent": {"DataSourceUri": format!("{chassis}/Sensors/{id}"), "Reading": 36, "SpeedRPM": 5880},
        });
        builder.put(Served::Fan, &format!("{path}/Fans/{id}"), id, members);
    }
    let reading = |(name, reading, context): &(&str, u32, &str)| {
        json!({
            "DeviceName": name, "DataSourceUri": format!("{chassis}/Sensors/{}", sensor_id(name)),
            "Reading": reading, "PhysicalContext": context,
        })
    };
    let members = json!({"TemperatureReadingsCelsius": HEAT.iter().map(reading).collect::<Vec<_>>()});
    builder.put(Served::ThermalMetrics, &format!("{path}/ThermalMetrics"), "Thermal Metrics", members);
}

fn power_subsystem(builder: &mut Builder) {
    let path = format!("{}/PowerSubsystem", builder.maker.chassis_path());
    let members = json!({
        "CapacityWatts": 2200, "Allocation": {"AllocatedWatts": 1100, "RequestedWatts": 1100},
        "PowerSupplies": link(format!("{path}/PowerSupplies")), "Status": well(),
    });
    builder.put(Served::PowerSubsystem, &path, "Power Subsystem", members);
    let ids = numbered("PSU", SUPPLIES);
    builder.list(Served::PowerSupply, &format!("{path}/PowerSupplies"), "Power Supplies", &ids);
    for id in &ids {
        let members = json!({
            "PowerSupplyType": "AC", "LineInputStatus": "Normal", "PowerCapacityWatts": 1100, "Model": "PS-2112",
            "Manufacturer": "LITE-ON", "SerialNumber": format!("S-{id}"), "FirmwareVersion": "00.1D.7D",
            "Status": well(),
        });
        builder.put(Served::PowerSupply, &format!("{path}/PowerSupplies/{id}"), id, members);
    }
}

fn sensors(builder: &mut Builder) {
    let list = format!("{}/Sensors", builder.maker.chassis_path());
    let heat =
        HEAT.iter().map(|(name, reading, context)| (sensor_id(name), heat_sensor(name, *reading, context)));
    let fans = numbered("Fan", FANS).into_iter().map(|id| {
        let members = json!({
            "ReadingType": "Rotational", "Reading": 5880, "ReadingUnits": "RPM", "ReadingRangeMin": 0,
            "ReadingRangeMax": 16_000, "PhysicalContext": "Fan", "Status": well(),
        });
        (id, members)
    });
    let power = json!({
        "ReadingType": "Power", "Reading": 292, "ReadingUnits": "W", "PhysicalContext": "Chassis", "Status": well(),
    });
    let all: Vec<(String, Value)> = heat.chain(fans).chain([("TotalPower".to_owned(), power)]).collect();
    let ids: Vec<String> = all.iter().map(|(id, _)| id.clone()).collect();
    builder.list(
        Served::Sensor,
        &list,
        "Sensors",
        &texts(&ids.iter().map(String::as_str).collect::<Vec<_>>()),
    );
    for (id, members) in all {
        builder.put(Served::Sensor, &format!("{list}/{id}"), &id, members);
    }
}

fn heat_sensor(name: &str, reading: u32, context: &str) -> Value {
    json!({
        "Name": format!("{name} Temp"), "ReadingType": "Temperature", "Reading": reading, "ReadingUnits": "Cel",
        "ReadingRangeMin": 0, "ReadingRangeMax": 127, "PhysicalContext": context, "Status": well(),
        "Thresholds": {"UpperCritical": {"Reading": 95}, "UpperCaution": {"Reading": 85}},
    })
}

fn sensor_id(name: &str) -> String {
    format!("Temp{}", name.replace(' ', ""))
}

/// Name, reading in degrees Celsius and where it is.
const HEAT: &[(&str, u32, &str)] = &[
    ("CPU1", 52, "CPU"),
    ("CPU2", 49, "CPU"),
    ("Inlet", 23, "Intake"),
    ("Exhaust", 34, "Exhaust"),
    ("DIMM A", 38, "Memory"),
    ("DIMM B", 39, "Memory"),
    ("Board", 31, "SystemBoard"),
];

const FANS: usize = 6;
const SUPPLIES: usize = 2;
