//! A machine with a state of its own: power, what it booted, its disk, and the agent on it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::base::secret::Secret;
use crate::base::time::Tick;
use crate::driver::Machine as Record;
use crate::model::bmc::Keep;
use crate::model::bmc::panel::{Mode, Modes};
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::{BootDevice, Boots};
use crate::model::decision::effect::BootPart;
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::interface::Interface;
use crate::model::step::{Again, Kind};
use crate::model::turn::{Failure, FailureKind, InBand, InBandSteps, Memo, Turn};

/// A command that the agent has taken.
#[derive(Debug, Clone, PartialEq)]
struct Command {
    id: String,
    ends: Tick,
}

/// What is seen of it when all is over.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Traces {
    /// How often each thing that must not be done twice was done.
    pub(super) done: BTreeMap<String, u32>,
    /// Times that it was really switched on, and off.
    pub(super) switched: (u32, u32),
    /// What is in its virtual CD: the secret of the path that it came from.
    pub(super) cd: Option<Secret>,
    /// Its firmware's mode.
    pub(super) mode: Mode,
    /// The hash that its ramdisk was given, which went on without its agent.
    pub(super) password: Option<String>,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) power: Power,
    pub(super) traces: Traces,
    /// The ramdisk runs, and which boot it is.
    pub(super) boot: Option<u32>,
    boots: u32,
    pub(super) token: Option<Secret>,
    commands: Vec<Command>,
    pub(super) next_beat: Tick,
    /// Steps that its agent offers beside, with long names.
    pub(super) offers: usize,
    /// It boots what its boot device says; else, who is there boots.
    pub(super) wired: bool,
    /// How often its BMC was logged in to as a stranger.
    pub(super) logins: u32,
    /// The device of its next boot.
    once: Option<BootDevice>,
    /// The mode that its next boot takes up.
    pending: Option<Mode>,
    /// Its agent tells what the machine is made of, instead of asking who it is.
    pub(super) tells: bool,
    /// The boot that has told.
    pub(super) told: Option<u32>,
    /// How long a command of the agent takes.
    pub(super) work: Duration,
    /// The token of the installer that it booted, and whether that has told that it began.
    pub(super) installer: Option<(Secret, bool)>,
}

impl Machine {
    pub(super) fn new(power: Power) -> Self {
        Self {
            power,
            traces: Traces::default(),
            boot: None,
            boots: 0,
            token: None,
            commands: Vec::new(),
            next_beat: Tick::default(),
            offers: 0,
            wired: false,
            logins: 0,
            once: None,
            pending: None,
            tells: false,
            told: None,
            work: WORK,
            installer: None,
        }
    }

    pub(super) fn switch(&mut self, wish: PowerWish, record: &Record) -> Outcome {
        match (self.power, wish) {
            (Power::Off | Power::Error, PowerWish::On | PowerWish::Reset | PowerWish::SoftReset) => {
                self.power = Power::On;
                self.traces.switched.0 += 1;
                self.start(self.boots_ramdisk(record));
                if self.wired && self.boot.is_some() {
                    // Its medium was made for this boot.
                    self.token = record.node.agent.as_ref().map(|agent| agent.token.clone());
                }
                if record.node.boots == Boots::Installer {
                    self.installer = record.node.agent.as_ref().map(|agent| (agent.token.clone(), false));
                }
                self.once = None;
                self.traces.mode = self.pending.take().unwrap_or(self.traces.mode);
            }
            (Power::On, PowerWish::Off | PowerWish::SoftOff) => self.switch_off(),
            _ => {}
        }
        Outcome::Power(self.power)
    }

    /// A wired machine boots the ramdisk from its CD alone, once, and only if that is the medium of this boot.
    fn boots_ramdisk(&self, record: &Record) -> bool {
        let is_served = self.traces.cd.is_some() && self.traces.cd == record.node.boot_token;
        let is_chosen = self.once == Some(BootDevice::Cdrom) && is_served;
        record.node.boots == Boots::Ramdisk && (is_chosen || !self.wired)
    }

    /// A part of a boot. The mode is taken up by the next boot.
    pub(super) fn prepare(&mut self, part: BootPart, record: &Record) -> Outcome {
        match part {
            BootPart::Fetch => {}
            BootPart::Insert => self.traces.cd.clone_from(&record.node.boot_token),
            BootPart::Eject => self.traces.cd = None,
            BootPart::Mode { wanted } => {
                self.pending = wanted.filter(|mode| *mode != self.traces.mode);
                return Outcome::Modes(self.modes());
            }
            BootPart::Secure { .. } => return Outcome::Modes(Modes::default()),
            BootPart::Device { .. } => {
                self.once = Some(BootDevice::Cdrom);
                return Outcome::BootDevice { device: BootDevice::Cdrom, keep: Keep::Nothing };
            }
        }
        Outcome::Done
    }

    pub(super) fn modes(&self) -> Modes {
        Modes { boot: self.wired.then_some(self.traces.mode), secure: None }
    }

    fn switch_off(&mut self) {
        self.power = Power::Off;
        self.traces.switched.1 += 1;
        self.boot = None;
        (self.token, self.traces.password, self.installer) = (None, None, None);
    }

    /// Boots, the ramdisk or something else; another boot knows nothing of the one before.
    pub(super) fn start(&mut self, ramdisk: bool) {
        self.boots += 1;
        self.boot = ramdisk.then_some(self.boots);
        (self.token, self.traces.password, self.installer) = (None, None, None);
        self.commands.clear();
        self.next_beat = Tick::default();
    }

    /// The agent answers, and as the one that the record knows.
    pub(super) fn reached(&self, record: &Record) -> Result<(), Failure> {
        let (Some(known), Some(_)) = (&record.node.agent, self.boot) else {
            return Err(Failure::silent("no answer from the agent"));
        };
        if !known.borne {
            return Err(Failure::silent("its address is not known"));
        }
        match &self.token {
            Some(own) if *own == known.token => Ok(()),
            Some(_) | None => Err(Failure::new(FailureKind::Lost, "another agent answers")),
        }
    }

    /// Whether a command has ended since the last heartbeat, which then comes at once.
    pub(super) fn has_news(&self, now: Tick) -> bool {
        self.commands.iter().any(|command| command.ends <= now && command.ends.after(BEAT) > self.next_beat)
    }

    pub(super) fn steps(&self, record: &Record) -> Seen {
        if let Err(failure) = self.reached(record) {
            return Seen::Silent(failure);
        }
        let clean =
            record.node.run.as_ref().is_some_and(|run| matches!(run.kind, Kind::Clean | Kind::Service));
        let erasing = [erase("erase_devices_metadata", 99), erase("erase_devices", 10)];
        let mut steps = if clean { erasing.to_vec() } else { Vec::new() };
        steps.extend((0..self.offers).map(|n| erase(&format!("{n}_{}", "x".repeat(100)), 50)));
        Seen::Steps(InBandSteps { steps, ..InBandSteps::default() })
    }

    /// In band: what the list of commands says of the memo (style corner 3).
    pub(super) fn look_in_band(&self, record: &Record, memo: &Memo, now: Tick) -> Turn {
        if let Err(failure) = self.reached(record) {
            return Turn::Failed(failure);
        }
        if let Some(id) = memo.get("command").and_then(Value::as_str) {
            return match self.commands.iter().find(|command| command.id == id) {
                None => lost(),
                Some(command) if command.ends <= now => Turn::done(),
                Some(_) => Turn::Agent { memo: memo.clone() },
            };
        }
        if memo.contains_key("after")
            && let Some(turn) = self.sent_before(memo)
        {
            return turn;
        }
        let after = self.commands.last().map(|command| command.id.clone());
        Turn::Act { memo: with(memo, "after", json!(after)) }
    }

    fn sent_before(&self, memo: &Memo) -> Option<Turn> {
        let newer = match memo.get("after").and_then(Value::as_str) {
            None => self.commands.as_slice(),
            Some(id) => match self.commands.iter().position(|command| command.id == id) {
                None => return Some(lost()),
                Some(place) => self.commands.get(place + 1..).unwrap_or_default(),
            },
        };
        let id = newer.last()?.id.clone();
        Some(Turn::Agent { memo: with(&Memo::new(), "command", json!(id)) })
    }

    pub(super) fn act_in_band(&mut self, record: &Record, again: bool, now: Tick) -> Turn {
        let run = record.node.run.as_ref().unwrap();
        let (step, memo) = (run.step().unwrap(), &run.memo);
        if let Err(failure) = self.reached(record) {
            let may_have_it = again && step.step == "finalize_rescue";
            let anew = Turn::Reboot { into: Boots::Ramdisk, memo: with(&Memo::new(), "boots", json!(1)) };
            return if may_have_it { anew } else { Turn::Failed(failure) };
        }
        if again && let Some(turn) = self.sent_before(memo) {
            return turn;
        }
        if step.step == "finalize_rescue" {
            self.traces.password = record.node.rescue_password().map(|one| one.hashed.reveal().to_owned());
            (self.boot, self.token) = (None, None);
            return Turn::done();
        }
        let id = format!("{}-{}", self.boots, self.commands.len() + 1);
        self.commands.push(Command { id: id.clone(), ends: now.after(self.work) });
        self.press(&step.step);
        Turn::Agent { memo: with(&Memo::new(), "command", json!(id)) }
    }

    fn press(&mut self, name: &str) -> u32 {
        let count = self.traces.done.entry(name.to_owned()).or_default();
        *count += 1;
        *count
    }

    fn pressed(&self, name: &str) -> u32 {
        self.traces.done.get(name).copied().unwrap_or(0)
    }

    /// Out of band: one press that is told from the next by its count.
    pub(super) fn look_at_press(&self, name: &str, memo: &Memo) -> Turn {
        match memo.get("count").and_then(Value::as_u64) {
            Some(count) if u64::from(self.pressed(name)) > count => Turn::done(),
            Some(_) => Turn::Act { memo: memo.clone() },
            None => Turn::Act { memo: with(memo, "count", json!(self.pressed(name))) },
        }
    }

    pub(super) fn act_press(&mut self, name: &str, memo: &Memo, again: bool) -> Turn {
        if again && matches!(self.look_at_press(name, memo), Turn::Done(_)) {
            return Turn::done();
        }
        self.press(name);
        if name == "tear_down_agent" && self.power == Power::On {
            self.switch_off();
        }
        Turn::done()
    }
}

fn erase(step: &str, priority: i64) -> InBand {
    InBand {
        interface: Interface::Deploy,
        step: step.to_owned(),
        priority,
        abortable: true,
        reboot_requested: false,
        again: Again::Repeat,
        required: Vec::new(),
        known: Vec::new(),
        described: Vec::new(),
    }
}

fn lost() -> Turn {
    Turn::Failed(Failure::new(FailureKind::Lost, "its list does not hold the last command"))
}

fn with(memo: &Memo, key: &str, value: Value) -> Memo {
    let mut memo = memo.clone();
    memo.insert(key.to_owned(), value);
    memo
}

/// As long as a command takes if no test says otherwise.
const WORK: Duration = Duration::from_secs(45);
/// Between two heartbeats.
pub(super) const BEAT: Duration = Duration::from_secs(100);
