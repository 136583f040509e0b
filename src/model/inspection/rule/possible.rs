//! What an action can never do, whatever a machine tells: refused when the rule is written, not in each inspection.
//!
//! What the reference's rules write and keep stays allowed, also where this version does not write it: there the
//! action fails, as it would for a value that does not fit.

use serde_json::Value;

use crate::model::Object;
use crate::model::draft::slot::Slot;
use crate::model::inspection::rule::word::Deed;
use crate::model::node::Wished;
use crate::model::port::PortWished;

/// Whether the action can do something for some machine.
pub fn check(op: Deed, args: &Object) -> Result<(), String> {
    match op {
        Deed::SetAttribute | Deed::ExtendAttribute | Deed::DelAttribute => {
            let is_known = |name: &str| {
                KEPT_OF_NODES.contains(&name) || Slot::of_node(&mut Wished::default(), name).is_some()
            };
            member(args, "a node", is_known)
        }
        Deed::SetPortAttribute | Deed::ExtendPortAttribute | Deed::DelPortAttribute => {
            let is_known = |name: &str| {
                KEPT_OF_PORTS.contains(&name) || Slot::of_port(&mut PortWished::default(), name).is_some()
            };
            member(args, "a port", is_known)
        }
        Deed::Log => level(args),
        Deed::Fail
        | Deed::SetCapability
        | Deed::UnsetCapability
        | Deed::AddTrait
        | Deed::RemoveTrait
        | Deed::SetPluginData
        | Deed::ExtendPluginData
        | Deed::UnsetPluginData
        | Deed::ApiCall => Ok(()),
    }
}

/// The member that a path begins with; braces may make any of it.
fn member(args: &Object, whose: &str, is_known: impl Fn(&str) -> bool) -> Result<(), String> {
    let Some(path) = args.get("path").and_then(Value::as_str) else { return Ok(()) };
    let between = if path.contains('/') { '/' } else { '.' };
    let root = path.trim_matches('/').split(between).next().unwrap_or_default();
    if root.is_empty() || root.contains('{') || is_known(root) {
        return Ok(());
    }
    let shown: String = root.chars().take(64).collect();
    Err(format!("path: {shown:?} is no member of {whose} that a rule can write"))
}

fn level(args: &Object) -> Result<(), String> {
    let Some(level) = args.get("level").and_then(Value::as_str).filter(|text| !text.contains('{')) else {
        return Ok(());
    };
    if LEVELS.iter().any(|name| name.eq_ignore_ascii_case(level)) {
        return Ok(());
    }
    let shown: String = level.chars().take(32).collect();
    Err(format!("level {shown:?} is not one of {}", LEVELS.join(", ")))
}

const LEVELS: [&str; 5] = ["debug", "info", "warning", "error", "critical"];
/// Members that the reference's rules write and keep, and that rules do not write here.
const KEPT_OF_NODES: &[&str] = &[
    "driver_internal_info",
    "fault",
    "health",
    "last_error",
    "maintenance_reason",
    "power_state",
    "raid_config",
    "target_raid_config",
];
const KEPT_OF_PORTS: &[&str] = &["address", "internal_info"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(op: &str, args: &Value) -> Result<(), String> {
        check(Deed::parse(op).unwrap(), args.as_object().unwrap())
    }

    #[test]
    fn members_that_no_rule_can_write_are_refused() {
        for path in ["/uuid", "uuid", "provision_state", "/provision_state/x", "created_at", "nosuch", "id.x"]
        {
            for op in ["set-attribute", "extend-attribute", "del-attribute"] {
                let error = checked(op, &json!({"path": path, "value": 1})).unwrap_err();
                assert!(error.contains("no member of a node"), "{error}");
            }
        }
        for path in ["uuid", "node_uuid", "/created_at"] {
            let args = json!({"port_id": "x", "path": path, "value": 1});
            let error = checked("set-port-attribute", &args).unwrap_err();
            assert!(error.contains("no member of a port"), "{error}");
        }
        assert!(checked("log", &json!({"msg": "x", "level": "loud"})).unwrap_err().contains("loud"));
    }

    #[test]
    fn what_can_work_for_some_machine_is_taken() {
        for path in
            ["/extra/x", "driver", "bios_interface", "{item}", "{item}.x", "driver_internal_info/x", ""]
        {
            assert_eq!(checked("set-attribute", &json!({"path": path, "value": 1})), Ok(()), "{path}");
        }
        for path in ["pxe_enabled", "address", "extra.x"] {
            assert_eq!(
                checked("set-port-attribute", &json!({"port_id": "x", "path": path, "value": 1})),
                Ok(())
            );
        }
        for args in [json!({"msg": "x"}), json!({"msg": "x", "level": "WARNING"}), json!({"level": "{x}"})] {
            assert_eq!(checked("log", &args), Ok(()));
        }
        assert_eq!(checked("add-trait", &json!({"name": "any"})), Ok(()));
    }
}
