//! What belongs to nodes beside their settings: traits, the RAID that is wished for; and events of a network service.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

const LATEST: &str = "1.115";

async fn put(rack: &Rack, path: &str, body: Option<&Value>) -> Answer {
    rack.call("PUT", path, LATEST, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn traits_are_set_added_and_removed() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    let wanted = json!({"traits": ["CUSTOM_B", "HW_CPU_X86_VMX", "CUSTOM_B"]});
    assert_eq!(put(&rack, "/v1/nodes/n1/traits", Some(&wanted)).await.status, 204);
    let shown = |answer: Answer| answer.body["traits"].clone();
    assert_eq!(shown(rack.get("/v1/nodes/n1/traits").await), json!(["CUSTOM_B", "HW_CPU_X86_VMX"]));
    let added = put(&rack, "/v1/nodes/n1/traits/CUSTOM_A", None).await;
    assert_eq!(added.status, 204, "{added:?}");
    assert_eq!(added.headers.get("Location"), Some("http://api/v1/nodes/n1/traits/CUSTOM_A"));
    assert_eq!(put(&rack, "/v1/nodes/n1/traits/CUSTOM_A", Some(&json!({}))).await.status, 204, "it is there");
    let all = json!(["CUSTOM_B", "HW_CPU_X86_VMX", "CUSTOM_A"]);
    assert_eq!(shown(rack.get(&format!("/v1/nodes/{node}")).await), all);
    let rack = rack.restarted().await;
    assert_eq!(shown(rack.get("/v1/nodes/n1/traits").await), all, "they are there after a restart");
    let path = "/v1/nodes/n1/traits/CUSTOM_B";
    assert_eq!(rack.call("DELETE", path, LATEST, None).await.status, 204);
    assert_eq!(rack.call("DELETE", path, LATEST, None).await.status, 404);
    assert_eq!(rack.call("DELETE", "/v1/nodes/n1/traits", LATEST, None).await.status, 204);
    assert_eq!(shown(rack.get("/v1/nodes/n1/traits").await), json!([]));
    let history = rack.get("/v1/nodes/n1/history?detail=true").await.body["history"].to_string();
    for text in ["2 added: CUSTOM_B, HW_CPU_X86_VMX", "1 removed: CUSTOM_B", "1 added: CUSTOM_A"] {
        assert!(history.contains(text), "{text} is not in {history}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_traits_change_nothing() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let path = "/v1/nodes/n1/traits";
    put(&rack, path, Some(&json!({"traits": ["CUSTOM_A"]}))).await;
    let many: Vec<_> = (0..51).map(|number| format!("CUSTOM_{number}")).collect();
    for body in [
        json!({}),
        json!([]),
        json!({"traits": null}),
        json!({"traits": "CUSTOM_A"}),
        json!({"traits": [1]}),
        json!({"traits": ["abc"]}),
        json!({"traits": ["CUSTOM_B", "custom_c"]}),
        json!({"traits": ["CUSTOM_B"], "more": 1}),
        json!({"traits": many}),
    ] {
        let answer = put(&rack, path, Some(&body)).await;
        assert_eq!((answer.status, answer.inner()["faultcode"].as_str()), (400, Some("Client")), "{body}");
    }
    for (tail, body) in
        [("abc", None), ("CUSTOM_", None), ("CUSTOM_B", Some(json!({"traits": ["CUSTOM_C"]}))), ("é", None)]
    {
        assert_eq!(put(&rack, &format!("{path}/{tail}"), body.as_ref()).await.status, 400, "{tail}");
    }
    assert_eq!(put(&rack, path, None).await.status, 400);
    assert_eq!(put(&rack, "/v1/nodes/n9/traits/CUSTOM_A", None).await.status, 404);
    assert_eq!(rack.call("DELETE", &format!("{path}/abc"), LATEST, None).await.status, 404);
    assert_eq!(rack.get(path).await.body["traits"], json!(["CUSTOM_A"]));
    put(&rack, path, Some(&json!({"traits": &many[..50]}))).await;
    assert_eq!(put(&rack, &format!("{path}/CUSTOM_ONE_TOO_MANY"), None).await.status, 400);
    assert_eq!(rack.get(path).await.body["traits"].as_array().unwrap().len(), 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_raid_is_kept_and_forgotten() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    rack.node(json!({"name": "n2", "raid_interface": "no-raid"})).await;
    let wanted = json!({"logical_disks": [{"size_gb": 100, "raid_level": "1", "is_root_volume": true}]});
    let path = "/v1/nodes/n1/states/raid";
    assert_eq!(put(&rack, path, Some(&wanted)).await.status, 204);
    assert_eq!(rack.get("/v1/nodes/n1/states").await.body["target_raid_config"], wanted);
    for body in [json!({"a": 1}), json!([]), json!({"logical_disks": []}), json!(1)] {
        assert_eq!(put(&rack, path, Some(&body)).await.status, 400, "{body}");
    }
    assert_eq!(put(&rack, path, None).await.status, 400);
    assert_eq!(rack.get("/v1/nodes/n1").await.body["target_raid_config"], wanted, "nothing has changed");
    assert_eq!(put(&rack, path, Some(&json!({}))).await.status, 204);
    assert_eq!(rack.get("/v1/nodes/n1").await.body["target_raid_config"], json!({}));
    let without = "/v1/nodes/n2/states/raid";
    assert_eq!(put(&rack, without, Some(&wanted)).await.status, 404, "its driver has no RAID");
    assert_eq!(put(&rack, without, Some(&json!({}))).await.status, 204);
    assert_eq!(put(&rack, "/v1/nodes/n9/states/raid", Some(&wanted)).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn logical_disks_are_explained() {
    let rack = Rack::start().await;
    let path = "/v1/drivers/fake-hardware/raid/logical_disk_properties";
    let answer = rack.get(path).await;
    assert_eq!((answer.status, answer.body.as_object().unwrap().len()), (200, 10));
    let texts: Vec<_> =
        answer.body.as_object().unwrap().values().map(|text| text.as_str().unwrap()).collect();
    assert!(texts.iter().all(|text| text.len() > 20 && text.ends_with('.')), "{texts:?}");
    assert_eq!(rack.get("/v1/drivers/none/raid/logical_disk_properties").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_checked_and_let_go() {
    let rack = Rack::start().await;
    let event = json!({
        "event": "network.bind_port",
        "port_id": "11111111-1111-1111-1111-111111111111",
        "mac_address": "de:ad:ca:fe:ba:be",
        "status": "ACTIVE",
    });
    let post = async |body: Value| rack.call("POST", "/v1/events", LATEST, Some(&body)).await.status;
    assert_eq!(post(json!({"events": [event]})).await, 204);
    assert_eq!(post(json!({"events": [event, event]})).await, 204);
    let mut wrong = event.clone();
    wrong["device_id"] = json!("x");
    for body in [
        json!({"events": [event, wrong]}),
        json!({"events": []}),
        json!({"events": event}),
        json!({"events": [event], "more": 1}),
        json!({}),
        json!([]),
    ] {
        assert_eq!(post(body.clone()).await, 400, "{body}");
    }
    assert_eq!(rack.call("POST", "/v1/events", LATEST, None).await.status, 400);
    assert_eq!(rack.get("/v1/events").await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_known_of_a_firmware_that_nobody_has_looked_at() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    assert_eq!(rack.get("/v1/nodes/n1/bios").await.body, json!({"bios": []}));
    assert_eq!(rack.get("/v1/nodes/n1/firmware?detail=true").await.body, json!({"firmware": []}));
    for (path, status) in [
        ("/v1/nodes/n1/bios/x", 404),
        ("/v1/nodes/n9/bios", 404),
        ("/v1/nodes/n1/bios?fields=color", 400),
        ("/v1/nodes/n1/bios?fields=name&detail=true", 400),
        ("/v1/nodes/n1/bios?color=1", 400),
        ("/v1/nodes/n1/firmware?fields=color", 400),
    ] {
        assert_eq!(rack.get(path).await.status, status, "{path}");
    }
}

/// Cleans with these steps of the BIOS and waits until the node rests.
async fn clean(rack: &Rack, node: &str, step: Value) {
    let body = json!({"target": "clean", "clean_steps": [step]});
    let asked = put(rack, &format!("/v1/nodes/{node}/states/provision"), Some(&body)).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    rack.rest().await;
    assert_eq!(rack.get(&format!("/v1/nodes/{node}")).await.body["provision_state"], "manageable");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fake_bios_keeps_what_cleaning_tells_it() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    rack.go(&node, "manage").await;
    let apply = |settings: Value| json!({"interface": "bios", "step": "apply_configuration", "args": {"settings": settings}});
    clean(&rack, &node, apply(json!([{"name": "turbo", "value": "on"}, {"name": "cores", "value": 8}])))
        .await;
    let listed = rack.get("/v1/nodes/n1/bios").await.body["bios"].clone();
    assert_eq!((&listed[0]["name"], &listed[0]["value"]), (&json!("turbo"), &json!("on")), "{listed}");
    assert_eq!(listed[1]["value"], "8");
    assert!(listed[0]["links"][0]["href"].as_str().unwrap().ends_with("/v1/nodes/n1/bios/turbo"));
    assert_eq!(listed[0].as_object().unwrap().len(), 5, "the registry is shown if it is asked for");
    let detail = rack.get("/v1/nodes/n1/bios?detail=true").await.body["bios"][0].clone();
    assert_eq!(detail["attribute_type"], Value::Null, "{detail}");
    let fields = rack.get("/v1/nodes/n1/bios?fields=value").await.body["bios"][0].clone();
    assert!(fields.get("name").is_none() && fields["value"] == "on", "{fields}");
    for (version, members) in [("1.73", 5), ("1.74", 14)] {
        let one = rack.call("GET", "/v1/nodes/n1/bios/turbo", version, None).await.body;
        assert_eq!(one["turbo"].as_object().unwrap().len(), members, "{one}");
    }
    clean(&rack, &node, apply(json!([{"name": "turbo", "value": "off"}]))).await;
    let rack = rack.restarted().await;
    let listed = rack.get("/v1/nodes/n1/bios").await.body["bios"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["value"]), (1, &json!("off")), "{listed}");
    assert!(listed[0]["updated_at"].is_string());
    clean(&rack, &node, json!({"interface": "bios", "step": "factory_reset"})).await;
    assert_eq!(rack.get("/v1/nodes/n1/bios").await.body, json!({"bios": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_appear_with_their_versions() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let disks = json!({"logical_disks": [{"size_gb": 1, "raid_level": "0"}]});
    let events = json!({"events": []});
    for (method, path, body, since, below, from) in [
        ("GET", "/v1/nodes/n1/traits", None, 37, 404, 200),
        ("PUT", "/v1/nodes/n1/traits/CUSTOM_A", None, 37, 404, 204),
        ("DELETE", "/v1/nodes/n1/traits", None, 37, 404, 204),
        ("PUT", "/v1/nodes/n1/states/raid", Some(&disks), 12, 406, 204),
        ("GET", "/v1/drivers/fake-hardware/raid/logical_disk_properties", None, 12, 406, 200),
        ("POST", "/v1/events", Some(&events), 54, 404, 400),
        ("GET", "/v1/nodes/n1/bios", None, 40, 404, 200),
        ("GET", "/v1/nodes/n1/bios?detail=true", None, 74, 400, 200),
        ("GET", "/v1/nodes/n1/bios?fields=name", None, 74, 400, 200),
        ("GET", "/v1/nodes/n1/firmware", None, 86, 404, 200),
        ("GET", "/v1/nodes/n1/firmware?fields=vendor", None, 114, 400, 200),
    ] {
        for (version, status) in [(since - 1, below), (since, from)] {
            let answer = rack.call(method, path, &format!("1.{version}"), body).await;
            assert_eq!(answer.status, status, "{method} {path} at 1.{version}: {}", answer.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_a_driver_are_described_and_an_unknown_one_has_none() {
    let rack = Rack::start().await;
    for (driver, key) in [("manual-management", "disk_guard"), ("fake-hardware", "image_http_proxy")] {
        let answer = rack.get(&format!("/v1/drivers/{driver}/properties")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body[key].as_str().is_some_and(|text| text.len() > 10), "{driver} {key}: {answer:?}");
    }
    for none in ["none", "redfish"] {
        assert_eq!(rack.get(&format!("/v1/drivers/{none}/properties")).await.status, 404, "{none}");
    }
}
