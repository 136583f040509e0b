//! The checksum of an image, computed while it passes.

use std::fmt::Write;

use md5::Md5;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha512};

use serde_json::Value;

use crate::twin::agent::failure::Failure;

/// What an image is verified by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    pub algorithm: Algorithm,
    /// Lower-case hexadecimal digits.
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha256,
    Sha512,
}

impl Checksum {
    /// The pair of algorithm and value wins over the lone `checksum`, whose length tells the algorithm.
    pub fn of(info: &Value, md5_allowed: bool) -> Result<Self, Failure> {
        let text = |member: &str| info.get(member).and_then(Value::as_str).map(str::to_ascii_lowercase);
        let checksum = match (text("os_hash_algo"), text("os_hash_value")) {
            (Some(name), Some(value)) => {
                let algorithm = Algorithm::named(&name)
                    .ok_or_else(|| Failure::checksum(format!("no hash algorithm {name}")))?;
                Self { algorithm, value }
            }
            _ => Self::by_length(text("checksum").unwrap_or_default())?,
        };
        if checksum.algorithm == Algorithm::Md5 && !md5_allowed {
            return Err(Failure::checksum("MD5 checksums are switched off"));
        }
        Ok(checksum)
    }

    fn by_length(value: String) -> Result<Self, Failure> {
        let algorithm = match value.len() {
            32 => Algorithm::Md5,
            64 => Algorithm::Sha256,
            128 => Algorithm::Sha512,
            other => return Err(Failure::checksum(format!("no checksum is {other} characters long"))),
        };
        Ok(Self { algorithm, value })
    }
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        match name {
            "md5" => Some(Self::Md5),
            "sha256" => Some(Self::Sha256),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    pub fn start(self) -> Box<dyn DynDigest + Send> {
        match self {
            Self::Md5 => Box::new(Md5::default()),
            Self::Sha256 => Box::new(Sha256::default()),
            Self::Sha512 => Box::new(Sha512::default()),
        }
    }
}

/// The digest in hexadecimal digits.
pub fn hex(digest: Box<dyn DynDigest + Send>) -> String {
    digest.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_digests_come_out() {
        let digest = |algorithm: Algorithm| {
            let mut digest = algorithm.start();
            digest.update(b"abc");
            hex(digest)
        };
        assert_eq!(digest(Algorithm::Md5), "900150983cd24fb0d6963f7d28e17f72");
        assert!(digest(Algorithm::Sha256).starts_with("ba7816bf8f01cfea"));
        assert!(digest(Algorithm::Sha512).starts_with("ddaf35a193617aba"));
    }

    #[test]
    fn the_length_of_a_lone_checksum_tells_its_algorithm() {
        let of = |length: usize| Checksum::of(&json!({"checksum": "A".repeat(length)}), true);
        assert_eq!(of(32).unwrap().algorithm, Algorithm::Md5);
        assert_eq!(of(64).unwrap().value, "a".repeat(64));
        assert_eq!(of(128).unwrap().algorithm, Algorithm::Sha512);
        assert!(of(7).is_err());
        assert!(Checksum::of(&json!({"checksum": "a".repeat(32)}), false).is_err());
        assert!(Checksum::of(&json!({"os_hash_algo": "crc", "os_hash_value": "1"}), true).is_err());
    }
}
