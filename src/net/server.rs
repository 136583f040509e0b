//! The HTTP/1.1 accept loop: bounded connections, heads, bodies and stalls, and an orderly end.
//!
//! A connection is one task: accept -> TLS, if any -> head -> [`Service::call`] -> answer -> next head or close.
//! When all connections are taken, the one that has waited longest for its client makes room (`seats`).
//! A panic ends its own connection only. On `stop` nothing more is accepted, idle connections close, requests
//! under way are answered, and what is left after [`Limits::drain`] is cut.

pub mod handover;
pub mod limits;
pub mod seats;
pub mod stall;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, EXPECT, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::base::time::Later;
use crate::net::body::{Arrival, Body, Inflow, Outflow};
use crate::net::http::{Headers, Method, Request, Response};
use crate::net::server::handover::{Ledger, Sending};
use crate::net::server::limits::Limits;
use crate::net::server::seats::{Given, Seat, Seats};
use crate::net::server::stall::Impatient;
use crate::net::tls::ServerTls;
use crate::net::websocket::Takeover;

/// What answers requests.
///
/// The future may be dropped before the answer, when the connection breaks or has to make room: what must be brought to
/// an end belongs to another task. A client that only says that it will ask no more is answered.
pub trait Service: Send + Sync {
    fn call(&self, request: Request) -> Later<'_, Response>;
}

/// Serves plain HTTP until `stop`; returns when every connection has ended.
pub async fn serve(
    listener: TcpListener,
    service: Arc<dyn Service>,
    limits: Limits,
    stop: CancellationToken,
) {
    run(listener, Arc::new(Door { service, tls: None, limits }), stop).await;
}

/// Serves HTTPS until `stop`; returns when every connection has ended.
pub async fn serve_tls(
    listener: TcpListener,
    tls: ServerTls,
    service: Arc<dyn Service>,
    limits: Limits,
    stop: CancellationToken,
) {
    run(listener, Arc::new(Door { service, tls: Some(tls), limits }), stop).await;
}

/// What every connection of a listener shares.
struct Door {
    service: Arc<dyn Service>,
    tls: Option<ServerTls>,
    limits: Limits,
}

async fn run(listener: TcpListener, door: Arc<Door>, stop: CancellationToken) {
    let (mut tasks, seats) = (JoinSet::new(), Arc::new(Seats::default()));
    // Who was let in last and has no seat yet, and whether somebody was told to leave for it.
    let (mut next, mut leaving) = (None, false);
    loop {
        if tasks.len() < door.limits.connections {
            if let Some((stream, peer)) = next.take() {
                let seat = seats.take(SocketAddr::ip(&peer));
                tasks.spawn(seated(stream, peer, seat, door.clone(), stop.clone()));
            }
        } else if next.is_some() && !leaving {
            leaving = seats.make_room();
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                leaving = false;
                report(ended);
            }
            () = seats.one_waits(), if next.is_some() && !leaving => {}
            taken = listener.accept(), if next.is_none() => match taken {
                Ok(taken) => next = Some(taken),
                Err(why) => refused(&why, &stop).await,
            },
        }
    }
    drop(listener);
    drain(tasks, door.limits.drain).await;
}

/// Out of descriptors or a connection that broke while it queued: goes on, but not in a busy loop.
async fn refused(why: &std::io::Error, stop: &CancellationToken) {
    warn!(error = %why, "connection not accepted");
    stop.run_until_cancelled(tokio::time::sleep(BREATH)).await;
}

/// Waits for the connections that are left, `limit` at most, then cuts them.
async fn drain(mut tasks: JoinSet<()>, limit: Duration) {
    let rest = async {
        while let Some(ended) = tasks.join_next().await {
            report(ended);
        }
    };
    if timeout(limit, rest).await.is_err() {
        warn!(connections = tasks.len(), "connections cut at the end of the drain time");
        tasks.shutdown().await;
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(why) = ended
        && why.is_panic()
    {
        error!(error = %why, "a request panicked; its connection is closed");
    }
}

/// Serves a connection until it ends or has to make room.
async fn seated(stream: TcpStream, peer: SocketAddr, seat: Seat, door: Arc<Door>, stop: CancellationToken) {
    let seat = Arc::new(seat);
    let Ok(local) = stream.local_addr() else { return };
    let ends = Ends { peer, local };
    if seat.until_cut(Box::pin(attend(stream, ends, &seat, &door, &stop))).await.is_none() {
        debug!(%peer, "connection closed for another one: it had waited longest for its client");
    }
}

async fn attend(stream: TcpStream, ends: Ends, seat: &Arc<Seat>, door: &Arc<Door>, stop: &CancellationToken) {
    // Only a matter of speed: an answer should not wait for the next one.
    stream.set_nodelay(true).ok();
    let peer = ends.peer;
    let Some(tls) = &door.tls else {
        let ledger = Ledger::default();
        let stream = Sending::new(stream, ledger.clone());
        return converse((stream, Some(ledger)), ends, seat, door, stop).await;
    };
    let greeting = timeout(door.limits.head, greeted(stream, tls));
    match stop.run_until_cancelled(greeting).await {
        Some(Ok(Ok(Some(stream)))) => converse((stream, None), ends, seat, door, stop).await,
        Some(Ok(Ok(None))) => debug!(%peer, "plain HTTP came to a door that speaks HTTPS"),
        Some(Ok(Err(why))) => debug!(%peer, error = %why, "TLS handshake failed"),
        Some(Err(_)) => debug!(%peer, "TLS handshake took too long"),
        None => {}
    }
}

/// The stream behind TLS; none if the client speaks plain HTTP, which it is told in its own language.
async fn greeted(mut stream: TcpStream, tls: &ServerTls) -> std::io::Result<Option<TlsStream<TcpStream>>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first.iter().all(u8::is_ascii_uppercase) {
        let told =
            [b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n", PLAIN]
                .concat();
        stream.write_all(&told).await?;
        linger(stream).await;
        return Ok(None);
    }
    tls.acceptor().accept(stream).await.map(Some)
}

/// The two ends of a connection.
#[derive(Clone, Copy)]
struct Ends {
    peer: SocketAddr,
    local: SocketAddr,
}

/// Where a request came in.
struct Place {
    ends: Ends,
    seat: Arc<Seat>,
    /// Who takes the connection over after the answer.
    taken: Arc<Mutex<Option<Takeover>>>,
    /// Of a connection that sends files itself.
    ledger: Option<Ledger>,
}

/// Serves one connection to its end.
async fn converse<S>(
    (stream, ledger): (S, Option<Ledger>),
    ends: Ends,
    seat: &Arc<Seat>,
    door: &Arc<Door>,
    stop: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let asked = Arc::new(AtomicBool::new(false));
    let taken = Arc::new(Mutex::new(None));
    let service = service_fn(|request| {
        asked.store(true, Ordering::Relaxed);
        let (seat, taken, ledger) = (seat.clone(), taken.clone(), ledger.clone());
        answer(door.clone(), request, Place { ends, seat, taken, ledger })
    });
    let io = TokioIo::new(Impatient::new(stream, door.limits.stall, seat.clone()));
    let mut talk = speaker(&door.limits).serve_connection(io, service);
    let until_stop = stop.run_until_cancelled(poll_fn(|cx| talk.poll_without_shutdown(cx)));
    let ended = match until_stop.await {
        Some(ended) => ended,
        // A client that never asked has nothing to be answered.
        None if !asked.load(Ordering::Relaxed) => return,
        None => {
            Pin::new(&mut talk).graceful_shutdown();
            poll_fn(|cx| talk.poll_without_shutdown(cx)).await
        }
    };
    let takeover = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(takeover) = takeover.filter(|takeover| ended.is_ok() || takeover.brings_head()) {
        seat.resume().await;
        let parts = talk.into_parts();
        let stream = Box::new(parts.io.into_inner());
        stop.run_until_cancelled(takeover.run(stream, parts.read_buf.to_vec())).await;
        return;
    }
    if let Err(why) = &ended {
        debug!(peer = %ends.peer, error = %why, "connection ended in mid-talk");
    }
    // Who broke off or was too slow gets no more of our time.
    if ended.as_ref().err().is_none_or(hyper::Error::is_parse) {
        linger(talk.into_parts().io.into_inner()).await;
    }
}

fn speaker(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_header_size(limits.head_size)
        .max_buf_size(limits.head_size.max(BUFFER))
        // `nc -N` and simple firmware close their side after the request, and wait for the answer (RFC 9293 3.6).
        .half_close(true)
        // Blank bytes must never be copied (`handover`).
        .writev(true)
        .title_case_headers(true);
    builder
}

/// Says that nothing more comes, then takes in what the client is still sending: a close with unread bytes
/// resets the connection, and the client may lose the answer that it was given.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    // Whether the client was listening to the end is its own affair.
    timeout(LINGER, rest).await.ok();
}

type Answering = Pin<Box<dyn Future<Output = Result<hyper::Response<Given>, Left>> + Send>>;

/// The answer is not hyper's to give: who takes the connection over writes its head, too.
#[derive(Debug, thiserror::Error)]
#[error("the connection was taken over")]
struct Left;

fn answer(door: Arc<Door>, request: hyper::Request<Incoming>, place: Place) -> Answering {
    Box::pin(async move {
        let Place { ends, seat, taken, ledger } = place;
        seat.resume().await;
        let (head, body) = request.into_parts();
        let (arrival, waits) = (Arrival::new(body), head.headers.contains_key(EXPECT));
        let mut response = if let Some(mistake) = host_mistake(&head) {
            Response::text(400, mistake)
        } else {
            let body = Inflow::socket(arrival.clone(), door.limits.body, seat.clone());
            door.service.call(taken_in(&head, ends).with_body(body)).await
        };
        response.body = match response.body {
            Body::Takeover(takeover) => {
                let bare = response.status == SWITCHING;
                let head = if bare { Vec::new() } else { written_head(response.status, &response.headers) };
                *taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(takeover.after(head));
                if !bare {
                    return Err(Left);
                }
                Body::Empty
            }
            body @ (Body::Empty | Body::Bytes(_) | Body::File(_) | Body::Source(_) | Body::Stream(_)) => body,
        };
        let mut response = given_out(response, ledger);
        if !arrival.settle(waits, &seat).await {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        seat.resume().await;
        // A file is not in memory, whatever its length.
        if let Outflow::Whole(bytes) = response.body() {
            seat.hold(bytes.len());
        }
        Ok(response.map(|body| Given::new(body, seat)))
    })
}

/// What is wrong with the `Host` of a request (RFC 9112 3.2).
fn host_mistake(head: &Parts) -> Option<&'static str> {
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version >= hyper::Version::HTTP_11 => Some("a Host header is required\n"),
        (_, Some(_)) => Some("more than one Host header\n"),
        (Some(host), None) if !host.as_bytes().iter().copied().all(is_of_host) => {
            Some("the Host header names no host\n")
        }
        (Some(_) | None, None) => None,
    }
}

/// Whether a byte can stand in `uri-host [ ":" port ]` (RFC 3986 3.2.2).
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%:[]".contains(&byte)
}

fn taken_in(head: &Parts, ends: Ends) -> Request {
    let mut request = Request::made(Method::of(head.method.as_str()), head.uri.path(), Vec::new());
    head.method.as_str().clone_into(&mut request.word);
    head.uri.query().unwrap_or_default().clone_into(&mut request.query);
    request.headers = headers_in(&head.headers);
    // Who names a server in the request line means that one, whatever else is said (RFC 9112 3.2.2).
    if let Some(named) = head.uri.authority() {
        request.headers.set("Host", named.as_str());
    }
    (request.peer, request.local) = (ends.peer, ends.local);
    request
}

/// Header lines as texts; bytes that are no UTF-8 become replacement characters.
pub(super) fn headers_in(map: &hyper::HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in map {
        headers.push(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    headers
}

/// The head for hyper; `None` if a name or a value cannot stand in a header.
pub(super) fn headers_out(headers: &Headers) -> Option<hyper::HeaderMap> {
    let mut map = hyper::HeaderMap::new();
    for (name, value) in headers.iter() {
        let name = hyper::header::HeaderName::try_from(name).ok()?;
        map.append(name, HeaderValue::try_from(value).ok()?);
    }
    Some(map)
}

fn given_out(response: Response, ledger: Option<Ledger>) -> hyper::Response<Outflow> {
    let Response { status, headers, body } = response;
    let (Ok(code), Some(headers)) = (hyper::StatusCode::from_u16(status), headers_out(&headers)) else {
        error!(status, "answer with an impossible status or header");
        return broken();
    };
    let body = match ledger {
        Some(ledger) => Outflow::over(body, ledger),
        None => Outflow::from(body),
    };
    let mut response = hyper::Response::new(body);
    *response.status_mut() = code;
    *response.headers_mut() = headers;
    response
}

/// The head of an answer that ends with its connection (RFC 9112 6.3, rule 8).
fn written_head(status: u16, headers: &Headers) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} OK\r\nConnection: close\r\n");
    for (name, value) in headers_out(headers).unwrap_or_default().iter() {
        head.push_str(name.as_str());
        head.push_str(": ");
        head.push_str(&String::from_utf8_lossy(value.as_bytes()));
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn broken() -> hyper::Response<Outflow> {
    let mut response = hyper::Response::new(Outflow::from(Body::Empty));
    *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
    response
}

/// What a client is told that speaks HTTP where HTTPS is spoken.
const PLAIN: &[u8] = b"this door speaks HTTPS: ask with https://\n";
/// The status after which hyper itself lets go of a connection.
const SWITCHING: u16 = 101;

/// The pause after a failed accept.
const BREATH: Duration = Duration::from_millis(200);

/// How long a client may go on sending after its answer.
const LINGER: Duration = Duration::from_secs(2);

/// How much of that is taken in.
const LINGER_BYTES: u64 = 8 << 20;

/// hyper's buffer for reading and writing; files are sent at full speed with two chunks in it.
const BUFFER: usize = 256 * 1024;

#[cfg(test)]
mod tests;
