//! The HTTP/1.1 client: one request out, one bounded answer back, within a deadline; redirects are answers.

pub mod line;
pub mod outgoing;
pub mod trust;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use rustls::ClientConfig;
use tokio::io::AsyncWrite;
use tokio::time::timeout;
use url::Url;

use crate::net::body::{Spill, gather};
use crate::net::client::line::{Line, Target, broken};
use crate::net::client::outgoing::{Answer, ClientError, Downloaded, Outgoing, Reuse, Trust};
use crate::net::client::trust::Roots;
use crate::net::http::Method;
use crate::net::intake::{Intake, Sink};
use crate::net::server::{headers_in, headers_out};

/// Sends requests. One client may be shared by many tasks.
#[derive(Default)]
pub struct Client {
    roots: Arc<Roots>,
    /// Connections that can be used again, the last used at the end.
    kept: Mutex<Vec<(Target, Line)>>,
    places: usize,
    /// TLS settings of the last connection: with them the next one to the same place resumes its session.
    tls: Mutex<Option<(Target, Arc<ClientConfig>)>>,
}

impl Client {
    /// A client that opens a connection for each request.
    pub fn new() -> Self {
        Self::default()
    }

    /// A client that keeps its last connection for the next request to the same place.
    pub fn keeping() -> Self {
        Self { places: 1, ..Self::default() }
    }

    /// Another client under the same certificate authorities, which keeps so many connections.
    #[must_use]
    pub fn sibling(&self, places: usize) -> Self {
        Self { roots: Arc::clone(&self.roots), places, ..Self::default() }
    }

    /// The SHA-256 of the certificate that the peer of an `https` URL shows. Nothing is sent to it.
    pub async fn fingerprint(&self, outgoing: Outgoing) -> Result<[u8; 32], ClientError> {
        let target = Target { trust: Trust::Insecure, ..Target::of(&outgoing)? };
        let connect = outgoing.connect.min(outgoing.deadline);
        let unsendable = |what| ClientError::Unsendable { peer: target.peer(), what };
        let settings = self.roots.settings(&target.trust, target.floor).await.map_err(unsendable)?;
        let late = |_| ClientError::Timeout { peer: target.peer(), limit: connect, sent: false };
        timeout(connect, line::fingerprint(&target, settings)).await.map_err(late)?
    }

    /// Closes the connections that are kept.
    pub fn close(&self) {
        self.lock().clear();
    }

    /// Closes the kept connections but for the one that was used last.
    pub fn close_spare(&self) {
        let mut kept = self.lock();
        let spare = kept.len().saturating_sub(1);
        kept.drain(..spare);
        kept.shrink_to_fit();
    }

    /// Sends one request and reads the whole answer, all within `outgoing.deadline`.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Answer, ClientError> {
        let target = Target::of(&outgoing)?;
        let sent = AtomicBool::new(false);
        let exchange = self.exchange(&outgoing, &target, &sent);
        match timeout(outgoing.deadline, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(late(&target, outgoing.deadline, &sent)),
        }
    }

    /// Asks for the head of what `url` names.
    pub async fn head(&self, url: Url, trust: Trust, deadline: Duration) -> Result<Answer, ClientError> {
        self.send(Outgoing { deadline, ..Outgoing::new(Method::Head, url, trust) }).await
    }

    /// Writes the body of a 2xx answer to `sink` as it comes, `outgoing.answer_limit` bytes at most, and
    /// flushes it. Any other answer's body is left unread. After an error the sink may hold a part.
    pub async fn download(
        &self,
        outgoing: Outgoing,
        sink: &mut (dyn AsyncWrite + Unpin + Send),
    ) -> Result<Downloaded, ClientError> {
        self.receive(outgoing, &mut Sink(sink)).await
    }

    /// As [`Client::download`], for who has to see the head before the first bytes come.
    pub async fn receive(
        &self,
        outgoing: Outgoing,
        intake: &mut dyn Intake,
    ) -> Result<Downloaded, ClientError> {
        let target = Target::of(&outgoing)?;
        let sent = AtomicBool::new(false);
        let (mut line, response, _) = timeout(outgoing.deadline, self.ask(&outgoing, &target, &sent))
            .await
            .map_err(|_| late(&target, outgoing.deadline, &sent))??;
        let (status, headers) = (response.status().as_u16(), headers_in(response.headers()));
        if !response.status().is_success() {
            return Ok(Downloaded { bytes: 0, status, headers });
        }
        intake.head(status, &headers).map_err(|source| ClientError::Sink { peer: target.peer(), source })?;
        let flow = Flow { target: &target, limit: outgoing.answer_limit, silence: outgoing.deadline };
        let bytes = line.during(flow.pour(response.into_body(), intake)).await?;
        Ok(Downloaded { bytes, status, headers })
    }

    async fn exchange(
        &self,
        outgoing: &Outgoing,
        target: &Target,
        sent: &AtomicBool,
    ) -> Result<Answer, ClientError> {
        let (mut line, response, stale) = self.ask(outgoing, target, sent).await?;
        let (head, body) = response.into_parts();
        // The length that a HEAD announces is not that of its own body.
        let limit = if outgoing.method == Method::Head { usize::MAX } else { outgoing.answer_limit };
        let body = match line.during(gather(body, limit, None)).await {
            Ok(body) => body,
            // That nobody is logged in is told by the head alone; some BMCs break off after it.
            Err(Spill::Broken(_)) if head.status == hyper::StatusCode::UNAUTHORIZED => {
                let headers = headers_in(&head.headers);
                return Ok(Answer { status: head.status.as_u16(), headers, body: Vec::new(), stale });
            }
            Err(Spill::TooLarge) => return Err(ClientError::TooLarge { peer: target.peer(), limit }),
            Err(Spill::Broken(why)) => return Err(broken(target, true, why)),
        };
        if outgoing.reuse != Reuse::Never {
            self.keep(target, line);
        }
        Ok(Answer { status: head.status.as_u16(), headers: headers_in(&head.headers), body, stale })
    }

    /// Sends the request over a kept connection or a new one. A kept one may have died unnoticed: then the
    /// request goes over a new one if it was not sent, or changes nothing.
    async fn ask(
        &self,
        outgoing: &Outgoing,
        target: &Target,
        sent: &AtomicBool,
    ) -> Result<(Line, hyper::Response<Incoming>, bool), ClientError> {
        let kept = match outgoing.reuse {
            Reuse::Any => self.kept(target).await,
            Reuse::Fresh => {
                // The new one takes its place.
                drop(self.take(target));
                None
            }
            Reuse::Never => None,
        };
        let mut stale = false;
        if let Some(mut line) = kept {
            sent.store(true, Ordering::Relaxed);
            match line.ask(request(outgoing, target)?).await {
                Ok(response) => return Ok((line, response, false)),
                Err((true, why)) if !outgoing.method.is_safe() => return Err(broken(target, true, why)),
                Err(_) => {
                    sent.store(false, Ordering::Relaxed);
                    stale = true;
                }
            }
        }
        let request = request(outgoing, target)?;
        let late = |_| ClientError::Timeout { peer: target.peer(), limit: outgoing.connect, sent: false };
        let mut line = timeout(outgoing.connect, self.open(target)).await.map_err(late)??;
        sent.store(true, Ordering::Relaxed);
        match line.ask(request).await {
            Ok(response) => Ok((line, response, stale)),
            Err((sent, why)) => Err(broken(target, sent, why)),
        }
    }

    async fn open(&self, target: &Target) -> Result<Line, ClientError> {
        if target.trust == Trust::Plain {
            return Line::open(target, None).await;
        }
        if let Some(settings) = self.known_settings(target) {
            match Line::open(target, Some(settings)).await {
                // A server that stumbles over the session that is resumed is greeted as a stranger.
                Err(ClientError::Tls { .. }) => {}
                outcome => return outcome,
            }
        }
        Line::open(target, Some(self.new_settings(target).await?)).await
    }

    fn known_settings(&self, target: &Target) -> Option<Arc<ClientConfig>> {
        let last = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(one, _)| one == target).map(|(_, settings)| Arc::clone(settings))
    }

    async fn new_settings(&self, target: &Target) -> Result<Arc<ClientConfig>, ClientError> {
        let settings = self
            .roots
            .settings(&target.trust, target.floor)
            .await
            .map_err(|what| ClientError::Unsendable { peer: target.peer(), what })?;
        if self.places > 0 {
            let mut last = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
            *last = Some((target.clone(), Arc::clone(&settings)));
        }
        Ok(settings)
    }

    /// Takes the kept connection if it leads to `target` and still lives.
    async fn kept(&self, target: &Target) -> Option<Line> {
        loop {
            let mut line = self.take(target)?;
            if line.is_ready().await {
                return Some(line);
            }
        }
    }

    /// Takes the kept connection to `target` that was used last.
    fn take(&self, target: &Target) -> Option<Line> {
        let mut kept = self.lock();
        let at = kept.iter().rposition(|(one, _)| one == target)?;
        Some(kept.remove(at).1)
    }

    /// Keeps the connection; the one unused for longest makes room.
    fn keep(&self, target: &Target, line: Line) {
        if self.places == 0 {
            return;
        }
        let mut kept = self.lock();
        if kept.len() >= self.places {
            kept.remove(0);
        }
        kept.push((target.clone(), line));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Target, Line)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client {{ keeping: {} }}", self.places)
    }
}

/// A download under way.
struct Flow<'a> {
    target: &'a Target,
    limit: usize,
    /// The longest wait for the next bytes.
    silence: Duration,
}

impl Flow<'_> {
    async fn pour(&self, mut body: Incoming, intake: &mut dyn Intake) -> Result<u64, ClientError> {
        let (peer, limit) = (self.target.peer(), u64::try_from(self.limit).unwrap_or(u64::MAX));
        let too_large = || ClientError::TooLarge { peer: peer.clone(), limit: self.limit };
        let unwritten = |source| ClientError::Sink { peer: peer.clone(), source };
        if body.size_hint().lower() > limit {
            return Err(too_large());
        }
        let mut bytes: u64 = 0;
        while let Some(data) = self.next(&mut body).await? {
            bytes = bytes.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
            if bytes > limit {
                return Err(too_large());
            }
            intake.take(&data).await.map_err(unwritten)?;
        }
        intake.end().await.map_err(unwritten)?;
        Ok(bytes)
    }

    /// The next bytes; `None` at the end.
    async fn next(&self, body: &mut Incoming) -> Result<Option<Bytes>, ClientError> {
        let frame = timeout(self.silence, body.frame()).await.map_err(|_| ClientError::Timeout {
            peer: self.target.peer(),
            limit: self.silence,
            sent: true,
        })?;
        match frame {
            None => Ok(None),
            Some(Err(why)) => Err(broken(self.target, true, why)),
            Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        }
    }
}

fn late(target: &Target, limit: Duration, sent: &AtomicBool) -> ClientError {
    ClientError::Timeout { peer: target.peer(), limit, sent: sent.load(Ordering::Relaxed) }
}

/// The request for hyper, with `Host`, and `Content-Length` where a body is expected.
fn request(outgoing: &Outgoing, target: &Target) -> Result<hyper::Request<Full<Bytes>>, ClientError> {
    let unsendable = |what| ClientError::Unsendable { peer: target.peer(), what };
    let Outgoing { method, url, headers, body, .. } = outgoing;
    if *method == Method::Other {
        return Err(unsendable("method is unknown"));
    }
    let mut headers = headers.clone();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    if outgoing.reuse == Reuse::Never {
        headers.set("Connection", "close");
    }
    headers.set("Host", format!("{}{port}", target.host));
    if !body.is_empty() || matches!(method, Method::Put | Method::Post | Method::Patch) {
        headers.set("Content-Length", body.len().to_string());
    }
    let mut request = hyper::Request::new(Full::new(Bytes::from(body.clone())));
    *request.method_mut() =
        hyper::Method::from_bytes(method.word().as_bytes()).map_err(|_| unsendable("method is unknown"))?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    *request.uri_mut() =
        format!("{}{query}", url.path()).parse().map_err(|_| unsendable("path cannot stand in a request"))?;
    *request.headers_mut() = headers_out(&headers).ok_or_else(|| unsendable("header cannot be sent"))?;
    Ok(request)
}

#[cfg(test)]
mod tests;
