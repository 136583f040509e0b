//! System boot options (netfn 00, commands 08 and 09): what the machine boots next.
//!
//! BMCs store more or less of the flags, so a read-back asks for the device ([`Flags::shows`]) and takes validity,
//! persistence and EFI as findings of their own.

use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::CHASSIS;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::fault::WireError;

/// A boot device as clients name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// `pxe`.
    Pxe,
    /// `disk`.
    Disk,
    /// `cdrom`.
    Cdrom,
    /// `bios`: the setup screen.
    Bios,
    /// `safe`: the disk, in safe mode.
    Safe,
}

impl Device {
    /// Every device with the code it is set by.
    pub const CODES: [(Self, u8); 5] =
        [(Self::Pxe, 0x04), (Self::Disk, 0x08), (Self::Cdrom, 0x14), (Self::Bios, 0x18), (Self::Safe, 0x0c)];

    /// The code to set; `as_remote`: a disk boots under UEFI only by the code of a remote medium (Supermicro).
    pub fn code(self, efi: bool, as_remote: bool) -> u8 {
        if self == Self::Disk && efi && as_remote {
            return REMOTE_MEDIUM;
        }
        Self::CODES.iter().find(|(device, _)| *device == self).map_or(0, |(_, code)| *code)
    }

    /// The device that a code read back means; remote CD and disk count as such.
    pub fn of(code: u8) -> Option<Self> {
        match code & DEVICE_BITS {
            0x20 => Some(Self::Cdrom),
            0x2c => Some(Self::Disk),
            code => Self::CODES.iter().find(|(_, known)| *known == code).map(|(device, _)| *device),
        }
    }
}

/// Parameter 5: five bytes, kept as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(pub [u8; 5]);

impl Flags {
    /// Valid flags for a device code.
    pub fn new(code: u8, persistent: bool, efi: bool) -> Self {
        let persistent = if persistent { PERSISTENT } else { 0 };
        let efi = if efi { EFI } else { 0 };
        Self([VALID | persistent | efi, code & DEVICE_BITS, 0, 0, 0])
    }

    /// How Supermicro's own tool asks for setup, for boards that refuse the standard's way: every bit of the first byte.
    pub fn supermicro_setup() -> Self {
        Self([0xff, 0x18, 0, 0, 0])
    }

    /// Whether the next boot heeds them. Off once BIOS has consumed a one-time override: no error.
    pub fn is_valid(self) -> bool {
        self.first() & VALID != 0
    }

    /// Whether they stay after a boot.
    pub fn is_persistent(self) -> bool {
        self.first() & PERSISTENT != 0
    }

    /// Whether the boot is to be a UEFI one.
    pub fn is_efi(self) -> bool {
        self.first() & EFI != 0
    }

    /// The device code, 00 for no override.
    pub fn code(self) -> u8 {
        let [_, second, ..] = self.0;
        second & DEVICE_BITS
    }

    /// The device, if clients have a name for it.
    pub fn device(self) -> Option<Device> {
        Device::of(self.code())
    }

    /// Whether the BMC holds what was asked for: the same code, or one that means the same device.
    pub fn shows(self, code: u8) -> bool {
        let same = self.device().is_some_and(|device| Device::of(code) == Some(device));
        self.code() == code & DEVICE_BITS || same
    }

    fn first(self) -> u8 {
        let [first, ..] = self.0;
        first
    }
}

/// A boot option as Set takes and Get gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootOption {
    /// 0: whether a set is in progress (0 complete, 1 in progress, 2 commit).
    SetInProgress(u8),
    /// 3: on which events the valid bit is not cleared; see [`keep`].
    KeepValid(u8),
    /// 4: which agents' acknowledgement is written, and what.
    Acknowledge {
        /// Which bits are written; left out in answers of some BMCs' layout, there always 0.
        mask: u8,
        /// The bits: 0 BIOS, 1 loader, 2 system partition, 3 SMS, 4 OEM.
        bits: u8,
    },
    /// 5: the flags.
    Flags(Flags),
    /// Any other parameter, as it came.
    Other(u8, Vec<u8>),
}

impl BootOption {
    /// Set System Boot Options.
    pub fn set(&self) -> Ask {
        Ask::new(CHASSIS, SET, self.emit())
    }

    /// Get System Boot Options for a parameter.
    pub fn get(parameter: u8) -> Ask {
        Ask::new(CHASSIS, GET, [parameter & 0x7f, 0, 0])
    }

    /// Reads the data of a Set request.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(data: &[u8]) -> Result<Self, WireError> {
        let bytes = Bytes::new("boot option", data);
        Ok(match bytes.byte(0)? & 0x7f {
            0 => Self::SetInProgress(bytes.byte(1)? & 0x03),
            3 => Self::KeepValid(bytes.byte(1)? & 0x1f),
            4 => Self::Acknowledge { mask: bytes.byte(1)?, bits: bytes.byte(2)? },
            5 => Self::Flags(Flags(bytes.array(1)?)),
            other => Self::Other(other, bytes.rest(1).iter().copied().take(MOST_OTHER).collect()),
        })
    }

    /// Reads the answer to a Get: version, parameter, data.
    ///
    /// # Errors
    /// [`WireError::Short`]. A wrong version is let pass: BMCs differ.
    pub fn parse_answer(data: &[u8]) -> Result<Self, WireError> {
        Self::parse(Bytes::new("boot option answer", data).rest(1))
    }

    /// The answer to a Get.
    pub fn emit_answer(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(self.emit());
        out
    }

    /// The parameter's number.
    pub fn parameter(&self) -> u8 {
        match self {
            Self::SetInProgress(_) => 0,
            Self::KeepValid(_) => 3,
            Self::Acknowledge { .. } => 4,
            Self::Flags(_) => 5,
            Self::Other(parameter, _) => *parameter,
        }
    }

    fn emit(&self) -> Vec<u8> {
        let mut out = vec![self.parameter()];
        match self {
            Self::SetInProgress(byte) | Self::KeepValid(byte) => out.push(*byte),
            Self::Acknowledge { mask, bits } => out.extend([*mask, *bits]),
            Self::Flags(Flags(flags)) => out.extend(flags),
            Self::Other(_, data) => out.extend(data),
        }
        out
    }
}

/// Keeps the valid bit through the 60 s without a chassis command that otherwise clear it. Some BMCs refuse it.
pub fn no_timeout() -> Ask {
    BootOption::KeepValid(keep::TIMEOUT).set()
}

/// Clears BIOS's acknowledgement, as is done before legacy flags are set.
pub fn clear_acknowledge() -> Ask {
    BootOption::Acknowledge { mask: 1, bits: 1 }.set()
}

/// Events on which the valid bit is not cleared.
pub mod keep {
    /// Power button or wake event.
    pub const POWER_BUTTON: u8 = 0x01;
    /// Reset button or soft reset.
    pub const RESET: u8 = 0x02;
    /// Watchdog.
    pub const WATCHDOG: u8 = 0x04;
    /// 60 s without a chassis control command after the flags were set.
    pub const TIMEOUT: u8 = 0x08;
    /// Platform event filtering.
    pub const PEF: u8 = 0x10;
}

/// Set System Boot Options.
pub const SET: u8 = 0x08;
/// Get System Boot Options.
pub const GET: u8 = 0x09;

const VERSION: u8 = 0x01;
const VALID: u8 = 0x80;
const PERSISTENT: u8 = 0x40;
const EFI: u8 = 0x20;
const DEVICE_BITS: u8 = 0x3c;
/// Primary remote medium; on Supermicro machines the disk under UEFI.
const REMOTE_MEDIUM: u8 = 0x24;
/// The longest parameter of the standard has 17 bytes; OEM ones are bounded by the message.
const MOST_OTHER: usize = 255;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn flags_as_the_reference_sends_them() {
        let set = |device: Device, persistent, efi, as_remote| {
            BootOption::Flags(Flags::new(device.code(efi, as_remote), persistent, efi)).set().data
        };
        assert_eq!(set(Device::Pxe, false, true, false), [5, 0xa0, 4, 0, 0, 0]);
        assert_eq!(set(Device::Disk, true, true, false), [5, 0xe0, 8, 0, 0, 0]);
        assert_eq!(set(Device::Disk, true, true, true), [5, 0xe0, 0x24, 0, 0, 0]);
        assert_eq!(set(Device::Disk, true, false, true), [5, 0xc0, 8, 0, 0, 0]);
        assert_eq!(set(Device::Cdrom, false, false, false), [5, 0x80, 0x14, 0, 0, 0]);
        assert_eq!(BootOption::Flags(Flags::supermicro_setup()).set().data, [5, 0xff, 0x18, 0, 0, 0]);
        assert_eq!(no_timeout().data, [3, 8]);
        assert_eq!(clear_acknowledge().data, [4, 1, 1]);
        assert_eq!(BootOption::get(5).data, [5, 0, 0]);
    }

    #[test]
    fn codes_read_back() {
        for (device, code) in Device::CODES {
            assert_eq!(Device::of(code), Some(device));
        }
        for none in [0x00, 0x10, 0x1c, 0x24, 0x3c] {
            assert_eq!(Device::of(none), None, "{none:02x}");
        }
        assert_eq!((Device::of(0x20), Device::of(0x2c)), (Some(Device::Cdrom), Some(Device::Disk)));
    }

    #[test]
    fn a_bmc_that_keeps_the_device_alone_holds_what_was_asked() {
        let flags = Flags([0, 4, 0, 0, 0]);
        assert!(flags.shows(0x04) && !flags.shows(0x08));
        assert!(!flags.is_valid() && !flags.is_persistent() && !flags.is_efi());
        assert!(Flags([0xe0, 0x24, 0, 0, 0]).shows(0x24));
        assert!(Flags([0x80, 0x2c, 0, 0, 0]).shows(0x08));
        assert!(!Flags([0x80, 0, 0, 0, 0]).shows(0x24));
    }

    #[test]
    fn an_invalid_marked_parameter_is_read() {
        let answer = BootOption::parse_answer(&[1, 0x85, 0xe0, 0x18, 0, 0, 0]).unwrap();
        let BootOption::Flags(flags) = &answer else { panic!("{answer:?}") };
        assert_eq!((flags.device(), flags.is_persistent(), flags.is_efi()), (Some(Device::Bios), true, true));
        assert_eq!(answer.emit_answer(), [1, 5, 0xe0, 0x18, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(data in proptest::collection::vec(any::<u8>(), 0..24)) {
            if let Ok(option) = BootOption::parse(&data) {
                prop_assert_eq!(BootOption::parse(&option.set().data), Ok(option.clone()));
                prop_assert_eq!(BootOption::parse_answer(&option.emit_answer()), Ok(option));
            }
        }
    }
}
