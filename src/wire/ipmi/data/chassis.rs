//! Chassis status, control and identify (netfn 00).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::CHASSIS;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::fault::WireError;

/// Get Chassis Status: three bytes and sometimes a fourth, kept as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Power state and policy: bits of byte 1.
    pub power: u8,
    /// Last power event: bits of byte 2.
    pub event: u8,
    /// Intrusion, lockout, faults, identify: bits of byte 3.
    pub misc: u8,
    /// Front panel buttons, if given.
    pub panel: Option<u8>,
}

/// What happens when mains return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestorePolicy {
    /// Stays off.
    Off,
    /// As before.
    Previous,
    /// Turns on.
    On,
    /// Not known.
    Unknown,
}

/// What the identify light does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifyState {
    /// Off.
    Off,
    /// On for a while.
    Timed,
    /// On until told otherwise.
    Indefinite,
    /// Reserved code.
    Unknown,
}

impl Status {
    /// The request.
    pub fn ask() -> Ask {
        Ask::new(CHASSIS, STATUS, [])
    }

    /// Three bytes or four.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("chassis status", data);
        Ok(Self {
            power: bytes.byte(0)?,
            event: bytes.byte(1)?,
            misc: bytes.byte(2)?,
            panel: bytes.byte(3).ok(),
        })
    }

    /// The answer's data.
    pub fn emit(self) -> Vec<u8> {
        let mut out = vec![self.power, self.event, self.misc];
        out.extend(self.panel);
        out
    }

    /// Whether the machine is powered on.
    pub fn is_on(self) -> bool {
        self.power & 0x01 != 0
    }

    /// Whether the power is overloaded, interlocked, faulty or cannot be controlled.
    pub fn has_power_fault(self) -> bool {
        self.power & 0x1e != 0
    }

    /// What happens when mains return.
    pub fn policy(self) -> RestorePolicy {
        match self.power >> 5 & 0x03 {
            0 => RestorePolicy::Off,
            1 => RestorePolicy::Previous,
            2 => RestorePolicy::On,
            _ => RestorePolicy::Unknown,
        }
    }

    /// Whether the chassis is or was open.
    pub fn is_intruded(self) -> bool {
        self.misc & 0x01 != 0
    }

    /// Whether a drive failed.
    pub fn has_drive_fault(self) -> bool {
        self.misc & 0x04 != 0
    }

    /// Whether cooling failed.
    pub fn has_cooling_fault(self) -> bool {
        self.misc & 0x08 != 0
    }

    /// What the identify light does, if the BMC says so at all.
    pub fn identify(self) -> Option<IdentifyState> {
        let state = match self.misc >> 4 & 0x03 {
            0 => IdentifyState::Off,
            1 => IdentifyState::Timed,
            2 => IdentifyState::Indefinite,
            _ => IdentifyState::Unknown,
        };
        (self.misc & 0x40 != 0).then_some(state)
    }
}

/// Chassis Control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Off, at once.
    Off,
    /// On.
    On,
    /// Off and on; refused by many when off.
    Cycle,
    /// Hard reset; refused by many when off.
    Reset,
    /// Diagnostic interrupt (NMI).
    Interrupt,
    /// Off as the operating system likes it (ACPI).
    SoftOff,
}

impl Control {
    /// Every control with its code.
    pub const CODES: [(Self, u8); 6] = [
        (Self::Off, 0),
        (Self::On, 1),
        (Self::Cycle, 2),
        (Self::Reset, 3),
        (Self::Interrupt, 4),
        (Self::SoftOff, 5),
    ];

    /// The request. On and off may be said twice; the others may not.
    pub fn ask(self) -> Ask {
        let code = Self::CODES.iter().find(|(control, _)| *control == self).map_or(0, |(_, code)| *code);
        let ask = Ask::new(CHASSIS, CONTROL, [code]);
        match self {
            Self::Off | Self::On => ask,
            Self::Cycle | Self::Reset | Self::Interrupt | Self::SoftOff => ask.once(),
        }
    }

    /// Reads a request's data.
    ///
    /// # Errors
    /// [`WireError`] when it is empty or the code is reserved.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let code = Bytes::new("chassis control", data).byte(0)? & 0x0f;
        let found = Self::CODES.iter().find(|(_, known)| *known == code);
        found.map(|(control, _)| *control).ok_or(WireError::Range("chassis control"))
    }
}

/// Chassis Identify: how long the light is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identify {
    /// As long as the BMC likes, 15 s by the standard.
    Default,
    /// So many seconds; 0 turns it off.
    Seconds(u8),
    /// Until told otherwise. Old BMCs refuse it with c7.
    Indefinite,
}

impl Identify {
    /// The request.
    pub fn ask(self) -> Ask {
        let data = match self {
            Self::Default => Vec::new(),
            Self::Seconds(seconds) => vec![seconds],
            Self::Indefinite => vec![0, 1],
        };
        Ask::new(CHASSIS, IDENTIFY, data)
    }

    /// Reads a request's data.
    pub fn parse(data: &[u8]) -> Self {
        match data {
            [] => Self::Default,
            [_, force, ..] if force & 1 != 0 => Self::Indefinite,
            [seconds, ..] => Self::Seconds(*seconds),
        }
    }
}

/// Get Chassis Status.
pub const STATUS: u8 = 0x01;
/// Chassis Control.
pub const CONTROL: u8 = 0x02;
/// Chassis Identify.
pub const IDENTIFY: u8 = 0x04;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::ipmi::ask::Repeat;

    #[test]
    fn status_bits() {
        let status = Status::parse(&[0x21, 0x10, 0x40]).unwrap();
        assert!(status.is_on() && !status.has_power_fault() && !status.is_intruded());
        assert_eq!(status.policy(), RestorePolicy::Previous);
        assert_eq!(status.identify(), Some(IdentifyState::Off));
        let status = Status::parse(&[0x68, 0x01, 0x2d, 0x00]).unwrap();
        assert!(!status.is_on() && status.has_power_fault() && status.is_intruded());
        assert!(status.has_drive_fault() && status.has_cooling_fault());
        assert_eq!((status.policy(), status.identify()), (RestorePolicy::Unknown, None));
        assert!(Status::parse(&[1, 2]).is_err());
    }

    #[test]
    fn every_control_is_read_again() {
        for (control, code) in Control::CODES {
            let ask = control.ask();
            assert_eq!((ask.netfn, ask.command, ask.data.as_slice()), (0, 2, [code].as_slice()));
            let is_wish = matches!(control, Control::Off | Control::On);
            assert_eq!(ask.repeat == Repeat::Free, is_wish, "{control:?}");
            assert_eq!(Control::parse(&ask.data), Ok(control));
        }
        assert!(Control::parse(&[]).is_err() && Control::parse(&[6]).is_err());
    }

    #[test]
    fn every_identify_is_read_again() {
        for identify in
            [Identify::Default, Identify::Seconds(0), Identify::Seconds(255), Identify::Indefinite]
        {
            assert_eq!(Identify::parse(&identify.ask().data), identify);
        }
    }

    proptest! {
        #[test]
        fn status_is_written_as_it_was_read(data in proptest::collection::vec(any::<u8>(), 3..5)) {
            prop_assert_eq!(Status::parse(&data).unwrap().emit(), data);
        }
    }
}
