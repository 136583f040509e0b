//! Chassis commands: power, identify, boot options (IPMI 2.0 28).

use std::time::Duration;

use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::station::{Answer, Asked, Station};
use crate::twin::ipmi::turn::{Now, Press};
use crate::wire::ipmi::data::boot;
use crate::wire::ipmi::data::chassis::{CONTROL, Control, IDENTIFY, Identify, STATUS, Status};
use crate::wire::ipmi::status::Completion;

pub fn answer(station: &mut Station, asked: &Asked<'_>) -> Answer {
    let (data, now) = (asked.request.data, asked.now);
    match asked.request.command {
        CAPABILITIES => Ok(vec![0, BMC, BMC, BMC, BMC, BMC]),
        STATUS => Ok(status(station, now).emit()),
        CONTROL => control(station, data, now),
        IDENTIFY => {
            identify(station, data, now);
            Ok(Vec::new())
        }
        SET_POLICY => set_policy(station, data),
        RESTART_CAUSE => Ok(vec![BY_CHASSIS_CONTROL, CHANNEL]),
        boot::SET => {
            let Station { boot, settings, .. } = station;
            boot.set(data, settings, now.tick)
        }
        boot::GET => station.boot.answer(data, &station.settings),
        HOURS => Ok(vec![60, 1, 0, 0, 0]),
        _ => Err(Completion::INVALID_COMMAND),
    }
}

fn status(station: &Station, now: Now) -> Status {
    let power = u8::from(now.on) | station.policy << 5;
    let light = if station.identify.is_some_and(|until| until > now.tick) { TIMED } else { 0 };
    Status { power, event: station.last_event, misc: IDENTIFY_SAID | light, panel: Some(0) }
}

fn control(station: &mut Station, data: &[u8], now: Now) -> Answer {
    let control = Control::parse(data).map_err(|_| Completion::INVALID_FIELD)?;
    let strict = station.settings.has(Quirk::OffWhenOff);
    let press = match control {
        Control::Off | Control::SoftOff if !now.on && strict => return Err(Completion::STATE),
        Control::Cycle if station.settings.has(Quirk::NoCycle) => return Err(Completion::INVALID_COMMAND),
        Control::Reset if !now.on && station.settings.has(Quirk::ResetWhenOff) => return Ok(Vec::new()),
        Control::Cycle | Control::Reset if !now.on => return Err(Completion::STATE),
        Control::Off => Press::Off,
        Control::On => Press::On,
        Control::Cycle => Press::Cycle,
        Control::Reset => Press::Reset,
        Control::Interrupt => {
            station.interrupts = station.interrupts.saturating_add(1);
            station.sol.print("\r\nNMI received\r\n");
            Press::Interrupt
        }
        Control::SoftOff => Press::SoftOff,
    };
    station.boot.commanded();
    if press == Press::On {
        station.last_event |= ON_BY_IPMI;
    }
    station.press(press);
    Ok(Vec::new())
}

fn identify(station: &mut Station, data: &[u8], now: Now) {
    let length = match Identify::parse(data) {
        Identify::Default => Some(15),
        Identify::Seconds(seconds) => Some(u64::from(seconds)),
        Identify::Indefinite => None,
    };
    let length = length.map_or(Duration::MAX, Duration::from_secs);
    station.identify = (!length.is_zero()).then(|| now.tick.after(length));
}

fn set_policy(station: &mut Station, data: &[u8]) -> Answer {
    let [policy, ..] = data else { return Err(Completion::LENGTH) };
    if policy & 0x07 <= 2 {
        station.policy = policy & 0x07;
    }
    Ok(vec![ALL_POLICIES])
}

const CAPABILITIES: u8 = 0x00;
const SET_POLICY: u8 = 0x06;
const RESTART_CAUSE: u8 = 0x07;
const HOURS: u8 = 0x0f;
const BMC: u8 = 0x20;
const CHANNEL: u8 = 1;
const BY_CHASSIS_CONTROL: u8 = 1;
const IDENTIFY_SAID: u8 = 0x40;
const TIMED: u8 = 0x10;
const ON_BY_IPMI: u8 = 0x10;
const ALL_POLICIES: u8 = 0x07;
