//! Who may: a session's token or an account in each request, and logging in and out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::base::secret::Secret;
use crate::net::http::{Headers, Response};
use crate::twin::redfish::answer::{Refusal, Reply, refused, refused_own};
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::live;
use crate::twin::redfish::log::Proof;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::session::Session;

/// What a request brought.
pub(super) fn proof(headers: &Headers) -> Proof {
    if headers.get("X-Auth-Token").is_some() {
        return Proof::Token;
    }
    if headers.get("Authorization").is_some() { Proof::Basic } else { Proof::None }
}

/// Lets a request in or says why not.
pub(super) fn admit(bmc: &Bmc, headers: &Headers) -> Result<(), Refusal> {
    match proof(headers) {
        Proof::Token => by_token(bmc, headers.get("X-Auth-Token").unwrap_or_default())?,
        Proof::Basic if is_account(bmc, headers) => {}
        Proof::Basic | Proof::None => return Err(no_session()),
    }
    if bmc.bites(Oddity::AnyPasswordChange) {
        return Err(refused(403, "PasswordChangeRequired", &["/redfish/v1/AccountService/Accounts/1"]));
    }
    Ok(())
}

fn no_session() -> Refusal {
    refused(401, "NoValidSession", &[])
}

fn by_token(bmc: &Bmc, token: &str) -> Result<(), Refusal> {
    let mut state = bmc.state();
    let session =
        state.sessions.iter_mut().find(|session| session.token.matches(token)).ok_or_else(no_session)?;
    session.uses = session.uses.saturating_add(1);
    if session.uses.is_multiple_of(DROPPED_AFTER) && bmc.bites(Oddity::DellSessionDropped) {
        let id = session.id.clone();
        state.sessions.retain(|session| session.id != id);
        return Err(no_session());
    }
    Ok(())
}

/// Whether a basic header names the account.
fn is_account(bmc: &Bmc, headers: &Headers) -> bool {
    let given = headers.get("Authorization").and_then(|value| value.strip_prefix("Basic "));
    let decoded = given.and_then(|text| STANDARD.decode(text.trim()).ok());
    let Some(text) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    text.split_once(':').is_some_and(|(user, password)| is_known(bmc, user, password))
}

fn is_known(bmc: &Bmc, user: &str, password: &str) -> bool {
    let settings = bmc.settings();
    !bmc.faults().wrong_password && user == settings.user && settings.password.matches(password)
}

/// Logs in.
pub(super) fn log_in(bmc: &Bmc, headers: &Headers, body: &Value) -> Reply {
    if proof(headers) != Proof::None && bmc.bites(Oddity::AnySessionBasicConflict) {
        return Err(refused(401, "InsufficientPrivilege", &[]));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let (Some(user), Some(password)) = (text("UserName"), text("Password")) else {
        return Err(refused(400, "PropertyMissing", &["UserName"]));
    };
    if !is_known(bmc, user, password) {
        if bmc.bites(Oddity::Smc200LoginFailed) {
            return Ok(Response::of(200, "text/html", LOGIN_PAGE.as_bytes().to_vec()));
        }
        return Err(refused(401, "InsufficientPrivilege", &[]));
    }
    room(bmc)?;
    let session = make(bmc, user);
    Ok(welcome(bmc, &session))
}

/// Whether another session may be opened.
fn room(bmc: &Bmc) -> Result<(), Refusal> {
    let (now, idle) = (bmc.now(), bmc.settings().paced(30 * 60));
    let mut state = bmc.state();
    state.sessions.retain(|session| now.since(session.begun) < idle || session.uses > 0);
    let open = state.sessions.len();
    drop(state);
    if open >= 8 && bmc.bites(Oddity::DellSessionLimit) {
        let text = "The maximum number of user sessions is reached.";
        return Err(refused_own(503, "IDRAC.2.8.RAC0218", text));
    }
    if open >= 16 && bmc.bites(Oddity::LenovoSessions16) || open >= MOST {
        return Err(refused(503, "SessionLimitExceeded", &[]));
    }
    Ok(())
}

fn make(bmc: &Bmc, user: &str) -> Session {
    let token = Secret::new(bmc.server().inner.dice.uuid().simple().to_string());
    let begun = bmc.now();
    let mut state = bmc.state();
    let id = state.fresh().to_string();
    let session = Session { id, token, user: user.to_owned(), begun, uses: 0 };
    state.sessions.push(session.clone());
    session
}

fn welcome(bmc: &Bmc, session: &Session) -> Response {
    let body = live::view(bmc, &session.path()).unwrap_or_default();
    let answer =
        Response::json(201, body.to_string().into_bytes()).with("X-Auth-Token", session.token.reveal());
    if bmc.bites(Oddity::AnySessionNoLocation) { answer } else { answer.with("Location", session.path()) }
}

/// Logs out.
pub(super) fn log_out(bmc: &Bmc, path: &str) -> Option<Reply> {
    let mut state = bmc.state();
    let before = state.sessions.len();
    state.sessions.retain(|session| session.path() != path);
    (state.sessions.len() < before).then(crate::twin::redfish::answer::done)
}

/// A token of a maker that drops sessions lasts this many requests.
const DROPPED_AFTER: u32 = 7;

/// As many as any controller takes.
const MOST: usize = 64;

const LOGIN_PAGE: &str = "<!DOCTYPE html><html><body><form>Please log in</form></body></html>";
