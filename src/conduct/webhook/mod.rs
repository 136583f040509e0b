//! Programs elsewhere that are told what changes, one after the other in the order of the commits.
//!
//! ```text
//! feed -> teller (one task a hook): next event -> signed letter -> caller -> 2xx: on, else later again
//!            '- how far it came: kept with the rack's values, so that a restart goes on there
//! ```
//! What was sent may be sent again after a cut, under the same id: who receives it tells by that. A hook that is slow or
//! dead costs one task and nothing else: it reads the feed, nobody waits for it.

pub mod letter;
pub mod pace;
pub mod teller;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::base::time::Later;
use crate::conduct::site::Site;
use crate::conduct::webhook::letter::Letter;
use crate::conduct::webhook::teller::Teller;
use crate::model::webhook::{Hook, HookShown, State};

/// Whoever carries letters: HTTP, or in tests somebody who can refuse.
pub trait Caller: Send + Sync + fmt::Debug {
    fn call<'a>(&'a self, hook: &'a Hook, letter: Letter) -> Later<'a, Reply>;
    /// Where the hook is, without what must not be shown.
    fn place(&self, hook: &Hook) -> String;
}

/// What came of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Status(u16),
    /// There was no answer; why, without secrets.
    Failed(String),
}

/// All hooks of this host.
#[derive(Debug, Default)]
pub struct Webhooks {
    hooks: OnceLock<Vec<Arc<Book>>>,
}

impl Webhooks {
    /// From now on the hooks are told, until the site stops.
    pub fn open(&self, site: &Arc<Site>, hooks: Vec<Hook>, caller: &Arc<dyn Caller>) {
        let mut books = Vec::new();
        for hook in hooks {
            let book = Arc::new(Book::new(&hook, caller.place(&hook)));
            books.push(book.clone());
            let teller = Teller::new(site.clone(), hook, caller.clone(), book);
            site.tasks.spawn(teller.run());
        }
        // Opened twice, it stays with the first ones: there is one opening.
        self.hooks.set(books).ok();
    }

    /// How it stands with each, the last event having this number.
    pub fn shown(&self, last: u64) -> Vec<HookShown> {
        let books = self.hooks.get().map(Vec::as_slice).unwrap_or_default();
        books.iter().map(|book| book.shown(last)).collect()
    }
}

/// What is known of a hook while the daemon runs.
#[derive(Debug)]
pub struct Book(Mutex<HookShown>);

impl Book {
    fn new(hook: &Hook, place: String) -> Self {
        Self(Mutex::new(HookShown {
            name: hook.name.clone(),
            place,
            kinds: hook.kinds.names().to_vec(),
            state: State::Well,
            acknowledged: 0,
            behind: 0,
            delivered: 0,
            failed: 0,
            lost: 0,
            last_error: None,
            last_delivered_at: None,
        }))
    }

    fn shown(&self, last: u64) -> HookShown {
        let shown = self.open().clone();
        HookShown { behind: last.saturating_sub(shown.acknowledged), ..shown }
    }

    pub(in crate::conduct::webhook) fn open(&self) -> MutexGuard<'_, HookShown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
