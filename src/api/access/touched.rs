//! What of a request is kept in the audit: which target, which fields, which name; never a value that could be a secret.
//!
//! Values are told of the members in [`VALUES`] only, and of all others the names. All of it is short, whatever was sent.

mod outline;

use std::sync::Arc;

use uuid::Uuid;

use crate::api::access::touched::outline::{Outline, clean};
use crate::api::request::call::Call;
use crate::api::table::{Action, RackAction};
use crate::base::beside::beside;
use crate::base::id::{NodeId, PortId};
use crate::model::audit::Touched;
use crate::model::draft::given::parse_uuid;
use crate::net::http::Response;

/// What a request that is to change something is about.
pub async fn of(call: &Call<'_>, action: Action, pattern: &str) -> Touched {
    let body = Arc::clone(&call.body);
    let outline = beside(body.len(), move || Outline::read(&body)).await;
    // Arguments may also stand in the query.
    let pairs = form_urlencoded::parse(call.query.as_bytes()).take(MOST);
    let mut parts: Vec<String> = pairs.map(|(name, value)| named(&name, Some(&value))).collect();
    parts.extend(gone(call, action));
    parts.extend(Some(told(&outline)).filter(|text| !text.is_empty()));
    Touched { what: short(parts.join(", ")), node: node(call, pattern, &outline) }
}

impl Touched {
    /// Adds what was made, as the answer tells it.
    pub fn made(&mut self, response: &Response) {
        let place = response.headers.get("Location").filter(|_| response.status == 201);
        let Some((rest, id)) = place.and_then(|place| place.rsplit_once('/')) else { return };
        let Some(id) = parse_uuid(id) else { return };
        let gap = if self.what.is_empty() { "" } else { ", " };
        self.what = short(format!("uuid={id}{gap}{}", self.what));
        if rest.ends_with("/v1/nodes") {
            self.node = Some(NodeId(id));
        }
    }
}

/// The name of what is there no more once this is done.
fn gone(call: &Call<'_>, action: Action) -> Vec<String> {
    let (ident, id) = (call.ident(0), parse_uuid(call.ident(0)));
    let tell = |parts: &[(&str, Option<&str>)]| {
        parts.iter().filter(|(_, value)| value.is_some()).map(|(name, value)| named(name, *value)).collect()
    };
    if action == Action::Rack(RackAction::TokenRevoke) {
        let tokens = call.lanes().tokens();
        let found = tokens.iter().find(|token| Some(token.id) == id || token.name == ident);
        let Some(token) = found else { return Vec::new() };
        let (role, project) = (Some(token.role.name()), token.project.as_deref());
        return tell(&[("name", Some(&token.name)), ("role", role), ("project", project)]);
    }
    if action == Action::NodeDelete {
        let node = id.and_then(|id| call.published.node(NodeId(id))).filter(|node| call.sees(node));
        return tell(&[("name", node.and_then(|node| node.wished.name.as_deref()))]);
    }
    Vec::new()
}

/// The node of the path, of what the path names, or of the body.
fn node(call: &Call<'_>, pattern: &str, outline: &Outline) -> Option<NodeId> {
    let (published, shelves, ident) = (&call.published, call.published.shelves(), call.ident(0));
    let known = |ident: &str| match parse_uuid(ident) {
        Some(id) => published.node(NodeId(id)).map(|node| node.id),
        None => published.node_by_name(ident).map(|node| node.id),
    };
    let by_id = |find: &dyn Fn(Uuid) -> Option<NodeId>| parse_uuid(ident).and_then(find);
    let found = match pattern {
        path if path.starts_with("nodes/{}") => known(ident),
        "ports/{}" => by_id(&|id| Some(published.port(PortId(id))?.node)),
        "portgroups/{}" => by_id(&|id| Some(shelves.portgroups.get(id)?.node)),
        "volume/connectors/{}" => by_id(&|id| Some(shelves.connectors.get(id)?.node)),
        "volume/targets/{}" => by_id(&|id| Some(shelves.targets.get(id)?.node)),
        "allocations/{}" => by_id(&|id| shelves.allocations.get(id)?.node),
        _ => None,
    };
    let in_body = || known(["node_uuid", "node"].into_iter().find_map(|name| outline.get(name)?.word())?);
    found.or_else(in_body).filter(|node| call.sees_id(*node))
}

/// What a body says.
fn told(outline: &Outline) -> String {
    match outline {
        Outline::Members(members) => {
            let parts = members.iter().map(|(name, value)| member(name, value));
            parts.collect::<Vec<_>>().join(", ")
        }
        Outline::List(operations) => patched(operations),
        Outline::Nothing | Outline::Word(_) => String::new(),
    }
}

fn member(name: &str, value: &Outline) -> String {
    let Outline::List(steps) = value else { return named(name, value.word()) };
    let step =
        |step: &Outline| Some(format!("{}.{}", step.get("interface")?.word()?, step.get("step")?.word()?));
    let steps: Vec<String> = steps.iter().filter_map(step).collect();
    if steps.is_empty() || !STEPS.contains(&name) {
        return name.to_owned();
    }
    format!("{name}={}", steps.join("+"))
}

/// A name, and the value if that may be told.
fn named(name: &str, value: Option<&str>) -> String {
    match value.filter(|_| VALUES.contains(&name)) {
        Some(value) => format!("{}={}", clean(name), clean(value)),
        None => clean(name),
    }
}

/// The fields of a JSON patch, by what is done with them.
fn patched(operations: &[Outline]) -> String {
    let (mut set, mut removed) = (Vec::new(), Vec::new());
    for operation in operations {
        let Some(path) = operation.get("path").and_then(Outline::word) else { continue };
        let is_gone = operation.get("op").and_then(Outline::word) == Some("remove");
        let list = if is_gone { &mut removed } else { &mut set };
        list.push(path.trim_start_matches('/'));
    }
    let words = [("set", set), ("remove", removed)].into_iter().filter(|(_, paths)| !paths.is_empty());
    words.map(|(word, paths)| format!("{word} {}", paths.join(", "))).collect::<Vec<_>>().join("; ")
}

fn short(text: String) -> String {
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain("...".chars()).collect()
}

/// Members whose values are told. Each is a word, a name or a number by the contract of its resource.
const VALUES: &[&str] = &[
    "address",
    "boot_device",
    "boot_index",
    "boot_mode",
    "connector_id",
    "device",
    "device_type",
    "device_types",
    "driver",
    "enabled",
    "expires_in",
    "id",
    "method",
    "name",
    "node",
    "node_uuid",
    "owner",
    "persistent",
    "phase",
    "project",
    "public",
    "resource_class",
    "role",
    "runbook",
    "state",
    "target",
    "timeout",
    "type",
    "volume_id",
    "volume_type",
];

/// Members that are lists of steps: which ones is told, without their arguments.
const STEPS: &[&str] = &["clean_steps", "deploy_steps", "service_steps", "steps"];

/// Members, operations or steps of one request that are told.
const MOST: usize = 24;

/// Letters of a name or a value.
const LONGEST_WORD: usize = 64;

/// Letters of a row.
const LONGEST: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> String {
        super::told(&Outline::read(body.as_bytes()))
    }

    #[test]
    fn targets_are_told_and_of_other_members_their_names() {
        for (body, what) in [
            (r#"{"target": "deleted"}"#, "target=deleted"),
            (r#"{"target": "active", "configdrive": "c2VjcmV0"}"#, "target=active, configdrive"),
            (r#"{"target": "rescue", "rescue_password": "hidden"}"#, "target=rescue, rescue_password"),
            (r#"{"boot_device": "pxe", "persistent": true}"#, "boot_device=pxe, persistent=true"),
            (r#"{"enabled": null, "timeout": 30}"#, "enabled, timeout=30"),
            (r#"{"name": {"a": "hidden"}, "target": ["hidden"]}"#, "name, target"),
            (
                r#"{"target": "clean", "clean_steps": [{"interface": "raid", "step": "x", "args": {"p": "hidden"}}]}"#,
                "target=clean, clean_steps=raid.x",
            ),
            (r#"{"steps": "hidden", "traits": ["CUSTOM_A"]}"#, "steps, traits"),
            ("", ""),
            ("{", ""),
            ("[1]", ""),
            (r#""hidden""#, ""),
        ] {
            assert_eq!(told(body), what, "{body}");
        }
    }

    #[test]
    fn a_patch_tells_its_fields_and_not_what_they_become() {
        let body = r#"[{"op": "add", "path": "/driver_info/redfish_password", "value": "hidden"},
            {"op": "remove", "path": "/name"}, {"value": {"path": "hidden"}, "path": "/extra/a", "op": "replace"}]"#;
        assert_eq!(told(body), "set driver_info/redfish_password, extra/a; remove name");
        let twice = r#"[{"op": "add", "path": "/a", "path": "/b"}]"#;
        assert_eq!(told(twice), "set b", "the last one counts, as for the resource");
    }

    #[test]
    fn whatever_is_sent_a_row_is_short_and_one_line() {
        let name = "x".repeat(5000);
        let many: Vec<String> = (0..5000).map(|n| format!("\"{n}{name}\": {n}")).collect();
        let text = short(told(&format!("{{{}}}", many[..100].join(","))));
        assert!(text.chars().count() <= LONGEST + 3, "{}", text.len());
        let odd = told(r#"{"name": "a\n\u001b[2Jb", "target": "é\u0000"}"#);
        assert!(!odd.chars().any(char::is_control), "{odd:?}");
        let operations = vec![r#"{"op": "add", "path": "/extra/aaaaaaaaaaaaaaaa"}"#; 1000].join(",");
        assert!(short(told(&format!("[{operations}]"))).len() <= LONGEST + 3);
    }

    #[test]
    fn what_was_made_is_told_by_the_answer() {
        let id = Uuid::from_u128(7);
        let mut touched = Touched { what: "name=n1".to_owned(), node: None };
        touched.made(&Response::empty(202).with("Location", format!("http://x/v1/nodes/{id}")));
        assert_eq!(touched.what, "name=n1");
        touched.made(&Response::empty(201).with("Location", format!("http://x/v1/nodes/{id}")));
        assert_eq!((touched.what, touched.node), (format!("uuid={id}, name=n1"), Some(NodeId(id))));
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_a_panic(body: Vec<u8>, text: String) {
            Outline::read(&body);
            Outline::read(text.as_bytes());
        }
    }
}
