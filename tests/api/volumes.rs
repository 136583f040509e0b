//! Volume connectors and targets.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

const KINDS: [&str; 2] = ["connectors", "targets"];

/// A body that is taken: a connector's or a target's.
fn body(kind: &str, node: &str, number: u32) -> Value {
    match kind {
        "connectors" => json!({"node_uuid": node, "type": "iqn", "connector_id": format!("iqn.{number}")}),
        _ => json!({
            "node_uuid": node, "volume_type": "iscsi", "volume_id": format!("v{number}"), "boot_index": number,
        }),
    }
}

async fn post(rack: &Rack, kind: &str, body: &Value) -> Answer {
    rack.call("POST", &format!("/v1/volume/{kind}"), "1.115", Some(body)).await
}

async fn made(rack: &Rack, kind: &str, node: &str, number: u32) -> String {
    let made = post(rack, kind, &body(kind, node, number)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body["uuid"].as_str().unwrap().to_owned()
}

async fn patch(rack: &Rack, kind: &str, id: &str, patch: Value) -> Answer {
    rack.call("PATCH", &format!("/v1/volume/{kind}/{id}"), "1.115", Some(&patch)).await
}

async fn power(rack: &Rack, node: &str, target: &str) {
    let asked = json!({"target": target});
    let path = format!("/v1/nodes/{node}/states/power");
    assert_eq!(rack.call("PUT", &path, "1.115", Some(&asked)).await.status, 202);
    rack.rest().await;
}

/// A node that is managed, its machine off.
async fn off(rack: &Rack, name: &str) -> String {
    let node = rack.node(json!({"name": name})).await;
    rack.go(&node, "manage").await;
    power(rack, &node, "power off").await;
    node
}

fn uuids(answer: &Answer, key: &str) -> Vec<String> {
    let items = answer.body[key].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    items.iter().map(|item| item["uuid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_is_shown_whole() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    for (kind, members) in [
        ("connectors", &["connector_id", "type"][..]),
        ("targets", &["boot_index", "properties", "volume_id", "volume_type"]),
    ] {
        let answer = post(&rack, kind, &body(kind, &node, 1)).await;
        let id = answer.body["uuid"].as_str().unwrap();
        let here = format!("/v1/volume/{kind}/{id}");
        assert_eq!(answer.headers.get("Location"), Some(format!("http://api{here}").as_str()));
        let shown = rack.get(&here).await;
        assert_eq!((shown.status, &shown.body), (200, &answer.body));
        let mut names: Vec<_> = shown.body.as_object().unwrap().keys().map(String::as_str).collect();
        let common = ["uuid", "created_at", "updated_at", "extra", "links", "node_uuid"];
        let mut wanted: Vec<_> = members.iter().copied().chain(common).collect();
        names.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(names, wanted);
        assert_eq!(shown.body["links"][0]["href"], json!(format!("http://api{here}")));
        assert_eq!((&shown.body["node_uuid"], &shown.body["updated_at"]), (&json!(node), &Value::Null));
        let some = rack.get(&format!("{here}?fields=extra")).await;
        assert_eq!(some.body.as_object().unwrap().len(), 2, "{some:?}");
        assert_eq!(rack.get(&format!("{here}?fields=zz")).await.status, 400);
    }
    let page = rack.get("/v1/volume").await;
    assert_eq!(page.body["targets"][0]["href"], "http://api/v1/volume/targets");
    let page = rack.get("/v1/nodes/n1/volume").await;
    assert_eq!(
        page.body["connectors"][0]["href"],
        json!(format!("http://api/v1/nodes/{node}/volume/connectors"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn they_came_with_1_32() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    for path in ["/v1/volume".to_owned(), format!("/v1/nodes/{node}/volume")] {
        assert_eq!(rack.call("GET", &path, "1.31", None).await.status, 404);
        assert_eq!(rack.call("GET", &path, "1.32", None).await.status, 200);
        for kind in KINDS {
            let list = format!("{path}/{kind}");
            assert_eq!(rack.call("GET", &list, "1.31", None).await.status, 404);
            assert_eq!(rack.call("GET", &list, "1.32", None).await.status, 200);
            assert_eq!(rack.call("GET", &format!("{list}?detail=true"), "1.32", None).await.status, 200);
        }
    }
    for kind in KINDS {
        let path = format!("/v1/volume/{kind}");
        let body = body(kind, &node, 1);
        assert_eq!(rack.call("POST", &path, "1.31", Some(&body)).await.status, 404);
        let made = rack.call("POST", &path, "1.32", Some(&body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        let here = format!("{path}/{}", made.body["uuid"].as_str().unwrap());
        for method in ["GET", "PATCH", "DELETE"] {
            assert_eq!(rack.call(method, &here, "1.31", Some(&json!([]))).await.status, 404);
        }
        assert_eq!(rack.call("GET", &here, "1.32", None).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_short_filtered_and_paged() {
    let rack = Rack::start().await;
    let (first, second) = (rack.node(json!({"name": "n1"})).await, rack.node(json!({"name": "n2"})).await);
    for kind in KINDS {
        let mut all = Vec::new();
        for (number, node) in [(2, &first), (11, &second), (3, &first)] {
            all.push(made(&rack, kind, node, number).await);
        }
        let list = format!("/v1/volume/{kind}");
        let whole = rack.get(&list).await;
        assert_eq!(uuids(&whole, kind), all);
        assert_eq!(whole.body[kind][0].as_object().unwrap().len(), if kind == "targets" { 6 } else { 5 });
        for ident in ["n1", first.as_str()] {
            let own = [all[0].clone(), all[2].clone()];
            assert_eq!(uuids(&rack.get(&format!("{list}?node={ident}")).await, kind), own);
            assert_eq!(uuids(&rack.get(&format!("/v1/nodes/{ident}/volume/{kind}")).await, kind), own);
        }
        let detailed = rack.get(&format!("{list}?detail=true&limit=1")).await;
        assert!(detailed.body[kind][0]["extra"].is_object());
        let next = detailed.body["next"].as_str().unwrap();
        let query = format!("?detail=True&sort_key=id&sort_dir=asc&limit=1&marker={}", all[0]);
        assert_eq!(next, format!("http://api{list}{query}"));
        assert_eq!(uuids(&rack.get(next.strip_prefix("http://api").unwrap()).await, kind), all[1..2]);
        let back = rack.get(&format!("{list}?sort_dir=desc&limit=2")).await;
        assert_eq!(uuids(&back, kind), [all[2].clone(), all[1].clone()]);
        for (query, status) in [
            ("sort_key=extra", 400),
            ("sort_key=zz", 400),
            ("sort_key=created_at", 200),
            ("limit=0", 400),
            ("fields=zz", 400),
            ("fields=uuid&detail=true", 400),
            ("fields=uuid,node_uuid", 200),
            ("node=none", 404),
            ("zz=1", 400),
            ("marker=1be26c0b-03f2-4d2e-ae87-c02d7f33c123", 404),
        ] {
            assert_eq!(rack.get(&format!("{list}?{query}")).await.status, status, "{kind} {query}");
        }
        assert_eq!(rack.get(&format!("/v1/nodes/none/volume/{kind}")).await.status, 404);
        assert_eq!(rack.get(&format!("/v1/nodes/n1/volume/{kind}/{}", all[0])).await.status, 400);
    }
    assert_eq!(rack.get("/v1/volume/targets?sort_key=properties").await.status, 400);
    let sorted = rack.get("/v1/volume/targets?sort_key=boot_index").await;
    let places: Vec<_> =
        sorted.body["targets"].as_array().unwrap().iter().map(|one| &one["boot_index"]).collect();
    assert_eq!(json!(places), json!([2, 3, 11]), "numbers are no texts");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_wrong_make_nothing() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    for kind in KINDS {
        let good = body(kind, &node, 1);
        for (name, value) in [
            ("node_uuid", json!("n1")),
            ("node_uuid", json!("1be26c0b-03f2-4d2e-ae87-c02d7f33c123")),
            ("node_uuid", json!(null)),
            ("uuid", json!("x")),
            ("extra", json!([1])),
            ("created_at", json!("now")),
            ("zz", json!(1)),
        ] {
            let mut wrong = good.clone();
            wrong[name] = value;
            let answer = post(&rack, kind, &wrong).await;
            assert_eq!(answer.status, 400, "{kind} {name}: {answer:?}");
            assert!(answer.text().contains(name) || name == "node_uuid", "{}", answer.text());
        }
        for name in good.as_object().unwrap().keys() {
            let mut less = good.clone();
            less.as_object_mut().unwrap().remove(name);
            assert_eq!(post(&rack, kind, &less).await.status, 400, "{kind} without {name}");
        }
        assert_eq!(post(&rack, kind, &json!([])).await.status, 400);
        assert_eq!(uuids(&rack.get(&format!("/v1/volume/{kind}")).await, kind), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_one_nodes_and_a_place_in_the_boot_order_one_targets() {
    let rack = Rack::start().await;
    let (first, second) = (off(&rack, "n1").await, off(&rack, "n2").await);
    for kind in KINDS {
        let id = made(&rack, kind, &first, 1).await;
        let other = made(&rack, kind, &first, 2).await;
        assert_eq!(post(&rack, kind, &body(kind, &first, 1)).await.status, 409);
        let elsewhere = post(&rack, kind, &body(kind, &second, 1)).await.status;
        assert_eq!(elsewhere, if kind == "targets" { 201 } else { 409 });
        let mut twice = body(kind, &first, 5);
        twice["uuid"] = json!(id);
        assert_eq!(post(&rack, kind, &twice).await.status, 409);
        let (path, value) =
            if kind == "targets" { ("/boot_index", json!(2)) } else { ("/connector_id", json!("iqn.2")) };
        let clash = patch(&rack, kind, &id, json!([{"op": "replace", "path": path, "value": value}])).await;
        assert_eq!(clash.status, 409, "{clash:?}");
        let shown = rack.get(&format!("/v1/volume/{kind}/{id}")).await;
        assert_eq!(shown.body["updated_at"], Value::Null);
        let gone = rack.call("DELETE", &format!("/v1/volume/{kind}/{other}"), "1.115", None).await;
        assert_eq!(gone.status, 204);
        let free = patch(&rack, kind, &id, json!([{"op": "replace", "path": path, "value": value}])).await;
        assert_eq!(free.status, 200, "{free:?}");
        assert_ne!(free.body["updated_at"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_change_while_their_node_is_off() {
    let rack = Rack::start().await;
    let node = off(&rack, "n1").await;
    let extra = || json!([{"op": "add", "path": "/extra/a", "value": 1}]);
    for kind in KINDS {
        let id = made(&rack, kind, &node, 1).await;
        assert_eq!(patch(&rack, kind, &id, extra()).await.body["extra"], json!({"a": 1}));
        power(&rack, &node, "power on").await;
        let refused = patch(&rack, kind, &id, json!([{"op": "remove", "path": "/extra/a"}])).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains("power"), "{}", refused.text());
        let shown = rack.get(&format!("/v1/volume/{kind}/{id}")).await;
        assert_eq!(shown.body["extra"], json!({"a": 1}));
        power(&rack, &node, "power off").await;
        for wrong in [
            json!([{"op": "replace", "path": "/uuid", "value": node}]),
            json!([{"op": "add", "path": "/zz", "value": 1}]),
            json!([{"op": "remove", "path": "/extra/none"}]),
            json!([{"op": "test", "path": "/extra", "value": {}}]),
            json!([{"op": "replace", "path": "/node_uuid", "value": "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}]),
            json!({}),
        ] {
            assert_eq!(patch(&rack, kind, &id, wrong.clone()).await.status, 400, "{wrong}");
        }
        let here = format!("/v1/volume/{kind}/{id}");
        assert_eq!(rack.call("DELETE", &here, "1.115", None).await.status, 204);
        for method in ["GET", "PATCH", "DELETE"] {
            assert_eq!(rack.call(method, &here, "1.115", Some(&json!([]))).await.status, 404);
            let unnamed =
                rack.call(method, &format!("/v1/volume/{kind}/n1"), "1.115", Some(&json!([]))).await;
            assert_eq!(unnamed.status, 400);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_masked_and_stay_when_the_mask_is_written_back() {
    let rack = Rack::start().await;
    let node = off(&rack, "n1").await;
    let mut body = body("targets", &node, 0);
    body["properties"] = json!({"auth_password": "hunter2", "target_iqn": "iqn.x"});
    let made = post(&rack, "targets", &body).await;
    let masked = json!({"auth_password": "******", "target_iqn": "iqn.x"});
    assert_eq!(made.body["properties"], masked);
    let id = made.body["uuid"].as_str().unwrap();
    let back =
        patch(&rack, "targets", id, json!([{"op": "replace", "path": "/properties", "value": masked}])).await;
    assert_eq!((back.status, &back.body["updated_at"]), (200, &Value::Null), "nothing has changed");
    let lists = rack.get("/v1/volume/targets?detail=true").await;
    assert!(!lists.body.to_string().contains("hunter2"));
    let data = std::fs::read(rack.home().join("data/store/data.mdb")).unwrap();
    assert!(!data.windows(7).any(|part| part == b"hunter2"), "it is sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_stay_over_a_restart_and_go_with_their_node() {
    let rack = Rack::start().await;
    let (first, second) = (rack.node(json!({"name": "n1"})).await, rack.node(json!({"name": "n2"})).await);
    for kind in KINDS {
        made(&rack, kind, &first, 1).await;
        made(&rack, kind, &second, 2).await;
    }
    let rack = rack.restarted().await;
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1", "1.115", None).await.status, 204);
    for kind in KINDS {
        let left = rack.get(&format!("/v1/volume/{kind}")).await;
        assert_eq!(left.body[kind].as_array().unwrap().len(), 1);
        assert_eq!(left.body[kind][0]["node_uuid"], json!(second));
        assert_eq!(post(&rack, kind, &body(kind, &second, 7)).await.status, 201);
    }
    assert_eq!(
        post(&rack, "connectors", &body("connectors", &second, 1)).await.status,
        201,
        "its address is free"
    );
}

/// A node in use.
async fn deployed(rack: &Rack) -> String {
    let node = rack.node(json!({"name": "n1", "deploy_interface": "fake"})).await;
    for target in ["manage", "provide", "active"] {
        rack.go(&node, target).await;
    }
    rack.until(&node, "active").await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_deployed_node_they_are_deleted_while_it_is_off() {
    let rack = Rack::start().await;
    let node = deployed(&rack).await;
    for kind in KINDS {
        let here = format!("/v1/volume/{kind}/{}", made(&rack, kind, &node, 1).await);
        power(&rack, &node, "power on").await;
        let refused = rack.call("DELETE", &here, "1.115", None).await;
        assert!(refused.status == 400 && refused.text().contains("power it off first"), "{refused:?}");
        assert_eq!(rack.get(&here).await.status, 200);
        power(&rack, &node, "power off").await;
        assert_eq!(rack.call("DELETE", &here, "1.115", None).await.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tear_down_deletes_targets() {
    let rack = Rack::start().await;
    let node = deployed(&rack).await;
    for kind in KINDS {
        made(&rack, kind, &node, 1).await;
    }
    rack.go(&node, "deleted").await;
    assert_eq!(uuids(&rack.get("/v1/volume/targets").await, "targets"), Vec::<String>::new());
    assert_eq!(uuids(&rack.get("/v1/volume/connectors").await, "connectors").len(), 1);
}
