//! File content that goes from the page cache to a socket without passing through this process (`sendfile`), although
//! hyper writes the answer.
//!
//! ```text
//! body -> (1) says on the ledger: these bytes of this file -> (2) gives hyper as many blank bytes that it never copies
//! hyper -> head, blank bytes -> stream: knows blank bytes by where they lie, and sends what the ledger says instead
//! ```
//! So hyper keeps doing lengths, keep-alive, pipelines and ends. Only for plain TCP: TLS needs the bytes. What is not in
//! the page cache is read on a blocking thread first, lest a slow disk hold up all connections. After a stretch a
//! connection lets others have their turn.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::body::{Bytes, Frame};
use rustix::io::{Errno, ReadWriteFlags};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What a connection's blank bytes stand for, in order.
#[derive(Debug, Clone, Default)]
pub(in crate::net) struct Ledger(Arc<Mutex<VecDeque<Piece>>>);

/// A stretch of a file.
#[derive(Debug, Clone)]
struct Piece {
    file: Arc<File>,
    offset: u64,
    length: u64,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Piece>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> Option<Piece> {
        self.lock().front().cloned()
    }

    /// So many bytes of the first piece are sent.
    fn sent(&self, bytes: usize) {
        let mut pieces = self.lock();
        let Some(first) = pieces.front_mut() else { return };
        first.offset = first.offset.saturating_add(wide(bytes));
        first.length = first.length.saturating_sub(wide(bytes));
        if first.length == 0 {
            pieces.pop_front();
        }
    }
}

/// A body of file content that is never read here.
pub(in crate::net) struct Handover {
    rest: Piece,
    ledger: Ledger,
    /// The disk is being read.
    warming: Option<JoinHandle<()>>,
}

impl Handover {
    pub(in crate::net) fn new(file: Arc<File>, offset: u64, length: u64, ledger: Ledger) -> Self {
        Self { rest: Piece { file, offset, length }, ledger, warming: None }
    }

    /// Bytes not yet given to the connection.
    pub(in crate::net) fn len(&self) -> u64 {
        self.rest.length
    }

    /// The next blank bytes; none at the end.
    pub(in crate::net) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let blank = BLANK.get(..narrow(self.rest.length)).unwrap_or(&BLANK);
        if blank.is_empty() {
            return Poll::Ready(None);
        }
        let piece = Piece { length: wide(blank.len()), ..self.rest.clone() };
        if self.warming.is_none() && !piece.is_cached() {
            let cold = piece.clone();
            self.warming = Some(tokio::task::spawn_blocking(move || cold.warm()));
        }
        if let Some(warming) = &mut self.warming {
            // What could not be read now is met by the sending itself.
            ready!(Pin::new(warming).poll(cx)).ok();
            self.warming = None;
        }
        self.rest.offset = self.rest.offset.saturating_add(piece.length);
        self.rest.length = self.rest.length.saturating_sub(piece.length);
        self.ledger.lock().push_back(piece);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(blank)))))
    }
}

impl Piece {
    /// Whether its ends and its middle are in memory; what cannot be told (a file system in memory) counts as being there.
    fn is_cached(&self) -> bool {
        let last = self.offset.saturating_add(self.length.saturating_sub(1));
        [self.offset, self.offset.midpoint(last), last].into_iter().all(|at| {
            let mut byte = [0];
            let mut into = [IoSliceMut::new(&mut byte)];
            let read = rustix::io::preadv2(&*self.file, &mut into, at, ReadWriteFlags::NOWAIT);
            read != Err(Errno::AGAIN)
        })
    }

    /// Blocks until it is in memory.
    fn warm(&self) {
        let mut bytes = vec![0; WARM];
        let (mut at, end) = (self.offset, self.offset.saturating_add(self.length));
        while at < end {
            match self.file.read_at(&mut bytes, at) {
                Ok(read) if read > 0 => at = at.saturating_add(wide(read)),
                Ok(_) | Err(_) => return,
            }
        }
    }
}

/// A connection that sends files in place of blank bytes.
pub(in crate::net) struct Sending {
    stream: TcpStream,
    ledger: Ledger,
    /// Bytes of files since others had their turn.
    turn: usize,
}

impl Sending {
    pub(in crate::net) fn new(stream: TcpStream, ledger: Ledger) -> Self {
        Self { stream, ledger, turn: 0 }
    }

    /// Sends some of the file that `blank` bytes stand for.
    fn poll_send(&mut self, cx: &mut Context<'_>, blank: usize) -> Poll<io::Result<usize>> {
        if self.turn >= TURN {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(piece) = self.ledger.first() else {
            return Poll::Ready(Err(io::Error::other("blank bytes that stand for nothing")));
        };
        let count = blank.min(narrow(piece.length)).min(TURN);
        let sent = loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let mut offset = piece.offset;
            let sent = self.stream.try_io(Interest::WRITABLE, || {
                Ok(rustix::fs::sendfile(&self.stream, &*piece.file, Some(&mut offset), count)?)
            });
            match sent {
                Err(why) if matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                sent => break sent?,
            }
        };
        if sent == 0 {
            // The file became shorter: the connection is cut, so that the client sees that something is missing.
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        self.ledger.sent(sent);
        self.turn = self.turn.saturating_add(sent);
        Poll::Ready(Ok(sent))
    }
}

impl AsyncRead for Sending {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Sending {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if is_blank(buf) {
            return self.poll_send(cx, buf.len());
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().position(|buf| is_blank(buf)).unwrap_or(bufs.len());
        let (before, after) = bufs.split_at(first);
        match after.first() {
            Some(blank) if before.iter().all(|buf| buf.is_empty()) => self.poll_send(cx, blank.len()),
            Some(_) | None => Pin::new(&mut self.stream).poll_write_vectored(cx, before),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Whether these are blank bytes: no other buffer lies where they lie.
fn is_blank(buf: &[u8]) -> bool {
    let (start, at) = (BLANK.as_ptr().addr(), buf.as_ptr().addr());
    !buf.is_empty() && (start..start.saturating_add(BLANK.len())).contains(&at)
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn narrow(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// What hyper is given in place of a file; so much of one is looked for in the page cache at a time.
static BLANK: [u8; 2 << 20] = [0; 2 << 20];

/// Bytes that one connection sends before others have their turn: what a socket takes at once on a fast link, and what
/// nginx grants (`sendfile_max_chunk`). A quarter of it costs a third more of the processor.
const TURN: usize = 2 << 20;

/// The buffer through which cold content is read.
const WARM: usize = 128 * 1024;

#[cfg(test)]
mod tests;
