//! One activation of serial over LAN: typed bytes to the BMC, its bytes to who reads.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::mpsc;

use crate::base::time::{SharedClock, Tick};
use crate::driver::ipmi::console::notice;
use crate::driver::ipmi::link::Link;
use crate::wire::ipmi::sol::{Line, LineEvent, LineTurn};

/// Why the bytes stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Nobody reads any more, or nobody shall.
    Left,
    /// The BMC ended it, or the session is gone.
    Lost,
}

/// The line of one activation.
#[derive(Debug)]
pub struct Terminal {
    clock: SharedClock,
    link: Link,
    payloads: mpsc::Receiver<Vec<u8>>,
    line: Line,
    wake: Option<Tick>,
    /// Typed and not yet taken by the line.
    typed: Vec<u8>,
}

impl Terminal {
    pub fn new(clock: SharedClock, link: Link, payloads: mpsc::Receiver<Vec<u8>>, characters: usize) -> Self {
        Self { clock, link, payloads, line: Line::new(characters), wake: None, typed: Vec::new() }
    }

    /// Carries bytes until either side is gone.
    pub async fn run(
        &mut self,
        typed: &mut ReadHalf<DuplexStream>,
        shown: &mut WriteHalf<DuplexStream>,
    ) -> Over {
        loop {
            let turn = match self.next(typed).await {
                Ok(turn) => turn,
                Err(over) => return over,
            };
            if let Some(over) = self.carry_out(turn, shown).await {
                return over;
            }
        }
    }

    async fn next(&mut self, typed: &mut ReadHalf<DuplexStream>) -> Result<LineTurn, Over> {
        let mut bytes = [0; READ];
        tokio::select! {
            payload = self.payloads.recv() => {
                let payload = payload.ok_or(Over::Lost)?;
                let turn = self.line.receive(&payload, self.clock.tick());
                Ok(self.with_typed(turn))
            }
            read = typed.read(&mut bytes), if self.typed.is_empty() => match read {
                Ok(size) if size > 0 => {
                    self.typed.extend(bytes.iter().take(size));
                    Ok(self.with_typed(LineTurn { wake: self.wake, ..LineTurn::default() }))
                }
                Ok(_) | Err(_) => Err(Over::Left),
            },
            () = until(&self.clock, self.wake) => Ok(self.line.wake(self.clock.tick())),
        }
    }

    /// Hands on what was typed, as far as the line has room.
    fn with_typed(&mut self, mut turn: LineTurn) -> LineTurn {
        if self.typed.is_empty() {
            return turn;
        }
        let (taken, more) = self.line.write(&self.typed, self.clock.tick());
        self.typed.drain(..taken.min(self.typed.len()));
        turn.send.extend(more.send);
        turn.output.extend(more.output);
        turn.events.extend(more.events);
        turn.wake = more.wake;
        turn
    }

    async fn carry_out(&mut self, turn: LineTurn, shown: &mut WriteHalf<DuplexStream>) -> Option<Over> {
        self.wake = turn.wake;
        for payload in turn.send {
            if !self.link.speak(payload).await {
                return Some(Over::Lost);
            }
        }
        if !turn.output.is_empty() && shown.write_all(&turn.output).await.is_err() {
            return Some(Over::Left);
        }
        for event in turn.events {
            match event {
                LineEvent::Deactivated => {
                    notice(shown, "the BMC ended the console; it is opened again").await;
                    return Some(Over::Lost);
                }
                LineEvent::Stalled => {
                    notice(shown, "the BMC takes no input; the console is opened again").await;
                    return Some(Over::Lost);
                }
                LineEvent::Overrun => notice(shown, "characters were lost").await,
                LineEvent::Break => {}
            }
        }
        None
    }
}

async fn until(clock: &SharedClock, moment: Option<Tick>) {
    match moment {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Bytes read at once from who types.
const READ: usize = 256;
