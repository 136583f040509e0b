//! `/v1/allocations`: made, shown, changed, deleted; what each version may, and what is refused changes nothing.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

/// A free node of this class.
async fn free(rack: &Rack, name: &str, class: &str) -> String {
    let node = rack.node(json!({"name": name, "resource_class": class})).await;
    rack.go(&node, "manage").await;
    rack.go(&node, "provide").await;
    node
}

async fn post(rack: &Rack, body: Value) -> Answer {
    rack.call("POST", "/v1/allocations", "1.115", Some(&body)).await
}

/// The allocation once it is no longer `allocating`.
async fn settled(rack: &Rack, ident: &str) -> Value {
    for _ in 0..3000 {
        let answer = rack.get(&format!("/v1/allocations/{ident}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if answer.body["state"] != "allocating" {
            return answer.body;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it stays allocating");
}

fn op(op: &str, path: &str, value: &Value) -> Value {
    json!([{"op": op, "path": path, "value": value}])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allocation_gets_a_node_and_gives_it_back() {
    let rack = Rack::start().await;
    let node = free(&rack, "n1", "big").await;
    let made = post(&rack, json!({"resource_class": "big", "name": "a1", "extra": {"k": 1}})).await;
    assert_eq!(
        (made.status, &made.body["state"], &made.body["node_uuid"]),
        (201, &json!("allocating"), &Value::Null)
    );
    let id = made.body["uuid"].as_str().unwrap().to_owned();
    assert_eq!(made.headers.get("Location"), Some(format!("http://api/v1/allocations/{id}").as_str()));
    let active = settled(&rack, "a1").await;
    assert_eq!((&active["state"], &active["node_uuid"]), (&json!("active"), &json!(node)));
    assert_eq!((&active["last_error"], &active["extra"]), (&Value::Null, &json!({"k": 1})));
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!((&shown["instance_uuid"], &shown["allocation_uuid"]), (&json!(id), &json!(id)));
    assert_eq!(shown["instance_info"], json!({"traits": []}));
    let of_node = rack.get("/v1/nodes/n1/allocation").await;
    assert_eq!((of_node.status, &of_node.body["uuid"]), (200, &json!(id)));
    let picked = rack.get("/v1/nodes/n1/allocation?fields=name,state").await.body;
    assert_eq!(picked.as_object().unwrap().keys().collect::<Vec<_>>(), ["links", "name", "state"]);
    let told = rack.get("/v1/nodes/n1/history").await.body;
    assert!(told["history"].is_array());
    assert_eq!(rack.call("DELETE", "/v1/allocations/a1", "1.115", None).await.status, 204);
    assert_eq!(rack.get("/v1/allocations/a1").await.status, 404);
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!((&shown["instance_uuid"], &shown["allocation_uuid"]), (&Value::Null, &Value::Null));
    assert_eq!(rack.get("/v1/nodes/n1/allocation").await.status, 404);
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1/allocation", "1.115", None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_there_is_no_node_is_said() {
    let rack = Rack::start().await;
    let made = post(&rack, json!({"resource_class": "big"})).await;
    let id = made.body["uuid"].as_str().unwrap();
    let row = settled(&rack, id).await;
    assert_eq!((&row["state"], &row["node_uuid"]), (&json!("error"), &Value::Null));
    let why = row["last_error"].as_str().unwrap();
    assert_eq!(
        why,
        format!(
            "Failed to process allocation {id}: no available nodes match the resource class big: no node has it."
        )
    );
    assert_eq!(rack.call("DELETE", &format!("/v1/allocations/{id}"), "1.52", None).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_are_named_either_way_and_no_other_is_taken() {
    let rack = Rack::start().await;
    let first = free(&rack, "n1", "big").await;
    free(&rack, "n2", "big").await;
    let third = free(&rack, "n3", "big").await;
    let body = json!({"resource_class": "big", "name": "a1", "candidate_nodes": ["n3", first]});
    let made = post(&rack, body).await;
    assert_eq!(made.body["candidate_nodes"], json!([third, first]), "the order is kept");
    post(&rack, json!({"resource_class": "big", "name": "a2", "candidate_nodes": [first, "n3"]})).await;
    let got = [settled(&rack, "a1").await, settled(&rack, "a2").await].map(|row| row["node_uuid"].clone());
    assert!(got.contains(&json!(first)) && got.contains(&json!(third)), "{got:?}");
    post(&rack, json!({"resource_class": "big", "name": "a3", "candidate_nodes": ["n1"]})).await;
    let why = settled(&rack, "a3").await["last_error"].as_str().unwrap().to_owned();
    assert!(
        why.contains("none of the requested nodes are available and match the resource class big: node n1"),
        "{why}"
    );
    let unknown = post(&rack, json!({"resource_class": "big", "candidate_nodes": ["n1", "zz"]})).await;
    assert_eq!((unknown.status, unknown.text().contains("zz")), (400, true), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namesake_is_tried_first() {
    let rack = Rack::start().await;
    for name in ["n1", "n2", "n3"] {
        free(&rack, name, "big").await;
    }
    let third = rack.get("/v1/nodes/n3").await.body["uuid"].clone();
    post(&rack, json!({"resource_class": "big", "name": "n3"})).await;
    assert_eq!(settled(&rack, "n3").await["node_uuid"], third);
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_get_what_is_theirs() {
    let rack = Rack::start().await;
    free(&rack, "n1", "big").await;
    let second = free(&rack, "n2", "big").await;
    let lease = op("add", "/lessee", &json!("p"));
    assert_eq!(rack.call("PATCH", "/v1/nodes/n2", "1.115", Some(&lease)).await.status, 200);
    post(&rack, json!({"resource_class": "big", "name": "a1", "owner": "p"})).await;
    assert_eq!(settled(&rack, "a1").await["node_uuid"], json!(second));
    let owner = rack.call("PATCH", "/v1/nodes/n2", "1.115", Some(&op("add", "/owner", &json!("q")))).await;
    assert_eq!(owner.status, 409, "{owner:?}");
    post(&rack, json!({"resource_class": "big", "name": "a2", "owner": "q"})).await;
    let why = settled(&rack, "a2").await["last_error"].as_str().unwrap().to_owned();
    assert!(why.contains("no node has it") && !why.contains("owner"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_node_is_not_given_back_and_tear_down_ends_the_allocation() {
    let rack = Rack::start().await;
    let node = free(&rack, "n1", "big").await;
    post(&rack, json!({"resource_class": "big", "name": "a1"})).await;
    settled(&rack, "a1").await;
    rack.go(&node, "active").await;
    for path in ["/v1/allocations/a1", "/v1/nodes/n1/allocation"] {
        let refused = rack.call("DELETE", path, "1.115", None).await;
        assert_eq!(refused.status, 409, "{refused:?}");
    }
    let remove = json!([{"op": "remove", "path": "/instance_uuid"}]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&remove)).await.status, 409);
    assert_eq!(rack.get("/v1/allocations/a1").await.body["state"], "active");
    rack.go(&node, "deleted").await;
    assert_eq!(rack.get("/v1/allocations/a1").await.status, 404);
    assert_eq!(rack.get("/v1/allocations").await.body["allocations"], json!([]));
    assert_eq!(rack.get("/v1/nodes/n1").await.body["allocation_uuid"], Value::Null);
    assert_eq!(
        post(&rack, json!({"resource_class": "big", "name": "a1"})).await.status,
        201,
        "its name is free"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_lets_an_active_node_go() {
    let rack = Rack::start().await;
    let node = free(&rack, "n1", "big").await;
    post(&rack, json!({"resource_class": "big", "name": "a1"})).await;
    settled(&rack, "a1").await;
    rack.go(&node, "active").await;
    rack.call("PUT", "/v1/nodes/n1/maintenance", "1.115", None).await;
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1/allocation", "1.115", None).await.status, 204);
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!((&shown["provision_state"], &shown["instance_uuid"]), (&json!("active"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_the_instance_or_the_node_removes_the_allocation() {
    let rack = Rack::start().await;
    free(&rack, "n1", "big").await;
    post(&rack, json!({"resource_class": "big", "name": "a1"})).await;
    settled(&rack, "a1").await;
    let other = op("replace", "/instance_uuid", &json!("1be26c0b-03f2-4d2e-ae87-c02d7f33c123"));
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&other)).await.status, 409);
    let remove = json!([{"op": "remove", "path": "/instance_uuid"}]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&remove)).await.status, 200);
    assert_eq!(rack.get("/v1/allocations/a1").await.status, 404);
    post(&rack, json!({"resource_class": "big", "name": "a1"})).await;
    settled(&rack, "a1").await;
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1", "1.115", None).await.status, 409);
    rack.call("PUT", "/v1/nodes/n1/maintenance", "1.115", None).await;
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1", "1.115", None).await.status, 204);
    assert_eq!(rack.get("/v1/allocations").await.body["allocations"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_in_use_is_backfilled() {
    let rack = Rack::start().await;
    let node = free(&rack, "n1", "big").await;
    let body = json!({"node": "n1", "name": "a1"});
    let early = post(&rack, body.clone()).await;
    assert_eq!((early.status, early.text().contains("must be active")), (409, true), "{early:?}");
    assert_eq!(rack.get("/v1/allocations").await.body["allocations"], json!([]), "nothing is kept of it");
    rack.go(&node, "active").await;
    let instance = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";
    let set = op("add", "/instance_uuid", &json!(instance));
    assert_eq!(rack.call("PATCH", "/v1/nodes/n1", "1.115", Some(&set)).await.status, 200);
    let old = rack.call("POST", "/v1/allocations", "1.57", Some(&body)).await;
    assert_eq!(old.status, 400, "{old:?}");
    for (members, status) in [
        (json!({"node": "zz"}), 400),
        (json!({"node": "n1", "resource_class": "tiny"}), 409),
        (json!({"node": "n1", "traits": ["CUSTOM_A"]}), 409),
        (json!({"node": "n1", "uuid": "1be26c0b-03f2-4d2e-ae87-c02d7f33c124"}), 409),
    ] {
        let refused = post(&rack, members.clone()).await;
        assert_eq!(refused.status, status, "{members} {refused:?}");
    }
    let made = rack.call("POST", "/v1/allocations", "1.58", Some(&body)).await;
    assert_eq!(
        (made.status, &made.body["uuid"], &made.body["state"]),
        (201, &json!(instance), &json!("active"))
    );
    assert_eq!((&made.body["node_uuid"], &made.body["resource_class"]), (&json!(node), &json!("big")));
    assert_eq!(rack.get("/v1/nodes/n1").await.body["allocation_uuid"], json!(instance));
    assert_eq!(post(&rack, json!({"node": "n1"})).await.status, 409, "it has one already");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_paged() {
    let rack = Rack::start().await;
    let node = free(&rack, "n1", "big").await;
    for (name, class, owner) in [("a1", "big", None), ("a2", "tiny", Some("p")), ("a3", "tiny", None)] {
        post(&rack, json!({"resource_class": class, "name": name, "owner": owner})).await;
        settled(&rack, name).await;
    }
    let names = async |query: &str| {
        let answer = rack.get(&format!("/v1/allocations?{query}")).await;
        assert_eq!(answer.status, 200, "{query} {answer:?}");
        let rows = answer.body["allocations"].as_array().unwrap().clone();
        let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
        (names.join(","), answer.body["next"].as_str().map(str::to_owned))
    };
    for (query, found) in [
        ("", "a1,a2,a3"),
        ("node=n1", "a1"),
        ("resource_class=tiny", "a2,a3"),
        ("state=active", "a1"),
        ("state=error&resource_class=tiny", "a2,a3"),
        ("state=bogus", ""),
        ("owner=p", "a2"),
        ("sort_key=name&sort_dir=desc", "a3,a2,a1"),
        ("sort_key=resource_class", "a1,a2,a3"),
    ] {
        assert_eq!(names(query).await, (found.to_owned(), None), "{query}");
    }
    assert_eq!(names(&format!("node={node}")).await.0, "a1");
    let (first, next) = names("limit=2").await;
    let next = next.unwrap();
    assert_eq!(first, "a1,a2");
    assert_eq!(names(next.split_once('?').unwrap().1).await.0, "a3");
    for (query, status) in [
        ("node=zz", 400),
        ("sort_key=extra", 400),
        ("sort_key=traits", 400),
        ("sort_key=candidate_nodes", 400),
        ("fields=zz", 400),
        ("limit=0", 400),
        ("zz=1", 400),
        ("marker=1be26c0b-03f2-4d2e-ae87-c02d7f33c123", 404),
    ] {
        assert_eq!(rack.get(&format!("/v1/allocations?{query}")).await.status, status, "{query}");
    }
    let picked = rack.get("/v1/allocations?fields=uuid,state").await.body["allocations"][0].clone();
    assert_eq!(picked.as_object().unwrap().keys().collect::<Vec<_>>(), ["links", "state", "uuid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_has_what_is_its_own() {
    let rack = Rack::start().await;
    let body = json!({"resource_class": "x", "name": "a1"});
    let made = post(&rack, body.clone()).await;
    let id = made.body["uuid"].as_str().unwrap().to_owned();
    rack.node(json!({"name": "n1"})).await;
    let one = format!("/v1/allocations/{id}");
    let patch = op("replace", "/name", &json!("a1"));
    for (method, path, body, version, status) in [
        ("GET", "/v1/allocations", None, "1.51", 404),
        ("GET", "/v1/allocations", None, "1.52", 200),
        ("GET", one.as_str(), None, "1.51", 404),
        ("GET", one.as_str(), None, "1.52", 200),
        ("POST", "/v1/allocations", Some(&body), "1.51", 405),
        ("POST", "/v1/allocations", Some(&body), "1.52", 409),
        ("PATCH", one.as_str(), Some(&patch), "1.51", 405),
        ("PATCH", one.as_str(), Some(&patch), "1.56", 405),
        ("PATCH", one.as_str(), Some(&patch), "1.57", 200),
        ("DELETE", one.as_str(), None, "1.51", 405),
        ("GET", "/v1/nodes/n1/allocation", None, "1.51", 404),
        ("DELETE", "/v1/nodes/n1/allocation", None, "1.51", 404),
        ("GET", "/v1/allocations?owner=p", None, "1.59", 406),
        ("GET", "/v1/allocations?owner=p", None, "1.60", 200),
        ("GET", "/v1/allocations?fields=owner", None, "1.59", 406),
        ("GET", "/v1/allocations?fields=owner", None, "1.60", 200),
        ("GET", "/v1/nodes?fields=allocation_uuid", None, "1.51", 406),
        ("GET", "/v1/nodes?fields=allocation_uuid", None, "1.52", 200),
        ("DELETE", one.as_str(), None, "1.52", 204),
    ] {
        let answer = rack.call(method, path, version, body).await;
        assert_eq!(answer.status, status, "{method} {path} {version} {answer:?}");
    }
    let owned = json!({"resource_class": "x", "owner": "p"});
    assert_eq!(rack.call("POST", "/v1/allocations", "1.59", Some(&owned)).await.status, 406);
    let old = rack.call("POST", "/v1/allocations", "1.59", Some(&body)).await;
    assert_eq!((old.status, old.body.get("owner")), (201, None));
    let new = rack.call("GET", "/v1/allocations/a1", "1.60", None).await;
    assert_eq!(new.body.get("owner"), Some(&Value::Null));
    let node = rack.call("GET", "/v1/nodes/n1", "1.51", None).await.body;
    assert_eq!(node.get("allocation_uuid"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let rack = Rack::start().await;
    let made = post(&rack, json!({"resource_class": "x", "name": "a1"})).await;
    let id = made.body["uuid"].as_str().unwrap().to_owned();
    let before = settled(&rack, "a1").await;
    for (body, status) in [
        (json!({}), 400),
        (json!([]), 400),
        (json!({"resource_class": null}), 400),
        (json!({"resource_class": "x".repeat(81)}), 400),
        (json!({"resource_class": ["x"]}), 400),
        (json!({"resource_class": "x", "name": "a b"}), 400),
        (json!({"resource_class": "x", "name": 7}), 400),
        (json!({"resource_class": "x", "traits": ["gold"]}), 400),
        (json!({"resource_class": "x", "traits": {"CUSTOM_A": 1}}), 400),
        (json!({"resource_class": "x", "candidate_nodes": "n1"}), 400),
        (json!({"resource_class": "x", "candidate_nodes": [7]}), 400),
        (json!({"resource_class": "x", "extra": 7}), 400),
        (json!({"resource_class": "x", "extra": {"a": "y".repeat(100_000)}}), 400),
        (json!({"resource_class": "x", "uuid": "zz"}), 400),
        (json!({"resource_class": "x", "state": "active"}), 400),
        (json!({"resource_class": "x", "node_uuid": id}), 400),
        (json!({"resource_class": "x", "color": "red"}), 400),
        (json!({"resource_class": "x", "node": {}}), 400),
        (json!({"resource_class": "x", "name": "a1"}), 409),
        (json!({"resource_class": "x", "uuid": id}), 409),
    ] {
        let answer = post(&rack, body.clone()).await;
        assert_eq!(answer.status, status, "{body} {answer:?}");
        assert_eq!(answer.inner()["faultcode"], "Client", "{body} {answer:?}");
    }
    let one = format!("/v1/allocations/{id}");
    for patch in [
        op("replace", "/resource_class", &json!("y")),
        op("replace", "/state", &json!("active")),
        op("add", "/traits", &json!([])),
        op("add", "/node_uuid", &json!(id)),
        op("replace", "/owner", &json!("p")),
        op("replace", "/name", &json!("a/b")),
        op("replace", "/extra", &json!("x")),
        op("replace", "/extra/zz", &json!("x")),
        op("test", "/name", &json!("a1")),
        op("add", "/extra/a.b", &json!(1)),
        json!({"name": "a2"}),
    ] {
        let answer = rack.call("PATCH", &one, "1.115", Some(&patch)).await;
        assert_eq!(answer.status, 400, "{patch} {answer:?}");
    }
    for (method, path, status) in [
        ("GET", "/v1/allocations/zz", 404),
        ("GET", "/v1/allocations/1be26c0b-03f2-4d2e-ae87-c02d7f33c123", 404),
        ("GET", "/v1/allocations/a%20b", 400),
        ("DELETE", "/v1/allocations/zz", 404),
        ("DELETE", "/v1/allocations/a1?x=1", 400),
        ("PUT", "/v1/allocations/a1", 405),
        ("DELETE", "/v1/allocations", 405),
        ("GET", "/v1/nodes/zz/allocation", 404),
    ] {
        let answer = rack.call(method, path, "1.115", None).await;
        assert_eq!(answer.status, status, "{method} {path} {answer:?}");
    }
    let all = rack.get("/v1/allocations").await.body;
    assert_eq!(all["allocations"], json!([before]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_changes_name_and_extra() {
    let rack = Rack::start().await;
    post(&rack, json!({"resource_class": "x", "name": "a1"})).await;
    post(&rack, json!({"resource_class": "x", "name": "a2"})).await;
    settled(&rack, "a1").await;
    let patch = json!([
        {"op": "replace", "path": "/name", "value": "b1"}, {"op": "add", "path": "/extra/k", "value": [1]},
    ]);
    let changed = rack.call("PATCH", "/v1/allocations/a1", "1.57", Some(&patch)).await;
    assert_eq!(
        (changed.status, &changed.body["name"], &changed.body["extra"]),
        (200, &json!("b1"), &json!({"k": [1]}))
    );
    assert_eq!(rack.get("/v1/allocations/b1").await.body["extra"], json!({"k": [1]}));
    assert_eq!(rack.get("/v1/allocations/a1").await.status, 404);
    let clash =
        rack.call("PATCH", "/v1/allocations/b1", "1.57", Some(&op("add", "/name", &json!("a2")))).await;
    assert_eq!(clash.status, 409);
    let gone = json!([{"op": "remove", "path": "/name"}]);
    let changed = rack.call("PATCH", "/v1/allocations/b1", "1.57", Some(&gone)).await;
    assert_eq!((changed.status, &changed.body["name"]), (200, &Value::Null));
    assert_eq!(rack.call("PATCH", "/v1/allocations/a2", "1.57", Some(&json!([]))).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn allocations_outlive_a_restart() {
    let rack = Rack::start().await;
    free(&rack, "n1", "big").await;
    post(&rack, json!({"resource_class": "big", "name": "a1"})).await;
    let before = settled(&rack, "a1").await;
    let rack = rack.restarted().await;
    assert_eq!(rack.get("/v1/allocations/a1").await.body, before);
    assert_eq!(rack.get("/v1/nodes/n1").await.body["allocation_uuid"], before["uuid"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allocation_that_got_nothing_goes_when_it_is_deleted() {
    let rack = Rack::start().await;
    assert_eq!(post(&rack, json!({"resource_class": "none", "name": "a1"})).await.status, 201);
    assert_eq!(settled(&rack, "a1").await["state"], "error");
    assert_eq!(rack.call("DELETE", "/v1/allocations/a1", "1.115", None).await.status, 204);
    assert_eq!(rack.get("/v1/allocations/a1").await.status, 404);
    assert_eq!(rack.get("/v1/allocations").await.body["allocations"], json!([]));
}
