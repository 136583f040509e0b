//! Requests of a route, mostly nearly right.

use std::fmt::Write;

use ferric::api::openapi::book::BOOK;
use ferric::api::table::Route;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::stage::{Stage, good_body, good_ident};
use super::values::{member, value, word};

/// A request, not yet sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: &'static str,
    pub path: String,
    pub version: String,
    pub body: Vec<u8>,
    pub headers: Vec<(&'static str, &'static str)>,
}

impl Sent {
    /// These bytes at what is there.
    pub fn raw(route: &Route, stage: &Stage, body: Vec<u8>) -> Self {
        let mut path = prefix(route).to_owned();
        for (place, part) in route.path.split('/').enumerate() {
            path.push('/');
            let ident = good_ident(route.path, place);
            path.push_str(if part == "{}" { stage.known(ident) } else { part });
        }
        Self { method: route.method.word(), path, version: "1.115".to_owned(), body, headers: Vec::new() }
    }
}

fn prefix(route: &Route) -> &'static str {
    let ours = route.bare || route.path.starts_with("ferric") || ["", "v1"].contains(&route.path);
    if ours { "" } else { "/v1" }
}

/// All bytes of a text as `%xx`, so that any text can stand in a path.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        write!(out, "%{byte:02x}").unwrap();
    }
    out
}

fn path(route: &'static Route) -> BoxedStrategy<String> {
    let parts: Vec<BoxedStrategy<String>> = route
        .path
        .split('/')
        .enumerate()
        .map(|(place, part)| {
            if part != "{}" {
                return Just(part.to_owned()).boxed();
            }
            let good = Just(format!("@{}", good_ident(route.path, place)));
            let odd = prop_oneof![word(), any::<String>(), "[a-z]{250,300}"].prop_map(|text| encoded(&text));
            // What takes a record away is asked of what is there only with something wrong beside it.
            prop_oneof![4 => good, 1 => Just("@theirs".to_owned()), 2 => odd].boxed()
        })
        .collect();
    parts.prop_map(|parts| format!("{}/{}", prefix(route), parts.join("/"))).boxed()
}

fn query(route: &'static Route) -> BoxedStrategy<String> {
    let doc = BOOK.iter().find(|doc| doc.path == route.path && doc.method == route.method);
    let mut names: Vec<String> =
        doc.map_or(&[][..], |doc| doc.query).iter().map(|name| (*name).to_owned()).collect();
    names.extend(["fields", "limit", "target", "zzz"].map(str::to_owned));
    let name = prop_oneof![6 => proptest::sample::select(names), 1 => any::<String>()];
    let pair = (name, prop_oneof![word(), any::<String>()]);
    let some = proptest::collection::vec(pair, 1..4).prop_map(|pairs| {
        let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        format!("?{}", pairs.collect::<Vec<_>>().join("&"))
    });
    prop_oneof![2 => Just(String::new()), 2 => some, 1 => Just("?%ff=%&&==".to_owned())].boxed()
}

/// A good body with one thing wrong, or several.
fn object(good: Value) -> BoxedStrategy<Value> {
    let own: Vec<String> = good.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let name = if own.is_empty() {
        member().boxed()
    } else {
        prop_oneof![3 => proptest::sample::select(own), 2 => member()].boxed()
    };
    let change = (name, prop_oneof![4 => value().prop_map(Some), 1 => Just(None)]);
    let changed = proptest::collection::vec(change, 1..4).prop_map(move |changes| {
        let mut body = good.as_object().cloned().unwrap_or_default();
        for (name, value) in changes {
            match value {
                Some(value) => drop(body.insert(name, value)),
                None => drop(body.remove(&name)),
            }
        }
        Value::Object(body)
    });
    prop_oneof![6 => changed, 1 => value()].boxed()
}

fn patch() -> BoxedStrategy<Value> {
    let op = prop_oneof![6 => prop_oneof!["add", "replace", "remove"], 2 => prop_oneof!["test", "move", "copy"], 1 => any::<String>()];
    let path = prop_oneof![
        5 => proptest::collection::vec(member(), 1..4).prop_map(|parts| format!("/{}", parts.join("/"))),
        1 => word(),
        1 => any::<String>(),
    ];
    let operation =
        (op, path, value()).prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}));
    let operations = proptest::collection::vec(operation, 1..4).prop_map(Value::Array);
    prop_oneof![6 => operations, 1 => value()].boxed()
}

fn body(route: &'static Route) -> BoxedStrategy<Vec<u8>> {
    let given = match route.method.word() {
        "PATCH" if !route.path.contains("vendor_passthru") => patch(),
        "POST" | "PUT" | "PATCH" => object(good_body(route)),
        _ => return prop_oneof![4 => Just(Vec::new()), 1 => value().prop_map(|value| value.to_string().into_bytes())].boxed(),
    };
    let bytes = given.prop_map(|value| value.to_string().into_bytes());
    // The same name twice: one of the two counts, and nothing else happens.
    let twice = value().prop_map(|value| format!("{{\"name\": 1, \"name\": {value}}}").into_bytes());
    prop_oneof![10 => bytes, 1 => twice, 1 => any::<Vec<u8>>()].boxed()
}

fn version() -> impl Strategy<Value = String> {
    prop_oneof![5 => Just("1.115".to_owned()), 2 => (1..116_u16).prop_map(|minor| format!("1.{minor}")), 1 => word()]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    prop_oneof![
        6 => Just(Vec::new()),
        1 => Just(vec![("Content-Type", "text/plain")]),
        1 => Just(vec![("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "*/*")]),
        1 => Just(vec![("Content-Type", "application/json; charset=\"\0\"")]),
        1 => Just(vec![("Accept", "text/html")]),
        1 => Just(vec![("OpenStack-API-Version", "baremetal 1.9999999999999999999")]),
        1 => Just(vec![("Host", "\"}evil")]),
    ]
}

/// Any request of this route.
pub fn any_request(route: &'static Route) -> impl Strategy<Value = Sent> {
    let is_delete = route.method.word() == "DELETE";
    (path(route), query(route), version(), body(route), headers()).prop_map(
        move |(path, query, version, body, headers)| {
            // Nothing is taken away by a request with an argument that nobody knows.
            let query = if is_delete && query.is_empty() { "?zzz=1".to_owned() } else { query };
            Sent { method: route.method.word(), path: format!("{path}{query}"), version, body, headers }
        },
    )
}
