//! Each path and method: not there below its version, and in which form; there from it on.

use serde_json::{Value, json};

use super::scene::Scene;
use super::{at, contract, list, text};
use crate::rack::Answer;

/// How it is said below its version: the status, and whether the router says it.
fn below(method: &str, path: &str, version: u64) -> (u16, bool) {
    let kinds = ["allocations", "deploy_templates", "runbooks", "inspection_rules"];
    let is_write = method != "GET" && kinds.iter().any(|kind| path.starts_with(kind));
    match path {
        "nodes/{}/states/raid" | "drivers/{}/raid/logical_disk_properties" => (406, false),
        "nodes/{}/states/boot_mode"
        | "nodes/{}/states/secure_boot"
        | "nodes/{}/management/inject_nmi"
        | "lookup"
        | "heartbeat/{}"
        | "continue_inspection" => (404, false),
        // Runbooks were there before their traits.
        _ if path.contains("/traits") && path.starts_with("runbooks") && version >= 92 => (404, true),
        _ if is_write => (405, true),
        _ => (404, true),
    }
}

fn is_routers(answer: &Answer) -> bool {
    let inner = answer.inner();
    assert_eq!(inner["faultcode"].is_string(), inner["code"].is_null(), "{answer:?}");
    assert_eq!(inner["code"].is_null(), inner["title"].is_null(), "{answer:?}");
    inner["code"].is_u64()
}

fn body(method: &str) -> Option<Value> {
    match method {
        "PATCH" => Some(json!([])),
        "PUT" | "POST" => Some(json!({})),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_path_is_there_from_its_version_on() {
    let scene = Scene::new().await;
    let contract = contract();
    // What takes something away comes last.
    let (deletes, others): (Vec<_>, Vec<_>) = list(&contract["routes"]).partition(|row| row[0] == "DELETE");
    for row in others.into_iter().chain(deletes) {
        let (method, path, since) = (text(&row[0]), text(&row[1]), row[2].as_u64().unwrap());
        let filled = scene.filled(path);
        if since > 1 {
            let old = scene.rack.call(method, &filled, &at(since - 1), body(method).as_ref()).await;
            let (status, routers) = below(method, path, since - 1);
            let context = format!("{method} {filled} at 1.{}: {old:?}", since - 1);
            assert_eq!((old.status, is_routers(&old)), (status, routers), "{context}");
        }
        if path == "nodes/{}" && method == "DELETE" {
            continue;
        }
        let new = scene.rack.call(method, &filled, &at(since), body(method).as_ref()).await;
        assert!(![405, 406, 500].contains(&new.status), "{method} {filled} at 1.{since}: {new:?}");
        let nowhere = new.status == 404 && is_routers(&new);
        assert!(!nowhere, "{method} {filled} at 1.{since}: {new:?}");
    }
}

/// Methods that the reference answers with 400 although they do nothing: the path must name something.
fn unnamed(method: &str, path: &str) -> bool {
    let lists = ["nodes", "chassis", "deploy_templates", "runbooks", "volume/connectors", "volume/targets"];
    ["PATCH", "DELETE"].contains(&method) && lists.contains(&path)
        || path.starts_with("nodes/{}/volume/") && method == "POST"
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_method_is_possible() {
    let scene = Scene::new().await;
    let contract = contract();
    let known = |method: &str, path: &str| {
        let also = method == "DELETE" && path == "inspection_rules";
        also || list(&contract["routes"]).any(|row| row[0] == method && row[1] == path)
    };
    for row in list(&contract["routes"]) {
        let path = text(&row[1]);
        let is_root = path.is_empty();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
            if known(method, path) || unnamed(method, path) || is_root || path.contains("vendor_passthru/{}")
            {
                continue;
            }
            let filled = scene.filled(path);
            let answer = scene.rack.call(method, &filled, "1.115", body(method).as_ref()).await;
            assert_eq!(answer.status, 405, "{method} {filled}: {answer:?}");
            assert_eq!(answer.inner()["title"], "Method Not Allowed", "{method} {filled}");
            assert!(answer.headers.get("Allow").is_some(), "{method} {filled}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_takes_an_argument_that_nobody_knows() {
    let scene = Scene::new().await;
    let contract = contract();
    for row in list(&contract["routes"]) {
        let (method, path) = (text(&row[0]), text(&row[1]));
        // Root pages look at nothing, and what a vendor's method takes is its own affair.
        if path.is_empty() || path == "v1" || path.ends_with("vendor_passthru/{}") {
            continue;
        }
        let filled = format!("{}?nothing=1", scene.filled(path));
        let answer = scene.rack.call(method, &filled, "1.115", body(method).as_ref()).await;
        let expected: &[u16] = if path == "nodes/{}/allocation" { &[400, 404] } else { &[400] };
        assert!(expected.contains(&answer.status), "{method} {filled}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_are_not_there_are_the_routers_404() {
    let scene = Scene::new().await;
    for path in
        ["/v1/foo", "/v2", "/v2/nodes", "/foo", "/v1/v1/nodes", "/v1/nodes/n1/foo", "/v1/nodes/nobody/foo"]
            .into_iter()
            .chain(["/v1/nodes/n1/states/foo", "/v1/volume/foo", "/v1/shards/x", "/v1/nodes/n1/ports/detail"])
            .chain(["/v1/drivers/fake-hardware/foo", "/v1/heartbeat", "/v1/nodes/n1/children/x"])
    {
        let answer = scene.rack.get(path).await;
        assert_eq!((answer.status, is_routers(&answer)), (404, true), "{path}: {answer:?}");
    }
}
