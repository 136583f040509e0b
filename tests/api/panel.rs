//! What a client does at the BMC's panel: boot mode, NMI, lamps, media, vendor methods, sensors.

use serde_json::{Value, json};

use crate::rack::{Answer, Rack};

/// A node whose BMC has nothing but power.
const BARE: &str = "manual-management";

async fn bare(rack: &Rack) -> String {
    let body = json!({"driver": BARE, "name": "bare", "power_interface": "fake"});
    let made = rack.call("POST", "/v1/nodes", "1.115", Some(&body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.body["uuid"].as_str().unwrap().to_owned()
}

async fn put(rack: &Rack, path: &str, body: Value) -> Answer {
    rack.call("PUT", path, "1.115", Some(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_new_is_not_there() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1", "driver_info": {"fake_panel": true}})).await;
    for (method, path, since, body) in [
        ("PUT", "states/boot_mode", 76, json!({"target": "bios"})),
        ("PUT", "states/secure_boot", 76, json!({"target": false})),
        ("PUT", "management/inject_nmi", 29, json!({})),
        ("GET", "management/indicators", 63, Value::Null),
        ("GET", "management/indicators/led@system", 63, Value::Null),
        ("PUT", "management/indicators/led@system", 63, json!({"state": "on"})),
        ("GET", "vmedia", 93, Value::Null),
        ("POST", "vmedia", 89, json!({"device_type": "cdrom", "image_url": "http://x/y.iso"})),
        ("DELETE", "vmedia", 89, Value::Null),
    ] {
        let path = format!("/v1/nodes/n1/{path}");
        let body = (!body.is_null()).then_some(body);
        let old = rack.call(method, &path, &format!("1.{}", since - 1), body.as_ref()).await;
        assert_eq!(old.status, 404, "{method} {path} {old:?}");
        let new = rack.call(method, &path, &format!("1.{since}"), body.as_ref()).await;
        assert!((200..300).contains(&new.status), "{method} {path} {new:?}");
        rack.rest().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_mode_is_set_and_shown() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let asked = put(&rack, "/v1/nodes/n1/states/boot_mode", json!({"target": "bios"})).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    assert_eq!(asked.headers.get("Location"), Some("http://api/v1/nodes/n1/states"));
    rack.rest().await;
    let states = rack.get("/v1/nodes/n1/states").await.body;
    assert_eq!((&states["boot_mode"], &states["last_error"]), (&json!("bios"), &Value::Null));
    let secure = put(&rack, "/v1/nodes/n1/states/secure_boot", json!({"target": true})).await;
    assert_eq!(secure.status, 202);
    rack.rest().await;
    let states = rack.get("/v1/nodes/n1/states").await.body;
    assert!(states["last_error"].as_str().unwrap().contains("BIOS mode"), "{states}");
    put(&rack, "/v1/nodes/n1/states/boot_mode", json!({"target": "uefi"})).await;
    rack.rest().await;
    put(&rack, "/v1/nodes/n1/states/secure_boot", json!({"target": "true"})).await;
    rack.rest().await;
    let states = rack.get("/v1/nodes/n1/states").await.body;
    assert_eq!(states["secure_boot"], true, "{states}");
    assert_eq!((&states["boot_mode"], &states["last_error"]), (&json!("uefi"), &Value::Null));
    let old = rack.call("GET", "/v1/nodes/n1/states", "1.74", None).await.body;
    assert!(old.get("boot_mode").is_none() && old.get("secure_boot").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_modes_are_refused() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    for (path, body) in [
        ("boot_mode", json!({"target": "zz"})),
        ("boot_mode", json!({})),
        ("boot_mode", json!({"target": "uefi", "more": 1})),
        ("secure_boot", json!({"target": "perhaps"})),
        ("secure_boot", json!({})),
    ] {
        let answer = put(&rack, &format!("/v1/nodes/n1/states/{path}"), body.clone()).await;
        assert_eq!(answer.status, 400, "{path} {body} {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bmc_that_cannot_says_so() {
    let rack = Rack::start().await;
    let node = bare(&rack).await;
    for (method, path, body) in [
        ("PUT", "management/inject_nmi", json!({})),
        ("GET", "management/indicators", Value::Null),
        ("GET", "vmedia", Value::Null),
        ("PUT", "states/console", json!({"enabled": true})),
    ] {
        let body = (!body.is_null()).then_some(body);
        let answer = rack.call(method, &format!("/v1/nodes/{node}/{path}"), "1.115", body.as_ref()).await;
        assert_eq!(answer.status, 400, "{path} {answer:?}");
        assert!(answer.text().contains("manual-management"), "{}", answer.text());
    }
    assert_eq!(put(&rack, "/v1/nodes/bare/states/boot_mode", json!({"target": "bios"})).await.status, 202);
    rack.rest().await;
    let states = rack.get("/v1/nodes/bare/states").await.body;
    assert!(states["last_error"].as_str().unwrap().contains("boot mode"), "{states}");
    assert_eq!(rack.get("/v1/nodes/bare/vendor_passthru/methods").await.body, json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn lamps_are_listed_read_and_set() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let base = "/v1/nodes/n1/management/indicators";
    let all = rack.get(base).await.body;
    let names: Vec<_> = all["indicators"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["led@system", "led-0@chassis"]);
    assert_eq!(all["indicators"][0]["states"], json!(["on", "off", "blinking"]));
    assert_eq!(all["indicators"][1]["readonly"], true);
    for path in ["led@system", "system/led"] {
        for state in ["blinking", "off"] {
            assert_eq!(put(&rack, &format!("{base}/{path}"), json!({"state": state})).await.status, 204);
            assert_eq!(rack.get(&format!("{base}/{path}")).await.body, json!({"state": state}));
        }
    }
    assert_eq!(rack.get(&format!("{base}/system")).await.body["indicators"].as_array().unwrap().len(), 1);
    for (path, body) in [
        ("led@system", json!({"state": "ON"})),
        ("led@system", json!({"state": "unknown"})),
        ("led@system", json!({})),
        ("led-0@chassis", json!({"state": "on"})),
        ("zz@system", json!({"state": "on"})),
        ("system", json!({"state": "on"})),
    ] {
        let answer = put(&rack, &format!("{base}/{path}"), body).await;
        assert_eq!(answer.status, 400, "{path} {answer:?}");
    }
    assert_eq!(rack.get(&format!("{base}/zz@system")).await.status, 400);
    assert_eq!(rack.get(&format!("{base}/zz")).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fake_without_a_panel_lacks_what_the_references_lacks() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    assert_eq!(rack.get("/v1/nodes/n1/vmedia").await.status, 400);
    assert_eq!(put(&rack, "/v1/nodes/n1/management/inject_nmi", json!({})).await.status, 400);
    let body = json!({"device_type": "cdrom", "image_url": "http://x/y.iso"});
    assert_eq!(rack.call("POST", "/v1/nodes/n1/vmedia", "1.115", Some(&body)).await.status, 204);
    rack.rest().await;
    let error = rack.get("/v1/nodes/n1").await.body["last_error"].to_string();
    assert!(error.contains("virtual media"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn media_are_inserted_listed_and_ejected() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1", "driver_info": {"fake_panel": true}})).await;
    let path = "/v1/nodes/n1/vmedia";
    let empty = rack.get(path).await.body;
    assert_eq!(empty[0], json!({"media_types": ["CD", "DVD"], "inserted": false, "image": null}));
    let body = json!({"device_type": "cdrom", "image_url": "http://files/a.iso?sig=hunter2"});
    assert_eq!(rack.call("POST", path, "1.115", Some(&body)).await.status, 204);
    rack.rest().await;
    let held = rack.get(path).await.body;
    assert_eq!(held[0]["image"], "http://files/a.iso?sig=hunter2");
    assert!(!rack.get(&format!("/v1/nodes/{node}")).await.body.to_string().contains("hunter2"));
    assert!(!rack.get("/v1/nodes/n1/history").await.body.to_string().contains("hunter2"));
    assert_eq!(
        rack.call("DELETE", &format!("{path}?device_types=floppy,disk"), "1.115", None).await.status,
        204
    );
    rack.rest().await;
    assert_eq!(rack.get(path).await.body[0]["inserted"], true);
    let floppy = rack.call("DELETE", &format!("{path}/floppy"), "1.115", None).await;
    rack.rest().await;
    assert_eq!((floppy.status, &rack.get(path).await.body[0]["inserted"]), (204, &json!(true)));
    assert_eq!(rack.call("DELETE", path, "1.115", None).await.status, 204);
    rack.rest().await;
    assert_eq!(rack.get(path).await.body, empty);
    for body in [
        json!({"device_type": "tape", "image_url": "http://x/y"}),
        json!({"device_type": "cdrom"}),
        json!({"device_type": "cdrom", "image_url": "file:///etc/shadow"}),
        json!({"device_type": "cdrom", "image_url": "http://x/y", "image_download_source": "zz"}),
        json!({"device_type": "cdrom", "image_url": "http://x/y", "more": 1}),
    ] {
        let answer = rack.call("POST", path, "1.115", Some(&body)).await;
        assert_eq!(answer.status, 400, "{body} {answer:?}");
    }
    assert_eq!(rack.call("DELETE", &format!("{path}?device_types=tape"), "1.115", None).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_methods_are_listed_and_called() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let base = "/v1/nodes/n1/vendor_passthru";
    let methods = rack.get(&format!("{base}/methods")).await.body;
    let second = json!({
        "http_methods": ["POST"],
        "async": true,
        "description": "Second method of the fake vendor interface.",
        "attach": false,
        "require_exclusive_lock": true,
    });
    assert_eq!(methods["second_method"], second);
    assert_eq!(methods["third_method_sync"]["http_methods"], json!(["POST"]));
    assert_eq!(methods["third_method_sync"]["async"], false);
    assert_eq!(methods["fourth_method_shared_lock"]["require_exclusive_lock"], false);
    let post =
        async |path: &str, body: Value| rack.call("POST", &format!("{base}{path}"), "1.1", Some(&body)).await;
    let id = rack.get("/v1/nodes/n1").await.body["uuid"].as_str().unwrap().to_owned();
    assert_eq!(
        post("?method=third_method_sync", json!({"bar": "meow"})).await.status,
        404,
        "names came with 1.5"
    );
    let base = format!("/v1/nodes/{id}/vendor_passthru");
    let post =
        async |path: &str, body: Value| rack.call("POST", &format!("{base}{path}"), "1.1", Some(&body)).await;
    for (path, bar, said) in [
        ("?method=third_method_sync", "meow", true),
        ("/third_method_sync", "meow", true),
        ("/third_method_sync", "woof", false),
    ] {
        let answer = post(path, json!({"bar": bar})).await;
        assert_eq!((answer.status, answer.body), (200, json!(said)), "{path} {bar}");
    }
    let begun = post("/second_method", json!({"bar": "kazoo"})).await;
    assert_eq!((begun.status, begun.body), (202, Value::Null));
    rack.rest().await;
    let history = rack.get("/v1/nodes/n1/history?detail=true").await.body.to_string();
    assert!(history.contains("vendor method second_method is done"), "{history}");
    for (path, body) in [
        ("/third_method_sync", json!({})),
        ("?method=zz", json!({"bar": "meow"})),
        ("", json!({"bar": "meow"})),
        ("/first_method", json!({"bar": "baz"})),
    ] {
        assert_eq!(post(path, body.clone()).await.status, 400, "{path} {body}");
    }
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        let body = json!({"bar": "meow"});
        let answer = rack.call(method, &format!("{base}/third_method_sync"), "1.115", Some(&body)).await;
        assert_eq!(answer.status, 400, "{method}");
        assert!(answer.text().contains("POST"), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drivers_have_no_vendor_methods_of_their_own() {
    let rack = Rack::start().await;
    assert_eq!(rack.get("/v1/drivers/fake-hardware/vendor_passthru/methods").await.body, json!({}));
    assert_eq!(rack.get("/v1/drivers/zz/vendor_passthru/methods").await.status, 404);
    for path in
        ["/v1/drivers/fake-hardware/vendor_passthru/x", "/v1/drivers/fake-hardware/vendor_passthru?method=x"]
    {
        let answer = rack.call("POST", path, "1.1", Some(&json!({}))).await;
        assert_eq!(answer.status, 400, "{path} {answer:?}");
    }
    assert_eq!(
        rack.call("POST", "/v1/drivers/zz/vendor_passthru/x", "1.1", Some(&json!({}))).await.status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn boot_devices_are_read_back() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let path = "/v1/nodes/n1/management/boot_device";
    let set = put(&rack, path, json!({"boot_device": "disk", "persistent": true})).await;
    assert_eq!(set.status, 204, "{set:?}");
    assert_eq!(rack.get(path).await.body, json!({"boot_device": "disk", "persistent": true}));
    let supported = rack.get(&format!("{path}/supported")).await.body;
    assert_eq!(supported, json!({"supported_boot_devices": ["pxe", "disk", "cdrom"]}));
    for wrong in ["floppy", "zz", ""] {
        assert_eq!(put(&rack, path, json!({"boot_device": wrong})).await.status, 400, "{wrong}");
    }
    assert_eq!(rack.get(path).await.body["boot_device"], "disk", "nothing has changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn sensors_are_a_page_of_ours() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1"})).await;
    let read = rack.call("GET", "/ferric/v1/nodes/n1/sensors", "", None).await;
    assert_eq!(read.status, 200, "{read:?}");
    assert_eq!(read.body["sensors"]["Power"]["Input:Power@fake"]["last_power_output_watts"], 5);
    assert_eq!(rack.by_rack("GET", "/ferric/v1/nodes/n1/sensors", "", None).await.status, 404);
    assert_eq!(rack.get("/ferric/v1/nodes/zz/sensors").await.status, 404);
    assert_eq!(rack.get("/v1/ferric/v1/nodes/n1/sensors").await.status, 404);
    for book in ["sel", "fru", "power_reading"] {
        let read = rack.call("GET", &format!("/ferric/v1/nodes/n1/{book}"), "", None).await;
        assert!(read.status >= 400 && read.body.to_string().contains("does not support"), "{read:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_never_switched_off_is_reset() {
    let rack = Rack::start().await;
    rack.node(json!({"name": "n1", "disable_power_off": true})).await;
    let path = "/v1/nodes/n1/states/power";
    assert_eq!(put(&rack, path, json!({"target": "power on"})).await.status, 202);
    rack.rest().await;
    for target in ["power off", "soft power off"] {
        assert_eq!(put(&rack, path, json!({"target": target})).await.status, 409, "{target}");
    }
    for target in ["rebooting", "soft rebooting"] {
        assert_eq!(put(&rack, path, json!({"target": target})).await.status, 202, "{target}");
        rack.rest().await;
        let states = rack.get("/v1/nodes/n1/states").await.body;
        assert_eq!((&states["power_state"], &states["last_error"]), (&json!("power on"), &Value::Null));
    }
    let history = rack.get("/v1/nodes/n1/history").await.body.to_string();
    assert!(!history.contains("machine is off"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_device_that_the_machine_forgets_is_kept_for_it() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1", "driver_info": {"fake_forgets_boot_device": true}})).await;
    let path = "/v1/nodes/n1/management/boot_device";
    assert_eq!(put(&rack, path, json!({"boot_device": "disk", "persistent": true})).await.status, 204);
    let kept = || async {
        rack.get(&format!("/v1/nodes/{node}")).await.body["driver_internal_info"]["persistent_boot_device"]
            .clone()
    };
    assert_eq!(kept().await, "disk");
    let asked = put(&rack, "/v1/nodes/n1/states/power", json!({"target": "power on"})).await;
    assert_eq!(asked.status, 202);
    rack.rest().await;
    assert_eq!(kept().await, "disk", "it is kept for the next power on, too");
    assert_eq!(put(&rack, path, json!({"boot_device": "pxe"})).await.status, 204);
    assert_eq!(kept().await, Value::Null);
}
