//! JSON patches with every operator, well-known odd paths and members that are not to be written, on every kind.

use serde_json::{Value, json};

use super::requests::Sent;
use super::stage::{Stage, Whose};
use super::{is_well_refused, runtime};

/// Kinds that are patched, and what is read only in all of them.
const KINDS: &[(&str, &str)] = &[
    ("nodes", "@node"),
    ("ports", "@port"),
    ("portgroups", "@portgroup"),
    ("chassis", "@chassis"),
    ("volume/connectors", "@connector"),
    ("volume/targets", "@target"),
    ("allocations", "@allocation"),
    ("deploy_templates", "@template"),
    ("runbooks", "@runbook"),
    ("inspection_rules", "@rule"),
];

fn paths() -> Vec<String> {
    let mut paths: Vec<String> = [
        "",
        "/",
        "//",
        "///",
        "/extra/",
        "/extra//a",
        "//extra",
        "extra",
        "extra/a",
        "/-",
        "/0",
        "/extra/~2",
        "/extra/~",
        "/extra/a~1b",
        "/extra/a~0b",
        "/~1extra",
        "/extra/a b",
        "/extra/a.b",
        "/extra/\0",
        "/extra/a/b/c",
        "/extra/../name",
        "/..",
        "/.",
        "/%65xtra",
        "/links",
        "/links/0",
        "/created_at",
        "/updated_at",
        "/nothing",
        "/__class__",
        "/id",
        "/extra/a\n",
        " /extra",
        "/EXTRA",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.push(format!("/extra{}", "/a".repeat(2000)));
    paths.push(format!("/{}", "a".repeat(100_000)));
    paths
}

fn sent(path: &str, ident: &str, body: &Value) -> Sent {
    let path = format!("/v1/{path}/{ident}");
    Sent {
        method: "PATCH",
        path,
        version: "1.115".to_owned(),
        body: body.to_string().into_bytes(),
        headers: Vec::new(),
    }
}

async fn is_refused(stage: &mut Stage, whose: Whose, sent: &Sent) {
    let answer = stage.send(whose, sent).await;
    let shown: String = String::from_utf8_lossy(&sent.body).chars().take(200).collect();
    assert!(is_well_refused(&answer), "{whose:?} {} {shown}: {answer:?}", sent.path);
    stage.shows_no_secret(whose, &answer, sent);
    stage.is_unchanged().await.unwrap_or_else(|what| panic!("{whose:?} {} {shown}\n{what}", sent.path));
}

/// A path that is well formed and means something that is not there is refused by `replace` and `remove`, and by `add`
/// unless it is a place that can be made.
#[test]
fn no_odd_path_is_patched() {
    runtime().block_on(async {
        let mut stage = Stage::new().await;
        for (kind, ident) in KINDS {
            for path in paths() {
                for op in ["add", "replace", "remove"] {
                    let patch = json!([{"op": op, "path": path, "value": "x"}]);
                    is_refused(&mut stage, Whose::Admin, &sent(kind, ident, &patch)).await;
                }
            }
        }
    });
}

#[test]
fn no_other_operator_is_known() {
    runtime().block_on(async {
        let mut stage = Stage::new().await;
        for (kind, ident) in KINDS {
            for operation in [
                json!({"op": "test", "path": "/extra", "value": {}}),
                json!({"op": "move", "from": "/extra", "path": "/description"}),
                json!({"op": "copy", "from": "/extra", "path": "/description"}),
                json!({"op": "ADD", "path": "/extra/a", "value": 1}),
                json!({"op": "", "path": "/extra/a", "value": 1}),
                json!({"op": null, "path": "/extra/a", "value": 1}),
                json!({"op": 1, "path": "/extra/a", "value": 1}),
                json!({"op": ["add"], "path": "/extra/a", "value": 1}),
                json!({"path": "/extra/a", "value": 1}),
                json!({"op": "add", "value": 1}),
                json!({"op": "add", "path": "/extra/a"}),
                json!({"op": "replace", "path": "/extra"}),
                json!({"op": "add", "path": null, "value": 1}),
                json!({"op": "add", "path": 1, "value": 1}),
                json!({"op": "add", "path": ["/extra"], "value": 1}),
                json!("add"),
                json!(null),
                json!(["add", "/extra/a", 1]),
            ] {
                // What was good before it is taken back with it.
                let good = json!({"op": "add", "path": "/extra/before", "value": 1});
                for patch in [json!([operation]), json!([good, operation]), operation.clone()] {
                    is_refused(&mut stage, Whose::Admin, &sent(kind, ident, &patch)).await;
                }
            }
        }
    });
}

#[test]
fn nobody_writes_what_the_daemon_writes() {
    runtime().block_on(async {
        let mut stage = Stage::new().await;
        let all: Vec<(&str, &str, &str)> = [
            "provision_state",
            "power_state",
            "target_provision_state",
            "target_power_state",
            "reservation",
            "last_error",
            "maintenance_reason",
            "driver_internal_info",
            "fault",
            "traits",
            "clean_step",
            "raid_config",
            "target_raid_config",
            "inspection_started_at",
            "conductor",
            "allocation_uuid",
            "health",
            "ports",
            "states",
            "uuid",
            "boot_mode",
            "console_enabled",
        ]
        .map(|name| ("nodes", "@node", name))
        .into_iter()
        .chain([("ports", "@port", "internal_info"), ("ports", "@port", "uuid")])
        .chain([
            ("portgroups", "@portgroup", "dynamic_portgroup"),
            ("portgroups", "@portgroup", "internal_info"),
        ])
        .chain(
            ["state", "node_uuid", "resource_class", "traits", "candidate_nodes", "owner", "last_error"]
                .map(|name| ("allocations", "@allocation", name)),
        )
        .chain([("runbooks", "@runbook", "traits"), ("chassis", "@chassis", "nodes")])
        .collect();
        for (kind, ident, name) in all {
            for op in ["add", "replace", "remove"] {
                for path in [format!("/{name}"), format!("/{name}/a")] {
                    let patch = json!([{"op": op, "path": path, "value": "x"}]);
                    is_refused(&mut stage, Whose::Admin, &sent(kind, ident, &patch)).await;
                }
            }
        }
    });
}

#[test]
fn a_tenants_reader_patches_nothing() {
    runtime().block_on(async {
        let mut stage = Stage::new().await;
        for (kind, ident) in KINDS.iter().chain(&[("nodes", "@theirs")]) {
            for patch in [
                json!([]),
                json!([{"op": "add", "path": "/extra/a", "value": 1}]),
                json!([{"op": "replace", "path": "/owner", "value": "mine"}]),
                json!({}),
            ] {
                is_refused(&mut stage, Whose::Tenant, &sent(kind, ident, &patch)).await;
            }
        }
    });
}
