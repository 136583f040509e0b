//! Portgroups, the ports that belong to them, and the VIFs that are attached to either.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

const LATEST: &str = "1.115";

async fn post(rack: &Rack, path: &str, body: Value) -> Answer {
    rack.call("POST", path, LATEST, Some(&body)).await
}

async fn patch(rack: &Rack, path: &str, op: &str, member: &str, value: Value) -> Answer {
    let mut one = json!({"op": op, "path": member});
    if op != "remove" {
        one["value"] = value;
    }
    rack.call("PATCH", path, LATEST, Some(&json!([one]))).await
}

async fn delete(rack: &Rack, path: &str) -> u16 {
    rack.call("DELETE", path, LATEST, None).await.status
}

/// A portgroup; its UUID.
async fn group(rack: &Rack, node: &str, members: Value) -> String {
    let mut body = json!({"node_uuid": node});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let made = post(rack, "/v1/portgroups", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body["uuid"].as_str().unwrap().to_owned()
}

/// A port; its UUID.
async fn port(rack: &Rack, node: &str, last: u8, members: Value) -> String {
    let mut body = json!({"node_uuid": node, "address": format!("52:54:00:00:00:{last:02x}")});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let made = post(rack, "/v1/ports", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body["uuid"].as_str().unwrap().to_owned()
}

fn uuids(answer: &Answer, key: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.body[key].as_array().unwrap();
    items.iter().map(|item| item["uuid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portgroup_lives_from_its_making_to_its_end() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let body = json!({"node_uuid": node, "name": "bond0", "address": "52:54:00:AA:00:01", "extra": {"a": 1}});
    let made = post(&rack, "/v1/portgroups", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let uuid = made.body["uuid"].as_str().unwrap();
    assert_eq!(made.headers.get("Location"), Some(&*format!("http://api/v1/portgroups/{uuid}")));
    for (name, value) in [
        ("address", json!("52:54:00:aa:00:01")),
        ("mode", json!("active-backup")),
        ("standalone_ports_supported", json!(true)),
        ("dynamic_portgroup", json!(false)),
        ("internal_info", json!({})),
        ("physical_network", Value::Null),
    ] {
        assert_eq!(made.body[name], value, "{name}");
    }
    assert_eq!(made.body["ports"][0]["href"], format!("http://api/v1/portgroups/{uuid}/ports"));
    let path = "/v1/portgroups/bond0";
    let changed = patch(&rack, path, "replace", "/mode", json!("802.3ad")).await;
    assert_eq!((changed.status, &changed.body["mode"]), (200, &json!("802.3ad")), "{changed:?}");
    assert!(changed.body["updated_at"].is_string());
    let rack = rack.restarted().await;
    assert_eq!(rack.get(path).await.body["mode"], "802.3ad", "it is there after a restart");
    assert_eq!(uuids(&rack.get("/v1/nodes/n1/portgroups").await, "portgroups"), [uuid]);
    assert_eq!(delete(&rack, path).await, 204);
    assert_eq!((delete(&rack, path).await, rack.get(path).await.status), (404, 404));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_portgroups_change_nothing() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    let first = group(&rack, &node, json!({"name": "bond0", "address": "52:54:00:aa:00:01"})).await;
    for (members, status) in [
        (json!({"node_uuid": "11111111-1111-1111-1111-111111111111"}), 400),
        (json!({"node_uuid": "n1"}), 400),
        (json!({"node_uuid": null}), 400),
        (json!({"address": "zz"}), 400),
        (json!({"name": "a b"}), 400),
        (json!({"standalone_ports_supported": "perhaps"}), 400),
        (json!({"dynamic_portgroup": true}), 400),
        (json!({"internal_info": {}}), 400),
        (json!({"color": 1}), 400),
        (json!({"address": "52:54:00:aa:00:01"}), 409),
        (json!({"name": "bond0"}), 409),
        (json!({"uuid": first}), 409),
    ] {
        let mut body = json!({"node_uuid": node});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let answer = post(&rack, "/v1/portgroups", body).await;
        assert_eq!(
            (answer.status, answer.inner()["faultcode"].as_str()),
            (status, Some("Client")),
            "{members}"
        );
    }
    let path = format!("/v1/portgroups/{first}");
    for (op, member, value) in [
        ("remove", "/mode", Value::Null),
        ("replace", "/uuid", json!(node)),
        ("replace", "/node_uuid", json!(first)),
        ("replace", "/node_uuid", json!("n1")),
        ("add", "/color", json!(1)),
        ("replace", "/extra/a", json!(1)),
        ("replace", "/name", json!("a/b")),
        ("replace", "/dynamic_portgroup", json!(true)),
    ] {
        assert_eq!(patch(&rack, &path, op, member, value).await.status, 400, "{op} {member}");
    }
    let second = group(&rack, &node, json!({})).await;
    let taken = patch(&rack, &format!("/v1/portgroups/{second}"), "add", "/name", json!("bond0")).await;
    assert_eq!(taken.status, 409, "{taken:?}");
    assert_eq!(rack.get("/v1/portgroups/a%20b").await.status, 400);
    assert_eq!(uuids(&rack.get("/v1/portgroups").await, "portgroups"), [first, second]);
}

#[tokio::test(flavor = "multi_thread")]
async fn portgroups_are_filtered() {
    let rack = Rack::start_with("[DEFAULT]\ndefault_conductor_group = \"g1\"\n").await;
    let one = rack.node(json!({"name": "n1", "shard": "s1"})).await;
    let two = rack.node(json!({"name": "n2"})).await;
    let first = group(&rack, &one, json!({"address": "52:54:00:aa:00:01"})).await;
    let second = group(&rack, &two, json!({"name": "bond1"})).await;
    for (query, found) in [
        ("?node=n1", vec![&first]),
        (&*format!("?node={two}"), vec![&second]),
        ("?address=52:54:00:AA:00:01", vec![&first]),
        ("?address=52:54:00:aa:00:09", vec![]),
        ("?shard=s1,s2", vec![&first]),
        ("?conductor_groups=g1", vec![&first, &second]),
        ("?conductor_groups=g2", vec![]),
        ("?sort_key=name&sort_dir=desc", vec![&second, &first]),
        (&*format!("?limit=1&marker={first}"), vec![&second]),
    ] {
        let answer = rack.get(&format!("/v1/portgroups{query}")).await;
        assert_eq!(uuids(&answer, "portgroups").iter().collect::<Vec<_>>(), found, "{query}");
    }
    for (query, status) in [
        ("?node=n1&shard=s1", 400),
        ("?node=n1&address=52:54:00:aa:00:01", 400),
        ("?address=zz", 400),
        ("?node=n9", 404),
        ("?marker=11111111-1111-1111-1111-111111111111", 404),
        ("?sort_key=extra", 400),
        ("?fields=name&detail=true", 400),
        ("?color=1", 400),
    ] {
        assert_eq!(rack.get(&format!("/v1/portgroups{query}")).await.status, status, "{query}");
    }
    let detail = rack.get("/v1/portgroups/detail?node=n1").await.body;
    assert_eq!(detail["portgroups"][0]["mode"], "active-backup");
    let short = rack.get("/v1/portgroups?limit=1").await.body;
    assert_eq!(short["portgroups"][0].as_object().unwrap().len(), 4);
    assert!(short["next"].as_str().unwrap().contains(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn portgroups_appear_with_their_versions() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let id = group(&rack, &node, json!({"name": "bond0"})).await;
    for (path, since) in [
        ("/v1/portgroups", 23),
        ("/v1/portgroups/detail", 23),
        ("/v1/portgroups/bond0", 23),
        ("/v1/portgroups/bond0/ports", 24),
        ("/v1/nodes/n1/portgroups", 24),
        ("/v1/nodes/n1/portgroups/bond0/ports", 24),
        ("/v1/nodes/n1/vifs", 28),
    ] {
        let status = async |version: u16| rack.call("GET", path, &format!("1.{version}"), None).await.status;
        assert_eq!((status(since - 1).await, status(since).await), (404, 200), "{path}");
    }
    let path = format!("/v1/portgroups/{id}");
    for (name, value, since) in [
        ("mode", json!("802.3ad"), 26),
        ("properties", json!({"a": 1}), 26),
        ("physical_network", json!("p1"), 102),
        ("category", json!("c1"), 103),
    ] {
        for version in [since - 1, since] {
            let (new, text) = (version == since, format!("1.{version}"));
            let shown = rack.call("GET", &path, &text, None).await.body;
            assert_eq!(shown.get(name).is_some(), new, "{name} at {text}");
            let body = json!({"node_uuid": node, name: value});
            let made = rack.call("POST", "/v1/portgroups", &text, Some(&body)).await;
            assert_eq!(made.status, if new { 201 } else { 406 }, "{name} at {text}");
            let change = json!([{"op": "add", "path": format!("/{name}"), "value": value}]);
            let changed = rack.call("PATCH", &path, &text, Some(&change)).await;
            assert_eq!(changed.status, if new { 200 } else { 406 }, "{name} at {text}");
        }
    }
    let at = async |version: &str| rack.call("GET", &path, version, None).await.body;
    assert!(at("1.110").await.get("dynamic_portgroup").is_none());
    assert_eq!(at("1.111").await["dynamic_portgroup"], false);
    for (query, since, below) in
        [("shard=s1", 106, 406), ("conductor_groups=g", 99, 406), ("detail=true", 43, 400)]
    {
        let path = format!("/v1/portgroups?{query}");
        let status = async |version: u16| rack.call("GET", &path, &format!("1.{version}"), None).await.status;
        assert_eq!((status(since - 1).await, status(since).await), (below, 200), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_belong_to_portgroups_of_their_node() {
    let rack = Rack::start().await;
    let one = rack.node(json!({"name": "n1"})).await;
    let two = rack.node(json!({"name": "n2"})).await;
    let bond = group(&rack, &one, json!({"name": "bond0"})).await;
    let inside = port(&rack, &one, 1, json!({"portgroup_uuid": bond})).await;
    let outside = port(&rack, &one, 2, json!({})).await;
    for path in
        ["/v1/ports?portgroup=bond0", "/v1/portgroups/bond0/ports", "/v1/nodes/n1/portgroups/bond0/ports"]
    {
        assert_eq!(uuids(&rack.get(path).await, "ports"), std::slice::from_ref(&inside), "{path}");
    }
    for (path, status) in [
        ("/v1/nodes/n2/portgroups/bond0/ports", 404),
        ("/v1/portgroups/none/ports", 404),
        ("/v1/ports?portgroup=none", 404),
        ("/v1/ports?portgroup=bond0&node=n1", 403),
    ] {
        assert_eq!(rack.get(path).await.status, status, "{path}");
    }
    assert_eq!(delete(&rack, "/v1/portgroups/bond0").await, 400, "it has a port");
    let alien = json!({"node_uuid": two, "address": "52:54:00:00:00:09", "portgroup_uuid": bond});
    assert_eq!(post(&rack, "/v1/ports", alien).await.status, 400, "of another node");
    for wrong in ["11111111-1111-1111-1111-111111111111", "bond0", ""] {
        let body = json!({"node_uuid": one, "address": "52:54:00:00:00:09", "portgroup_uuid": wrong});
        assert_eq!(post(&rack, "/v1/ports", body).await.status, 400, "{wrong}");
        let path = format!("/v1/ports/{outside}");
        assert_eq!(patch(&rack, &path, "add", "/portgroup_uuid", json!(wrong)).await.status, 400, "{wrong}");
    }
    let old = rack.call("GET", &format!("/v1/ports/{inside}"), "1.23", None).await.body;
    assert!(old.get("portgroup_uuid").is_none());
    let path = format!("/v1/ports/{inside}");
    assert_eq!(patch(&rack, &path, "remove", "/portgroup_uuid", Value::Null).await.status, 200);
    assert_eq!(delete(&rack, "/v1/portgroups/bond0").await, 204);
    group(&rack, &two, json!({"name": "bond1"})).await;
    assert_eq!(delete(&rack, "/v1/nodes/n2").await, 204);
    assert_eq!(rack.get("/v1/portgroups/bond1").await.status, 404, "it goes with its node");
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_and_portgroups_go_to_other_nodes() {
    let rack = Rack::start().await;
    let one = rack.node(json!({"name": "n1"})).await;
    let two = rack.node(json!({"name": "n2"})).await;
    let bond = format!("/v1/portgroups/{}", group(&rack, &one, json!({"name": "bond0"})).await);
    let id = bond.rsplit('/').next().unwrap().to_owned();
    let nic = format!("/v1/ports/{}", port(&rack, &one, 1, json!({"portgroup_uuid": id})).await);
    let nobody = json!("11111111-1111-1111-1111-111111111111");
    for path in [&bond, &nic] {
        assert_eq!(patch(&rack, path, "replace", "/node_uuid", json!(two)).await.status, 400, "they are one");
        assert_eq!(patch(&rack, path, "replace", "/node_uuid", nobody.clone()).await.status, 400);
        assert_eq!(patch(&rack, path, "remove", "/node_uuid", Value::Null).await.status, 400);
    }
    assert_eq!(patch(&rack, &nic, "remove", "/portgroup_uuid", Value::Null).await.status, 200);
    for path in [&bond, &nic] {
        let moved = patch(&rack, path, "replace", "/node_uuid", json!(two)).await;
        assert_eq!((moved.status, &moved.body["node_uuid"]), (200, &json!(two)), "{moved:?}");
    }
    assert_eq!(uuids(&rack.get("/v1/nodes/n1/ports").await, "ports"), [""; 0]);
    assert_eq!(uuids(&rack.get("/v1/nodes/n2/ports").await, "ports").len(), 1);
    assert_eq!(uuids(&rack.get("/v1/nodes/n2/portgroups").await, "portgroups"), [id]);
    assert_eq!(delete(&rack, "/v1/nodes/n1").await, 204);
    assert_eq!(rack.get(&nic).await.status, 200, "it is the other node's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portgroup_is_in_one_physical_network() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let bond = group(&rack, &node, json!({"physical_network": "p1"})).await;
    let body = |last: u8, network: Value| {
        json!({"node_uuid": node, "address": format!("52:54:00:00:01:{last:02x}"), "portgroup_uuid": bond,
               "physical_network": network})
    };
    for network in [json!("p2"), Value::Null] {
        assert_eq!(post(&rack, "/v1/ports", body(1, network)).await.status, 409);
    }
    let first = post(&rack, "/v1/ports", body(1, json!("p1"))).await;
    assert_eq!(first.status, 201, "{first:?}");
    let path = format!("/v1/ports/{}", first.body["uuid"].as_str().unwrap());
    assert_eq!(post(&rack, "/v1/ports", body(2, json!("p2"))).await.status, 409);
    let second = post(&rack, "/v1/ports", body(2, json!("p1"))).await.body["uuid"].clone();
    let second = format!("/v1/ports/{}", second.as_str().unwrap());
    assert_eq!(patch(&rack, &path, "replace", "/physical_network", json!("p2")).await.status, 400);
    let older = json!([{"op": "replace", "path": "/physical_network", "value": "p2"}]);
    assert_eq!(rack.call("PATCH", &path, "1.101", Some(&older)).await.status, 409, "the portgroup's differs");
    let changed =
        patch(&rack, &format!("/v1/portgroups/{bond}"), "replace", "/physical_network", json!("p2")).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    for member in [&path, &second] {
        assert_eq!(rack.get(member).await.body["physical_network"], "p2", "its ports follow");
    }
    let gone =
        patch(&rack, &format!("/v1/portgroups/{bond}"), "remove", "/physical_network", Value::Null).await;
    assert_eq!((gone.status, &rack.get(&path).await.body["physical_network"]), (200, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_stand_alone_only_where_they_may() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"network_interface": "flat"})).await;
    let bond = group(&rack, &node, json!({"standalone_ports_supported": false})).await;
    let body = |last: u8, pxe: bool| {
        json!({"node_uuid": node, "address": format!("52:54:00:00:02:{last:02x}"), "portgroup_uuid": bond,
               "pxe_enabled": pxe})
    };
    assert_eq!(post(&rack, "/v1/ports", body(1, true)).await.status, 409);
    let made = post(&rack, "/v1/ports", body(1, false)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/v1/ports/{}", made.body["uuid"].as_str().unwrap());
    assert_eq!(patch(&rack, &path, "replace", "/pxe_enabled", json!(true)).await.status, 409);
    let bond = format!("/v1/portgroups/{bond}");
    let member = "/standalone_ports_supported";
    assert_eq!(patch(&rack, &bond, "replace", member, json!(true)).await.status, 200);
    assert_eq!(patch(&rack, &path, "replace", "/pxe_enabled", json!(true)).await.status, 200);
    assert_eq!(patch(&rack, &bond, "replace", member, json!(false)).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_ports_follow_the_rules_of_their_version() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    for (link, version, status) in [
        (json!({"switch_id": "0A:1B:2C:3D:4E:5F", "port_id": "e1"}), 115, 201),
        (json!({"switch_id": "0X00000000000000AB", "port_id": "e1"}), 115, 201),
        (json!({"network_type": "unmanaged"}), 64, 201),
        (json!({"network_type": "unmanaged"}), 63, 406),
        (json!({"port_id": "e1", "vtep-logical-switch": "a", "vtep-physical-switch": "b"}), 89, 406),
        (json!({"port_id": "e1", "vtep-logical-switch": "a", "vtep-physical-switch": "b"}), 90, 201),
        (json!({"port_id": "e1", "vtep-logical-switch": "a", "vtep-physical-switch": "b"}), 105, 406),
        (json!({"vtep-logical-switch": "a", "vtep-physical-switch": "b"}), 90, 400),
        (json!({"port_id": "e1", "vtep-logical-switch": "a"}), 90, 400),
        (json!({"port_id": "e1"}), 115, 400),
    ] {
        let body = json!({"node_uuid": node, "address": "52:54:00:00:03:01", "local_link_connection": link});
        let made = rack.call("POST", "/v1/ports", &format!("1.{version}"), Some(&body)).await;
        assert_eq!(made.status, status, "{link} at 1.{version}: {}", made.text());
        if status == 201 {
            let switch = made.body["local_link_connection"]["switch_id"].as_str().unwrap_or_default();
            assert_eq!(switch, switch.to_lowercase());
            let path = format!("/v1/ports/{}", made.body["uuid"].as_str().unwrap());
            assert_eq!(delete(&rack, &path).await, 204);
        }
    }
    let smart = |link: Value| {
        json!({"node_uuid": node, "address": "52:54:00:00:03:02", "is_smartnic": true,
               "local_link_connection": link})
    };
    for link in [json!({}), json!({"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "e1"})] {
        assert_eq!(post(&rack, "/v1/ports", smart(link)).await.status, 400);
    }
    let link = json!({"hostname": "h", "port_id": "e1"});
    assert_eq!(post(&rack, "/v1/ports", smart(link)).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn noop_takes_vifs_and_forgets_them() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let path = "/v1/nodes/n1/vifs";
    assert_eq!(post(&rack, path, json!({"id": "abc", "more": 1})).await.status, 204);
    assert_eq!(rack.get(path).await.body, json!({"vifs": []}));
    assert_eq!(delete(&rack, &format!("{path}/abc")).await, 204);
    for body in [json!({}), json!({"id": 1}), json!({"id": "a b"}), json!({"id": null}), json!([])] {
        assert_eq!(post(&rack, path, body.clone()).await.status, 400, "{body}");
    }
    assert_eq!(delete(&rack, &format!("{path}/a%20b")).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vif_takes_the_best_place() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1", "network_interface": "flat"})).await;
    let path = "/v1/nodes/n1/vifs";
    assert_eq!(post(&rack, path, json!({"id": "v0"})).await.status, 400, "there is no port");
    let dark = port(&rack, &node, 1, json!({"pxe_enabled": false})).await;
    let lit = port(&rack, &node, 2, json!({})).await;
    let bond = group(&rack, &node, json!({"name": "bond0"})).await;
    port(&rack, &node, 3, json!({"portgroup_uuid": bond})).await;
    let holder = async |vif: &str| {
        for path in
            [format!("/v1/portgroups/{bond}"), format!("/v1/ports/{lit}"), format!("/v1/ports/{dark}")]
        {
            if rack.get(&path).await.body["internal_info"]["tenant_vif_port_id"] == vif {
                return path;
            }
        }
        String::new()
    };
    for (vif, place) in [
        ("v1", format!("/v1/portgroups/{bond}")),
        ("v2", format!("/v1/ports/{lit}")),
        ("v3", format!("/v1/ports/{dark}")),
    ] {
        assert_eq!(post(&rack, path, json!({"id": vif})).await.status, 204);
        assert_eq!(holder(vif).await, place, "{vif}");
    }
    let full = post(&rack, path, json!({"id": "v4"})).await;
    assert_eq!(full.status, 400, "{full:?}");
    assert_eq!(post(&rack, path, json!({"id": "v2"})).await.status, 409, "it is attached");
    let ids = json!({"vifs": [{"id": "v3"}, {"id": "v2"}, {"id": "v1"}]});
    assert_eq!(rack.get(path).await.body, ids);
    assert_eq!(delete(&rack, &format!("/v1/ports/{lit}")).await, 409, "a VIF is bound to it");
    assert_eq!(delete(&rack, &format!("{path}/v2")).await, 204);
    assert_eq!(delete(&rack, &format!("{path}/v2")).await, 400, "it is not attached");
    assert_eq!(delete(&rack, &format!("/v1/ports/{lit}")).await, 204);
    let last = rack.get("/v1/nodes/n1").await.body["last_error"].to_string();
    assert!(last.contains("v2"), "{last}");
    let history = rack.get("/v1/nodes/n1/history?detail=true").await.body["history"].to_string();
    for text in ["VIF v1 is attached to portgroup", "VIF v2 is detached", "VIF v2 is not attached"] {
        assert!(history.contains(text), "{text} is not in {history}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vif_goes_where_it_is_told() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1", "network_interface": "flat"})).await;
    let path = "/v1/nodes/n1/vifs";
    port(&rack, &node, 1, json!({})).await;
    let second = port(&rack, &node, 2, json!({})).await;
    let bond = group(&rack, &node, json!({})).await;
    port(&rack, &node, 3, json!({"portgroup_uuid": bond})).await;
    let both = json!({"id": "v1", "port_uuid": second, "portgroup_uuid": bond});
    assert_eq!(rack.call("POST", path, "1.67", Some(&both)).await.status, 400);
    assert_eq!(post(&rack, path, json!({"id": "v1", "port_uuid": "x"})).await.status, 400);
    let nowhere = json!({"id": "v1", "port_uuid": "11111111-1111-1111-1111-111111111111"});
    assert_eq!(post(&rack, path, nowhere).await.status, 400);
    assert_eq!(post(&rack, path, json!({"id": "v1", "port_uuid": second})).await.status, 204);
    let taken = rack.get(&format!("/v1/ports/{second}")).await.body;
    assert_eq!(taken["internal_info"]["tenant_vif_port_id"], "v1");
    assert_eq!(post(&rack, path, json!({"id": "v2", "port_uuid": second})).await.status, 400, "it is taken");
    assert_eq!(post(&rack, path, json!({"id": "v2", "portgroup_uuid": bond})).await.status, 204);
    assert_eq!(
        post(&rack, path, json!({"id": "v3", "portgroup_uuid": bond})).await.status,
        400,
        "it is taken"
    );
}
