//! `/` and `/v1`: where a client or an agent finds out what is served.

use serde_json::{Value, json};

use crate::api::request::call::Call;
use crate::api::request::version::OLDEST;
use crate::model::shape::LATEST;
use crate::net::http::Response;

/// `/`.
pub fn root(call: &Call<'_>) -> Response {
    let version = described(call);
    answer(&json!({
        "name": "Ferric",
        "description": "Ferric provisions the servers of one rack. It speaks the OpenStack Bare Metal API.",
        "default_version": version,
        "versions": [version],
    }))
}

/// `/v1`: each resource that the version has, as a pair of links.
pub fn version(call: &Call<'_>) -> Response {
    let mut page = json!({
        "id": "v1",
        "links": [link(&format!("{}/v1/", call.base), "self")],
        "media_types": {"base": "application/json", "type": "application/vnd.openstack.ironic.v1+json"},
        "version": described(call),
    });
    if let Value::Object(members) = &mut page {
        for (name, _) in RESOURCES.iter().filter(|(_, since)| *since <= call.version) {
            members.insert((*name).to_owned(), pair(call, &format!("{name}/")));
        }
    }
    answer(&page)
}

fn described(call: &Call<'_>) -> Value {
    json!({
        "id": "v1",
        "links": [link(&format!("{}/v1/", call.base), "self")],
        "status": "CURRENT",
        "min_version": format!("1.{OLDEST}"),
        "version": format!("1.{LATEST}"),
    })
}

/// The links `self` and `bookmark` to a path.
pub fn pair(call: &Call<'_>, path: &str) -> Value {
    let base = &call.base;
    json!([link(&format!("{base}/v1/{path}"), "self"), link(&format!("{base}/{path}"), "bookmark")])
}

fn link(href: &str, rel: &str) -> Value {
    json!({"href": href, "rel": rel})
}

/// A JSON value as the answer.
pub fn answer(value: &Value) -> Response {
    Response::json(200, value.to_string().into_bytes())
}

/// What `/v1` lists, and since when.
const RESOURCES: &[(&str, u16)] = &[
    ("chassis", 1),
    ("nodes", 1),
    ("ports", 1),
    ("drivers", 1),
    ("lookup", 22),
    ("heartbeat", 22),
    ("portgroups", 23),
    ("volume", 32),
    ("conductors", 49),
    ("allocations", 52),
    ("events", 54),
    ("deploy_templates", 55),
    ("shards", 82),
    ("continue_inspection", 84),
    ("runbooks", 92),
    ("inspection_rules", 96),
];
