//! Hashes of files and texts, in lower-case hex.

use std::fmt;
use std::io::{self, Read};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// A hash that the agent can check an image with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Md5,
    Sha256,
    Sha512,
}

impl Algorithm {
    /// The word that `image_os_hash_algo` and the agent use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The algorithm of that word in any case; `None` if it is unknown here (the agent may still know it).
    pub fn parse(word: &str) -> Option<Self> {
        ALL.into_iter().find(|algorithm| algorithm.word().eq_ignore_ascii_case(word))
    }

    /// The algorithm whose value this is, told by its length as the agent does: 32, 64 or 128 hex digits.
    pub fn of_value(value: &str) -> Option<Self> {
        if !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match value.len() {
            32 => Some(Self::Md5),
            64 => Some(Self::Sha256),
            128 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Reads to the end and returns the hash in hex; memory use does not depend on the length.
    pub fn of_reader(self, reader: &mut dyn Read) -> io::Result<String> {
        match self {
            Self::Md5 => stream::<Md5>(reader),
            Self::Sha256 => stream::<Sha256>(reader),
            Self::Sha512 => stream::<Sha512>(reader),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A hash that is fed as its bytes come.
pub enum Running {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Running {
    pub fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    /// The hash of firmware whose value this is, told by its length: 40, 64 or 128 hex digits.
    pub fn of_firmware(value: &str) -> Option<Self> {
        match (value.len(), Algorithm::of_value(value)) {
            (40, None) if value.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some(Self::Sha1(Sha1::new())),
            (_, Some(algorithm @ (Algorithm::Sha256 | Algorithm::Sha512))) => Some(Self::new(algorithm)),
            (_, Some(Algorithm::Md5) | None) => None,
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(hash) => hash.update(bytes),
            Self::Sha1(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    /// In lower-case hex.
    pub fn finish(self) -> String {
        match self {
            Self::Md5(hash) => hex(&hash.finalize()),
            Self::Sha1(hash) => hex(&hash.finalize()),
            Self::Sha256(hash) => hex(&hash.finalize()),
            Self::Sha512(hash) => hex(&hash.finalize()),
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// SHA-256 of `bytes` in hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// `bytes` as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn stream<D: Digest>(reader: &mut dyn Read) -> io::Result<String> {
    let mut hash = D::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hash.finalize())),
            Ok(count) => hash.update(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

const ALL: [Algorithm; 3] = [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512];

/// Bytes read at once: large enough that system calls do not count, small beside a daemon of 25 MiB.
const CHUNK: usize = 128 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        let hash = |algorithm: Algorithm| algorithm.of_reader(&mut &b"abc"[..]).unwrap();
        assert_eq!(hash(Algorithm::Md5), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(
            hash(Algorithm::Sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(hash(Algorithm::Sha512).starts_with("ddaf35a193617abacc417349ae204131"));
        assert_eq!(sha256(b"abc"), hash(Algorithm::Sha256));
    }

    #[test]
    fn the_length_of_a_value_chooses_the_algorithm() {
        for algorithm in ALL {
            let value = algorithm.of_reader(&mut &b"x"[..]).unwrap();
            assert_eq!(Algorithm::of_value(&value), Some(algorithm));
            assert_eq!(Algorithm::parse(algorithm.word()), Some(algorithm));
        }
        assert_eq!(Algorithm::of_value("abcd"), None);
        assert_eq!(Algorithm::of_value(&"g".repeat(32)), None);
        assert_eq!(Algorithm::parse("sha3"), None);
    }
}
