//! Nodes: each member with its version, values that are refused, parents and children.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

async fn post(rack: &Rack, version: &str, members: Value) -> Answer {
    let mut body = json!({"driver": "fake-hardware"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    rack.call("POST", "/v1/nodes", version, Some(&body)).await
}

async fn patch(rack: &Rack, node: &str, version: &str, patch: Value) -> Answer {
    rack.call("PATCH", &format!("/v1/nodes/{node}"), version, Some(&patch)).await
}

fn add(name: &str, value: &Value) -> Value {
    json!([{"op": "add", "path": format!("/{name}"), "value": value}])
}

/// Writable members with the minor version before they came, and a value that is not what they are already.
fn members() -> Vec<(&'static str, u16, Value)> {
    vec![
        ("name", 4, json!("n7")),
        ("network_interface", 19, json!("noop")),
        ("resource_class", 20, json!("gold")),
        ("boot_interface", 30, json!("fake")),
        ("console_interface", 30, json!("fake")),
        ("deploy_interface", 30, json!("fake")),
        ("inspect_interface", 30, json!("fake")),
        ("management_interface", 30, json!("fake")),
        ("power_interface", 30, json!("fake")),
        ("raid_interface", 30, json!("fake")),
        ("vendor_interface", 30, json!("fake")),
        ("storage_interface", 32, json!("noop")),
        ("rescue_interface", 37, json!("fake")),
        ("bios_interface", 39, json!("fake")),
        ("conductor_group", 45, json!("")),
        ("automated_clean", 46, json!(false)),
        ("owner", 49, json!("me")),
        ("description", 50, json!("a card")),
        ("retired", 60, json!(true)),
        ("lessee", 64, json!("you")),
        ("network_data", 65, json!({"links": [], "networks": [], "services": []})),
        ("shard", 81, json!("s1")),
        ("parent_node", 82, json!(null)),
        ("firmware_interface", 85, json!("fake")),
        ("disable_power_off", 94, json!(true)),
        ("instance_name", 103, json!("web")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_is_written_and_shown_from_its_version_on() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    for (name, before, value) in members() {
        let (old, new) = (format!("1.{before}"), format!("1.{}", before + 1));
        assert_eq!(post(&rack, &old, json!({name: value})).await.status, 406, "{name}");
        assert_eq!(patch(&rack, &node, &old, add(name, &value)).await.status, 406, "{name}");
        let query = format!("/v1/nodes/{node}?fields={name}");
        if before >= 8 {
            assert_eq!(rack.call("GET", &query, &old, None).await.status, 406, "{name}");
        }
        let shown = rack.call("GET", &format!("/v1/nodes/{node}"), &old, None).await;
        assert_eq!(shown.body.get(name), None, "{name}");
        let made = post(&rack, &new, json!({name: value})).await;
        assert_eq!(made.status, 201, "{name} {made:?}");
        assert_eq!(made.body[name], value, "{name}");
        let id = made.body["uuid"].as_str().unwrap();
        assert_eq!(rack.call("DELETE", &format!("/v1/nodes/{id}"), "1.115", None).await.status, 204);
        if before >= 10 {
            let changed = patch(&rack, &node, &new, add(name, &value)).await;
            assert_eq!((changed.status, &changed.body[name]), (200, &value), "{name} {changed:?}");
        }
    }
    for (name, before) in [("boot_mode", 74), ("secure_boot", 74)] {
        let (old, new) = (format!("1.{before}"), format!("1.{}", before + 1));
        let value = if name == "boot_mode" { json!("uefi") } else { json!(true) };
        assert_eq!(post(&rack, &old, json!({name: value})).await.status, 406, "{name}");
        assert_eq!(post(&rack, &new, json!({name: value})).await.body[name], value);
        assert_eq!(patch(&rack, &node, &new, add(name, &value)).await.status, 400, "{name} is created only");
    }
    for (name, before) in [("protected", 47), ("protected_reason", 47)] {
        let (old, new) = (format!("1.{before}"), format!("1.{}", before + 1));
        assert_eq!(post(&rack, &new, json!({name: "x"})).await.status, 400, "{name} is patched only");
        assert_eq!(patch(&rack, &node, &old, add(name, &json!("true"))).await.status, 406, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_only_is_neither_created_nor_patched() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let before = rack.get(&format!("/v1/nodes/{node}")).await.body;
    for name in [
        "allocation_uuid",
        "clean_step",
        "conductor",
        "created_at",
        "deploy_step",
        "driver_internal_info",
        "fault",
        "health",
        "inspection_started_at",
        "inspection_finished_at",
        "last_error",
        "maintenance_reason",
        "power_state",
        "provision_state",
        "provision_updated_at",
        "raid_config",
        "reservation",
        "service_step",
        "target_power_state",
        "target_provision_state",
        "target_raid_config",
        "traits",
        "updated_at",
        "links",
        "ports",
        "zz",
    ] {
        for value in [json!("x"), json!(null), json!({})] {
            assert_eq!(post(&rack, "1.115", json!({name: value})).await.status, 400, "{name}");
            assert_eq!(patch(&rack, &node, "1.115", add(name, &value)).await.status, 400, "{name}");
        }
    }
    assert_eq!(rack.get(&format!("/v1/nodes/{node}")).await.body, before);
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_do_not_fit_are_refused_and_change_nothing() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let before = rack.get(&format!("/v1/nodes/{node}")).await.body;
    for (name, value) in [
        ("name", json!("a b")),
        ("name", json!("")),
        ("name", json!("detail")),
        ("name", json!("1be26c0b-03f2-4d2e-ae87-c02d7f33c123")),
        ("name", json!(7)),
        ("resource_class", json!("x".repeat(81))),
        ("description", json!("x".repeat(4097))),
        ("instance_name", json!("x".repeat(256))),
        ("instance_uuid", json!("x")),
        ("chassis_uuid", json!("x")),
        ("chassis_uuid", json!("1be26c0b-03f2-4d2e-ae87-c02d7f33c123")),
        ("driver", json!(null)),
        ("driver", json!("none")),
        ("driver_info", json!([])),
        ("extra", json!("x")),
        ("properties", json!(1)),
        ("maintenance", json!("maybe")),
        ("maintenance", json!(1)),
        ("automated_clean", json!({})),
        ("conductor_group", json!("a b")),
        ("conductor_group", json!("nobodys")),
        ("network_data", json!({"links": []})),
        ("network_data", json!({"links": [1], "networks": [], "services": []})),
        ("parent_node", json!("nobody")),
        ("parent_node", json!("1be26c0b-03f2-4d2e-ae87-c02d7f33c123")),
        ("parent_node", json!(7)),
        ("owner", json!("x".repeat(256))),
        ("power_interface", json!("none")),
        ("shard", json!(["a"])),
    ] {
        let made = post(&rack, "1.115", json!({name: value})).await;
        assert_eq!(made.status, 400, "{name} {value} {made:?}");
        let changed = patch(&rack, &node, "1.115", add(name, &value)).await;
        assert_eq!(changed.status, 400, "{name} {value} {changed:?}");
    }
    let reason = patch(&rack, &node, "1.115", add("retired_reason", &json!("without its flag"))).await;
    assert_eq!(reason.status, 400, "{reason:?}");
    assert_eq!(rack.get(&format!("/v1/nodes/{node}")).await.body, before);
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_site_wants_is_there_where_nothing_was_said() {
    let rack = Rack::start().await;
    let made =
        post(&rack, "1.115", json!({"resource_class": null, "conductor_group": null, "extra": null})).await;
    assert_eq!(
        (made.status, &made.body["conductor_group"], &made.body["extra"]),
        (201, &json!(""), &json!({}))
    );
    let flags =
        post(&rack, "1.115", json!({"maintenance": "yes", "retired": null, "disable_power_off": "1"})).await;
    assert_eq!(flags.body["maintenance"], json!(true));
    assert_eq!((&flags.body["retired"], &flags.body["disable_power_off"]), (&json!(false), &json!(true)));
    let named = post(&rack, "1.115", json!({"instance_info": {"display_name": "web"}})).await;
    assert_eq!(named.body["instance_name"], "web");
    let id = named.body["uuid"].as_str().unwrap();
    let cleared = patch(&rack, id, "1.115", json!([{"op": "remove", "path": "/instance_name"}])).await;
    assert_eq!((cleared.status, &cleared.body["instance_name"]), (200, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn interfaces_are_reset_with_a_new_driver() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let path = format!("/v1/nodes/{node}?reset_interfaces=true");
    let driver = json!([{"op": "replace", "path": "/driver", "value": "manual-management"}]);
    assert_eq!(rack.call("PATCH", &path, "1.44", Some(&driver)).await.status, 406);
    let without = rack
        .call("PATCH", &path, "1.115", Some(&json!([{"op": "add", "path": "/extra/a", "value": 1}])))
        .await;
    assert_eq!(without.status, 400);
    let kept = rack.call("PATCH", &format!("/v1/nodes/{node}"), "1.115", Some(&driver)).await;
    assert_eq!(kept.status, 400, "its interfaces are not the new driver's");
    let same = json!([{"op": "replace", "path": "/driver", "value": "fake-hardware"}]);
    assert_eq!(rack.call("PATCH", &path, "1.115", Some(&same)).await.status, 200);
    let reset = rack.call("PATCH", &path, "1.115", Some(&driver)).await;
    assert_eq!((reset.status, &reset.body["driver"]), (200, &json!("manual-management")), "{reset:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_leaves_its_chassis_since_1_25() {
    let rack = Rack::start().await;
    let chassis = rack.call("POST", "/v1/chassis", "1.115", Some(&json!({}))).await.body["uuid"].clone();
    let node = rack.node(json!({"name": "n1", "chassis_uuid": chassis})).await;
    let leave = json!([{"op": "remove", "path": "/chassis_uuid"}]);
    assert_eq!(patch(&rack, &node, "1.24", leave.clone()).await.status, 406);
    assert_eq!(rack.get(&format!("/v1/nodes/{node}")).await.body["chassis_uuid"], chassis);
    let left = patch(&rack, &node, "1.25", leave.clone()).await;
    assert_eq!((left.status, &left.body["chassis_uuid"]), (200, &Value::Null));
    assert_eq!(patch(&rack, &node, "1.24", leave).await.status, 200, "there is nothing to leave");
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_shown_as_older_versions_knew_them() {
    let rack = Rack::start().await;
    let node = post(&rack, "1.10", json!({})).await.body["uuid"].as_str().unwrap().to_owned();
    for (version, state) in [("1.1", Value::Null), ("1.2", json!("available")), ("1.115", json!("available"))]
    {
        for (path, key) in [
            (format!("/v1/nodes/{node}"), "/provision_state"),
            (format!("/v1/nodes/{node}/states"), "/provision_state"),
            ("/v1/nodes".to_owned(), "/nodes/0/provision_state"),
            ("/v1/nodes/detail".to_owned(), "/nodes/0/provision_state"),
        ] {
            let shown = rack.call("GET", &path, version, None).await;
            assert_eq!(shown.body.pointer(key), Some(&state), "{version} {path}");
        }
    }
    assert_eq!(post(&rack, "1.11", json!({})).await.body["provision_state"], "enroll");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parent_is_given_by_uuid_or_name_and_is_nobodys_own_child() {
    let rack = Rack::start().await;
    let parent = rack.node(json!({"name": "server"})).await;
    let child = rack.node(json!({"name": "card", "parent_node": "server"})).await;
    assert_eq!(rack.get(&format!("/v1/nodes/{child}")).await.body["parent_node"], json!(parent));
    let grandchild = rack.node(json!({"parent_node": child})).await;
    for below in ["server", child.as_str(), grandchild.as_str()] {
        let answer = patch(&rack, &parent, "1.115", add("parent_node", &json!(below))).await;
        assert_eq!(answer.status, 400, "{below}");
    }
    let freed = patch(&rack, &child, "1.115", json!([{"op": "remove", "path": "/parent_node"}])).await;
    assert_eq!((freed.status, &freed.body["parent_node"]), (200, &Value::Null));
    let turned = patch(&rack, &parent, "1.115", add("parent_node", &json!("card"))).await;
    assert_eq!((turned.status, &turned.body["parent_node"]), (200, &json!(child)));
    assert_eq!(rack.call("DELETE", "/v1/nodes/card", "1.115", None).await.status, 409);
    let listed = rack.get("/v1/nodes?parent_node=1be26c0b-03f2-4d2e-ae87-c02d7f33c123").await;
    assert_eq!((listed.status, &listed.body["nodes"]), (200, &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn power_of_a_card_hangs_on_its_server() {
    let rack = Rack::start().await;
    let parent = rack.node(json!({"name": "server"})).await;
    let child = rack.node(json!({"name": "card", "parent_node": parent})).await;
    let apart = rack
        .node(json!({
            "name": "apart", "parent_node": parent, "driver_info": {"has_dedicated_power_supply": true},
        }))
        .await;
    for node in [&parent, &child, &apart] {
        rack.go(node, "manage").await;
    }
    let power = async |node: &str, target: &str| {
        let path = format!("/v1/nodes/{node}/states/power");
        let asked = rack.call("PUT", &path, "1.115", Some(&json!({"target": target}))).await;
        assert_eq!(asked.status, 202, "{asked:?}");
        rack.rest().await;
        let mut states = Vec::new();
        for node in [&parent, &child, &apart] {
            let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
            assert_eq!(shown["last_error"], Value::Null, "{shown}");
            states.push(shown["power_state"] == "power on");
        }
        states
    };
    power(&apart, "power on").await;
    power(&parent, "power off").await;
    assert_eq!(power(&child, "power on").await, [true, true, true], "the server is on first");
    assert_eq!(power(&parent, "rebooting").await, [true, true, true]);
    assert_eq!(power(&parent, "power off").await, [false, false, true], "the card is off first");
    assert_eq!(power(&apart, "rebooting").await, [false, false, true], "its own supply");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_repeat_what_was_asked_for() {
    let rack = Rack::start().await;
    for name in ["a", "b"] {
        rack.node(json!({"name": name, "maintenance": true, "instance_uuid": null})).await;
    }
    let query = "limit=1&sort_key=name&sort_dir=desc&fields=uuid,name&maintenance=true&associated=false&retired=false&driver=fake-hardware";
    let page = rack.get(&format!("/v1/nodes?{query}")).await;
    let next = page.body["next"].as_str().unwrap_or_else(|| panic!("{page:?}"));
    for pair in [
        "limit=1",
        "sort_key=name",
        "sort_dir=desc",
        "fields=uuid,name",
        "maintenance=True",
        "associated=False",
        "retired=False",
        "marker=",
    ] {
        assert!(next.contains(pair), "{pair} in {next}");
    }
    assert!(!next.contains("driver"), "clients add other filters again: {next}");
    let detail = rack.get("/v1/nodes?limit=1&detail=true").await;
    assert!(detail.body["next"].as_str().unwrap().contains("detail=True"));
    let last = rack.get(next.strip_prefix("http://api").unwrap()).await;
    assert_eq!(last.body["nodes"][0]["name"], "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_made_with_what_the_site_and_its_driver_say() {
    let site = "[DEFAULT]\ndefault_resource_class = \"big\"\ndefault_conductor_group = \"g1\"\n";
    let rack = Rack::start_with(site).await;
    let id = "11111111-2222-3333-4444-555555555555";
    let made = post(&rack, "1.115", json!({"uuid": id})).await;
    assert_eq!((made.status, &made.body["uuid"]), (201, &json!(id)), "{made:?}");
    let shown = rack.get(&format!("/v1/nodes/{id}")).await.body;
    for (name, value) in [
        ("resource_class", "big"),
        ("conductor_group", "g1"),
        ("provision_state", "enroll"),
        ("deploy_interface", "fake"),
        ("power_interface", "fake"),
        ("network_interface", "noop"),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
    let own = post(&rack, "1.115", json!({"resource_class": "small", "deploy_interface": "direct"})).await;
    assert_eq!(
        (&own.body["resource_class"], &own.body["deploy_interface"]),
        (&json!("small"), &json!("direct"))
    );
    for (wrong, part) in [
        (json!({"driver": "snmp"}), "snmp"),
        (json!({"raid_interface": "redfish"}), "raid_interface"),
        (json!({"colour": "red"}), "colour"),
        (json!({"conductor_group": "g2"}), "g2"),
    ] {
        let refused = post(&rack, "1.115", wrong.clone()).await;
        assert_eq!(refused.status, 400, "{wrong}: {refused:?}");
        assert!(refused.text().contains(part), "{wrong}: {}", refused.text());
    }
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"].as_array().unwrap().len(), 2);
}
