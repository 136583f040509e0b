//! What a BMC is made of: accounts, suites, identity and times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::twin::ipmi::quirk::Quirk;
use crate::wire::ipmi::crypto::Key;
use crate::wire::ipmi::id::Privilege;

/// One account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Up to sixteen characters; empty is the null user.
    pub name: String,
    /// Up to twenty bytes; IPMI 1.5 takes sixteen.
    pub password: Key,
    /// The highest level that it may have.
    pub limit: Privilege,
}

impl Account {
    pub fn new(name: &str, password: &str, limit: Privilege) -> Self {
        Self { name: name.to_owned(), password: Key::new(password.as_bytes()), limit }
    }
}

/// The defaults of [`Settings::new`] are those of a well-behaved BMC.
#[derive(Debug, Clone)]
pub struct Settings {
    pub accounts: Vec<Account>,
    /// `K_g`; `None`: the password stands in for it.
    pub kg: Option<Key>,
    /// Cipher suites on offer by number.
    pub suites: Vec<u8>,
    /// Whether IPMI 1.5 is answered.
    pub old: bool,
    /// Sessions at once, half-open ones counted apart.
    pub sessions: usize,
    /// How long a session may say nothing.
    pub idle: Duration,
    /// How long a half-open session waits for its next message.
    pub half_open: Duration,
    /// How long nothing is answered after a cold reset; a warm one takes half of it.
    pub reset: Duration,
    /// How long the operating system takes to shut down on a soft off.
    pub soft_off: Duration,
    /// IANA number of the maker, and the maker's product number.
    pub maker: (u32, u16),
    /// Maker and model as the inventory has them.
    pub product: (String, String),
    pub quirks: BTreeSet<Quirk>,
    /// How often each oddity showed; clones count together.
    pub bites: Arc<Mutex<BTreeMap<Quirk, u64>>>,
    /// Repeats every random choice.
    pub seed: u64,
}

impl Settings {
    /// A BMC with one administrator.
    pub fn new(user: &str, password: &str) -> Self {
        Self {
            accounts: vec![Account::new(user, password, Privilege::Administrator)],
            kg: None,
            suites: vec![17, 3],
            old: true,
            sessions: 16,
            idle: Duration::from_mins(1),
            half_open: Duration::from_secs(30),
            reset: Duration::from_secs(5),
            soft_off: Duration::from_secs(1),
            maker: (MAKER, 1),
            product: ("Ferric".to_owned(), "Twin".to_owned()),
            quirks: BTreeSet::new(),
            bites: Arc::default(),
            seed: 0,
        }
    }

    /// The same with an oddity.
    #[must_use]
    pub fn with(mut self, quirk: Quirk) -> Self {
        self.quirks.insert(quirk);
        self
    }

    /// Whether it is odd in this way; asked where the oddity is about to show, and counted.
    pub fn has(&self, quirk: Quirk) -> bool {
        let has = self.quirks.contains(&quirk);
        if has {
            let mut bites = self.bites.lock().unwrap_or_else(PoisonError::into_inner);
            let count = bites.entry(quirk).or_default();
            *count = count.saturating_add(1);
        }
        has
    }

    /// How often this oddity has shown.
    pub fn bitten(&self, quirk: Quirk) -> u64 {
        let bites = self.bites.lock().unwrap_or_else(PoisonError::into_inner);
        bites.get(&quirk).copied().unwrap_or_default()
    }
}

/// "IPMI forum": no real maker is impersonated unless asked for.
const MAKER: u32 = 7154;
