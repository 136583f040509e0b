//! What a boot medium tells the ramdisk that it boots: looked for in its bytes while they go by.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use crate::base::secret::Secret;

/// Takes in a medium; keeps the agent's token, if the medium bears one.
#[derive(Debug, Default)]
pub(super) struct CommandLine {
    /// The end of what has gone by, in which a parameter may begin.
    tail: Vec<u8>,
    found: Option<String>,
}

impl CommandLine {
    pub(super) fn token(self) -> Option<Secret> {
        let rest = parameter(&self.tail, true);
        self.found.or(rest).map(Secret::new)
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.found.is_some() {
            return;
        }
        self.tail.extend_from_slice(bytes);
        self.found = parameter(&self.tail, false);
        let spare = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..spare);
    }
}

impl AsyncWrite for CommandLine {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The parameter's value, once its end is there, or nothing follows.
fn parameter(bytes: &[u8], is_all: bool) -> Option<String> {
    let place = bytes.windows(NAME.len()).position(|part| part == NAME)?;
    let rest = bytes.get(place + NAME.len()..)?;
    let end = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_".contains(byte)));
    let value = rest.get(..end.or(is_all.then_some(rest.len()))?)?;
    (!value.is_empty()).then(|| String::from_utf8_lossy(value).into_owned())
}

const NAME: &[u8] = b"ipa-agent-token=";
/// Bytes that are kept: more than a parameter has.
const TAIL: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_however_the_medium_is_cut() {
        let medium = [&[7; 300], &b"linux /vmlinuz x=y ipa-agent-token=abc_D-9 z\n"[..], &[0; 300]].concat();
        for cut in 1..medium.len() {
            let mut line = CommandLine::default();
            medium.chunks(cut).for_each(|chunk| line.take(chunk));
            assert_eq!(line.token(), Some(Secret::new("abc_D-9")), "{cut}");
        }
        let mut ends = CommandLine::default();
        ends.take(b"ipa-agent-token=abc");
        assert_eq!(ends.token(), Some(Secret::new("abc")));
        let mut none = CommandLine::default();
        none.take(b"ipa-agent-token= abc");
        assert_eq!(none.token(), None);
    }
}
