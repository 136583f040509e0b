//! Each argument of each list: refused below its version, taken from it on; and arguments that no list knows.

use serde_json::{Value, json};

use super::scene::Scene;
use super::{at, contract, list, text};

/// A value that the argument takes.
fn value(scene: &Scene, path: &str, name: &str) -> String {
    let ident = match path {
        "drivers" | "drivers/{}" | "nodes/{}/bios" => "name",
        "conductors" | "conductors/{}" => "hostname",
        "nodes/{}/firmware" => "component",
        _ => "uuid",
    };
    match name {
        "fields" => ident,
        "associated" | "detail" | "include_children" | "maintenance" | "retired" | "sharded" => "true",
        "instance_uuid" | "node" | "node_uuid" | "parent_node" => scene.node(),
        "chassis_uuid" => &scene.ids["chassis"],
        "portgroup" => &scene.ids["portgroup"],
        "provision_state" => "enroll",
        "fault" => "power%20failure",
        "address" => "52:54:00:00:00:01",
        "type" => "dynamic",
        _ => "a,b",
    }
    .to_owned()
}

/// How a list that is too old refuses it.
fn refused(path: &str, name: &str) -> u16 {
    match (path, name) {
        ("drivers", "detail") => 406,
        (_, "detail") | ("nodes/{}/bios", "fields") => 400,
        _ => 406,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_argument_is_taken_from_its_version_on() {
    let scene = Scene::new().await;
    let contract = contract();
    for row in list(&contract["filters"]) {
        let (path, name, since) = (text(&row[0]), text(&row[1]), row[2].as_u64().unwrap());
        let there = routes(&contract, path);
        let asked = format!("{}?{name}={}", scene.filled(path), value(&scene, path, name));
        for version in [since - 1, since, 115].into_iter().filter(|version| *version >= there) {
            let answer = scene.rack.call("GET", &asked, &at(version), None).await;
            let expected = if version < since { refused(path, name) } else { 200 };
            assert_eq!(answer.status, expected, "{asked} at 1.{version}: {answer:?}");
        }
    }
}

/// Since when the path can be read.
fn routes(contract: &Value, path: &str) -> u64 {
    let row = list(&contract["routes"]).find(|row| row[0] == "GET" && row[1] == path).unwrap();
    row[2].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_takes_what_is_wrong_or_unknown() {
    let scene = Scene::new().await;
    let contract = contract();
    let lists: Vec<&str> = list(&contract["filters"])
        .filter(|row| ["fields", "detail", "node", "instance_uuid"].contains(&text(&row[1])))
        .map(|row| text(&row[0]))
        .collect();
    for path in lists {
        let filled = scene.filled(path);
        for query in
            ["nothing=1", "limit=0", "limit=-1", "limit=x", "limit=", "sort_key=nothing", "sort_dir=up"]
                .into_iter()
                .chain([
                    "detail=maybe",
                    "fields=nothing",
                    "fields=uuid&detail=true",
                    "limit=1&limit=2",
                    "LIMIT=1",
                ])
        {
            let answer = scene.rack.get(&format!("{filled}?{query}")).await;
            assert_eq!(answer.status, 400, "{filled}?{query}: {answer:?}");
            assert_eq!(answer.inner()["faultcode"], "Client", "{filled}?{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_may_come_in_parts() {
    let scene = Scene::new().await;
    for shard in ["s1", "s2", "S3"] {
        scene.rack.node(json!({"name": shard, "shard": shard})).await;
    }
    for (query, found) in [
        ("shard=s1&shard=s2", 2),
        ("shard=s1,s2,S3", 3),
        ("shard=s3", 0),
        ("fields=uuid&fields=name&shard=s1", 1),
    ] {
        let page = scene.rack.get(&format!("/v1/nodes?{query}")).await;
        assert_eq!(page.body["nodes"].as_array().map(Vec::len), Some(found), "{query}: {page:?}");
    }
    let one = scene.rack.get("/v1/nodes/n1?fields=uuid&fields=name").await.body;
    assert_eq!((&one["name"], one.as_object().unwrap().len()), (&json!("n1"), 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_marker_is_the_uuid_of_what_is_there() {
    let scene = Scene::new().await;
    for path in
        ["nodes", "nodes/detail", "ports", "portgroups", "chassis", "volume/connectors", "volume/targets"]
            .into_iter()
            .chain(["allocations", "deploy_templates", "runbooks", "inspection_rules", "nodes/n1/ports"])
    {
        for (marker, status) in [("zz", 400), ("", 400), ("00000000-0000-0000-0000-000000000000", 404)] {
            let answer = scene.rack.get(&format!("/v1/{path}?marker={marker}")).await;
            assert_eq!(answer.status, status, "{path} {marker}: {answer:?}");
        }
    }
    for path in ["nodes/validate?node_uuid=n1", "ports?node_uuid=n1", "nodes?instance_uuid=n1"] {
        assert_eq!(scene.rack.get(&format!("/v1/{path}")).await.status, 400, "{path}");
    }
    assert_eq!(scene.rack.get("/v1/conductors?marker=zz").await.status, 404);
    let after = scene.rack.get("/v1/conductors?marker=rack0").await;
    assert_eq!((after.status, &after.body), (200, &json!({"conductors": []})));
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_named_in_arguments_since_they_have_names() {
    let scene = Scene::new().await;
    for path in ["nodes/validate?node=n1", "ports?node=n1"] {
        for (version, status) in [("1.4", 406), ("1.5", 200)] {
            let answer = scene.rack.call("GET", &format!("/v1/{path}"), version, None).await;
            assert_eq!(answer.status, status, "{path} at {version}: {answer:?}");
        }
    }
    for (version, status) in [("1.4", 404), ("1.5", 200)] {
        assert_eq!(scene.rack.call("GET", "/v1/nodes/n1", version, None).await.status, status, "{version}");
    }
}
