//! What commands read and change: the machine as its BMC sees it.

use std::time::Duration;

use uuid::Uuid;

use crate::base::time::Tick;
use crate::twin::ipmi::boot::BootOptions;
use crate::twin::ipmi::catalog::{self, EVENT_LOG, POWER_UNIT};
use crate::twin::ipmi::console::Console;
use crate::twin::ipmi::log::{Happening, Log};
use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::sensor::Sensors;
use crate::twin::ipmi::settings::Settings;
use crate::twin::ipmi::turn::{Now, Press, Pressed};
use crate::twin::progress::BootFrom;
use crate::wire::ipmi::data::sdr::record::Record;
use crate::wire::ipmi::message::Request;
use crate::wire::ipmi::status::Completion;

/// Data, or a completion code that is not 00.
pub type Answer = Result<Vec<u8>, Completion>;

/// A command and the moment that it came.
#[derive(Debug)]
pub struct Asked<'a> {
    pub request: Request<'a>,
    pub now: Now,
}

#[derive(Debug)]
pub struct Station {
    pub settings: Settings,
    pub guid: [u8; 16],
    /// Where clients reach the BMC.
    pub port: u16,
    pub boot: BootOptions,
    pub log: Log,
    pub sensors: Sensors,
    pub sol: Console,
    /// Sensor data records by their place.
    pub records: Vec<Vec<u8>>,
    /// Names the server in its inventories.
    pub serial: String,
    /// What the service is to press.
    pub presses: Vec<Pressed>,
    pub interrupts: u32,
    /// The last reservations of the record repository and of the log.
    pub reservations: (u16, u16),
    /// Until when the identify light is on.
    pub identify: Option<Tick>,
    /// Byte 2 of the chassis status.
    pub last_event: u8,
    /// What happens when mains return, as its code.
    pub policy: u8,
    /// Since when the BMC runs.
    pub started: Tick,
    restarting: Option<Tick>,
    on: bool,
}

impl Station {
    pub fn new(settings: Settings, serial: &str, port: u16, now: Now) -> Self {
        let mut log = Log::default();
        log.clear(EVENT_LOG, now.wall);
        let records = catalog::records();
        Self {
            guid: Uuid::new_v5(&Uuid::NAMESPACE_DNS, serial.as_bytes()).to_bytes_le(),
            port,
            boot: BootOptions::default(),
            log,
            sensors: Sensors::default(),
            sol: Console::haunted(settings.has(Quirk::SolActive)),
            records: records.iter().map(Record::emit).collect(),
            serial: serial.to_owned(),
            presses: Vec::new(),
            interrupts: 0,
            reservations: (1, 1),
            identify: None,
            last_event: 0,
            policy: 1,
            started: now.tick,
            restarting: None,
            on: now.on,
            settings,
        }
    }

    /// Restarts the BMC: it says nothing for so long.
    pub fn restart(&mut self, length: Duration, now: Tick) {
        self.restarting = Some(now.after(length));
        self.started = now.after(length);
        self.sol.release();
        self.sensors = Sensors::default();
    }

    pub fn is_restarting(&self, now: Tick) -> bool {
        self.restarting.is_some_and(|until| now < until)
    }

    /// Asks for a press of the machine's button.
    pub fn press(&mut self, press: Press) {
        let from: Option<BootFrom> = self.boot.from(&self.settings);
        self.presses.push(Pressed { press, from });
    }

    pub fn tick(&mut self, now: Now) {
        self.boot.tick(now.tick);
        self.identify.take_if(|until| *until <= now.tick);
    }

    /// Whether power or boot are not what they were; logs and prints it.
    pub fn power_seen(&mut self, booted: bool, now: Now) -> bool {
        let changed = now.on != self.on;
        self.on = now.on;
        if changed || booted {
            self.log_power(changed, now);
        }
        if booted && now.on {
            let what = match self.boot.from(&self.settings) {
                Some(BootFrom::Ramdisk) => "network",
                Some(BootFrom::Disk) => "disk",
                None => "default device",
            };
            self.sol.boot(what);
            self.boot.booted(&self.settings);
        } else if changed && !now.on {
            self.sol.print("\r\n[power off]\r\n");
        }
        changed || booted
    }
}

impl Station {
    /// Power off, power on again, or, if it was only seen on, a power cycle.
    fn log_power(&mut self, changed: bool, now: Now) {
        let (direction, offset) = match (changed, now.on) {
            (true, true) => (SPECIFIC | WENT_AWAY, POWERED_OFF),
            (true, false) => (SPECIFIC, POWERED_OFF),
            (false, _) => (SPECIFIC, POWER_CYCLED),
        };
        let data = [offset, 0xff, 0xff];
        self.log.add(Happening { kind: POWER, number: POWER_UNIT, direction, data }, now.wall);
    }
}

/// Sensor type of the power unit, and its states.
const POWER: u8 = 0x09;
const POWERED_OFF: u8 = 0;
const POWER_CYCLED: u8 = 1;
const SPECIFIC: u8 = 0x6f;
const WENT_AWAY: u8 = 0x80;
