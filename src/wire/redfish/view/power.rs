//! Power supplies: the old `Power` resource, and `PowerSubsystem` with one resource a supply.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::status::Status;

view! {
    /// `Power`.
    pub struct Power {
        id: Option<String> = "Id";
        supplies: Vec<PowerSupply> = "PowerSupplies";
        controls: Vec<PowerControl> = "PowerControl";
        voltages: Vec<Voltage> = "Voltages";
    }

    /// One supply, of the old list or a resource of its own.
    pub struct PowerSupply {
        id: Option<String> = "MemberId" | "Id";
        name: Option<String> = "Name";
        capacity_watts: Option<f64> = "PowerCapacityWatts";
        line_input_volts: Option<f64> = "LineInputVoltage";
        last_output_watts: Option<f64> = "LastPowerOutputWatts" | "PowerOutputWatts";
        serial_number: Option<String> = "SerialNumber";
        manufacturer: Option<String> = "Manufacturer";
        model: Option<String> = "Model";
        firmware_version: Option<String> = "FirmwareVersion";
        status: Status = "Status";
        /// The new shape's readings.
        metrics: Option<Link> = "Metrics";
    }

    /// What the whole chassis draws.
    pub struct PowerControl {
        name: Option<String> = "Name";
        consumed_watts: Option<f64> = "PowerConsumedWatts";
        capacity_watts: Option<f64> = "PowerCapacityWatts";
    }

    /// One voltage.
    pub struct Voltage {
        id: Option<String> = "MemberId";
        name: Option<String> = "Name";
        volts: Option<f64> = "ReadingVolts";
        status: Status = "Status";
    }

    /// `PowerSubsystem`.
    pub struct PowerSubsystem {
        id: Option<String> = "Id";
        supplies: Option<Link> = "PowerSupplies";
        capacity_watts: Option<f64> = "CapacityWatts";
        status: Status = "Status";
    }

    /// `PowerSupplyMetrics`.
    pub struct PowerSupplyMetrics {
        input_volts: Option<f64> = "InputVoltage/Reading";
        input_watts: Option<f64> = "InputPowerWatts/Reading";
        output_watts: Option<f64> = "OutputPowerWatts/Reading";
        status: Status = "Status";
    }

    /// `EnvironmentMetrics`.
    pub struct EnvironmentMetrics {
        power_watts: Option<f64> = "PowerWatts/Reading";
        celsius: Option<f64> = "TemperatureCelsius/Reading";
    }
}
