//! A DHCP unique identifier (RFC 8415 11, RFC 6355): what a machine calls itself in DHCPv6.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::mac::Mac;

/// 3 to 130 bytes: a type and what it is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Duid(Vec<u8>);

impl Duid {
    /// `None` if the length is none of an identifier's.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        (3..=130).contains(&bytes.len()).then(|| Self(bytes.to_vec()))
    }

    /// That of an interface that stays in its machine (type 3).
    pub fn of_mac(mac: Mac) -> Self {
        Self([[0, 3, 0, 1].as_slice(), &mac.0].concat())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The Ethernet address in types 1 and 3; it may be that of another interface of the machine.
    pub fn mac(&self) -> Option<Mac> {
        let ([0, 1, 0, 1, _, _, _, _, mac @ ..] | [0, 3, 0, 1, mac @ ..]) = self.0.as_slice() else {
            return None;
        };
        mac.try_into().ok().map(Mac)
    }

    /// The SMBIOS UUID in type 4. Firmware sends it as it lies in memory, with its first three fields little-endian;
    /// the result is what Redfish and IPMI show. Zeros and ones everywhere say nothing.
    pub fn machine(&self) -> Option<Uuid> {
        let [0, 4, uuid @ ..] = self.0.as_slice() else { return None };
        let uuid = Uuid::from_bytes_le(uuid.try_into().ok()?);
        (!uuid.is_nil() && !uuid.is_max()).then_some(uuid)
    }
}

impl fmt::Display for Duid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Duid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_says_what_it_is_of() {
        let mac = Mac([0x52, 0x54, 0, 1, 2, 3]);
        assert_eq!(Duid::of_mac(mac).mac(), Some(mac));
        assert_eq!(Duid::of_mac(mac).to_string(), "00030001525400010203");
        let with_time = Duid::of(&[0, 1, 0, 1, 9, 9, 9, 9, 0x52, 0x54, 0, 1, 2, 3]).unwrap();
        assert_eq!((with_time.mac(), with_time.machine()), (Some(mac), None));
        let recorded =
            [[0, 4].as_slice(), b"\x44\x45\x4c\x4c\x51\0\x10\x30\x80\x51\xb4\xc0\x4f\x4d\x37\x32"].concat();
        let shown = Duid::of(&recorded).unwrap().machine().map(|uuid| uuid.to_string());
        assert_eq!(shown.as_deref(), Some("4c4c4544-0051-3010-8051-b4c04f4d3732"));
        assert_eq!(Duid::of(&[0, 4, 1]).unwrap().machine(), None);
        assert_eq!((Duid::of(&[0, 4]), Duid::of(&[0; 131])), (None, None));
    }
}
