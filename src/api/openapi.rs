//! `GET /ferric/v1/openapi.json`: what this daemon serves, as `OpenAPI` 3.1, made from the tables that it serves from.
//!
//! Paths, methods and versions come from the route table, members of resources from their field tables; `book` adds
//! what no table knows: a sentence, the status of success, arguments and the shape of odd answers.

pub mod book;
pub mod outside;
pub mod schema;

use serde_json::{Map, Value, json};

use crate::api::openapi::book::{Answers, BOOK, Doc, Takes};
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::api::table::{ROUTES, Route};
use crate::model::shape::LATEST;
use crate::net::http::Response;

/// The document.
pub fn show(call: &Call<'_>) -> Response {
    answer(&document(&call.base))
}

/// The document, for a server at `base`.
pub fn document(base: &str) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let Some(doc) = doc(route) else { continue };
        let item = paths.entry(shown_path(route)).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            // Of two rows for one path and method the first is served.
            item.entry(route.method.word().to_lowercase()).or_insert_with(|| operation(route, doc));
        }
    }
    outside::add(&mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ferric",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": schema::all(),
            "parameters": {"version": version_parameter()},
            "responses": {"fault": fault()},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
            },
        },
        "security": [{}, {"basic": []}, {"bearer": []}, {"token": []}],
    })
}

/// What the book says of a route.
pub fn doc(route: &Route) -> Option<&'static Doc> {
    BOOK.iter().find(|doc| doc.method == route.method && doc.path == route.path)
}

/// `nodes/{}/bios/{}` as `/v1/nodes/{ident}/bios/{name}`.
fn shown_path(route: &Route) -> String {
    let named = words(route.path);
    match route.path.split('/').next() {
        Some("" | "v1" | "ferric") => format!("/{named}"),
        _ if route.bare => format!("/{named}"),
        _ => format!("/v1/{named}"),
    }
}

fn words(path: &str) -> String {
    let mut names = NAMES.iter();
    let parts = path.split('/').map(|part| match part {
        "{}" => format!("{{{}}}", names.next().copied().unwrap_or("other")),
        part => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

fn operation(route: &Route, doc: &Doc) -> Value {
    let mut said = json!({
        "summary": doc.says,
        "operationId": operation_id(route),
        "tags": [route.path.split('/').next().unwrap_or_default()],
        "x-since": format!("1.{}", route.since),
        "parameters": parameters(route, doc),
        "responses": responses(doc),
    });
    if let (Some(body), Value::Object(said)) = (body(doc), &mut said) {
        said.insert("requestBody".to_owned(), body);
    }
    said
}

fn operation_id(route: &Route) -> String {
    let path: String =
        words(route.path).chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect();
    format!("{}_{path}", route.method.word().to_lowercase())
}

fn parameters(route: &Route, doc: &Doc) -> Value {
    let idents = route.path.split('/').filter(|part| *part == "{}").zip(NAMES);
    let mut all: Vec<Value> = idents
        .map(|(_, name)| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}))
        .collect();
    all.extend(
        doc.query.iter().map(|name| json!({"name": name, "in": "query", "schema": schema::argument(name)})),
    );
    all.push(json!({"$ref": "#/components/parameters/version"}));
    Value::Array(all)
}

fn body(doc: &Doc) -> Option<Value> {
    let shape = match doc.takes {
        Takes::Nothing => return None,
        Takes::Create(kind) => json!({"$ref": format!("#/components/schemas/{kind}_create")}),
        Takes::Patch => json!({"$ref": "#/components/schemas/patch"}),
        Takes::Text(text) => schema::read(text),
    };
    Some(json!({"required": true, "content": {"application/json": {"schema": shape}}}))
}

fn responses(doc: &Doc) -> Value {
    let mut all = Map::new();
    for status in doc.gives {
        all.insert(status.to_string(), success(*status, doc));
    }
    for status in FAULTS {
        all.insert(status.to_string(), json!({"$ref": "#/components/responses/fault"}));
    }
    Value::Object(all)
}

fn success(status: u16, doc: &Doc) -> Value {
    let shape = match doc.answers {
        _ if status == 204 => None,
        Answers::Empty => None,
        Answers::Record(kind) => Some(json!({"$ref": format!("#/components/schemas/{kind}")})),
        Answers::List(key, kind) => Some(json!({
            "type": "object",
            "required": [key],
            "properties": {
                key: {"type": "array", "items": {"$ref": format!("#/components/schemas/{kind}")}},
                "next": {"type": "string"},
            },
            "additionalProperties": false,
        })),
        Answers::Text(text) => Some(schema::read(text)),
        Answers::Other(kind) => {
            return json!({"description": "the answer", "content": {kind: {"schema": {"type": "string"}}}});
        }
    };
    match shape {
        None => json!({"description": "done, or on its way"}),
        Some(shape) => {
            json!({"description": "the answer", "content": {"application/json": {"schema": shape}}})
        }
    }
}

fn version_parameter() -> Value {
    json!({
        "name": "X-OpenStack-Ironic-API-Version",
        "in": "header",
        "description": "The microversion, 1.1 without it.",
        "schema": {"type": "string", "enum": ["latest", format!("1.{LATEST}")], "default": "latest"},
    })
}

fn fault() -> Value {
    json!({
        "description": "The request was refused; nothing has changed.",
        "content": {"application/json": {"schema": {"anyOf": [
            {"type": "object", "required": ["error_message"], "properties": {"error_message": {"type": "string"}}},
            {"type": "object", "required": ["faultstring"], "properties": {"faultstring": {"type": "string"}}},
            {"type": "object", "required": ["error"], "properties": {"error": {"type": "object"}}},
        ]}}},
    })
}

/// What idents are called, by their place.
const NAMES: [&str; 3] = ["ident", "name", "part"];

/// Statuses of refusals; an error of the daemon's own is none of them.
const FAULTS: &[u16] = &[400, 401, 403, 404, 405, 406, 409, 413, 429, 503, 507];

const ABOUT: &str = "Provisions the bare-metal servers of one rack. The paths below /v1 are OpenStack Ironic's, with its \
microversions: ask for `X-OpenStack-Ironic-API-Version: latest` to have everything that is described here.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_document_and_nothing_else() {
        let missing: Vec<_> =
            ROUTES.iter().filter(|route| doc(route).is_none()).map(|r| (r.method, r.path)).collect();
        assert!(missing.is_empty(), "not in the book: {missing:?}");
        let served =
            |doc: &&Doc| ROUTES.iter().any(|route| route.method == doc.method && route.path == doc.path);
        let odd: Vec<_> = BOOK.iter().filter(|doc| !served(doc)).map(|doc| (doc.method, doc.path)).collect();
        assert!(odd.is_empty(), "in the book and not served: {odd:?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document("http://rack7");
        let text = document.to_string();
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        let mut ids: Vec<_> = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|item| item.as_object().unwrap().values().map(|one| one["operationId"].to_string()))
            .collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "operation ids are told apart");
    }
}
