//! Power: what a machine has and what is wished.

use serde::{Deserialize, Serialize};

/// Power as seen or recorded; unknown is `None` beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Power {
    On,
    Off,
    Error,
}

impl Power {
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "power on",
            Self::Off => "power off",
            Self::Error => "error",
        }
    }
}

/// A state of power to be brought about; a reboot is `Off` and then `On`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PowerWish {
    On,
    Off,
    /// Asks the operating system first, falls back to nothing: it fails if the machine stays on.
    SoftOff,
    /// Boots a machine anew that must not be switched off. A press; one that is off is switched on.
    Reset,
    /// The same by way of the operating system.
    SoftReset,
}

impl PowerWish {
    /// What the machine has when the wish is fulfilled.
    pub fn goal(self) -> Power {
        match self {
            Self::On | Self::Reset | Self::SoftReset => Power::On,
            Self::Off | Self::SoftOff => Power::Off,
        }
    }
}

/// What a client may ask for (`PUT states/power`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PowerTarget {
    On,
    Off,
    Reboot,
    SoftOff,
    SoftReboot,
}

impl PowerTarget {
    pub fn parse(word: &str) -> Option<Self> {
        WORDS.iter().find(|(name, _, _)| *name == word).map(|(_, target, _)| *target)
    }

    /// The word for it in the API.
    pub fn name(self) -> &'static str {
        WORDS.iter().find(|(_, target, _)| *target == self).map_or("", |(name, _, _)| *name)
    }

    /// Minor number of the first microversion that knows the word.
    pub fn since(self) -> u16 {
        WORDS.iter().find(|(_, target, _)| *target == self).map_or(1, |(_, _, since)| *since)
    }

    /// The wishes in their order; `never_off`: the machine must not be switched off; `soft_reset`: its power interface
    /// has a soft reboot of its own.
    pub fn wishes(self, never_off: bool, soft_reset: bool) -> &'static [PowerWish] {
        match (self, never_off || soft_reset && self == Self::SoftReboot) {
            (Self::On, _) => &[PowerWish::On],
            (Self::Off, _) => &[PowerWish::Off],
            (Self::Reboot, false) => &[PowerWish::Off, PowerWish::On],
            (Self::Reboot, true) => &[PowerWish::Reset],
            (Self::SoftOff, _) => &[PowerWish::SoftOff],
            (Self::SoftReboot, false) => &[PowerWish::SoftOff, PowerWish::On],
            (Self::SoftReboot, true) => &[PowerWish::SoftReset],
        }
    }

    /// `target_power_state` while it is under way.
    pub fn goal(self) -> Power {
        match self {
            Self::On | Self::Reboot | Self::SoftReboot => Power::On,
            Self::Off | Self::SoftOff => Power::Off,
        }
    }
}

const WORDS: &[(&str, PowerTarget, u16)] = &[
    ("power on", PowerTarget::On, 1),
    ("power off", PowerTarget::Off, 1),
    ("rebooting", PowerTarget::Reboot, 1),
    ("soft power off", PowerTarget::SoftOff, 27),
    ("soft rebooting", PowerTarget::SoftReboot, 27),
];
