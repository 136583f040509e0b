//! Lists: pages that meet without gap or overlap, filters, sorting.

use serde_json::{Value, json};

use crate::rack::Rack;

async fn walked(rack: &Rack, first: &str, key: &str) -> Vec<String> {
    let mut path = first.to_owned();
    let mut seen = Vec::new();
    loop {
        let page = rack.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let items = page.body[key].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["uuid"].as_str().unwrap().to_owned()));
        match page.body["next"].as_str() {
            Some(next) => next.strip_prefix("http://api").unwrap().clone_into(&mut path),
            None => return seen,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_meet_in_every_order() {
    let rack = Rack::start().await;
    let mut made = Vec::new();
    for class in ["b", "a", "b", "a", "c", "b", "a"] {
        made.push(rack.node(json!({"resource_class": class})).await);
    }
    assert_eq!(walked(&rack, "/v1/nodes?limit=3", "nodes").await, made);
    assert_eq!(walked(&rack, "/v1/nodes/detail?limit=2", "nodes").await, made);
    let backwards: Vec<_> = made.iter().rev().cloned().collect();
    assert_eq!(walked(&rack, "/v1/nodes?limit=2&sort_dir=desc", "nodes").await, backwards);
    let by_class = walked(&rack, "/v1/nodes?limit=2&sort_key=resource_class&fields=uuid", "nodes").await;
    let order = [1, 3, 6, 0, 2, 5, 4].map(|place: usize| made[place].clone());
    assert_eq!(by_class, order);
    assert_eq!(walked(&rack, "/v1/nodes?limit=100", "nodes").await.len(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_history_keep_their_order_and_detail() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    for target in ["manage", "provide", "manage"] {
        rack.go(&node, target).await;
    }
    let path = format!("/v1/nodes/{node}/history");
    let whole = walked(&rack, &path, "history").await;
    assert!(whole.len() > 3, "{whole:?}");
    let backwards: Vec<_> = whole.iter().rev().cloned().collect();
    assert_eq!(walked(&rack, &format!("{path}?limit=2&sort_dir=desc"), "history").await, backwards);
    for key in ["severity", "event", "event_type", "conductor", "user", "state", "uuid", "created_at"] {
        let mut found = walked(&rack, &format!("{path}?limit=1&sort_key={key}"), "history").await;
        let once = rack.get(&format!("{path}?sort_key={key}&detail=true")).await.body["history"].clone();
        let once: Vec<_> = once.as_array().unwrap().iter().map(|entry| entry["uuid"].clone()).collect();
        assert_eq!(json!(found), json!(once), "{key}");
        found.sort();
        let mut all = whole.clone();
        all.sort();
        assert_eq!(found, all, "{key}");
    }
    let first = rack.get(&format!("{path}?limit=1&detail=true&sort_key=event&sort_dir=desc")).await.body;
    let next = first["next"].as_str().unwrap();
    for pair in ["detail=True", "sort_key=event", "sort_dir=desc", "limit=1", "marker="] {
        assert!(next.contains(pair), "{pair}: {next}");
    }
    assert_eq!(rack.get(&format!("{path}?sort_key=zz")).await.status, 400);
    assert_eq!(rack.call("GET", &format!("{path}?sort_key=state"), "1.114", None).await.status, 406);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_nothing_can_match_are_refused() {
    let rack = Rack::start().await;
    for query in ["chassis_uuid=zz", "instance_uuid=zz", "fault=bogus", "limit=1&limit=2"] {
        let answer = rack.get(&format!("/v1/nodes?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
    for query in ["chassis_uuid=1be26c0b-03f2-4d2e-ae87-c02d7f33c123", "fault=power%20failure"] {
        let answer = rack.get(&format!("/v1/nodes?{query}")).await;
        assert_eq!((answer.status, &answer.body["nodes"]), (200, &json!([])), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_let_through_what_they_name() {
    let rack = Rack::start().await;
    let parent = rack.node(json!({"name": "parent", "owner": "me", "shard": "S1"})).await;
    let instance = "0f6f1c8e-7d0b-4f3c-9d6e-3a1c5b7e9f01";
    let child =
        json!({"name": "child", "parent_node": parent, "description": "A Card", "instance_uuid": instance});
    let child = rack.node(child).await;
    let plain =
        rack.node(json!({"name": "plain", "lessee": "me", "resource_class": "x", "maintenance": true})).await;
    let found = async |query: &str| {
        let page = rack.get(&format!("/v1/nodes?{query}")).await;
        assert_eq!(page.status, 200, "{query} {page:?}");
        let items = page.body["nodes"].as_array().unwrap().clone();
        items.into_iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (query, names) in [
        ("", &["parent", "plain"][..]),
        ("include_children=true", &["parent", "child", "plain"]),
        ("parent_node=parent", &["child"]),
        ("project=me", &["parent", "plain"]),
        ("owner=me", &["parent"]),
        ("lessee=me", &["plain"]),
        ("shard=S1,S2", &["parent"]),
        ("sharded=false", &["plain"]),
        ("description_contains=card&include_children=1", &["child"]),
        ("maintenance=true", &["plain"]),
        ("resource_class=x", &["plain"]),
        ("driver=fake-hardware", &["parent", "plain"]),
        ("driver=redfish", &[]),
        ("provision_state=enroll", &["parent", "plain"]),
        ("provision_state=active", &[]),
        ("associated=true", &[]),
        ("retired=false", &["parent", "plain"]),
        ("conductor=elsewhere", &[]),
        ("conductor_group=", &["parent", "plain"]),
        ("fault=power%20failure", &[]),
        ("instance_name=x", &[]),
    ] {
        assert_eq!(found(query).await, names, "{query}");
    }
    // An instance's node is found, whatever else it is.
    for query in ["", "&maintenance=true", "&driver=redfish"] {
        assert_eq!(found(&format!("instance_uuid={instance}{query}")).await, ["child"], "{query}");
    }
    let children = rack.get("/v1/nodes/parent/children").await;
    assert_eq!(children.body["children"], json!([child]));
    let list = children.body["links"]["href"].as_str().unwrap().strip_prefix("http://api").unwrap();
    assert_eq!(rack.get(list).await.body["nodes"][0]["uuid"], json!(child));
    assert_eq!(rack.call("DELETE", "/v1/nodes/parent", "1.115", None).await.status, 409);
    let own = json!([{"op": "add", "path": "/parent_node", "value": child}]);
    assert_eq!(rack.call("PATCH", "/v1/nodes/parent", "1.115", Some(&own)).await.status, 400);
    assert_eq!(rack.call("DELETE", &format!("/v1/nodes/{plain}"), "1.115", None).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_are_too_new_are_406() {
    let rack = Rack::start().await;
    for (query, version) in
        [("driver=x", "1.15"), ("provision_state=active", "1.8"), ("fields=uuid", "1.7"), ("shard=a", "1.81")]
    {
        let answer = rack.call("GET", &format!("/v1/nodes?{query}"), version, None).await;
        assert_eq!(answer.status, 406, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_are_found_by_what_they_belong_to() {
    let rack = Rack::start().await;
    let first = rack.node(json!({"name": "n1", "shard": "S1"})).await;
    let second = rack.node(json!({"name": "n2"})).await;
    let ports = [rack.port(&first, "52:54:00:00:00:01").await, rack.port(&second, "52:54:00:00:00:02").await];
    for (query, found) in [
        ("node=n1", &ports[..1]),
        ("shard=S1", &ports[..1]),
        ("address=52:54:00:00:00:02", &ports[1..]),
        ("conductor_groups=zz", &[]),
        ("", &ports[..]),
    ] {
        let page = rack.get(&format!("/v1/ports?{query}")).await;
        let uuids: Vec<Value> =
            page.body["ports"].as_array().unwrap().iter().map(|port| port["uuid"].clone()).collect();
        assert_eq!(json!(uuids), json!(found), "{query}");
    }
    assert_eq!(rack.get("/v1/ports?node=n1&shard=S1").await.status, 403);
    assert_eq!(walked(&rack, "/v1/ports?limit=1", "ports").await, ports);
    assert_eq!(walked(&rack, "/v1/nodes/n2/ports?limit=1", "ports").await, ports[1..]);
}
