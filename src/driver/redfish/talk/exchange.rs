//! What happens inside a turn: certificate, session, the request itself and its small remedies.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use crate::driver::bmc::line::Turn;
use crate::driver::bmc::redfish_settings::{self, Auth};
use crate::driver::redfish::talk::access::{authorities, hex, unhex};
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::slot::{Closer, Slot, Token};
use crate::driver::redfish::talk::{Ask, Ended, Talk};
use crate::model::bmc::Fact;
use crate::net::client::outgoing::{Answer, ClientError, Outgoing, Reuse, Trust};
use crate::net::http::{Headers, Method};
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::lenient::View;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send;
use crate::wire::redfish::view::root::ServiceRoot;
use crate::wire::redfish::view::service::session::Session;

/// How a request shows the account.
#[derive(Debug, Clone)]
enum Credential {
    Nothing,
    Basic,
    /// Basic, since the BMC refused to open a session: nothing is learnt of it unless it works.
    Instead,
    Token(Token),
}

impl Talk {
    /// The request, logged in.
    pub async fn within(&self, turn: &Turn<Slot>, ask: &Ask) -> Result<Answer, Ended> {
        let trust = self.trust().await?;
        self.meet_root(&trust).await?;
        if ask.method == Method::Get && ask.path == self.access.root && self.slot().known().root.is_some() {
            return self.send(ask, &Credential::Nothing, &trust).await;
        }
        let credential = self.credential(turn, &trust).await?;
        let answer = self.send(ask, &credential, &trust).await?;
        let credential = match (answer.status, credential) {
            (401, Credential::Token(token)) => {
                self.slot().drop_token(&token.secret);
                self.credential(turn, &trust).await?
            }
            (401, Credential::Basic | Credential::Instead) => return Err(refused(&answer)),
            (_, credential) => return Ok(self.shown(answer, &credential)),
        };
        let answer = self.send(ask, &credential, &trust).await?;
        match credential {
            Credential::Basic | Credential::Instead if answer.status == 401 => Err(refused(&answer)),
            Credential::Nothing | Credential::Basic | Credential::Instead | Credential::Token(_) => {
                Ok(self.shown(answer, &credential))
            }
        }
    }

    /// A BMC that opened no session for an account and takes it over basic has none for anybody.
    fn shown(&self, answer: Answer, credential: &Credential) -> Answer {
        let is_taken = !matches!(answer.status, 401 | 403) && answer.status < 500;
        if matches!(credential, Credential::Instead) && is_taken {
            self.slot().known().basic = true;
        }
        answer
    }

    /// Whom the connection must lead to. Where trust begins with the first certificate, that is looked at before
    /// anything is sent.
    pub async fn trust(&self) -> Result<Trust, Ended> {
        if !self.access.is_tls() {
            return Ok(Trust::Plain);
        }
        match &self.access.trust {
            redfish_settings::Trust::Anybody => Ok(Trust::Insecure),
            redfish_settings::Trust::System => Ok(Trust::Roots),
            redfish_settings::Trust::Authorities(path) => self.listed_authorities(path).await,
            redfish_settings::Trust::FirstSeen => self.first_seen().await,
            redfish_settings::Trust::Pinned(pin) => match unhex(pin) {
                Some(print) => Ok(Trust::Fingerprint(print)),
                None => {
                    Err(RedfishError::Invalid("the pinned fingerprint is no SHA-256 in hex".to_owned())
                        .into())
                }
            },
        }
    }

    /// Reads the file or folder once while the BMC takes what is in it.
    async fn listed_authorities(&self, path: &Path) -> Result<Trust, Ended> {
        let known = self.slot().known().authorities.get(path).cloned();
        if let Some(pem) = known {
            return Ok(Trust::Authorities(pem));
        }
        let pem = authorities(path).await?;
        self.slot().known().authorities.insert(path.to_owned(), std::sync::Arc::clone(&pem));
        Ok(Trust::Authorities(pem))
    }

    async fn first_seen(&self) -> Result<Trust, Ended> {
        let recorded = self.node.bmc.pin.as_ref().map(|pin| pin.sha256.clone());
        let pin = match recorded {
            // What is recorded is not remembered here, or it would outlive the operator's wish to trust anew.
            Some(pin) => {
                self.slot().known().pin = None;
                Some(pin)
            }
            None => self.slot().known().pin.clone(),
        };
        if let Some(print) = pin.as_deref().and_then(unhex) {
            return Ok(Trust::Fingerprint(print));
        }
        let print = self.client().fingerprint(self.outgoing(Method::Get, "/", Trust::Insecure)?).await?;
        self.slot().known().pin = Some(hex(&print));
        self.learn(Fact::PinSeen { sha256: hex(&print) });
        Ok(Trust::Fingerprint(print))
    }

    /// The error that names both fingerprints.
    pub async fn wrong_certificate(&self) -> RedfishError {
        let pinned = match (&self.access.trust, &self.node.bmc.pin) {
            (redfish_settings::Trust::Pinned(pin), _) => pin.clone(),
            (_, Some(pin)) => pin.sha256.clone(),
            _ => self.slot().known().pin.clone().unwrap_or_default(),
        };
        let shown = match self.outgoing(Method::Get, "/", Trust::Insecure) {
            Ok(outgoing) => self.client().fingerprint(outgoing).await.map(|print| hex(&print)),
            Err(_) => return RedfishError::Tls { bmc: self.who(), why: "no path to ask for".to_owned() },
        };
        match shown {
            Ok(shown) => {
                self.learn(Fact::PinRefused { sha256: shown.clone() });
                RedfishError::Certificate { bmc: self.who(), pinned, shown }
            }
            Err(error) => RedfishError::Tls { bmc: self.who(), why: error.to_string() },
        }
    }

    /// Reads the service root once, as anybody may; a BMC that wants a log-in for it is asked later.
    async fn meet_root(&self, trust: &Trust) -> Result<(), Ended> {
        if self.slot().known().root.is_some() {
            return Ok(());
        }
        let ask = Ask::get(self.access.root.as_str());
        let answer = self.send(&ask, &Credential::Nothing, trust).await?;
        if answer.status == 200
            && let Ok(raw) = serde_json::from_slice(&answer.body)
        {
            let root = Resource::new(ask.path, answer.headers.get("etag"), raw);
            self.slot().known().root = Some(std::sync::Arc::new(root));
        }
        Ok(())
    }

    /// How the next request shows the account; logs in if it must.
    async fn credential(&self, turn: &Turn<Slot>, trust: &Trust) -> Result<Credential, Ended> {
        if self.access.user.is_none() {
            return Ok(Credential::Nothing);
        }
        let is_basic = || self.access.auth == Auth::Basic || self.slot().known().basic;
        if is_basic() {
            return Ok(Credential::Basic);
        }
        let _alone = self.slot().door.lock().await;
        if is_basic() {
            return Ok(Credential::Basic);
        }
        self.slot().known().closer =
            Some(Closer { base: self.access.base.clone(), trust: trust.clone(), floor: self.access.floor });
        if let Some(token) = self.slot().token(&self.print).or_else(|| self.recorded()) {
            return Ok(Credential::Token(token));
        }
        turn.may_log_in().await.map_err(RedfishError::Driver)?;
        self.log_in(trust).await
    }

    /// The session of before a restart, once: any node's with these credentials.
    fn recorded(&self) -> Option<Token> {
        let recalled = self.rack.recalled().remove(&self.print);
        let own = || {
            let session = self.node.bmc.session.clone().filter(|session| session.print == self.print)?;
            let (secret, path, print) = (session.token, session.path, session.print);
            Some(Token { secret, path, print, node: self.node.id })
        };
        let mut known = self.slot().known();
        if known.session_worked && recalled.is_none() {
            return None;
        }
        let token = recalled.or_else(own)?;
        known.session_worked = true;
        let before = known.token.take();
        known.replaced.extend(before);
        known.token = Some(token.clone());
        Some(token)
    }

    async fn log_in(&self, trust: &Trust) -> Result<Credential, Ended> {
        let user = self.access.user.as_deref().unwrap_or_default();
        let body = send::log_in(user, &self.access.password);
        let ask = Ask::write(Method::Post, self.sessions_path(), Some(body));
        let answer = self.send(&ask, &Credential::Nothing, trust).await?;
        let token = answer.headers.get("x-auth-token").map(str::trim).filter(|token| !token.is_empty());
        if let (200..300, Some(secret)) = (answer.status, token) {
            return Ok(Credential::Token(self.opened(secret, &answer)));
        }
        // A BMC that knows sessions has counted the attempt: some lock the account at the third.
        let is_spent = self.access.once && !SESSIONLESS.contains(&answer.status);
        let may_fall_back =
            self.access.auth == Auth::Auto && !self.slot().known().session_worked && !is_spent;
        let fault = Fault::parse(answer.status, &answer.body).hiding(&self.access.password);
        tracing::debug!(bmc = %self.who(), %fault, may_fall_back, "no session");
        let place = || self.place(Method::Post, &ask.path);
        if !may_fall_back || fault.is_wrong_login() || fault.is_password_change_required() {
            self.about_account(&fault, place).map_or(Ok(()), Err)?;
        }
        if may_fall_back && !fault.is_wrong_login() {
            return Ok(self.instead(&fault));
        }
        if matches!(answer.status, 401 | 403) {
            return Err(refused(&answer));
        }
        let why = format!("the log-in opened no session: {fault}");
        Err(RedfishError::Garbled { place: place(), why }.into())
    }

    /// Basic in place of a session. That a BMC has no sessions is learnt where it says so, not where it refuses this
    /// account or is full or busy.
    fn instead(&self, fault: &Fault) -> Credential {
        if matches!(fault.status, 401 | 403) {
            return Credential::Instead;
        }
        self.slot().known().basic = !fault.is_session_limit() && (fault.status < 500 || fault.status == 501);
        Credential::Basic
    }

    fn opened(&self, secret: &str, answer: &Answer) -> Token {
        let raw = serde_json::from_slice(&answer.body).unwrap_or_default();
        let path = Session::read(&raw).path(answer.headers.get("location"));
        let secret = crate::base::secret::Secret::new(secret);
        let token = Token { secret, path, print: self.print.clone(), node: self.node.id };
        let mut known = self.slot().known();
        known.session_worked = true;
        let before = known.token.replace(token.clone());
        known.replaced.extend(before);
        drop(known);
        self.learn(token.fact());
        token
    }

    /// Where sessions are opened.
    fn sessions_path(&self) -> String {
        let root = self.slot().known().root.clone();
        let view = root.map(|root| ServiceRoot::read(&root.raw)).unwrap_or_default();
        let told = view.sessions.and_then(|link| link.path(&self.access.authority()).ok());
        told.unwrap_or_else(|| format!("{}SessionService/Sessions", self.access.root))
    }

    /// One request with its remedies; redirects are followed on the same host only, with the same method.
    async fn send(&self, ask: &Ask, credential: &Credential, trust: &Trust) -> Result<Answer, Ended> {
        let mut path = ask.path.clone();
        for _ in 0..HOPS {
            let answer = self.once(ask, &path, credential, trust).await?;
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            let Some(location) = answer.headers.get("location") else { return Ok(answer) };
            path = Link::new(location)
                .path(&self.access.authority())
                .map_err(|source| RedfishError::Link { bmc: self.who(), source })?;
        }
        let why = "it redirects again and again".to_owned();
        Err(RedfishError::Garbled { place: self.place(ask.method, &ask.path), why }.into())
    }

    /// One request; a GET whose connection broke goes once more, over a new one.
    async fn once(
        &self,
        ask: &Ask,
        path: &str,
        credential: &Credential,
        trust: &Trust,
    ) -> Result<Answer, Ended> {
        let client = self.client();
        let mut outgoing = self.request(ask, path, credential, trust.clone())?;
        let mut answer = client.send(outgoing.clone()).await;
        if let (Err(ClientError::Protocol { .. }), true) = (&answer, ask.method.is_safe()) {
            outgoing.reuse = if outgoing.reuse == Reuse::Never { Reuse::Never } else { Reuse::Fresh };
            answer = client.send(outgoing.clone()).await;
        }
        if matches!(&answer, Ok(answer) if answer.status == 406) && ask.method == Method::Get {
            outgoing.headers = without_identity(&outgoing.headers);
            answer = client.send(outgoing).await;
            if matches!(&answer, Ok(answer) if answer.status != 406) {
                self.slot().known().no_identity = true;
            }
        }
        if matches!(&answer, Ok(answer) if answer.stale) {
            self.met_stale();
        }
        Ok(answer?)
    }

    /// A BMC that breaks kept connections is spoken to over a new one each time.
    fn met_stale(&self) {
        let mut known = self.slot().known();
        known.stale = known.stale.saturating_add(1);
        if known.stale >= STALE_LIMIT && !known.no_reuse {
            known.no_reuse = true;
            drop(known);
            tracing::info!(bmc = %self.who(), "it breaks kept connections: they are not used again");
            self.learn(Fact::ConnectionReuse(false));
        }
    }

    fn request(
        &self,
        ask: &Ask,
        path: &str,
        credential: &Credential,
        trust: Trust,
    ) -> Result<Outgoing, RedfishError> {
        let mut outgoing = self.outgoing(ask.method, path, trust)?;
        outgoing.deadline = self.rack.ground.redfish.read_timeout;
        let headers = &mut outgoing.headers;
        headers.set("OData-Version", "4.0");
        headers.set("Accept", "application/json");
        headers.set("User-Agent", concat!("ferric/", env!("CARGO_PKG_VERSION")));
        let known = self.slot().known();
        if !known.no_identity {
            headers.set("Accept-Encoding", "identity");
        }
        if let Some(tag) = &ask.if_match {
            headers.set("If-Match", tag.as_str());
        }
        match credential {
            Credential::Nothing => {}
            Credential::Token(token) => headers.set("X-Auth-Token", token.secret.reveal()),
            Credential::Basic | Credential::Instead => headers.set("Authorization", self.basic()),
        }
        if let Some(body) = &ask.body {
            headers.set("Content-Type", "application/json");
            outgoing.body = body.bytes();
        }
        outgoing.reuse =
            match (known.no_reuse || self.node.bmc.connection_reuse == Some(false), ask.method.is_safe()) {
                (true, _) => Reuse::Never,
                (false, true) => Reuse::Any,
                (false, false) => Reuse::Fresh,
            };
        Ok(outgoing)
    }

    fn basic(&self) -> String {
        let user = self.access.user.as_deref().unwrap_or_default();
        format!("Basic {}", STANDARD.encode(format!("{user}:{}", self.access.password.reveal())))
    }

    /// A request that shows no account.
    pub fn outgoing(&self, method: Method, path: &str, trust: Trust) -> Result<Outgoing, RedfishError> {
        let no_path = || RedfishError::Invalid(format!("{path:?} is no path at {}", self.who()));
        let url = at(&self.access.base, path).ok_or_else(no_path)?;
        let mut outgoing = Outgoing::new(method, url, trust);
        outgoing.floor = self.access.floor;
        outgoing.connect = self.rack.ground.redfish.connect_timeout;
        outgoing.answer_limit = ANSWER_LIMIT;
        Ok(outgoing)
    }
}

/// The path as a URL of `base`; nothing if it would lead to another scheme, host or port, or names a user.
pub(super) fn at(base: &Url, path: &str) -> Option<Url> {
    let is_here =
        |url: &Url| url.origin() == base.origin() && url.username().is_empty() && url.password().is_none();
    base.join(path).ok().filter(is_here)
}

fn without_identity(headers: &Headers) -> Headers {
    let mut rest = Headers::new();
    for (name, value) in headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("accept-encoding")) {
        rest.push(name, value);
    }
    rest
}

fn refused(answer: &Answer) -> Ended {
    Ended::LoginRefused(Fault::parse(answer.status, &answer.body).to_string())
}

/// Redirects that one request follows, the request itself included.
const HOPS: usize = 4;
/// Answers of a BMC that has no sessions for anybody.
const SESSIONLESS: [u16; 3] = [404, 405, 501];
/// Kept connections that may break under a request before none is kept any more: one may be chance.
const STALE_LIMIT: u8 = 2;
/// Bytes of one answer: attribute registries have several MiB.
const ANSWER_LIMIT: usize = 16 << 20;
