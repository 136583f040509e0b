//! What a ramdisk posts: taken by the node that expects it, by discovery, or by nobody.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

const MAC: &str = "52:54:00:e2:e0:05";

/// What the stock agent of version 13 posted.
fn golden() -> Value {
    let text = include_str!("../goldens/agent/inspection.json");
    serde_json::from_str::<Value>(text).unwrap()["request_body"].clone()
}

/// The same from another machine.
fn machine(last: u8) -> Value {
    let mut body = golden();
    body["inventory"]["interfaces"][0]["mac_address"] = json!(format!("52:54:00:e2:e0:{last:02x}"));
    body["inventory"]["system_vendor"]["serial_number"] = json!(format!("serial-{last}"));
    body["inventory"]["bmc_address"] = json!(format!("192.0.2.{last}"));
    body
}

async fn post(rack: &Rack, body: &Value) -> Answer {
    rack.by_rack("POST", "/v1/continue_inspection", "", Some(body)).await
}

/// A node whose inspection ramdisk is awaited.
async fn waiting(rack: &Rack) -> String {
    let node = rack.node(json!({"name": "n1", "inspect_interface": "agent"})).await;
    rack.port(&node, MAC).await;
    rack.go(&node, "manage").await;
    let path = format!("/v1/nodes/{node}/states/provision");
    let asked = rack.call("PUT", &path, "1.115", Some(&json!({"target": "inspect"}))).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    rack.until(&node, "inspect wait").await;
    node
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_stock_agent_posts_is_taken_and_answered_as_it_expects() {
    let rack = Rack::start().await;
    let node = waiting(&rack).await;
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!(shown["power_state"], "power on");
    assert_eq!(shown["inspection_finished_at"], Value::Null);
    let answer = post(&rack, &golden()).await;
    assert_eq!((answer.status, &answer.body), (202, &json!({"uuid": node})));
    rack.until(&node, "manageable").await;
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!((&shown["power_state"], &shown["last_error"]), (&json!("power off"), &Value::Null));
    assert_eq!(shown["properties"]["cpu_arch"], "x86_64");
    assert!(shown["inspection_finished_at"].is_string());
    let inventory = rack.get("/v1/nodes/n1/inventory").await.body;
    assert_eq!(inventory["inventory"], golden()["inventory"]);
    assert_eq!(inventory["plugin_data"]["macs"], json!([MAC]));
    assert_eq!(inventory["plugin_data"]["root_disk"]["serial"], "E2EDISK0");
    let again = post(&rack, &golden()).await;
    assert_eq!(again.status, 404, "nobody expects it any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_decide_the_answers_shape() {
    let rack = Rack::start().await;
    let node = waiting(&rack).await;
    let path = "/v1/continue_inspection";
    for version in ["1.2", "1.22", "1.83"] {
        assert_eq!(rack.by_rack("POST", path, version, Some(&golden())).await.status, 404, "{version}");
    }
    let named = format!("{path}?node_uuid={node}");
    assert_eq!(rack.by_rack("POST", &named, "", Some(&golden())).await.status, 404);
    assert_eq!(rack.by_rack("POST", &format!("{path}?x=1"), "1.84", Some(&golden())).await.status, 400);
    let answer = rack.by_rack("POST", &named, "1.84", Some(&golden())).await;
    assert_eq!((answer.status, answer.body["node"]["uuid"].as_str()), (202, Some(node.as_str())));
    assert_eq!(answer.body["config"]["agent_token"].as_str().unwrap().len(), 43);
    rack.until(&node, "manageable").await;
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert_eq!(shown["driver_internal_info"].get("agent_secret_token"), None, "the token went with the boot");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_found_by_its_bmc_and_nobody_elses_inventory_is_taken() {
    let rack = Rack::start().await;
    let node = rack
        .node(json!({"name": "n1", "inspect_interface": "agent", "driver_info": {"x_address": "http://192.0.2.9/"}}))
        .await;
    rack.go(&node, "manage").await;
    let path = format!("/v1/nodes/{node}/states/provision");
    rack.call("PUT", &path, "1.115", Some(&json!({"target": "inspect"}))).await;
    rack.until(&node, "inspect wait").await;
    let strange = post(&rack, &machine(7)).await;
    assert_eq!(strange.status, 404);
    let other = rack.node(json!({"name": "n2"})).await;
    rack.port(&other, "52:54:00:e2:e0:07").await;
    let mut both = machine(7);
    both["inventory"]["bmc_address"] = json!("192.0.2.9");
    let hidden = post(&rack, &both).await;
    assert_eq!(
        (hidden.status, hidden.text()),
        (404, strange.text()),
        "the NICs of one and the BMC of another"
    );
    assert_eq!(post(&rack, &golden()).await.status, 202);
    rack.until(&node, "manageable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_only_loops_fails_the_inspection_although_its_post_is_taken() {
    let rack = Rack::start().await;
    let node = waiting(&rack).await;
    let mut body = golden();
    body["inventory"]["interfaces"][0]["ipv4_address"] = json!("127.0.0.1");
    assert_eq!(post(&rack, &body).await.status, 202);
    rack.until(&node, "inspect failed").await;
    let shown = rack.get("/v1/nodes/n1").await.body;
    assert!(shown["last_error"].as_str().unwrap().contains("add_ports"), "{shown}");
    rack.rest().await;
    assert_eq!(rack.get("/v1/nodes/n1").await.body["power_state"], "power off");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_inventories_are_refused_by_name_and_change_nothing() {
    let rack = Rack::start_with("[discovery]\npolicy = \"enrol\"\ndriver = \"fake-hardware\"\n").await;
    for (body, word) in [
        (json!({}), "inventory"),
        (json!({"inventory": {"interfaces": []}}), "interfaces"),
        (json!({"inventory": {"interfaces": [{"name": "eth0"}]}}), "mac_address"),
        (json!({"inventory": {"interfaces": [{"mac_address": "01:00:5e:00:00:01"}]}}), "no valid MAC"),
        (json!({"inventory": {"interfaces": [{"mac_address": MAC}]}}), "no network interface has a name"),
        (json!({"inventory": {"interfaces": [{"mac_address": MAC, "name": "eth0"}]}}), "architecture"),
        (
            json!({"error": "no disk", "inventory": golden()["inventory"]}),
            "ramdisk reported an error: no disk",
        ),
    ] {
        let answer = post(&rack, &body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.text().contains(word), "{word} in {}", answer.text());
    }
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"], json!([]));
    assert_eq!(rack.get("/ferric/v1/discovered").await.body["discovered"], json!([]));
    let huge = json!({"inventory": {"interfaces": [{"mac_address": MAC}]}, "x": "x".repeat(17 << 20)});
    assert_eq!(post(&rack, &huge).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_machine_becomes_a_node_with_ports_once() {
    let rack = Rack::start_with("[discovery]\npolicy = \"enrol\"\ndriver = \"fake-hardware\"\n").await;
    let answer = post(&rack, &golden()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let node = answer.body["uuid"].as_str().unwrap().to_owned();
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    assert_eq!((&shown["provision_state"], &shown["name"]), (&json!("enroll"), &json!("e2e-0001")));
    assert_eq!(shown["properties"]["cpu_arch"], "x86_64");
    let error = shown["last_error"].as_str().unwrap();
    assert!(error.contains("[discovery.bmc]") && error.contains("ferric node manage e2e-0001"), "{error}");
    let ports = rack.get(&format!("/v1/nodes/{node}/ports")).await.body;
    assert_eq!(ports["ports"][0]["address"], MAC);
    let inventory = rack.get(&format!("/v1/nodes/{node}/inventory")).await.body;
    assert_eq!(inventory["plugin_data"]["auto_discovered"], true);

    let mut again = golden();
    again["inventory"]["interfaces"] =
        json!([{"name": "eth1", "mac_address": "52:54:00:e2:e0:06", "ipv4_address": "172.31.99.51"}]);
    for (serial, bmc) in [(json!("e2e-0001"), "192.0.2.77"), (Value::Null, "192.0.2.9")] {
        again["inventory"]["system_vendor"]["serial_number"] = serial.clone();
        again["inventory"]["bmc_address"] = json!(bmc);
        let answer = post(&rack, &again).await;
        assert_eq!(
            (answer.status, answer.body["uuid"].as_str()),
            (202, Some(node.as_str())),
            "{serial} {bmc}"
        );
        again["inventory"]["bmc_address"] = json!("192.0.2.9");
    }
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"].as_array().unwrap().len(), 1);
    let ports = rack.get(&format!("/v1/nodes/{node}/ports")).await.body;
    assert_eq!(ports["ports"].as_array().unwrap().len(), 2, "what it lacked was added");
    let rack = rack.restarted().await;
    assert_eq!(
        post(&rack, &golden()).await.body["uuid"].as_str(),
        Some(node.as_str()),
        "it outlives the daemon"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_only_shares_something_with_another_is_not_taken_for_it() {
    let rack = Rack::start_with("[discovery]\npolicy = \"enrol\"\ndriver = \"fake-hardware\"\n").await;
    let first = post(&rack, &golden()).await.body["uuid"].clone();
    let path = format!("/v1/nodes/{}", first.as_str().unwrap());
    let before = rack.get(&path).await.body;
    let mut dongle = golden();
    dongle["inventory"]["system_vendor"]["serial_number"] = json!("another-1");
    assert_eq!(post(&rack, &dongle).await.status, 404, "a NIC that went to another machine");
    assert_eq!(rack.get(&path).await.body, before);

    let mut blade = machine(7);
    blade["inventory"]["system_vendor"]["serial_number"] = json!("blade-2");
    blade["inventory"]["bmc_address"] = golden()["inventory"]["bmc_address"].clone();
    let second = post(&rack, &blade).await.body["uuid"].clone();
    assert_ne!(second, first);
    let shown = rack.get(&format!("/v1/nodes/{}", second.as_str().unwrap())).await.body;
    let error = shown["last_error"].as_str().unwrap();
    assert!(error.contains("node e2e-0001 has the BMC at 192.0.2.9, too"), "{error}");

    let listed = rack.get("/ferric/v1/discovered").await.body;
    assert_eq!(listed["turned_away"], json!({"too_many": 0, "no_room": 0, "claims": 1}));
    let waits: Vec<_> =
        listed["discovered"].as_array().unwrap().iter().map(|one| &one["waits_for"]).collect();
    assert!(
        waits.len() == 2 && waits.iter().all(|why| why.as_str().unwrap().contains("ferric node set")),
        "{waits:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_posts_at_once_make_one_node() {
    let rack = Rack::start_with("[discovery]\npolicy = \"enrol\"\ndriver = \"fake-hardware\"\n").await;
    let mut other = golden();
    other["inventory"]["interfaces"] =
        json!([{"name": "eth1", "mac_address": "52:54:00:e2:e0:06", "ipv4_address": "172.31.99.51"}]);
    let (golden, by_serial) = (golden(), other);
    let (one, two, three) = tokio::join!(post(&rack, &golden), post(&rack, &by_serial), post(&rack, &golden));
    for answer in [&one, &two, &three] {
        assert!(matches!(answer.status, 202 | 409), "{answer:?}");
    }
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_never_changes_a_node_that_is_in_use() {
    let rack = Rack::start_with("[discovery]\npolicy = \"enrol\"\ndriver = \"fake-hardware\"\n").await;
    let node = rack.node(json!({"name": "n1"})).await;
    rack.port(&node, MAC).await;
    rack.go(&node, "manage").await;
    rack.until_modes(&node).await;
    let before = rack.get("/v1/nodes/n1").await.body;
    let refused = post(&rack, &golden()).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    assert_eq!(rack.get("/v1/nodes/n1").await.body, before);
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_written_down_and_struck_out() {
    let rack = Rack::start_with("[discovery]\npolicy = \"record\"\n").await;
    let answer = post(&rack, &golden()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(post(&rack, &golden()).await.body, answer.body, "it is the same machine");
    let rack = rack.restarted().await;
    let listed = rack.get("/ferric/v1/discovered").await.body;
    let one = &listed["discovered"][0];
    assert_eq!(
        (&one["mac_address"], &one["serial_number"], &one["times"]),
        (&json!(MAC), &json!("e2e-0001"), &json!(2))
    );
    assert_eq!((&one["uuid"], &one["node_uuid"]), (&answer.body["uuid"], &Value::Null));
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"], json!([]));
    let path = format!("/ferric/v1/discovered/{MAC}");
    assert_eq!(
        rack.by_rack("GET", "/ferric/v1/discovered", "", None).await.status,
        404,
        "not at the rack's door"
    );
    assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 204);
    assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 404);
    assert_eq!(rack.get("/ferric/v1/discovered").await.body["discovered"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_several_nics_is_written_down_once() {
    let rack = Rack::start_with("[discovery]\npolicy = \"record\"\n").await;
    let first = post(&rack, &golden()).await.body;
    let mut other = golden();
    other["inventory"]["interfaces"][0]["mac_address"] = json!("52:54:00:e2:e0:99");
    assert_eq!(post(&rack, &other).await.body, first, "the same serial number and BMC");
    assert_eq!(post(&rack, &machine(7)).await.status, 202);
    let listed = rack.get("/ferric/v1/discovered").await.body;
    assert_eq!((&listed["policy"], listed["discovered"].as_array().unwrap().len()), (&json!("record"), 2));
    let rows = listed["discovered"].as_array().unwrap();
    let one = rows.iter().find(|one| one["uuid"] == first["uuid"]).unwrap();
    assert_eq!((&one["mac_address"], &one["times"]), (&json!(MAC), &json!(2)));
    assert_eq!(one["mac_addresses"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_taken_in_where_discovery_is_off_or_endpoints_are_closed() {
    let rack = Rack::start().await;
    assert_eq!(rack.get("/ferric/v1/discovered").await.body["policy"], "off");
    let refused = post(&rack, &golden()).await;
    assert_eq!(refused.status, 404);
    let rack = Rack::start_with("[api]\nenable_ramdisk_endpoints = false\n").await;
    assert_eq!(post(&rack, &golden()).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_unknown_machines_is_bounded() {
    let limits = "[discovery]\npolicy = \"enrol\"\ndriver = \"fake-hardware\"\nlimit = {per_minute = 4, machines = 2}\n";
    let rack = Rack::start_with(limits).await;
    let mut statuses = Vec::new();
    for last in 1..=8 {
        statuses.push(post(&rack, &machine(last)).await.status);
    }
    assert_eq!(statuses, [202, 202, 503, 503, 503, 503, 503, 503]);
    assert_eq!(rack.get("/v1/nodes").await.body["nodes"].as_array().unwrap().len(), 2);
    let away = rack.get("/ferric/v1/discovered").await.body["turned_away"].clone();
    assert_eq!(away, json!({"too_many": 4, "no_room": 2, "claims": 0}));
    let node = rack.node(json!({"name": "mine"})).await;
    rack.go(&node, "manage").await;
    assert_eq!(rack.get("/v1/nodes/mine").await.body["provision_state"], "manageable", "the rack goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_made_shown_changed_deleted_and_applied() {
    let rack = Rack::start().await;
    let body = json!({
        "description": "who made it", "priority": 7,
        "conditions": [{"op": "eq", "args": {"values": ["{inventory[system_vendor][manufacturer]}", "E2E"]}}],
        "actions": [{"op": "set-attribute", "args": {"path": "extra/maker", "value": "{inventory[system_vendor][manufacturer]}"}}],
    });
    let path = "/v1/inspection_rules";
    assert_eq!(rack.call("POST", path, "1.95", Some(&body)).await.status, 405);
    assert_eq!(rack.call("GET", path, "1.95", None).await.status, 404);
    let made = rack.call("POST", path, "1.96", Some(&body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.body["uuid"].as_str().unwrap().to_owned();
    let one = format!("{path}/{id}");
    assert_eq!(made.headers.get("Location"), Some(format!("http://api{one}").as_str()));
    assert_eq!((&made.body["phase"], &made.body["sensitive"]), (&json!("main"), &json!(false)));
    assert_eq!(made.body["actions"], body["actions"]);
    let listed = rack.get(path).await.body;
    let row = listed["inspection_rules"][0].as_object().unwrap();
    assert_eq!(row.keys().collect::<Vec<_>>(), ["description", "links", "phase", "priority", "uuid"]);
    assert_eq!(rack.get(&format!("{path}?detail=true&phase=main&sort_key=priority")).await.status, 200);
    assert_eq!(rack.get(&format!("{path}?phase=other")).await.body["inspection_rules"], json!([]));
    assert_eq!(rack.get(&format!("{path}?sort_key=actions")).await.status, 400);
    assert_eq!(rack.get(&format!("{one}?fields=priority")).await.body["priority"], 7);
    let twice = json!({"uuid": id, "actions": body["actions"]});
    assert_eq!(rack.call("POST", path, "1.96", Some(&twice)).await.status, 409);
    let changes = json!([{"op": "replace", "path": "/priority", "value": 9}, {"op": "add", "path": "/actions/-",
        "value": {"op": "log", "args": {"msg": "seen"}}}]);
    let patched = rack.call("PATCH", &one, "1.96", Some(&changes)).await;
    assert_eq!((patched.status, &patched.body["priority"]), (200, &json!(9)), "{patched:?}");
    assert!(patched.body["updated_at"].is_string());
    let never = json!({"op": "set-attribute", "args": {"path": "/uuid", "value": "x"}});
    let refused = rack.call("POST", path, "1.96", Some(&json!({"actions": [never]}))).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("no member of a node that a rule can write"), "{refused:?}");
    let never = json!([{"op": "add", "path": "/actions/-", "value": never}]);
    assert_eq!(rack.call("PATCH", &one, "1.96", Some(&never)).await.status, 400);
    let wrong = json!([{"op": "replace", "path": "/actions", "value": []}]);
    assert_eq!(rack.call("PATCH", &one, "1.96", Some(&wrong)).await.status, 400);

    let rack = rack.restarted().await;
    assert_eq!(rack.get(&one).await.body["priority"], 9, "it outlives the daemon");
    let node = waiting(&rack).await;
    assert_eq!(post(&rack, &golden()).await.status, 202);
    rack.until(&node, "manageable").await;
    assert_eq!(rack.get("/v1/nodes/n1").await.body["extra"]["maker"], "E2E");
    assert_eq!(rack.call("DELETE", &one, "1.96", None).await.status, 204);
    assert_eq!(rack.get(&one).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_rules_of_the_site_go_at_once() {
    let rack = Rack::start().await;
    let body = json!({"actions": [{"op": "log", "args": {"msg": "x"}}]});
    let path = "/v1/inspection_rules";
    for _ in 0..3 {
        assert_eq!(rack.call("POST", path, "1.96", Some(&body)).await.status, 201);
    }
    assert_eq!(rack.call("DELETE", path, "1.95", None).await.status, 405);
    assert_eq!(rack.call("DELETE", &format!("{path}?phase=main"), "1.96", None).await.status, 400);
    assert_eq!(rack.get(path).await.body["inspection_rules"].as_array().unwrap().len(), 3);
    for _ in 0..2 {
        assert_eq!(rack.call("DELETE", path, "1.96", None).await.status, 204);
    }
    assert_eq!(rack.get(path).await.body["inspection_rules"], json!([]));
    assert_eq!(rack.call("POST", path, "1.96", Some(&body)).await.status, 201, "and new ones are made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sensitive_rule_is_hidden_sealed_and_stays_so() {
    let rack = Rack::start().await;
    let body = json!({"sensitive": true,
        "actions": [{"op": "set-attribute", "args": {"path": "driver_info/x", "value": "hunter2hunter2"}}]});
    let made = rack.call("POST", "/v1/inspection_rules", "1.96", Some(&body)).await;
    assert_eq!(
        (made.status, &made.body["actions"], &made.body["conditions"]),
        (201, &Value::Null, &Value::Null)
    );
    let one = format!("/v1/inspection_rules/{}", made.body["uuid"].as_str().unwrap());
    let open = json!([{"op": "replace", "path": "/sensitive", "value": false}]);
    assert_eq!(rack.call("PATCH", &one, "1.96", Some(&open)).await.status, 400);
    let file = std::fs::read(rack.home().join("data/store/data.mdb")).unwrap();
    assert!(!file.windows(14).any(|part| part == b"hunter2hunter2"), "it lies open on the disk");
}
