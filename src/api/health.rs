//! `/healthz` and `/readyz` at the operator's door, for those who watch the daemon from outside: without a login, and
//! without a word about nodes.
//!
//! `/healthz` says that the process answers. `/readyz` says whether it can do its work now: 200, or 503 with the reasons.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::base::time::{Later, SharedClock, Tick};
use crate::net::http::{Method, Request, Response};
use crate::net::server::Service;

/// Why the daemon cannot do its work, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What was looked at, in one word.
    pub check: &'static str,
    /// What is wrong, and the remedy.
    pub why: String,
}

/// Looks at what the daemon needs.
pub trait Vitals: Send + Sync + fmt::Debug {
    /// What is wrong now.
    fn reasons(&self) -> Later<'_, Vec<Reason>>;
}

/// Answers the two paths, and leaves every other one to the next service.
pub struct Health {
    vitals: Arc<dyn Vitals>,
    clock: SharedClock,
    /// The last verdict: who asks often costs no more than who asks every second.
    last: Mutex<Option<(Tick, Vec<Reason>)>>,
    next: Arc<dyn Service>,
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("vitals", &self.vitals).finish_non_exhaustive()
    }
}

impl Health {
    pub fn new(vitals: Arc<dyn Vitals>, clock: SharedClock, next: Arc<dyn Service>) -> Self {
        Self { vitals, clock, last: Mutex::default(), next }
    }

    async fn ready(&self) -> Response {
        let mut last = self.last.lock().await;
        let now = self.clock.tick();
        let kept = last.take().filter(|(then, _)| now.since(*then) < KEPT);
        let (then, reasons) = match kept {
            Some(kept) => kept,
            None => (now, self.vitals.reasons().await),
        };
        let answer = verdict(&reasons);
        *last = Some((then, reasons));
        answer
    }
}

impl Service for Health {
    fn call(&self, request: Request) -> Later<'_, Response> {
        if request.path != LIVE && request.path != READY {
            return self.next.call(request);
        }
        Box::pin(async move {
            if !matches!(request.method, Method::Get | Method::Head) {
                return Response::text(405, "this can only be read\n").with("Allow", "GET, HEAD");
            }
            let answer =
                if request.path == LIVE { shown(200, &json!({"alive": true})) } else { self.ready().await };
            answer.with("Cache-Control", "no-store")
        })
    }
}

fn verdict(reasons: &[Reason]) -> Response {
    let rows: Vec<_> = reasons.iter().map(|one| json!({"check": one.check, "reason": one.why})).collect();
    let status = if reasons.is_empty() { 200 } else { 503 };
    shown(status, &json!({"ready": reasons.is_empty(), "reasons": rows}))
}

fn shown(status: u16, value: &Value) -> Response {
    Response::json(status, value.to_string().into_bytes())
}

const LIVE: &str = "/healthz";
const READY: &str = "/readyz";
/// For so long a verdict is repeated.
const KEPT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::base::time::PausedClock;
    use crate::net::body::Body;

    /// Something is wrong from the second look on.
    #[derive(Debug, Default)]
    struct Failing(AtomicUsize);

    impl Vitals for Failing {
        fn reasons(&self) -> Later<'_, Vec<Reason>> {
            let looks = self.0.fetch_add(1, Ordering::Relaxed);
            let wrong = (looks > 0).then(|| Reason { check: "disk", why: "it is full".to_owned() });
            Box::pin(async move { wrong.into_iter().collect() })
        }
    }

    struct Beyond;

    impl Service for Beyond {
        fn call(&self, _: Request) -> Later<'_, Response> {
            Box::pin(async { Response::empty(401) })
        }
    }

    async fn asked(health: &Health, method: Method, path: &str) -> (u16, Value) {
        let answer = health.call(Request::made(method, path, Vec::new())).await;
        let Body::Bytes(bytes) = answer.body else { return (answer.status, Value::Null) };
        (answer.status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    #[tokio::test]
    async fn who_watches_is_told_how_it_stands_and_why() {
        let clock = Arc::new(PausedClock::new());
        let health = Health::new(Arc::new(Failing::default()), clock.clone(), Arc::new(Beyond));
        assert_eq!(asked(&health, Method::Get, "/healthz").await, (200, json!({"alive": true})));
        let ready = (200, json!({"ready": true, "reasons": []}));
        assert_eq!(asked(&health, Method::Get, "/readyz").await, ready);
        assert_eq!(asked(&health, Method::Head, "/readyz").await, ready, "the verdict is kept for a moment");
        clock.advance(KEPT);
        let reasons = json!([{"check": "disk", "reason": "it is full"}]);
        let failed = (503, json!({"ready": false, "reasons": reasons}));
        assert_eq!(asked(&health, Method::Get, "/readyz").await, failed);
        assert_eq!(asked(&health, Method::Get, "/healthz").await.0, 200, "it is alive all the same");
    }

    #[tokio::test]
    async fn nothing_can_be_changed_there_and_other_paths_are_not_its_own() {
        let clock = Arc::new(PausedClock::new());
        let health = Health::new(Arc::new(Failing::default()), clock, Arc::new(Beyond));
        assert_eq!(asked(&health, Method::Post, "/readyz").await.0, 405);
        for path in ["/", "/v1/nodes", "/healthz/", "/readyz/x", "/v1/healthz"] {
            assert_eq!(asked(&health, Method::Get, path).await.0, 401, "{path}");
        }
    }
}
