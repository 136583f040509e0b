//! In front of everything at the operator's door: who asks is found out before anything else is looked at.
//!
//! ```text
//! public path -> on      token -> keyring -> on or 401
//! password -> a verdict of late? -> on, else may this address try? (429) -> a turn (503) -> bcrypt -> on or 401
//! ```
//!
//! bcrypt runs off the async threads, few at a time. A token may also come as the password of HTTP basic
//! authentication, for clients that can send nothing else. Whoever was found right lately, and whoever bears a valid
//! token, is let in although others at the same address guess.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::api::access::audit::LOGIN_FAILED;
use crate::api::access::policy::{self, Outside};
use crate::api::access::stay::{Doorman, Pass};
use crate::api::access::throttle::Throttle;
use crate::api::access::users::{UserFile, Users, UsersError};
use crate::api::access::verdicts::Verdicts;
use crate::api::lanes::Lanes;
use crate::api::metrics::traffic::Traffic;
use crate::base::secret::Secret;
use crate::base::time::{Later, SharedClock};
use crate::base::who::{Author, Who};
use crate::model::access::{Access, Strategy};
use crate::model::audit::Touched;
use crate::model::boot::event::Tiding;
use crate::model::journal::Severity;
use crate::net::body::Body;
use crate::net::http::{Headers, Request, Response};
use crate::net::server::Service;

/// Lets in who may come in, and tells the service behind who it is.
pub struct Guard {
    access: Access,
    users: Option<Arc<UserFile>>,
    verdicts: Verdicts,
    throttle: Throttle,
    /// Who computes now, and who may wait for it.
    turns: Semaphore,
    queue: Semaphore,
    clock: SharedClock,
    lanes: Arc<dyn Lanes>,
    traffic: Arc<Traffic>,
    next: Arc<dyn Service>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("access", &self.access).finish_non_exhaustive()
    }
}

/// What a request brings to say who sends it.
enum Credentials {
    Nothing,
    Token(Secret),
    Password { name: String, password: Vec<u8> },
}

/// Who was let in, and by what.
#[derive(Default)]
struct Entered {
    who: Option<Who>,
    pass: Option<Pass>,
}

impl Entered {
    fn by(who: Who, pass: Pass) -> Self {
        Self { who: Some(who), pass: Some(pass) }
    }
}

/// Why somebody is not let in.
#[derive(Debug, PartialEq, Eq)]
struct Denied {
    status: u16,
    text: String,
    /// Seconds after which it may be tried again.
    retry: Option<u64>,
}

impl Guard {
    /// Reads the file of users, if there is to be one: blocks for that.
    pub fn open(
        access: Access,
        lanes: Arc<dyn Lanes>,
        clock: SharedClock,
        next: Arc<dyn Service>,
    ) -> Result<Self, UsersError> {
        let users = match access.strategy {
            Strategy::Basic => Some(Arc::new(UserFile::open(access.user_file.clone())?)),
            Strategy::Nobody | Strategy::Token => None,
        };
        let mut key = [0; 32];
        let key = getrandom::fill(&mut key).is_ok().then_some(key);
        if key.is_none() {
            tracing::warn!("the system gave no random numbers: each password is compared anew");
        }
        Ok(Self {
            throttle: Throttle::new(access.failed_logins),
            access,
            users,
            verdicts: Verdicts::new(key),
            turns: Semaphore::new(AT_ONCE),
            queue: Semaphore::new(WAITING),
            clock,
            lanes,
            traffic: Arc::default(),
            next,
        })
    }

    /// The same, counting whom it turns away there.
    #[must_use]
    pub fn counted(self, traffic: Arc<Traffic>) -> Self {
        Self { traffic, ..self }
    }

    /// The file of users, if there is one.
    pub fn users(&self) -> Option<Arc<UserFile>> {
        self.users.clone()
    }

    async fn answer(&self, mut request: Request) -> Response {
        let outside = policy::outside(request.method, &request.path);
        let from = request.peer.ip().to_canonical();
        let Entered { who, pass } = match self.enter(&request, outside, from).await {
            Ok(entered) => entered,
            Err(denied) => {
                tracing::debug!(?request, status = denied.status, why = denied.text, "not let in");
                self.traffic.turned_away(denied.status);
                return self.refusal(&denied);
            }
        };
        let Outside::Needs(role) = outside else {
            request.who = who;
            let stay = request.stay.clone();
            let response = self.next.call(request).await;
            self.watch(pass, stay, &response);
            return response;
        };
        let who = who.unwrap_or_else(Who::anybody);
        let deed = policy::deed(&request);
        let is_change = !request.method.is_safe();
        let stay = request.stay.clone();
        let response = match policy::admit_outside(&who, role) {
            Ok(()) => {
                request.who = Some(who.clone());
                self.next.call(request).await
            }
            Err(fault) => fault.response(),
        };
        if is_change {
            self.lanes.audit(&Author { who, from, deed }, Touched::default(), response.status);
        }
        self.watch(pass, stay, &response);
        response
    }

    /// An answer that goes on ends when its pass does.
    fn watch(&self, pass: Option<Pass>, stay: CancellationToken, response: &Response) {
        let (Some(pass), Body::Takeover(_)) = (pass, &response.body) else { return };
        let (lanes, users, clock) = (self.lanes.clone(), self.users.clone(), self.clock.clone());
        tokio::spawn(Doorman { lanes, users, clock }.watch(pass, stay));
    }

    /// Who it is; nobody at a public path.
    async fn enter(&self, request: &Request, outside: Outside, from: IpAddr) -> Result<Entered, Denied> {
        if self.access.strategy == Strategy::Nobody {
            return Ok(Entered { who: Some(Who::anybody()), pass: None });
        }
        if outside == Outside::Public || policy::is_public(request.method, &request.path) {
            return Ok(Entered::default());
        }
        match credentials(&request.headers)? {
            Credentials::Nothing => Err(denied("Authorization required")),
            Credentials::Token(secret) => self.bearer(secret, from),
            Credentials::Password { name, password } => self.user(name, password, from).await,
        }
    }

    fn bearer(&self, secret: Secret, from: IpAddr) -> Result<Entered, Denied> {
        if let Some(who) = self.lanes.bearer(&secret) {
            return Ok(Entered::by(who, Pass::Token(secret)));
        }
        let times = self.attempt(from)?;
        Err(self.failed(from, times, "Incorrect token: it is unknown, has expired or was revoked"))
    }

    async fn user(&self, name: String, password: Vec<u8>, from: IpAddr) -> Result<Entered, Denied> {
        let as_token = std::str::from_utf8(&password).ok().map(Secret::new);
        if let Some(secret) = as_token
            && let Some(who) = self.lanes.bearer(&secret)
        {
            return Ok(Entered::by(who, Pass::Token(secret)));
        }
        let Some(file) = &self.users else {
            let times = self.attempt(from)?;
            return Err(self.failed(from, times, "Incorrect token: only tokens are taken here"));
        };
        let users = self.users_now(file).await;
        if users.unusable {
            return Err(Denied { status: 503, text: NO_USERS.to_owned(), retry: Some(5) });
        }
        let key = self.verdicts.key(users.reading, &name, &password);
        let is_known = || key.is_some_and(|key| self.verdicts.knows(&key, self.clock.tick()));
        if is_known() {
            return Ok(self.entered(name, &users));
        }
        let times = self.attempt(from)?;
        let Ok(_place) = self.queue.try_acquire() else {
            self.throttle.succeeded(from);
            return Err(Denied { status: 503, text: BUSY.to_owned(), retry: Some(1) });
        };
        let Ok(_turn) = self.turns.acquire().await else { return Err(denied("the daemon is stopping")) };
        // A hundred calls at once with one password: the first has found out.
        let is_right = is_known() || checked(&users, &name, password).await;
        if !is_right {
            return Err(self.failed(from, times, "Incorrect username or password"));
        }
        self.throttle.succeeded(from);
        if let Some(key) = key {
            self.verdicts.add(key, self.clock.tick());
        }
        Ok(self.entered(name, &users))
    }

    async fn users_now(&self, file: &Arc<UserFile>) -> Arc<Users> {
        let now = self.clock.tick();
        if let Some(users) = file.fresh(now) {
            return users;
        }
        let file = file.clone();
        tokio::task::spawn_blocking(move || file.look(now)).await.unwrap_or_default()
    }

    fn entered(&self, name: String, users: &Users) -> Entered {
        let role = self.access.roles.get(&name).copied().unwrap_or(self.access.default_role);
        let hash = Secret::new(users.hash(&name).unwrap_or_default());
        let pass = Pass::User { name: name.clone(), hash };
        Entered::by(Who { name: Some(name), role, project: None }, pass)
    }

    fn attempt(&self, from: IpAddr) -> Result<u32, Denied> {
        self.throttle.attempt(from, self.clock.tick()).map_err(|seconds| Denied {
            status: 429,
            text: "Too many failed log-ins from this address".to_owned(),
            retry: Some(seconds),
        })
    }

    /// A log-in that failed goes to the rack's journal, a row an address. The log has the first within a minute and the one
    /// after which the address has to wait.
    fn failed(&self, from: IpAddr, times: u32, text: &str) -> Denied {
        if times == 1 {
            tracing::warn!(%from, "a log-in failed");
        }
        if self.throttle.is_last(times) {
            tracing::warn!(%from, times, "too many log-ins failed: this address has to wait");
        }
        self.lanes.tell(Tiding {
            network: String::new(),
            service: "api",
            event: LOGIN_FAILED,
            subject: from.to_string(),
            text: format!("a log-in from {from} failed"),
            severity: Severity::Error,
        });
        denied(text)
    }

    fn refusal(&self, denied: &Denied) -> Response {
        let body = json!({"error": {"message": denied.text, "code": denied.status}});
        let mut response = Response::json(denied.status, body.to_string().into_bytes());
        if denied.status == 401 {
            let kind = if self.users.is_some() { "Basic" } else { "Bearer" };
            response = response.with("WWW-Authenticate", format!("{kind} realm=\"Baremetal API\""));
        }
        match denied.retry {
            Some(seconds) => response.with("Retry-After", seconds.to_string()),
            None => response,
        }
    }
}

impl Service for Guard {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(self.answer(request))
    }
}

fn denied(text: &str) -> Denied {
    Denied { status: 401, text: text.to_owned(), retry: None }
}

fn malformed(text: impl Into<String>) -> Denied {
    Denied { status: 400, text: text.into(), retry: None }
}

/// `Authorization` counts before `X-Auth-Token`, which stock clients send.
fn credentials(headers: &Headers) -> Result<Credentials, Denied> {
    let Some(header) = headers.get("Authorization") else {
        let token = headers.get("X-Auth-Token").map(str::trim).filter(|token| !token.is_empty());
        return Ok(token.map_or(Credentials::Nothing, |token| Credentials::Token(Secret::new(token))));
    };
    let (scheme, rest) = header
        .trim()
        .split_once(char::is_whitespace)
        .ok_or_else(|| malformed("Could not parse Authorization header"))?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Ok(Credentials::Token(Secret::new(rest.trim()))),
        "basic" => basic(rest.trim()).ok_or_else(|| malformed("Could not decode authorization token")),
        _ => {
            let shown: String = scheme.chars().filter(|c| !c.is_control()).take(32).collect();
            Err(malformed(format!("Unsupported authorization type \"{shown}\"")))
        }
    }
}

fn basic(text: &str) -> Option<Credentials> {
    let bytes = STANDARD.decode(text).ok()?;
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let (name, password) = bytes.split_at_checked(colon)?;
    let name = String::from_utf8(name.to_vec()).ok()?;
    Some(Credentials::Password { name, password: password.get(1..)?.to_vec() })
}

/// Whether the password is the user's. A user that is not there costs the same.
async fn checked(users: &Users, name: &str, password: Vec<u8>) -> bool {
    let own = users.hash(name);
    let is_there = own.is_some();
    let Some(hash) = own.or(users.any()).map(str::to_owned) else { return false };
    let password = zeroize::Zeroizing::new(password);
    let compared = tokio::task::spawn_blocking(move || bcrypt::verify(password.as_slice(), &hash));
    matches!(compared.await, Ok(Ok(true))) && is_there
}

/// Passwords that are compared at the same time: each takes one processor for a tenth of a second.
const AT_ONCE: usize = 2;
/// Requests that may wait for it.
const WAITING: usize = 64;
const NO_USERS: &str = "The file of users cannot be used: /readyz and the daemon's log say why";
const BUSY: &str = "Too many log-ins at once: ask again in a moment";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<String, Denied> {
        let mut headers = Headers::new();
        headers.push(name, value);
        credentials(&headers).map(|credentials| match credentials {
            Credentials::Nothing => "nothing".to_owned(),
            Credentials::Token(secret) => format!("token {}", secret.reveal()),
            Credentials::Password { name, password } => {
                format!("{name} {}", String::from_utf8_lossy(&password))
            }
        })
    }

    #[test]
    fn credentials_come_in_three_ways() {
        assert_eq!(read("Authorization", "Bearer abc").unwrap(), "token abc");
        assert_eq!(read("X-Auth-Token", "abc").unwrap(), "token abc");
        assert_eq!(read("authorization", "basic YWxpY2U6c2U6Y3JldA==").unwrap(), "alice se:cret");
        assert_eq!(read("X-Auth-Token", " ").unwrap(), "nothing");
        assert_eq!(read("Accept", "x").unwrap(), "nothing");
    }

    #[test]
    fn what_cannot_be_read_is_a_bad_request_as_in_the_reference() {
        for (value, text) in [
            ("Basic", "Could not parse Authorization header"),
            ("", "Could not parse Authorization header"),
            ("Basic !!", "Could not decode authorization token"),
            ("Basic YWJj", "Could not decode authorization token"),
            ("Digest abc", "Unsupported authorization type \"Digest\""),
        ] {
            assert_eq!(read("Authorization", value).unwrap_err(), malformed(text), "{value:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_header_is_a_panic(value: String) {
            read("Authorization", &value).ok();
            read("Authorization", &format!("Basic {value}")).ok();
        }
    }
}
