//! Fans and temperatures: the old `Thermal` resource, and `ThermalSubsystem` with a resource a fan.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::status::Status;

view! {
    /// `Thermal`.
    pub struct Thermal {
        id: Option<String> = "Id";
        fans: Vec<OldFan> = "Fans";
        temperatures: Vec<Temperature> = "Temperatures";
    }

    /// A fan of the old list.
    pub struct OldFan {
        id: Option<String> = "MemberId";
        name: Option<String> = "Name" | "FanName";
        reading: Option<f64> = "Reading" | "ReadingRPM" | "CurrentReading";
        units: Option<String> = "ReadingUnits" | "Units";
        min_range: Option<f64> = "MinReadingRange";
        max_range: Option<f64> = "MaxReadingRange";
        serial_number: Option<String> = "SerialNumber";
        context: Option<String> = "PhysicalContext";
        status: Status = "Status";
    }

    /// A temperature of the old list.
    pub struct Temperature {
        id: Option<String> = "MemberId";
        name: Option<String> = "Name";
        celsius: Option<f64> = "ReadingCelsius" | "CurrentReading";
        min_range: Option<f64> = "MinReadingRangeTemp";
        max_range: Option<f64> = "MaxReadingRangeTemp";
        sensor_number: Option<u64> = "SensorNumber" | "Number";
        context: Option<String> = "PhysicalContext";
        status: Status = "Status";
    }

    /// `ThermalSubsystem`.
    pub struct ThermalSubsystem {
        id: Option<String> = "Id";
        fans: Option<Link> = "Fans";
        metrics: Option<Link> = "ThermalMetrics";
        status: Status = "Status";
    }

    /// `Fan`.
    pub struct Fan {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        percent: Option<f64> = "SpeedPercent/Reading";
        rpm: Option<f64> = "SpeedPercent/SpeedRPM";
        serial_number: Option<String> = "SerialNumber";
        context: Option<String> = "PhysicalContext";
        status: Status = "Status";
    }

    /// `ThermalMetrics`.
    pub struct ThermalMetrics {
        id: Option<String> = "Id";
        readings: Vec<ThermalReading> = "TemperatureReadingsCelsius";
    }

    /// One temperature of it.
    pub struct ThermalReading {
        name: Option<String> = "DeviceName";
        celsius: Option<f64> = "Reading";
        context: Option<String> = "PhysicalContext";
        source: Option<Link> = "DataSourceUri";
    }
}
