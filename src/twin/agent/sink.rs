//! The way of an image to the disk: written as it comes, hashed on the way, bounded by the disk.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use sha2::digest::DynDigest;
use tokio::io::AsyncWrite;

use crate::twin::agent::hash::Algorithm;
use crate::twin::fault::Faults;
use crate::twin::machine::Machine;

/// Takes in one download.
pub struct Sink<'a> {
    machine: &'a Machine,
    file: File,
    digest: Box<dyn DynDigest + Send>,
    written: u64,
    /// The first byte that the image may not touch.
    end: u64,
    /// What arrives is damaged.
    damaged: bool,
    /// The machine resets once this much is on the disk.
    reset_at: Option<u64>,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
}

impl<'a> Sink<'a> {
    /// A sink for an image that may reach up to `end`.
    pub(super) fn open(machine: &'a Machine, algorithm: Algorithm, end: u64) -> io::Result<Self> {
        machine.note(|progress| progress.image_bytes = 0);
        Ok(Self {
            machine,
            file: machine.disk().file()?,
            digest: algorithm.start(),
            written: 0,
            end,
            damaged: machine.strikes(Faults::takes_download),
            reset_at: machine.strikes(|faults| faults.takes_reboot("write_image")).then_some(RESET_AT),
            pause: None,
        })
    }

    /// Whether the machine is to reset now, or rather now than never, at the end of the download.
    pub(super) fn resets(&self, at_end: bool) -> bool {
        self.reset_at.is_some_and(|at| at_end || self.written >= at)
    }

    pub(super) fn digest(self) -> String {
        crate::twin::agent::hash::hex(self.digest)
    }

    /// Writes through to the file at once, so that an abandoned download leaves exactly what was counted.
    fn put(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > self.end.saturating_sub(self.written) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let arrived = self.arrived(bytes);
        self.file.write_all_at(&arrived, self.written)?;
        self.digest.update(&arrived);
        self.written = self.written.saturating_add(length);
        let written = self.written;
        self.machine.note(|progress| {
            progress.image_bytes = written;
            progress.bytes_written = progress.bytes_written.saturating_add(length);
        });
        Ok(bytes.len())
    }

    /// The bytes as they arrive; the first chunk of a damaged download has its first byte turned over.
    fn arrived<'b>(&mut self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let mut arrived = Cow::Borrowed(bytes);
        if std::mem::take(&mut self.damaged)
            && let Some(byte) = arrived.to_mut().first_mut()
        {
            *byte = !*byte;
        }
        arrived
    }

    fn rest_a_little(&mut self) {
        let length = self.machine.settings().write_pause;
        if !length.is_zero() {
            self.pause = Some(Box::pin(self.machine.pause(length)));
        }
    }
}

impl AsyncWrite for Sink<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if self.resets(false) {
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionAborted)));
        }
        let outcome = self.put(bytes);
        self.rest_a_little();
        Poll::Ready(outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl std::fmt::Debug for Sink<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sink {{ written: {} of {} }}", self.written, self.end)
    }
}

/// Some of the image, but not all of any that is worth a test.
const RESET_AT: u64 = 64 << 10;
