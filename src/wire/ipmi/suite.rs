//! The cipher suites as a table (IPMI 2.0 22.15.2); suites with xRC4 are left out.

use crate::wire::ipmi::crypto::Hash;

/// How the two sides prove that they know the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Auth {
    None,
    HmacSha1,
    HmacMd5,
    HmacSha256,
}

impl Auth {
    pub fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::HmacSha1 => 1,
            Self::HmacMd5 => 2,
            Self::HmacSha256 => 3,
        }
    }

    pub fn hash(self) -> Option<Hash> {
        match self {
            Self::None => None,
            Self::HmacSha1 => Some(Hash::Sha1),
            Self::HmacMd5 => Some(Hash::Md5),
            Self::HmacSha256 => Some(Hash::Sha256),
        }
    }

    /// Bytes of the code in RAKP 4.
    pub fn check_length(self) -> usize {
        match self {
            Self::None => 0,
            Self::HmacSha1 => 12,
            Self::HmacMd5 | Self::HmacSha256 => 16,
        }
    }
}

/// How a packet proves that it was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Integrity {
    None,
    HmacSha1,
    HmacMd5,
    Md5,
    HmacSha256,
}

impl Integrity {
    pub fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::HmacSha1 => 1,
            Self::HmacMd5 => 2,
            Self::Md5 => 3,
            Self::HmacSha256 => 4,
        }
    }

    /// Bytes of the code at the end of a packet.
    pub fn length(self) -> usize {
        match self {
            Self::None => 0,
            Self::HmacSha1 => 12,
            Self::HmacMd5 | Self::Md5 | Self::HmacSha256 => 16,
        }
    }
}

/// How a payload is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confidentiality {
    None,
    AesCbc128,
}

impl Confidentiality {
    pub fn code(self) -> u8 {
        match self {
            Self::None => 0,
            Self::AesCbc128 => 1,
        }
    }
}

/// Three algorithms under one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Suite {
    pub id: u8,
    pub auth: Auth,
    pub integrity: Integrity,
    pub confidentiality: Confidentiality,
}

impl Suite {
    /// The suite of this number, if it is one that we speak.
    pub fn find(id: u8) -> Option<Self> {
        SUITES.iter().copied().find(|suite| suite.id == id)
    }

    pub fn of_algorithms(algorithms: Algorithms) -> Option<Self> {
        SUITES.iter().copied().find(|suite| suite.algorithms() == algorithms)
    }

    pub fn algorithms(self) -> Algorithms {
        Algorithms {
            auth: self.auth.code(),
            integrity: self.integrity.code(),
            confidentiality: self.confidentiality.code(),
        }
    }
}

/// The numbers of three algorithms as the open session messages carry them, known to us or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Algorithms {
    pub auth: u8,
    pub integrity: u8,
    pub confidentiality: u8,
}

const fn suite(id: u8, auth: Auth, integrity: Integrity, confidentiality: Confidentiality) -> Suite {
    Suite { id, auth, integrity, confidentiality }
}

/// SHA256, HMAC-SHA256-128, AES: asked first.
pub const SUITE_17: Suite = suite(17, Auth::HmacSha256, Integrity::HmacSha256, Confidentiality::AesCbc128);
/// SHA1, HMAC-SHA1-96, AES: asked next.
pub const SUITE_3: Suite = suite(3, Auth::HmacSha1, Integrity::HmacSha1, Confidentiality::AesCbc128);

/// What a session asks for unless told otherwise, the best first.
pub const DEFAULT: &[Suite] = &[SUITE_17, SUITE_3];

/// All that we speak.
#[rustfmt::skip]
pub const SUITES: &[Suite] = &[
    suite(0,  Auth::None,       Integrity::None,       Confidentiality::None),
    suite(1,  Auth::HmacSha1,   Integrity::None,       Confidentiality::None),
    suite(2,  Auth::HmacSha1,   Integrity::HmacSha1,   Confidentiality::None),
    SUITE_3,
    suite(6,  Auth::HmacMd5,    Integrity::None,       Confidentiality::None),
    suite(7,  Auth::HmacMd5,    Integrity::HmacMd5,    Confidentiality::None),
    suite(8,  Auth::HmacMd5,    Integrity::HmacMd5,    Confidentiality::AesCbc128),
    suite(11, Auth::HmacMd5,    Integrity::Md5,        Confidentiality::None),
    suite(12, Auth::HmacMd5,    Integrity::Md5,        Confidentiality::AesCbc128),
    suite(15, Auth::HmacSha256, Integrity::None,       Confidentiality::None),
    suite(16, Auth::HmacSha256, Integrity::HmacSha256, Confidentiality::None),
    SUITE_17,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_is_found_by_its_number_and_by_its_algorithms() {
        for suite in SUITES {
            assert_eq!(Suite::find(suite.id), Some(*suite));
            assert_eq!(Suite::of_algorithms(suite.algorithms()), Some(*suite));
        }
        assert_eq!(Suite::find(4), None, "xRC4");
    }
}
