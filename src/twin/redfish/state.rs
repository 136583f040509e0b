//! What a controller remembers beside its resources at rest.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::{Map, Value, json};

use crate::base::time::Tick;
use crate::twin::redfish::profile::Maker;
use crate::twin::redfish::session::Session;
use crate::twin::redfish::task::Task;
use crate::twin::redfish::upkeep::Upkeep;
use crate::wire::redfish::send::{Led, Mode};

/// What changes while a controller lives.
#[derive(Debug)]
pub struct State {
    pub sessions: Vec<Session>,
    pub tasks: Vec<Task>,
    pub subscriptions: Vec<Subscription>,
    pub slots: Vec<Medium>,
    /// By the path of the resource; what is not listed is off.
    pub lamps: BTreeMap<String, Led>,
    pub secure: Secure,
    pub clock: WallShift,
    pub bios: Map<String, Value>,
    pub bios_pending: Map<String, Value>,
    pub seen: Seen,
    /// The power state shown while the machine moves from one to the other.
    pub moving: Option<&'static str>,
    /// A boot mode that is to show after the next power on, asked for at this count of boots.
    pub mode_pending: Option<(Mode, u32)>,
    /// Until when it says that it is busy.
    pub busy_until: Tick,
    /// From when until when it answers nothing.
    pub dark: Option<(Tick, Tick)>,
    pub log_cleared: bool,
    /// The boot order that was asked for, and one that is shown after the next boot only.
    pub boot_order: Option<Value>,
    pub order_pending: Option<Value>,
    /// Which resets ran, oldest first.
    pub resets: Vec<String>,
    /// Boot overrides accepted.
    pub overrides: u32,
    /// Virtual media are attached, as far as a maker has such a switch.
    pub attached: bool,
    pub upkeep: Upkeep,
    number: u64,
    /// Who asked once on a connection that is still its own.
    peers: BTreeSet<SocketAddr>,
}

/// The machine's power as last noticed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    pub boots: u32,
    pub on: bool,
    /// When it went on or off.
    pub turned: Option<Tick>,
    /// When it was last reset on request.
    pub reset: Option<Tick>,
}

/// A virtual media slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Medium {
    pub image: Option<String>,
    pub inserted: bool,
    pub write_protected: bool,
    pub user: Option<String>,
    /// Bytes that were fetched on insert.
    pub bytes: u64,
    /// Images that were inserted, by count.
    pub inserts: u32,
    pub ejected: Option<Tick>,
    /// A name that stays after an eject.
    pub stale: Option<String>,
}

/// Secure boot as it is and as it will be after the next boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secure {
    pub enabled: bool,
    pub current: bool,
    pub keys: bool,
}

/// An event subscription.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub id: String,
    pub body: Value,
}

/// How the controller's clock differs from the wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WallShift {
    pub micros: i64,
    pub offset: String,
}

impl State {
    pub fn new(maker: &Maker) -> Self {
        let bios = json!({"BootMode": "Uefi", "ProcVirtualization": true, "AssetTag": "", "NumLock": true});
        Self {
            sessions: Vec::new(),
            tasks: Vec::new(),
            subscriptions: Vec::new(),
            slots: vec![Medium { write_protected: true, ..Medium::default() }; maker.slots.len()],
            lamps: BTreeMap::new(),
            secure: Secure { enabled: false, current: false, keys: true },
            clock: WallShift { micros: 0, offset: "+00:00".to_owned() },
            bios: bios.as_object().cloned().unwrap_or_default(),
            bios_pending: Map::new(),
            seen: Seen::default(),
            moving: None,
            mode_pending: None,
            busy_until: Tick::default(),
            dark: None,
            log_cleared: false,
            boot_order: None,
            order_pending: None,
            resets: Vec::new(),
            overrides: 0,
            attached: true,
            upkeep: Upkeep::default(),
            number: 0,
            peers: BTreeSet::new(),
        }
    }

    /// The next number for something new.
    pub fn fresh(&mut self) -> u64 {
        self.number = self.number.saturating_add(1);
        self.number
    }

    /// Whether the connection from there was used before; a broken one may come back as a new one.
    pub fn is_second(&mut self, peer: SocketAddr) -> bool {
        if self.peers.remove(&peer) {
            return true;
        }
        self.peers.insert(peer);
        false
    }

    /// Sees what became of the machine since the last request: what waits for a boot is applied by one. True if the
    /// controller itself starts anew, with new firmware.
    pub fn notice(&mut self, on: bool, boots: u32, now: Tick) -> bool {
        if on != self.seen.on || boots != self.seen.boots {
            self.seen.turned = Some(now);
        }
        if boots != self.seen.boots {
            self.secure.current = self.secure.enabled && self.secure.keys;
            self.bios.append(&mut self.bios_pending);
            self.boot_order = self.order_pending.take().or(self.boot_order.take());
            for task in self.tasks.iter_mut().filter(|task| task.held) {
                (task.held, task.made) = (false, now);
            }
        }
        let starts = self.upkeep.settle(&self.tasks, boots != self.seen.boots, now);
        (self.seen.on, self.seen.boots) = (on, boots);
        starts
    }
}
