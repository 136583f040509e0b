//! A daemon without sockets between it and the test.

use std::path::Path;
use std::sync::Arc;

use ferric::api::Api;
use ferric::api::access::guard::Guard;
use ferric::api::lanes::Lanes;
use ferric::app::App;
use ferric::config::{Config, Given};
use ferric::net::body::Body;
use ferric::net::http::{Headers, Method, Request};
use ferric::net::server::Service;
use ferric::store::published::Published;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The daemon, and a door of each kind into it.
pub struct Rack {
    home: TempDir,
    app: App,
    operator: Api,
    back: Api,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub body: Value,
}

impl Answer {
    /// The error within the error.
    pub fn inner(&self) -> Value {
        match self.body["error_message"].as_str() {
            Some(text) => serde_json::from_str(text).unwrap(),
            None => self.body.clone(),
        }
    }

    /// What the error says.
    pub fn text(&self) -> String {
        let inner = self.inner();
        let text = inner["faultstring"].as_str().or(inner["description"].as_str());
        text.unwrap_or_default().to_owned()
    }
}

impl Rack {
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// With lines of the configuration file.
    pub async fn start_with(configured: &str) -> Self {
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join("ferric.toml"), configured).unwrap();
        Self::start_in(home).await
    }

    async fn start_in(home: TempDir) -> Self {
        let app = App::start(config(home.path())).await.unwrap();
        let reader = app.site.reader.clone();
        let lanes = Arc::new(app.desk.clone());
        let operator = Api::operator(reader.clone(), lanes.clone(), None);
        let back = Api::rack(reader, lanes, None);
        Self { home, app, operator, back }
    }

    /// Stops the daemon and starts it again on the same data.
    pub async fn restarted(self) -> Self {
        let Self { home, app, operator, back } = self;
        drop((operator, back));
        app.drain().await;
        Self::start_in(home).await
    }

    /// Where the operator's door listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.app.api
    }

    /// The operator's door with the login that the configuration asks for, as the daemon has it.
    pub fn door(&self) -> Guard {
        let (site, lanes) = (&self.app.site, Arc::new(self.app.desk.clone()) as Arc<dyn Lanes>);
        let api = Api { guarded: true, ..Api::operator(site.reader.clone(), lanes.clone(), None) };
        Guard::open(site.policy.access.clone(), lanes, site.clock.clone(), Arc::new(api)).unwrap()
    }

    /// The admin token that was made at the first start.
    pub fn first_token(&self) -> Option<String> {
        self.app.first_token.as_ref().map(|issued| issued.secret.reveal().to_owned())
    }

    /// The operator's door without a login, for requests that are made by hand.
    pub fn operator(&self) -> &Api {
        &self.operator
    }

    /// What is published now: another one after each change of nodes and of what belongs to them.
    pub fn published(&self) -> Arc<Published> {
        self.app.site.reader.published()
    }

    /// What a SIGHUP does.
    pub async fn reload(&self) {
        self.app.reload().await;
    }

    /// Where the daemon's files are.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// One call at the operator's door.
    pub async fn call(&self, method: &str, path: &str, version: &str, body: Option<&Value>) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        self.send(method, path, version, bytes).await
    }

    pub async fn send(&self, method: &str, path: &str, version: &str, body: Vec<u8>) -> Answer {
        answered(&self.operator, request(method, path, version, body)).await
    }

    /// One call at the rack's door from 10.0.0.7.
    pub async fn by_rack(&self, method: &str, path: &str, version: &str, body: Option<&Value>) -> Answer {
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let mut request = request(method, path, version, bytes);
        request.peer = "10.0.0.7:40000".parse().unwrap();
        answered(&self.back, request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "1.115", None).await
    }

    /// A node of the fake type; its UUID.
    pub async fn node(&self, members: Value) -> String {
        let mut body = json!({"driver": "fake-hardware"});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let made = self.call("POST", "/v1/nodes", "1.115", Some(&body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["uuid"].as_str().unwrap().to_owned()
    }

    pub async fn port(&self, node: &str, address: &str) -> String {
        let body = json!({"node_uuid": node, "address": address});
        let made = self.call("POST", "/v1/ports", "1.115", Some(&body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["uuid"].as_str().unwrap().to_owned()
    }

    /// Asks for a move and waits until the node rests in a state that nothing leaves by itself.
    pub async fn go(&self, node: &str, target: &str) {
        let path = format!("/v1/nodes/{node}/states/provision");
        let asked = self.call("PUT", &path, "1.115", Some(&json!({"target": target}))).await;
        assert_eq!(asked.status, 202, "{asked:?}");
        self.rest().await;
    }

    /// Waits until the node is in this state and no change is owed.
    pub async fn until(&self, node: &str, state: &str) {
        let id = node.parse().unwrap();
        let mut changes = self.app.site.reader.changes();
        let there = changes.wait_for(|published| {
            published.node(id).is_some_and(|node| node.provision.name() == state && !node.reserved)
        });
        tokio::time::timeout(std::time::Duration::from_secs(30), there)
            .await
            .expect("the state did not come")
            .unwrap();
    }

    /// Waits until it is known how the node's firmware boots: looked at once verification is over.
    pub async fn until_modes(&self, node: &str) {
        let id = node.parse().unwrap();
        let mut changes = self.app.site.reader.changes();
        let there = changes
            .wait_for(|published| published.node(id).is_some_and(|node| node.wished.boot_mode.is_some()));
        tokio::time::timeout(std::time::Duration::from_secs(30), there)
            .await
            .expect("nobody looked at the modes")
            .unwrap();
    }

    /// Waits until no node works.
    pub async fn rest(&self) {
        let mut changes = self.app.site.reader.changes();
        let settled = changes.wait_for(|published| {
            published.nodes().all(|node| !node.reserved && node.run.is_none() && node.target_power.is_none())
        });
        tokio::time::timeout(std::time::Duration::from_secs(30), settled)
            .await
            .expect("no node rests")
            .unwrap();
    }
}

fn config(home: &Path) -> Config {
    let file = home.join("ferric.toml");
    let given = Given {
        file: Some(file),
        data: Some(home.join("data")),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        hardware: vec!["fake-hardware".to_owned(), "manual-management".to_owned()],
        ..Given::default()
    };
    let mut config = Config::load(&given, "rack0".to_owned()).unwrap();
    // Here we are no `ferric`, which starts the site's executables.
    config.steps.launcher = env!("CARGO_BIN_EXE_ferric").into();
    config
}

pub fn request(method: &str, path: &str, version: &str, body: Vec<u8>) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut request = Request::made(Method::of(method), path, body);
    method.clone_into(&mut request.word);
    query.clone_into(&mut request.query);
    request.headers.push("Host", "api");
    if !version.is_empty() {
        request.headers.push("X-OpenStack-Ironic-API-Version", version);
    }
    request
}

pub async fn answered(api: &dyn Service, request: Request) -> Answer {
    let response = api.call(request).await;
    let is_json =
        response.headers.get("Content-Type").is_some_and(|kind| kind.starts_with("application/json"));
    let body = match response.body {
        Body::Empty => Value::Null,
        Body::Bytes(bytes) if is_json => serde_json::from_slice(&bytes).unwrap(),
        Body::Bytes(bytes) => json!(String::from_utf8_lossy(&bytes)),
        Body::File(_) | Body::Source(_) | Body::Stream(_) => panic!("the API answers with no files"),
        Body::Takeover(_) => json!("taken over"),
    };
    Answer { status: response.status, headers: response.headers, body }
}
