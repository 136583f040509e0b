//! A rack with one of each kind for the project `mine`, one of each for `theirs`, and secrets in all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use ferric::api::table::Route;
use ferric::base::who::{Role, Who};
use ferric::store::published::Published;
use serde_json::{Value, json};

use super::requests::Sent;
use crate::rack::{Answer, Rack, answered, request};

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Admin,
    /// Bound to the project `mine`, with every right in it.
    Owner,
    /// Bound to the project `mine`, and only to look.
    Tenant,
}

impl Whose {
    fn role(self) -> Option<Role> {
        match self {
            Self::Admin => None,
            Self::Owner => Some(Role::Admin),
            Self::Tenant => Some(Role::Reader),
        }
    }
}

pub struct Stage {
    pub rack: Rack,
    known: BTreeMap<&'static str, String>,
    seen: Seen,
}

/// How everything was when it was last looked at.
struct Seen {
    published: Arc<Published>,
    /// What is not in the published copy.
    beside: String,
    all: String,
}

/// Where the daemon's own code, or code under it, panicked.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A panic in a task of the daemon is caught by the runtime: nobody would see it.
fn listen_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            if !place.starts_with("tests/") && !place.contains("proptest") {
                PANICS.lock().unwrap().push(place);
            }
            before(info);
        }));
    });
}

/// In every place that is not to be shown to anybody.
const SECRET: &str = "Tr0ub4dor";

/// In every place that is not to be shown to the tenant.
const THEIRS: &str = "Xanadu";

impl Stage {
    pub async fn new() -> Self {
        listen_for_panics();
        let rack = Rack::start().await;
        let seen = Seen { published: rack.published(), beside: String::new(), all: String::new() };
        let mut stage = Self { rack, known: BTreeMap::new(), seen };
        stage.fill().await;
        stage
    }

    async fn fill(&mut self) {
        let secrets = json!({"redfish_password": SECRET, "ipmi_password": SECRET, "a": {"x_token": SECRET}});
        for (node, owner, mark) in [("n1", "mine", "plain"), ("theirs", "theirs", THEIRS)] {
            let body = json!({
                "driver": "fake-hardware", "name": node, "owner": owner, "driver_info": secrets,
                "instance_info": {"configdrive": SECRET, "image_url": format!("http://{SECRET}/x")},
                "extra": {"mark": mark}, "description": mark, "resource_class": mark,
            });
            let id = self.made("nodes", &body).await;
            let mac = if owner == "mine" { "52:54:00:00:00:01" } else { "52:54:00:00:00:02" };
            let port = json!({"node_uuid": id, "address": mac, "extra": {"mark": mark}, "name": format!("p-{mark}")});
            let group = json!({"node_uuid": id, "extra": {"mark": mark}, "name": format!("g-{mark}")});
            let connector = json!({"node_uuid": id, "type": "iqn", "connector_id": mark});
            let target = json!({
                "node_uuid": id, "volume_type": "iscsi", "volume_id": mark, "boot_index": 0,
                "properties": {"auth_password": SECRET},
            });
            let wish = json!({"resource_class": "nothing", "name": format!("a-{mark}"), "owner": owner});
            let runbook = json!({
                "name": format!("CUSTOM_{}", mark.to_uppercase()), "owner": owner,
                "steps": [{"interface": "bios", "step": "x", "args": {"password": SECRET}, "order": 1}],
            });
            for (path, key, body) in [
                ("ports", "port", port),
                ("portgroups", "portgroup", group),
                ("volume/connectors", "connector", connector),
                ("volume/targets", "target", target),
                ("allocations", "allocation", wish),
                ("runbooks", "runbook", runbook),
            ] {
                let made = self.made(path, &body).await;
                if owner == "mine" {
                    self.known.insert(key, made);
                }
            }
            self.known.insert(if owner == "mine" { "node" } else { "theirs" }, id);
        }
        self.fill_rack().await;
        self.settle().await;
    }

    /// What belongs to no project.
    async fn fill_rack(&mut self) {
        let template = json!({
            "name": "CUSTOM_TEMPLATE",
            "steps": [{"interface": "bios", "step": "x", "args": {"password": SECRET}, "priority": 1}],
        });
        let rule = json!({
            "sensitive": true, "conditions": [], "actions": [{"op": "log", "args": {"msg": SECRET}}],
        });
        for (path, key, body) in [
            ("deploy_templates", "template", template),
            ("inspection_rules", "rule", rule),
            ("chassis", "chassis", json!({"description": THEIRS})),
        ] {
            let made = self.made(path, &body).await;
            self.known.insert(key, made);
        }
    }

    async fn made(&self, path: &str, body: &Value) -> String {
        let made = self.rack.call("POST", &format!("/v1/{path}"), "1.115", Some(body)).await;
        assert_eq!(made.status, 201, "{path}: {made:?}");
        made.body["uuid"].as_str().unwrap().to_owned()
    }

    /// The ident of what is there under this name; other names are idents themselves.
    pub fn known<'a>(&'a self, name: &'a str) -> &'a str {
        self.known.get(name).map_or(name, String::as_str)
    }

    pub async fn send(&self, whose: Whose, sent: &Sent) -> Answer {
        let mut path = sent.path.clone();
        // The longer of two names that begin alike comes first.
        for (name, ident) in self.known.iter().rev() {
            path = path.replace(&format!("@{name}"), ident);
        }
        let path = path.replace('@', "");
        let mut request = request(sent.method, &path, &sent.version, sent.body.clone());
        for (name, value) in &sent.headers {
            request.headers.push(*name, *value);
        }
        if let Some(role) = whose.role() {
            let name = Some("tenant".to_owned());
            request.who = Some(Who { name, role, project: Some("mine".to_owned()) });
        }
        answered(self.rack.operator(), request).await
    }

    async fn lists(&self, paths: &[&str]) -> String {
        let mut all = String::new();
        for path in paths {
            let list = self.rack.get(path).await;
            assert_eq!(list.status, 200, "{path}: {list:?}");
            all.push_str(&list.body.to_string());
            all.push('\n');
        }
        all
    }

    async fn look(&self) -> Seen {
        let published = self.rack.published();
        Seen { published, beside: self.lists(BESIDE).await, all: self.lists(LISTS).await }
    }

    /// Whether all that clients see is as it was; what differs if not.
    pub async fn is_unchanged(&mut self) -> Result<(), String> {
        let same = Arc::ptr_eq(&self.seen.published, &self.rack.published());
        if same && self.seen.beside == self.lists(BESIDE).await {
            return Ok(());
        }
        let now = self.look().await;
        if (&now.beside, &now.all) == (&self.seen.beside, &self.seen.all) {
            self.seen = now;
            return Ok(());
        }
        let before = format!("{}{}", self.seen.beside, self.seen.all);
        let after = format!("{}{}", now.beside, now.all);
        let place = before.bytes().zip(after.bytes()).take_while(|(one, other)| one == other).count();
        let near = |text: &str| -> String {
            String::from_utf8_lossy(&text.as_bytes()[place.saturating_sub(200).min(text.len())..])
                .chars()
                .take(400)
                .collect()
        };
        Err(format!("before ...{}...\nafter ...{}...", near(&before), near(&after)))
    }

    /// Waits until nobody works on anything, and takes what there is then for what was.
    pub async fn settle(&mut self) {
        self.rack.rest().await;
        while self.rack.get("/v1/allocations?state=allocating").await.body["allocations"] != json!([]) {
            tokio::task::yield_now().await;
        }
        // Who left `enroll` is looked at by and by.
        let unknown = |published: &Published| {
            published.nodes().any(|node| {
                node.wished.boot_mode.is_none() && !["enroll", "verifying"].contains(&node.provision.name())
            })
        };
        for _ in 0..500 {
            if !unknown(&self.rack.published()) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.rack.rest().await;
        self.seen = self.look().await;
    }

    /// What the tenant is not to change, as the rack's own people see it.
    pub async fn of_others(&self) -> String {
        self.lists(OF_OTHERS).await
    }

    /// Puts back what a request took away.
    pub async fn renew(&mut self) {
        for (name, path) in KEPT {
            let there = self.rack.get(&format!("/v1/{path}/{}", self.known[name])).await;
            if there.status != 200 {
                *self = Self::new().await;
                return;
            }
        }
    }

    pub fn shows_no_secret(&self, whose: Whose, answer: &Answer, sent: &Sent) {
        let mut told = answer.body.to_string();
        for (_, value) in answer.headers.iter() {
            told.push_str(value);
        }
        assert!(!told.contains(SECRET), "a secret is shown: {sent:?} -> {answer:?}");
        if whose != Whose::Admin {
            let theirs = &self.known["theirs"];
            let asked = sent.path.contains("theirs");
            let shows = told.contains(THEIRS) || (!asked && told.contains(theirs.as_str()));
            assert!(!shows, "another's is shown: {sent:?} -> {answer:?}");
        }
    }

    pub async fn is_alive(&self) {
        let panics = PANICS.lock().unwrap().clone();
        assert!(panics.is_empty(), "the daemon panicked: {panics:?}");
        assert_eq!(self.rack.get("/v1/nodes").await.status, 200);
        let body = json!({"driver": "fake-hardware"});
        assert_eq!(self.rack.call("POST", "/v1/nodes", "1.115", Some(&body)).await.status, 201);
    }
}

/// What is another's, or nobody's.
const OF_OTHERS: &[&str] = &[
    "/v1/nodes/theirs",
    "/v1/ports/p-Xanadu",
    "/v1/portgroups/g-Xanadu",
    "/v1/nodes/theirs/volume/connectors?detail=true",
    "/v1/nodes/theirs/volume/targets?detail=true",
    "/v1/allocations/a-Xanadu",
    "/v1/runbooks/CUSTOM_XANADU",
    "/v1/deploy_templates?detail=true",
    "/v1/chassis/detail",
    "/v1/inspection_rules?detail=true",
    "/ferric/v1/tokens",
];

/// What can be changed and is in no published copy.
const BESIDE: &[&str] = &["/v1/inspection_rules?detail=true", "/ferric/v1/tokens", "/ferric/v1/discovered"];

/// Everything else that can be changed.
const LISTS: &[&str] = &[
    "/v1/nodes/detail?include_children=true",
    "/v1/ports/detail",
    "/v1/portgroups/detail",
    "/v1/chassis/detail",
    "/v1/volume/connectors?detail=true",
    "/v1/volume/targets?detail=true",
    "/v1/allocations",
    "/v1/deploy_templates?detail=true",
    "/v1/runbooks?detail=true",
];

/// What requests are made of, and where it is.
const KEPT: &[(&str, &str)] = &[
    ("node", "nodes"),
    ("theirs", "nodes"),
    ("port", "ports"),
    ("portgroup", "portgroups"),
    ("chassis", "chassis"),
    ("connector", "volume/connectors"),
    ("target", "volume/targets"),
    ("allocation", "allocations"),
    ("template", "deploy_templates"),
    ("runbook", "runbooks"),
    ("rule", "inspection_rules"),
];

/// What stands in the braces at this place of the path.
pub fn good_ident(path: &str, place: usize) -> &'static str {
    let before = path.split('/').nth(place.wrapping_sub(1)).unwrap_or_default();
    match before {
        "nodes" | "heartbeat" => "node",
        "ports" => "port",
        "portgroups" => "portgroup",
        "chassis" => "chassis",
        "connectors" => "connector",
        "targets" => "target",
        "allocations" => "allocation",
        "deploy_templates" => "template",
        "runbooks" => "runbook",
        "inspection_rules" => "rule",
        "drivers" => "fake-hardware",
        "conductors" => "rack0",
        "traits" => "CUSTOM_A",
        "vendor_passthru" => "third_method_sync",
        _ => "nothing",
    }
}

/// A body that this path takes.
pub fn good_body(route: &Route) -> Value {
    let step = |rank: &str| json!([{"interface": "bios", "step": "x", "args": {}, rank: 1}]);
    match route.path {
        "nodes" => json!({"driver": "fake-hardware", "name": "new", "extra": {}}),
        "ports" => json!({"node_uuid": "", "address": "52:54:00:00:00:09", "extra": {}}),
        "portgroups" => json!({"node_uuid": "", "name": "new"}),
        "chassis" => json!({"description": "new", "extra": {}}),
        "volume/connectors" => json!({"node_uuid": "", "type": "iqn", "connector_id": "new"}),
        "volume/targets" => {
            json!({"node_uuid": "", "volume_type": "iscsi", "volume_id": "new", "boot_index": 5, "properties": {}})
        }
        "allocations" => {
            json!({"resource_class": "nothing", "name": "new", "traits": [], "candidate_nodes": []})
        }
        "deploy_templates" => json!({"name": "CUSTOM_NEW", "steps": step("priority")}),
        "runbooks" => json!({"name": "CUSTOM_NEW", "steps": step("order")}),
        "inspection_rules" => {
            json!({"actions": [{"op": "log", "args": {"msg": "x"}}], "conditions": [{"op": "eq", "args": {"values": [1, 1]}}]})
        }
        "nodes/{}/states/power" => json!({"target": "power on", "timeout": 5}),
        "nodes/{}/states/provision" => json!({"target": "manage", "clean_steps": [], "configdrive": ""}),
        "nodes/{}/states/raid" => json!({"logical_disks": [{"size_gb": 1, "raid_level": "0"}]}),
        "nodes/{}/states/boot_mode" => json!({"target": "uefi"}),
        "nodes/{}/states/secure_boot" => json!({"target": true}),
        "nodes/{}/states/console" => json!({"enabled": false}),
        "nodes/{}/maintenance" => json!({"reason": "x"}),
        "nodes/{}/management/boot_device" => json!({"boot_device": "pxe", "persistent": false}),
        "nodes/{}/traits" | "runbooks/{}/traits" => json!({"traits": ["CUSTOM_A"]}),
        "nodes/{}/vifs" => json!({"id": "v", "port_uuid": ""}),
        "nodes/{}/vmedia" => json!({"device_type": "cdrom", "image_url": "http://127.0.0.1:1/x"}),
        "events" => json!({"events": [{"event": "network.bind_port", "port_id": ""}]}),
        "heartbeat/{}" => {
            json!({"callback_url": "http://127.0.0.1:1", "agent_token": "x", "agent_version": "13"})
        }
        "continue_inspection" => json!({"inventory": {"interfaces": [{"mac_address": "52:54:00:00:00:01"}]}}),
        "ferric/v1/tokens" => json!({"name": "t", "role": "reader", "project": "mine"}),
        path if path.contains("indicators") => json!({"state": "ON"}),
        _ => json!({"bar": "meow"}),
    }
}
