//! Allocations under values that nobody means: refused in the reference's form, nothing has changed, nothing fails
//! inside.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::rack::{Answer, Rack};

/// Any JSON value, three levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::String),
        word().prop_map(Value::String),
        "[a-z]{200,300}".prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map(any::<String>(), inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

/// Words that mean something somewhere.
fn word() -> impl Strategy<Value = String> {
    let words = [
        "n1",
        "a1",
        "CUSTOM_A",
        "active",
        "allocating",
        "error",
        "big",
        "",
        ".",
        "..",
        "%",
        "a/b",
        "null",
        "\0",
        "' OR 1=1",
        "00000000-0000-0000-0000-000000000000",
        "latest",
        "-1",
        "é",
        "\u{202e}",
    ];
    proptest::sample::select(words.map(str::to_owned).to_vec())
}

fn member() -> impl Strategy<Value = String> {
    let names = [
        "uuid",
        "name",
        "resource_class",
        "traits",
        "candidate_nodes",
        "extra",
        "owner",
        "node",
        "node_uuid",
        "state",
        "last_error",
        "created_at",
        "links",
        "candidate",
        "backfill",
        "order",
    ];
    prop_oneof![4 => proptest::sample::select(names.map(str::to_owned).to_vec()), 1 => any::<String>()]
}

fn body() -> impl Strategy<Value = Value> {
    let members = proptest::collection::btree_map(member(), value(), 0..5).prop_map(|members| json!(members));
    prop_oneof![6 => members, 1 => value()]
}

fn patch() -> impl Strategy<Value = Value> {
    let op = prop_oneof!["add", "replace", "remove", "test", "move", any::<String>()];
    let path = prop_oneof![
        4 => proptest::collection::vec(member(), 1..4).prop_map(|parts| format!("/{}", parts.join("/"))),
        1 => any::<String>(),
    ];
    let operation =
        (op, path, value()).prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}));
    let operations = proptest::collection::vec(operation, 0..4).prop_map(Value::Array);
    prop_oneof![6 => operations, 1 => value()]
}

fn query() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => proptest::sample::select(
            ["node", "resource_class", "state", "owner", "fields", "limit", "marker", "sort_key", "sort_dir", "detail"]
                .map(str::to_owned).to_vec()
        ),
        1 => any::<String>(),
    ];
    let pairs = proptest::collection::vec((name, prop_oneof![word(), any::<String>()]), 0..4);
    pairs.prop_map(|pairs| {
        let mut query = String::new();
        for (name, value) in pairs {
            for (text, end) in [(name, '='), (value, '&')] {
                for byte in text.bytes() {
                    write!(query, "%{byte:02x}").unwrap();
                }
                query.push(end);
            }
        }
        query
    })
}

/// A refusal is the client's fault and looks like one.
fn is_well_refused(answer: &Answer) -> bool {
    let inner = answer.inner();
    let told = inner["faultstring"].is_string() || inner["description"].is_string();
    (400..500).contains(&answer.status) && told
}

async fn all(rack: &Rack) -> Value {
    rack.get("/v1/allocations").await.body
}

/// One allocation that has found nothing, and a node.
fn stage() -> (Runtime, Rack) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let rack = runtime.block_on(async {
        let rack = Rack::start().await;
        rack.node(json!({"name": "n1"})).await;
        let made = json!({"resource_class": "big", "name": "a1", "extra": {"a": {"b": [1]}}});
        assert_eq!(rack.call("POST", "/v1/allocations", "1.115", Some(&made)).await.status, 201);
        while all(&rack).await["allocations"][0]["state"] == "allocating" {
            tokio::task::yield_now().await;
        }
        rack
    });
    (runtime, rack)
}

fn runner() -> TestRunner {
    TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() })
}

#[test]
fn no_body_that_is_refused_makes_an_allocation() {
    let (runtime, rack) = stage();
    let tried = runner().run(&body(), |body| {
        runtime.block_on(async {
            let before = all(&rack).await;
            let answer = rack.call("POST", "/v1/allocations", "1.115", Some(&body)).await;
            if answer.status == 201 {
                let path = format!("/v1/allocations/{}", answer.body["uuid"].as_str().unwrap());
                assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 204);
            } else {
                assert!(is_well_refused(&answer), "{body} {answer:?}");
            }
            assert_eq!(all(&rack).await, before, "{body}");
        });
        Ok(())
    });
    tried.unwrap();
}

#[test]
fn no_patch_that_is_refused_changes_an_allocation() {
    let (runtime, rack) = stage();
    let id = runtime.block_on(all(&rack))["allocations"][0]["uuid"].as_str().unwrap().to_owned();
    let tried = runner().run(&patch(), |patch| {
        runtime.block_on(async {
            let before = all(&rack).await["allocations"][0].clone();
            let answer = rack.call("PATCH", &format!("/v1/allocations/{id}"), "1.115", Some(&patch)).await;
            let after = all(&rack).await["allocations"][0].clone();
            if answer.status == 200 {
                for member in
                    ["uuid", "resource_class", "state", "traits", "candidate_nodes", "owner", "node_uuid"]
                {
                    assert_eq!(before[member], after[member], "{patch}");
                }
            } else {
                assert!(is_well_refused(&answer), "{patch} {answer:?}");
                assert_eq!(before, after, "{patch}");
            }
        });
        Ok(())
    });
    tried.unwrap();
}

#[test]
fn no_query_fails_inside() {
    let (runtime, rack) = stage();
    let tried = runner().run(&(query(), 50..116_u16), |(query, version)| {
        runtime.block_on(async {
            for path in ["/v1/allocations", "/v1/allocations/a1", "/v1/nodes/n1/allocation"] {
                let answer =
                    rack.call("GET", &format!("{path}?{query}"), &format!("1.{version}"), None).await;
                assert!(answer.status == 200 || is_well_refused(&answer), "{path}?{query} {answer:?}");
            }
        });
        Ok(())
    });
    tried.unwrap();
}
