//! Who may change what, by role and by what a project is to the node: the reference's policy (`ironic/common/policy.py`,
//! secure RBAC), asked of the running daemon. A member there is an operator here; operators of the whole rack may besides
//! make and delete what belongs to nodes (README, "Accounts").

use ferric::api::access::guard::Guard;
use ferric::base::who::Role::{self, Admin, Operator, Reader};
use serde_json::{Value, json};

use crate::rack::{Answer, Rack, answered, request};

/// A change, and the least role for it in the whole rack, as the node's owner, and as its lessee.
struct Row {
    method: &'static str,
    path: &'static str,
    body: fn(&Stage) -> Value,
    system: Role,
    owner: Option<Role>,
    lessee: Option<Role>,
}

const fn row(
    method: &'static str,
    path: &'static str,
    body: fn(&Stage) -> Value,
    (system, owner, lessee): (Role, Option<Role>, Option<Role>),
) -> Row {
    Row { method, path, body, system, owner, lessee }
}

const MEMBERS: (Role, Option<Role>, Option<Role>) = (Operator, Some(Operator), Some(Operator));
const OWNER_MEMBER: (Role, Option<Role>, Option<Role>) = (Operator, Some(Operator), None);
const OWNER_ADMIN: (Role, Option<Role>, Option<Role>) = (Operator, Some(Admin), None);
const LESSEE_ADMIN: (Role, Option<Role>, Option<Role>) = (Operator, Some(Operator), Some(Admin));
const ADMINS: (Role, Option<Role>, Option<Role>) = (Operator, Some(Admin), Some(Admin));
const SITE: (Role, Option<Role>, Option<Role>) = (Admin, None, None);

/// Bodies are such that who is let in is told what is wrong with them: nothing changes.
const ROWS: &[Row] = &[
    row("PATCH", "nodes/NODE", nothing, MEMBERS),
    row("DELETE", "nodes/NODE?x=1", none, OWNER_ADMIN),
    row("PUT", "nodes/NODE/states/power", nothing, MEMBERS),
    row("PUT", "nodes/NODE/states/boot_mode", nothing, MEMBERS),
    row("PUT", "nodes/NODE/states/secure_boot", nothing, MEMBERS),
    row("PUT", "nodes/NODE/states/provision", nothing, LESSEE_ADMIN),
    row("PUT", "nodes/NODE/states/raid", list, OWNER_MEMBER),
    row("PUT", "nodes/NODE/states/console", nothing, OWNER_MEMBER),
    row("PUT", "nodes/NODE/maintenance", list, LESSEE_ADMIN),
    row("DELETE", "nodes/NODE/maintenance?x=1", none, LESSEE_ADMIN),
    row("PUT", "nodes/NODE/management/boot_device", nothing, OWNER_ADMIN),
    row("PUT", "nodes/NODE/management/inject_nmi", list, OWNER_ADMIN),
    row("PUT", "nodes/NODE/management/indicators/led@system", nothing, OWNER_MEMBER),
    row("PUT", "nodes/NODE/traits", nothing, OWNER_ADMIN),
    row("DELETE", "nodes/NODE/traits?x=1", none, OWNER_ADMIN),
    row("PUT", "nodes/NODE/traits/lower", none, OWNER_ADMIN),
    row("POST", "nodes/NODE/vifs", nothing, LESSEE_ADMIN),
    row("POST", "nodes/NODE/vmedia", nothing, MEMBERS),
    row("POST", "nodes/NODE/vendor_passthru", nothing, SITE),
    row("POST", "ports", of_node, OWNER_ADMIN),
    row("PATCH", "ports/PORT", nothing, OWNER_ADMIN),
    row("DELETE", "ports/PORT?x=1", none, OWNER_ADMIN),
    row("POST", "portgroups", wrong_of_node, OWNER_ADMIN),
    row("PATCH", "portgroups/GROUP", nothing, OWNER_ADMIN),
    row("DELETE", "portgroups/GROUP?x=1", none, OWNER_ADMIN),
    row("POST", "volume/connectors", of_node, ADMINS),
    row("PATCH", "volume/connectors/CONNECTOR", nothing, LESSEE_ADMIN),
    row("DELETE", "volume/connectors/CONNECTOR?x=1", none, ADMINS),
    row("POST", "volume/targets", of_node, ADMINS),
    row("PATCH", "volume/targets/TARGET", nothing, LESSEE_ADMIN),
    row("DELETE", "volume/targets/TARGET?x=1", none, ADMINS),
    row("POST", "chassis", list, SITE),
    row("PATCH", "chassis/CHASSIS", nothing, (Operator, None, None)),
    row("DELETE", "chassis/CHASSIS?x=1", none, SITE),
    row("POST", "deploy_templates", nothing, SITE),
    row("POST", "inspection_rules", nothing, SITE),
    row("DELETE", "inspection_rules?x=1", none, SITE),
    row("POST", "events", nothing, SITE),
];

/// What needs no node: every project may, with this role.
const ANYWHERE: &[(&str, Role, Role)] =
    &[("allocations", Operator, Operator), ("runbooks", Operator, Admin), ("nodes", Operator, Admin)];

fn nothing(_: &Stage) -> Value {
    json!({})
}

fn list(_: &Stage) -> Value {
    json!([1])
}

fn none(_: &Stage) -> Value {
    Value::Null
}

fn of_node(stage: &Stage) -> Value {
    json!({"node_uuid": stage.node})
}

fn wrong_of_node(stage: &Stage) -> Value {
    json!({"node_uuid": stage.node, "mode": 7})
}

/// One who calls.
struct Caller {
    name: String,
    role: Role,
    project: Option<&'static str>,
    token: String,
}

struct Stage {
    node: String,
    idents: Vec<(&'static str, String)>,
}

impl Stage {
    /// A node of `owner`, lent to `lessee`, with one of each of its parts.
    async fn set(rack: &Rack) -> Self {
        let node = rack.node(json!({"name": "n1", "owner": "owner", "lessee": "lessee"})).await;
        let mut idents = vec![("NODE", node.clone()), ("PORT", rack.port(&node, "52:54:00:00:00:01").await)];
        for (name, path, body) in [
            ("GROUP", "portgroups", json!({"node_uuid": node})),
            (
                "CONNECTOR",
                "volume/connectors",
                json!({"node_uuid": node, "type": "iqn", "connector_id": "i"}),
            ),
            (
                "TARGET",
                "volume/targets",
                json!({
                    "node_uuid": node, "volume_type": "iscsi", "volume_id": "v", "boot_index": 0,
                    "properties": {"target_portal": "10.0.0.9:3260"},
                }),
            ),
            ("CHASSIS", "chassis", json!({})),
        ] {
            let made = rack.call("POST", &format!("/v1/{path}"), "1.115", Some(&body)).await;
            assert_eq!(made.status, 201, "{made:?}");
            idents.push((name, made.body["uuid"].as_str().unwrap().to_owned()));
        }
        Self { node, idents }
    }

    fn path(&self, path: &str) -> String {
        let filled = self.idents.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        format!("/v1/{filled}")
    }
}

async fn call(door: &Guard, token: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let mut request = request(method, path, "1.115", bytes);
    request.headers.push("X-Auth-Token", token.to_owned());
    answered(door, request).await
}

/// Each role in the whole rack, and in the projects of owner, lessee and a stranger.
async fn callers(rack: &Rack, door: &Guard) -> Vec<Caller> {
    let first = rack.first_token().unwrap();
    let mut all = Vec::new();
    for project in [None, Some("owner"), Some("lessee"), Some("stranger")] {
        for role in [Reader, Operator, Admin] {
            let name = format!("{}-{role}", project.unwrap_or("rack"));
            let body = json!({"name": name, "role": role.name(), "project": project});
            let made = call(door, &first, "POST", "/ferric/v1/tokens", &body).await;
            let token = made.body["token"].as_str().unwrap().to_owned();
            all.push(Caller { name, role, project, token });
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn each_change_is_let_in_by_role_and_relation_as_in_the_reference() {
    let rack = Rack::start_with("[auth]\nstrategy = \"token\"\n").await;
    let (door, stage) = (rack.door(), Stage::set(&rack).await);
    let callers = callers(&rack, &door).await;
    let mut wrong = Vec::new();
    for row in ROWS {
        let (path, body) = (stage.path(row.path), (row.body)(&stage));
        for caller in &callers {
            let least = match caller.project {
                None => Some(row.system),
                Some("owner") => row.owner,
                Some("lessee") => row.lessee,
                Some(_) => None,
            };
            let answer = call(&door, &caller.token, row.method, &path, &body).await;
            let may = least.is_some_and(|least| caller.role >= least);
            // What a project does not see is not there; what it would make there is refused.
            let is_hidden = caller.project == Some("stranger") && row.path.contains(char::is_uppercase);
            let fits = match answer.status {
                401 | 404 => !may && is_hidden && answer.status == 404,
                403 => !may,
                _ => may,
            };
            if !fits {
                wrong.push(format!("{} {} by {}: {}", row.method, row.path, caller.name, answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let shown = rack.get(&format!("/v1/nodes/{}", stage.node)).await;
    assert_eq!((&shown.body["maintenance"], &shown.body["traits"]), (&json!(false), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_node_is_for_every_project_by_role() {
    let rack = Rack::start_with("[auth]\nstrategy = \"token\"\n").await;
    let door = rack.door();
    for caller in callers(&rack, &door).await {
        for (path, system, project) in ANYWHERE {
            let least = if caller.project.is_some() { *project } else { *system };
            let answer = call(&door, &caller.token, "POST", &format!("/v1/{path}"), &json!({"zz": 1})).await;
            assert_eq!(answer.status == 403, caller.role < least, "{path} by {}: {answer:?}", caller.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_a_foreign_node_is_there_is_not_told_to_who_makes_something_of_it() {
    let rack = Rack::start_with("[auth]\nstrategy = \"token\"\n").await;
    let (door, stage) = (rack.door(), Stage::set(&rack).await);
    let callers = callers(&rack, &door).await;
    let stranger = callers.iter().find(|caller| caller.name == "stranger-admin").unwrap();
    let boss = callers.iter().find(|caller| caller.name == "rack-admin").unwrap();
    let absent = "11111111-2222-4333-8444-555555555555";
    for path in ["ports", "portgroups", "volume/connectors", "volume/targets"] {
        let path = format!("/v1/{path}");
        for node in [stage.node.as_str(), absent] {
            let body = json!({"node_uuid": node});
            assert_eq!(call(&door, &stranger.token, "POST", &path, &body).await.status, 403, "{path}");
        }
        let body = json!({"node_uuid": absent});
        assert_eq!(call(&door, &boss.token, "POST", &path, &body).await.status, 400, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_to_reach_a_volume_is_shown_to_readers_of_the_rack_and_admins_of_projects() {
    let rack = Rack::start_with("[auth]\nstrategy = \"token\"\n").await;
    let (door, stage) = (rack.door(), Stage::set(&rack).await);
    for caller in callers(&rack, &door).await.iter().filter(|caller| caller.project != Some("stranger")) {
        let shown =
            call(&door, &caller.token, "GET", &stage.path("volume/targets/TARGET"), &Value::Null).await;
        let listed = call(&door, &caller.token, "GET", "/v1/volume/targets?detail=true", &Value::Null).await;
        let is_shown = caller.project.is_none() || caller.role == Admin;
        for properties in [&shown.body["properties"], &listed.body["targets"][0]["properties"]] {
            let name = if is_shown { "target_portal" } else { "redacted_contents" };
            assert_eq!(properties.as_object().unwrap().keys().collect::<Vec<_>>(), [name], "{}", caller.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_project_of_who_deploys_becomes_the_lessee() {
    let site = "[auth]\nstrategy = \"token\"\n[conductor]\nautomatic_lessee_source = \"request\"\n";
    let rack = Rack::start_with(site).await;
    let door = rack.door();
    let node = rack.node(json!({"name": "n1", "owner": "owner"})).await;
    for word in ["manage", "provide"] {
        rack.go(&node, word).await;
    }
    let callers = callers(&rack, &door).await;
    let admin = callers.iter().find(|one| one.name == "owner-admin").unwrap();
    let path = format!("/v1/nodes/{node}/states/provision");
    let asked = call(&door, &admin.token, "PUT", &path, &json!({"target": "active"})).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    rack.until(&node, "active").await;
    let shown = rack.get(&format!("/v1/nodes/{node}")).await.body;
    assert_eq!((&shown["lessee"], &shown["owner"]), (&json!("owner"), &json!("owner")));
    rack.go(&node, "deleted").await;
    assert_eq!(rack.get(&format!("/v1/nodes/{node}")).await.body["lessee"], Value::Null);
}
