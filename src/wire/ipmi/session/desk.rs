//! The requests of a session: those that wait, the one on its way, and their numbers.

use std::collections::VecDeque;

use crate::base::time::Tick;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::message::SEQUENCES;
use crate::wire::ipmi::session::Hand;
use crate::wire::ipmi::session::outcome::{Answer, AskError, Event, Failure, Ticket};

#[derive(Debug)]
pub(super) struct Desk {
    waiting: VecDeque<(Ticket, Ask)>,
    pub(super) pending: Option<Pending>,
    sequence: u8,
    tickets: u64,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) job: Job,
    pub(super) ask: Ask,
    pub(super) sequence: u8,
    /// Sendings so far, and how many there may be.
    pub(super) tries: u8,
    pub(super) limit: u8,
    pub(super) due: Tick,
    /// The message, for sending it again under the same number.
    pub(super) message: Vec<u8>,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    Caller(Ticket),
    Privilege(Privilege),
    KeepAlive,
    Close,
}

impl Desk {
    pub(super) fn new(first_request: u8) -> Self {
        Self { waiting: VecDeque::new(), pending: None, sequence: first_request % SEQUENCES, tickets: 0 }
    }

    /// The next request's number.
    pub(super) fn number(&mut self) -> u8 {
        let number = self.sequence;
        self.sequence = (number + 1) % SEQUENCES;
        number
    }

    pub(super) fn add(&mut self, ask: Ask) -> Result<Ticket, AskError> {
        if self.waiting.len() >= WAITING_LIMIT {
            return Err(AskError::Full);
        }
        let ticket = Ticket(self.tickets);
        self.tickets = self.tickets.wrapping_add(1);
        self.waiting.push_back((ticket, ask));
        Ok(ticket)
    }

    pub(super) fn next(&mut self) -> Option<(Ticket, Ask)> {
        self.waiting.pop_front()
    }

    pub(super) fn outstanding(&self) -> usize {
        let on_way = self.pending.as_ref().is_some_and(|pending| matches!(pending.job, Job::Caller(_)));
        self.waiting.len() + usize::from(on_way)
    }

    /// The caller's requests get their failures; nothing is left.
    pub(super) fn fail_all(&mut self, hand: &mut Hand<'_>) {
        if let Some(Pending { job: Job::Caller(ticket), .. }) = self.pending.take() {
            answer(ticket, Err(Failure::Lost), hand);
        }
        for (ticket, _) in self.waiting.drain(..) {
            answer(ticket, Err(Failure::NotSent), hand);
        }
    }
}

pub(super) fn answer(ticket: Ticket, result: Result<Answer, Failure>, hand: &mut Hand<'_>) {
    hand.turn.events.push(Event::Answered { ticket, result });
}

/// Requests that may wait in one session; the governor before it lets four through.
const WAITING_LIMIT: usize = 32;
