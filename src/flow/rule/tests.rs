//! The rules at work on an inventory.

use serde_json::{Value, json};
use uuid::Uuid;

use super::apply;
use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::moment::Moment;
use crate::flow::hook::Survey;
use crate::model::Object;
use crate::model::inspection::Bearers;
use crate::model::inspection::policy::{Inspector, MaskSecrets};
use crate::model::inspection::rule::{Rule, draft};
use crate::model::node::{Node, Wished};
use crate::model::port::{Port, PortWished};

#[derive(Debug)]
struct Nobody;

impl Bearers for Nobody {
    fn bearer(&self, _: Mac) -> Option<NodeId> {
        None
    }

    fn count_in(&self, _: &[crate::model::provision::Provision]) -> usize {
        0
    }
}

fn object(value: Value) -> Object {
    serde_json::from_value(value).unwrap()
}

fn inventory() -> Object {
    object(json!({
        "cpu": {"count": 4, "architecture": "x86_64"}, "bmc_address": "10.1.0.9", "bmc_password": "hunter2",
        "system_vendor": {"manufacturer": "ACME Corp", "serial_number": "S1"}, "interfaces": [{"name": "eth0"}],
    }))
}

fn survey<'a>(inventory: &'a Object, policy: &'a Inspector) -> Survey<'a> {
    let wished = Wished {
        name: Some("n1".to_owned()),
        driver: "ipmi".to_owned(),
        driver_info: object(json!({"ipmi_password": "secret", "ipmi_address": "10.1.0.9"})),
        properties: object(json!({"capabilities": "a:1,b:2"})),
        ..Wished::default()
    };
    let node = Node::new(NodeId(Uuid::from_u128(1)), wished, Moment(0));
    let port = Port {
        id: PortId(Uuid::from_u128(7)),
        order: 1,
        created_at: Moment(0),
        updated_at: None,
        node: node.id,
        address: Mac([2, 0, 0, 0, 0, 1]),
        wished: PortWished::default(),
        internal_info: Object::new(),
    };
    Survey {
        inventory,
        data: object(json!({"root_disk": {"size": 10}, "tags": ["x"]})),
        node,
        ports: vec![port],
        policy,
        bearers: &Nobody,
        fresh: Vec::new(),
        before: None,
        notes: Vec::new(),
        calls: Vec::new(),
    }
}

fn rule(priority: i64, conditions: &Value, actions: &Value) -> Rule {
    let body = json!({"priority": priority, "conditions": conditions, "actions": actions});
    let (_, wished) = draft::rule(object(body)).unwrap();
    Rule { id: Uuid::from_u128(9), order: 1, created_at: Moment(0), updated_at: None, wished }
}

/// Whether a rule with this one condition does something.
fn holds(condition: &Value) -> Result<bool, String> {
    let (inventory, policy) = (inventory(), Inspector::default());
    let mut survey = survey(&inventory, &policy);
    let seen = json!([{"op": "set-plugin-data", "args": {"path": "seen", "value": "yes"}}]);
    apply(&[rule(0, &json!([condition]), &seen)], &mut survey).map_err(|failed| failed.to_string())?;
    Ok(survey.data.contains_key("seen"))
}

#[test]
fn conditions_hold_as_in_the_reference() {
    for (condition, wanted) in [
        (json!({"op": "eq", "args": {"values": ["{inventory[cpu][architecture]}", "x86_64"]}}), true),
        (json!({"op": "eq", "args": [["{inventory[cpu][architecture]}", "x86_64"]]}), true),
        (json!({"op": "!eq", "args": {"values": ["{node.driver}", "redfish"]}}), true),
        (json!({"op": "! eq", "args": {"values": [1, 1.0]}}), false),
        (json!({"op": "eq", "args": {"values": ["{inventory[cpu][count]}", 4]}}), false),
        (
            json!({"op": "eq", "args": {"values": ["{inventory[cpu][count]}", 4], "force_strings": true}}),
            true,
        ),
        (json!({"op": "lt", "args": {"values": [1, 2, 3]}}), true),
        (json!({"op": "gt", "args": {"values": [3, 2, 2]}}), false),
        (json!({"op": "gt", "args": {"values": ["b", "a"]}}), true),
        (json!({"op": "is-empty", "args": {"value": "{inventory[nothing][here]}"}}), true),
        (json!({"op": "is-empty", "args": {"value": "{node.properties}"}}), false),
        (json!({"op": "is-none", "args": {"value": null}}), true),
        (json!({"op": "is-true", "args": {"value": "YES"}}), true),
        (json!({"op": "is-false", "args": {"value": 0}}), true),
        (json!({"op": "is-true", "args": {"value": "perhaps"}}), false),
        (
            json!({"op": "in-net", "args": {"address": "{inventory[bmc_address]}", "subnet": "10.1.0.0/24"}}),
            true,
        ),
        (
            json!({"op": "!in-net", "args": {"address": "{inventory[bmc_address]}", "subnet": "10.2.0.0/24"}}),
            true,
        ),
        (
            json!({"op": "matches", "args": {"value": "{inventory[system_vendor][manufacturer]}", "regex": "ACME"}}),
            false,
        ),
        (
            json!({"op": "matches", "args": {"value": "{inventory[system_vendor][manufacturer]}", "regex": "ACME.*"}}),
            true,
        ),
        (
            json!({"op": "contains", "args": {"value": "{inventory[system_vendor]}", "regex": "'serial_number': 'S1'"}}),
            true,
        ),
        (
            json!({"op": "one-of", "args": {"value": "{inventory[interfaces][0][name]}", "values": ["eth0", "eth1"]}}),
            true,
        ),
        (json!({"op": "one-of", "args": {"value": "x"}}), false),
        (json!({"op": "eq", "args": {"values": ["{{x}}", "{item}"]}}), false),
    ] {
        assert_eq!(holds(&condition), Ok(wanted), "{condition}");
    }
    for (condition, word) in [
        (json!({"op": "lt", "args": {"values": [1, "b"]}}), "cannot be compared"),
        (json!({"op": "eq", "args": {"values": "x"}}), "must be a list"),
        (json!({"op": "in-net", "args": {"address": "x", "subnet": "10.0.0.0/8"}}), "no address"),
    ] {
        let error = holds(&condition).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn a_loop_decides_by_any_all_first_or_last() {
    let looped = |multiple: &str, items: Value| json!({"op": "eq", "args": {"values": ["{inventory[cpu][count]}", "{item}"]}, "loop": items, "multiple": multiple});
    for (multiple, items, wanted) in [
        ("any", json!([1, 4]), true),
        ("all", json!([1, 4]), false),
        ("all", json!([4, "4"]), true),
        ("first", json!([1, 4]), true),
        ("first", json!([1]), false),
        ("last", json!([4, 1]), false),
        ("last", json!([1, 4]), true),
    ] {
        assert_eq!(holds(&looped(multiple, items.clone())), Ok(wanted), "{multiple} {items}");
    }
    let nested = json!({"op": "eq", "args": {"values": ["{item[path]}", "4"]}, "loop": [{"path": "{inventory[cpu][count]}"}]});
    assert_eq!(holds(&nested), Ok(true), "items may have braces of their own");
}

fn after(actions: &Value) -> Result<(Node, Object, Port), String> {
    let (inventory, policy) = (inventory(), Inspector::default());
    let mut survey = survey(&inventory, &policy);
    apply(&[rule(0, &json!([]), actions)], &mut survey).map_err(|failed| failed.to_string())?;
    let Survey { node, data, mut ports, .. } = survey;
    Ok((node, data, ports.remove(0)))
}

#[test]
fn actions_change_node_ports_and_data() {
    let (node, data, port) = after(&json!([
        {"op": "set-attribute", "args": {"path": "/properties/vendor/name", "value": "{inventory[system_vendor][manufacturer]}"}},
        {"op": "set-attribute", "args": {"path": "resource_class", "value": "big"}},
        {"op": "set-attribute", "args": {"path": "driver_info.{item[key]}", "value": "{item[value]}"},
            "loop": [{"key": "a", "value": "{inventory[bmc_address]}"}, {"key": "b", "value": 2}]},
        {"op": "extend-attribute", "args": {"path": "extra/tags", "value": "t"}},
        {"op": "extend-attribute", "args": {"path": "extra/tags", "value": "t", "unique": true}},
        {"op": "del-attribute", "args": {"path": "driver_info/ipmi_address"}},
        {"op": "set-capability", "args": {"name": "a", "value": "9"}},
        {"op": "unset-capability", "args": {"name": "b"}},
        {"op": "add-trait", "args": {"name": "CUSTOM_GOLD"}},
        {"op": "add-trait", "args": {"name": "CUSTOM_SILVER"}},
        {"op": "remove-trait", "args": {"name": "CUSTOM_SILVER"}},
        {"op": "set-plugin-data", "args": {"path": "a.b", "value": 5}},
        {"op": "extend-plugin-data", "args": {"path": "tags", "value": "y"}},
        {"op": "unset-plugin-data", "args": {"path": "root_disk.size"}},
        {"op": "unset-plugin-data", "args": {"path": "no.such"}},
        {"op": "set-port-attribute", "args": {"port_id": "02:00:00:00:00:01", "path": "physical_network", "value": "p1"}},
        {"op": "set-port-attribute", "args": {"port_id": Uuid::from_u128(7), "path": "extra/x", "value": "{plugin_data[a][b]}"}},
        {"op": "del-port-attribute", "args": {"port_id": Uuid::from_u128(7), "path": "physical_network"}},
        {"op": "log", "args": {"msg": "saw {node.name}", "level": "warning"}},
    ]))
    .unwrap();
    assert_eq!(
        node.wished.properties,
        object(json!({"capabilities": "a:9", "vendor": {"name": "ACME Corp"}}))
    );
    assert_eq!(node.wished.resource_class.as_deref(), Some("big"));
    assert_eq!(
        node.wished.driver_info,
        object(json!({"a": "10.1.0.9", "b": "2", "ipmi_password": "secret"}))
    );
    assert_eq!(node.wished.extra, object(json!({"tags": ["t"]})));
    assert_eq!(node.traits, ["CUSTOM_GOLD"]);
    assert_eq!(data, object(json!({"a": {"b": 5}, "tags": ["x", "y"], "root_disk": {}})));
    assert_eq!(port.wished.physical_network, None);
    assert_eq!(port.wished.extra, object(json!({"x": "5"})));
}

#[test]
fn what_cannot_be_done_is_told() {
    for (action, word) in [
        (json!({"op": "fail", "args": {"msg": "not {node.name}"}}), "not n1"),
        (
            json!({"op": "set-attribute", "args": {"path": "driver_internal_info/x", "value": "y"}}),
            "driver_internal_info",
        ),
        (json!({"op": "set-attribute", "args": {"path": "properties//x", "value": 1}}), "no path"),
        (json!({"op": "set-attribute", "args": {"path": "{x}", "value": 1}}), "no writable member"),
        (json!({"op": "set-attribute", "args": {"path": "maintenance", "value": "x"}}), "maintenance"),
        (json!({"op": "set-attribute", "args": {"path": "resource_class/x", "value": 1}}), "resource_class"),
        (json!({"op": "del-attribute", "args": {"path": "extra/no"}}), "\"no\""),
        (
            json!({"op": "extend-attribute", "args": {"path": "driver_info/ipmi_address", "value": 1}}),
            "no list",
        ),
        (json!({"op": "add-trait", "args": {"name": "custom gold"}}), "A-Z"),
        (
            json!({"op": "set-port-attribute", "args": {"port_id": "x", "path": "name", "value": 1}}),
            "no port",
        ),
        (json!({"op": "log", "args": {"msg": "x", "level": "{loud}"}}), "loud"),
    ] {
        let error = after(&json!([action])).unwrap_err();
        assert!(error.contains(word), "{word} in {error}");
    }
}

#[test]
fn the_highest_priority_is_first_and_rules_see_what_came_before() {
    let (inventory, policy) = (inventory(), Inspector::default());
    let mut survey = survey(&inventory, &policy);
    let set = |value: &str| json!([{"op": "set-attribute", "args": {"path": "extra/x", "value": value}}]);
    let seen = json!([{"op": "eq", "args": {"values": ["{node.extra[x]}", "first"]}}]);
    apply(&[rule(1, &seen, &set("second")), rule(5, &json!([]), &set("first"))], &mut survey).unwrap();
    assert_eq!(survey.node.wished.extra["x"], "second");
}

#[test]
fn secrets_are_not_seen_unless_the_site_says_so() {
    let inventory = inventory();
    for (mask_secrets, sensitive, shown) in [
        (MaskSecrets::Always, true, "***"),
        (MaskSecrets::Sensitive, false, "***"),
        (MaskSecrets::Sensitive, true, "hunter2"),
        (MaskSecrets::Never, false, "hunter2"),
    ] {
        let policy = Inspector { mask_secrets, ..Inspector::default() };
        let mut survey = survey(&inventory, &policy);
        let text = "{inventory[bmc_password]} {inventory} {node.driver_info}";
        let mut one =
            rule(0, &json!([]), &json!([{"op": "set-plugin-data", "args": {"path": "x", "value": text}}]));
        one.wished.sensitive = sensitive;
        apply(&[one], &mut survey).unwrap();
        let told = survey.data["x"].as_str().unwrap();
        assert!(told.starts_with(&format!("{shown} ")), "{told}");
        assert_eq!(told.contains("hunter2"), shown == "hunter2");
        assert!(!told.contains("secret'"), "the node's own are always hidden: {told}");
    }
}

#[test]
fn a_rule_that_cannot_work_is_refused_when_it_is_made() {
    let good = json!([{"op": "fail", "args": {"msg": "x"}}]);
    for (body, word) in [
        (json!({}), "actions"),
        (json!({"actions": []}), "actions"),
        (json!({"actions": good, "colour": 1}), "colour"),
        (json!({"actions": good, "priority": -1}), "priority"),
        (json!({"actions": good, "priority": 10_000}), "priority"),
        (json!({"actions": good, "phase": "early"}), "phase"),
        (json!({"actions": good, "uuid": "x"}), "UUID"),
        (json!({"actions": [{"op": "nosuch", "args": {}}]}), "nosuch"),
        (json!({"actions": [{"op": "api-call", "args": {"url": "http://{item}"}}]}), "api-call"),
        (json!({"actions": [{"op": "fail", "args": {}}]}), "msg is missing"),
        (json!({"actions": [{"op": "fail", "args": {"msg": "x", "y": 1}}]}), "\"y\""),
        (json!({"actions": [{"op": "fail", "args": ["x", "y"]}]}), "more arguments"),
        (json!({"actions": [{"op": "fail", "args": ["x"], "loop": "x"}]}), "loop"),
        (json!({"actions": good, "conditions": [{"op": "!!eq", "args": {"values": []}}]}), "operator"),
        (
            json!({"actions": good, "conditions": [{"op": "contains", "args": {"value": "x", "regex": "(?=x)"}}]}),
            "regex",
        ),
        (
            json!({"actions": good, "conditions": [{"op": "contains", "args": {"value": "x", "regex": "(x{1000}){1000}"}}]}),
            "regex",
        ),
        (
            json!({"actions": good, "conditions": [{"op": "eq", "args": {"values": []}, "multiple": "some"}]}),
            "multiple",
        ),
        (json!({"actions": vec![good[0].clone(); 65]}), "64"),
        (json!({"actions": good, "description": "x".repeat(33_000)}), "32768"),
    ] {
        let error = draft::rule(object(body)).unwrap_err().to_string();
        assert!(error.contains(word), "{word} in {error}");
    }
}

#[test]
fn a_rule_comes_back_as_it_was_written() {
    let body = json!({
        "description": "d", "priority": 3, "sensitive": false, "phase": "main",
        "conditions": [{"op": "!eq", "args": {"values": [1, 2]}, "loop": [1], "multiple": "any"}],
        "actions": [{"op": "log", "args": ["x"], "loop": {"a": 1}}],
    });
    let (_, wished) = draft::rule(object(body.clone())).unwrap();
    assert_eq!(Value::Object(wished.written()), body);
}

proptest::proptest! {
    #[test]
    fn no_text_in_braces_is_a_panic(text in r"[{}\[\]a-z.0-9]{0,40}", path: String) {
        after(&json!([{"op": "set-plugin-data", "args": {"path": path, "value": text}}])).ok();
        // Braces where it begins, or most would be refused before anything is carried out.
        let place = format!("{{item}}{path}");
        after(&json!([{"op": "set-attribute", "args": {"path": place, "value": text}, "loop": [text]}])).ok();
    }
}
