//! A stand-in appliance: answers lookups and beats, serves images, and sends commands as the real one does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::base::secret::{MASK, Secret};
use crate::base::time::{Later, RealClock, SharedClock};
use crate::net::client::Client;
use crate::net::client::outgoing::{Answer, ClientError, Outgoing, Trust};
use crate::net::http::{Method, Request, Response};
use crate::net::server::limits::Limits;
use crate::net::server::{Service, serve};
use crate::twin::server::Server;
use crate::twin::settings::Settings;
use crate::wire::agent::answer;
use crate::wire::agent::beat::Heartbeat;
use crate::wire::agent::command::{CommandResult, Request as Command};
use crate::wire::agent::lookup::{AgentConfig, LookupQuery, LookupReply};
use crate::wire::agent::path;

pub(super) const TOKEN: &str = "QIZ0gpvDUhsnEjDARSWgnfq2JG1oCPnGorMaHrBDWJA";

/// What the stand-in saw and how it answers.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) lookups: Vec<(LookupQuery, Option<String>)>,
    /// Statuses that the next lookups get instead of a reply.
    pub(super) refuse: Vec<u16>,
    /// Whether lookups bear the token or the mask.
    pub(super) masked: bool,
    /// Every lookup gets the token.
    pub(super) generous: bool,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) paths: Vec<String>,
    /// Method, path, microversion and content type of each request.
    pub(super) calls: Vec<[Option<String>; 4]>,
}

pub(super) struct Appliance {
    pub(super) desk: Mutex<Desk>,
    pub(super) beats: watch::Sender<Vec<Heartbeat>>,
    pub(super) url: String,
    stop: CancellationToken,
}

struct Door(Arc<Appliance>);

impl Appliance {
    pub(super) async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let appliance = Arc::new(Self {
            desk: Mutex::default(),
            beats: watch::Sender::default(),
            url,
            stop: stop.clone(),
        });
        tokio::spawn(serve(listener, Arc::new(Door(appliance.clone())), Limits::default(), stop));
        appliance
    }

    /// A server that lives fast, with a disk of its own directory.
    pub(super) fn server(&self, change: impl FnOnce(&mut Settings)) -> (tempfile::TempDir, Server) {
        let place = tempfile::tempdir().unwrap();
        let mac = "52:54:00:e2:e0:01".parse().unwrap();
        let mut settings = Settings::new("t1", mac, place.path(), &self.url);
        settings.disk_size = 4 << 20;
        settings.pace = 0.001;
        change(&mut settings);
        let clock: SharedClock = Arc::new(RealClock::new());
        let server = Server::new(settings, clock).unwrap();
        (place, server)
    }

    pub(super) fn file(&self, name: &str, bytes: &[u8]) -> String {
        self.desk.lock().unwrap().files.insert(format!("/{name}"), bytes.to_vec());
        format!("{}/{name}", self.url)
    }

    /// Boots the server as one whose token was forgotten, and gives its first beat.
    pub(super) async fn fresh_boot(&self, server: &Server) -> Heartbeat {
        server.power_off().await;
        self.desk.lock().unwrap().masked = false;
        self.beats.send_modify(Vec::clear);
        server.power_on();
        self.last_beat().await
    }

    /// The callback of the last beat; waits for the first one.
    pub(super) async fn last_beat(&self) -> Heartbeat {
        let mut beats = self.beats.subscribe();
        beats.wait_for(|beats| !beats.is_empty()).await.unwrap().last().unwrap().clone()
    }

    fn answer(&self, request: &Request, body: &[u8]) -> Response {
        let mut desk = self.desk.lock().unwrap();
        desk.paths.push(request.path.clone());
        let header = |name| request.headers.get(name).map(str::to_owned);
        desk.calls.push([
            Some(request.method.word().to_owned()),
            Some(request.path.clone()),
            header("X-OpenStack-Ironic-API-Version"),
            header("Content-Type"),
        ]);
        let json = |status, body: Value| Response::json(status, body.to_string().into_bytes());
        if request.path == "/" {
            return json(200, json!({"default_version": {"version": "1.115"}}));
        }
        if request.path == "/v1/lookup" {
            let version = request.headers.get("X-OpenStack-Ironic-API-Version").map(str::to_owned);
            desk.lookups.push((LookupQuery::parse(&request.query).unwrap(), version));
            if !desk.refuse.is_empty() {
                return Response::empty(desk.refuse.remove(0));
            }
            let token = if desk.masked { MASK } else { TOKEN };
            desk.masked = !desk.generous;
            let config = AgentConfig { agent_token: Some(Secret::new(token)), ..AgentConfig::default() };
            let node = json!({"uuid": Uuid::from_u128(1)});
            return json(200, LookupReply { node, config }.emit());
        }
        if request.path.starts_with("/v1/heartbeat/") {
            assert_eq!(request.headers.get("X-OpenStack-Ironic-API-Version"), Some("1.68"));
            self.beats.send_modify(|beats| beats.push(Heartbeat::parse(body).unwrap()));
            return Response::empty(202);
        }
        match desk.files.get(&request.path) {
            Some(bytes) => Response::of(200, "application/octet-stream", bytes.clone()),
            None => Response::empty(404),
        }
    }
}

impl Service for Door {
    fn call(&self, mut request: Request) -> Later<'_, Response> {
        Box::pin(async move {
            let body = request.read(1 << 20).await.unwrap();
            self.0.answer(&request, &body)
        })
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The commanding side, pinned to one beat's certificate.
pub(super) struct Commander {
    url: String,
    trust: Trust,
}

impl Commander {
    pub(super) fn of(beat: &Heartbeat) -> Self {
        let certificate = beat.agent_verify_ca.clone().unwrap();
        Self { url: beat.callback_url.clone(), trust: Trust::Pinned(certificate.into_bytes()) }
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: &str) -> Result<Answer, ClientError> {
        let url = Url::parse(&format!("{}{path}", self.url)).unwrap();
        let mut outgoing = Outgoing::new(method, url, self.trust.clone());
        outgoing.headers.push("Content-Type", "application/json");
        outgoing.body = body.as_bytes().to_vec();
        outgoing.deadline = Duration::from_secs(10);
        Client::new().send(outgoing).await
    }

    pub(super) async fn send(&self, name: &str, params: Value, wait: bool) -> Result<Answer, ClientError> {
        let command = Command::new(name, params.as_object().unwrap().clone());
        let path = path::run(&Secret::new(TOKEN), wait);
        self.ask(Method::Post, &path, &command.emit().to_string()).await
    }

    /// Runs a command to its end.
    pub(super) async fn run(&self, name: &str, params: Value) -> CommandResult {
        let answer = self.send(name, params, true).await.unwrap();
        answer::result(answer.status, &answer.body).unwrap()
    }

    pub(super) async fn list(&self) -> Result<Answer, ClientError> {
        self.ask(Method::Get, &path::list(&Secret::new(TOKEN)), "").await
    }
}
