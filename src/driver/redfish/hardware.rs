//! The traits of one node.

use std::sync::Arc;

use crate::driver::Hardware;
use crate::driver::redfish::boot_device::RedfishBootDevice;
use crate::driver::redfish::boot_mode::RedfishBootMode;
use crate::driver::redfish::indicators::RedfishIndicators;
use crate::driver::redfish::media::RedfishMedia;
use crate::driver::redfish::nmi::RedfishNmi;
use crate::driver::redfish::power::RedfishPower;
use crate::driver::redfish::secure_boot::RedfishSecureBoot;
use crate::driver::redfish::sensors::RedfishSensors;
use crate::driver::redfish::server::Server;

/// What the machine behind a talk can do.
pub fn hardware(server: &Server) -> Hardware {
    let server = || server.clone();
    Hardware {
        power: Some(Arc::new(RedfishPower(server()))),
        boot_device: Some(Arc::new(RedfishBootDevice(server()))),
        boot_mode: Some(Arc::new(RedfishBootMode(server()))),
        secure_boot: Some(Arc::new(RedfishSecureBoot(server()))),
        virtual_media: Some(Arc::new(RedfishMedia(server()))),
        sensors: Some(Arc::new(RedfishSensors(server()))),
        indicators: Some(Arc::new(RedfishIndicators(server()))),
        nmi: Some(Arc::new(RedfishNmi(server()))),
        ..Hardware::default()
    }
}
