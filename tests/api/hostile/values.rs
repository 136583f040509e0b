//! Values that nobody means.

use ferric::api::table::Route;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Any JSON value, three levels deep.
pub fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        2 => Just(Value::Null),
        2 => any::<bool>().prop_map(Value::Bool),
        2 => any::<i64>().prop_map(|number| json!(number)),
        1 => any::<f64>().prop_map(|number| json!(number)),
        2 => any::<String>().prop_map(Value::String),
        6 => word().prop_map(Value::String),
        1 => "[a-z]{200,300}".prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map(prop_oneof![word(), any::<String>()], inner, 0..4)
                .prop_map(|members| json!(members)),
        ]
    })
}

/// Words that mean something somewhere, and words that break something somewhere.
pub fn word() -> impl Strategy<Value = String> {
    let words = [
        "",
        ".",
        "..",
        "../../../etc/passwd",
        "%2e%2e/x",
        "a/b",
        "a b",
        "\0",
        "x\0y",
        "\r\nX-Injected: 1",
        "' OR 1=1 --",
        "{node.driver_info}",
        "{{7*7}}",
        "${jndi:x}",
        "null",
        "true",
        "True",
        "-1",
        "0",
        "1e999",
        "99999999999999999999999",
        "é",
        "\u{202e}",
        "\u{feff}",
        "😀",
        "n1",
        "theirs",
        "CUSTOM_A",
        "active",
        "manage",
        "clean",
        "latest",
        "uuid",
        "driver_info",
        "http://127.0.0.1:1/x",
        "file:///etc/passwd",
        "00000000-0000-0000-0000-000000000000",
        "52:54:00:00:00:01",
    ];
    proptest::sample::select(words.map(str::to_owned).to_vec())
}

/// Names of members of some body.
pub fn member() -> impl Strategy<Value = String> {
    let names = [
        "uuid",
        "name",
        "driver",
        "driver_info",
        "extra",
        "properties",
        "instance_info",
        "instance_uuid",
        "chassis_uuid",
        "node_uuid",
        "address",
        "target",
        "traits",
        "steps",
        "actions",
        "conditions",
        "owner",
        "lessee",
        "maintenance",
        "provision_state",
        "power_state",
        "created_at",
        "updated_at",
        "links",
        "reservation",
        "internal_info",
        "resource_class",
        "candidate_nodes",
        "state",
        "project",
        "role",
        "id",
        "__proto__",
        "network_data",
        "parent_node",
        "portgroup_uuid",
        "local_link_connection",
        "timeout",
        "configdrive",
        "clean_steps",
        "deploy_steps",
        "runbook",
        "boot_device",
        "persistent",
        "enabled",
        "reason",
    ];
    prop_oneof![5 => proptest::sample::select(names.map(str::to_owned).to_vec()), 1 => any::<String>()]
}

/// Bytes that are no JSON, or too much of it, each with its name.
pub fn raw_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let text = "x".repeat(1 << 20);
    vec![
        ("half an object", b"{\"a\": ".to_vec()),
        ("no JSON", b"{nope".to_vec()),
        ("bad UTF-8", b"{\"a\": \"\xff\xfe\"}".to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("two values", b"{} {}".to_vec()),
        ("NaN", b"{\"a\": NaN}".to_vec()),
        ("a number beyond 64 bits", format!("{{\"a\": {}}}", "9".repeat(30)).into_bytes()),
        ("a lone surrogate", b"{\"a\": \"\\ud800\"}".to_vec()),
        ("a NUL byte", b"{\"a\": \"\0\"}".to_vec()),
        ("a form", b"a=1&b=2".to_vec()),
        ("deep nesting", "[".repeat(5000).into_bytes()),
        ("deep objects", "{\"a\":".repeat(5000).into_bytes()),
        ("a text of 1 MiB", json!({"a": text}).to_string().into_bytes()),
        ("a text", b"\"x\"".to_vec()),
        ("a number", b"1".to_vec()),
    ]
}

/// A body means nothing there: any value that a vendor's method takes, or none at all.
pub fn ignores_body(route: &Route) -> bool {
    route.path.ends_with("vendor_passthru/{}")
}
