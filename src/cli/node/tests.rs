use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Mutex;
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};

use super::*;
use crate::base::moment::Moment;
use crate::base::time::{Clock, Later, Tick};
use crate::cli::arguments::{Arguments, Command};
use crate::cli::console::Console;
use crate::cli::session::{Answer, Exchange, Payload, Request};
use crate::net::http::Method;

/// An API that gives prepared answers in order; when none is left it cannot be reached.
#[derive(Debug)]
pub(crate) struct Answers {
    left: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<Vec<Request>>,
}

impl Answers {
    pub(crate) fn new<const N: usize>(answers: [(u16, &str); N]) -> Self {
        let left = answers.into_iter().map(|(status, body)| (status, body.to_owned())).collect();
        Self { left: Mutex::new(left), asked: Mutex::default() }
    }

    pub(crate) fn nodes(nodes: &[Value]) -> Self {
        let left = nodes.iter().map(|node| (200, node.to_string())).collect();
        Self { left: Mutex::new(left), asked: Mutex::default() }
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

impl Exchange for Answers {
    fn exchange(&self, request: Request) -> Later<'_, Result<Answer, CliError>> {
        self.asked.lock().unwrap().push(request);
        let next = self.left.lock().unwrap().pop_front();
        Box::pin(async move {
            match next {
                Some((0, _)) | None => {
                    let source = Box::new(io::Error::other("connection refused"));
                    Err(CliError::Unreachable { url: "http://api".into(), source })
                }
                Some((status, body)) => Ok(Answer { status, body: body.into_bytes() }),
            }
        })
    }
}

/// A clock on which every sleep is over at once.
#[derive(Debug, Default)]
pub(crate) struct Hasty(Mutex<Duration>);

impl Clock for Hasty {
    fn tick(&self) -> Tick {
        Tick(*self.0.lock().unwrap())
    }

    fn wall(&self) -> Moment {
        Moment(1_795_204_023_271_161)
    }

    fn sleep_until(&self, until: Tick) -> Later<'_, ()> {
        let mut now = self.0.lock().unwrap();
        *now = until.0.max(*now);
        Box::pin(async {})
    }
}

/// Runs a command line against prepared answers; returns exit code, output and notes.
pub(crate) async fn play(answers: &Answers, line: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = with(answers, line, &mut out, &mut err).await;
    (exit.code(), String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

async fn with(answers: &Answers, line: &str, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let words = ["ferric", "node"].into_iter().chain(line.split(' '));
    let Command::Node(arguments) = Arguments::try_parse_from(words).unwrap().command else {
        panic!("not a node command")
    };
    let mut console = Console::plain(out, err);
    let clock = Hasty::default();
    let (console, url, json) = (&mut console, "http://api", arguments.json);
    let mut session = Session { link: answers, console, clock: &clock, url, json, heard: None };
    run(&mut session, &arguments.command).await
}

fn bodies(answers: &Answers) -> Vec<(Method, String, Value)> {
    let asked = answers.asked().into_iter();
    let json = |body| if let Payload::Json(value) = body { value } else { Value::Null };
    asked.map(|request| (request.method, request.path, json(request.body))).collect()
}

const REFUSED: &str = r#"{"error_message": "{\"faultstring\": \"wrong state enroll\"}"}"#;

#[tokio::test]
async fn what_would_be_dropped_is_a_usage_error_and_nothing_is_asked() {
    for (line, told) in [
        ("set n1 description=a description=b", "n1: cannot set: description is set twice"),
        ("set n1 extra.a=1 extra/a=2", "n1: cannot set: extra.a is set twice"),
        ("create n1 --driver d --set driver=e", "n1: cannot create: driver is set twice"),
        (
            "maintenance n1 off --reason y",
            "cannot change maintenance: a reason goes with `on`, not with `off`",
        ),
    ] {
        let answers = Answers::new([]);
        let (code, _, err) = play(&answers, line).await;
        assert_eq!((code, answers.asked().len()), (2, 0), "{line}");
        assert!(err.contains(told), "{line}: {err}");
    }
}

#[tokio::test]
async fn create_makes_the_node_then_its_ports() {
    let node = r#"{"uuid": "u-1", "name": "n1", "provision_state": "enroll"}"#;
    let answers = Answers::new([(201, node), (201, "{}"), (409, REFUSED)]);
    let line = "create n1 --driver d --mac 52:54:00:00:00:01 --mac 52-54-00-00-00-0A";
    let (code, out, err) = play(&answers, line).await;
    assert_eq!(code, 1);
    assert_eq!(out, "n1 created as u-1, enroll; next: ferric node manage n1 --wait\n");
    assert_eq!(
        err,
        "ferric: n1: cannot create port 52:54:00:00:00:0a: wrong state enroll; the node itself was created\n"
    );
    let expected = [
        (Method::Post, "/v1/nodes".to_owned(), json!({"name": "n1", "driver": "d"})),
        (Method::Post, "/v1/ports".into(), json!({"node_uuid": "u-1", "address": "52:54:00:00:00:01"})),
        (Method::Post, "/v1/ports".into(), json!({"node_uuid": "u-1", "address": "52:54:00:00:00:0a"})),
    ];
    assert_eq!(bodies(&answers), expected);
}

#[tokio::test]
async fn one_refusal_does_not_stop_the_others() {
    let enroll = r#"{"provision_state": "enroll"}"#;
    let answers = Answers::new([(400, REFUSED), (200, enroll), (202, "")]);
    let (code, out, err) = play(&answers, "provide n1 n2").await;
    assert_eq!(code, 1);
    assert_eq!(out, "n2: provide begun; `ferric node wait n2` follows it\n");
    let told = "ferric: n1: cannot provide: wrong state enroll (`ferric node manage n1 --wait`)";
    assert!(err.starts_with(told), "{err}");
}

#[tokio::test]
async fn deploy_notes_the_image_asks_and_follows() {
    let answers = Answers::new([
        (200, r#"{"provision_state": "available"}"#),
        (200, "{}"),
        (202, ""),
        (200, r#"{"name": "n1", "provision_state": "deploying", "target_provision_state": "active"}"#),
        (200, r#"{"name": "n1", "provision_state": "active", "target_provision_state": null}"#),
    ]);
    let (code, out, err) =
        play(&answers, "deploy n1 --image http://f/i --checksum sha256:aa --wait 60").await;
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, "     0s  n1  deploying -> active\n     0s  n1  active\n");
    let asked = bodies(&answers);
    assert_eq!((asked[1].0, asked[1].1.as_str()), (Method::Patch, "/v1/nodes/n1"));
    assert_eq!(asked[1].2[0]["path"], "/instance_info/image_source");
    let put = (Method::Put, "/v1/nodes/n1/states/provision".to_owned(), json!({"target": "active"}));
    assert_eq!(asked[2], put);
}

#[tokio::test]
async fn a_rescue_sends_its_password_and_shows_it_nowhere() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "pass word\nmore\n").unwrap();
    let of_file = format!("rescue n1 --rescue-password-file {}", file.path().display());
    for (line, password) in [(of_file.as_str(), "pass word"), ("rescue n1 --rescue-password x", "x")] {
        let answers = Answers::new([(202, "")]);
        let (exit, out, err) = play(&answers, line).await;
        assert_eq!(exit, 0, "{err}");
        assert!(out.contains("rescue begun") && !out.contains(password) || password == "x", "{out}");
        let body = json!({"target": "rescue", "rescue_password": password});
        assert_eq!(bodies(&answers), [(Method::Put, "/v1/nodes/n1/states/provision".to_owned(), body)]);
    }
    for line in ["rescue n1 --rescue-password ", "rescue n1 --rescue-password-file /none"] {
        let answers = Answers::new([]);
        assert_eq!(play(&answers, line).await.0, 2, "{line}");
        assert!(answers.asked().is_empty());
    }
}

#[tokio::test]
async fn deploy_of_a_node_that_is_not_available_changes_nothing() {
    let enroll = (200, r#"{"provision_state": "enroll"}"#);
    let answers = Answers::new([enroll, enroll]);
    let (code, _, err) = play(&answers, "deploy n1 --image http://f/i --checksum sha256:aa").await;
    assert_eq!(code, 1);
    assert!(err.starts_with("ferric: n1: cannot deploy: it is in state enroll"), "{err}");
    assert!(err.contains("`ferric node manage n1 --wait`"), "{err}");
    assert!(answers.asked().iter().all(|request| request.method == Method::Get));
}

#[tokio::test]
async fn list_follows_the_pages_up_to_the_limit() {
    let page = |name: &str| {
        format!(r#"{{"nodes": [{{"name": "{name}"}}], "next": "http://x/v1/nodes?marker={name}&limit=1"}}"#)
    };
    let answers = Answers::new([(200, &page("n1")), (200, &page("n2")), (200, &page("n3"))]);
    let (code, out, _) = play(&answers, "list --fields name --limit 2 --json").await;
    assert_eq!((code, out.as_str()), (0, "{\"nodes\":[{\"name\":\"n1\"},{\"name\":\"n2\"}]}\n"));
    let paths: Vec<String> = answers.asked().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/v1/nodes?limit=2&fields=name", "/v1/nodes?limit=1&fields=name&marker=n1"]);
}

#[tokio::test]
async fn a_page_that_names_itself_as_the_next_ends_the_list() {
    let page = r#"{"nodes": [{"name": "n1"}], "next": "http://x/v1/nodes?marker=n1"}"#;
    let answers = Answers::new([(200, page); 5]);
    let (code, _, _) = play(&answers, "list --fields name").await;
    assert_eq!((code, answers.asked().len()), (0, 2));
}

#[tokio::test]
async fn validate_fails_when_deploy_does() {
    let answers =
        Answers::new([(200, r#"{"deploy": {"result": false}}"#), (200, r#"{"raid": {"result": false}}"#)]);
    assert_eq!(play(&answers, "validate n1").await.0, 1);
    assert_eq!(play(&answers, "validate n1").await.0, 0);
}

#[tokio::test]
async fn names_stay_one_segment_of_the_path() {
    let answers = Answers::new([(204, "")]);
    play(&answers, "delete a/../b?c%").await;
    assert_eq!(answers.asked()[0].path, "/v1/nodes/a%2F..%2Fb%3Fc%25");
}

#[tokio::test]
async fn answers_that_are_not_the_apis_are_said_so() {
    let answers = Answers::new([(200, "<html>"), (200, "{}")]);
    let (code, _, err) = play(&answers, "show n1").await;
    assert_eq!(code, 1);
    assert!(err.starts_with("ferric: n1: cannot show: http://api does not answer as the API does"), "{err}");
    assert_eq!(play(&answers, "list").await.0, 1);
}

#[tokio::test]
async fn a_missing_file_is_a_usage_error_and_nothing_is_asked() {
    let answers = Answers::new([]);
    let (code, _, err) = play(&answers, "deploy n1 --steps /nonexistent/steps").await;
    assert_eq!((code, answers.asked().len()), (2, 0));
    assert!(err.starts_with("ferric: cannot deploy: cannot read /nonexistent/steps: No such file"), "{err}");
}

#[tokio::test]
async fn power_and_maintenance_say_what_was_begun() {
    let answers = Answers::new([(202, ""), (202, ""), (202, "")]);
    assert!(play(&answers, "power n1 soft-off --timeout 5").await.1.starts_with("n1: soft power off begun"));
    assert!(play(&answers, "maintenance n1 on --reason fan").await.1.starts_with("n1: in maintenance"));
    assert_eq!(play(&answers, "maintenance n1 off").await.1, "n1: no longer in maintenance\n");
    let expected = [
        (
            Method::Put,
            "/v1/nodes/n1/states/power".to_owned(),
            json!({"target": "soft power off", "timeout": 5}),
        ),
        (Method::Put, "/v1/nodes/n1/maintenance".into(), json!({"reason": "fan"})),
        (Method::Delete, "/v1/nodes/n1/maintenance".into(), Value::Null),
    ];
    assert_eq!(bodies(&answers), expected);
}

/// A pipe whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_reader_who_has_left_ends_it_quietly() {
    for line in ["list", "show n1", "manage n1", "wait n1", "delete n1 n2"] {
        let answers = Answers::new([(200, r#"{"nodes": [], "ports": []}"#); 3]);
        let mut err = Vec::new();
        assert_eq!(with(&answers, line, &mut Closed, &mut err).await, Exit::Done, "{line}");
        assert_eq!(err, b"", "{line}");
    }
}
