//! An agent of the tests' own: it books commands as the real one does, over HTTPS on loopback, and misbehaves as told.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::base::secret::Secret;
use crate::base::time::Later;
use crate::model::boot::Agent;
use crate::net::body::{Body, FileRange};
use crate::net::http::{Method, Request, Response};
use crate::net::server::limits::Limits;
use crate::net::server::{Service, serve_tls};
use crate::net::tls::{ServerTls, TlsFloor, self_signed};
use crate::wire::agent::command::{CommandError, CommandResult, Status};

pub(super) const TOKEN: &str = "QIZ0gpvDUhsnEjDARSWgnfq2JG1oCPnGorMaHrBDWJA";

/// What happens to the next command that is sent.
pub(super) enum Next {
    /// It is taken and the connection breaks.
    TakenThenCut,
    /// It is not taken and the connection breaks.
    Cut,
    Answer(u16, Value),
}

/// What the agent knows.
#[derive(Default)]
pub(super) struct Book {
    pub(super) commands: Vec<CommandResult>,
    /// Bodies of the commands sent, taken or not.
    pub(super) sent: Vec<Value>,
    pub(super) next: VecDeque<Next>,
    /// The list answers 500.
    pub(super) poisoned: bool,
    /// Every request is answered like this.
    pub(super) always: Option<(u16, Vec<u8>)>,
    /// Commands that end at once, and with what result.
    pub(super) results: Vec<(&'static str, Value)>,
}

/// A running agent.
pub(super) struct Peer {
    pub(super) book: Arc<Mutex<Book>>,
    pub(super) agent: Agent,
    _stop: DropGuard,
}

impl Peer {
    pub(super) async fn start() -> Self {
        let made = self_signed("127.0.0.1").unwrap();
        let tls = ServerTls::from_pem(made.certificate.as_bytes(), &made.key, TlsFloor::Tls13).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let book = Arc::new(Mutex::new(Book {
            results: vec![
                ("get_hardware_info", hardware(&["S1", "S2"])),
                ("get_partition_uuids", json!({"root uuid": "", "efi system partition uuid": "ABCD-1234"})),
            ],
            ..Book::default()
        }));
        let stop = CancellationToken::new();
        let service = Arc::new(Door(Arc::clone(&book)));
        tokio::spawn(serve_tls(listener, tls, service, Limits::default(), stop.clone()));
        Self { book, agent: agent(&url, &made.certificate), _stop: stop.drop_guard() }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a command that was run before.
    pub(super) fn ran(&self, id: &str, name: &str) {
        self.book().commands.push(command(id, name, Status::Succeeded, Value::Null));
    }

    pub(super) fn next(&self, next: Next) {
        self.book().next.push_back(next);
    }

    /// Ends the last command.
    pub(super) fn end(&self, status: Status, result: Value, error: Option<CommandError>) {
        let mut book = self.book();
        let last = book.commands.last_mut().unwrap();
        (last.status, last.result, last.error) = (status, result, error);
    }

    /// Names of the commands that were sent.
    pub(super) fn names(&self) -> Vec<String> {
        self.book().sent.iter().map(|body| body["name"].as_str().unwrap().to_owned()).collect()
    }
}

pub(super) fn agent(url: &str, certificate: &str) -> Agent {
    Agent {
        token: Secret::new(TOKEN),
        pregenerated: false,
        given_to: None,
        borne: true,
        proven: false,
        url: Some(url.to_owned()),
        verify_ca: Some(certificate.to_owned()),
        version: None,
        status: None,
        status_message: None,
        last_heartbeat: None,
    }
}

pub(super) fn hardware(serials: &[&str]) -> Value {
    let disks: Vec<Value> =
        serials.iter().map(|serial| json!({"name": "/dev/x", "size": 1, "serial": serial})).collect();
    json!({"disks": disks})
}

fn command(id: &str, name: &str, status: Status, result: Value) -> CommandResult {
    CommandResult { id: id.to_owned(), command_name: name.to_owned(), status, error: None, result }
}

struct Door(Arc<Mutex<Book>>);

impl Service for Door {
    fn call(&self, mut request: Request) -> Later<'_, Response> {
        Box::pin(async move {
            let body = request.read(1 << 20).await.unwrap();
            let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            answer(&mut book, &request, &body)
        })
    }
}

fn answer(book: &mut Book, request: &Request, body: &[u8]) -> Response {
    if let Some((status, body)) = &book.always {
        return Response::json(*status, body.clone());
    }
    if !request.query.ends_with(&format!("agent_token={TOKEN}")) {
        return fault(401, "401 Unauthorized: Token invalid.");
    }
    if request.method == Method::Post {
        return run(book, request, serde_json::from_slice(body).unwrap());
    }
    match request.path.strip_prefix("/v1/commands/") {
        Some("") if book.poisoned => fault(500, "Object of type TypeError is not JSON serializable"),
        Some("") => reply(&CommandResult::emit_list(&book.commands)),
        Some(id) => match book.commands.iter().find(|command| command.id == id) {
            Some(found) => reply(&found.emit()),
            None => fault(404, "Not found: Command Result not found."),
        },
        None => fault(404, "404 Not Found"),
    }
}

fn run(book: &mut Book, request: &Request, body: Value) -> Response {
    let name = body["name"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    book.sent.push(body);
    if let Some(last) = book.commands.last().filter(|last| last.status == Status::Running) {
        return fault(409, &format!("Agent is busy: executing command {}", last.command_name));
    }
    let known = book.results.iter().find(|(known, _)| *known == name).map(|(_, result)| result.clone());
    let waits = request.query.starts_with("wait=true");
    let status = if known.is_some() || waits { Status::Succeeded } else { Status::Running };
    let id = format!("id-{}", book.commands.len());
    let taken = command(&id, &name, status, known.unwrap_or_default());
    match if waits { None } else { book.next.pop_front() } {
        None => {
            book.commands.push(taken.clone());
            reply(&taken.emit())
        }
        Some(Next::TakenThenCut) => {
            book.commands.push(taken);
            cut()
        }
        Some(Next::Cut) => cut(),
        Some(Next::Answer(status, body)) => Response::json(status, body.to_string().into_bytes()),
    }
}

/// Announces more than it sends, so that the connection breaks in the middle of the answer.
fn cut() -> Response {
    let empty = File::open("/dev/null").unwrap();
    Response { body: Body::File(FileRange::new(empty, 0, 100)), ..Response::empty(200) }
}

fn reply(value: &Value) -> Response {
    Response::json(200, value.to_string().into_bytes())
}

fn fault(status: u16, text: &str) -> Response {
    Response::json(status, json!({"faultcode": "Client", "faultstring": text}).to_string().into_bytes())
}
