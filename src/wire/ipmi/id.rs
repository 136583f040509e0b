//! Session ids, user names and privilege levels: the small words that wrappers, key exchange and session share.

use std::fmt;

/// A session id as it stands on the wire; the id in a packet is its receiver's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SessionId(pub [u8; 4]);

impl SessionId {
    /// What packets outside a session carry.
    pub const NONE: Self = Self([0; 4]);
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_le_bytes(self.0))
    }
}

/// The name of an account: 0 to 16 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct User(Vec<u8>);

impl User {
    /// `None` if the name is longer than IPMI can carry.
    pub fn new(name: &[u8]) -> Option<Self> {
        (name.len() <= USER_LIMIT).then(|| Self(name.to_vec()))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// One length byte and the name, as RAKP hashes it.
    pub fn counted(&self) -> Vec<u8> {
        let mut out = vec![crate::wire::ipmi::bytes::short_length(self.0.len())];
        out.extend(&self.0);
        out
    }

    /// Filled with zeros to 16 bytes, as IPMI 1.5 sends it.
    pub fn padded(&self) -> [u8; USER_LIMIT] {
        let mut out = [0; USER_LIMIT];
        for (to, from) in out.iter_mut().zip(&self.0) {
            *to = *from;
        }
        out
    }

    /// Reads a name that is filled with zeros.
    pub fn from_padded(bytes: &[u8; USER_LIMIT]) -> Self {
        Self(bytes.iter().copied().take_while(|byte| *byte != 0).collect())
    }
}

/// Bytes of the longest user name (IPMI 2.0 13.20).
pub const USER_LIMIT: usize = 16;

/// How much a session may do; a level contains those below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Privilege {
    Callback,
    User,
    Operator,
    #[default]
    Administrator,
    Oem,
}

impl Privilege {
    pub fn code(self) -> u8 {
        match self {
            Self::Callback => 1,
            Self::User => 2,
            Self::Operator => 3,
            Self::Administrator => 4,
            Self::Oem => 5,
        }
    }

    /// From the low four bits; 0 and what is above OEM are no level.
    pub fn from_code(code: u8) -> Option<Self> {
        match code & 0x0f {
            1 => Some(Self::Callback),
            2 => Some(Self::User),
            3 => Some(Self::Operator),
            4 => Some(Self::Administrator),
            5 => Some(Self::Oem),
            _ => None,
        }
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Callback => "CALLBACK",
            Self::User => "USER",
            Self::Operator => "OPERATOR",
            Self::Administrator => "ADMINISTRATOR",
            Self::Oem => "OEM",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_privilege_comes_back_from_its_code() {
        for code in 0..=15 {
            let level = Privilege::from_code(code);
            assert_eq!(level.map(Privilege::code), (1..=5).contains(&code).then_some(code));
        }
    }

    #[test]
    fn a_name_of_seventeen_bytes_is_refused_and_padding_is_undone() {
        assert_eq!(User::new(&[b'a'; 17]), None);
        let user = User::new(b"admin").unwrap();
        assert_eq!(User::from_padded(&user.padded()), user);
        assert_eq!(user.counted(), b"\x05admin");
    }
}
