//! Who is let in, what they may do, what they see, and what is written down of it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ferric::api::access::guard::Guard;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::rack::{Answer, Rack, answered, request};

const TOKENS: &str = "[auth]\nstrategy = \"token\"\n";

/// One who calls.
struct Caller<'a> {
    door: &'a Guard,
    header: (&'static str, String),
    from: &'static str,
}

impl<'a> Caller<'a> {
    fn bearing(door: &'a Guard, token: &str) -> Self {
        Self { door, header: ("Authorization", format!("Bearer {token}")), from: "10.9.0.1:1" }
    }

    fn user(door: &'a Guard, name: &str, password: &str) -> Self {
        let value = format!("Basic {}", STANDARD.encode(format!("{name}:{password}")));
        Self { door, header: ("Authorization", value), from: "10.9.0.1:1" }
    }

    fn nobody(door: &'a Guard) -> Self {
        Self { door, header: ("X-Nothing", String::new()), from: "10.9.0.1:1" }
    }

    fn at(self, from: &'static str) -> Self {
        Self { from, ..self }
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let mut request = request(method, path, "1.115", body);
        request.headers.push(self.header.0, self.header.1.clone());
        request.peer = self.from.parse().unwrap();
        answered(self.door, request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    async fn status(&self, method: &str, path: &str, body: Value) -> u16 {
        let body = (!body.is_null()).then_some(body);
        self.call(method, path, body).await.status
    }

    async fn token(&self, members: Value) -> String {
        let made = self.call("POST", "/ferric/v1/tokens", Some(members)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["token"].as_str().unwrap().to_owned()
    }
}

fn hash(password: &str, cost: u32) -> String {
    bcrypt::hash(password, cost).unwrap()
}

/// A rack with a file of users; the file.
async fn with_users(lines: &str, more: &str) -> (Rack, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("htpasswd");
    std::fs::write(&path, lines).unwrap();
    let file = path.display();
    let config = format!("[auth]\nstrategy = \"http_basic\"\nuser_file = \"{file}\"\n{more}");
    (Rack::start_with(&config).await, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn http_basic_answers_as_the_reference_does() {
    let users = format!("alice:{}\nbob:{}\n", hash("secret", 4), hash("other", 4));
    let (rack, _home) = with_users(&users, "roles = {bob = \"reader\"}\n").await;
    let door = rack.door();
    let refused = Caller::nobody(&door).get("/v1/nodes").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.body, json!({"error": {"message": "Authorization required", "code": 401}}));
    assert_eq!(refused.headers.get("WWW-Authenticate"), Some("Basic realm=\"Baremetal API\""));
    for path in ["/", "/v1", "/v1/", "/v1/lookup"] {
        assert_ne!(Caller::nobody(&door).get(path).await.status, 401, "{path}");
    }
    let beat = "/v1/heartbeat/00000000-0000-4000-8000-000000000001";
    assert_ne!(Caller::nobody(&door).status("POST", beat, json!({})).await, 401);
    assert_ne!(Caller::nobody(&door).status("POST", "/v1/continue_inspection", json!({})).await, 401);
    let alice = Caller::user(&door, "alice", "secret");
    assert_eq!(alice.get("/v1/nodes").await.status, 200);
    assert_eq!(alice.status("POST", "/v1/nodes", json!({"driver": "fake-hardware"})).await, 201);
    let bob = Caller::user(&door, "bob", "other");
    assert_eq!(bob.get("/v1/nodes").await.status, 200);
    assert_eq!(bob.status("POST", "/v1/nodes", json!({"driver": "fake-hardware"})).await, 403);
    for (name, password) in [("alice", "other"), ("alice", ""), ("carol", "secret"), ("", "")] {
        let refused = Caller::user(&door, name, password).get("/v1/nodes").await;
        assert_eq!(refused.status, 401, "{name} {password}");
        assert_eq!(refused.body["error"]["message"], "Incorrect username or password");
    }
    let odd = Caller { header: ("Authorization", "Digest x".to_owned()), ..Caller::nobody(&door) };
    let refused = odd.get("/v1/nodes").await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!(400)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_calls_cost_one_comparison_until_the_file_changes() {
    let (rack, home) = with_users(&format!("alice:{}\n", hash("secret", 8)), "").await;
    let door = rack.door();
    let alice = Caller::user(&door, "alice", "secret");
    let begin = Instant::now();
    assert_eq!(alice.get("/v1/nodes").await.status, 200);
    let first = begin.elapsed();
    let begin = Instant::now();
    for _ in 0..100 {
        assert_eq!(alice.get("/v1/nodes").await.status, 200);
    }
    assert!(begin.elapsed() < first * 20, "{first:?}, then {:?}", begin.elapsed());
    std::fs::write(home.path().join("htpasswd"), format!("alice:{}\n", hash("changed", 4))).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while alice.get("/v1/nodes").await.status == 200 {
        assert!(Instant::now() < end, "the old password is still good");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(Caller::user(&door, "alice", "changed").get("/v1/nodes").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_users_that_is_gone_locks_nobody_out_once_it_is_back() {
    let line = format!("alice:{}\n", hash("right", 4));
    let (rack, home) = with_users(&line, "failed_logins = 2\n").await;
    let (door, path) = (rack.door(), home.path().join("htpasswd"));
    let alice = Caller::user(&door, "alice", "right");
    assert_eq!(alice.get("/v1/nodes").await.status, 200);
    std::fs::remove_file(&path).unwrap();
    let end = Instant::now() + Duration::from_secs(20);
    while alice.get("/v1/nodes").await.status != 503 {
        assert!(Instant::now() < end, "the file is still good");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for _ in 0..4 {
        assert_eq!(alice.get("/v1/nodes").await.status, 503);
    }
    std::fs::write(&path, &line).unwrap();
    while alice.get("/v1/nodes").await.status != 200 {
        assert!(Instant::now() < end, "it is good again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_has_to_wait_and_nobody_else() {
    let rack = Rack::start_with(&format!("{TOKENS}failed_logins = 3\n")).await;
    let (door, token) = (rack.door(), rack.first_token().unwrap());
    let guesser = Caller::bearing(&door, "wrong").at("10.1.1.1:5");
    for _ in 0..3 {
        assert_eq!(guesser.get("/v1/nodes").await.status, 401);
    }
    let waits = guesser.get("/v1/nodes").await;
    assert_eq!(waits.status, 429);
    let seconds: u64 = waits.headers.get("Retry-After").unwrap().parse().unwrap();
    assert!((1..=61).contains(&seconds), "{seconds}");
    assert_eq!(Caller::bearing(&door, "wrong").at("10.1.1.2:5").get("/v1/nodes").await.status, 401);
    assert_eq!(Caller::bearing(&door, &token).at("10.1.1.1:6").get("/v1/nodes").await.status, 200);
    let said = Caller::bearing(&door, &token).get("/ferric/v1/networks").await.body.to_string();
    assert!(said.contains("login-failed") && said.contains("10.1.1.1") && !said.contains("wrong"), "{said}");
    let admin = Caller::bearing(&door, &token);
    let audit = admin.get("/ferric/v1/audit").await.body;
    let failed = audit["failed_logins"].as_array().unwrap();
    let row = failed.iter().find(|row| row["from"] == "10.1.1.1").unwrap();
    assert_eq!((&row["times"], row["first"].is_string()), (&json!(3), true));
    assert!(!audit.to_string().contains("wrong"), "{audit}");
    for filter in ["since=2999-01-01", "user=x", "node=x"] {
        let none = admin.get(&format!("/ferric/v1/audit?{filter}")).await.body;
        assert_eq!(none, json!({"audit": [], "failed_logins": []}), "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_shown_once_kept_as_hashes_and_end() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let admin = Caller::bearing(&door, &first);
    let secret = admin.token(json!({"name": "ci", "role": "operator", "expires_in": 3600})).await;
    assert!(secret.starts_with("ferric_") && secret.len() > 45, "{}", secret.len());
    for way in [("X-Auth-Token", secret.clone()), ("Authorization", format!("bearer {secret}"))] {
        let caller = Caller { header: way, ..Caller::nobody(&door) };
        assert_eq!(caller.get("/v1/nodes").await.status, 200);
    }
    assert_eq!(Caller::user(&door, "anybody", &secret).get("/v1/nodes").await.status, 200);
    let listed = admin.get("/ferric/v1/tokens").await;
    let tokens = listed.body["tokens"].as_array().unwrap().clone();
    assert_eq!(tokens.len(), 2);
    assert_eq!((&tokens[1]["name"], &tokens[1]["role"]), (&json!("ci"), &json!("operator")));
    assert!(tokens[1]["created_by"].as_str().unwrap().starts_with("token:first-admin-"));
    assert!(!listed.body.to_string().contains(&secret));
    for body in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "a b"}),
        json!({"name": "x", "role": "root"}),
        json!({"name": "x", "expires_in": -1}),
        json!({"name": "x", "expires_in": "soon"}),
        json!({"name": "x", "project": ""}),
        json!({"name": "x", "more": 1}),
    ] {
        assert_eq!(admin.status("POST", "/ferric/v1/tokens", body.clone()).await, 400, "{body}");
    }
    assert_eq!(admin.status("POST", "/ferric/v1/tokens", json!({"name": "ci"})).await, 409);
    let operator = Caller::bearing(&door, &secret);
    for (method, path) in
        [("GET", "/ferric/v1/tokens"), ("POST", "/ferric/v1/tokens"), ("GET", "/ferric/v1/audit")]
    {
        assert_eq!(operator.status(method, path, Value::Null).await, 403, "{method} {path}");
    }
    assert_eq!(admin.status("DELETE", "/ferric/v1/tokens/ci", Value::Null).await, 204);
    assert_eq!(operator.get("/v1/nodes").await.status, 401);
    assert_eq!(admin.status("DELETE", "/ferric/v1/tokens/ci", Value::Null).await, 404);
    let last = tokens[0]["uuid"].as_str().unwrap();
    assert_eq!(admin.status("DELETE", &format!("/ferric/v1/tokens/{last}"), Value::Null).await, 409);
    let short = admin.token(json!({"name": "short", "expires_in": 1})).await;
    let end = Instant::now() + Duration::from_secs(20);
    while Caller::bearing(&door, &short).get("/v1/nodes").await.status == 200 {
        assert!(Instant::now() < end, "it does not expire");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(door);
    assert!(!is_written(rack.home(), &secret) && !is_written(rack.home(), &first));
    let rack = rack.restarted().await;
    assert_eq!(rack.first_token(), None, "there is one already");
    assert_eq!(Caller::bearing(&rack.door(), &first).get("/v1/nodes").await.status, 200);
}

/// Whether some file below the folder has this text.
fn is_written(folder: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return is_written(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_what_it_is_for() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let admin = Caller::bearing(&door, &first);
    let reader = admin.token(json!({"name": "r"})).await;
    let operator = admin.token(json!({"name": "o", "role": "operator"})).await;
    let (reader, operator) = (Caller::bearing(&door, &reader), Caller::bearing(&door, &operator));
    let node = rack.node(json!({"name": "n1", "driver_info": {"password": "hidden"}})).await;
    let path = format!("/v1/nodes/{node}");
    for read in ["/v1/nodes", "/v1/ports", "/v1/drivers", "/v1/conductors", "/v1/shards", &path] {
        let seen = reader.get(read).await;
        assert_eq!(seen.status, 200, "{read}");
        assert!(!seen.body.to_string().contains("hidden"));
    }
    let extra = json!([{"op": "add", "path": "/extra/a", "value": 1}]);
    let shard = json!([{"op": "add", "path": "/shard", "value": "s"}]);
    assert_eq!(reader.status("PATCH", &path, extra.clone()).await, 403);
    assert_eq!(operator.status("PATCH", &path, extra).await, 200);
    assert_eq!(operator.status("PATCH", &path, shard.clone()).await, 403);
    assert_eq!(admin.status("PATCH", &path, shard).await, 200);
    assert_eq!(
        reader.status("PUT", &format!("{path}/states/power"), json!({"target": "power on"})).await,
        403
    );
    assert_eq!(operator.status("PUT", &format!("{path}/maintenance"), Value::Null).await, 202);
    let rule = json!({"actions": [{"op": "fail", "args": {"msg": "x"}}]});
    assert_eq!(operator.status("POST", "/v1/inspection_rules", rule).await, 403);
    assert_eq!(operator.status("PUT", "/ferric/v1/ramdisks/x86_64", json!({})).await, 403);
    assert_eq!(reader.status("DELETE", &path, Value::Null).await, 403);
    assert_eq!(operator.status("DELETE", &path, Value::Null).await, 204);
}

/// Two tenants and nodes of each kind.
struct Tenants {
    owned: String,
    leased: String,
    foreign: String,
    ports: [String; 3],
}

async fn tenants(rack: &Rack) -> Tenants {
    let owned = rack.node(json!({"name": "owned", "owner": "a", "lessee": "b"})).await;
    let leased = rack.node(json!({"name": "leased", "owner": "b", "lessee": "a", "extra": {"k": 1}})).await;
    let foreign = rack.node(json!({"name": "foreign", "owner": "b", "parent_node": owned})).await;
    let mut ports = Vec::new();
    for (number, node) in [&owned, &leased, &foreign].into_iter().enumerate() {
        ports.push(rack.port(node, &format!("52:54:00:00:00:0{number}")).await);
    }
    Tenants { owned, leased, foreign, ports: ports.try_into().unwrap() }
}

fn uuids(answer: &Answer, name: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = answer.body[name].as_array().unwrap();
    all.iter().map(|one| one["uuid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one tenant, asked everything")]
async fn a_tenant_sees_its_own_and_nothing_of_others() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let token =
        Caller::bearing(&door, &first).token(json!({"name": "a", "role": "admin", "project": "a"})).await;
    let (tenant, t) = (Caller::bearing(&door, &token), tenants(&rack).await);
    let own = vec![t.owned.clone(), t.leased.clone()];
    for list in ["/v1/nodes", "/v1/nodes/detail", "/v1/nodes?include_children=true", "/v1/nodes?project=a"] {
        assert_eq!(uuids(&tenant.get(list).await, "nodes"), own, "{list}");
    }
    assert_eq!(uuids(&tenant.get("/v1/nodes?owner=b").await, "nodes"), std::slice::from_ref(&t.leased));
    assert_eq!(tenant.get("/v1/nodes?project=b").await.status, 403);
    let page = tenant.get("/v1/nodes?limit=1&include_children=true").await;
    let next = page.body["next"].as_str().unwrap().split_once("/v1/").unwrap().1.to_owned();
    let page = tenant.get(&format!("/v1/{next}")).await;
    assert_eq!(uuids(&page, "nodes"), std::slice::from_ref(&t.leased));
    assert!(!page.body.to_string().contains(&t.foreign));
    assert_eq!(tenant.get(&format!("/v1/nodes?marker={}", t.foreign)).await.status, 404);
    assert_eq!(uuids(&tenant.get("/v1/ports").await, "ports"), t.ports[..2]);
    assert_eq!(uuids(&tenant.get("/v1/ports?address=52:54:00:00:00:02").await, "ports").len(), 0);
    assert_eq!(tenant.get(&format!("/v1/ports?marker={}", t.ports[2])).await.status, 404);
    let children = tenant.get(&format!("/v1/nodes/{}/children", t.owned)).await;
    assert_eq!(children.body["children"], json!([]));
    let hidden = [
        "",
        "/states",
        "/ports",
        "/history",
        "/inventory",
        "/children",
        "/traits",
        "/validate",
        "/states/console",
        "/management/boot_device",
        "/vifs",
        "/volume",
        "/bios",
        "/portgroups",
    ];
    for below in hidden {
        for ident in [t.foreign.as_str(), "foreign"] {
            assert_eq!(tenant.get(&format!("/v1/nodes/{ident}{below}")).await.status, 404, "{below}");
        }
    }
    for path in [
        format!("/v1/nodes/validate?node={}", t.foreign),
        format!("/v1/ports?node={}", t.foreign),
        format!("/v1/ports/{}", t.ports[2]),
        format!("/ferric/v1/nodes/{}/console/log", t.foreign),
        format!("/ferric/v1/nodes/{}/sensors", t.foreign),
    ] {
        assert_eq!(tenant.get(&path).await.status, 404, "{path}");
    }
    for (node, status) in [(&t.foreign, 404), (&t.owned, 200)] {
        let path = format!("/ferric/v1/nodes/{node}/plan");
        assert_eq!(tenant.status("POST", &path, json!({"action": "deploy"})).await, status, "{path}");
    }
    for path in [
        "/v1/shards",
        "/v1/drivers",
        "/v1/conductors",
        "/v1/chassis",
        "/v1/deploy_templates",
        "/v1/inspection_rules",
        "/ferric/v1/networks",
        "/ferric/v1/leases",
        "/ferric/v1/discovered",
        "/ferric/v1/tokens",
        "/ferric/v1/audit",
        "/boot/loops",
        "/ferric/v1/ramdisks",
    ] {
        assert_eq!(tenant.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_bonds_its_own_ports_and_no_others() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let boss = Caller::bearing(&door, &first);
    let token = boss.token(json!({"name": "a", "role": "admin", "project": "a"})).await;
    let (tenant, t) = (Caller::bearing(&door, &token), tenants(&rack).await);
    let made = async |caller: &Caller<'_>, node: &str, name: &str| {
        let body = json!({"node_uuid": node, "name": name});
        caller.call("POST", "/v1/portgroups", Some(body)).await
    };
    let own = made(&tenant, &t.owned, "own").await;
    assert_eq!(own.status, 201, "{own:?}");
    let foreign = made(&boss, &t.foreign, "theirs").await;
    assert_eq!(foreign.status, 201, "{foreign:?}");
    assert_eq!(made(&tenant, &t.foreign, "more").await.status, 403, "whether it is there is not told");
    assert_eq!(tenant.get("/v1/portgroups").await.body["portgroups"].as_array().unwrap().len(), 1);
    for path in ["/v1/portgroups/theirs", "/v1/portgroups/theirs/ports", "/v1/ports?portgroup=theirs"] {
        assert_eq!(tenant.get(path).await.status, 404, "{path}");
    }
    let body = json!([{"op": "replace", "path": "/node_uuid", "value": t.foreign}]);
    assert_eq!(tenant.status("PATCH", "/v1/portgroups/own", body).await, 400);
    assert_eq!(tenant.status("DELETE", "/v1/portgroups/theirs", Value::Null).await, 404);
    assert_eq!(boss.get("/v1/portgroups/theirs").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn owner_and_lessee_may_what_the_reference_lets_them() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let boss = Caller::bearing(&door, &first);
    let member = boss.token(json!({"name": "m", "role": "operator", "project": "a"})).await;
    let admin = boss.token(json!({"name": "a", "role": "admin", "project": "a"})).await;
    let reader = boss.token(json!({"name": "r", "project": "a"})).await;
    let (member, admin) = (Caller::bearing(&door, &member), Caller::bearing(&door, &admin));
    let (reader, t) = (Caller::bearing(&door, &reader), tenants(&rack).await);
    let (owned, leased) = (format!("/v1/nodes/{}", t.owned), format!("/v1/nodes/{}", t.leased));
    let op = |path: &str| json!([{"op": "add", "path": path, "value": "x"}]);
    for (caller, path, body, status) in [
        (&reader, &owned, op("/extra/a"), 403),
        (&member, &owned, op("/driver_info/a"), 200),
        (&member, &leased, op("/driver_info/a"), 403),
        (&member, &leased, op("/extra/a"), 200),
        (&member, &leased, op("/instance_info/a"), 403),
        (&admin, &leased, op("/instance_info/a"), 200),
        (&admin, &owned, op("/owner"), 403),
        (&member, &owned, op("/lessee"), 200),
        (&admin, &leased, op("/lessee"), 403),
        (&admin, &owned, op("/shard"), 403),
        (&admin, &owned, op("/conductor_group"), 403),
    ] {
        assert_eq!(caller.status("PATCH", path, body.clone()).await, status, "{path} {body}");
    }
    let maintain = |path: &str| format!("{path}/maintenance");
    assert_eq!(member.status("PUT", &maintain(&leased), Value::Null).await, 403);
    assert_eq!(admin.status("PUT", &maintain(&leased), Value::Null).await, 202);
    assert_eq!(admin.get(&format!("{leased}/history")).await.status, 403);
    assert_eq!(reader.get(&format!("{owned}/history")).await.status, 200);
    let shown = admin.get(&leased).await.body;
    for (name, hidden) in
        [("last_error", false), ("reservation", false), ("driver_info", true), ("driver_internal_info", true)]
    {
        let text = if hidden { &shown[name]["content"] } else { &shown[name] };
        assert!(text.as_str().unwrap().starts_with("** "), "{name}: {shown}");
    }
    assert!(admin.get(&owned).await.body["driver_info"].get("content").is_none());
    let port = |node: &str, address: &str| json!({"node_uuid": node, "address": address});
    assert_eq!(admin.status("POST", "/v1/ports", port(&t.owned, "52:54:00:00:01:01")).await, 201);
    assert_eq!(member.status("POST", "/v1/ports", port(&t.owned, "52:54:00:00:01:02")).await, 403);
    assert_eq!(admin.status("POST", "/v1/ports", port(&t.leased, "52:54:00:00:01:03")).await, 403);
    assert_eq!(admin.status("POST", "/v1/ports", port(&t.foreign, "52:54:00:00:01:04")).await, 403);
    for method in ["PATCH", "DELETE"] {
        let body = if method == "PATCH" { json!([]) } else { Value::Null };
        assert_eq!(admin.status(method, &format!("/v1/ports/{}", t.ports[2]), body).await, 404);
    }
    let made = admin.call("POST", "/v1/nodes", Some(json!({"driver": "fake-hardware"}))).await;
    assert_eq!((made.status, &made.body["owner"]), (201, &json!("a")));
    let others = json!({"driver": "fake-hardware", "owner": "b"});
    assert_eq!(admin.status("POST", "/v1/nodes", others).await, 400);
    assert_eq!(member.status("POST", "/v1/nodes", json!({"driver": "fake-hardware"})).await, 403);
    assert_eq!(admin.status("DELETE", &leased, Value::Null).await, 403);
    assert_eq!(admin.status("DELETE", &format!("/v1/nodes/{}", t.foreign), Value::Null).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_what_is_written_down() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let admin = Caller::bearing(&door, &first).at("10.7.7.7:1");
    let reader = admin.token(json!({"name": "looker", "project": "p"})).await;
    let node = admin.call("POST", "/v1/nodes", Some(json!({"driver": "fake-hardware", "owner": "p"}))).await;
    let path = format!("/v1/nodes/{}", node.body["uuid"].as_str().unwrap());
    let extra = json!([{"op": "add", "path": "/extra/a", "value": "hidden"}]);
    assert_eq!(admin.status("PATCH", &format!("{path}?reset_interfaces=x"), extra.clone()).await, 400);
    assert_eq!(admin.status("PATCH", &path, extra.clone()).await, 200);
    assert_eq!(Caller::bearing(&door, &reader).status("PATCH", &path, extra).await, 403);
    let page = admin.get("/ferric/v1/audit?limit=3").await.body;
    let rows: Vec<_> = page["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let user = row["user"].as_str().unwrap().split('-').next().unwrap().to_owned();
            (user, row["from"].clone(), row["request"].clone(), row["status"].clone(), row["outcome"].clone())
        })
        .collect();
    let did = |user: &str, from: &str, status: u16, outcome: &str| {
        let request = json!(format!("PATCH {path}"));
        (user.to_owned(), json!(from), request, json!(status), json!(outcome))
    };
    assert_eq!(
        rows,
        [
            did("token:looker", "10.9.0.1", 403, "forbidden"),
            did("token:first", "10.7.7.7", 200, "done"),
            did("token:first", "10.7.7.7", 400, "refused"),
        ]
    );
    assert!(!page.to_string().contains("hidden") && !page.to_string().contains(&first));
    let next = page["next"].as_str().unwrap().split_once("/ferric").unwrap().1.to_owned();
    let rest = admin.get(&format!("/ferric{next}")).await.body;
    assert_eq!(rest["audit"][0]["request"], "POST /v1/nodes");
    assert_eq!(rest["audit"][1]["request"], "POST /ferric/v1/tokens");
    let history = admin.get(&format!("{path}/history?detail=true")).await.body;
    let entries = history["history"].as_array().unwrap();
    let users = entries.iter().filter_map(|entry| entry["user"].as_str());
    assert!(users.filter(|user| user.starts_with("token:first-admin-")).count() >= 2, "{history}");
    drop(door);
    let rack = rack.restarted().await;
    let door = rack.door();
    let kept = Caller::bearing(&door, &first).get("/ferric/v1/audit?limit=1").await.body;
    assert_eq!(kept["audit"][0]["status"], 403);
}

fn row(method: &str, what: &str) -> (String, String) {
    (method.to_owned(), what.to_owned())
}

/// Method and what was told of each row of a page.
fn told(page: &Value) -> Vec<(String, String)> {
    let one = |one: &Value| {
        let method = one["request"].as_str().unwrap().split(' ').next().unwrap();
        row(method, one["what"].as_str().unwrap())
    };
    page["audit"].as_array().unwrap().iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_says_what_was_done_and_finds_it_again() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let admin = Caller::bearing(&door, &first);
    let ci = admin.token(json!({"name": "ci", "role": "operator", "expires_in": 60})).await;
    let ci = Caller::bearing(&door, &ci);
    let (named, other) =
        (json!({"name": "n1", "driver": "fake-hardware", "driver_info": {"k": "hidden"}}), "n2");
    let node = ci.call("POST", "/v1/nodes", Some(named)).await.body["uuid"].as_str().unwrap().to_owned();
    rack.node(json!({"name": other})).await;
    let mac = "52:54:00:00:00:07";
    let port = ci.call("POST", "/v1/ports", Some(json!({"address": mac, "node_uuid": node}))).await;
    let port = port.body["uuid"].as_str().unwrap().to_owned();
    let patch = json!([{"op": "add", "path": "/driver_info/password", "value": "hidden"},
        {"op": "remove", "path": "/description"}]);
    ci.status("PATCH", "/v1/nodes/n1", patch).await;
    ci.status("PUT", "/v1/nodes/n1/maintenance", json!({"reason": "hidden"})).await;
    ci.status("PUT", "/v1/nodes/n1/states/power", json!({"target": "power on"})).await;
    ci.status("PUT", "/v1/nodes/n1/states/provision", json!({"target": "deleted", "configdrive": "hidden"}))
        .await;
    ci.status("DELETE", &format!("/v1/ports/{port}"), Value::Null).await;
    ci.status("PUT", &format!("/v1/nodes/{other}/maintenance"), Value::Null).await;
    rack.rest().await;
    admin.status("DELETE", "/ferric/v1/tokens/ci", Value::Null).await;
    let whole = admin.get("/ferric/v1/audit").await.body;
    assert!(!whole.to_string().contains("hidden"), "{whole}");
    let all = told(&whole);
    assert_eq!(all[0], row("DELETE", "name=ci, role=operator"));
    assert!(all.last().unwrap().1.ends_with("expires_in=60, name=ci, role=operator"), "{all:?}");
    let of_node = [
        row("DELETE", ""),
        row("PUT", "configdrive, target=deleted"),
        row("PUT", "target=power on"),
        row("PUT", "reason"),
        row("PATCH", "set driver_info/password; remove description"),
        row("POST", &format!("uuid={port}, address={mac}, node_uuid={node}")),
        row("POST", &format!("uuid={node}, driver=fake-hardware, driver_info, name=n1")),
    ];
    for ident in [node.as_str(), "n1"] {
        let found = admin.get(&format!("/ferric/v1/audit?node={ident}")).await.body;
        assert_eq!(told(&found), of_node, "{ident}");
        assert_eq!(found["audit"][0]["node"], json!(node));
    }
    let begun =
        whole["audit"].as_array().unwrap().last().unwrap()["at"].as_str().unwrap().replace('+', "%2B");
    let mut place = format!("/ferric/v1/audit?node=n1&user=ci&since={begun}&limit=3");
    let mut pages = Vec::new();
    loop {
        let page = admin.get(&place).await.body;
        pages.extend(told(&page));
        assert_eq!(page.get("failed_logins").is_some(), pages.len() <= 3, "the first page has them");
        let Some(next) = page["next"].as_str() else { break };
        place = format!("/ferric{}", next.split_once("/ferric").unwrap().1);
    }
    assert_eq!(pages, of_node);
    let unknown = admin.get("/ferric/v1/audit?user=nobody").await.body;
    assert_eq!(told(&unknown), []);
    for wrong in ["since=soon", "since=", "node=a&node=b", "marker=x", "who=ci"] {
        assert_eq!(admin.get(&format!("/ferric/v1/audit?{wrong}")).await.status, 400, "{wrong}");
    }
    drop(door);
    let rack = rack.restarted().await;
    let door = rack.door();
    let kept = Caller::bearing(&door, &first).get("/ferric/v1/audit?node=n1").await.body;
    assert_eq!(told(&kept), of_node);
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_can_be_kept_for_those_who_may() {
    let rack =
        Rack::start_with(&format!("{TOKENS}[auth.steps]\n\"raid.delete_configuration\" = \"admin\"\n")).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let admin = Caller::bearing(&door, &first);
    let operator = admin.token(json!({"name": "o", "role": "operator"})).await;
    let operator = Caller::bearing(&door, &operator);
    let node = rack.node(json!({})).await;
    rack.go(&node, "manage").await;
    let place = format!("/v1/nodes/{node}/states/provision");
    let asked = |step: &str| json!({"target": "clean", "clean_steps": [{"interface": "raid", "step": step}]});
    let refused = operator.call("PUT", &place, Some(asked("delete_configuration"))).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.text(),
        "insufficient privileges to execute step delete_configuration on interface raid"
    );
    assert_ne!(admin.status("PUT", &place, asked("delete_configuration")).await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn runbooks_and_allocations_are_their_projects() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let boss = Caller::bearing(&door, &first);
    let a = boss.token(json!({"name": "a", "role": "admin", "project": "a"})).await;
    let b = boss.token(json!({"name": "b", "role": "admin", "project": "b"})).await;
    let (a, b) = (Caller::bearing(&door, &a), Caller::bearing(&door, &b));
    let steps = json!([{"interface": "bios", "step": "x", "args": {}, "order": 1}]);
    let book = |name: &str, more: Value| {
        let mut body = json!({"name": name, "steps": steps});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let own = a.call("POST", "/v1/runbooks", Some(book("CUSTOM_A", json!({})))).await;
    assert_eq!((own.status, &own.body["owner"]), (201, &json!("a")), "{own:?}");
    assert_eq!(a.status("POST", "/v1/runbooks", book("CUSTOM_B", json!({"owner": "b"}))).await, 400);
    assert_eq!(a.status("POST", "/v1/runbooks", book("CUSTOM_C", json!({"public": true}))).await, 400);
    assert_eq!(boss.status("POST", "/v1/runbooks", book("CUSTOM_P", json!({"public": true}))).await, 201);
    assert_eq!(boss.status("POST", "/v1/runbooks", book("CUSTOM_S", json!({}))).await, 201);
    let names = |answer: &Answer| {
        let all = answer.body["runbooks"].as_array().unwrap();
        all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&a.get("/v1/runbooks").await), ["CUSTOM_A", "CUSTOM_P"]);
    assert_eq!(names(&b.get("/v1/runbooks").await), ["CUSTOM_P"]);
    assert_eq!(b.get("/v1/runbooks/CUSTOM_A").await.status, 404);
    assert_eq!(b.get("/v1/runbooks/CUSTOM_P").await.status, 200);
    let public = json!([{"op": "add", "path": "/public", "value": true}]);
    assert_eq!(a.status("PATCH", "/v1/runbooks/CUSTOM_A", public.clone()).await, 403);
    assert_eq!(b.status("PATCH", "/v1/runbooks/CUSTOM_P", public).await, 404);
    for (caller, name, status) in [(&b, "CUSTOM_A", 404), (&b, "CUSTOM_P", 404), (&a, "CUSTOM_A", 204)] {
        assert_eq!(
            caller.status("DELETE", &format!("/v1/runbooks/{name}"), Value::Null).await,
            status,
            "{name}"
        );
    }
    let wanted = |name: &str| json!({"name": name, "resource_class": "none-such"});
    let own = a.call("POST", "/v1/allocations", Some(wanted("for-a"))).await;
    assert_eq!((own.status, &own.body["owner"]), (201, &json!("a")), "{own:?}");
    assert_eq!(boss.status("POST", "/v1/allocations", wanted("for-all")).await, 201);
    assert_eq!(uuids(&a.get("/v1/allocations").await, "allocations").len(), 1);
    assert_eq!(uuids(&b.get("/v1/allocations").await, "allocations").len(), 0);
    assert_eq!(a.get("/v1/allocations?owner=b").await.status, 403);
    for name in ["for-a", "for-all"] {
        assert_eq!(b.get(&format!("/v1/allocations/{name}")).await.status, 404);
        assert_eq!(b.status("DELETE", &format!("/v1/allocations/{name}"), Value::Null).await, 404);
    }
    assert_eq!(a.status("DELETE", "/v1/allocations/for-a", Value::Null).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_token_that_opened_it() {
    let rack = Rack::start_with(TOKENS).await;
    let (door, first) = (rack.door(), rack.first_token().unwrap());
    let admin = Caller::bearing(&door, &first);
    let secret = admin.token(json!({"name": "ci", "role": "operator"})).await;
    let (mut short, mut long) = (watching(&rack, &secret).await, watching(&rack, &first).await);
    assert_eq!(admin.status("DELETE", "/ferric/v1/tokens/ci", Value::Null).await, 204);
    let mut heard = Vec::new();
    let ended = short.read_to_end(&mut heard);
    tokio::time::timeout(Duration::from_secs(30), ended).await.expect("it goes on").unwrap();
    let still = tokio::time::timeout(Duration::from_secs(1), long.read_to_end(&mut heard)).await;
    assert!(still.is_err(), "another's stream goes on");
}

/// A stream of events that has begun.
async fn watching(rack: &Rack, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(rack.address()).await.unwrap();
    let request = format!("GET /events HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = String::new();
    while !head.contains("retry: ") {
        let mut bytes = [0; 1 << 10];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "{head}");
        head.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    stream
}
