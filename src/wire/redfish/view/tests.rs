//! Every view on everything: nothing is an error, and nothing comes of nothing.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::wire::redfish::inventory::{AdapterParts, StorageParts, Survey, found};
use crate::wire::redfish::lenient::View;
use crate::wire::redfish::quirk::{Identity, Quirks};
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::sensors::{ChassisReadings, Readings, sensors};
use crate::wire::redfish::view::annotation::{ActionInfo, ApplyTime, Settings};
use crate::wire::redfish::view::boot::{Boot, BootOption};
use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::compute::{Memory, Processor};
use crate::wire::redfish::view::manager::{Manager, NetworkProtocol};
use crate::wire::redfish::view::media::VirtualMedia;
use crate::wire::redfish::view::network::{
    DellSwitchConnection, EthernetInterface, NetworkAdapter, NetworkFunction, NetworkPort,
};
use crate::wire::redfish::view::pcie::{PcieDevice, PcieFunction};
use crate::wire::redfish::view::power::{EnvironmentMetrics, Power, PowerSubsystem, PowerSupplyMetrics};
use crate::wire::redfish::view::root::{Collection, ServiceRoot};
use crate::wire::redfish::view::secure_boot::{Bios, Certificate, SecureBoot};
use crate::wire::redfish::view::sensor::Sensor;
use crate::wire::redfish::view::service::event::{EventService, LogEntry, LogService, Subscription};
use crate::wire::redfish::view::service::message::{Message, RegistryFile};
use crate::wire::redfish::view::service::session::{Session, SessionService};
use crate::wire::redfish::view::service::task::Task;
use crate::wire::redfish::view::smart_storage::{SmartController, SmartStorage};
use crate::wire::redfish::view::status::{Lamp, Status};
use crate::wire::redfish::view::storage::{Drive, SimpleStorage, Storage, Volume};
use crate::wire::redfish::view::system::{System, hosts};
use crate::wire::redfish::view::thermal::{Fan, Thermal, ThermalMetrics, ThermalSubsystem};

/// Calls `$with` with each view's reader.
macro_rules! each_view {
    ($value:expr, $check:ident) => {
        each_view!($value, $check, ActionInfo ApplyTime Settings Boot BootOption Chassis Memory Processor EventService
            LogEntry LogService Subscription Manager NetworkProtocol VirtualMedia Message RegistryFile
            DellSwitchConnection EthernetInterface NetworkAdapter NetworkFunction NetworkPort PcieDevice PcieFunction
            EnvironmentMetrics Power PowerSubsystem PowerSupplyMetrics Collection ServiceRoot Bios Certificate
            SecureBoot Sensor SmartController SmartStorage Session SessionService Lamp Status Drive SimpleStorage Storage Volume System Task Fan
            Thermal ThermalMetrics ThermalSubsystem)
    };
    ($value:expr, $check:ident, $($view:ident)+) => { $($check::<$view>($value);)+ };
}

fn nothing<V: View + Default + PartialEq + std::fmt::Debug>(value: &Value) {
    assert_eq!(V::read(value), V::default(), "{value}");
}

fn anything<V: View>(value: &Value) {
    V::read(value);
}

/// A sample whose every member has the wrong type.
fn with_wrong_types(sample: &Value) -> Value {
    match sample {
        Value::Object(map) => map.keys().map(|key| (key.clone(), json!([[[]]]))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => json!([[]]),
    }
}

/// A machine whose resources are these two in turn.
fn survey(value: &Value, other: &Value) -> Survey {
    Survey {
        system: View::read(value),
        bios: Some(View::read(other)),
        processors: vec![View::read(value), View::read(other)],
        memory: vec![View::read(other)],
        storages: vec![StorageParts {
            storage: View::read(value),
            controllers: vec![View::read(other)],
            drives: vec![Drive::read(value).in_bytes(), View::read(other)],
            volumes: vec![Volume::read(other).in_bytes()],
        }],
        simple_storages: vec![View::read(value)],
        interfaces: vec![View::read(value), NetworkFunction::read(other).into()],
        adapters: vec![AdapterParts { adapter: View::read(value), ports: vec![View::read(other)] }],
        pcie_functions: vec![View::read(value)],
        dell_switches: vec![View::read(other)],
        ..Survey::default()
    }
}

fn readings(value: &Value, other: &Value) -> Readings {
    let chassis = ChassisReadings {
        thermal: Some(View::read(value)),
        power: Some(View::read(other)),
        fans: vec![View::read(other)],
        thermal_metrics: Some(View::read(value)),
        supplies: vec![(View::read(value), View::read(other))],
        sensors: vec![View::read(other)],
        ..ChassisReadings::default()
    };
    Readings { system: View::read(value), chassis: vec![chassis], ..Readings::default() }
}

/// Any JSON, with names that views look for.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("Members"),
        Just("Boot"),
        Just("Status"),
        Just("Links"),
        Just("Oem"),
        Just("Dell"),
        Just("Actions"),
        Just("@odata.id"),
        Just("PowerSupplies"),
        Just("Fans"),
        Just("Id"),
        Just("MACAddress"),
        Just("Messages"),
        Just("Attributes"),
        Just("IndicatorLED"),
        Just("Reading"),
        Just("Devices"),
        Just("PCIeDevices"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

#[test]
fn every_view_reads_nothing_from_nothing() {
    for value in [json!(null), json!(3), json!("text"), json!(true), json!([]), json!([[], 1]), json!({})] {
        each_view!(&value, nothing);
    }
}

#[test]
fn wrong_types_are_absent() {
    let sample = json!({"Id": 1, "Name": 1, "Members@odata.count": 1, "PowerState": 1, "UUID": 1, "Reading": 1,
        "MACAddress": 1, "CapacityBytes": 1, "Inserted": 1, "TaskState": 1, "SecureBootEnable": 1, "Vendor": 1,
        "@odata.id": 1, "Systems": 1, "Destination": 1, "ClassCode": 1, "Model": 1, "Status": 1, "Actions": 1});
    each_view!(&with_wrong_types(&sample), nothing);
}

proptest! {
    #[test]
    fn no_json_is_a_panic(value in any_json()) {
        each_view!(&value, anything);
    }

    #[test]
    fn an_inventory_and_readings_come_of_anything(value in any_json(), other in any_json()) {
        let survey = survey(&value, &other);
        let made = found(&survey);
        prop_assert!(made.inventory["interfaces"].as_array().is_some_and(|list| list.len() <= survey.interfaces.len()));
        prop_assert!(made.healthy_macs.iter().all(|mac| made.macs.contains(mac)));
        let readings = readings(&value, &other);
        let told = sensors(&readings);
        prop_assert_eq!(told.as_object().map(serde_json::Map::len), Some(5));
        readings.is_complete();
    }

    #[test]
    fn a_resource_is_read_from_anything(value in any_json()) {
        let resource = Resource::new("/redfish/v1/Systems/1", None, value);
        prop_assert!(resource.expanded().iter().all(|member| !member.path.is_empty()));
        prop_assert!(resource.id().is_some());
        resource.kind();
        let (root, system, manager) = (resource.view(), resource.view(), resource.view());
        Quirks::of(&Identity::of(&root, Some(&system), Some(&manager)));
        let system: System = resource.view();
        prop_assert!(hosts(&[system.clone(), system]).len() <= 2);
    }
}
