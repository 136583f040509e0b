//! What a message carries: request bodies read within a limit and a deadline, response bodies sent in chunks.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::task::JoinHandle;

use crate::net::seats::Seat;
use crate::net::websocket::Takeover;

/// What a response carries.
#[derive(Debug)]
pub enum Body {
    Empty,
    Bytes(Vec<u8>),
    File(FileRange),
    /// None; with status 101 the connection is somebody else's from now on.
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

    /// Starts reading the next chunk on a blocking thread; `None` at the end.
    fn start(&mut self) -> Option<JoinHandle<io::Result<Vec<u8>>>> {
        let chunk = usize::try_from(self.length).unwrap_or(usize::MAX).min(CHUNK);
        if chunk == 0 {
            return None;
        }
        let (file, offset) = (self.file.clone(), self.start);
        let taken = u64::try_from(chunk).unwrap_or(u64::MAX);
        self.start = self.start.saturating_add(taken);
        self.length = self.length.saturating_sub(taken);
        Some(tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; chunk];
            file.read_exact_at(&mut bytes, offset)?;
            Ok(bytes)
        }))
    }
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
    Socket(Incoming, Arc<Seat>),
}

impl Inflow {
    pub(super) fn made(body: Vec<u8>) -> Self {
        Self { from: Source::Made(body), time: Duration::MAX }
    }

    /// What comes over the connection of `seat`, which counts as waiting for its client while bytes are missing.
    pub(super) fn socket(body: Incoming, time: Duration, seat: Arc<Seat>) -> Self {
        Self { from: Source::Socket(body, seat), time }
    }

    pub(super) async fn read(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match std::mem::replace(&mut self.from, Source::Taken) {
            Source::Taken => Ok(Vec::new()),
            Source::Made(body) if body.len() > limit => Err(BodyError::TooLarge { limit }),
            Source::Made(body) => Ok(body),
            Source::Socket(body, seat) => self.over(body, limit, &seat).await,
        }
    }

    async fn over(&self, body: Incoming, limit: usize, seat: &Seat) -> Result<Vec<u8>, BodyError> {
        let gathered = tokio::time::timeout(self.time, gather(body, limit, Some(seat))).await;
        seat.resume().await;
        match gathered {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(Spill::TooLarge)) => Err(BodyError::TooLarge { limit }),
            Ok(Err(Spill::Broken(why))) => Err(BodyError::Broken(Box::new(why))),
            Err(_) => Err(BodyError::Slow { limit: self.time }),
        }
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
        bytes.extend_from_slice(&data);
    }
}

/// A response body as hyper asks for it; a file is read one chunk ahead of what is being sent.
pub(super) enum Outflow {
    Whole(Bytes),
    File { rest: FileRange, length: u64, next: Option<JoinHandle<io::Result<Vec<u8>>>> },
}

impl From<Body> for Outflow {
    fn from(body: Body) -> Self {
        match body {
            Body::Empty | Body::Takeover(_) => Self::Whole(Bytes::new()),
            Body::Bytes(bytes) => Self::Whole(Bytes::from(bytes)),
            Body::File(rest) => Self::File { length: rest.len(), rest, next: None },
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
                    *next = rest.start();
                }
                let Some(reading) = next else { return Poll::Ready(None) };
                let chunk = ready!(Pin::new(reading).poll(cx)).map_err(io::Error::other).flatten();
                *next = if chunk.is_ok() { rest.start() } else { None };
                let bytes = chunk.map(Bytes::from).inspect(|bytes| {
                    *length = length.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                });
                Poll::Ready(Some(bytes.map(Frame::data)))
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
