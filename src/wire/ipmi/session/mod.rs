//! A client's session as a value: it is fed with packets and moments, and says what to send and when to wake it.
//!
//! ```text
//! start -> probe (capabilities) -> open, RAKP 1-4 -> set privilege -> ready <-> ask / answer, keep-alive, SOL
//!             `-> challenge, activate (IPMI 1.5) ---^                   `-> close | lost
//! ```
//! Ids, random numbers and IVs come from the caller's `Dice`, moments from its clock, so that a recorded session
//! replays byte for byte. An ended session stays ended: the caller makes a new value.

pub mod dice;
pub mod login;
pub mod outcome;
mod desk;
mod drive;
mod line;
mod link;
mod open;
mod old;
mod probe;

pub use dice::{Dice, Purpose};
pub use login::{Login, LoginError, Tuning, Version};
pub use outcome::{Answer, AskError, End, Event, Failure, Ready, Stage, Ticket, Turn};

use crate::base::time::Tick;
use crate::wire::ipmi::session::desk::Desk;
use crate::wire::ipmi::session::line::Linked;
use crate::wire::ipmi::session::old::Activation;
use crate::wire::ipmi::session::open::Handshake;
use crate::wire::ipmi::session::probe::Probe;

/// One login and all that is asked in it.
#[derive(Debug)]
pub struct Session {
    login: Login,
    phase: Phase,
    desk: Desk,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Probe(Probe),
    Open(Box<Handshake>),
    Old(Box<Activation>),
    Linked(Box<Linked>),
    Ended,
}

/// What a phase wants next.
#[derive(Debug)]
enum Next {
    Stay,
    Become(Phase),
    End(End),
}

/// What every step gets: the moment, random bytes, and the turn that it adds to.
#[derive(Debug)]
struct Hand<'a> {
    now: Tick,
    dice: &'a mut dyn Dice,
    turn: Turn,
}

impl<'a> Hand<'a> {
    fn new(now: Tick, dice: &'a mut dyn Dice) -> Self {
        Self { now, dice, turn: Turn::default() }
    }
}

#[cfg(test)]
mod tests;
