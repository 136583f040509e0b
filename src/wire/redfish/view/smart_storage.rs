//! HPE's own resources for Smart Array controllers (iLO 4 and 5).

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::Link;

view! {
    /// `HpeSmartStorage`, `HpSmartStorage` with iLO 4.
    pub struct SmartStorage {
        arrays: Option<Link> = "Links/ArrayControllers" | "ArrayControllers";
        adapters: Option<Link> = "Links/HostBusAdapters" | "HostBusAdapters";
    }

    /// `HpeSmartStorageArrayController` or `HpeSmartStorageHostBusAdapter`.
    pub struct SmartController {
        id: Option<String> = "Id";
        name: Option<String> = "Name";
        model: Option<String> = "Model";
        drives: Option<Link> = "Links/PhysicalDrives" | "Links/Drives" | "Links/DiskDrives";
        volumes: Option<Link> = "Links/LogicalDrives";
    }
}
