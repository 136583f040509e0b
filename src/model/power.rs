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
}

impl PowerWish {
    /// What the machine has when the wish is fulfilled.
    pub fn goal(self) -> Power {
        match self {
            Self::On => Power::On,
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

    /// Minor number of the first microversion that knows the word.
    pub fn since(self) -> u16 {
        WORDS.iter().find(|(_, target, _)| *target == self).map_or(1, |(_, _, since)| *since)
    }

    /// The wishes in their order.
    pub fn wishes(self) -> &'static [PowerWish] {
        match self {
            Self::On => &[PowerWish::On],
            Self::Off => &[PowerWish::Off],
            Self::Reboot => &[PowerWish::Off, PowerWish::On],
            Self::SoftOff => &[PowerWish::SoftOff],
            Self::SoftReboot => &[PowerWish::SoftOff, PowerWish::On],
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
