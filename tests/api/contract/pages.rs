//! Links, the page after this one, and the forms of errors.

use serde_json::{Value, json};

use super::scene::{KINDS, Scene};
use super::text;

fn is_pair(links: &Value, path: &str) -> bool {
    *links
        == json!([
            {"href": format!("http://api/v1/{path}"), "rel": "self"},
            {"href": format!("http://api/{path}"), "rel": "bookmark"},
        ])
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_links_to_itself() {
    let scene = Scene::new().await;
    for (kind, path, _, _) in KINDS {
        let one = scene.rack.get(&scene.path(kind)).await.body;
        assert!(is_pair(&one["links"], &format!("{path}/{}", scene.ids[kind])), "{kind}: {}", one["links"]);
    }
    let node = scene.rack.get("/v1/nodes/n1").await.body;
    for below in ["ports", "states", "portgroups", "volume"] {
        assert!(is_pair(&node[below], &format!("nodes/{}/{below}", scene.node())), "{below}");
    }
    let root = scene.rack.get("/v1").await.body;
    for (_, path, _, _) in KINDS.iter().filter(|(_, path, _, _)| !path.contains('/')) {
        assert!(is_pair(&root[path], &format!("{path}/")), "{path}: {}", root[path]);
    }
    let volume = scene.rack.get("/v1/volume").await.body;
    for (member, path) in
        [("links", "volume/"), ("connectors", "volume/connectors"), ("targets", "volume/targets")]
    {
        assert!(is_pair(&volume[member], path), "{member}: {}", volume[member]);
    }
    let driver = scene.rack.get("/v1/drivers/fake-hardware").await.body;
    assert!(is_pair(&driver["properties"], "drivers/fake-hardware/properties"));
    let chassis = scene.rack.get(&scene.path("chassis")).await.body;
    assert!(is_pair(&chassis["nodes"][0], &format!("chassis/{}/nodes", scene.ids["chassis"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_page_leads_to_the_next_by_the_same_words() {
    let scene = Scene::new().await;
    for (kind, path, key, _) in KINDS.iter().filter(|(kind, _, _, _)| *kind != "driver") {
        let page = scene.rack.get(&format!("/v1/{path}?limit=1")).await.body;
        let id = scene.ids[kind].clone();
        let next = format!("http://api/v1/{path}?sort_key=id&sort_dir=asc&limit=1&marker={id}");
        assert_eq!(page["next"], json!(next), "{kind}");
        let shown = scene.rack.get(next.strip_prefix("http://api").unwrap()).await;
        assert_eq!(shown.status, 200, "{kind}: {shown:?}");
        let more = shown.body[key].as_array().unwrap();
        assert!(more.iter().all(|one| one["uuid"] != json!(id)), "{kind}");
        let all = scene.rack.get(&format!("/v1/{path}?limit=1000")).await.body;
        assert!(all.get("next").is_none(), "{kind}");
    }
    let named = scene.rack.get("/v1/nodes?limit=1&sort_key=name&sort_dir=desc&fields=uuid,name").await.body;
    let words = "fields=uuid,name&sort_key=name&sort_dir=desc&limit=1&marker=";
    assert!(text(&named["next"]).contains(words), "{}", named["next"]);
    let alone = format!("/v1/nodes?limit=1&instance_uuid={}", uuid::Uuid::nil());
    assert!(scene.rack.get(&alone).await.body.get("next").is_none());
}

/// Each from one of the sources that speak differently.
#[tokio::test(flavor = "multi_thread")]
async fn errors_have_the_form_of_their_source() {
    let scene = Scene::new().await;
    for (method, path, status, router) in [
        ("GET", "/v1/nodes/nobody", 404, false),
        ("GET", "/v1/nodes/11111111-1111-1111-1111-111111111111", 404, false),
        ("GET", "/v1/nodes/a%20b", 400, true),
        ("GET", "/v1/nodes/a%2Fb", 400, true),
        ("GET", "/v1/nodes/%00", 400, true),
        ("GET", "/v1/nodes?nothing=1", 400, false),
        ("GET", "/v1/nodes?limit=0", 400, false),
        ("GET", "/v1/foo", 404, true),
        ("PUT", "/v1/nodes", 405, true),
        ("GET", "/v1/chassis/11111111-1111-1111-1111-111111111111", 404, false),
        ("GET", "/v1/drivers/nobody", 404, false),
        ("GET", "/v1/drivers/nobody/properties", 404, false),
        ("GET", "/v1/drivers/nobody/raid/logical_disk_properties", 404, false),
        ("GET", "/v1/conductors/nobody", 404, false),
        ("GET", "/v1/allocations/nobody", 404, false),
        ("GET", "/v1/runbooks/nobody", 404, false),
        ("GET", "/v1/deploy_templates/nobody", 404, false),
        ("GET", "/v1/portgroups/nobody", 404, false),
        ("GET", "/v1/ports/nobody", 404, false),
        ("GET", "/v1/ports/52:54:00:00:00:00", 400, false),
        ("DELETE", "/v1/ports/n1", 400, false),
        ("GET", "/v1/inspection_rules/11111111-1111-1111-1111-111111111111", 404, false),
        ("GET", "/v1/nodes/n1/inventory", 404, false),
        ("GET", "/v1/nodes/n1/allocation", 404, false),
        ("GET", "/v1/nodes/n1/bios/x", 404, false),
        ("DELETE", "/v1/nodes/n1/traits/CUSTOM_X", 404, false),
    ] {
        let answer = scene.rack.call(method, path, "1.115", None).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        let inner = answer.inner();
        if router {
            assert_eq!(inner["code"], status, "{path}: {inner}");
            assert!(inner["title"].is_string() && inner["description"].is_string(), "{path}: {inner}");
        } else {
            assert_eq!(inner["faultcode"], "Client", "{path}: {inner}");
            assert!(inner["faultstring"].is_string(), "{path}: {inner}");
            assert_eq!(inner.get("debuginfo"), Some(&Value::Null), "{path}: {inner}");
        }
    }
}
