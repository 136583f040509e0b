//! One HTTP/1.1 connection to somebody else. It is driven only while it is used: no task of its own.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::net::client::outgoing::{ClientError, Outgoing, Trust};
use crate::net::client::trust::is_wrong_certificate;
use crate::net::tls::TlsFloor;

/// Where a connection leads and on what terms; a connection may be used again for an equal one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: Host<String>,
    pub(super) port: u16,
    pub(super) trust: Trust,
    pub(super) floor: TlsFloor,
}

impl Target {
    /// Reads where `outgoing` leads; refuses what is not sent as it says.
    pub(super) fn of(outgoing: &Outgoing) -> Result<Self, ClientError> {
        let url = &outgoing.url;
        let unsendable = |what| ClientError::Unsendable { peer: shown(url), what };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(unsendable("URL without a host"));
        };
        match (url.scheme(), &outgoing.trust) {
            ("http", Trust::Plain) => {}
            ("https", trust) if *trust != Trust::Plain => {}
            ("http", _) => return Err(unsendable("http cannot show a certificate")),
            ("https", _) => return Err(unsendable("https needs a certificate to trust")),
            _ => return Err(unsendable("scheme is neither http nor https")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unsendable("URL holds a user name or a password"));
        }
        Ok(Self { host: host.to_owned(), port, trust: outgoing.trust.clone(), floor: outgoing.floor })
    }

    /// Host and port, as errors show them.
    pub(super) fn peer(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        match &self.host {
            Host::Ipv4(ip) => Ok(vec![SocketAddr::from((*ip, self.port))]),
            Host::Ipv6(ip) => Ok(vec![SocketAddr::from((*ip, self.port))]),
            Host::Domain(name) => Ok(lookup_host((name.as_str(), self.port)).await?.collect()),
        }
    }

    fn server_name(&self) -> Option<ServerName<'static>> {
        match &self.host {
            Host::Ipv4(ip) => Some(ServerName::from(std::net::IpAddr::from(*ip))),
            Host::Ipv6(ip) => Some(ServerName::from(std::net::IpAddr::from(*ip))),
            Host::Domain(name) => ServerName::try_from(name.clone()).ok(),
        }
    }
}

fn shown(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// An open connection.
pub(super) struct Line {
    sender: http1::SendRequest<Full<Bytes>>,
    talk: Option<Talk>,
}

type Talk = Pin<Box<http1::Connection<TokioIo<Box<dyn Wire>>, Full<Bytes>>>>;

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

impl Line {
    /// Connects, with TLS if there are settings for it.
    pub(super) async fn open(target: &Target, tls: Option<Arc<ClientConfig>>) -> Result<Self, ClientError> {
        let stream =
            dial(target).await.map_err(|source| ClientError::Unreachable { peer: target.peer(), source })?;
        let wire: Box<dyn Wire> = match tls {
            None => Box::new(stream),
            Some(config) => Box::new(greet(target, config, stream).await?),
        };
        let (sender, talk) = http1::Builder::new()
            .title_case_headers(true)
            .max_header_size(HEAD_SIZE)
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|why| broken(target, false, why))?;
        Ok(Self { sender, talk: Some(Box::pin(talk)) })
    }

    /// Waits until a used connection can take another request; false if it is gone.
    pub(super) async fn is_ready(&mut self) -> bool {
        let Self { sender, talk } = self;
        drive(talk, sender.ready()).await.is_ok() && talk.is_some()
    }

    /// Sends a request and waits for the head of its answer. The error says whether it may have been sent.
    pub(super) async fn ask(
        &mut self,
        request: hyper::Request<Full<Bytes>>,
    ) -> Result<hyper::Response<Incoming>, (bool, hyper::Error)> {
        let Self { sender, talk } = self;
        drive(talk, sender.try_send_request(request))
            .await
            .map_err(|mut why| (why.take_message().is_none(), why.into_error()))
    }

    /// Does `work` that reads from this connection.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        drive(&mut self.talk, work).await
    }
}

/// Polls the connection beside `work`; what ends the connection reaches `work` by its own channel.
async fn drive<T>(talk: &mut Option<Talk>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|cx| {
        if let Some(open) = talk
            && open.as_mut().poll(cx).is_ready()
        {
            *talk = None;
        }
        work.as_mut().poll(cx)
    })
    .await
}

pub(super) async fn dial(target: &Target) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "name has no address");
    for address in target.addresses().await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Only a matter of speed: a small request should not wait for an acknowledgement.
                stream.set_nodelay(true).ok();
                return Ok(stream);
            }
            Err(why) => last = why,
        }
    }
    Err(last)
}

pub(super) async fn greet(
    target: &Target,
    config: Arc<ClientConfig>,
    stream: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, ClientError> {
    let peer = target.peer();
    let Some(name) = target.server_name() else {
        return Err(ClientError::Unsendable { peer, what: "host is no name that TLS can carry" });
    };
    TlsConnector::from(config).connect(name, stream).await.map_err(|source| {
        if is_wrong_certificate(&source) {
            ClientError::WrongCertificate { peer }
        } else {
            ClientError::Tls { peer, source }
        }
    })
}

/// The SHA-256 of the peer's certificate; the connection is closed at once.
pub(super) async fn fingerprint(target: &Target, config: Arc<ClientConfig>) -> Result<[u8; 32], ClientError> {
    let stream =
        dial(target).await.map_err(|source| ClientError::Unreachable { peer: target.peer(), source })?;
    let stream = greet(target, config, stream).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let none = ClientError::Unsendable { peer: target.peer(), what: "peer shows no certificate" };
    shown.map(|der| Sha256::digest(der).into()).ok_or(none)
}

pub(super) fn broken(target: &Target, sent: bool, why: hyper::Error) -> ClientError {
    ClientError::Protocol { peer: target.peer(), sent, source: Box::new(why) }
}

/// The longest head of an answer; cookies and security headers of a management controller stay far below.
const HEAD_SIZE: usize = 64 * 1024;

/// hyper's read buffer: what a download takes in at a time.
const BUFFER: usize = 256 * 1024;
