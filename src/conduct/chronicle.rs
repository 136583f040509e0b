//! The rack's journal: what happened in its networks and belongs to no node.
//!
//! A packet can make an event, so a flood must cost neither memory nor flushes: what goes on is counted in one row, and
//! rows are written together, the first at once and then a few times a minute.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::time::{SharedClock, Tick, sleep};
use crate::conduct::site::Site;
use crate::model::boot::event::{RackEvent, Tiding};
use crate::store::error::StoreError;
use crate::store::txn::Txn;

/// Where rack events are told and read.
#[derive(Debug)]
pub struct Chronicle {
    clock: SharedClock,
    told: Mutex<Told>,
    /// Something is to be written.
    due: Notify,
}

/// All rows, the oldest first, and what of them is not on the disk.
#[derive(Debug, Default)]
struct Told {
    rows: VecDeque<Row>,
    next: u64,
    fresh: BTreeSet<u64>,
    gone: BTreeSet<u64>,
}

#[derive(Debug)]
struct Row {
    event: RackEvent,
    /// When it last happened; none if that was before the start.
    seen: Option<Tick>,
}

impl Row {
    /// It goes on: what is of its kind belongs to it.
    fn is_open(&self, now: Tick) -> bool {
        self.seen.is_some_and(|seen| now.since(seen) < QUIET)
    }
}

impl Chronicle {
    /// Reads what was journaled before, and goes on from there.
    pub(super) fn open(site: &Arc<Site>) -> Arc<Self> {
        let before = site.reader.events().unwrap_or_else(|error| {
            tracing::warn!(error = error.chain(), "the rack's journal could not be read");
            Vec::new()
        });
        let chronicle = Arc::new(Self::with(before, site.clock.clone()));
        site.tasks.spawn(keep(chronicle.clone(), site.clone()));
        chronicle
    }

    fn with(before: Vec<RackEvent>, clock: SharedClock) -> Self {
        let next = before.last().map_or(1, |event| event.sequence.saturating_add(1));
        let rows = before.into_iter().map(|event| Row { event, seen: None }).collect();
        Self { clock, told: Mutex::new(Told { rows, next, ..Told::default() }), due: Notify::new() }
    }

    /// Journals an event. Never waits, and takes bounded memory however often it is called.
    pub fn note(&self, tiding: Tiding) {
        let (now, wall) = (self.clock.tick(), self.clock.wall());
        let mut told = self.told();
        let subject = told.subject(&tiding, now);
        let tiding = Tiding { subject, ..tiding };
        let is_same = |row: &&mut Row| {
            row.is_open(now) && row.event.subject == tiding.subject && row.event.is_kin(&tiding)
        };
        if let Some(row) = told.rows.iter_mut().rev().find(is_same) {
            row.seen = Some(now);
            row.event.again(wall, tiding.text, tiding.severity);
            let sequence = row.event.sequence;
            told.fresh.insert(sequence);
        } else {
            let sequence = told.next;
            told.next = sequence.saturating_add(1);
            told.rows.push_back(Row { event: RackEvent::new(sequence, wall, tiding), seen: Some(now) });
            told.fresh.insert(sequence);
            told.trim();
        }
        drop(told);
        self.due.notify_one();
    }

    /// All that is journaled, the oldest first.
    pub fn all(&self) -> Vec<RackEvent> {
        self.told().rows.iter().map(|row| row.event.clone()).collect()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    /// Whom a row for this tiding names: with too many of one kind, nobody.
    fn subject(&self, tiding: &Tiding, now: Tick) -> String {
        let open = || self.rows.iter().filter(|row| row.is_open(now) && row.event.is_kin(tiding));
        let is_known = open().any(|row| row.event.subject == tiding.subject);
        if is_known || open().count() < EACH { tiding.subject.clone() } else { String::new() }
    }

    fn trim(&mut self) {
        while self.rows.len() > MOST {
            let Some(row) = self.rows.pop_front() else { return };
            self.fresh.remove(&row.event.sequence);
            self.gone.insert(row.event.sequence);
        }
    }

    /// What is to be written; taken back with `put_back` if it was not.
    fn take(&mut self) -> Batch {
        let fresh = std::mem::take(&mut self.fresh);
        let changed = self.rows.iter().filter(|row| fresh.contains(&row.event.sequence));
        Batch { put: changed.map(|row| row.event.clone()).collect(), gone: std::mem::take(&mut self.gone) }
    }

    fn put_back(&mut self, batch: &Batch) {
        let first = self.rows.front().map_or(u64::MAX, |row| row.event.sequence);
        let still = batch.put.iter().map(|event| event.sequence).filter(|sequence| *sequence >= first);
        self.fresh.extend(still);
        self.gone.extend(&batch.gone);
    }
}

/// Rows for one transaction: under a MiB, since there are no more than the journal keeps.
#[derive(Debug, Clone, Default)]
struct Batch {
    put: Vec<RackEvent>,
    gone: BTreeSet<u64>,
}

impl Batch {
    fn write(&self, txn: &mut Txn<'_>) -> Result<(), StoreError> {
        for sequence in &self.gone {
            txn.events().remove(*sequence)?;
        }
        self.put.iter().try_for_each(|event| txn.events().put(event))
    }
}

/// Writes what is told until the site stops, and what is left then.
async fn keep(chronicle: Arc<Chronicle>, site: Arc<Site>) {
    loop {
        tokio::select! {
            () = chronicle.due.notified() => {}
            () = site.stop.cancelled() => break,
        }
        write(&chronicle, &site).await;
        tokio::select! {
            () = sleep(&*site.clock, PAUSE) => {}
            () = site.stop.cancelled() => break,
        }
    }
    write(&chronicle, &site).await;
}

async fn write(chronicle: &Chronicle, site: &Site) {
    let batch = chronicle.told().take();
    if batch.put.is_empty() && batch.gone.is_empty() {
        return;
    }
    let work = batch.clone();
    if let Err(error) = site.writer.write("rack events", move |txn| work.write(txn)).await {
        tracing::warn!(error = StoreError::chain(&error), "the rack's journal could not be written");
        chronicle.told().put_back(&batch);
        chronicle.due.notify_one();
    }
}

/// What happens again within this belongs to the same row.
const QUIET: Duration = Duration::from_hours(1);
/// Rows of one kind that go on at once; whatever else there is shares one more.
const EACH: usize = 8;
/// Rows in all.
const MOST: usize = 500;
/// Between two writes.
const PAUSE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::PausedClock;
    use crate::model::journal::Severity;

    fn chronicle() -> (Chronicle, Arc<PausedClock>) {
        let clock = Arc::new(PausedClock::new());
        (Chronicle::with(Vec::new(), clock.clone()), clock)
    }

    fn tiding(event: &'static str, subject: &str) -> Tiding {
        Tiding {
            network: "boot".into(),
            service: "dhcp4",
            event,
            subject: subject.into(),
            text: format!("{event} of {subject}"),
            severity: Severity::Error,
        }
    }

    #[test]
    fn what_goes_on_is_counted_in_one_row_and_what_comes_back_is_another() {
        let (chronicle, clock) = chronicle();
        for _ in 0..1000 {
            chronicle.note(tiding("decline", "10.0.0.9"));
        }
        chronicle.note(tiding("conflict", "10.0.0.9"));
        let counts = || chronicle.all().iter().map(|row| row.times).collect::<Vec<_>>();
        assert_eq!(counts(), [1000, 1]);
        clock.advance(QUIET);
        chronicle.note(tiding("decline", "10.0.0.9"));
        assert_eq!(counts(), [1000, 1, 1]);
        let batch = chronicle.told().take();
        assert_eq!((batch.put.len(), batch.gone.len()), (3, 0));
        assert!(chronicle.told().take().put.is_empty());
    }

    #[test]
    fn many_of_one_kind_share_a_row() {
        let (chronicle, _) = chronicle();
        for number in 0..10_000 {
            chronicle.note(tiding("other-server", &number.to_string()));
        }
        let rows = chronicle.all();
        assert_eq!(rows.len(), EACH + 1);
        assert_eq!((rows[EACH].subject.as_str(), rows[EACH].times), ("", 9992));
        assert_eq!(rows[EACH].text, "other-server of 9999");
    }

    #[test]
    fn the_journal_is_bounded_and_goes_on_after_a_restart() {
        let (chronicle, clock) = chronicle();
        for number in 0..600 {
            chronicle.note(tiding("decline", &number.to_string()));
            clock.advance(QUIET);
        }
        let batch = chronicle.told().take();
        assert_eq!((batch.put.len(), batch.gone.len()), (MOST, 100));
        chronicle.told().put_back(&batch);
        assert_eq!(chronicle.told().take().put.len(), MOST);
        let again = Chronicle::with(chronicle.all(), clock);
        again.note(tiding("decline", "599"));
        let last = again.all().pop().unwrap();
        assert_eq!((last.sequence, last.times), (601, 1));
    }
}
