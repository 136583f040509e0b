//! What a caller does with a session: start it, feed it, wake it, ask, close.

use crate::base::time::Tick;
use crate::wire::ipmi::ask::{Ask, DATA_LIMIT};
use crate::wire::ipmi::lan20::Payload;
use crate::wire::ipmi::packet::Packet;
use crate::wire::ipmi::session::desk::Desk;
use crate::wire::ipmi::session::open::Handshake;
use crate::wire::ipmi::session::probe::Probe;
use crate::wire::ipmi::session::{
    AskError, Dice, End, Event, Hand, Login, Next, Phase, Session, Stage, Ticket, Turn, Version,
};

impl Session {
    pub fn new(login: Login) -> Self {
        let desk = Desk::new(login.tuning.first_request);
        Self { login, phase: Phase::Idle, desk }
    }

    /// Begins to log in; afterwards it does nothing.
    pub fn start(&mut self, now: Tick, dice: &mut dyn Dice) -> Turn {
        let mut hand = Hand::new(now, dice);
        if matches!(self.phase, Phase::Idle) {
            self.phase = if self.login.tuning.probe || self.login.version != Version::V20 {
                Phase::Probe(Probe::start(&self.login, &mut self.desk, &mut hand))
            } else {
                Phase::Open(Box::new(Handshake::start(&self.login, false, &mut hand)))
            };
        }
        self.finish(hand)
    }

    /// Takes a UDP payload from the BMC's address; what is not understood or not proven is dropped.
    pub fn receive(&mut self, datagram: &[u8], now: Tick, dice: &mut dyn Dice) -> Turn {
        let mut hand = Hand::new(now, dice);
        if let Ok(packet) = Packet::parse(datagram) {
            let next = match &mut self.phase {
                Phase::Idle | Phase::Ended => Next::Stay,
                Phase::Probe(probe) => probe.receive(&packet, &self.login, &mut self.desk, &mut hand),
                Phase::Open(open) => open.receive(&packet, &self.login, &mut self.desk, &mut hand),
                Phase::Old(old) => old.receive(&packet, &self.login, &mut self.desk, &mut hand),
                Phase::Linked(linked) => linked.receive(&packet, &self.login, &mut self.desk, &mut hand),
            };
            self.go(next, &mut hand);
        }
        self.finish(hand)
    }

    /// To be called at the moment that the last turn named; earlier it does nothing.
    pub fn wake(&mut self, now: Tick, dice: &mut dyn Dice) -> Turn {
        let mut hand = Hand::new(now, dice);
        if self.due().is_some_and(|due| due <= now) {
            let next = match &mut self.phase {
                Phase::Idle | Phase::Ended => Next::Stay,
                Phase::Probe(probe) => probe.wake(&self.login, &mut hand),
                Phase::Open(open) => open.wake(&self.login, &mut hand),
                Phase::Old(old) => old.wake(&self.login, &mut hand),
                Phase::Linked(linked) => linked.wake(&self.login, &mut self.desk, &mut hand),
            };
            self.go(next, &mut hand);
        }
        self.finish(hand)
    }

    /// Asks something; before the session is ready the request waits. One request is on its way at a time.
    pub fn ask(&mut self, ask: Ask, now: Tick, dice: &mut dyn Dice) -> Result<(Ticket, Turn), AskError> {
        match &self.phase {
            Phase::Ended => return Err(AskError::Ended),
            Phase::Linked(linked) if linked.is_closing() => return Err(AskError::Ended),
            Phase::Linked(_) | Phase::Idle | Phase::Probe(_) | Phase::Open(_) | Phase::Old(_) => {}
        }
        if ask.data.len() > DATA_LIMIT {
            return Err(AskError::TooLong);
        }
        let ticket = self.desk.add(ask)?;
        let mut hand = Hand::new(now, dice);
        if let Phase::Linked(linked) = &mut self.phase {
            linked.pump(&self.login, &mut self.desk, &mut hand);
        }
        Ok((ticket, self.finish(hand)))
    }

    /// Sends an SOL packet's payload, as `sol::Line` gives it.
    pub fn send_sol(&mut self, payload: &[u8], now: Tick, dice: &mut dyn Dice) -> Result<Turn, AskError> {
        let mut hand = Hand::new(now, dice);
        let Phase::Linked(linked) = &mut self.phase else {
            return Err(AskError::NoSol);
        };
        if !linked.carries_sol() {
            return Err(AskError::NoSol);
        }
        linked.send(Payload::Sol, payload, &mut hand);
        Ok(self.finish(hand))
    }

    /// Says good-bye, once, and waits a moment for the answer; requests not yet answered fail.
    pub fn close(&mut self, now: Tick, dice: &mut dyn Dice) -> Turn {
        let mut hand = Hand::new(now, dice);
        let next = match &mut self.phase {
            Phase::Linked(linked) => linked.close(&self.login, &mut self.desk, &mut hand),
            Phase::Ended => Next::Stay,
            Phase::Idle | Phase::Probe(_) | Phase::Open(_) | Phase::Old(_) => Next::End(End::Closed),
        };
        self.go(next, &mut hand);
        self.finish(hand)
    }

    pub fn stage(&self) -> Stage {
        match &self.phase {
            Phase::Idle => Stage::Idle,
            Phase::Probe(_) => Stage::Probe,
            Phase::Open(open) => open.stage(),
            Phase::Old(old) => old.stage(),
            Phase::Linked(linked) => linked.stage(),
            Phase::Ended => Stage::Ended,
        }
    }

    /// How many requests wait or are on their way.
    pub fn outstanding(&self) -> usize {
        self.desk.outstanding()
    }

    fn due(&self) -> Option<Tick> {
        match &self.phase {
            Phase::Idle | Phase::Ended => None,
            Phase::Probe(probe) => Some(probe.due),
            Phase::Open(open) => Some(open.due),
            Phase::Old(old) => Some(old.due),
            Phase::Linked(linked) => Some(linked.due(&self.login, &self.desk)),
        }
    }

    fn go(&mut self, next: Next, hand: &mut Hand<'_>) {
        match next {
            Next::Stay => {}
            Next::Become(phase) => self.phase = phase,
            Next::End(end) => {
                self.phase = Phase::Ended;
                self.desk.fail_all(hand);
                hand.turn.events.push(Event::Ended(end));
            }
        }
    }

    fn finish(&self, hand: Hand<'_>) -> Turn {
        Turn { wake: self.due(), ..hand.turn }
    }
}
