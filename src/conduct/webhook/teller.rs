//! Tells one hook.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::time::{Tick, sleep};
use crate::conduct::site::Site;
use crate::conduct::webhook::letter::Letter;
use crate::conduct::webhook::pace::{Next, Pace};
use crate::conduct::webhook::{Book, Caller, Reply};
use crate::model::webhook::{Hook, State};
use crate::store::error::StoreError;
use crate::store::table::feed::ring::Item;

/// Who tells one hook.
#[derive(Debug)]
pub struct Teller {
    site: Arc<Site>,
    hook: Hook,
    caller: Arc<dyn Caller>,
    book: Arc<Book>,
    /// The number of the last event that it has taken, or did not want.
    cursor: u64,
    /// What of that is kept.
    kept: u64,
    kept_at: Option<Tick>,
    pace: Pace,
}

/// What is kept of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Acknowledged {
    sequence: u64,
}

/// What became of an event.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Told,
    GivenUp,
    /// The hook wants no more.
    Gone,
}

impl Teller {
    pub fn new(site: Arc<Site>, hook: Hook, caller: Arc<dyn Caller>, book: Arc<Book>) -> Self {
        Self { site, hook, caller, book, cursor: 0, kept: 0, kept_at: None, pace: Pace::default() }
    }

    /// Goes on until the site stops, or the hook says that it wants no more.
    pub async fn run(mut self) {
        let stop = self.site.stop.clone();
        stop.run_until_cancelled(self.tell_all()).await;
        self.keep().await;
    }

    async fn tell_all(&mut self) {
        let mut news = self.site.reader.new_events();
        self.recall().await;
        loop {
            news.borrow_and_update();
            match self.tell_some().await {
                Ok(Some(Fate::Gone)) => return,
                Ok(Some(Fate::Told | Fate::GivenUp)) => continue,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(hook = self.hook.name, error = error.chain(), "events could not be read");
                    sleep(&*self.site.clock, PAUSE).await;
                    continue;
                }
            }
            self.keep().await;
            if news.changed().await.is_err() {
                return;
            }
        }
    }

    /// Where it stood before; a new one begins with what comes.
    async fn recall(&mut self) {
        let name = key(&self.hook.name);
        let before: Result<Option<Acknowledged>, StoreError> =
            self.site.writer.write("webhook", move |txn| txn.rack().get(&name)).await;
        let last = self.site.reader.last_event();
        match before {
            Ok(Some(before)) => (self.cursor, self.kept) = (before.sequence.min(last), before.sequence),
            // Kept at the next opportunity, lest what comes before the first letter be lost by a cut.
            Ok(None) => (self.cursor, self.kept) = (last, u64::MAX),
            Err(error) => {
                tracing::warn!(
                    hook = self.hook.name,
                    error = error.chain(),
                    "where a webhook stood is unknown"
                );
                (self.cursor, self.kept) = (last, last);
            }
        }
        self.book.open().acknowledged = self.cursor;
        self.keep().await;
    }

    /// Tells the next piece of the feed; none at its end.
    async fn tell_some(&mut self) -> Result<Option<Fate>, StoreError> {
        let items = self.site.reader.feed(self.cursor, PIECE)?;
        let Some(first) = items.first() else { return Ok(None) };
        let lost = first.sequence.saturating_sub(self.cursor.saturating_add(1));
        if lost > 0 {
            tracing::warn!(
                hook = self.hook.name,
                lost,
                "events are no longer kept that a webhook was not told"
            );
            self.book.open().lost += lost;
        }
        for item in items {
            if self.hook.kinds.takes(&item.event_type) {
                match self.tell(&item).await {
                    Fate::Told => {}
                    Fate::GivenUp => self.book.open().lost += 1,
                    Fate::Gone => return Ok(Some(Fate::Gone)),
                }
            }
            self.cursor = item.sequence;
            self.book.open().acknowledged = self.cursor;
            self.keep_now_and_then().await;
        }
        Ok(Some(Fate::Told))
    }

    /// Tells one event until it is taken.
    async fn tell(&mut self, item: &Item) -> Fate {
        loop {
            let timestamp = self.site.clock.wall().0 / 1_000_000;
            let letter = Letter::of(item.sequence, item.json(), timestamp, self.hook.secret.as_ref());
            let reply = tokio::select! {
                reply = self.caller.call(&self.hook, letter) => reply,
                () = sleep(&*self.site.clock, LIMIT) => Reply::Failed(format!("no answer in {} s", LIMIT.as_secs())),
            };
            let why = match reply {
                Reply::Status(200..=299) => {
                    self.took();
                    return Fate::Told;
                }
                Reply::Status(410) => {
                    tracing::warn!(
                        hook = self.hook.name,
                        "a webhook answered 410: it is told nothing more until the next start"
                    );
                    let mut book = self.book.open();
                    (book.state, book.last_error) = (State::Disabled, Some("it answered 410".to_owned()));
                    return Fate::Gone;
                }
                Reply::Status(status) => format!("it answered {status}"),
                Reply::Failed(why) => why,
            };
            match self.failed(why) {
                Next::Again(pause) => sleep(&*self.site.clock, pause).await,
                Next::GiveUp(pause) => {
                    sleep(&*self.site.clock, pause).await;
                    return Fate::GivenUp;
                }
            }
        }
    }

    fn took(&mut self) {
        self.pace.reset();
        let mut book = self.book.open();
        if book.state == State::Failing {
            tracing::info!(hook = self.hook.name, "a webhook takes events again");
        }
        book.state = State::Well;
        book.delivered += 1;
        book.last_delivered_at = Some(self.site.clock.wall());
    }

    fn failed(&mut self, why: String) -> Next {
        // Without random numbers all hooks are tried at the same moments: no harm.
        let dice = getrandom::u32().unwrap_or_default();
        let next = self.pace.failed(self.site.clock.tick(), dice);
        if self.pace.is_telling() {
            tracing::warn!(hook = self.hook.name, error = why, "a webhook takes no events; it is tried on");
        }
        let mut book = self.book.open();
        book.state = State::Failing;
        book.failed += 1;
        book.last_error = Some(why);
        next
    }

    /// While there is much to tell, a flush a second: more would be told again after a cut, under the same ids.
    async fn keep_now_and_then(&mut self) {
        let now = self.site.clock.tick();
        if self.kept_at.is_none_or(|before| now.since(before) >= EACH) {
            self.keep().await;
        }
    }

    /// Writes down how far it came.
    async fn keep(&mut self) {
        if self.kept == self.cursor {
            return;
        }
        let (name, value) = (key(&self.hook.name), Acknowledged { sequence: self.cursor });
        let kept: Result<(), StoreError> =
            self.site.writer.outcome("webhook", move |txn| txn.rack().put(&name, &value)).await;
        match kept {
            Ok(()) => self.kept = self.cursor,
            Err(error) => {
                tracing::debug!(
                    hook = self.hook.name,
                    error = error.chain(),
                    "how far a webhook came is not kept"
                );
            }
        }
        self.kept_at = Some(self.site.clock.tick());
    }
}

fn key(name: &str) -> String {
    format!("webhook.{name}")
}

/// Events read at a time.
const PIECE: usize = 32;
/// The longest wait for an answer.
const LIMIT: Duration = Duration::from_secs(15);
/// Between two writes of how far it came.
const EACH: Duration = Duration::from_secs(1);
/// After a feed that could not be read.
const PAUSE: Duration = Duration::from_secs(30);
