//! Resources as a service shows them: the generated model gives type, version, identity and the members it cannot do
//! without; what else the resource has, and the annotations that the models lack, is laid over it by the caller.

use redfish_codegen::models;
use redfish_codegen::models::computer_system_collection::ComputerSystemCollection;
use redfish_codegen::models::odata_v4;
use redfish_codegen::models::resource;
use serde_json::Value;

use crate::wire::redfish::shape::value;

/// The kinds of resource, each with the generated model behind it.
macro_rules! kinds {
    ($($name:ident = $module:ident::$version:ident,)+) => {
        /// A kind of resource.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Served { $($name,)+ }

        impl Served {
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The schema's name.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// A resource of this kind with nothing but what every one has.
            pub fn resource(self, path: &str, id: &str, name: &str) -> Value {
                match self {
                    $(Self::$name => value(&models::$module::$version::$name {
                        odata_id: odata_v4::Id(path.to_owned()),
                        id: resource::Id(id.to_owned()),
                        name: resource::Name(name.to_owned()),
                        ..Default::default()
                    }),)+
                }
            }

            /// Why the body is not what the generated model says, for tests of services.
            #[cfg(test)]
            pub fn misfit(self, body: &Value) -> Option<String> {
                let read = match self {
                    $(Self::$name => {
                        serde_json::from_value::<models::$module::$version::$name>(body.clone()).err()
                    })+
                };
                read.map(|why| why.to_string())
            }
        }
    };
}

kinds! {
    ServiceRoot = service_root::v1_16_0,
    ComputerSystem = computer_system::v1_20_1,
    Chassis = chassis::v1_23_0,
    Manager = manager::v1_18_0,
    Bios = bios::v1_2_1,
    Storage = storage::v1_15_0,
    Volume = volume::v1_9_0,
    Drive = drive::v1_17_0,
    EthernetInterface = ethernet_interface::v1_10_0,
    Processor = processor::v1_18_0,
    Memory = memory::v1_17_1,
    SecureBoot = secure_boot::v1_1_0,
    SecureBootDatabase = secure_boot_database::v1_0_1,
    BootOption = boot_option::v1_0_4,
    VirtualMedia = virtual_media::v1_6_1,
    UpdateService = update_service::v1_11_3,
    SoftwareInventory = software_inventory::v1_9_0,
    TaskService = task_service::v1_2_0,
    Task = task::v1_7_1,
    SessionService = session_service::v1_1_8,
    Session = session::v1_6_0,
    EventService = event_service::v1_10_0,
    EventDestination = event_destination::v1_13_1,
    LogService = log_service::v1_4_0,
    LogEntry = log_entry::v1_15_0,
    AccountService = account_service::v1_13_0,
    ManagerAccount = manager_account::v1_10_0,
    Role = role::v1_3_1,
    Thermal = thermal::v1_7_1,
    Power = power::v1_7_1,
    ThermalSubsystem = thermal_subsystem::v1_2_0,
    PowerSubsystem = power_subsystem::v1_1_0,
    Fan = fan::v1_4_0,
    PowerSupply = power_supply::v1_5_1,
    Sensor = sensor::v1_7_0,
    PCIeDevice = pcie_device::v1_11_1,
    PCIeFunction = pcie_function::v1_5_0,
    NetworkAdapter = network_adapter::v1_9_0,
    NetworkDeviceFunction = network_device_function::v1_9_0,
    NetworkInterface = network_interface::v1_2_1,
    Port = port::v1_9_0,
    StorageController = storage_controller::v1_7_0,
    MessageRegistryFile = message_registry_file::v1_1_3,
    ManagerNetworkProtocol = manager_network_protocol::v1_9_1,
    SimpleStorage = simple_storage::v1_3_1,
    ThermalMetrics = thermal_metrics::v1_2_0,
    CertificateService = certificate_service::v1_0_4,
}

impl Served {
    /// The kind whose `@odata.type` this is; collections have none.
    pub fn of(body: &Value) -> Option<Self> {
        let kind = body.get("@odata.type")?.as_str()?.strip_prefix('#')?.split('.').next()?;
        Self::ALL.iter().copied().find(|served| served.word() == kind)
    }

    /// A collection of resources of this kind; all collections have one shape.
    pub fn collection(self, path: &str, name: &str, members: &[String]) -> Value {
        let word = self.word();
        let model = ComputerSystemCollection {
            odata_id: odata_v4::Id(path.to_owned()),
            odata_type: odata_v4::Type(format!("#{word}Collection.{word}Collection")),
            name: resource::Name(name.to_owned()),
            members: members.iter().map(|path| id_ref(path)).collect(),
            members_odata_count: odata_v4::Count(i64::try_from(members.len()).unwrap_or(i64::MAX)),
            ..Default::default()
        };
        value(&model)
    }
}

fn id_ref(path: &str) -> odata_v4::IdRef {
    odata_v4::IdRef { odata_id: Some(odata_v4::Id(path.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_who_it_is() {
        for kind in Served::ALL {
            let body = kind.resource("/redfish/v1/X/1", "1", "One");
            assert_eq!(Served::of(&body), Some(*kind), "{body}");
            assert_eq!(body["@odata.id"], "/redfish/v1/X/1");
            assert_eq!((body["Id"].as_str(), body["Name"].as_str()), (Some("1"), Some("One")));
            assert_eq!(kind.misfit(&body), None, "{body}");
        }
    }

    #[test]
    fn a_collection_lists_its_members() {
        let body = Served::Chassis.collection("/c", "Chassis", &["/c/1".to_owned()]);
        assert_eq!(body["@odata.type"], "#ChassisCollection.ChassisCollection");
        assert_eq!(body["Members"][0]["@odata.id"], "/c/1");
        assert_eq!(body["Members@odata.count"], 1);
        assert_eq!(Served::of(&body), None);
    }
}
