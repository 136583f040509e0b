//! The way to the API over HTTP: the one file here that knows the client of `net`.

pub mod login;
pub mod trust;

use std::time::Duration;

use url::Url;

use crate::base::secret::Secret;
use crate::base::time::Later;
use crate::cli::fault::{CliError, Fault, refusal};
use crate::cli::session::{Answer, Exchange, Payload, Request};
use crate::net::client::Client;
use crate::net::client::outgoing::{ClientError, Outgoing, Trust};
use crate::net::http::Method;
use crate::net::intake::Intake;
use crate::net::websocket::{self, WebSocket, WebSocketError};

/// An API at an address. Nothing is sent before the first request.
#[derive(Debug)]
pub struct Link {
    client: Client,
    /// Ends with a slash.
    base: Url,
    /// As it was given, for messages.
    url: String,
    trust: Trust,
    /// The value of `Authorization`.
    login: Option<Secret>,
}

impl Link {
    /// `url` may end in a path below which the API is served; a final `/v1` is taken off.
    pub fn open(url: &str) -> Result<Self, CliError> {
        let bare_of_login = url.rsplit('@').next().unwrap_or(url);
        let wrong = || CliError::Address { url: bare_of_login.chars().take(LONGEST_SHOWN).collect() };
        let root = url.trim_end_matches('/');
        let root = root.strip_suffix("/v1").unwrap_or(root);
        let base: Url = format!("{root}/").parse().map_err(|_| wrong())?;
        let trust = match base.scheme() {
            "http" => Trust::Plain,
            "https" => trust::of(base.host_str().unwrap_or_default())?,
            _ => return Err(wrong()),
        };
        let in_url = !base.username().is_empty() || base.password().is_some();
        if in_url || base.query().is_some() || base.fragment().is_some() {
            return Err(wrong());
        }
        Ok(Self {
            client: Client::keeping(),
            base,
            url: url.to_owned(),
            trust,
            login: login::authorization()?,
        })
    }

    fn outgoing(&self, request: Request) -> Result<Outgoing, CliError> {
        let wrong = |_| CliError::Address { url: self.url.clone() };
        let url = self.base.join(request.path.trim_start_matches('/')).map_err(wrong)?;
        let mut outgoing = Outgoing::new(request.method, url, self.trust.clone());
        outgoing.headers.set("X-OpenStack-Ironic-API-Version", VERSION);
        outgoing.headers.set("Accept", "application/json");
        outgoing.deadline = DEADLINE;
        if let Some(login) = &self.login {
            outgoing.headers.set("Authorization", login.reveal());
        }
        match request.body {
            Payload::Nothing => {}
            Payload::Json(body) => {
                outgoing.headers.set("Content-Type", "application/json");
                outgoing.body = body.to_string().into_bytes();
            }
            Payload::Slice(slice) => {
                let bytes = u64::try_from(slice.bytes.len()).unwrap_or(u64::MAX);
                let last = slice.start.saturating_add(bytes).saturating_sub(1);
                let span = if bytes == 0 { "*".to_owned() } else { format!("{}-{last}", slice.start) };
                let range = format!("bytes {span}/{}", slice.total);
                outgoing.headers.set("Content-Type", "application/octet-stream");
                outgoing.headers.set("Content-Range", range);
                outgoing.body = slice.bytes;
                outgoing.deadline = SLICE_DEADLINE;
            }
        }
        outgoing.answer_limit = ANSWER_LIMIT;
        Ok(outgoing)
    }

    /// Opens a WebSocket at `path`.
    pub async fn line(&self, path: String) -> Result<WebSocket, CliError> {
        let url = self.url.clone();
        let request = Request { method: Method::Get, path, body: Payload::Nothing };
        match websocket::connect(&self.outgoing(request)?).await {
            Ok(socket) => Ok(socket),
            Err(WebSocketError::Refused { status, body }) => {
                Err(CliError::Refused(Fault::read(status, &body)))
            }
            Err(WebSocketError::Connection(error)) => Err(unsent(url, error)),
            Err(error) => Err(CliError::Unanswered { url, source: error.into() }),
        }
    }

    /// Hands what the API sends at `path` to `intake`, until it ends; silence for long is an end, too.
    pub async fn stream(&self, path: String, intake: &mut dyn Intake) -> Result<(), CliError> {
        let url = self.url.clone();
        let request = Request { method: Method::Get, path, body: Payload::Nothing };
        let mut outgoing = self.outgoing(request.clone())?;
        outgoing.headers.set("Accept", "text/event-stream");
        (outgoing.deadline, outgoing.answer_limit) = (SILENCE, usize::MAX);
        match self.client.receive(outgoing, intake).await {
            Ok(ended) if (200..300).contains(&ended.status) => Ok(()),
            // Its body was not read: who is refused is told so again.
            Ok(refused) if refused.status < 500 => {
                let answer = self.send(request).await?;
                Err(refusal(&url, refused.status, &answer.body))
            }
            Ok(refused) => Err(CliError::Refused(Fault::read(refused.status, &[]))),
            Err(ClientError::Sink { source, .. }) => Err(CliError::Print(source)),
            Err(error @ ClientError::Unreachable { .. }) => {
                Err(CliError::Unreachable { url, source: error.into() })
            }
            Err(error) => Err(CliError::Unanswered { url, source: error.into() }),
        }
    }

    async fn send(&self, request: Request) -> Result<Answer, CliError> {
        let url = self.url.clone();
        match self.client.send(self.outgoing(request)?).await {
            Ok(answer) => Ok(Answer { status: answer.status, body: answer.body }),
            Err(error) => Err(unsent(url, error)),
        }
    }
}

/// Why a request has no answer.
fn unsent(url: String, error: ClientError) -> CliError {
    if matches!(error, ClientError::Unreachable { .. }) {
        return CliError::Unreachable { url, source: error.into() };
    }
    if matches!(error, ClientError::Tls { .. } | ClientError::WrongCertificate { .. }) {
        return CliError::Untrusted { url, source: error.into() };
    }
    CliError::Unanswered { url, source: error.into() }
}

impl Exchange for Link {
    fn exchange(&self, request: Request) -> Later<'_, Result<Answer, CliError>> {
        Box::pin(self.send(request))
    }
}

/// The newest microversion, whose fields and verbs the commands use.
const VERSION: &str = "1.115";

/// Over the 25 s after which the daemon gives up on a machine by itself.
const DEADLINE: Duration = Duration::from_mins(1);

/// Three beats of a stream.
const SILENCE: Duration = Duration::from_secs(45);

/// A slice over a thin line, and the hash of the whole file after the last one.
const SLICE_DEADLINE: Duration = Duration::from_mins(5);

/// A page of 1000 nodes at their largest (64 KiB a record) fits twice.
const ANSWER_LIMIT: usize = 128 << 20;

/// Characters of a wrong address that are shown.
const LONGEST_SHOWN: usize = 200;

#[cfg(test)]
mod tests;
