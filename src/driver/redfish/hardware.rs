//! The traits of one node, by the interface that brings them.

use std::sync::Arc;

use crate::driver::Hardware;
use crate::driver::capability::power::PowerSwitch;
use crate::driver::capability::vendor::VendorPassthru;
use crate::driver::redfish::boot_mode::RedfishBootMode;
use crate::driver::redfish::idrac::boot::IdracBootDevice;
use crate::driver::redfish::indicators::RedfishIndicators;
use crate::driver::redfish::media::RedfishMedia;
use crate::driver::redfish::nmi::RedfishNmi;
use crate::driver::redfish::power::RedfishPower;
use crate::driver::redfish::secure_boot::RedfishSecureBoot;
use crate::driver::redfish::sensors::RedfishSensors;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::vendor::RedfishVendor;

/// The power switch.
pub fn power(server: &Server) -> Arc<dyn PowerSwitch> {
    Arc::new(RedfishPower(server.clone()))
}

/// The methods of vendors.
pub fn vendor(server: &Server) -> Arc<dyn VendorPassthru> {
    Arc::new(RedfishVendor(server.clone()))
}

/// What management has; `is_idrac` goes Dell's ways first.
pub fn manage(server: &Server, is_idrac: bool, hardware: &mut Hardware) {
    let server = || server.clone();
    hardware.boot_device = Some(Arc::new(IdracBootDevice { server: server(), always: is_idrac }));
    hardware.boot_mode = Some(Arc::new(RedfishBootMode(server())));
    hardware.secure_boot = Some(Arc::new(RedfishSecureBoot(server())));
    hardware.virtual_media = Some(Arc::new(RedfishMedia(server())));
    hardware.sensors = Some(Arc::new(RedfishSensors(server())));
    hardware.indicators = Some(Arc::new(RedfishIndicators(server())));
    hardware.nmi = Some(Arc::new(RedfishNmi(server())));
}
