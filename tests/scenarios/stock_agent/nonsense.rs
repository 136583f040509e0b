//! An agent that answers nonsense or repeats itself; the test is the agent. Each kind of work fails at once, in its own
//! failed state, with the reason, and nothing else is asked of the machine.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::Mutex;

use ferric::base::time::Later;
use ferric::net::http::Method;
use ferric::net::http::Request;
use ferric::net::http::Response;
use ferric::net::server::Service;
use ferric::net::server::limits::Limits;
use ferric::net::server::serve_tls;
use ferric::net::tls::ServerTls;
use ferric::net::tls::TlsFloor;
use ferric::net::tls::self_signed;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::stage::machine::Machine;
use crate::stock_agent::http;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

/// What it says wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// It does not speak JSON.
    Page,
    /// Its steps are no list.
    Many,
    /// A step's priority is a word.
    Priority,
    /// Its command dances.
    Status,
    /// It answers each command with what it answered to the first.
    Repeats,
    /// It says that another step is done.
    OtherStep,
    /// None, but each of its heartbeats comes many times.
    Beats,
}

/// What it was asked, and what it said.
#[derive(Debug)]
struct Book {
    lie: Lie,
    asked: Vec<String>,
    said: Vec<Value>,
}

#[derive(Debug)]
struct Liar {
    book: Arc<Mutex<Book>>,
    url: String,
    certificate: String,
    _runtime: Runtime,
}

impl Liar {
    fn start(lie: Lie) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let made = self_signed("127.0.0.1").unwrap();
        let tls = ServerTls::from_pem(made.certificate.as_bytes(), &made.key, TlsFloor::Tls13).unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let book = Arc::new(Mutex::new(Book { lie, asked: Vec::new(), said: Vec::new() }));
        let door = Arc::new(Door(Arc::clone(&book)));
        runtime.spawn(serve_tls(listener, tls, door, Limits::default(), CancellationToken::new()));
        Self { book, url, certificate: made.certificate, _runtime: runtime }
    }

    /// Looks for its node, once it may, and calls in.
    fn calls(&self, rig: &Rig) {
        let path = format!("/v1/lookup?addresses={MAC}");
        let token = RefCell::new(Value::Null);
        rig.wait("lookup", |rig| {
            let (status, found) = http::ask(&rig.rack, "GET", &path, None).unwrap();
            *token.borrow_mut() = found["config"]["agent_token"].clone();
            status == 200
        });
        let token = token.into_inner();
        let body = json!({
            "callback_url": self.url, "agent_token": token, "agent_version": "13.0.0",
            "agent_verify_ca": self.certificate,
        });
        let path = format!("/v1/heartbeat/{}", rig.node);
        let beat = || http::ask(&rig.rack, "POST", &path, Some(&body)).unwrap();
        assert_eq!(beat(), (202, Value::Null));
        if self.lie() == Lie::Beats {
            // The work may be over in the middle of them: then they are refused.
            (0..20).for_each(|_| assert!(matches!(beat().0, 202 | 400), "{:?}", beat()));
        }
    }

    fn lie(&self) -> Lie {
        self.book.lock().unwrap().lie
    }

    fn asked(&self) -> Vec<String> {
        self.book.lock().unwrap().asked.clone()
    }
}

struct Door(Arc<Mutex<Book>>);

impl Service for Door {
    fn call(&self, mut request: Request) -> Later<'_, Response> {
        Box::pin(async move {
            let body = request.read(1 << 20).await.unwrap();
            let mut book = self.0.lock().unwrap();
            if book.lie == Lie::Page {
                book.asked.push(request.path.clone());
                return Response::json(200, b"<html>It works!</html>".to_vec());
            }
            let answer = if request.method == Method::Post {
                let body: Value = serde_json::from_slice(&body).unwrap();
                run(&mut book, &body)
            } else {
                let id = request.path.rsplit('/').next().unwrap_or_default().to_owned();
                let known = book.said.iter().find(|said| said["id"] == id.as_str()).cloned();
                known.unwrap_or_else(|| json!({"commands": book.said}))
            };
            Response::json(200, answer.to_string().into_bytes())
        })
    }
}

/// The answer to a command.
fn run(book: &mut Book, body: &Value) -> Value {
    let name = body["name"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    book.asked.push(name.clone());
    if book.lie == Lie::Repeats
        && let Some(first) = book.said.first()
    {
        return first.clone();
    }
    let status = if book.lie == Lie::Status { "DANCING" } else { "SUCCEEDED" };
    let id = format!("00000000-0000-4000-8000-{:012}", book.said.len());
    let answer = json!({
        "id": id, "command_name": name, "command_params": {}, "command_status": status, "command_error": null,
        "command_result": result(book.lie, &name, &body["params"]["step"]),
    });
    book.said.push(answer.clone());
    answer
}

fn result(lie: Lie, name: &str, step: &Value) -> Value {
    match name.split('_').collect::<Vec<_>>()[..] {
        ["get", kind, "steps"] => {
            let priority = if lie == Lie::Priority { json!("high") } else { json!(0) };
            let quick = json!([
                {"interface": "deploy", "step": "site_quick", "priority": priority, "reboot_requested": false},
                {"interface": "deploy", "step": "site_slow", "priority": 0, "reboot_requested": false},
            ]);
            let steps = if lie == Lie::Many { json!("many") } else { json!({"Liar": quick}) };
            json!({format!("{kind}_steps"): steps, "hardware_manager_version": {"Liar": "1"}})
        }
        ["execute", kind, "step"] => {
            let mut echo = step.clone();
            if lie == Lie::OtherStep {
                echo["step"] = json!("make_coffee");
            }
            json!({format!("{kind}_step"): echo, format!("{kind}_result"): "done"})
        }
        ["get", "partition", "uuids"] => json!({"root uuid": "", "efi system partition uuid": ""}),
        _ => Value::Null,
    }
}

/// A kind of work, from where it begins to where it fails.
struct Work {
    rig: Rig,
    target: &'static str,
    failed: &'static str,
    ended: &'static str,
}

impl Work {
    fn clean() -> Self {
        let rig = Rig::new(Machine::new(MAC), "", &json!({}));
        Self { rig, target: "clean", failed: "clean failed", ended: "manageable" }
    }

    fn deploy() -> Self {
        let rig = Rig::by_steps_alone(Machine::new(MAC));
        Self { rig, target: "active", failed: "deploy failed", ended: "active" }
    }

    fn service() -> Self {
        let rig = Rig::in_use(Machine::new(MAC), "");
        Self { rig, target: "service", failed: "service failed", ended: "active" }
    }

    /// Asks for two steps of the agent, of which each may run once.
    fn begin(&self) {
        self.rig.machine().never_boots();
        let mut steps = ["site_quick", "site_slow"].map(|step| json!({"interface": "deploy", "step": step}));
        let is_deployment = self.target == "active";
        for (step, priority) in steps.iter_mut().zip([80, 70]).filter(|_| is_deployment) {
            (step["args"], step["priority"]) = (json!({}), json!(priority));
        }
        let kind = if is_deployment { "deploy" } else { self.target };
        self.rig.provision(&json!({"target": self.target, format!("{kind}_steps"): steps}));
    }
}

#[test]
fn an_agent_that_answers_nonsense_fails_each_kind_of_work_with_the_reason_and_is_asked_no_more() {
    let lies = [
        (Lie::Page, "cannot be understood", 0),
        (Lie::Many, "_steps", 0),
        (Lie::Priority, "priority", 0),
        (Lie::Status, "DANCING", 0),
        (Lie::Repeats, "another command", 1),
        (Lie::OtherStep, "make_coffee", 1),
    ];
    for (work, tried) in [(Work::clean(), 6), (Work::deploy(), 6), (Work::service(), 2)] {
        for (lie, word, steps) in lies.into_iter().take(tried) {
            let liar = Liar::start(lie);
            work.begin();
            liar.calls(&work.rig);
            let told = work.rig.until_failed(work.failed);
            assert!(told.contains("n1") && told.contains(word), "{lie:?}: {told}");
            let asked = liar.asked();
            let runs = asked.iter().filter(|name| name.starts_with("execute_")).count();
            assert_eq!(runs, steps, "{lie:?}: {asked:?}");
            work.bring_back();
        }
    }
}

#[test]
fn an_agent_that_calls_again_and_again_is_given_each_step_once() {
    for work in [Work::clean(), Work::deploy(), Work::service()] {
        let liar = Liar::start(Lie::Beats);
        work.begin();
        liar.calls(&work.rig);
        work.rig.until(work.ended);
        let asked = liar.asked();
        let runs = asked.iter().filter(|name| name.starts_with("execute_")).count();
        assert_eq!(runs, 2, "{asked:?}");
        assert_eq!(work.rig.node()["last_error"], Value::Null);
    }
}

impl Work {
    /// To where the work may be asked for again.
    fn bring_back(&self) {
        let maintenance = format!("/v1/nodes/{}/maintenance", self.rig.node);
        self.rig.wait("free node", |rig| rig.node()["reservation"].is_null());
        if self.rig.node()["maintenance"] == true {
            assert_eq!(self.rig.ask("DELETE", &maintenance, None).0, 202);
        }
        if self.target == "clean" {
            self.rig.provision(&json!({"target": "manage"}));
            self.rig.until("manageable");
        }
    }
}
