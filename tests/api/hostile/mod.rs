//! Every path of the route table under values that nobody means, as admin and as a project's reader: refused in the
//! reference's form or taken for a reason, nothing changed by what was refused, nothing of others shown, no secret
//! shown, nothing fails inside.

mod patches;
mod requests;
mod stage;
mod values;

use ferric::api::table::{ROUTES, Route};
use ferric::net::http::Method;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Runtime;

use crate::rack::Answer;
use requests::{Sent, any_request};
use serde_json::json;
use stage::{Stage, Whose};

/// Requests a path and a caller.
const CASES: u32 = 14;

/// The routes that answer once: a stream or a console would take the connection.
fn routes() -> impl Iterator<Item = &'static Route> {
    let held = ["events", "metrics", "ferric/v1/nodes/{}/console"];
    ROUTES.iter().filter(move |route| !(held.contains(&route.path) && route.method == Method::Get))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 64, ..Config::default() };
    // The same requests each time: what fails can be seen again.
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// A refusal is the client's fault and looks like one.
fn is_well_refused(answer: &Answer) -> bool {
    let inner = answer.inner();
    let told = inner["faultstring"].is_string() || inner["description"].is_string();
    (400..500).contains(&answer.status) && told
}

/// One request and what it must not do.
async fn try_one(stage: &mut Stage, whose: Whose, sent: &Sent) {
    let answer = stage.send(whose, sent).await;
    let context = || format!("{whose:?} {sent:?} -> {answer:?}");
    assert!((200..300).contains(&answer.status) || is_well_refused(&answer), "{}", context());
    stage.shows_no_secret(whose, &answer, sent);
    let changes = (200..300).contains(&answer.status) && sent.method != "GET";
    if changes {
        assert!(whose != Whose::Tenant, "a reader changed something: {}", context());
        stage.settle().await;
    } else {
        stage.is_unchanged().await.unwrap_or_else(|what| panic!("{}\n{what}", context()));
    }
}

fn under_fire(whose: Whose, cases: u32) {
    let runtime = runtime();
    let stage = std::cell::RefCell::new(runtime.block_on(Stage::new()));
    for route in routes() {
        let tried = runner(cases).run(&any_request(route), |sent| {
            let mut stage = stage.borrow_mut();
            runtime.block_on(async {
                let others = if whose == Whose::Owner { stage.of_others().await } else { String::new() };
                try_one(&mut stage, whose, &sent).await;
                if whose == Whose::Owner {
                    assert!(stage.of_others().await == others, "another's was changed: {sent:?}");
                }
                stage.renew().await;
            });
            Ok(())
        });
        tried.unwrap_or_else(|error| panic!("{} {}: {error}", route.method.word(), route.path));
    }
    runtime.block_on(stage.into_inner().is_alive());
}

#[test]
fn no_request_of_an_admin_fails_inside_or_shows_a_secret() {
    under_fire(Whose::Admin, CASES);
}

#[test]
fn no_request_of_a_tenant_changes_anything_or_shows_what_is_not_its_own() {
    under_fire(Whose::Tenant, CASES);
}

#[test]
fn no_request_of_a_tenant_with_every_right_touches_or_shows_what_is_not_its_own() {
    under_fire(Whose::Owner, CASES / 2);
}

/// Each path once with each body that no JSON is, or too much of it.
#[test]
fn no_body_that_is_no_json_is_taken() {
    let runtime = runtime();
    runtime.block_on(async {
        let mut stage = Stage::new().await;
        for route in routes().filter(|route| ["POST", "PUT", "PATCH"].contains(&route.method.word())) {
            for (name, body) in values::raw_bodies() {
                let sent = Sent::raw(route, &stage, body);
                let answer = stage.send(Whose::Admin, &sent).await;
                let context = format!("{} {} with {name}: {answer:?}", route.method.word(), route.path);
                assert!(is_well_refused(&answer) || values::ignores_body(route), "{context}");
                assert!(answer.status < 500, "{context}");
                if is_well_refused(&answer) {
                    stage.is_unchanged().await.unwrap_or_else(|what| panic!("{context}\n{what}"));
                } else {
                    stage.settle().await;
                    stage.renew().await;
                }
            }
        }
        stage.is_alive().await;
    });
}

/// Each path that takes an object, with each of its texts, lists and numbers much larger than anybody means.
#[test]
fn nothing_of_a_megabyte_is_kept() {
    let runtime = runtime();
    runtime.block_on(async {
        let mut stage = Stage::new().await;
        let (text, many) =
            ("x".repeat(900_000), (0..50_000).map(|one| format!("CUSTOM_{one}")).collect::<Vec<_>>());
        for route in routes().filter(|route| ["POST", "PUT"].contains(&route.method.word())) {
            let good = stage::good_body(route);
            for name in good.as_object().unwrap().keys() {
                for huge in
                    [json!(text), json!(many), json!({text.as_str(): 1}), json!(1e300), json!(i64::MIN)]
                {
                    let mut body = good.clone();
                    body[name] = huge;
                    let sent = Sent::raw(route, &stage, body.to_string().into_bytes());
                    let answer = stage.send(Whose::Admin, &sent).await;
                    let context = format!("{} {} with a huge {name}", route.method.word(), route.path);
                    if values::ignores_body(route) {
                        assert!(answer.status < 500, "{context}: {answer:?}");
                        stage.settle().await;
                        continue;
                    }
                    assert!(is_well_refused(&answer), "{context}: {answer:?}");
                    assert!(answer.body.to_string().len() < 10_000, "{context}: it is all sent back");
                    stage.is_unchanged().await.unwrap_or_else(|what| panic!("{context}\n{what}"));
                }
            }
        }
        stage.is_alive().await;
    });
}
