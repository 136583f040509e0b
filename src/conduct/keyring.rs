//! Bearer tokens in memory, by their hashes: a request costs one hash and one look, and no read of the store.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::base::moment::Moment;
use crate::model::account::{Digest, Token};
use crate::store::reader::Reader;

/// Every token of the store; the rack's lane keeps it in step.
#[derive(Debug, Default)]
pub struct Keyring {
    tokens: RwLock<HashMap<Digest, Arc<Token>>>,
}

impl Keyring {
    /// With the tokens of the store. If they cannot be read, nobody has one: the log says so.
    pub(super) fn open(reader: &Reader) -> Self {
        let tokens = reader.tokens().unwrap_or_else(|error| {
            tracing::error!(error = error.chain(), "the tokens could not be read: none is taken");
            Vec::new()
        });
        let keyring = Self::default();
        for token in tokens {
            keyring.add(Arc::new(token));
        }
        keyring
    }

    pub(super) fn add(&self, token: Arc<Token>) {
        self.write(|tokens| drop(tokens.insert(token.digest(), token)));
    }

    pub(super) fn remove(&self, token: &Token) {
        self.write(|tokens| drop(tokens.remove(&token.digest())));
    }

    /// The token of this secret, if it has not expired.
    pub fn find(&self, secret: &str, now: Moment) -> Option<Arc<Token>> {
        let digest = Digest::of(secret);
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.get(&digest).filter(|token| token.is_valid(now)).cloned()
    }

    /// All that are kept, the oldest first.
    pub fn all(&self) -> Vec<Arc<Token>> {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = tokens.values().cloned().collect();
        all.sort_by_key(|token| (token.created_at, token.id));
        all
    }

    /// Whether some token may do everything in the whole rack now.
    pub fn has_admin(&self, now: Moment) -> bool {
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.values().any(|token| token.rules_all() && token.is_valid(now))
    }

    fn write(&self, work: impl FnOnce(&mut HashMap<Digest, Arc<Token>>)) {
        work(&mut self.tokens.write().unwrap_or_else(PoisonError::into_inner));
    }
}
