//! How far work on an image is.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::size::human;

/// Counted by who works, read by who waits.
#[derive(Debug, Default)]
pub struct Progress {
    doing: AtomicU8,
    done: AtomicU64,
    total: AtomicU64,
    /// Other work that this one waits for.
    other: Mutex<Option<Arc<Self>>>,
    stopped: AtomicBool,
}

/// What is done to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    Waiting,
    Downloading,
    Unpacking,
    Hashing,
    /// For one of the places where images are unpacked and hashed.
    Queued,
    /// For one of the downloads at once.
    Seatless,
    /// For room that others hold.
    Crowded,
}

impl Progress {
    /// Another piece of work begins; `total` in bytes, 0 if it is not known.
    pub fn begin(&self, doing: Doing, total: u64) {
        *self.other.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.doing.store(doing as u8, Ordering::Relaxed);
    }

    /// Until the next piece of work begins, what is shown is that of other work.
    pub fn follow(&self, other: Arc<Self>) {
        *self.other.lock().unwrap_or_else(PoisonError::into_inner) = Some(other);
    }

    /// Nobody wants the work any more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// An error once nobody wants the work any more.
    pub fn go_on(&self) -> std::io::Result<()> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("the work was given up: nobody waits for it any more"));
        }
        Ok(())
    }

    /// So many bytes are done.
    pub fn reach(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }

    /// Bytes done and in all.
    pub fn bytes(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    fn doing(&self) -> Doing {
        match self.doing.load(Ordering::Relaxed) {
            1 => Doing::Downloading,
            2 => Doing::Unpacking,
            3 => Doing::Hashing,
            4 => Doing::Queued,
            5 => Doing::Seatless,
            6 => Doing::Crowded,
            _ => Doing::Waiting,
        }
    }
}

/// As in `downloading: 1.5 MiB of 2.0 GiB`.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(other) = &*self.other.lock().unwrap_or_else(PoisonError::into_inner) {
            return other.fmt(f);
        }
        let word = match self.doing() {
            Doing::Waiting => return f.write_str("waiting for its turn"),
            Doing::Queued => return f.write_str("waiting to be unpacked and hashed, while others are"),
            Doing::Seatless => return f.write_str("waiting to be downloaded, while others are"),
            Doing::Crowded => {
                return f.write_str("waiting for room in the image cache: running deployments hold it");
            }
            Doing::Downloading => "downloading",
            Doing::Unpacking => "unpacking",
            Doing::Hashing => "hashing",
        };
        let (done, total) = self.bytes();
        write!(f, "{word}: {}", human(done))?;
        if total > 0 { write!(f, " of {}", human(total)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_reads_as_a_sentence() {
        let progress = Progress::default();
        assert_eq!(progress.to_string(), "waiting for its turn");
        progress.begin(Doing::Downloading, 2 << 30);
        progress.reach(3 << 19);
        assert_eq!(progress.to_string(), "downloading: 1.5 MiB of 2.0 GiB");
        progress.begin(Doing::Hashing, 0);
        assert_eq!(progress.to_string(), "hashing: 0 B");
        progress.begin(Doing::Queued, 0);
        assert_eq!(progress.to_string(), "waiting to be unpacked and hashed, while others are");
        progress.begin(Doing::Crowded, 0);
        assert!(progress.to_string().contains("running deployments hold it"));
    }
}
