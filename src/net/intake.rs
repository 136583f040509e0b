//! Where a download goes: its head first, then its bytes.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::base::time::Later;
use crate::net::http::Headers;

/// Takes in the body of a 2xx answer.
pub trait Intake: Send {
    /// The head has come; an error ends the download before its first byte.
    fn head(&mut self, status: u16, headers: &Headers) -> io::Result<()>;

    /// The next bytes.
    fn take<'a>(&'a mut self, bytes: &'a [u8]) -> Later<'a, io::Result<()>>;

    /// There are no more.
    fn end(&mut self) -> Later<'_, io::Result<()>>;
}

/// A writer that wants the bytes alone.
pub(super) struct Sink<'a>(pub(super) &'a mut (dyn AsyncWrite + Unpin + Send));

impl Intake for Sink<'_> {
    fn head(&mut self, _: u16, _: &Headers) -> io::Result<()> {
        Ok(())
    }

    fn take<'a>(&'a mut self, bytes: &'a [u8]) -> Later<'a, io::Result<()>> {
        Box::pin(self.0.write_all(bytes))
    }

    fn end(&mut self) -> Later<'_, io::Result<()>> {
        Box::pin(self.0.flush())
    }
}
