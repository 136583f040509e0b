//! Sealing: values under secret names are encrypted in the stored record and plain in memory.
//!
//! A sealed value is an object with the one key `$sealed`. XChaCha20-Poly1305 with a random nonce; the
//! record's id and the value's path are bound to it, so that no row can be moved under another name.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::base::secret::{Secret, Veil, masked_url};
use crate::model::Object;

/// Seals and opens the values of one store.
#[derive(Clone)]
pub struct Sealer {
    cipher: Arc<XChaCha20Poly1305>,
    /// A key for hashes, made of the same key.
    hashes: Secret,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

/// A sealed value does not open: another key, another place, or damage.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the sealed value at {path} does not open")]
pub struct SealError {
    path: String,
}

impl Sealer {
    /// From a key text of any length.
    pub fn new(key: &Secret) -> Self {
        let mut digest = Sha256::new();
        digest.update(DOMAIN);
        digest.update(key.reveal().as_bytes());
        let cipher = XChaCha20Poly1305::new(&digest.finalize());
        let hashes = Sha256::new().chain_update(HASHES).chain_update(key.reveal().as_bytes()).finalize();
        Self { cipher: Arc::new(cipher), hashes: Secret::new(STANDARD_NO_PAD.encode(hashes)) }
    }

    /// A key for keyed hashes of secrets: as lasting as the store's key, and of no use for what is sealed.
    pub fn hash_key(&self) -> Secret {
        self.hashes.clone()
    }

    /// Seals every value in `object` that `veil` hides, and every URL with a password. `path` starts with the record's id.
    pub fn seal(&self, path: &str, veil: Veil, object: &mut Object) -> Result<(), SealError> {
        for (key, value) in object {
            let secret = veil.hides(key) || holds_password(key, value);
            if secret || value.is_object() || value.is_array() {
                self.seal_value(&format!("{path}/{key}"), veil, secret, value)?;
            }
        }
        Ok(())
    }

    fn seal_value(&self, path: &str, veil: Veil, secret: bool, value: &mut Value) -> Result<(), SealError> {
        // What a client wrote in the sealed form is sealed too, so that the form always means sealed.
        if (secret && !is_empty(value)) || sealed_text(value).is_some() {
            // MessagePack, since JSON text does not give every float back.
            let plain = Zeroizing::new(rmp_serde::to_vec(value).map_err(|_| fault(path))?);
            let text = self.seal_bytes(path, &plain)?;
            *value = Value::Object(Object::from_iter([(MARK.to_owned(), Value::String(text))]));
            return Ok(());
        }
        match value {
            Value::Object(object) => self.seal(path, veil, object),
            Value::Array(items) => items.iter_mut().try_for_each(|item| {
                let secret = holds_password(path, item);
                self.seal_value(path, veil, secret, item)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// Opens every sealed value in `object`.
    pub fn open(&self, path: &str, object: &mut Object) -> Result<(), SealError> {
        for (key, value) in object {
            self.open_value(&format!("{path}/{key}"), value)?;
        }
        Ok(())
    }

    fn open_value(&self, path: &str, value: &mut Value) -> Result<(), SealError> {
        if let Some(text) = sealed_text(value) {
            let plain = self.open_bytes(path, text)?;
            *value = rmp_serde::from_slice(&plain).map_err(|_| fault(path))?;
            return Ok(());
        }
        match value {
            Value::Object(object) => self.open(path, object),
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.open_value(path, item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// One sealed text, as base64 of nonce and cipher text.
    pub fn seal_text(&self, path: &str, plain: &str) -> Result<String, SealError> {
        self.seal_bytes(path, plain.as_bytes())
    }

    /// The plain text of a sealed one.
    pub fn open_text(&self, path: &str, sealed: &str) -> Result<Secret, SealError> {
        let plain = self.open_bytes(path, sealed)?;
        std::str::from_utf8(&plain).map(Secret::new).map_err(|_| fault(path))
    }

    fn seal_bytes(&self, path: &str, plain: &[u8]) -> Result<String, SealError> {
        let mut nonce = [0_u8; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| fault(path))?;
        let payload = Payload { msg: plain, aad: path.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| fault(path))?;
        Ok(STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    fn open_bytes(&self, path: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| fault(path))?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or_else(|| fault(path))?;
        let payload = Payload { msg: sealed, aad: path.as_bytes() };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload);
        plain.map(Zeroizing::new).map_err(|_| fault(path))
    }
}

fn fault(path: &str) -> SealError {
    SealError { path: path.to_owned() }
}

fn holds_password(key: &str, value: &Value) -> bool {
    value.as_str().is_some_and(|text| masked_url(key, text).is_some())
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn sealed_text(value: &Value) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get(MARK)?.as_str()
}

/// The one key of a sealed value.
const MARK: &str = "$sealed";

/// Keeps the key from being the hash of anything else.
const DOMAIN: &[u8] = b"ferric store seal 1\n";

/// The same for the key of hashes.
const HASHES: &[u8] = b"ferric store hashes 1\n";

/// Bytes of an `XChaCha20` nonce: long enough to be random.
const NONCE: usize = 24;
