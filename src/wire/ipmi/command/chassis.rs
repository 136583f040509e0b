//! Commands of the chassis (IPMI 2.0 28.2 to 28.13).

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::bytes::Reader;
use crate::wire::ipmi::command::netfn;
use crate::wire::ipmi::fault::WireError;

/// Is it on, and how is it?
pub fn status() -> Ask {
    Ask::new(netfn::CHASSIS, GET_STATUS, [])
}

/// The answer to `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Bits 0 on, 1 overload, 2 interlock, 3 fault, 4 control fault, 6:5 restore policy.
    pub power: u8,
    /// Bits 0 AC failed, 1 overload, 2 interlock, 3 fault, 4 on by IPMI.
    pub last_event: u8,
    /// Bits 0 intrusion, 1 lockout, 2 drive fault, 3 cooling fault, 5:4 identify state, 6 it is known.
    pub misc: u8,
    /// Which buttons are and may be disabled; some BMCs leave it out.
    pub buttons: Option<u8>,
}

/// What a machine does when mains power comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RestorePolicy {
    StayOff,
    Previous,
    On,
    Unknown,
}

impl Status {
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("chassis status", data);
        let [power, last_event, misc] = reader.array()?;
        Ok(Self { power, last_event, misc, buttons: reader.u8().ok() })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.power, self.last_event, self.misc];
        out.extend(self.buttons);
        out
    }

    pub fn is_on(&self) -> bool {
        self.power & 0x01 != 0
    }

    pub fn restore_policy(&self) -> RestorePolicy {
        match self.power >> 5 & 3 {
            0 => RestorePolicy::StayOff,
            1 => RestorePolicy::Previous,
            2 => RestorePolicy::On,
            _ => RestorePolicy::Unknown,
        }
    }
}

/// A press of a button (IPMI 2.0 28.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Control {
    Off,
    On,
    Cycle,
    Reset,
    /// Diagnostic interrupt: NMI.
    Diagnostic,
    /// A press of the power button, which the operating system sees.
    Soft,
}

impl Control {
    pub fn code(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::On => 1,
            Self::Cycle => 2,
            Self::Reset => 3,
            Self::Diagnostic => 4,
            Self::Soft => 5,
        }
    }

    /// From a request's data.
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        match Reader::new("chassis control request", data).u8()? & 0x0f {
            0 => Ok(Self::Off),
            1 => Ok(Self::On),
            2 => Ok(Self::Cycle),
            3 => Ok(Self::Reset),
            4 => Ok(Self::Diagnostic),
            5 => Ok(Self::Soft),
            value => Err(WireError::Unexpected { what: "chassis control", value }),
        }
    }
}

/// On and off may be said twice; the others may not.
pub fn control(control: Control) -> Ask {
    let ask = Ask::new(netfn::CHASSIS, CONTROL, [control.code()]);
    match control {
        Control::Off | Control::On => ask,
        Control::Cycle | Control::Reset | Control::Diagnostic | Control::Soft => ask.once(),
    }
}

/// The chassis' light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identify {
    Off,
    /// For as long as the BMC likes: 15 seconds.
    Default,
    Seconds(u8),
    /// Until turned off; old BMCs refuse the byte that says so with completion code c7.
    Forever,
}

impl Identify {
    pub fn parse(data: &[u8]) -> Self {
        match data {
            [] => Self::Default,
            [_, force, ..] if force & 1 != 0 => Self::Forever,
            [0, ..] => Self::Off,
            [seconds, ..] => Self::Seconds(*seconds),
        }
    }
}

pub fn identify(identify: Identify) -> Ask {
    let data = match identify {
        Identify::Default => vec![],
        Identify::Off => vec![0],
        Identify::Seconds(seconds) => vec![seconds],
        Identify::Forever => vec![0, 1],
    };
    Ask::new(netfn::CHASSIS, IDENTIFY, data)
}

/// Sets a boot option parameter; bit 7 of the parameter marks it invalid.
pub fn set_boot_option(parameter: u8, data: &[u8]) -> Ask {
    let mut bytes = vec![parameter];
    bytes.extend(data);
    Ask::new(netfn::CHASSIS, SET_BOOT_OPTION, bytes)
}

/// The request data of `set_boot_option`: parameter and its data.
pub fn parse_set_boot_option(data: &[u8]) -> Result<(u8, &[u8]), WireError> {
    let (parameter, rest) = data.split_first().ok_or(WireError::Short("set boot options request"))?;
    Ok((*parameter, rest))
}

pub fn get_boot_option(parameter: u8) -> Ask {
    Ask::new(netfn::CHASSIS, GET_BOOT_OPTION, [parameter & 0x7f, 0, 0])
}

/// The answer to `get_boot_option`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BootOption<'a> {
    pub version: u8,
    /// Without its invalid bit.
    pub parameter: u8,
    pub invalid: bool,
    pub data: &'a [u8],
}

impl<'a> BootOption<'a> {
    pub fn parse(data: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new("boot option", data);
        let [version, parameter] = reader.array()?;
        let invalid = parameter & 0x80 != 0;
        Ok(Self { version: version & 0x0f, parameter: parameter & 0x7f, invalid, data: reader.rest() })
    }

    pub fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.version, self.parameter | u8::from(self.invalid) << 7];
        out.extend(self.data);
        out
    }
}

pub const GET_STATUS: u8 = 0x01;
pub const CONTROL: u8 = 0x02;
pub const IDENTIFY: u8 = 0x04;
pub const SET_BOOT_OPTION: u8 = 0x08;
pub const GET_BOOT_OPTION: u8 = 0x09;
