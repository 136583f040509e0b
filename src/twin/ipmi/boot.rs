//! Boot options: parameters 0, 3, 4, 5, and the rule of 60 seconds (IPMI 2.0 28.12 to 28.14).

use std::time::Duration;

use crate::base::time::Tick;
use crate::twin::ipmi::quirk::Quirk;
use crate::twin::ipmi::settings::Settings;
use crate::twin::ipmi::station::Answer;
use crate::twin::progress::BootFrom;
use crate::wire::ipmi::data::boot::{BootOption, Flags, keep};
use crate::wire::ipmi::status::Completion;

/// The options as they are kept.
#[derive(Debug, Default)]
pub struct BootOptions {
    progress: u8,
    keep: u8,
    acknowledged: u8,
    flags: Flags,
    /// Since when valid flags wait for a chassis control command.
    waiting: Option<Tick>,
}

impl BootOptions {
    /// Set System Boot Options.
    pub fn set(&mut self, data: &[u8], settings: &Settings, now: Tick) -> Answer {
        let [first, ..] = data else { return Err(Completion::LENGTH) };
        if data.len() == 1 && first & INVALID != 0 {
            return Ok(Vec::new());
        }
        match BootOption::parse(data).map_err(|_| Completion::LENGTH)? {
            BootOption::SetInProgress(state) => return self.set_progress(state),
            BootOption::KeepValid(_) if settings.has(Quirk::NoTimeoutParameter) => return Err(UNSUPPORTED),
            BootOption::KeepValid(events) => self.keep = events,
            BootOption::Acknowledge { mask, bits } => {
                self.acknowledged = self.acknowledged & !mask | bits & mask;
            }
            BootOption::Flags(flags) => {
                let [first, ..] = flags.0;
                let is_standard = first & RESERVED == 0;
                if flags.code() == SETUP && is_standard && flags.is_efi() && settings.has(Quirk::BiosRefused)
                {
                    return Err(Completion::INVALID_FIELD);
                }
                self.flags = flags;
                self.waiting = flags.is_valid().then_some(now);
            }
            BootOption::Other(1 | 2, _) => {}
            BootOption::Other(..) => return Err(UNSUPPORTED),
        }
        Ok(Vec::new())
    }

    fn set_progress(&mut self, state: u8) -> Answer {
        if state == IN_PROGRESS && self.progress == IN_PROGRESS {
            return Err(HELD);
        }
        self.progress = if state == IN_PROGRESS { state } else { 0 };
        Ok(Vec::new())
    }

    /// Get System Boot Options.
    pub fn answer(&self, data: &[u8], settings: &Settings) -> Answer {
        let [parameter, _, _] = data else { return Err(Completion::LENGTH) };
        let option = match parameter & 0x7f {
            0 => BootOption::SetInProgress(self.progress),
            1 | 2 => BootOption::Other(parameter & 0x7f, vec![0]),
            3 if !settings.has(Quirk::NoTimeoutParameter) => BootOption::KeepValid(self.keep),
            4 => BootOption::Acknowledge { mask: 0, bits: self.acknowledged },
            5 => BootOption::Flags(self.flags),
            6 => BootOption::Other(6, vec![0; 9]),
            7 => BootOption::Other(7, vec![0; 3]),
            _ => return Err(UNSUPPORTED),
        };
        Ok(option.emit_answer())
    }

    /// Flags that no chassis control command has followed in time are not valid any more.
    pub fn tick(&mut self, now: Tick) {
        let Some(since) = self.waiting else { return };
        if self.keep & keep::TIMEOUT == 0 && now.since(since) >= TIMEOUT {
            self.invalidate();
        }
    }

    /// A chassis control command has come.
    pub fn commanded(&mut self) {
        self.waiting = None;
    }

    /// Firmware has started and read the flags.
    pub fn booted(&mut self, settings: &Settings) {
        if !self.flags.is_persistent() || settings.has(Quirk::BootFlagsLost) {
            self.invalidate();
        }
    }

    /// What firmware boots by these flags; `None`: what it always does.
    pub fn from(&self, settings: &Settings) -> Option<BootFrom> {
        if !self.flags.is_valid() {
            return None;
        }
        let efi = self.flags.is_efi();
        match self.flags.code() {
            PXE if efi && settings.has(Quirk::EfiPxe) => Some(BootFrom::Disk),
            PXE | CD | REMOTE_CD => Some(BootFrom::Ramdisk),
            DISK if efi && settings.has(Quirk::UefiDisk) => None,
            DISK | DISK_SAFE | REMOTE_DISK => Some(BootFrom::Disk),
            REMOTE_MEDIUM if efi && settings.has(Quirk::UefiDisk) => Some(BootFrom::Disk),
            _ => None,
        }
    }

    fn invalidate(&mut self) {
        self.waiting = None;
        let [first, rest @ ..] = self.flags.0;
        let [b, c, d, e] = rest;
        self.flags = Flags([first & !VALID, b, c, d, e]);
    }
}

/// IPMI 2.0 table 28-14, parameter 3.
const TIMEOUT: Duration = Duration::from_mins(1);
const INVALID: u8 = 0x80;
const VALID: u8 = 0x80;
/// Bits of the first byte of the flags that the standard leaves out.
const RESERVED: u8 = 0x1f;
const IN_PROGRESS: u8 = 1;
const UNSUPPORTED: Completion = Completion(0x80);
const HELD: Completion = Completion(0x81);
const PXE: u8 = 0x04;
const DISK: u8 = 0x08;
const DISK_SAFE: u8 = 0x0c;
const CD: u8 = 0x14;
const SETUP: u8 = 0x18;
const REMOTE_CD: u8 = 0x20;
const REMOTE_MEDIUM: u8 = 0x24;
const REMOTE_DISK: u8 = 0x2c;
