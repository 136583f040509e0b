//! A packed image unpacked while it is read, for many readers, in a fixed amount of memory.
//!
//! Runs go through the image from its begin; what they pass is kept for a while in a window that all readers share. A
//! reader behind the window and behind all runs costs a run of its own, or waits until there may be another one.
//!
//! Memory: the window of `WINDOW` bytes, and of runs as many as their dictionaries leave room for in `MEMORY`, at
//! the least one.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::depot::format::Format;
use crate::depot::stream::recent::Recent;
use crate::depot::stream::spill::fill;
use crate::depot::stream::unpack;
use crate::net::source::Source;

/// A view into a packed image.
pub struct Passage {
    packed: Arc<dyn Source>,
    format: Format,
    size: u64,
    window: Recent,
    runs: Mutex<Runs>,
    /// A run has come back.
    back: Condvar,
}

#[derive(Default)]
struct Runs {
    /// Those that nobody uses, the last used at the end.
    idle: Vec<Run>,
    /// How many there are in all.
    count: usize,
}

/// One way through the image.
struct Run {
    reader: Box<dyn Read + Send>,
    /// The number of the piece that comes next.
    next: u64,
}

impl Passage {
    /// The raw bytes of a packed image, of which there are `size`.
    pub fn new(packed: Arc<dyn Source>, format: Format, size: u64) -> Self {
        let most = usize::try_from(WINDOW / PIECE).unwrap_or(1);
        Self { packed, format, size, window: Recent::new(most), runs: Mutex::default(), back: Condvar::new() }
    }

    /// The piece of that number: kept, or reached by a run.
    fn piece(&self, number: u64) -> io::Result<Arc<Vec<u8>>> {
        loop {
            if let Some(piece) = self.window.kept(number) {
                return Ok(piece);
            }
            let Some(mut run) = self.take(number) else { continue };
            let reached = self.advance(&mut run, number);
            self.give_back(reached.is_ok().then_some(run));
            if let Some(piece) = reached? {
                return Ok(piece);
            }
        }
    }

    /// The idle run that is nearest before the piece, or a new one; `None` after waiting for one to come back.
    fn take(&self, number: u64) -> Option<Run> {
        let mut runs = self.lock();
        let before = runs.idle.iter().enumerate().filter(|(_, run)| run.next <= number);
        if let Some(at) = before.max_by_key(|(_, run)| run.next).map(|(at, _)| at) {
            return Some(runs.idle.remove(at));
        }
        if runs.count >= most_runs(self.format) {
            let eldest = runs.idle.first().map(|run| run.next);
            let waited = self.back.wait_timeout(runs, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            let (mut runs, is_late) = (waited.0, waited.1.timed_out());
            // Nobody has gone on with it in all that time: its reader is gone.
            if is_late && eldest.is_some() && runs.idle.first().map(|run| run.next) == eldest {
                runs.idle.remove(0);
                runs.count -= 1;
            }
            return None;
        }
        runs.count += 1;
        drop(runs);
        Some(Run { reader: unpack::reader(Arc::clone(&self.packed), self.format), next: 0 })
    }

    /// Takes a run back; one that failed is over.
    fn give_back(&self, run: Option<Run>) {
        let mut runs = self.lock();
        match run {
            Some(run) => runs.idle.push(run),
            None => runs.count -= 1,
        }
        drop(runs);
        self.back.notify_all();
    }

    /// Goes on to the piece; `None` if another run had passed it meanwhile and this one need not.
    fn advance(&self, run: &mut Run, number: u64) -> io::Result<Option<Arc<Vec<u8>>>> {
        loop {
            let mut bytes = vec![0; usize::try_from(self.length(run.next)).unwrap_or(0)];
            if fill(&mut *run.reader, &mut bytes)? < bytes.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let (at, piece) = (run.next, Arc::new(bytes));
            run.next += 1;
            self.window.put(at, Arc::clone(&piece));
            if at == number {
                return Ok(Some(piece));
            }
            if self.window.kept(number).is_some() {
                return Ok(None);
            }
        }
    }

    /// Bytes of a piece: the last one may be short.
    fn length(&self, number: u64) -> u64 {
        self.size.saturating_sub(number.saturating_mul(PIECE)).min(PIECE)
    }

    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Passage {
    fn size(&self) -> u64 {
        self.size
    }

    fn tag(&self) -> String {
        format!("{}-1", self.packed.tag())
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let (mut place, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            if place >= self.size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let piece = self.piece(place / PIECE)?;
            let held =
                usize::try_from(place % PIECE).ok().and_then(|from| piece.get(from..)).unwrap_or_default();
            let count = held.len().min(rest.len());
            let (out, after) = rest.split_at_mut(count);
            out.copy_from_slice(held.get(..count).unwrap_or_default());
            place = place.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            rest = after;
        }
        Ok(())
    }
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passage {{ {} of {} bytes }}", self.format, self.size)
    }
}

/// As many ways through an image as their dictionaries leave room for.
fn most_runs(format: Format) -> usize {
    let each = match format {
        Format::Xz => unpack::DICTIONARY,
        Format::Zstd => unpack::WINDOW,
        Format::Gzip | Format::Raw | Format::Mbr | Format::Gpt | Format::Qcow2 | Format::Iso => 1 << 20,
    };
    usize::try_from((MEMORY - WINDOW) / each).unwrap_or(1).clamp(1, 8)
}

/// How long a run stays for a reader that does not come back while others wait.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of one piece.
const PIECE: u64 = 256 << 10;
/// Bytes that are kept of what was passed.
const WINDOW: u64 = 4 << 20;
/// Bytes in all.
const MEMORY: u64 = 64 << 20;
