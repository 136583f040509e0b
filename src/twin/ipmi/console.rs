//! The serial console behind SOL: what the machine prints, the echo of what is typed, and the BMC's side of the line.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::time::Tick;
use crate::twin::ipmi::turn::Now;
use crate::wire::ipmi::bytes::short_length;
use crate::wire::ipmi::id::SessionId;
use crate::wire::ipmi::sol::SolPacket;
use crate::wire::ipmi::sol::packet::{BREAK, DEACTIVATED};

/// The console, and who holds it.
#[derive(Debug, Default)]
pub struct Console {
    owner: Option<SessionId>,
    /// Held by a session that is gone.
    ghost: bool,
    activations: u32,
    output: VecDeque<u8>,
    typed: Vec<u8>,
    sequence: u8,
    on_way: Option<OnWay>,
    /// The number of the client's last packet and how many of its characters were taken.
    taken: (u8, usize),
}

/// A packet that the client has not acknowledged.
#[derive(Debug)]
struct OnWay {
    sequence: u8,
    characters: Vec<u8>,
    tries: u8,
    due: Tick,
}

impl Console {
    /// With or without a dead session that holds it.
    pub fn haunted(ghost: bool) -> Self {
        Self { ghost, ..Self::default() }
    }

    pub fn owner(&self) -> Option<SessionId> {
        self.owner
    }

    pub fn is_held(&self) -> bool {
        self.ghost || self.owner.is_some()
    }

    /// Whether no activation but the present one has been; asked once.
    pub fn take_first(&mut self) -> bool {
        self.activations == 1
    }

    pub fn hold(&mut self, id: SessionId, now: Now) {
        self.owner = Some(id);
        self.activations = self.activations.saturating_add(1);
        self.sequence = 0;
        self.taken = (0, 0);
        if now.on && self.output.is_empty() {
            self.print(PROMPT);
        }
    }

    pub fn release(&mut self) {
        (self.owner, self.ghost, self.on_way) = (None, false, None);
    }

    /// A session is gone.
    pub fn forget(&mut self, id: SessionId) {
        if self.owner == Some(id) {
            self.release();
        }
    }

    /// The machine prints; the oldest goes when nobody reads.
    pub fn print(&mut self, text: &str) {
        self.output.extend(text.as_bytes());
        let excess = self.output.len().saturating_sub(OUTPUT_LIMIT);
        self.output.drain(..excess);
    }

    /// What the machine prints when it starts.
    pub fn boot(&mut self, what: &str) {
        self.output.clear();
        self.print("\r\nTwin BIOS 1.0\r\nMemory test: 2048 MiB OK\r\n");
        self.print(&format!("Booting from {what} ...\r\n"));
        for line in BOOT_LOG {
            self.print(&format!("{line}\r\n"));
        }
        self.print(PROMPT);
    }

    /// Takes an SOL payload; gives what acknowledges it.
    pub fn receive(&mut self, payload: &[u8], now: Now) -> Option<Vec<u8>> {
        let packet = SolPacket::parse(payload).ok()?;
        if let Some(on_way) = self.on_way.take_if(|on_way| on_way.sequence == packet.acknowledged) {
            let rest = on_way.characters.get(usize::from(packet.accepted)..).unwrap_or_default();
            for byte in rest.iter().rev() {
                self.output.push_front(*byte);
            }
        }
        if packet.sequence == 0 {
            return None;
        }
        let (last, count) = self.taken;
        let known = if packet.sequence == last { count } else { 0 };
        if packet.bits & BREAK != 0 && packet.sequence != last {
            self.print("[break]");
        }
        if now.on {
            let fresh: Vec<u8> = packet.characters.iter().skip(known).copied().collect();
            self.echo(&fresh);
        }
        self.taken = (packet.sequence, known.max(packet.characters.len()));
        let acknowledgement = SolPacket {
            sequence: 0,
            acknowledged: packet.sequence,
            accepted: short_length(packet.characters.len()),
            bits: 0,
            characters: &[],
        };
        Some(acknowledgement.emit())
    }

    /// The next packet to send: new characters, or the last ones again.
    pub fn pump(&mut self, now: Tick) -> Option<Vec<u8>> {
        if let Some(on_way) = self.on_way.as_mut() {
            if on_way.due > now {
                return None;
            }
            if on_way.tries >= TRIES {
                self.release();
                return None;
            }
            (on_way.tries, on_way.due) = (on_way.tries + 1, now.after(RETRY));
            return Some(on_way.emit());
        }
        if self.output.is_empty() {
            return None;
        }
        let count = CHARACTERS.min(self.output.len());
        self.sequence = self.sequence % LAST_NUMBER + 1;
        let on_way = OnWay {
            sequence: self.sequence,
            characters: self.output.drain(..count).collect(),
            tries: 1,
            due: now.after(RETRY),
        };
        let packet = on_way.emit();
        self.on_way = Some(on_way);
        Some(packet)
    }

    pub fn wake(&self) -> Option<Tick> {
        self.owner.and(self.on_way.as_ref()).map(|on_way| on_way.due)
    }

    /// What tells the client that SOL ends.
    pub fn farewell(&self) -> Vec<u8> {
        SolPacket { sequence: 0, acknowledged: 0, accepted: 0, bits: DEACTIVATED, characters: &[] }.emit()
    }

    fn echo(&mut self, typed: &[u8]) {
        for byte in typed {
            if *byte == b'\r' || *byte == b'\n' {
                let line = String::from_utf8_lossy(&self.typed).into_owned();
                self.typed.clear();
                self.print(&format!("\r\n{}{PROMPT}", reply(&line)));
            } else {
                self.output.push_back(*byte);
                self.typed.push(*byte);
                self.typed.truncate(LINE_LIMIT);
            }
        }
    }
}

impl OnWay {
    fn emit(&self) -> Vec<u8> {
        let characters = &self.characters;
        SolPacket { sequence: self.sequence, acknowledged: 0, accepted: 0, bits: 0, characters }.emit()
    }
}

fn reply(line: &str) -> String {
    if line.trim().is_empty() { String::new() } else { format!("you said: {line}\r\n") }
}

const PROMPT: &str = "twin login: ";
const BOOT_LOG: &[&str] = &[
    "[    0.000000] Linux version 6.12.0-twin (x86_64)",
    "[    0.000000] Command line: console=ttyS1,115200n8",
    "[    0.412006] smpboot: CPU0: simulated",
    "[    1.207331] eth0: link is up",
    "[    2.000450] systemd[1]: Reached target Multi-User System.",
];
/// Characters that wait for a reader.
const OUTPUT_LIMIT: usize = 65_536;
const LINE_LIMIT: usize = 256;
/// Characters in one packet: the payload's size less its header, and fewer than `FreeIPMI`'s buffer.
const CHARACTERS: usize = 128;
const LAST_NUMBER: u8 = 15;
const RETRY: Duration = Duration::from_millis(500);
const TRIES: u8 = 10;
