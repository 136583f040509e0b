//! Who is let in: what becomes of a datagram at the door.

use std::sync::{Arc, Mutex, PoisonError};

use tftpd::ErrorCode;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::base::time::SharedClock;
use crate::boot::library::Library;
use crate::boot::tftp::Settings;
use crate::boot::tftp::counts::{Record, one};
use crate::boot::tftp::door::Letter;
use crate::boot::tftp::errand::Errand;
use crate::boot::tftp::link::refuse;
use crate::boot::tftp::rate::Rate;
use crate::boot::tftp::request::{Odd, Request};
use crate::boot::tftp::seats::{Seat, Seats, Verdict};
use crate::boot::tftp::terms::Limits;

/// What all doors and transfers share.
#[derive(Debug)]
pub(super) struct Hall {
    pub(super) library: Arc<dyn Library>,
    pub(super) clock: SharedClock,
    pub(super) limits: Limits,
    pub(super) record: Record,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    guests: Mutex<Guests>,
}

#[derive(Debug)]
struct Guests {
    rate: Rate,
    seats: Seats,
}

impl Hall {
    pub(super) fn new(
        library: Arc<dyn Library>,
        clock: SharedClock,
        settings: Settings,
        (record, stop): (Record, CancellationToken),
    ) -> Self {
        let Settings { max_blksize, max_windowsize, max_transfers, max_of_one, requests_a_second } = settings;
        let seats = Seats::new(max_transfers, max_of_one);
        Self {
            library,
            clock,
            limits: Limits { blksize: max_blksize, windowsize: max_windowsize.max(1) },
            record,
            stop,
            tasks: TaskTracker::new(),
            guests: Mutex::new(Guests { rate: Rate::new(requests_a_second), seats }),
        }
    }

    /// Serves a datagram, or says no, or passes it over.
    pub(super) fn receive(self: &Arc<Self>, letter: &Letter<'_>) {
        if !self.take_token(letter) {
            return one(&self.record.counts.hasty);
        }
        let request = match Request::parse(letter.bytes) {
            Ok(request) => request,
            Err(odd) => return self.decline(letter, odd),
        };
        match self.admit(letter, &request) {
            Verdict::Known => {}
            // Silence: firmware asks again for 16 to 30 s (measured), and is served once another transfer is done. An ERROR
            // would end its boot at once (RFC 1350, 5).
            Verdict::Full => one(&self.record.counts.full),
            Verdict::Begin { seat, displaced } => {
                if displaced {
                    one(&self.record.counts.displaced);
                }
                let errand = Errand { hall: self.clone(), seat, local: letter.to, request };
                self.tasks.spawn(errand.run());
            }
        }
    }

    fn take_token(&self, letter: &Letter<'_>) -> bool {
        let now = self.clock.tick();
        self.guests.lock().unwrap_or_else(PoisonError::into_inner).rate.take(letter.from.ip(), now)
    }

    fn admit(&self, letter: &Letter<'_>, request: &Request) -> Verdict {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.seats.admit(letter.from, request, &self.stop, self.clock.tick())
    }

    pub(super) fn leave(&self, seat: &Seat) {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner).seats.leave(seat);
    }

    /// Transfers under way.
    #[cfg(test)]
    pub(super) fn seats(&self) -> usize {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner).seats.len()
    }

    fn decline(&self, letter: &Letter<'_>, odd: Odd) {
        let (code, why) = match odd {
            // An answer to what may be an answer could go to and fro without an end.
            Odd::NoRequest => return one(&self.record.counts.odd),
            Odd::Write => (ErrorCode::AccessViolation, "nothing can be written here"),
            Odd::Mode => (ErrorCode::IllegalOperation, "the mode is not known"),
            Odd::Name => (ErrorCode::FileNotFound, NO_FILE),
        };
        one(&self.record.counts.odd);
        if let Err(error) = refuse(letter.to, letter.from, code, why) {
            tracing::debug!(peer = %letter.from, %error, "a refusal could not be sent");
        }
    }
}

/// What is said of files that are not there.
pub(super) const NO_FILE: &str = "there is no such file";
