//! Both ends of a WebSocket (RFC 6455): a request is answered 101, then its connection bears messages.
//!
//! A page of another origin may open a WebSocket to any address that its browser reaches, and no preflight asks
//! before; so a request that names an origin other than ours is refused.

use std::fmt;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::base::time::Later;
use crate::net::body::Body;
use crate::net::client::line::{Target, dial, greet};
use crate::net::client::outgoing::{ClientError, Outgoing, Trust};
use crate::net::client::trust::Roots;
use crate::net::http::{Headers, Response};

/// A connection that bears bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Who takes a connection over after its last answer, or in its place.
pub struct Takeover {
    take: Box<Take>,
    /// What is sent first; empty if the answer's head is out by then.
    head: Vec<u8>,
}

type Take = dyn FnOnce(Box<dyn Stream>, Vec<u8>) -> Later<'static, ()> + Send + Sync;

impl Takeover {
    /// `take` gets the connection and what the client has sent already; with a status other than 101 the body of the
    /// answer is what it sends, to the end of the connection.
    pub fn new(
        take: impl FnOnce(Box<dyn Stream>, Vec<u8>) -> Later<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self { take: Box::new(take), head: Vec::new() }
    }

    pub(super) fn after(self, head: Vec<u8>) -> Self {
        Self { head, ..self }
    }

    /// Whether the answer's head is still to be sent.
    pub(super) fn brings_head(&self) -> bool {
        !self.head.is_empty()
    }

    /// `early`: what the client has sent already.
    pub(super) async fn run(self, mut stream: Box<dyn Stream>, early: Vec<u8>) {
        if stream.write_all(&self.head).await.is_ok() {
            (self.take)(stream, early).await;
        }
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Takeover")
    }
}

/// Why a request is not one for a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoWebSocket {
    #[error("this is a WebSocket: the request must ask to upgrade to one (version 13)")]
    Plain,
    #[error("a page of another origin may not open this WebSocket")]
    Stranger,
}

/// The answer to a request for a WebSocket; `serve` gets its messages.
pub fn accept(
    headers: &Headers,
    serve: impl FnOnce(WebSocket) -> Later<'static, ()> + Send + Sync + 'static,
) -> Result<Response, NoWebSocket> {
    let key = asked(headers).ok_or(NoWebSocket::Plain)?;
    if is_strange(headers) {
        return Err(NoWebSocket::Stranger);
    }
    let takeover = Takeover::new(move |stream, early| {
        Box::pin(async move {
            let inner =
                WebSocketStream::from_partially_read(stream, early, Role::Server, Some(config())).await;
            serve(WebSocket { inner }).await;
        })
    });
    let response = Response { body: Body::Takeover(takeover), ..Response::empty(101) };
    Ok(response
        .with("Upgrade", "websocket")
        .with("Connection", "Upgrade")
        .with("Sec-WebSocket-Accept", derive_accept_key(key.as_bytes())))
}

/// The client's key, if it asks as RFC 6455 4.1 says.
fn asked(headers: &Headers) -> Option<&str> {
    let has = |name, word: &str| {
        headers.all(name).flat_map(|line| line.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    let asks =
        has("Upgrade", "websocket") && has("Connection", "upgrade") && has("Sec-WebSocket-Version", "13");
    headers.get("Sec-WebSocket-Key").filter(|key| asks && (16..=64).contains(&key.len()))
}

/// Browsers name the page's origin, programs name none.
fn is_strange(headers: &Headers) -> bool {
    let Some(origin) = headers.get("Origin") else { return false };
    let host = headers.get("Host").unwrap_or_default();
    origin.split_once("://").is_none_or(|(_, authority)| !authority.eq_ignore_ascii_case(host))
}

/// One end of a WebSocket.
pub struct WebSocket {
    inner: WebSocketStream<Box<dyn Stream>>,
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket")
    }
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// A message, text or binary.
    Bytes(Vec<u8>),
    /// The far side lives.
    Sign,
    /// It has closed, or is gone; the reason if it gave one.
    End(Option<String>),
}

impl WebSocket {
    /// What comes next; may be dropped and called again.
    pub async fn next(&mut self) -> Came {
        match self.inner.next().await {
            Some(Ok(Message::Binary(bytes))) => Came::Bytes(bytes.to_vec()),
            Some(Ok(Message::Text(text))) => Came::Bytes(text.as_bytes().to_vec()),
            Some(Ok(Message::Close(frame))) => {
                Came::End(frame.map(|frame| frame.reason.to_string()).filter(|reason| !reason.is_empty()))
            }
            Some(Ok(_)) => Came::Sign,
            Some(Err(_)) | None => Came::End(None),
        }
    }

    /// Sends a binary message; `false` if the far side is gone.
    pub async fn send(&mut self, bytes: Vec<u8>) -> bool {
        self.inner.send(Message::Binary(bytes.into())).await.is_ok()
    }

    /// Asks for a sign of life.
    pub async fn ping(&mut self) -> bool {
        self.inner.send(Message::Ping(Vec::new().into())).await.is_ok()
    }

    /// Says farewell and waits a moment for the other's.
    pub async fn close(mut self) {
        let farewell = async {
            self.inner.close(None).await.ok();
            while let Some(Ok(_)) = self.inner.next().await {}
        };
        // Whether the far side was polite does not matter any more.
        tokio::time::timeout(FAREWELL, farewell).await.ok();
    }
}

/// Why no WebSocket was opened.
#[derive(Debug, Error)]
pub enum WebSocketError {
    #[error(transparent)]
    Connection(#[from] ClientError),
    /// An answer like any other.
    #[error("the answer was {status} instead of a WebSocket")]
    Refused { status: u16, body: Vec<u8> },
    #[error("{peer} did not open a WebSocket: {why}")]
    Protocol { peer: String, why: String },
}

/// Opens a WebSocket at the URL of `outgoing` (`http` or `https`), with its headers, within its deadline.
pub async fn connect(outgoing: &Outgoing) -> Result<WebSocket, WebSocketError> {
    let target = Target::of(outgoing)?;
    let peer = target.peer();
    let opened = tokio::time::timeout(outgoing.deadline, open(outgoing, &target)).await;
    opened.unwrap_or_else(|_| {
        let why = format!("no answer within {} s", outgoing.deadline.as_secs());
        Err(WebSocketError::Protocol { peer, why })
    })
}

async fn open(outgoing: &Outgoing, target: &Target) -> Result<WebSocket, WebSocketError> {
    use tokio_tungstenite::tungstenite::Error;
    let peer = target.peer();
    let stream =
        dial(target).await.map_err(|source| ClientError::Unreachable { peer: peer.clone(), source })?;
    let stream: Box<dyn Stream> = if target.trust == Trust::Plain {
        Box::new(stream)
    } else {
        let settings = Roots::default().settings(&target.trust, target.floor).await;
        let settings = settings.map_err(|what| ClientError::Unsendable { peer: peer.clone(), what })?;
        Box::new(greet(target, settings, stream).await?)
    };
    let wrong = |why: String| WebSocketError::Protocol { peer: peer.clone(), why };
    let request = head(outgoing).ok_or_else(|| wrong("its address cannot be sent".to_owned()))?;
    match tokio_tungstenite::client_async_with_config(request, stream, Some(config())).await {
        Ok((inner, _)) => Ok(WebSocket { inner }),
        Err(Error::Http(answer)) => {
            let (head, body) = answer.into_parts();
            Err(WebSocketError::Refused { status: head.status.as_u16(), body: body.unwrap_or_default() })
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// The request's head with the headers of `outgoing`.
fn head(outgoing: &Outgoing) -> Option<hyper::Request<()>> {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest;
    // The scheme only says whether there is TLS, which there is by now or not.
    let url = outgoing.url.as_str().replacen("http", "ws", 1);
    let mut request = url.into_client_request().ok()?;
    for (name, value) in outgoing.headers.iter() {
        let name = hyper::header::HeaderName::try_from(name).ok()?;
        request.headers_mut().append(name, hyper::header::HeaderValue::try_from(value).ok()?);
    }
    Some(request)
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MESSAGE * 4)
        .max_message_size(Some(MESSAGE))
        .max_frame_size(Some(MESSAGE))
}

/// Largest message in bytes: more than a terminal sends or shows at once.
const MESSAGE: usize = 64 << 10;
/// Bytes read at a time.
const BUFFER: usize = 8 << 10;
/// How long the other's farewell is awaited.
const FAREWELL: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
