//! The primitives of the cipher suites: MACs, MD5, AES-CBC-128 with IPMI's padding, comparing in constant time.

use std::fmt;

use aes::Aes128;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::digest::Digest;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::wire::ipmi::fault::WireError;

/// A password, `K_g` or derived key: wiped on drop, never shown.
#[derive(Clone, Default)]
pub struct Key(Zeroizing<Vec<u8>>);

impl Key {
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first `length` bytes, or all.
    #[must_use]
    pub fn cut(&self, length: usize) -> Self {
        Self::new(self.0.get(..length).unwrap_or(&self.0))
    }

    /// Filled with zeros, or cut, to `N` bytes.
    pub fn padded<const N: usize>(&self) -> Zeroizing<[u8; N]> {
        let mut out = Zeroizing::new([0; N]);
        for (to, from) in out.iter_mut().zip(self.0.iter()) {
            *to = *from;
        }
        out
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("******")
    }
}

/// The hashes that the suites are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    Sha1,
    Md5,
    Sha256,
}

impl Hash {
    /// HMAC over the parts, one after another.
    pub fn mac(self, key: &[u8], parts: &[&[u8]]) -> Key {
        match self {
            Self::Sha1 => hmac::<Hmac<Sha1>>(key, parts),
            Self::Md5 => hmac::<Hmac<Md5>>(key, parts),
            Self::Sha256 => hmac::<Hmac<Sha256>>(key, parts),
        }
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Key {
    // Keys are 20 to 32 bytes, and HMAC takes keys of every length: the error has no case.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
        return Key::default();
    };
    for part in parts {
        mac.update(part);
    }
    Key::new(&mac.finalize().into_bytes())
}

/// MD5 over the parts, one after another.
pub fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// Whether two codes are equal, in a time that does not tell where they differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// IV and ciphertext of `plain` with the pad 01 02 03 ... and its length (IPMI 2.0 13.29).
pub fn encrypt(key: &Key, iv: [u8; BLOCK], plain: &[u8]) -> Vec<u8> {
    let pad = (BLOCK - (plain.len() + 1) % BLOCK) % BLOCK;
    let mut text = Zeroizing::new(Vec::with_capacity(plain.len() + BLOCK));
    text.extend_from_slice(plain);
    text.extend((1_u8..).take(pad));
    text.push(u8::try_from(pad).unwrap_or(0));
    let mut out = iv.to_vec();
    let cipher = cbc::Encryptor::<Aes128>::new(&(*key.padded::<BLOCK>()).into(), &iv.into());
    out.extend(cipher.encrypt_padded_vec::<NoPadding>(&text));
    out
}

/// Undoes `encrypt`; the pad is checked byte by byte.
pub fn decrypt(key: &Key, payload: &[u8]) -> Result<Vec<u8>, WireError> {
    let (iv, text) = payload.split_first_chunk::<BLOCK>().ok_or(WireError::Cipher)?;
    if text.is_empty() || text.len() % BLOCK != 0 {
        return Err(WireError::Cipher);
    }
    let cipher = cbc::Decryptor::<Aes128>::new(&(*key.padded::<BLOCK>()).into(), &(*iv).into());
    let mut plain = cipher.decrypt_padded_vec::<NoPadding>(text).map_err(|_| WireError::Cipher)?;
    let pad = plain.pop().ok_or(WireError::Cipher)?;
    let data = plain.len().checked_sub(usize::from(pad)).ok_or(WireError::Cipher)?;
    let padding = plain.get(data..).ok_or(WireError::Cipher)?;
    if usize::from(pad) >= BLOCK || padding.iter().zip(1_u8..).any(|(byte, wanted)| *byte != wanted) {
        return Err(WireError::Cipher);
    }
    plain.truncate(data);
    Ok(plain)
}

/// Bytes of an AES block, and of an IV.
pub const BLOCK: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_shows_nothing() {
        assert_eq!(format!("{:?}", Key::new(b"calvin")), "******");
    }

    #[test]
    fn padding_that_is_not_counted_up_is_refused() {
        let key = Key::new(&[7; 16]);
        let cipher = cbc::Encryptor::<Aes128>::new(&[7; 16].into(), &[0; 16].into());
        let mut text = [9_u8; 16];
        text[15] = 3;
        let mut payload = vec![0; 16];
        payload.extend(cipher.encrypt_padded_vec::<NoPadding>(&text));
        assert_eq!(decrypt(&key, &payload), Err(WireError::Cipher));
    }

    proptest! {
        #[test]
        fn what_was_encrypted_comes_back(
            key in any::<[u8; 16]>(), iv in any::<[u8; 16]>(), plain in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let key = Key::new(&key);
            let payload = encrypt(&key, iv, &plain);
            prop_assert_eq!(payload.len() % BLOCK, 0);
            prop_assert_eq!(decrypt(&key, &payload), Ok(plain));
        }

        #[test]
        fn any_ciphertext_is_an_answer_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            decrypt(&Key::new(&[1; 16]), &bytes).ok();
        }
    }
}
