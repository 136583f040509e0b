//! What a message carries: request bodies read within a limit and a deadline, response bodies sent in chunks.

use std::fmt;
use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::net::server::handover::{Handover, Ledger};
use crate::net::server::seats::Seat;
use crate::net::source::{Opened, Stretch};
use crate::net::websocket::Takeover;

/// What a response carries.
#[derive(Debug)]
pub enum Body {
    Empty,
    Bytes(Vec<u8>),
    File(FileRange),
    /// What is no file of its own.
    Source(Stretch),
    /// What is made while it is sent.
    Stream(Stream),
    /// None; the connection is somebody else's from now on: after the head of a 101, else from the head on.
    Takeover(Takeover),
}

/// A stretch of an open file.
#[derive(Debug)]
pub struct FileRange {
    file: Arc<File>,
    start: u64,
    length: u64,
}

impl FileRange {
    /// `length` bytes of `file` from `start`. If the file turns out shorter the connection is cut, so that
    /// the client sees that something is missing.
    pub fn new(file: File, start: u64, length: u64) -> Self {
        Self { file: Arc::new(file), start, length }
    }

    /// Bytes not yet sent.
    pub fn len(&self) -> u64 {
        self.length
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn stretch(self) -> Stretch {
        Stretch { source: Arc::new(Opened(self.file)), start: self.start, length: self.length }
    }
}

/// Bytes that come one chunk after the other; an error cuts the connection, so that the client sees that something is
/// missing.
pub struct Stream {
    /// Bytes in all, if that is known; else they are sent in chunks (RFC 9112 7.1).
    pub length: Option<u64>,
    pub chunks: mpsc::Receiver<io::Result<Vec<u8>>>,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("length", &self.length).finish_non_exhaustive()
    }
}

/// Starts reading the next chunk on a blocking thread; `None` at the end.
fn start(rest: &mut Stretch) -> Option<JoinHandle<io::Result<Vec<u8>>>> {
    let chunk = usize::try_from(rest.length).unwrap_or(usize::MAX).min(CHUNK);
    if chunk == 0 {
        return None;
    }
    let (source, offset) = (rest.source.clone(), rest.start);
    let taken = u64::try_from(chunk).unwrap_or(u64::MAX);
    rest.start = rest.start.saturating_add(taken);
    rest.length = rest.length.saturating_sub(taken);
    Some(tokio::task::spawn_blocking(move || {
        let mut bytes = vec![0; chunk];
        source.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }))
}

/// Why a request body could not be read.
#[derive(Debug, Error)]
pub enum BodyError {
    #[error("request body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("request body did not arrive within {limit:?}")]
    Slow { limit: Duration },
    #[error("request body broke off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A request body, wherever it comes from.
pub(super) struct Inflow {
    from: Source,
    time: Duration,
}

enum Source {
    Taken,
    Made(Vec<u8>),
    Socket(Arrival, Arc<Seat>),
    /// Being read part by part.
    Flowing(Incoming, Arrival, Arc<Seat>),
}

impl Inflow {
    pub(super) fn made(body: Vec<u8>) -> Self {
        Self { from: Source::Made(body), time: Duration::MAX }
    }

    /// What comes over the connection of `seat`, which counts as waiting for its client while bytes are missing.
    pub(super) fn socket(body: Arrival, time: Duration, seat: Arc<Seat>) -> Self {
        Self { from: Source::Socket(body, seat), time }
    }

    pub(super) async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match std::mem::replace(&mut self.from, Source::Taken) {
            Source::Taken | Source::Flowing(..) => Ok(Vec::new()),
            Source::Made(body) if body.len() > limit => Err(BodyError::TooLarge { limit }),
            Source::Made(body) => Ok(body),
            Source::Socket(arrival, seat) => self.over(&arrival, limit, &seat).await,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        loop {
            match std::mem::replace(&mut self.from, Source::Taken) {
                Source::Taken => return Ok(None),
                Source::Made(body) => return Ok(Some(body).filter(|body| !body.is_empty())),
                Source::Socket(arrival, seat) => {
                    let Stage::Unread(body) = arrival.change(Stage::Lost) else { return Ok(None) };
                    self.from = Source::Flowing(body, arrival, seat);
                }
                Source::Flowing(mut body, arrival, seat) => {
                    let Some(frame) = self.frame(&mut body, &seat).await? else {
                        arrival.change(Stage::Spent);
                        return Ok(None);
                    };
                    self.from = Source::Flowing(body, arrival, seat);
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data.into()));
                    }
                }
            }
        }
    }

    /// The next part of a body on a socket, within the time for bodies.
    async fn frame(&self, body: &mut Incoming, seat: &Seat) -> Result<Option<Frame<Bytes>>, BodyError> {
        seat.wait();
        let frame = tokio::time::timeout(self.time, body.frame()).await;
        seat.resume().await;
        let frame = frame.map_err(|_| BodyError::Slow { limit: self.time })?;
        frame.transpose().map_err(|why| BodyError::Broken(Box::new(why)))
    }

    async fn over(&self, arrival: &Arrival, limit: usize, seat: &Seat) -> Result<Vec<u8>, BodyError> {
        let Stage::Unread(body) = arrival.change(Stage::Lost) else { return Ok(Vec::new()) };
        let gathered = tokio::time::timeout(self.time, gather(body, limit, Some(seat))).await;
        seat.resume().await;
        seat.let_go();
        match gathered {
            Ok(Ok(bytes)) => {
                arrival.change(Stage::Spent);
                Ok(bytes)
            }
            Ok(Err(Spill::TooLarge)) => Err(BodyError::TooLarge { limit }),
            Ok(Err(Spill::Broken(why))) => Err(BodyError::Broken(Box::new(why))),
            Err(_) => Err(BodyError::Slow { limit: self.time }),
        }
    }
}

/// How far a request body on a socket has been read: shared by the service, which may read it, and the connection,
/// which can carry the next request only after all of it.
#[derive(Clone)]
pub(super) struct Arrival(Arc<Mutex<Stage>>);

enum Stage {
    Unread(Incoming),
    /// Read to its end.
    Spent,
    /// Given up in its middle, or being read.
    Lost,
}

impl Arrival {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Arc::new(Mutex::new(Stage::Unread(body))))
    }

    /// Takes in a short body that nobody has read. `false` if bytes may be left: then the connection has to end.
    /// A client that `waits` to be told to go on has sent nothing, and is not told to.
    pub(super) async fn settle(&self, waits: bool, seat: &Seat) -> bool {
        match self.change(Stage::Lost) {
            Stage::Spent => true,
            Stage::Lost => false,
            Stage::Unread(body) if body.is_end_stream() => true,
            Stage::Unread(_) if waits => false,
            Stage::Unread(body) => {
                let gathered = tokio::time::timeout(REST_TIME, gather(body, REST, Some(seat))).await;
                seat.resume().await;
                matches!(gathered, Ok(Ok(_)))
            }
        }
    }

    fn change(&self, to: Stage) -> Stage {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), to)
    }
}

/// Why a body could not be gathered.
pub(super) enum Spill {
    TooLarge,
    Broken(hyper::Error),
}

/// Reads a body to its end, `limit` bytes at most; a declared length over it is refused at once. With each part
/// that comes the wait of `seat` begins anew.
pub(super) async fn gather(mut body: Incoming, limit: usize, seat: Option<&Seat>) -> Result<Vec<u8>, Spill> {
    let limit_wide = u64::try_from(limit).unwrap_or(u64::MAX);
    if body.size_hint().lower() > limit_wide {
        return Err(Spill::TooLarge);
    }
    let mut bytes = Vec::new();
    loop {
        if let Some(seat) = seat {
            seat.wait();
        }
        let Some(frame) = body.frame().await else { return Ok(bytes) };
        let Ok(data) = frame.map_err(Spill::Broken)?.into_data() else { continue };
        if bytes.len().saturating_add(data.len()) > limit {
            return Err(Spill::TooLarge);
        }
        if let Some(seat) = seat.filter(|_| bytes.len() < COUNTED) {
            seat.hold(data.len());
        }
        bytes.extend_from_slice(&data);
    }
}

/// A response body as hyper asks for it; a file is read one chunk ahead of what is being sent.
pub(super) enum Outflow {
    Whole(Bytes),
    File {
        rest: Stretch,
        length: u64,
        next: Option<JoinHandle<io::Result<Vec<u8>>>>,
    },
    /// A file over a connection that sends it without reading it here.
    Handover(Handover),
    Stream(Stream),
}

impl Outflow {
    /// For a connection that sends files itself, by what `ledger` says.
    pub(super) fn over(body: Body, ledger: Ledger) -> Self {
        match body {
            Body::File(FileRange { file, start, length }) => {
                Self::Handover(Handover::new(file, start, length, ledger))
            }
            body @ (Body::Empty | Body::Bytes(_) | Body::Source(_) | Body::Stream(_) | Body::Takeover(_)) => {
                Self::from(body)
            }
        }
    }
}

impl From<Body> for Outflow {
    fn from(body: Body) -> Self {
        match body {
            Body::Empty | Body::Takeover(_) => Self::Whole(Bytes::new()),
            Body::Bytes(bytes) => Self::Whole(Bytes::from(bytes)),
            Body::File(rest) => Self::File { length: rest.len(), rest: rest.stretch(), next: None },
            Body::Source(rest) => Self::File { length: rest.length, rest, next: None },
            Body::Stream(stream) => Self::Stream(stream),
        }
    }
}

impl hyper::body::Body for Outflow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::File { rest, length, next } => {
                if next.is_none() {
                    *next = start(rest);
                }
                let Some(reading) = next else { return Poll::Ready(None) };
                let chunk = ready!(Pin::new(reading).poll(cx)).map_err(io::Error::other).flatten();
                *next = if chunk.is_ok() { start(rest) } else { None };
                let bytes = chunk.map(Bytes::from).inspect(|bytes| {
                    *length = length.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                });
                Poll::Ready(Some(bytes.map(Frame::data)))
            }
            Self::Handover(file) => file.poll_frame(cx),
            Self::Stream(stream) => {
                let chunk = ready!(stream.chunks.poll_recv(cx));
                if let (Some(left), Some(Ok(bytes))) = (stream.length.as_mut(), &chunk) {
                    *left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                }
                Poll::Ready(chunk.map(|chunk| chunk.map(|bytes| Frame::data(Bytes::from(bytes)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Self::File { length, .. } => SizeHint::with_exact(*length),
            Self::Handover(file) => SizeHint::with_exact(file.len()),
            Self::Stream(stream) => stream.length.map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}

impl fmt::Debug for Outflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outflow({:?})", self.size_hint())
    }
}

/// Large enough that a hop to a blocking thread costs little beside the copy; two of them are held at a time.
const CHUNK: usize = 128 * 1024;

/// Bytes of one body that count as held: who reads larger ones lets few come at a time.
const COUNTED: usize = 1 << 20;

/// Bytes of a body without a reader that are taken in to keep the connection: any request of ours that is refused by
/// its head is shorter.
const REST: usize = 64 * 1024;

/// How long the answer waits for them.
const REST_TIME: Duration = Duration::from_secs(1);
