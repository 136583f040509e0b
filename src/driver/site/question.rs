//! What an executable is told, as one JSON object on its standard input (`driver/site/README.md`).

use serde_json::{Map, Value, json};

use crate::base::secret::is_secret_key;
use crate::driver::StepCall;
use crate::driver::site::manifest::Rules;
use crate::driver::site::shelf::hook_of;
use crate::model::Object;
use crate::model::node::Node;
use crate::model::shape;
use crate::model::step::By;

/// Which half of a turn is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Look,
    Act { again: bool },
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Act { .. } => "act",
        }
    }
}

/// The question.
pub fn of(call: &StepCall, rules: &Rules, phase: Phase) -> Vec<u8> {
    let node = &call.machine.node;
    let mut told = json!({
        "version": VERSION,
        "kind": call.kind.name(),
        "phase": phase.name(),
        "again": phase == Phase::Act { again: true },
        "interface": call.step.interface.name(),
        "step": call.step.step,
        "memo": call.memo,
        "node": facts(node),
        "ports": call.machine.ports.iter().map(|port| facts_of_port(&shape::port_for_agent(port, ""))).collect::<Vec<_>>(),
        "driver_info": chosen(&node.wished.driver_info, &rules.driver_info),
        "instance_info": chosen(&node.wished.instance_info, &rules.instance_info),
    });
    if let Some(members) = told.as_object_mut() {
        if call.step.by == By::Hook {
            members.insert("hook".to_owned(), json!(hook_of(&call.step)));
            members.insert("result".to_owned(), call.step.args.get("result").cloned().unwrap_or_default());
        } else {
            members.insert("args".to_owned(), json!(call.step.args));
        }
    }
    let mut bytes = told.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// A node as the API shows it, less what only agents and operators need.
fn facts(node: &Node) -> Map<String, Value> {
    let Value::Object(whole) = shape::node_for_agent(node, "") else { return Map::new() };
    let wanted = |name: &str| TOLD.contains(&name) || name.ends_with("_interface");
    whole.into_iter().filter(|(name, _)| wanted(name)).collect()
}

fn facts_of_port(port: &Value) -> Value {
    let member = |name: &str| (name.to_owned(), port.get(name).cloned().unwrap_or_default());
    Value::Object(
        ["uuid", "address", "name", "physical_network", "pxe_enabled", "extra"]
            .map(member)
            .into_iter()
            .collect(),
    )
}

/// These members only, as they are.
fn chosen(members: &Object, names: &[String]) -> Object {
    let known = members.iter().filter(|(name, _)| names.contains(name));
    known.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The secrets that an executable is told: nothing of what it says may repeat them.
pub fn secrets(call: &StepCall, rules: &Rules) -> Vec<String> {
    let told = [
        chosen(&call.machine.node.wished.driver_info, &rules.driver_info),
        chosen(&call.machine.node.wished.instance_info, &rules.instance_info),
    ];
    let texts =
        told.iter().flatten().filter(|(name, _)| is_secret_key(name)).filter_map(|(_, value)| value.as_str());
    texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// What of a node is told; with it the names of its interfaces.
const TOLD: [&str; 20] = [
    "uuid",
    "name",
    "driver",
    "resource_class",
    "properties",
    "extra",
    "traits",
    "description",
    "owner",
    "lessee",
    "conductor_group",
    "parent_node",
    "instance_uuid",
    "instance_name",
    "power_state",
    "provision_state",
    "target_provision_state",
    "raid_config",
    "target_raid_config",
    "boot_mode",
];
/// Rises when what is told changes its meaning.
const VERSION: u8 = 1;
