//! A `Sensor` of its own.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::view::status::Status;

view! {
    /// `Sensor`.
    pub struct Sensor {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        /// `Temperature`, `Rotational`, `Voltage`, `Power`, `Current`, `Percent` ...
        reading_type: Option<String> = "ReadingType";
        reading: Option<f64> = "Reading";
        /// UCUM: `Cel`, `RPM`, `V`, `W`, `A`, `%`.
        units: Option<String> = "ReadingUnits";
        min_range: Option<f64> = "ReadingRangeMin";
        max_range: Option<f64> = "ReadingRangeMax";
        context: Option<String> = "PhysicalContext";
        number: Option<u64> = "SensorNumber";
        status: Status = "Status";
    }
}
