//! A server on loopback for tests: it tells what it was asked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::base::time::Later;
use crate::net::body::BodyError;
use crate::net::files::serve_file;
use crate::net::http::{Request, Response};
use crate::net::server::limits::Limits;
use crate::net::server::{Service, serve, serve_tls};
use crate::net::tls::{self, Identity, ServerTls, TlsFloor};

/// Bodies over this are answered 413.
pub(super) const LIMIT: usize = 1000;

/// Answers by path; see `call`.
#[derive(Default)]
pub(super) struct Sample {
    /// Told when `/wait` is entered.
    pub(super) entered: Notify,
    /// What `/wait` waits for.
    pub(super) release: Notify,
    /// Where `/file/` looks.
    pub(super) root: PathBuf,
}

impl Service for Sample {
    fn call(&self, mut request: Request) -> Later<'_, Response> {
        Box::pin(async move {
            match request.path.as_str() {
                "/panic" => panic!("as asked"),
                "/wait" => {
                    self.entered.notify_one();
                    self.release.notified().await;
                    Response::text(200, "released")
                }
                "/unread" => {
                    self.entered.notify_one();
                    Response::text(405, "unread")
                }
                "/big" => Response::of(200, "application/octet-stream", vec![b'x'; 64 << 20]),
                "/parts" => counted(&mut request).await,
                "/moved" => Response::empty(302).with("Location", "/echo"),
                "/split" => Response::empty(200).with("X-Name", "one\r\nX-Other: two"),
                path => match path.strip_prefix("/file/") {
                    Some(rest) => serve_file(&self.root, rest, request.method, &request.headers).await,
                    None => echo(&mut request).await,
                },
            }
        })
    }
}

async fn echo(request: &mut Request) -> Response {
    let head = format!("{} {} ?{} ", request.method.word(), request.path, request.query);
    match request.read(LIMIT).await {
        Ok(body) => Response::text(200, head + &String::from_utf8_lossy(&body))
            .with("X-Peer", request.peer.to_string()),
        Err(BodyError::TooLarge { .. }) => Response::text(413, "too large"),
        Err(BodyError::Slow { .. }) => Response::text(408, "too slow"),
        Err(BodyError::Broken(_)) => Response::text(400, "broken"),
    }
}

/// Reads part by part, and says how many bytes came.
async fn counted(request: &mut Request) -> Response {
    let mut count = 0;
    loop {
        match request.next().await {
            Ok(Some(part)) => count += part.len(),
            Ok(None) => return Response::text(200, format!("{count} bytes")),
            Err(BodyError::Slow { .. }) => return Response::text(408, format!("too slow after {count}")),
            Err(BodyError::TooLarge { .. } | BodyError::Broken(_)) => {
                return Response::text(400, format!("broken after {count}"));
            }
        }
    }
}

/// A running server.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) service: Arc<Sample>,
    pub(super) stop: CancellationToken,
    pub(super) task: JoinHandle<()>,
}

impl Running {
    pub(super) async fn plain(limits: Limits) -> Self {
        Self::with(limits, Sample::default()).await
    }

    pub(super) async fn with(limits: Limits, sample: Sample) -> Self {
        let (listener, address) = bound().await;
        let (service, stop) = (Arc::new(sample), CancellationToken::new());
        let task = tokio::spawn(serve(listener, service.clone(), limits, stop.clone()));
        Self { address, service, stop, task }
    }

    pub(super) async fn tls(floor: TlsFloor) -> (Self, Identity) {
        let identity = tls::self_signed("127.0.0.1").unwrap();
        (Self::known_as(&identity, floor).await, identity)
    }

    pub(super) async fn known_as(identity: &Identity, floor: TlsFloor) -> Self {
        let (listener, address) = bound().await;
        let (service, stop) = (Arc::new(Sample::default()), CancellationToken::new());
        let tls = ServerTls::from_pem(identity.certificate.as_bytes(), &identity.key, floor).unwrap();
        let task = tokio::spawn(serve_tls(listener, tls, service.clone(), Limits::default(), stop.clone()));
        Self { address, service, stop, task }
    }

    pub(super) fn url(&self, scheme: &str, path: &str) -> Url {
        Url::parse(&format!("{scheme}://{}{path}", self.address)).unwrap()
    }

    /// Sends raw bytes on a connection of their own.
    pub(super) async fn raw(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// Sends raw bytes and reads until the server closes.
    pub(super) async fn talk(&self, bytes: &[u8]) -> String {
        rest(&mut self.raw(bytes).await).await
    }
}

pub(super) async fn bound() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Reads until the far side closes.
pub(super) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Reads one answer to a request that leaves the connection open; its body ends with `end`.
pub(super) async fn one(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "closed after {text}");
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
    text
}
