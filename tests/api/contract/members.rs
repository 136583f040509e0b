//! Each member of each kind: shown, taken and named from its version on.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::scene::{KINDS, Scene};
use super::{at, contract, list, text};

/// A member's name, since when it is there, and how it is written (`c` on create, `p` by patch, `w` never shown).
fn rows(kind: &str) -> Vec<(String, u64, String)> {
    let contract = contract();
    let fields = list(&contract["resources"][kind]["fields"]);
    fields.map(|row| (text(&row[0]).to_owned(), row[1].as_u64().unwrap(), text(&row[2]).to_owned())).collect()
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// Every version at which something of the kind appears, and the one before.
fn boundaries(kind: &str, first: u64) -> BTreeSet<u64> {
    let changes = rows(kind).into_iter().flat_map(|(_, since, _)| [since - 1, since]);
    changes.chain([115]).filter(|version| *version >= first).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_member_is_shown_from_its_version_on() {
    let scene = Scene::new().await;
    for (kind, path, key, first) in KINDS {
        let rows = rows(kind);
        let short: BTreeSet<_> =
            list(&contract()["resources"][kind]["short"]).map(|name| text(name).to_owned()).collect();
        for version in boundaries(kind, *first) {
            let there = |row: &&(String, u64, String)| row.1 <= version && !row.2.contains('w');
            let mut whole: BTreeSet<_> = rows.iter().filter(there).map(|row| row.0.clone()).collect();
            whole.insert("links".to_owned());
            let get = async |path: &str| {
                let answer = scene.rack.call("GET", path, &at(version), None).await;
                assert_eq!(answer.status, 200, "{path} at 1.{version}: {answer:?}");
                answer.body
            };
            assert_eq!(names(&get(&scene.path(kind)).await), whole, "{kind} at 1.{version}");
            let detail = if *kind == "driver" { 30 } else { 43 };
            if version >= detail && *kind != "allocation" {
                let page = get(&format!("/v1/{path}?detail=true")).await;
                assert_eq!(names(&page[key][0]), whole, "{kind} with detail at 1.{version}");
            }
            if ["node", "port", "portgroup", "chassis"].contains(kind) {
                let page = get(&format!("/v1/{path}/detail")).await;
                assert_eq!(names(&page[key][0]), whole, "{path}/detail at 1.{version}");
            }
            let page = get(&format!("/v1/{path}")).await;
            if *kind != "driver" {
                let listed =
                    if short.is_empty() { whole } else { whole.intersection(&short).cloned().collect() };
                assert_eq!(names(&page[key][0]), listed, "{path} at 1.{version}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_can_be_asked_for_by_name_from_its_version_on() {
    let scene = Scene::new().await;
    for (kind, path, key, first) in KINDS.iter().filter(|(kind, _, _, _)| *kind != "driver") {
        let links = ["ports", "states", "portgroups", "volume", "nodes"];
        let written = |row: &(String, u64, String)| !row.2.contains('w');
        for (name, since, _) in rows(kind).into_iter().filter(written).filter(|row| !links.contains(&&*row.0))
        {
            for version in [since - 1, since, 115].into_iter().filter(|version| *version >= *first.max(&8)) {
                for (path, in_list) in [(scene.path(kind), false), (format!("/v1/{path}"), true)] {
                    let path = format!("{path}?fields={name}");
                    let answer = scene.rack.call("GET", &path, &at(version), None).await;
                    if version < since {
                        assert_eq!(answer.status, 406, "{path} at 1.{version}: {answer:?}");
                        continue;
                    }
                    assert_eq!(answer.status, 200, "{path} at 1.{version}: {answer:?}");
                    let shown = if in_list { &answer.body[key][0] } else { &answer.body };
                    let wanted = BTreeSet::from([name.clone(), "links".to_owned()]);
                    assert_eq!(names(shown), wanted, "{path} at 1.{version}");
                }
            }
        }
    }
}

/// What a create body without the member needs to have, or must not have, for it to be taken.
fn with(scene: &Scene, kind: &str, name: &str) -> Value {
    let mut body = scene.body(kind);
    let members = body.as_object_mut().unwrap();
    match name {
        "node_ident" => drop(members.remove("node_uuid")),
        "node" => drop(members.remove("resource_class")),
        _ => {}
    }
    members.insert(name.to_owned(), scene.good(kind, name));
    body
}

/// What answers a member that is too new: a closed schema knows nothing of versions.
fn refused(kind: &str, name: &str) -> u16 {
    match (kind, name) {
        ("runbook", "description") | ("allocation", "node") => 400,
        _ => 406,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_member_is_taken_on_create_from_its_version_on() {
    let scene = Scene::new().await;
    for (kind, path, _, first) in &KINDS[..10] {
        for (name, since, how) in rows(kind) {
            for version in [since - 1, since, 115].into_iter().filter(|version| version >= first) {
                let body = with(&scene, kind, &name);
                let made = scene.rack.call("POST", &format!("/v1/{path}"), &at(version), Some(&body)).await;
                let context = format!("{kind} {body} at 1.{version}: {made:?}");
                if version < since {
                    let expected: &[u16] =
                        if how.contains('c') { &[refused(kind, &name)] } else { &[400, 406] };
                    assert!(expected.contains(&made.status), "{context}");
                    continue;
                }
                if !how.contains('c') {
                    assert_eq!(made.status, 400, "{context}");
                    continue;
                }
                if (*kind, &*name) == ("allocation", "node") {
                    // The version is past; a node at rest takes no allocation afterwards.
                    assert_eq!(made.status, 409, "{context}");
                    continue;
                }
                assert_eq!(made.status, 201, "{context}");
                let uuid = text(&made.body["uuid"]);
                let location = made.headers.get("Location").unwrap();
                assert_eq!(location, format!("http://api/v1/{path}/{uuid}"));
                if !how.contains('w') {
                    assert_eq!(made.body[&name], body[&name], "{context}");
                }
                // A node in use stays.
                let in_use = name == "instance_uuid";
                let gone = scene.rack.call("DELETE", &format!("/v1/{path}/{uuid}"), "1.115", None).await;
                assert_eq!(gone.status, if in_use { 409 } else { 204 }, "{context}: {gone:?}");
            }
        }
    }
}

/// Members that more than their value decides about, each tried in a file of its own kind.
const ELSEWHERE: &[(&str, &str)] = &[
    // The node must be in use, and the flag set.
    ("node", "protected"),
    ("node", "protected_reason"),
    ("node", "retired_reason"),
    // It says which record it is: equal or refused.
    ("chassis", "uuid"),
    ("inspection_rule", "uuid"),
    ("deploy_template", "description"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_member_is_taken_by_patch_from_its_version_on() {
    let scene = Scene::new().await;
    off(&scene).await;
    for (kind, path, _, first) in &KINDS[..10] {
        for (name, since, how) in rows(kind).into_iter().filter(|row| !ELSEWHERE.contains(&(*kind, &*row.0)))
        {
            let made =
                scene.rack.call("POST", &format!("/v1/{path}"), "1.115", Some(&scene.body(kind))).await;
            assert_eq!(made.status, 201, "{made:?}");
            let one = format!("/v1/{path}/{}", text(&made.body["uuid"]));
            settled(&scene, kind, &one).await;
            let first = if *kind == "allocation" { 57 } else { *first };
            let value = scene.good(kind, &name);
            for version in [since - 1, since, 115].into_iter().filter(|version| *version >= first) {
                let patch = json!([{"op": "add", "path": format!("/{name}"), "value": value}]);
                let changed = scene.rack.call("PATCH", &one, &at(version), Some(&patch)).await;
                let context = format!("{kind} {patch} at 1.{version}: {changed:?}");
                match (version < since, how.contains('p')) {
                    (true, true) => assert_eq!(changed.status, refused(kind, &name), "{context}"),
                    (true, false) => assert!([400, 406].contains(&changed.status), "{context}"),
                    (false, true) => {
                        assert_eq!((changed.status, &changed.body[&name]), (200, &value), "{context}");
                    }
                    (false, false) => assert_eq!(changed.status, 400, "{context}"),
                }
            }
            let gone = scene.rack.call("DELETE", &one, "1.115", None).await.status;
            assert_eq!(gone, if name == "instance_uuid" { 409 } else { 204 }, "{kind} after {name}");
        }
    }
}

/// Volumes change while their node's power is off.
async fn off(scene: &Scene) {
    let path = format!("/v1/nodes/{}/states/power", scene.node());
    let asked = scene.rack.call("PUT", &path, "1.115", Some(&json!({"target": "power off"}))).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    scene.rack.rest().await;
}

/// Waits until nobody works on it any more.
async fn settled(scene: &Scene, kind: &str, path: &str) {
    while kind == "allocation" && scene.rack.get(path).await.body["state"] == "allocating" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_sorted_by_values_that_the_version_has() {
    let scene = Scene::new().await;
    for (kind, path, _, first) in KINDS.iter().filter(|(kind, _, _, _)| *kind != "driver") {
        let contract = contract();
        let unsortable: Vec<&str> = list(&contract["resources"][kind]["unsortable"]).map(text).collect();
        let asked = async |name: &str, version: u64| {
            let path = format!("/v1/{path}?sort_key={name}&sort_dir=desc");
            scene.rack.call("GET", &path, &at(version), None).await.status
        };
        for name in unsortable.iter().chain(&["nothing", "links"]) {
            assert_eq!(asked(name, 115).await, 400, "{kind} by {name}");
        }
        for name in ["id", "created_at", "updated_at"] {
            assert_eq!(asked(name, 115).await, 200, "{kind} by {name}");
        }
        if *kind != "node" {
            continue;
        }
        for (name, since, how) in rows(kind) {
            if how.is_empty() || unsortable.contains(&&*name) || since <= *first {
                continue;
            }
            assert_eq!((asked(&name, since - 1).await, asked(&name, since).await), (406, 200), "{name}");
        }
    }
}
