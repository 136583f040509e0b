//! Arguments of vendor methods on their way to a driver, in memory only: they may hold secrets, and what they belong to
//! is not paid by another run of the daemon.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::model::Object;

/// What lies here waits to be taken once.
#[derive(Default)]
pub struct Tray {
    kept: Mutex<(u64, BTreeMap<u64, Object>)>,
}

impl std::fmt::Debug for Tray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tray").finish_non_exhaustive()
    }
}

impl Tray {
    /// Keeps arguments under a fresh ticket. If nobody comes for them the oldest go first.
    pub fn put(&self, args: Object) -> u64 {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let ticket = kept.0 + 1;
        kept.0 = ticket;
        kept.1.insert(ticket, args);
        while kept.1.len() > PLACES {
            kept.1.pop_first();
        }
        ticket
    }

    pub fn take(&self, ticket: u64) -> Option<Object> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&ticket)
    }
}

/// More calls than lanes carry out at once; each is 1 MiB at most.
const PLACES: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn args(n: usize) -> Object {
        Object::from_iter([("n".to_owned(), json!(n))])
    }

    #[test]
    fn what_is_kept_is_taken_once() {
        let tray = Tray::default();
        let (first, second) = (tray.put(args(1)), tray.put(args(2)));
        assert_eq!(tray.take(first), Some(args(1)));
        assert_eq!(tray.take(first), None);
        assert_eq!(tray.take(second), Some(args(2)));
    }

    #[test]
    fn a_full_tray_lets_the_oldest_go() {
        let tray = Tray::default();
        let tickets: Vec<_> = (0..=PLACES).map(|n| tray.put(args(n))).collect();
        assert_eq!(tray.take(tickets[0]), None);
        assert_eq!(tray.take(tickets[1]), Some(args(1)));
    }
}
