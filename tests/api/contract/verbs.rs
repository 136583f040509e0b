//! Each word of power and provisioning, and what comes with it, below its version and at it.

use serde_json::{Value, json};

use super::at;
use crate::rack::{Answer, Rack};

async fn ask(rack: &Rack, node: &str, what: &str, minor: u64, body: &Value) -> Answer {
    rack.call("PUT", &format!("/v1/nodes/{node}/states/{what}"), &at(minor), Some(body)).await
}

/// Of a node that has just been enrolled no verb but `manage` can be asked: 400 at the verb's version, 406 below.
#[tokio::test(flavor = "multi_thread")]
async fn each_verb_has_its_version() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    for (verb, since) in [
        ("manage", 4),
        ("provide", 4),
        ("inspect", 6),
        ("abort", 13),
        ("clean", 15),
        ("adopt", 17),
        ("rescue", 38),
        ("unrescue", 38),
        ("deploy", 73),
    ] {
        let body = json!({"target": verb});
        let old = ask(&rack, &node, "provision", since - 1, &body).await;
        assert_eq!((old.status, &old.inner()["faultcode"]), (406, &json!("Client")), "{verb}: {old:?}");
        if verb != "manage" {
            let new = ask(&rack, &node, "provision", since, &body).await;
            assert_eq!(new.status, 400, "{verb}: {new:?}");
        }
    }
    // Words that were always known, and words of no verb.
    for verb in
        ["active", "deleted", "rebuild", "undeploy", "unhold", "service", "fail", "enroll", "available", ""]
    {
        for minor in [1, 115] {
            let answer = ask(&rack, &node, "provision", minor, &json!({"target": verb})).await;
            assert_eq!(answer.status, 400, "{verb} at 1.{minor}: {answer:?}");
        }
    }
    assert_eq!(rack.get(&format!("/v1/nodes/{node}")).await.body["provision_state"], "enroll");
    assert_eq!(ask(&rack, &node, "provision", 4, &json!({"target": "manage"})).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_verbs_are_refused_by_version_where_they_could_be_asked() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    for target in ["manage", "provide", "active"] {
        rack.go(&node, target).await;
    }
    let steps = json!([{"interface": "deploy", "step": "hold"}]);
    let serve = json!({"target": "service", "service_steps": steps});
    assert_eq!(ask(&rack, &node, "provision", 86, &serve).await.status, 406);
    assert_eq!(ask(&rack, &node, "provision", 87, &serve).await.status, 202);
    rack.until(&node, "service hold").await;
    let on = json!({"target": "unhold"});
    assert_eq!(ask(&rack, &node, "provision", 84, &on).await.status, 406);
    assert_eq!(ask(&rack, &node, "provision", 85, &on).await.status, 202);
    rack.rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_with_a_verb_has_its_version() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    rack.go(&node, "manage").await;
    let step = json!([{"interface": "deploy", "step": "x"}]);
    let deploy = json!([{"interface": "deploy", "step": "x", "args": {}, "priority": 1}]);
    for (body, since, below, from) in [
        (json!({"target": "clean", "clean_steps": step, "disable_ramdisk": "no flag"}), 115, 400, 400),
        (json!({"target": "provide", "deploy_steps": deploy}), 69, 406, 400),
        (json!({"target": "clean", "runbook": "nobody"}), 92, 406, 404),
        (json!({"target": "provide", "disable_ramdisk": true}), 70, 400, 400),
        (json!({"target": "provide", "configdrive": "aGk="}), 35, 400, 400),
        (json!({"target": "provide", "rescue_password": "x"}), 38, 400, 400),
        (json!({"target": "provide", "service_steps": step}), 87, 400, 400),
        (json!({"target": "clean", "clean_steps": step, "disable_ramdisk": true}), 70, 406, 202),
    ] {
        for (minor, status) in [(since - 1, below), (since, from)] {
            let answer = ask(&rack, &node, "provision", minor, &body).await;
            assert_eq!(answer.status, status, "{body} at 1.{minor}: {answer:?}");
        }
    }
    rack.rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn config_drives_and_deploy_steps_have_their_versions() {
    let rack = Rack::start().await;
    let node = rack.node(json!({})).await;
    for target in ["manage", "provide"] {
        rack.go(&node, target).await;
    }
    let deploy = json!([{"interface": "deploy", "step": "x", "args": {}, "priority": 1}]);
    for (body, minor, status) in [
        (json!({"target": "active", "configdrive": {"meta_data": {"a": 1}}}), 55, 400),
        (json!({"target": "active", "configdrive": {"vendor_data": {"a": 1}}}), 58, 400),
        (json!({"target": "active", "configdrive": {"nothing": {}}}), 115, 400),
        (json!({"target": "active", "configdrive": "!!"}), 115, 400),
        (json!({"target": "active", "configdrive": 5}), 115, 400),
        (json!({"target": "active", "deploy_steps": deploy}), 68, 406),
        (json!({"target": "active", "deploy_steps": [{"interface": "deploy", "step": "x"}]}), 69, 400),
        (json!({"target": "active", "clean_steps": deploy}), 115, 400),
        (json!({"target": "active", "disable_ramdisk": true}), 60, 400),
        (json!({"target": "deploy", "configdrive": "aGk="}), 115, 400),
        (json!({"target": "deploy", "deploy_steps": deploy}), 115, 400),
        (json!({"target": "active", "configdrive": {"vendor_data": {"a": 1}}}), 59, 202),
    ] {
        let answer = ask(&rack, &node, "provision", minor, &body).await;
        assert_eq!(answer.status, status, "{body} at 1.{minor}: {answer:?}");
    }
    rack.rest().await;
    rack.until(&node, "active").await;
    for (minor, status) in [(34, 400), (35, 202)] {
        let body = json!({"target": "rebuild", "configdrive": "http://127.0.0.1:1/x"});
        let answer = ask(&rack, &node, "provision", minor, &body).await;
        assert_eq!(answer.status, status, "1.{minor}: {}", answer.text());
    }
    rack.rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_word_of_power_has_its_version() {
    let rack = Rack::start().await;
    let node = rack.node(json!({"name": "n1"})).await;
    for (body, minor, status) in [
        (json!({"target": "power on"}), 1, 202),
        (json!({"target": "power off"}), 1, 202),
        (json!({"target": "rebooting"}), 1, 202),
        (json!({"target": "soft power off"}), 26, 406),
        (json!({"target": "soft power off"}), 27, 202),
        (json!({"target": "soft rebooting"}), 26, 406),
        (json!({"target": "soft rebooting"}), 27, 202),
        (json!({"target": "power on", "timeout": 5}), 26, 406),
        (json!({"target": "power on", "timeout": 5}), 27, 202),
        (json!({"target": "power on", "timeout": "5"}), 115, 202),
        (json!({"target": "power on", "timeout": 0}), 115, 400),
        (json!({"target": "power on", "timeout": -1}), 115, 400),
        (json!({"target": "power on", "timeout": 1.5}), 115, 400),
        (json!({"target": "power on", "timeout": "x"}), 115, 400),
        (json!({"target": "power on", "nothing": 1}), 115, 400),
        (json!({"target": "on"}), 115, 400),
        (json!({"target": null}), 115, 400),
        (json!({"target": 1}), 115, 400),
        (json!({}), 115, 400),
    ] {
        let answer = ask(&rack, &node, "power", minor, &body).await;
        assert_eq!(answer.status, status, "{body} at 1.{minor}: {answer:?}");
        if status == 202 {
            let location = format!("http://api/v1/nodes/{node}/states");
            assert_eq!((answer.headers.get("Location"), &answer.body), (Some(&*location), &Value::Null));
        }
        rack.rest().await;
    }
    let query = rack.call("PUT", "/v1/nodes/n1/states/power?target=power%20on", "1.115", None).await;
    let location = query.headers.get("Location");
    assert_eq!((query.status, location), (202, Some("http://api/v1/nodes/n1/states")), "as it was asked for");
    rack.rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_shown_and_aborted_since_its_version() {
    let rack = Rack::start_with("[conductor]\nautomated_clean = false\n").await;
    let inspected = rack.node(json!({"inspect_interface": "agent"})).await;
    let deployed = rack.node(json!({"deploy_interface": "custom-agent"})).await;
    rack.go(&inspected, "manage").await;
    for target in ["manage", "provide"] {
        rack.go(&deployed, target).await;
    }
    for (node, target, state, since, failed) in [
        (&inspected, "inspect", "inspect wait", 41, "inspect failed"),
        (&deployed, "active", "wait call-back", 110, "deploy failed"),
    ] {
        assert_eq!(ask(&rack, node, "provision", 115, &json!({"target": target})).await.status, 202);
        rack.until(node, state).await;
        let abort = json!({"target": "abort"});
        let old = ask(&rack, node, "provision", since - 1, &abort).await;
        assert_eq!(old.status, 406, "{state}: {old:?}");
        let shown = async |minor: u64| {
            let path = format!("/v1/nodes/{node}/states");
            rack.call("GET", &path, &at(minor), None).await.body["provision_state"].clone()
        };
        let merged = if target == "inspect" { "inspecting" } else { state };
        assert_eq!((shown(38).await, shown(39).await), (json!(merged), json!(state)));
        assert_eq!(ask(&rack, node, "provision", since, &abort).await.status, 202, "{state}");
        rack.until(node, failed).await;
    }
}
