//! One request from its head to its answer.

use std::fs::File;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::base::time::Later;
use crate::net::body::{Body, FileRange};
use crate::net::http::{Headers, Method, Request, Response};
use crate::net::server::Service;
use crate::twin::redfish::action;
use crate::twin::redfish::answer::{Refusal, Reply, refused, refused_own, shown, tag};
use crate::twin::redfish::auth;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::expand::Expand;
use crate::twin::redfish::live;
use crate::twin::redfish::log::{Asked, Proof};
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::session::is_login;
use crate::twin::redfish::task::TASKS;

/// What answers at a door.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) bmc: Bmc,
    pub(super) tls: bool,
}

/// A request as actions see it.
#[derive(Debug)]
pub struct Ask {
    pub method: Method,
    /// Without a slash at the end.
    pub path: String,
    pub query: String,
    pub headers: Headers,
    /// Null if there was none.
    pub body: Value,
    pub has_body: bool,
    pub peer: SocketAddr,
}

impl Service for Front {
    fn call(&self, request: Request) -> Later<'_, Response> {
        Box::pin(async move { self.serve(request).await })
    }
}

impl Front {
    async fn serve(&self, mut request: Request) -> Response {
        let bytes = request.read(BODY_LIMIT).await.unwrap_or_default();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        let ask = Ask {
            method: request.method,
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body,
            has_body: !bytes.is_empty(),
            peer: request.peer,
        };
        let mut asked = noted(&ask, self.tls);
        let answer = self.answered(ask).await;
        asked.status = answer.status;
        self.bmc.note(asked);
        answer
    }

    async fn answered(&self, ask: Ask) -> Response {
        let bmc = &self.bmc;
        let _guest = Guest::enter(&bmc.inner.busy);
        let faults = bmc.faults();
        bmc.pause(bmc.settings().delay.saturating_add(faults.slow.unwrap_or_default())).await;
        let crowded = bmc.inner.busy.load(Ordering::Relaxed) > CROWD && bmc.bites(Oddity::AnyOverloaded);
        if faults.mute || crowded || is_dark(bmc) {
            return std::future::pending().await;
        }
        let starts = bmc.state().notice(bmc.is_on(), bmc.server().progress().boots, bmc.now());
        if starts {
            let now = bmc.now();
            let mut state = bmc.state();
            state.sessions.clear();
            state.dark = Some((now, now.after(bmc.settings().paced(60))));
            return broken();
        }
        action::boot::settle_mode(bmc);
        if let Some(answer) = self.troubled(&ask) {
            return answer;
        }
        let (is_change, path) = (!ask.method.is_safe(), ask.path.clone());
        let answer = match self.decided(ask).await {
            Ok(answer) => answer,
            Err(refusal) => self.refusal(&refusal),
        };
        if is_change && !is_login(&path) && self.loses() {
            return broken();
        }
        answer.with("OData-Version", "4.0").with("Cache-Control", "no-cache")
    }

    fn refusal(&self, refusal: &Refusal) -> Response {
        if refusal.status == 401 && self.bmc.bites(Oddity::DellSessionDropped) {
            return cut_short(&self.bmc);
        }
        let answer = refusal.response(&self.bmc);
        if refusal.status == 401 {
            answer.with("WWW-Authenticate", "Basic realm=\"RedfishService\"")
        } else {
            answer
        }
    }

    /// Uses up one lost answer, if there are any.
    fn loses(&self) -> bool {
        self.bmc.inner.faults.send_if_modified(|faults| {
            let left = faults.loses_answers.checked_sub(1);
            faults.loses_answers = left.unwrap_or(0);
            left.is_some()
        })
    }

    /// What a fault or an oddity of the transport answers in place of the service.
    fn troubled(&self, ask: &Ask) -> Option<Response> {
        let (bmc, faults) = (&self.bmc, self.bmc.faults());
        let hits = |part: &Option<String>| part.as_ref().is_some_and(|part| ask.path.contains(part.as_str()));
        if hits(&faults.html) || ask.path.contains("/Chassis/") && bmc.bites(Oddity::AnyNotJson) {
            return Some(Response::of(200, "text/html", PAGE.as_bytes().to_vec()));
        }
        if hits(&faults.huge) {
            return Some(huge());
        }
        if hits(&faults.cut) {
            let whole = live::view(bmc, &ask.path)?.to_string();
            let half = whole.chars().take(whole.len() / 2).collect::<String>();
            return Some(Response::json(200, half.into_bytes()));
        }
        if let Some((part, to)) = &faults.redirect
            && ask.path.contains(part.as_str())
        {
            return Some(Response::empty(302).with("Location", format!("{to}{}", ask.path)));
        }
        if let Some((part, status)) = &faults.refuses
            && ask.path.contains(part.as_str())
        {
            return Some(refused(*status, "GeneralError", &[]).response(bmc));
        }
        self.odd_transport(ask)
    }

    fn odd_transport(&self, ask: &Ask) -> Option<Response> {
        let bmc = &self.bmc;
        let is_change = matches!(ask.method, Method::Post | Method::Patch);
        if is_change && !ask.path.ends_with('/') && bmc.bites(Oddity::AnyRedirectPost) {
            return Some(Response::empty(308).with("Location", format!("{}/", ask.path)));
        }
        if ask.method == Method::Get && !ask.path.ends_with('/') && bmc.bites(Oddity::AnyTrailingSlash) {
            return Some(missing(&ask.path).response(bmc));
        }
        if bmc.has(Oddity::HpeRstReuse) && bmc.state().is_second(ask.peer) && bmc.bites(Oddity::HpeRstReuse) {
            return Some(broken());
        }
        let wants_identity = ask.headers.get("accept-encoding").is_some_and(|word| word.trim() == "identity");
        if wants_identity && ask.path.contains("/Registries") && bmc.bites(Oddity::Hpe406Identity) {
            return Some(refused(406, "GeneralError", &[]).response(bmc));
        }
        if ask.path.contains("/Chassis/RAID") && bmc.bites(Oddity::DellChassisRaidCrash) {
            let now = bmc.now();
            bmc.state().dark = Some((now, now.after(bmc.settings().paced(60))));
            return Some(broken());
        }
        None
    }

    async fn decided(&self, mut ask: Ask) -> Reply {
        let bmc = &self.bmc;
        ask.path.truncate(ask.path.trim_end_matches('/').len());
        if ask.method == Method::Post && is_login(&ask.path) {
            return auth::log_in(bmc, &ask.headers, &ask.body);
        }
        let is_read = matches!(ask.method, Method::Get | Method::Head);
        if !(is_read && live::is_public(&ask.path)) {
            auth::admit(bmc, &ask.headers)?;
        }
        if is_read {
            return self.read(&ask);
        }
        if ask.has_body && ask.body.is_null() {
            return Err(refused(400, "MalformedJSON", &[]));
        }
        action::change(bmc, &ask).await
    }

    fn read(&self, ask: &Ask) -> Reply {
        let bmc = &self.bmc;
        if ask.path == "/redfish" {
            return Ok(shown(&serde_json::json!({"v1": "/redfish/v1/"})));
        }
        if let Some(answer) = action::task::monitored(bmc, &ask.path) {
            return Ok(answer);
        }
        action::read_refusal(bmc, &ask.path)?;
        let mut body = live::view(bmc, &ask.path).ok_or_else(|| missing(&ask.path))?;
        let expand = Expand::of(&ask.query);
        if let Some(expand) = expand {
            if bmc.maker().expands {
                self.expandable(&ask.path)?;
                expand.apply(bmc, &mut body);
            } else if bmc.maker().refuses_queries {
                return Err(refused(501, "QueryParameterUnsupported", &["$expand"]));
            }
        }
        let mut answer = self.tagged(ask, &body);
        if expand.is_some() && bmc.bites(Oddity::DellExpandLicense) {
            answer = after_error(&refused(403, "LicenseRequired", &["Datacenter"]).response(bmc), answer);
        }
        Ok(answer)
    }

    fn expandable(&self, path: &str) -> Result<(), Refusal> {
        if path.contains("/Chassis") && self.bmc.bites(Oddity::AnyExpandLies) {
            return Err(refused(500, "InternalError", &[]));
        }
        Ok(())
    }

    /// The body with its tag.
    fn tagged(&self, ask: &Ask, body: &Value) -> Response {
        let Some(tag) = shown_tag(&self.bmc, &ask.path, body) else { return shown(body) };
        let zips = ask.headers.get("accept-encoding").is_some_and(|word| word.contains("gzip"));
        let tag = if zips && self.bmc.bites(Oddity::DellEtagGzip) {
            tag.strip_suffix('"').map_or_else(|| tag.clone(), |start| format!("{start}-gzip\""))
        } else {
            tag
        };
        let patches = ask.path.contains("/VirtualMedia/") && self.bmc.bites(Oddity::LenovoVmediaPatch);
        let allow = if patches { "GET, HEAD, PATCH" } else { "GET, HEAD" };
        shown(body).with("ETag", tag).with("Allow", allow)
    }
}

/// Refuses a path where nothing is.
pub fn missing(path: &str) -> Refusal {
    refused(404, "ResourceMissingAtURI", &[path])
}

/// The tag as a header shows it; empty with some, none with others.
pub fn shown_tag(bmc: &Bmc, path: &str, body: &Value) -> Option<String> {
    if bmc.bites(Oddity::AnyEmptyEtag) {
        return Some(String::new());
    }
    if body.get("Members").is_some() && bmc.bites(Oddity::AmiEtagOnlyOnMember) {
        return None;
    }
    let mut text = tag(body);
    if path.contains("/LogServices") && bmc.bites(Oddity::AnyEtagChangesOnRead) {
        text = format!("{:016x}", bmc.server().inner.dice.roll());
    }
    if bmc.bites(Oddity::LenovoEtagMoves) {
        text = format!("{text}-{}", bmc.now().0.as_millis() / 500);
    }
    let weak = bmc.bites_any(&[Oddity::AnyWeakEtag, Oddity::AmiWeakEtag]) || bmc.maker().weak_etags;
    Some(if weak { format!("W/\"{text}\"") } else { format!("\"{text}\"") })
}

fn is_dark(bmc: &Bmc) -> bool {
    let now = bmc.now();
    bmc.state().dark.is_some_and(|(from, until)| now >= from && now < until)
}

fn noted(ask: &Ask, tls: bool) -> Asked {
    let mut body = ask.body.clone();
    if let Some(password) = body.get_mut("Password") {
        *password = crate::base::secret::MASK.into();
    }
    let proof: Proof = auth::proof(&ask.headers);
    Asked {
        method: ask.method,
        path: ask.path.clone(),
        query: ask.query.clone(),
        body,
        if_match: ask.headers.get("If-Match").map(str::to_owned),
        proof,
        tls,
        status: 0,
    }
}

/// An answer whose connection breaks in its middle.
fn broken() -> Response {
    let Ok(nothing) = File::open("/dev/null") else { return Response::empty(500) };
    let body = Body::File(FileRange::new(nothing, 0, 64));
    Response { body, ..Response::empty(200) }
}

/// A refusal whose head arrives and whose body breaks off: the end of the machine's disk, and more than there is.
fn cut_short(bmc: &Bmc) -> Response {
    let settings = bmc.server().settings();
    let path = settings.directory.join(format!("{}.disk", settings.name));
    let Ok(disk) = File::open(path) else { return Response::empty(401) };
    let body =
        Body::File(FileRange::new(disk, settings.disk_size.saturating_sub(CUT), CUT.saturating_mul(2)));
    Response { body, ..Response::empty(401) }
}

fn huge() -> Response {
    let mut body = b"{\"Name\":\"".to_vec();
    body.resize(HUGE, b'a');
    body.extend_from_slice(b"\"}");
    Response::json(200, body)
}

/// Two documents, one after the other.
fn after_error(error: &Response, mut answer: Response) -> Response {
    if let (Body::Bytes(error), Body::Bytes(body)) = (&error.body, &mut answer.body) {
        body.splice(0..0, error.iter().copied());
    }
    answer
}

/// Counts who is being served.
struct Guest<'a>(&'a AtomicUsize);

impl<'a> Guest<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// More than any request that is understood.
const BODY_LIMIT: usize = 1 << 20;
/// More than a connection takes before it has sent the head.
const CUT: u64 = 1 << 20;
/// A hundred million bytes.
const HUGE: usize = 100_000_000;
/// As many as a crowded controller bears at once.
const CROWD: usize = 3;
const PAGE: &str =
    "<!DOCTYPE html><html><head><title>BMC</title></head><body>Service is starting</body></html>";

/// A change that goes on after its answer.
pub fn accepted(bmc: &Bmc, name: &'static str) -> Response {
    let task = action::task::start(bmc, name);
    accepted_as(bmc, &task)
}

/// The answer to what goes on as this task.
pub fn accepted_as(bmc: &Bmc, task: &str) -> Response {
    let place = live::monitor(bmc, task);
    let body = if bmc.bites(Oddity::AnyPartialTask) {
        serde_json::json!({})
    } else if bmc.bites(Oddity::SmcTaskNotATask) {
        serde_json::json!({"Accepted": {"code": "Base.v1_4_0.Accepted", "Message": format!("TaskID {task}")}})
    } else {
        live::view(bmc, &format!("{TASKS}/{task}")).unwrap_or_default()
    };
    Response::json(202, body.to_string().into_bytes()).with("Location", place).with("Retry-After", "1")
}

/// What a busy controller says.
pub fn busy() -> Refusal {
    let text = "Unable to complete the operation because the data sources are not available.";
    refused_own(500, "IDRAC.2.8.SYS518", text)
}
