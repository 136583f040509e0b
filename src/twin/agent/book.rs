//! The commands since boot: one asynchronous command at a time, results by id.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::twin::agent::failure::Failure;
use crate::wire::agent::command::{CommandResult, Status};

/// Every command that was taken on, oldest first.
#[derive(Debug, Default)]
pub struct Book {
    entries: Mutex<Vec<Entry>>,
    /// Counts what ended, for those who wait.
    ended: watch::Sender<u64>,
}

#[derive(Debug)]
struct Entry {
    result: CommandResult,
    /// The Python exception that cannot be written as JSON.
    poison: Option<&'static str>,
}

/// An entry cannot be shown because of an exception of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poisoned(pub &'static str);

impl Book {
    /// The command that runs, by name.
    pub(super) fn running(&self) -> Option<String> {
        let entries = self.entries();
        let last = entries.last()?;
        (last.poison.is_none() && !last.result.status.is_final()).then(|| last.result.command_name.clone())
    }

    /// Adds a command that runs.
    pub(super) fn begin(&self, id: &str, name: &str) {
        let result = CommandResult {
            id: id.to_owned(),
            command_name: name.to_owned(),
            status: Status::Running,
            error: None,
            result: Value::Null,
        };
        self.entries().push(Entry { result, poison: None });
    }

    /// Writes down what the command came to.
    pub(super) fn end(&self, id: &str, outcome: Result<Value, Failure>) {
        if let Some(entry) = self.entries().iter_mut().find(|entry| entry.result.id == id) {
            match outcome {
                Ok(value) => {
                    entry.result.status = Status::Succeeded;
                    entry.result.result = value;
                }
                Err(Failure::Told { status, error }) => {
                    entry.result.status = status;
                    entry.result.error = Some(error);
                }
                Err(Failure::Poison(kind)) => entry.poison = Some(kind),
            }
        }
        self.ended.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// One command; `None` if there is none of this id.
    pub(super) fn one(&self, id: &str) -> Option<Result<CommandResult, Poisoned>> {
        self.entries().iter().find(|entry| entry.result.id == id).map(Entry::shown)
    }

    /// All; one that cannot be shown hides the others.
    pub(super) fn list(&self) -> Result<Vec<CommandResult>, Poisoned> {
        self.entries().iter().map(Entry::shown).collect()
    }

    /// Waits until the command has ended.
    pub(super) async fn join(&self, id: &str) {
        let mut ended = self.ended.subscribe();
        let over = |shown: Option<Result<CommandResult, Poisoned>>| match shown {
            Some(Ok(result)) => result.status.is_final(),
            Some(Err(_)) | None => true,
        };
        // The sender lives in `self`, which is borrowed, so the channel cannot close.
        ended.wait_for(|_| over(self.one(id))).await.ok();
    }

    /// Makes the list unreadable, as a command that ends with a foreign exception does.
    pub(super) fn poison(&self, id: &str) {
        self.begin(id, "sync");
        self.end(id, Err(Failure::Poison("TypeError")));
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn shown(&self) -> Result<CommandResult, Poisoned> {
        match self.poison {
            Some(kind) => Err(Poisoned(kind)),
            None => Ok(self.result.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_runs_at_a_time_and_ends_once() {
        let book = Book::default();
        book.begin("a", "execute_clean_step");
        assert_eq!(book.running().as_deref(), Some("execute_clean_step"));
        book.end("a", Ok(Value::Null));
        assert_eq!(book.running(), None);
        assert_eq!(book.one("a").unwrap().unwrap().status, Status::Succeeded);
        assert!(book.one("b").is_none());
    }

    #[test]
    fn a_poisoned_entry_hides_the_list_but_not_the_others() {
        let book = Book::default();
        book.begin("a", "sync");
        book.end("a", Ok(Value::Null));
        book.poison("b");
        assert_eq!(book.list(), Err(Poisoned("TypeError")));
        assert!(book.one("a").unwrap().is_ok());
        assert_eq!(book.one("b"), Some(Err(Poisoned("TypeError"))));
        assert_eq!(book.running(), None);
    }
}
