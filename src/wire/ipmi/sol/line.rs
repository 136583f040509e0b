//! The line between console and BMC as a value: one unacknowledged packet each way, sent again until it is taken.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::time::Tick;
use crate::wire::ipmi::bytes::short_length;
use crate::wire::ipmi::sol::packet::{BREAK, BREAK_SEEN, CHARACTER_LIMIT, DEACTIVATED, OVERRUN, SolPacket};

/// An activated SOL payload, seen from the client.
#[derive(Debug)]
pub struct Line {
    /// Characters in one packet to the BMC.
    characters: usize,
    typed: VecDeque<u8>,
    breaks: u8,
    sequence: u8,
    on_way: Option<OnWay>,
    /// After a refusal: until when nothing is sent.
    held: Option<Tick>,
    /// Number of the BMC's last packet and how many of its characters were taken.
    taken: (u8, usize),
}

/// A packet that the BMC has not acknowledged.
#[derive(Debug)]
struct OnWay {
    sequence: u8,
    bits: u8,
    characters: Vec<u8>,
    tries: u8,
    due: Tick,
}

/// What is to be done after something happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineTurn {
    /// SOL payloads for `Session::send_sol`, in this order.
    pub send: Vec<Vec<u8>>,
    /// What came out of the serial port.
    pub output: Vec<u8>,
    pub events: Vec<LineEvent>,
    /// When to call `wake`, unless something happens before.
    pub wake: Option<Tick>,
}

/// What happened beside characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineEvent {
    /// The BMC ended SOL, often because another client took it.
    Deactivated,
    /// Characters were lost before they reached us.
    Overrun,
    Break,
    /// The BMC does not acknowledge what is typed: activate anew.
    Stalled,
}

impl Line {
    /// `characters` as the activation's answer says.
    pub fn new(characters: usize) -> Self {
        let characters = characters.clamp(1, CHARACTER_LIMIT);
        Self {
            characters,
            typed: VecDeque::new(),
            breaks: 0,
            sequence: 1,
            on_way: None,
            held: None,
            taken: (0, 0),
        }
    }

    /// Takes what was typed, as far as there is room; returns how many bytes were taken, too.
    pub fn write(&mut self, bytes: &[u8], now: Tick) -> (usize, LineTurn) {
        let room = TYPED_LIMIT.saturating_sub(self.typed.len()).min(bytes.len());
        self.typed.extend(bytes.iter().take(room));
        let mut turn = LineTurn::default();
        self.pump(now, &mut turn);
        (room, self.finish(turn))
    }

    /// Sends a serial break, after what is on its way.
    pub fn press_break(&mut self, now: Tick) -> LineTurn {
        self.breaks = self.breaks.saturating_add(1);
        let mut turn = LineTurn::default();
        self.pump(now, &mut turn);
        self.finish(turn)
    }

    /// Takes an SOL payload of the BMC's; what is not understood is dropped.
    pub fn receive(&mut self, payload: &[u8], now: Tick) -> LineTurn {
        let mut turn = LineTurn::default();
        if let Ok(packet) = SolPacket::parse(payload) {
            self.take_signals(&packet, &mut turn);
            self.take_characters(&packet, &mut turn);
            self.take_acknowledgement(&packet, now, &mut turn);
        }
        self.finish(turn)
    }

    /// To be called at the moment that the last turn named; earlier it does nothing.
    pub fn wake(&mut self, now: Tick) -> LineTurn {
        let mut turn = LineTurn::default();
        if self.held.is_some_and(|until| until <= now) {
            self.held = None;
            self.pump(now, &mut turn);
        } else if let Some(on_way) = self.on_way.as_mut().filter(|on_way| on_way.due <= now) {
            if on_way.tries >= TRIES {
                self.on_way = None;
                turn.events.push(LineEvent::Stalled);
                return self.finish(turn);
            }
            on_way.tries += 1;
            on_way.due = now.after(RETRY);
            turn.send.push(on_way.emit());
        }
        self.finish(turn)
    }

    /// Sends the next break or characters, if nothing is on its way.
    fn pump(&mut self, now: Tick, turn: &mut LineTurn) {
        if self.on_way.is_some() || self.held.is_some() || self.breaks == 0 && self.typed.is_empty() {
            return;
        }
        let mut bits = 0;
        let mut characters = Vec::new();
        if self.breaks > 0 {
            self.breaks -= 1;
            bits = BREAK;
        } else {
            let count = self.characters.min(self.typed.len());
            characters.extend(self.typed.drain(..count));
        }
        let sequence = self.sequence;
        self.sequence = sequence % LAST_NUMBER + 1;
        let on_way = OnWay { sequence, bits, characters, tries: 1, due: now.after(RETRY) };
        turn.send.push(on_way.emit());
        self.on_way = Some(on_way);
    }

    fn take_signals(&self, packet: &SolPacket<'_>, turn: &mut LineTurn) {
        let repeated = packet.sequence != 0 && packet.sequence == self.taken.0;
        let signals = [
            (DEACTIVATED, LineEvent::Deactivated),
            (OVERRUN, LineEvent::Overrun),
            (BREAK_SEEN, LineEvent::Break),
        ];
        let seen = signals.iter().filter(|(bit, _)| packet.bits & bit != 0 && !repeated);
        turn.events.extend(seen.map(|(_, event)| *event));
    }

    /// Of a packet that comes again with more characters only the tail is new.
    fn take_characters(&mut self, packet: &SolPacket<'_>, turn: &mut LineTurn) {
        if packet.sequence == 0 {
            return;
        }
        let (last, count) = self.taken;
        let known = if packet.sequence == last { count } else { 0 };
        turn.output.extend(packet.characters.iter().skip(known));
        let count = known.max(packet.characters.len());
        self.taken = (packet.sequence, count);
        let acknowledgement = SolPacket {
            sequence: 0,
            acknowledged: packet.sequence,
            accepted: short_length(packet.characters.len()),
            bits: 0,
            characters: &[],
        };
        turn.send.push(acknowledgement.emit());
    }

    /// What the BMC did not take goes again under a new number: at once if it took something, else after a while.
    fn take_acknowledgement(&mut self, packet: &SolPacket<'_>, now: Tick, turn: &mut LineTurn) {
        let Some(on_way) = self.on_way.take_if(|on_way| on_way.sequence == packet.acknowledged) else {
            return;
        };
        let accepted = usize::from(packet.accepted).min(on_way.characters.len());
        let rest = on_way.characters.get(accepted..).unwrap_or_default();
        if rest.is_empty() && !packet.is_nack() {
            self.pump(now, turn);
            return;
        }
        if rest.is_empty() && on_way.bits & BREAK != 0 {
            self.breaks = self.breaks.saturating_add(1);
        }
        for byte in rest.iter().rev() {
            self.typed.push_front(*byte);
        }
        if accepted > 0 && !packet.is_nack() {
            self.pump(now, turn);
        } else {
            self.held = Some(now.after(RETRY));
        }
    }

    fn finish(&self, turn: LineTurn) -> LineTurn {
        LineTurn { wake: self.on_way.as_ref().map(|on_way| on_way.due).or(self.held), ..turn }
    }
}

impl OnWay {
    fn emit(&self) -> Vec<u8> {
        let packet = SolPacket {
            sequence: self.sequence,
            acknowledged: 0,
            accepted: 0,
            bits: self.bits,
            characters: &self.characters,
        };
        packet.emit()
    }
}

/// How long a packet waits for its acknowledgement.
const RETRY: Duration = Duration::from_millis(500);
/// How often a packet is sent before the line counts as stalled.
const TRIES: u8 = 8;
/// Characters that may wait: a pasted page.
const TYPED_LIMIT: usize = 4096;
const LAST_NUMBER: u8 = 15;
