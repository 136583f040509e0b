//! Old resources, new ones, and none.

use serde_json::json;

use super::*;
use crate::wire::redfish::lenient::View;

fn chassis() -> ChassisReadings {
    ChassisReadings { id: "1U".to_owned(), ..ChassisReadings::default() }
}

fn of(chassis: ChassisReadings) -> Value {
    sensors(&Readings { system_id: "S1".to_owned(), chassis: vec![chassis], ..Readings::default() })
}

#[test]
fn the_old_resources_give_the_reference_shape() {
    let thermal = json!({
        "Fans": [{"MemberId": "0", "Reading": 2100.0, "ReadingUnits": "RPM", "MinReadingRange": 0,
            "MaxReadingRange": 5000, "Status": {"State": "Enabled", "Health": "OK"}}],
        "Temperatures": [{"MemberId": "7", "ReadingCelsius": "21.5", "SensorNumber": 42}, {"ReadingCelsius": 3}]});
    let power = json!({"PowerSupplies": [{"MemberId": "0", "PowerCapacityWatts": 800, "LineInputVoltage": 230,
        "LastPowerOutputWatts": 325, "SerialNumber": "P1"}]});
    let shown = of(ChassisReadings {
        thermal: Some(Thermal::read(&thermal)),
        power: Some(Power::read(&power)),
        ..chassis()
    });
    let fan = json!({"0@1U": {"identity": "0", "max_reading_range": 5000, "min_reading_range": 0, "reading": 2100,
        "reading_units": "RPM", "serial_number": null, "physical_context": null, "state": "Enabled", "health": "OK"}});
    assert_eq!(shown["Fan"], fan);
    assert_eq!(shown["Temperature"]["7@1U"]["reading_celsius"], 21.5);
    assert_eq!(shown["Temperature"]["1@1U"]["reading_celsius"], 3);
    let supply = json!({"0:Power@1U": {"power_capacity_watts": 800, "line_input_voltage": 230,
        "last_power_output_watts": 325, "serial_number": "P1", "state": null, "health": null}});
    assert_eq!(shown["Power"], supply);
}

#[test]
fn the_new_resources_give_the_same_shape() {
    let fan = json!({"Id": "Bay1", "SpeedPercent": {"Reading": 45, "SpeedRPM": 2200}});
    let supply = json!({"Id": "Bay1", "PowerCapacityWatts": 800});
    let metrics = json!({"InputVoltage": {"Reading": 230.2}, "OutputPowerWatts": {"Reading": 78}});
    let sensor = json!({"Id": "Inlet", "ReadingType": "Temperature", "Reading": 22, "ReadingRangeMax": 60});
    let shown = of(ChassisReadings {
        fans: vec![Fan::read(&fan)],
        supplies: vec![(PowerSupply::read(&supply), PowerSupplyMetrics::read(&metrics))],
        sensors: vec![Sensor::read(&sensor)],
        ..chassis()
    });
    assert_eq!(shown["Fan"]["Bay1@1U"]["reading"], 2200);
    assert_eq!(shown["Fan"]["Bay1@1U"]["reading_units"], "RPM");
    assert_eq!(shown["Power"]["Bay1:Power@1U"]["line_input_voltage"], 230.2);
    assert_eq!(shown["Power"]["Bay1:Power@1U"]["last_power_output_watts"], 78);
    assert_eq!(shown["Temperature"]["Inlet@1U"]["max_reading_range_temp"], 60);
}

#[test]
fn metrics_and_rotating_sensors_fill_what_is_missing() {
    let metrics = json!({"TemperatureReadingsCelsius": [{"DeviceName": "Intake", "Reading": 24.8,
        "DataSourceUri": "/redfish/v1/Chassis/1U/Sensors/IntakeTemp"}]});
    let sensor = json!({"Id": "F1", "ReadingType": "Rotational", "Reading": 30, "ReadingUnits": "%"});
    let shown = of(ChassisReadings {
        thermal_metrics: Some(ThermalMetrics::read(&metrics)),
        sensors: vec![Sensor::read(&sensor)],
        ..chassis()
    });
    assert_eq!(shown["Temperature"]["IntakeTemp@1U"]["reading_celsius"], 24.8);
    assert_eq!(shown["Fan"]["F1@1U"]["reading_units"], "Percent");
}

#[test]
fn drives_are_shown_by_name_and_storage() {
    let drive = json!({"Id": "0", "Name": "Disk.Bay.0", "Model": "M", "CapacityBytes": 10, "Status": {"Health": "OK"}});
    let mut readings = Readings {
        system_id: "S1".to_owned(),
        system: System::read(&json!({"Manufacturer": "Acme", "UUID": "u"})),
        drives: vec![("RAID.1".to_owned(), vec![Drive::read(&drive)])],
        ..Readings::default()
    };
    let expected =
        json!({"name": "Disk.Bay.0", "model": "M", "capacity_bytes": 10, "state": null, "health": "OK"});
    assert_eq!(sensors(&readings)["Drive"], json!({ "Disk.Bay.0:RAID.1@S1": expected }));
    assert_eq!(sensors(&readings)["Extra"], json!({"Manufacturer": "Acme", "Model": null, "UUID": "u"}));
    let simple =
        json!({"Id": "1", "Devices": [{"Name": "SATA 1", "CapacityBytes": 8}, {"Name": "backplane"}]});
    readings.simple_storages = vec![SimpleStorage::read(&simple)];
    assert_eq!(sensors(&readings)["Drive"].as_object().unwrap().keys().collect::<Vec<_>>(), ["SATA 1:1@S1"]);
}

#[test]
fn nothing_read_is_nothing_shown() {
    let shown = sensors(&Readings::default());
    for kind in ["Fan", "Temperature", "Power", "Drive"] {
        assert_eq!(shown[kind], json!({}), "{kind}");
    }
}
