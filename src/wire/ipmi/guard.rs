//! The keys of one session and what they do to its packets: encrypt, then sign; verify, then decrypt.

use std::borrow::Cow;

use crate::wire::ipmi::crypto::{BLOCK, Hash, Key, decrypt, encrypt, md5, same};
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::lan20::{Header, Packet, length};
use crate::wire::ipmi::rmcp;
use crate::wire::ipmi::suite::{Confidentiality, Integrity, Suite};

/// Both sides of a session hold the same one.
#[derive(Debug, Clone)]
pub struct Guard {
    suite: Suite,
    /// K1, or the password for MD5-128.
    integrity: Key,
    /// The beginning of K2.
    cipher: Key,
}

impl Guard {
    /// Derives K1 and K2 from the session integrity key (IPMI 2.0 13.32).
    pub fn new(suite: Suite, sik: &Key, password: &Key) -> Self {
        let derive = |constant: u8| match suite.auth.hash() {
            Some(hash) => hash.mac(sik.bytes(), &[&[constant; CONSTANT_LENGTH]]),
            None => Key::default(),
        };
        let integrity = match suite.integrity {
            Integrity::Md5 => Key::new(&*password.padded::<CONSTANT_LENGTH>()),
            Integrity::None | Integrity::HmacSha1 | Integrity::HmacMd5 | Integrity::HmacSha256 => derive(1),
        };
        Self { suite, integrity, cipher: derive(2) }
    }

    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The bits that this suite's packets carry.
    pub fn header(&self, header: Header) -> Header {
        Header {
            encrypted: self.suite.confidentiality != Confidentiality::None,
            authenticated: self.suite.integrity != Integrity::None,
            ..header
        }
    }

    /// The whole UDP payload, encrypted and signed as the header's bits say. `iv` must be new and random.
    pub fn seal(&self, header: Header, plain: &[u8], iv: [u8; BLOCK]) -> Vec<u8> {
        let body = if header.encrypted { encrypt(&self.cipher, iv, plain) } else { plain.to_vec() };
        let mut signed = Vec::with_capacity(body.len() + 48);
        header.emit(length(&body), &mut signed);
        signed.extend(body);
        let mut out = Vec::with_capacity(signed.len() + 24);
        rmcp::Header::IPMI.emit(&mut out);
        if !header.authenticated {
            out.extend(signed);
            return out;
        }
        let pad = (4 - (signed.len() + 2) % 4) % 4;
        signed.extend(std::iter::repeat_n(PAD, pad));
        signed.extend([u8::try_from(pad).unwrap_or(0), NEXT_HEADER]);
        let code = self.code(&signed);
        out.extend(signed);
        out.extend(code.bytes());
        out
    }

    /// The payload of a packet that this session's other side made, and of no other.
    pub fn open<'a>(&self, packet: &Packet<'a>) -> Result<Cow<'a, [u8]>, WireError> {
        let wanted = self.header(packet.header);
        if wanted != packet.header {
            return Err(WireError::Unprotected);
        }
        if wanted.authenticated {
            self.verify(packet)?;
        }
        if wanted.encrypted {
            return decrypt(&self.cipher, packet.body).map(Cow::Owned);
        }
        Ok(Cow::Borrowed(packet.body))
    }

    fn verify(&self, packet: &Packet<'_>) -> Result<(), WireError> {
        let size = self.suite.integrity.length();
        let end = packet.whole.len().checked_sub(size).ok_or(WireError::Short("packet trailer"))?;
        let (signed, code) = packet.whole.split_at_checked(end).ok_or(WireError::Short("packet trailer"))?;
        if !same(self.code(signed).bytes(), code) {
            return Err(WireError::Code);
        }
        let pads = packet.trailer.len().checked_sub(size + 2).ok_or(WireError::Short("packet trailer"))?;
        let mut trailer = packet.trailer.iter().skip(pads);
        if trailer.next().map(|count| usize::from(*count)) != Some(pads)
            || trailer.next() != Some(&NEXT_HEADER)
        {
            return Err(WireError::Trailer);
        }
        Ok(())
    }

    /// The code over `signed`, cut to the length that packets carry.
    fn code(&self, signed: &[u8]) -> Key {
        let key = self.integrity.bytes();
        let full = match self.suite.integrity {
            Integrity::None => Key::default(),
            Integrity::HmacSha1 => Hash::Sha1.mac(key, &[signed]),
            Integrity::HmacMd5 => Hash::Md5.mac(key, &[signed]),
            Integrity::HmacSha256 => Hash::Sha256.mac(key, &[signed]),
            Integrity::Md5 => Key::new(&md5(&[key, signed, key])),
        };
        full.cut(self.suite.integrity.length())
    }
}

/// Bytes of the constants that K1 and K2 are made of, and of the password in MD5-128, for every hash.
const CONSTANT_LENGTH: usize = 20;
const PAD: u8 = 0xff;
/// Stands before the code (IPMI 2.0 13.28.4).
const NEXT_HEADER: u8 = 0x07;
