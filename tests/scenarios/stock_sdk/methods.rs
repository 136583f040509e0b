//! Each public method that openstacksdk has for bare metal, in its proxy and in its cloud layer, and whether one was
//! left out. Its other proxy, `baremetal_introspection`, speaks to another service that was retired (ironic-inspector).

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use crate::stage::daemon::Daemon;
use crate::stage::peers::python;

#[test]
fn a_program_keeps_chassis_and_looks_at_conductors_and_drivers() {
    called("racks");
}

#[test]
fn a_program_keeps_ports_portgroups_vifs_and_volumes() {
    called("parts");
}

#[test]
fn a_program_keeps_templates_runbooks_and_rules() {
    called("recipes");
}

#[test]
fn a_program_keeps_nodes_and_allocations() {
    called("nodes");
}

#[test]
fn a_program_uses_the_machine_behind_a_node() {
    called("machines");
}

#[test]
fn a_program_speaks_of_machines_as_the_cloud_layer_does() {
    called("clouds");
}

#[test]
fn no_method_of_the_sdk_is_left_out() {
    let offered = python("sdk/methods", "http://127.0.0.1:1", &[]);
    for layer in ["proxy", "cloud"] {
        let mut missing = names(&offered[layer]);
        assert!(missing.len() > 20, "{layer}: {missing:?}");
        for name in STORIES {
            let called = names(&called(name)[layer]);
            missing.retain(|method| !called.contains(method));
        }
        for (method, _) in REFUSED.iter().filter(|_| layer == "proxy") {
            assert!(missing.remove(*method), "{method} works: take it off the list of what cannot");
        }
        assert!(missing.is_empty(), "no scenario calls {missing:?} of the {layer} layer");
    }
}

/// What cannot work, and why; a scenario says with which words it is refused.
const REFUSED: &[(&str, &str)] = &[
    (
        "call_driver_vendor_passthru",
        "no hardware type that is here has a vendor method, in the reference neither",
    ),
    ("inject_nmi_to_node", "the fake machine has no such button, in the reference neither"),
];

/// The scenarios in `py/sdk`.
const STORIES: &[&str] = &["racks", "parts", "recipes", "nodes", "machines", "clouds"];

/// The methods that a scenario has called, by layer; it is played once for all who ask.
fn called(name: &str) -> &'static Value {
    static ALL: [OnceLock<Value>; STORIES.len()] = [const { OnceLock::new() }; STORIES.len()];
    let place = STORIES.iter().position(|story| *story == name).unwrap();
    ALL[place].get_or_init(|| {
        let daemon = Daemon::start();
        python(&format!("sdk/{name}"), daemon.url(), &[])
    })
}

fn names(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}
