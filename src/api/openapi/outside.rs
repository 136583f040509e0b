//! What is served at the operator's door beside the route table: the daemon's health, ramdisks that are given to it,
//! and machines in boot loops.

use serde_json::{Map, Value, json};

/// Method, path, and a sentence.
type Row = (&'static str, &'static str, &'static str);

/// Adds each to the document's paths.
pub fn add(paths: &mut Map<String, Value>) {
    for (method, path, says) in ROWS {
        let item = paths.entry((*path).to_owned()).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            item.insert((*method).to_owned(), operation(method, path, says));
        }
    }
}

fn operation(method: &str, path: &str, says: &str) -> Value {
    let idents = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Value> = idents
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}}))
        .collect();
    let words: String = path.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '_' }).collect();
    let mut said = json!({
        "summary": says,
        "operationId": format!("{method}{words}"),
        "tags": ["daemon"],
        "parameters": parameters,
        // These pages have no microversions, and each says in its own words what is wrong.
        "responses": {"default": {"description": "the answer"}},
    });
    if let (true, Value::Object(said)) = (method == "put", &mut said) {
        let media = if path.contains("uploads") { "application/octet-stream" } else { "application/json" };
        said.insert("requestBody".to_owned(), json!({"required": true, "content": {media: {}}}));
    }
    said
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("get", "/healthz", "Whether the process answers; without a login"),
    ("get", "/readyz", "Whether the daemon can do its work, and if not why (503); without a login"),
    ("get", "/boot/loops", "Machines that boot again and again"),
    ("delete", "/boot/loops/{mac}", "Let a machine boot again"),
    ("get", "/ferric/v1/ramdisks", "Ramdisks that were given to the daemon"),
    ("get", "/ferric/v1/ramdisks/{arch}", "The ramdisk of an architecture"),
    ("put", "/ferric/v1/ramdisks/{arch}", "Serve these uploaded files to an architecture"),
    ("delete", "/ferric/v1/ramdisks/{arch}", "Serve nothing to an architecture any more"),
    ("get", "/ferric/v1/ramdisks/uploads/{sha256}", "How much of a file is here"),
    ("put", "/ferric/v1/ramdisks/uploads/{sha256}", "A file, whole or a slice of it under Content-Range"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::access::policy::{Outside, outside};
    use crate::api::table::ROUTES;
    use crate::net::http::Method;

    #[test]
    fn each_is_served_by_others_than_the_table() {
        for (method, path, _) in ROWS.iter().filter(|(_, path, _)| !path.ends_with('z')) {
            let method = Method::of(&method.to_uppercase());
            assert!(matches!(outside(method, path), Outside::Needs(_)), "{path}");
            assert!(ROUTES.iter().all(|route| format!("/{}", route.path) != *path), "{path}");
        }
    }
}
