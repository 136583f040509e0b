//! Files by HTTP: a script is read, everything else is counted and thrown away.

use std::io;
use std::time::Duration;

use url::Url;

use crate::base::time::Later;
use crate::net::client::Client;
use crate::net::client::outgoing::{ClientError, Outgoing};
use crate::net::http::{Headers, Method};
use crate::net::intake::Intake;
use crate::twin::agent::caller::trust;

/// Why a file did not come.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{0:?} is no URL")]
    Url(String),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{url} was answered with {status}")]
    Status { url: String, status: u16 },
    #[error("{url} has {wanted} bytes, and {got} came")]
    Short { url: String, wanted: u64, got: u64 },
}

/// Who asks; it keeps its connection as firmware and iPXE do.
#[derive(Debug)]
pub(super) struct Fetcher {
    client: Client,
    agent: &'static str,
}

impl Fetcher {
    pub(super) fn new(agent: &'static str) -> Self {
        Self { client: Client::keeping(), agent }
    }

    /// A short text.
    pub(super) async fn text(&self, url: &str) -> Result<String, FetchError> {
        let answer = self.client.send(self.outgoing(Method::Get, url)?).await?;
        if answer.status != 200 {
            return Err(FetchError::Status { url: url.to_owned(), status: answer.status });
        }
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Asks for the head as OVMF does before it fetches; the length.
    pub(super) async fn head(&self, url: &str) -> Result<Option<u64>, FetchError> {
        let answer = self.client.send(self.outgoing(Method::Head, url)?).await?;
        if answer.status != 200 {
            return Err(FetchError::Status { url: url.to_owned(), status: answer.status });
        }
        Ok(answer.length())
    }

    /// Fetches a file to its end; its bytes.
    pub(super) async fn discard(&self, url: &str) -> Result<u64, FetchError> {
        let mut outgoing = self.outgoing(Method::Get, url)?;
        outgoing.answer_limit = usize::MAX;
        let done = self.client.receive(outgoing, &mut Nowhere).await?;
        if done.status != 200 {
            return Err(FetchError::Status { url: url.to_owned(), status: done.status });
        }
        let wanted = done.headers.get("Content-Length").and_then(|length| length.parse().ok());
        match wanted {
            Some(wanted) if wanted != done.bytes => {
                Err(FetchError::Short { url: url.to_owned(), wanted, got: done.bytes })
            }
            Some(_) | None => Ok(done.bytes),
        }
    }

    fn outgoing(&self, method: Method, url: &str) -> Result<Outgoing, FetchError> {
        let parsed = Url::parse(url).map_err(|_| FetchError::Url(url.to_owned()))?;
        let trust = trust(&parsed);
        let mut outgoing = Outgoing::new(method, parsed, trust);
        outgoing.headers.push("User-Agent", self.agent);
        outgoing.deadline = SILENCE;
        Ok(outgoing)
    }
}

/// Where bytes are thrown away.
struct Nowhere;

impl Intake for Nowhere {
    fn head(&mut self, _: u16, _: &Headers) -> io::Result<()> {
        Ok(())
    }

    fn take<'a>(&'a mut self, _: &'a [u8]) -> Later<'a, io::Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn end(&mut self) -> Later<'_, io::Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The longest wait for a head or the next bytes.
const SILENCE: Duration = Duration::from_secs(30);
