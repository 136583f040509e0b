//! What a BMC answers: an error's body, a task, every resource, and what is made of them.
#![no_main]

use ferric::wire::redfish::fault::Fault;
use ferric::wire::redfish::inventory::{self, AdapterParts, StorageParts, Survey};
use ferric::wire::redfish::lenient::View;
use ferric::wire::redfish::quirk::{Identity, Quirks};
use ferric::wire::redfish::resource::Resource;
use ferric::wire::redfish::sensors::{self, ChassisReadings, Readings};
use ferric::wire::redfish::task::Watch;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let fault = Fault::parse(status, body);
    assert!(fault.message().chars().count() <= 500);
    let _asked = (fault.is_busy(), fault.is_licence(), fault.wants_credentials(), fault.already());
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let resource = Resource::new("/redfish/v1/Systems/1", None, value.clone());
    resource.expanded();
    Watch::of(None, &value);
    let (root, system) = (View::read(&value), View::read(&value));
    Quirks::of(&Identity::of(&root, Some(&system), Some(&View::read(&value))));
    inventory::found(&survey(&value));
    sensors::sensors(&readings(&value));
});

/// A machine whose every resource is this one.
fn survey(value: &Value) -> Survey {
    Survey {
        system: View::read(value),
        bios: Some(View::read(value)),
        processors: vec![View::read(value)],
        memory: vec![View::read(value)],
        storages: vec![StorageParts {
            storage: View::read(value),
            controllers: vec![View::read(value)],
            drives: vec![View::read(value)],
            volumes: vec![View::read(value)],
        }],
        simple_storages: vec![View::read(value)],
        interfaces: vec![View::read(value)],
        adapters: vec![AdapterParts { adapter: View::read(value), ports: vec![View::read(value)] }],
        pcie_functions: vec![View::read(value)],
        dell_switches: vec![View::read(value)],
        ..Survey::default()
    }
}

fn readings(value: &Value) -> Readings {
    let chassis = ChassisReadings {
        thermal: Some(View::read(value)),
        power: Some(View::read(value)),
        fans: vec![View::read(value)],
        thermal_metrics: Some(View::read(value)),
        supplies: vec![(View::read(value), View::read(value))],
        sensors: vec![View::read(value)],
        ..ChassisReadings::default()
    };
    Readings { system: View::read(value), chassis: vec![chassis], ..Readings::default() }
}
