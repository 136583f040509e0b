//! The audit: a row for each request that changed something or was refused for lack of rights.
//!
//! What changes a node is journaled with the change itself (`commit`); this is the list over the whole rack. Rows are
//! written together, the first at once and then several times a second, so that a burst costs few flushes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::base::time::sleep;
use crate::base::who::Author;
use crate::conduct::site::Site;
use crate::model::audit::{By, Deed, Search, Touched};
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::txn::Txn;

/// Where deeds are told and read.
#[derive(Debug)]
pub struct Audit {
    reader: Reader,
    told: Mutex<Told>,
    due: Notify,
}

/// What is not on the disk yet, and which numbers are.
#[derive(Debug)]
struct Told {
    fresh: VecDeque<Deed>,
    /// The number of the next one.
    next: u64,
    /// The oldest that is kept.
    first: u64,
    lost: u64,
}

impl Audit {
    /// Goes on from what was written before.
    pub(super) fn open(site: &Arc<Site>) -> Arc<Self> {
        let span = site.reader.audit_span().unwrap_or_else(|error| {
            tracing::error!(error = error.chain(), "the audit could not be read");
            None
        });
        let (first, last) = span.unwrap_or((1, 0));
        let told = Told { fresh: VecDeque::new(), next: last.saturating_add(1), first, lost: 0 };
        let audit =
            Arc::new(Self { reader: site.reader.clone(), told: Mutex::new(told), due: Notify::new() });
        site.tasks.spawn(keep(audit.clone(), site.clone()));
        audit
    }

    /// Writes down what somebody asked for and what came of it. Never waits.
    pub fn note(&self, author: &Author, touched: Touched, status: u16, site: &Site) {
        let mut told = self.told();
        if told.fresh.len() >= MOST_WAITING {
            told.lost = told.lost.saturating_add(1);
            return;
        }
        let sequence = told.next;
        told.next = sequence.saturating_add(1);
        let (at, by, deed) = (site.clock.wall(), By::from(author), author.deed.clone());
        told.fresh.push_back(Deed { sequence, at, by, deed, touched, status });
        drop(told);
        self.due.notify_one();
    }

    /// The latest deeds before the number `before` that are looked for, the latest first. Blocks.
    pub fn latest(&self, before: u64, limit: usize, search: &Search) -> Result<Vec<Deed>, StoreError> {
        // What waits is looked at first, so that a row that is written in between is not missed.
        let (mut all, before): (Vec<Deed>, u64) = {
            let told = self.told();
            let waiting = told.fresh.iter().rev().filter(|deed| deed.sequence < before);
            let found = waiting.filter(|deed| search.fits(deed)).take(limit).cloned().collect();
            // What is written in the meantime is not to come twice.
            (found, told.fresh.front().map_or(before, |first| first.sequence.min(before)))
        };
        let rest = limit.saturating_sub(all.len());
        all.extend(self.reader.audit(before, rest, search)?);
        Ok(all)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be written now, and up to which number the oldest go.
    fn batch(&self) -> (Vec<Deed>, std::ops::Range<u64>) {
        let told = self.told();
        let batch: Vec<Deed> = told.fresh.iter().take(AT_ONCE).cloned().collect();
        let next = batch.last().map_or(told.next, |deed| deed.sequence.saturating_add(1));
        let oldest = next.saturating_sub(KEPT).max(told.first);
        (batch, told.first..oldest)
    }

    /// That much is on the disk.
    fn written(&self, count: usize, first: u64) -> bool {
        let mut told = self.told();
        let count = count.min(told.fresh.len());
        told.fresh.drain(..count);
        told.first = first;
        let lost = std::mem::take(&mut told.lost);
        if lost > 0 {
            tracing::error!(lost, "requests are missing in the audit: they came faster than it was written");
        }
        !told.fresh.is_empty()
    }
}

fn write(txn: &mut Txn<'_>, batch: &[Deed], old: std::ops::Range<u64>) -> Result<(), StoreError> {
    for sequence in old {
        txn.audits().remove(sequence)?;
    }
    batch.iter().try_for_each(|deed| txn.audits().put(deed))
}

/// Writes what is told until the site stops, and what is left then.
async fn keep(audit: Arc<Audit>, site: Arc<Site>) {
    loop {
        tokio::select! {
            () = audit.due.notified() => {}
            () = site.stop.cancelled() => break,
        }
        put(&audit, &site).await;
        tokio::select! {
            () = sleep(&*site.clock, PAUSE) => {}
            () = site.stop.cancelled() => break,
        }
    }
    put(&audit, &site).await;
}

async fn put(audit: &Audit, site: &Site) {
    loop {
        let (batch, old) = audit.batch();
        if batch.is_empty() {
            return;
        }
        let (count, first, rows) = (batch.len(), old.end, batch);
        if let Err(error) = site.writer.write("audit", move |txn| write(txn, &rows, old)).await {
            tracing::warn!(
                error = StoreError::chain(&error),
                "the audit could not be written; it is tried again"
            );
            audit.due.notify_one();
            return;
        }
        if !audit.written(count, first) {
            return;
        }
    }
}

/// Rows kept: months of a rack's changes.
const KEPT: u64 = 20_000;
/// Rows in one transaction.
const AT_ONCE: usize = 256;
/// Rows that wait for a disk that cannot be written to; what comes above is counted and told.
const MOST_WAITING: usize = 10_000;
/// Between two writes.
const PAUSE: Duration = Duration::from_millis(200);
