//! What to send and when to wake: a transfer as a value that is fed with packets and moments.
//!
//! ```text
//! Offering --ACK 0--> Sending --ACK of the last block--> Over
//!    |                  |  ^ ACK of a window's end: the next window
//!    |                  |  | ACK in its middle, or a first repeat: back to the block after it
//!    '-- ERROR, silence-'--'
//! ```
//!
//! A client with windows answers each block out of order at once, and who sends a window for each of these ACKs
//! doubles the traffic for good (recorded, `i-ovmf-drop`). Hence blocks that went out twice are never gone back over
//! for an ACK alone: their second copies bring ACKs that look like losses. Such an ACK only shortens the wait.

use std::time::Duration;

use tftpd::{ErrorCode, Packet};

use crate::base::time::Tick;
use crate::boot::tftp::pace::Pace;
use crate::boot::tftp::terms::Terms;

/// A file on its way to one client. Blocks are counted from 1 without an end; on the wire they roll over to 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    stage: Stage,
    window: u64,
    /// The client has all up to this block.
    acked: u64,
    /// What was sent last.
    sent: u64,
    /// The last block that was ever sent.
    highest: u64,
    /// Blocks up to this one may have gone out twice.
    twice: Option<u64>,
    /// The last block of the file, once that is known.
    last: Option<u64>,
    pace: Pace,
    answered: bool,
    /// An impatient client was answered out of turn.
    hurried: bool,
    sent_at: Tick,
    advanced: Tick,
    due: Tick,
    /// Something seems to be missing: the time to send it again, if nothing is heard before.
    doubted: Option<Tick>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    /// The options are not confirmed; `said`: they went out, and are waited for.
    Offering {
        said: bool,
    },
    Sending,
    Over(End),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    /// The client has it all.
    Complete,
    /// The client said that it wants no more.
    Declined(ErrorCode),
    /// The client fell silent.
    Silent,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Next {
    /// Send the options.
    Offer,
    /// Send blocks from `first`, `most` of them or fewer.
    Blocks {
        first: u64,
        most: u64,
    },
    /// Wait for a packet or for [`Transfer::due`].
    Wait,
    Over(End),
}

impl Transfer {
    /// With `offers` the options are sent first and confirmed by the client; else data begins at once.
    pub fn new(terms: &Terms, offers: bool, now: Tick) -> Self {
        let pace = Pace::new(terms.timeout);
        Self {
            stage: if offers { Stage::Offering { said: false } } else { Stage::Sending },
            window: terms.windowsize.into(),
            acked: 0,
            sent: 0,
            highest: 0,
            twice: None,
            last: None,
            pace,
            answered: false,
            hurried: false,
            sent_at: now,
            advanced: now,
            due: now.after(pace.patience()),
            doubted: None,
        }
    }

    /// The number of the file's last block, which is shorter than the others or empty (RFC 1350 6).
    pub fn ends_with(&mut self, last: u64) {
        self.last = Some(last);
    }

    pub fn next(&self) -> Next {
        match self.stage {
            Stage::Over(end) => Next::Over(end),
            Stage::Offering { said: false } => Next::Offer,
            Stage::Offering { said: true } => Next::Wait,
            Stage::Sending => {
                let edge = self.acked.saturating_add(self.window).min(self.last.unwrap_or(u64::MAX));
                match edge.saturating_sub(self.sent) {
                    0 => Next::Wait,
                    most => Next::Blocks { first: self.sent.saturating_add(1), most },
                }
            }
        }
    }

    /// When [`wake`](Self::wake) has something to do, if nothing is heard before.
    pub fn due(&self) -> Tick {
        self.doubted.map_or(self.due, |doubted| doubted.min(self.due))
    }

    /// All blocks up to this one are no longer needed.
    pub fn acked(&self) -> u64 {
        self.acked
    }

    /// The client has confirmed something, so it is there.
    pub fn is_answered(&self) -> bool {
        self.answered
    }

    /// The options went out.
    pub fn offered(&mut self, now: Tick) {
        self.stage = Stage::Offering { said: true };
        self.went_out(now);
    }

    /// So many blocks more went out.
    pub fn sent(&mut self, blocks: u64, now: Tick) {
        self.sent = self.sent.saturating_add(blocks);
        self.highest = self.highest.max(self.sent);
        self.went_out(now);
    }

    fn went_out(&mut self, now: Tick) {
        self.sent_at = now;
        self.due = now.after(self.pace.patience());
    }

    /// Takes in what the client says; what makes no sense here changes nothing.
    pub fn hear(&mut self, packet: &Packet, now: Tick) {
        match packet {
            Packet::Ack(number) => self.hear_ack(*number, now),
            Packet::Error { code, .. } => self.over(End::Declined(*code)),
            Packet::Rrq { .. } | Packet::Wrq { .. } | Packet::Data { .. } | Packet::Oack(_) => {}
        }
    }

    fn over(&mut self, end: End) {
        if !matches!(self.stage, Stage::Over(_)) {
            self.stage = Stage::Over(end);
        }
    }

    fn hear_ack(&mut self, number: u16, now: Tick) {
        match self.stage {
            Stage::Offering { said: true } if number == 0 => {
                self.stage = Stage::Sending;
                self.progress(now);
            }
            Stage::Offering { .. } | Stage::Over(_) => {}
            Stage::Sending => {
                let ahead = u64::from(number.wrapping_sub(wire(self.acked)));
                match ahead {
                    0 => self.repeated(now),
                    // What was never sent is an old number, or an invention.
                    _ if ahead > self.highest.saturating_sub(self.acked) => {}
                    _ => self.advance(self.acked.saturating_add(ahead), now),
                }
            }
        }
    }

    fn advance(&mut self, to: u64, now: Tick) {
        self.acked = to;
        if to >= self.sent && !self.went_twice(to) && !self.pace.is_repeating() {
            self.pace.measure(now.since(self.sent_at));
        }
        self.progress(now);
        if self.last == Some(to) {
            self.over(End::Complete);
        } else if to >= self.sent {
            self.sent = to;
        } else if self.went_twice(to) {
            self.doubt(now);
        } else {
            self.go_back();
        }
    }

    fn progress(&mut self, now: Tick) {
        self.pace.answered();
        self.answered = true;
        self.hurried = false;
        self.advanced = now;
        self.doubted = None;
        self.due = now.after(self.pace.patience());
    }

    /// An ACK for the second time. With a window of one block it says nothing: who answers it doubles the traffic for
    /// good (RFC 1123 4.2.3.1). Only a client that asks while we are waiting longer and longer is answered at once.
    fn repeated(&mut self, now: Tick) {
        if self.sent <= self.acked {
            return;
        }
        if self.pace.is_repeating() {
            if !self.hurried && now.since(self.sent_at) >= STALE {
                self.hurried = true;
                self.go_back();
            }
        } else if self.window > 1 {
            if self.went_twice(self.acked) { self.doubt(now) } else { self.go_back() }
        }
    }

    /// Whether the ACK of this block may come from the second copy of one.
    fn went_twice(&self, block: u64) -> bool {
        self.twice.is_some_and(|twice| block <= twice)
    }

    fn go_back(&mut self) {
        self.twice = Some(self.highest);
        self.sent = self.acked;
    }

    fn doubt(&mut self, now: Tick) {
        self.doubted.get_or_insert(now.after(self.pace.doubt()));
    }

    /// The client asked for the file again, from the same port: it has heard nothing yet.
    pub fn asked_again(&mut self, now: Tick) {
        if now.since(self.sent_at) < STALE {
            return;
        }
        match self.stage {
            Stage::Offering { .. } => self.stage = Stage::Offering { said: false },
            Stage::Sending if self.acked == 0 => self.go_back(),
            Stage::Sending | Stage::Over(_) => {}
        }
    }

    /// Sends again what was not answered in time, or gives up.
    pub fn wake(&mut self, now: Tick) {
        if now < self.due() {
            return;
        }
        let patience = if self.acked == 0 { UNHEARD } else { SILENCE };
        if now.since(self.advanced) >= patience {
            return self.over(End::Silent);
        }
        self.pace.repeat();
        self.doubted = None;
        self.due = now.after(self.pace.patience());
        match self.stage {
            Stage::Offering { .. } => self.stage = Stage::Offering { said: false },
            Stage::Sending => self.go_back(),
            Stage::Over(_) => {}
        }
    }
}

/// A block's number as it is sent: it rolls over to 0.
pub fn wire(block: u64) -> u16 {
    u16::try_from(block & u64::from(u16::MAX)).unwrap_or_default()
}

/// What was sent so long ago is on its way no more.
const STALE: Duration = Duration::from_millis(20);

/// A client that never said anything is given up after this time. OVMF asks for the size of a file and goes away; it
/// says so, but the datagram may be lost.
const UNHEARD: Duration = Duration::from_secs(7);

/// One that fell silent in the middle: OVMF and tftp-hpa give up after 25 s themselves.
const SILENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
