//! The routes of the command API, with answers as recorded.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::base::time::Later;
use crate::net::body::{Body, FileRange};
use crate::net::http::{Method, Request, Response};
use crate::net::server::Service;
use crate::twin::agent::Agent;
use crate::twin::agent::beating::VERSION;
use crate::twin::agent::book::Poisoned;
use crate::twin::agent::command;
use crate::twin::fault::Faults;
use crate::twin::progress::Stage;
use crate::wire::agent::command::{CommandResult, Fault, REQUEST_LIMIT, Request as Command};

/// The command API of one agent.
#[derive(Debug)]
pub struct Api {
    pub(super) agent: Arc<Agent>,
}

impl Service for Api {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(async move {
            let faults = self.agent.machine.faults();
            if faults.mute {
                std::future::pending::<()>().await;
            }
            self.agent.machine.pause(faults.slow.unwrap_or_default()).await;
            let response = self.route(request).await;
            response.with("Server", "ironic-python-agent")
        })
    }
}

impl Api {
    async fn route(&self, request: Request) -> Response {
        let path = request.path.clone();
        match path.as_str() {
            "/" => open(&request, |base| json_answer(200, &root(base))),
            "/v1/" => open(&request, |base| json_answer(200, &version_one(base))),
            "/v1/status" => open(&request, |_| json_answer(200, &self.status())),
            "/v1" | "/v1/commands" => redirect(&request),
            "/v1/commands/" => self.commands(request).await,
            _ => match path.strip_prefix("/v1/commands/") {
                Some(id) => self.command(&request, id).await,
                None => fault(404, "Client", "404 Not Found: no such path"),
            },
        }
    }

    async fn commands(&self, request: Request) -> Response {
        match request.method {
            Method::Get | Method::Head | Method::Post if !self.knows(&request) => unauthorized(),
            Method::Get | Method::Head => self.list(),
            Method::Post => self.post(request).await,
            Method::Put | Method::Patch | Method::Delete | Method::Options | Method::Other => {
                not_allowed("GET, HEAD, POST")
            }
        }
    }

    fn list(&self) -> Response {
        if self.agent.machine.strikes(|faults| std::mem::take(&mut faults.poison)) {
            self.agent.book.poison(&self.agent.machine.server.inner.dice.uuid().to_string());
        }
        match self.agent.book.list() {
            Ok(list) => json_answer(200, &CommandResult::emit_list(&list)),
            Err(poisoned) => broken(poisoned),
        }
    }

    async fn command(&self, request: &Request, id: &str) -> Response {
        if !matches!(request.method, Method::Get | Method::Head) {
            return not_allowed("GET, HEAD");
        }
        if !self.knows(request) {
            return unauthorized();
        }
        if self.agent.book.one(id).is_some() && wants_wait(request) {
            self.agent.book.join(id).await;
        }
        self.shown(id)
    }

    async fn post(&self, mut request: Request) -> Response {
        let wait = wants_wait(&request);
        let Ok(body) = request.read(REQUEST_LIMIT).await else {
            return fault(400, "Client", "400 Bad Request: the body could not be read");
        };
        let wanted = match read_command(&body) {
            Ok(wanted) => wanted,
            Err(refusal) => return refusal,
        };
        let id = match command::take_on(&self.agent, &wanted) {
            Ok(id) => id,
            Err(command::Refusal::Dies) => return self.die().await,
            Err(command::Refusal::Answer { status, text }) => return fault(status, "Client", &text),
        };
        if wait {
            self.agent.book.join(&id).await;
        }
        if self.agent.machine.strikes(Faults::takes_answer) {
            return cut();
        }
        self.shown(&id)
    }

    fn shown(&self, id: &str) -> Response {
        match self.agent.book.one(id) {
            None => fault(404, "Client", &format!("Not found: Command Result with id {id} not found.")),
            Some(Err(poisoned)) => broken(poisoned),
            Some(Ok(result)) => json_answer(200, &result.emit()),
        }
    }

    /// The process is gone; this request never gets an answer.
    async fn die(&self) -> Response {
        self.agent.machine.stage(Stage::Dead);
        self.agent.leaving.cancel();
        std::future::pending().await
    }

    fn knows(&self, request: &Request) -> bool {
        query(request, "agent_token").is_some_and(|token| self.agent.token.matches(&token))
    }

    fn status(&self) -> Value {
        let started = Duration::from_micros(u64::try_from(self.agent.started.0).unwrap_or_default());
        json!({"started_at": started.as_secs_f64(), "version": VERSION})
    }
}

/// A route without a token, for reading only.
fn open(request: &Request, answer: impl FnOnce(&str) -> Response) -> Response {
    if !matches!(request.method, Method::Get | Method::Head) {
        return not_allowed("GET, HEAD");
    }
    answer(&base(request))
}

/// `Err` is the answer to a body that is no command.
fn read_command(body: &[u8]) -> Result<Command, Response> {
    let refuse = |text: &str| fault(400, "Client", &format!("400 Bad Request: {text}"));
    if serde_json::from_slice::<Value>(body).is_err() {
        return Err(refuse("Failed to decode JSON object: it is not JSON"));
    }
    Command::parse(body).map_err(|_| refuse("Missing or invalid name or params"))
}

fn wants_wait(request: &Request) -> bool {
    query(request, "wait").is_some_and(|wait| wait.eq_ignore_ascii_case("true"))
}

fn query(request: &Request, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(request.query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Scheme, host and port as the client used them.
fn base(request: &Request) -> String {
    format!("https://{}", request.headers.get("Host").unwrap_or("127.0.0.1"))
}

fn json_answer(status: u16, body: &Value) -> Response {
    Response::json(status, body.to_string().into_bytes())
}

fn fault(status: u16, code: &str, text: &str) -> Response {
    json_answer(status, &Fault { code: code.to_owned(), text: text.to_owned() }.emit())
}

fn unauthorized() -> Response {
    fault(401, "Client", "401 Unauthorized: Token invalid.")
}

fn broken(Poisoned(kind): Poisoned) -> Response {
    fault(500, "Server", &format!("Object of type {kind} is not JSON serializable"))
}

fn not_allowed(allow: &str) -> Response {
    let text = "405 Method Not Allowed: The method is not allowed for the requested URL.";
    fault(405, "Client", text).with("Allow", allow)
}

/// The same with a trailing slash.
fn redirect(request: &Request) -> Response {
    let mark = if request.query.is_empty() { "" } else { "?" };
    let target = format!("{}{}/{mark}{}", base(request), request.path, request.query);
    Response::of(308, "text/html; charset=utf-8", b"<!doctype html>\n<title>moved</title>\n".to_vec())
        .with("Location", target)
}

/// An answer that breaks off before its only byte: a file too short for what was promised cuts the connection.
fn cut() -> Response {
    match File::open("/dev/null") {
        Ok(nothing) => Response { body: Body::File(FileRange::new(nothing, 0, 1)), ..Response::empty(200) },
        Err(_) => Response::empty(500),
    }
}

fn root(base: &str) -> Value {
    let version = json!({"id": "v1", "links": links(base)});
    json!({
        "name": "OpenStack Ironic Python Agent API",
        "description": "A simulated provisioning agent",
        "versions": [version],
        "default_version": version,
    })
}

fn version_one(base: &str) -> Value {
    let pair = |name: &str| {
        json!([
            {"href": format!("{base}/v1/{name}"), "rel": "self"},
            {"href": format!("{base}/{name}"), "rel": "bookmark"},
        ])
    };
    json!({
        "commands": pair("commands"),
        "status": pair("status"),
        "media_types": [{
            "base": "application/json",
            "type": "application/vnd.openstack.ironic-python-agent.v1+json",
        }],
        "id": "v1",
        "links": links(base),
    })
}

fn links(base: &str) -> Value {
    json!([
        {"href": format!("{base}/v1"), "rel": "self"},
        {"href": "https://docs.openstack.org/ironic-python-agent/", "rel": "describedby", "type": "text/html"},
    ])
}
