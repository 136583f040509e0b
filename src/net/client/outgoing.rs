//! One request to somebody else: what is asked, whom we trust, and how it can fail.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use url::Url;

use crate::net::http::{Headers, Method};
use crate::net::tls::TlsFloor;

/// Which far side is the right one.
#[derive(Clone, PartialEq, Eq)]
pub enum Trust {
    /// `http` only: nobody is checked.
    Plain,
    /// `https`, and the peer's own certificate equals this one (DER, or PEM) byte for byte. Names and dates
    /// are not looked at; that the peer has the key is.
    Pinned(Vec<u8>),
    /// `https`, under the certificate authorities of this machine.
    Roots,
    /// `https`, under these certificate authorities and no others: PEM, perhaps with other sections. The peer's own
    /// certificate among them is taken for the names in it.
    Authorities(Arc<[u8]>),
    /// `https`, and the SHA-256 of the peer's own certificate is this one. Names and dates are not looked at.
    Fingerprint([u8; 32]),
    /// `https` with any certificate.
    Insecure,
}

/// Which connection a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// A kept one, if there is any.
    #[default]
    Any,
    /// A new one, which may be kept afterwards: a request that must not be sent twice meets no connection that died
    /// unnoticed.
    Fresh,
    /// A new one, said to be closed afterwards.
    Never,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "Plain",
            Self::Pinned(_) => "Pinned",
            Self::Roots => "Roots",
            Self::Authorities(_) => "Authorities",
            Self::Fingerprint(_) => "Fingerprint",
            Self::Insecure => "Insecure",
        })
    }
}

/// A request on its way out.
#[derive(Clone)]
pub struct Outgoing {
    pub method: Method,
    pub url: Url,
    pub headers: Headers,
    pub body: Vec<u8>,
    pub trust: Trust,
    /// The oldest TLS that is accepted.
    pub floor: TlsFloor,
    /// For an exchange: the whole of it. For a download: the wait for the head, and then for each next bytes.
    pub deadline: Duration,
    /// The longest that opening a connection may take, TLS included.
    pub connect: Duration,
    pub reuse: Reuse,
    /// The longest answer body, in bytes.
    pub answer_limit: usize,
}

impl Outgoing {
    /// A request without headers and body; 30 s, and an answer of 1 MiB at most.
    pub fn new(method: Method, url: Url, trust: Trust) -> Self {
        Self {
            method,
            url,
            headers: Headers::new(),
            body: Vec::new(),
            trust,
            floor: TlsFloor::default(),
            deadline: DEADLINE,
            connect: Duration::MAX,
            reuse: Reuse::default(),
            answer_limit: ANSWER_LIMIT,
        }
    }
}

/// Without the query, the userinfo, header values and the body: each may hold a credential.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, url, headers, trust, .. } = self;
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0));
        write!(f, "{} {}://{host}:{port}{} {headers:?} {trust:?}", method.word(), url.scheme(), url.path())
    }
}

/// What came back, redirects included: none is followed.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    pub body: Vec<u8>,
    /// A kept connection broke under this request, which then went over a new one.
    pub stale: bool,
}

impl Answer {
    /// What `Content-Length` says, in bytes; for HEAD that of the body left out.
    pub fn length(&self) -> Option<u64> {
        self.headers.get("content-length")?.parse().ok()
    }
}

/// What a download came to.
#[derive(Debug, Clone)]
pub struct Downloaded {
    /// Bytes given to the sink; 0 unless the status is 2xx.
    pub bytes: u64,
    pub status: u16,
    pub headers: Headers,
}

/// Why there is no answer. `peer` is host and port; no path, query or header is ever shown.
#[derive(Debug, Error)]
pub enum ClientError {
    #[error("request to {peer} cannot be sent: {what}")]
    Unsendable { peer: String, what: &'static str },
    /// No such name, no route, refused: nothing was sent.
    #[error("{peer} cannot be reached")]
    Unreachable { peer: String, source: io::Error },
    /// The peer's certificate is not the pinned one: it is another peer.
    #[error("{peer} showed another certificate than the pinned one")]
    WrongCertificate { peer: String },
    #[error("no TLS with {peer}")]
    Tls { peer: String, source: io::Error },
    /// `sent`: the request may have reached the peer.
    #[error("no answer from {peer} in {limit:?}")]
    Timeout { peer: String, limit: Duration, sent: bool },
    #[error("answer of {peer} is larger than {limit} bytes")]
    TooLarge { peer: String, limit: usize },
    /// The connection broke, or what came back was no HTTP. `sent`: the request may have reached the peer.
    #[error("{peer} broke off or does not speak HTTP")]
    Protocol { peer: String, sent: bool, source: Box<dyn std::error::Error + Send + Sync> },
    /// What was downloaded could not be put away.
    #[error("download from {peer} could not be written")]
    Sink { peer: String, source: io::Error },
}

impl ClientError {
    /// Whether the peer may have received the request, and so may have acted on it.
    pub fn sent(&self) -> bool {
        match self {
            Self::Unsendable { .. }
            | Self::Unreachable { .. }
            | Self::WrongCertificate { .. }
            | Self::Tls { .. } => false,
            Self::Timeout { sent, .. } | Self::Protocol { sent, .. } => *sent,
            Self::TooLarge { .. } | Self::Sink { .. } => true,
        }
    }
}

/// A management controller under load may think this long.
const DEADLINE: Duration = Duration::from_secs(30);

/// Enough for any control message; downloads and inventories say their own.
const ANSWER_LIMIT: usize = 1 << 20;
