//! Passwords that were found right lately, so that a script's hundred calls cost one bcrypt.
//!
//! Neither password nor bcrypt hash is kept: a verdict lies under a hash of name, password and reading of the file,
//! keyed anew at each start. A file that changed has another reading, so that no verdict outlives it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base::time::Tick;

/// What a verdict lies under.
pub type Key = [u8; 32];

/// The verdicts.
pub struct Verdicts {
    /// Without one no verdict is kept.
    key: Option<[u8; 32]>,
    found: Mutex<HashMap<Key, Tick>>,
}

impl fmt::Debug for Verdicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdicts").finish_non_exhaustive()
    }
}

impl Verdicts {
    pub fn new(key: Option<[u8; 32]>) -> Self {
        Self { key, found: Mutex::default() }
    }

    /// The key of these credentials under this reading of the file; `None` if none can be made.
    pub fn key(&self, reading: u64, name: &str, password: &[u8]) -> Option<Key> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key?).ok()?;
        mac.update(&reading.to_be_bytes());
        mac.update(&u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(name.as_bytes());
        mac.update(password);
        Some(mac.finalize().into_bytes().into())
    }

    /// Whether they were found right lately.
    pub fn knows(&self, key: &Key, now: Tick) -> bool {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(key).is_some_and(|until| now < *until)
    }

    /// They were found right.
    pub fn add(&self, key: Key, now: Tick) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= MOST {
            found.retain(|_, until| now < *until);
        }
        if found.len() >= MOST {
            // So many users within five minutes: better to ask bcrypt again than to grow.
            found.clear();
        }
        found.insert(key, now.after(KEPT));
    }
}

/// A verdict is good for so long.
const KEPT: Duration = Duration::from_mins(5);
/// Verdicts at once.
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_for_one_reading_name_and_password_and_ends() {
        let verdicts = Verdicts::new(Some([7; 32]));
        let key = verdicts.key(1, "ab", b"c").unwrap();
        verdicts.add(key, Tick::default());
        assert!(verdicts.knows(&key, Tick(Duration::from_secs(299))));
        assert!(!verdicts.knows(&key, Tick(Duration::from_mins(5))));
        for (reading, name, password) in [(2, "ab", "c"), (1, "a", "bc"), (1, "ab", "d"), (1, "abc", "")] {
            assert_ne!(verdicts.key(reading, name, password.as_bytes()), Some(key));
        }
        assert_ne!(Verdicts::new(Some([8; 32])).key(1, "ab", b"c"), Some(key));
    }

    #[test]
    fn memory_is_bounded() {
        let verdicts = Verdicts::new(Some([7; 32]));
        for user in 0..3 * MOST {
            verdicts.add(verdicts.key(1, &user.to_string(), b"p").unwrap(), Tick::default());
        }
        assert!(verdicts.found.lock().unwrap().len() <= MOST);
    }
}
