//! Who listens to one console and types into it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

/// Bytes of a console as they came.
pub type Chunk = Arc<[u8]>;

/// One console's listeners.
#[derive(Debug)]
pub struct Room {
    heard: broadcast::Sender<Chunk>,
    /// The last bytes, for those who come later.
    tail: Mutex<VecDeque<u8>>,
    typed: mpsc::Sender<Vec<u8>>,
    /// The keeper's end of what is typed, until it takes it.
    typing: Mutex<Option<mpsc::Receiver<Vec<u8>>>>,
    closed: CancellationToken,
}

/// One listener's end.
#[derive(Debug)]
pub struct Line {
    /// What came last, before this line was there.
    pub before: Vec<u8>,
    heard: broadcast::Receiver<Chunk>,
    typed: mpsc::Sender<Vec<u8>>,
    closed: CancellationToken,
}

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    Bytes(Chunk),
    /// So many chunks were dropped: this listener is too slow.
    Lost(u64),
    /// The console was closed.
    End,
}

impl Room {
    pub fn new(closed: CancellationToken) -> Self {
        let (typed, typing) = mpsc::channel(TYPED);
        Self {
            heard: broadcast::Sender::new(HEARD),
            tail: Mutex::default(),
            typed,
            typing: Mutex::new(Some(typing)),
            closed,
        }
    }

    /// What listeners type; given once, to the keeper.
    pub fn take_typing(&self) -> Option<mpsc::Receiver<Vec<u8>>> {
        self.typing.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Tells all listeners.
    pub fn say(&self, bytes: &[u8]) {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(bytes);
        let spare = tail.len().saturating_sub(TAIL);
        tail.drain(..spare);
        // Under the lock, so that who attaches gets each byte once. Nobody may be listening.
        self.heard.send(Chunk::from(bytes)).ok();
    }

    /// Bytes for those who come later that nobody is told now.
    pub fn recall(&self, bytes: &[u8]) {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(bytes.iter().skip(bytes.len().saturating_sub(TAIL)));
    }

    pub fn attach(&self) -> Line {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        Line {
            before: tail.iter().copied().collect(),
            heard: self.heard.subscribe(),
            typed: self.typed.clone(),
            closed: self.closed.clone(),
        }
    }

    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Returns when the console is closed.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }
}

impl Line {
    /// What comes next.
    pub async fn heard(&mut self) -> Heard {
        let next = self.closed.run_until_cancelled(self.heard.recv()).await;
        match next {
            Some(Ok(chunk)) => Heard::Bytes(chunk),
            Some(Err(broadcast::error::RecvError::Lagged(lost))) => Heard::Lost(lost),
            Some(Err(broadcast::error::RecvError::Closed)) | None => Heard::End,
        }
    }

    /// Types into the console; `false` if it is closed.
    pub async fn type_in(&self, bytes: Vec<u8>) -> bool {
        matches!(self.closed.run_until_cancelled(self.typed.send(bytes)).await, Some(Ok(())))
    }
}

/// Chunks that a slow listener may be behind.
const HEARD: usize = 256;
/// Pieces of typing that may wait for the machine.
const TYPED: usize = 64;
/// Bytes that a new listener is shown: about two screens.
pub const TAIL: usize = 8 << 10;
