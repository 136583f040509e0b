//! What goes into a BMC and what comes out of it, as values.

use std::net::SocketAddr;
use std::time::Duration;

use crate::base::time::Tick;
use crate::twin::progress::BootFrom;

/// What a BMC may know of the moment.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub tick: Tick,
    /// Seconds since 1970.
    pub wall: u32,
    /// Whether the machine has power.
    pub on: bool,
}

/// A datagram to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub to: SocketAddr,
    pub packet: Vec<u8>,
    /// How long it is held back.
    pub delay: Duration,
}

/// A hand on the machine's buttons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    On,
    Off,
    /// Off, once the operating system has shut down.
    SoftOff,
    Cycle,
    Reset,
    /// The diagnostic interrupt.
    Interrupt,
}

/// A press with what the machine is to boot, if boot options say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pressed {
    pub press: Press,
    pub from: Option<BootFrom>,
}

/// What is to be done after something happened.
#[derive(Debug, Default)]
pub struct Turn {
    pub send: Vec<Sent>,
    pub press: Vec<Pressed>,
}

impl Turn {
    pub(super) fn say(&mut self, to: SocketAddr, packet: Vec<u8>) {
        self.send.push(Sent { to, packet, delay: Duration::ZERO });
    }
}

/// What can be counted from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Datagrams that arrived.
    pub packets: u64,
    /// Logins that came to a session.
    pub logins: u64,
    /// Logins refused: unknown user, wrong password, wrong level.
    pub refused: u64,
    /// Sessions now.
    pub sessions: usize,
    /// Commands done in sessions, resent ones not counted again.
    pub commands: u64,
    /// Diagnostic interrupts.
    pub interrupts: u32,
}
