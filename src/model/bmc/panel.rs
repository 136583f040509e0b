//! What one sees and presses at a machine's BMC: modes, lamps, drives for media, methods of its vendor.

use serde::{Deserialize, Serialize};

use crate::model::boot::BootDevice;

/// How the firmware boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Uefi,
    Bios,
}

impl Mode {
    pub const ALL: [Self; 2] = [Self::Uefi, Self::Bios];

    pub fn name(self) -> &'static str {
        match self {
            Self::Uefi => "uefi",
            Self::Bios => "bios",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// What the firmware says of how it boots; `None`: it does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modes {
    pub boot: Option<Mode>,
    pub secure: Option<bool>,
}

/// A change of how the firmware boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModeWish {
    Boot(Mode),
    Secure(bool),
}

impl ModeWish {
    /// Whether the machine has it; `None` if it does not say.
    pub fn is_met(self, seen: Modes) -> Option<bool> {
        match self {
            Self::Boot(mode) => seen.boot.map(|found| found == mode),
            Self::Secure(on) => seen.secure.map(|found| found == on),
        }
    }

    /// As a person says it.
    pub fn text(self) -> String {
        match self {
            Self::Boot(mode) => format!("boot mode {}", mode.name()),
            Self::Secure(on) => format!("secure boot {}", switch(on)),
        }
    }

    /// The same of what was seen instead.
    pub fn seen_text(self, seen: Modes) -> String {
        let text = match self {
            Self::Boot(_) => seen.boot.map(|mode| Self::Boot(mode).text()),
            Self::Secure(_) => seen.secure.map(|on| Self::Secure(on).text()),
        };
        text.unwrap_or_else(|| "nothing".to_owned())
    }
}

fn switch(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// A change of the firmware's modes that is under way: set, power cycled, awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeChange {
    pub wish: ModeWish,
    /// The machine was off before: it is switched off again in the end.
    #[serde(default)]
    pub was_off: bool,
    /// The wish is met; only power is being put back.
    #[serde(default)]
    pub met: bool,
    /// Looks made since the machine was made to boot anew.
    #[serde(default)]
    pub looks: u16,
}

impl ModeChange {
    pub fn new(wish: ModeWish) -> Self {
        Self { wish, was_off: false, met: false, looks: 0 }
    }
}

/// What a lamp shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lamp {
    On,
    #[default]
    Off,
    Blinking,
    /// The BMC does not say, or says something else.
    Unknown,
}

impl Lamp {
    pub const ALL: [Self; 4] = [Self::On, Self::Off, Self::Blinking, Self::Unknown];

    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Blinking => "blinking",
            Self::Unknown => "unknown",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lamp| lamp.name() == name)
    }
}

/// A lamp and the part that bears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// `system`, `chassis` or `disk`.
    pub component: String,
    pub name: String,
    pub shows: Lamp,
    /// What it can be made to show; nothing, if it can only be read.
    pub can: Vec<Lamp>,
}

/// An image for a drive of the BMC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    /// One of [`DRIVES`].
    pub drive: BootDevice,
    pub url: String,
}

/// A drive of the BMC and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// In the words of Redfish: `CD`, `DVD`, `Floppy`, `USBStick`.
    pub types: Vec<String>,
    pub inserted: bool,
    pub image: Option<String>,
}

/// The drives that take media; `disk` is a USB stick.
pub const DRIVES: &[BootDevice] = &[BootDevice::Cdrom, BootDevice::Disk, BootDevice::Floppy];

/// What a BMC writes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Book {
    /// The event log.
    Events,
    /// Serial numbers, part numbers and makers.
    Inventory,
    /// The power that is drawn.
    Draw,
}

/// A call of a vendor's method. Its arguments lie in memory under the ticket: they may hold secrets, and a press is
/// never paid by another run of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passthru {
    pub method: String,
    /// The request's method, upper case.
    pub http: String,
    pub ticket: u64,
}

/// A method of a vendor interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodSpec {
    pub name: &'static str,
    /// Request methods that it takes, upper case.
    pub http: &'static [&'static str],
    /// Answered before it is carried out.
    pub is_async: bool,
    pub description: &'static str,
    /// Nobody else may change the node meanwhile.
    pub exclusive: bool,
    /// Arguments that must be given.
    pub required: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_met_by_what_is_seen_and_silence_is_neither() {
        let seen = Modes { boot: Some(Mode::Bios), secure: None };
        assert_eq!(ModeWish::Boot(Mode::Bios).is_met(seen), Some(true));
        assert_eq!(ModeWish::Boot(Mode::Uefi).is_met(seen), Some(false));
        assert_eq!(ModeWish::Secure(true).is_met(seen), None);
        assert_eq!(ModeWish::Secure(true).seen_text(seen), "nothing");
        assert_eq!(ModeWish::Boot(Mode::Uefi).seen_text(seen), "boot mode bios");
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for lamp in Lamp::ALL {
            assert_eq!(Lamp::parse(lamp.name()), Some(lamp));
        }
        for mode in Mode::ALL {
            assert_eq!(Mode::parse(mode.name()), Some(mode));
        }
        assert_eq!((Lamp::parse("ON"), Mode::parse("zz")), (None, None));
    }
}
