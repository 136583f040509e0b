//! What a harness can see of a simulated server from outside, as a person in front of it could.

use std::collections::BTreeMap;

use crate::base::secret::Secret;
use crate::base::time::Tick;

/// Whether the server has power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Power {
    #[default]
    Off,
    On,
}

/// What the server boots when its power comes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BootFrom {
    /// The deploy ramdisk with its agent.
    #[default]
    Ramdisk,
    /// What was installed; no agent runs.
    Disk,
}

/// What the firmware booted, and whether it was told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// No override held: what the harness set.
    #[default]
    Usual,
    Disk,
    Pxe,
    /// The virtual CD.
    Cd,
    /// The virtual USB stick or floppy.
    Usb,
    Http,
    /// The firmware's setup: nothing is booted.
    Setup,
}

/// How far the server has come since its power came on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    #[default]
    Off,
    /// Firmware and kernel.
    Booting,
    /// The agent asks who it is.
    LookingUp,
    /// The agent serves commands and beats.
    Serving,
    /// The agent has cut itself off from the network.
    LockedDown,
    /// The agent has ended with a password in its hands, which a person logs in with.
    Rescued,
    /// The agent's process has died; the machine is still on.
    Dead,
    /// What is on the disk runs.
    Installed,
}

/// A point that a boot comes by, at which its time can be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The machine started, warm or cold.
    Power,
    /// The firmware has its address and the name of its boot file.
    Address,
    /// The boot file is there.
    Loader,
    /// iPXE has its address.
    IpxeAddress,
    /// A script is there.
    Script,
    /// The kernel is asked for.
    KernelAsked,
    /// Kernel and ramdisk are there; the kernel starts.
    Kernel,
    /// The agent was told who it is.
    Found,
    /// The appliance took a heartbeat for the first time in this boot.
    Beat,
    /// An image is about to be written.
    Image,
    /// It is on the disk.
    Written,
    /// What is on the disk runs.
    Disk,
}

/// What a rescue has left on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rescue {
    pub password: Secret,
    /// It is a hash, as `/etc/shadow` holds it.
    pub hashed: bool,
}

/// When a boot came by a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The boot's number, from 1.
    pub boot: u32,
    pub phase: Phase,
    pub at: Tick,
}

/// What the firmware did on the network, over all boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Net {
    /// Times that the whole way from the first DISCOVER was begun.
    pub rounds: u32,
    pub discovers: u32,
    /// Addresses that were confirmed.
    pub leases: u32,
    /// Ramdisks that came whole.
    pub ramdisks: u32,
    /// Files that did not come.
    pub failures: u32,
    pub tftp_bytes: u64,
    pub http_bytes: u64,
}

impl Net {
    pub(super) fn tftp(&mut self, bytes: u64) {
        self.tftp_bytes = self.tftp_bytes.saturating_add(bytes);
    }

    pub(super) fn http(&mut self, bytes: u64) {
        self.http_bytes = self.http_bytes.saturating_add(bytes);
    }
}

/// How often a step ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Runs {
    pub begun: u32,
    /// Ended well. Less than `begun` if one failed or was lost with its boot.
    pub finished: u32,
}

/// Everything counted since the server was made; counts outlive boots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    pub power: Power,
    pub stage: Stage,
    /// Times that the machine started, warm or cold.
    pub boots: u32,
    /// What the present or last boot started from.
    pub source: Source,
    /// Non-maskable interrupts raised.
    pub nmis: u32,
    /// Lookups sent, answered well or not.
    pub lookups: u64,
    /// Heartbeats accepted.
    pub beats: u64,
    /// Heartbeats refused or lost.
    pub beats_refused: u64,
    /// The last refusal of a lookup or a beat: its status and the first characters of its body.
    pub refusal: Option<String>,
    /// Times that the agent locked itself down, asked to or for lack of a token.
    pub lockdowns: u32,
    /// What the last rescue has left on the machine.
    pub rescue: Option<Rescue>,
    /// Every command that an agent took on, oldest first: `clean.execute_clean_step`.
    pub commands: Vec<String>,
    /// Every in-band step by name; `prepare_image` counts as `write_image`.
    pub steps: BTreeMap<String, Runs>,
    /// The command or step that runs now.
    pub doing: Option<String>,
    /// Bytes of the present or last image that are on the disk.
    pub image_bytes: u64,
    /// Bytes that the present or last image has, where its server said so.
    pub image_size: Option<u64>,
    /// Bytes written to the disk in all.
    pub bytes_written: u64,
    /// Images written whole and found right.
    pub images: u32,
    pub net: Net,
    /// The phases of the last boots, oldest first; the oldest go.
    pub marks: Vec<Mark>,
}

impl Progress {
    /// How often the step of this name ran; never is zero.
    pub fn runs(&self, step: &str) -> Runs {
        self.steps.get(step).copied().unwrap_or_default()
    }

    /// When boot `boot` came by `phase` first.
    pub fn came_by(&self, boot: u32, phase: Phase) -> Option<Tick> {
        self.marks.iter().find(|mark| mark.boot == boot && mark.phase == phase).map(|mark| mark.at)
    }

    pub(super) fn mark(&mut self, phase: Phase, at: Tick) {
        if self.marks.len() >= MARKS {
            self.marks.remove(0);
        }
        self.marks.push(Mark { boot: self.boots, phase, at });
    }

    /// What a new boot starts from: counts stay, what was going on is over.
    pub(super) fn starts(&mut self, power: Power) {
        self.power = power;
        self.doing = None;
        self.stage = match power {
            Power::Off => Stage::Off,
            Power::On => Stage::Booting,
        };
        if power == Power::On {
            self.boots = self.boots.saturating_add(1);
        }
    }

    pub(super) fn begin(&mut self, step: &str) {
        self.doing = Some(step.to_owned());
        let runs = self.steps.entry(step.to_owned()).or_default();
        runs.begun = runs.begun.saturating_add(1);
    }

    pub(super) fn finish(&mut self, step: &str) {
        let runs = self.steps.entry(step.to_owned()).or_default();
        runs.finished = runs.finished.saturating_add(1);
    }
}

/// Some twenty boots.
const MARKS: usize = 256;
