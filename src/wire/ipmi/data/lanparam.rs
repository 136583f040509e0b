//! Get LAN Configuration Parameters (netfn 0c, command 02): the BMC's own address.

use std::net::Ipv4Addr;

use crate::base::mac::Mac;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::ask::netfn::TRANSPORT;
use crate::wire::ipmi::bytes::Bytes;
use crate::wire::ipmi::fault::WireError;

/// A parameter that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// IPv4 address.
    Address,
    /// Where the address comes from.
    Source,
    /// Ethernet address.
    Mac,
    /// Subnet mask.
    Mask,
    /// Default gateway.
    Gateway,
    /// VLAN id and switch.
    Vlan,
}

impl Parameter {
    /// The parameter's number.
    pub fn number(self) -> u8 {
        match self {
            Self::Address => 3,
            Self::Source => 4,
            Self::Mac => 5,
            Self::Mask => 6,
            Self::Gateway => 12,
            Self::Vlan => 20,
        }
    }

    /// The request; channel 0e is the one that we talk through, 01 the usual LAN.
    pub fn ask(self, channel: u8) -> Ask {
        Ask::new(TRANSPORT, COMMAND, [channel & 0x0f, self.number(), 0, 0])
    }

    /// Reads the answer to this parameter, its revision byte first.
    ///
    /// # Errors
    /// [`WireError::Short`].
    pub fn parse(self, data: &[u8]) -> Result<Setting, WireError> {
        let bytes = Bytes::new("LAN parameter", data);
        bytes.byte(0)?;
        Ok(match self {
            Self::Address => Setting::Address(bytes.array(1)?.into()),
            Self::Source => Setting::Source(Source::of(bytes.byte(1)?)),
            Self::Mac => Setting::Mac(Mac(bytes.array(1)?)),
            Self::Mask => Setting::Mask(bytes.array(1)?.into()),
            Self::Gateway => Setting::Gateway(bytes.array(1)?.into()),
            Self::Vlan => {
                let word = bytes.word(1)?;
                Setting::Vlan((word & VLAN_ON != 0).then_some(word & VLAN_BITS))
            }
        })
    }
}

/// A parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// IPv4 address.
    Address(Ipv4Addr),
    /// Where the address comes from.
    Source(Source),
    /// Ethernet address.
    Mac(Mac),
    /// Subnet mask.
    Mask(Ipv4Addr),
    /// Default gateway.
    Gateway(Ipv4Addr),
    /// VLAN id, if one is on.
    Vlan(Option<u16>),
}

impl Setting {
    /// The answer's data.
    pub fn emit(self) -> Vec<u8> {
        let mut out = vec![REVISION];
        match self {
            Self::Address(address) | Self::Mask(address) | Self::Gateway(address) => {
                out.extend(address.octets());
            }
            Self::Source(source) => out.push(source.code()),
            Self::Mac(Mac(octets)) => out.extend(octets),
            Self::Vlan(vlan) => {
                let word = vlan.map_or(0, |id| VLAN_ON | (id & VLAN_BITS));
                out.extend(word.to_le_bytes());
            }
        }
        out
    }
}

/// Where a BMC's address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Typed in.
    Static,
    /// DHCP.
    Dhcp,
    /// Given by BIOS or system software.
    Bios,
    /// Another protocol, or not said: the code.
    Other(u8),
}

impl Source {
    fn of(byte: u8) -> Self {
        match byte & 0x0f {
            1 => Self::Static,
            2 => Self::Dhcp,
            3 => Self::Bios,
            other => Self::Other(other),
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Static => 1,
            Self::Dhcp => 2,
            Self::Bios => 3,
            Self::Other(code) => code & 0x0f,
        }
    }
}

/// Get LAN Configuration Parameters.
pub const COMMAND: u8 = 0x02;
/// The channel that a request came through.
pub const THIS_CHANNEL: u8 = 0x0e;

/// Parameter revision: 1.1, as every BMC answers.
const REVISION: u8 = 0x11;
const VLAN_ON: u16 = 0x8000;
const VLAN_BITS: u16 = 0x0fff;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Parameter; 6] = [
        Parameter::Address,
        Parameter::Source,
        Parameter::Mac,
        Parameter::Mask,
        Parameter::Gateway,
        Parameter::Vlan,
    ];

    #[test]
    fn parameters_are_read() {
        let mac = Parameter::Mac.parse(&[0x11, 0x52, 0x54, 0, 1, 2, 3]).unwrap();
        assert_eq!(mac, Setting::Mac("52:54:00:01:02:03".parse().unwrap()));
        let address = Parameter::Address.parse(&[0x11, 192, 0, 2, 9]).unwrap();
        assert_eq!(address, Setting::Address(Ipv4Addr::new(192, 0, 2, 9)));
        assert_eq!(Parameter::Source.parse(&[0x11, 2]), Ok(Setting::Source(Source::Dhcp)));
        assert_eq!(Parameter::Vlan.parse(&[0x11, 0x0a, 0x80]), Ok(Setting::Vlan(Some(10))));
        assert_eq!(Parameter::Vlan.parse(&[0x11, 0x0a, 0x00]), Ok(Setting::Vlan(None)));
        assert_eq!(Parameter::Mac.ask(THIS_CHANNEL).data, [0x0e, 5, 0, 0]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(data in proptest::collection::vec(any::<u8>(), 0..10)) {
            for parameter in ALL {
                if let Ok(setting) = parameter.parse(&data) {
                    prop_assert_eq!(parameter.parse(&setting.emit()), Ok(setting));
                }
            }
        }
    }
}
