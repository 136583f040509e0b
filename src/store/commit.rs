//! The commit: takes the waiting jobs, runs each in a nested transaction, flushes once, publishes, answers.
//!
//! ```text
//! jobs -> nested txn each (failed or panicked: dropped) -> one commit -> publish -> answer
//! one job alone -> the same without nesting
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use heed::RwTxn;
use tokio::sync::mpsc;

use crate::store::core::Core;
use crate::store::error::StoreError;
use crate::store::table::feed::told;
use crate::store::txn::{Outcome, Txn};

/// One piece of work with someone who waits for its answer.
pub trait Job: Send {
    fn label(&self) -> &'static str;
    fn urgency(&self) -> Urgency;
    /// Does the work; tells whether it shall be kept.
    fn run(&mut self, txn: &mut Txn<'_>) -> bool;
    /// Answers with the work's own result, or with the failure that struck it.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

/// Whether there is a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody asks; may be refused when the disk is full.
    Ask,
    /// It has happened; written as long as a byte can be.
    Outcome,
}

/// What became of the jobs of a batch before its flush.
struct Batch {
    /// A failure for each job, by its place; none if its own result stands.
    failures: Vec<Option<StoreError>>,
    labels: Vec<&'static str>,
    outcome: Outcome,
}

/// Runs the jobs as one batch and answers each.
pub fn commit(core: &Core, mut jobs: Vec<Box<dyn Job>>) {
    let failures = match flush(core, &mut jobs) {
        Ok(failures) => failures,
        Err(error) => jobs.iter().map(|_| Some(error.clone())).collect(),
    };
    for (job, failure) in jobs.into_iter().zip(failures) {
        job.answer(failure);
    }
}

fn flush(core: &Core, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Option<StoreError>>, StoreError> {
    if core.is_cut() {
        return Err(StoreError::Cut);
    }
    core.space().glance(core.free());
    let parent = core.file.write()?;
    match jobs {
        [job] => alone(core, parent, &mut **job).map(|failure| vec![failure]),
        jobs => together(core, parent, jobs),
    }
}

/// Runs the only job of a flush in the transaction itself, which is dropped if it fails.
fn alone(core: &Core, rw: RwTxn, job: &mut dyn Job) -> Result<Option<StoreError>, StoreError> {
    let mut txn = Txn::new(rw, core, &[]);
    match run(core, &mut txn, job) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(failure) => return Ok(Some(failure)),
    }
    let (rw, outcome) = txn.into_parts();
    write(core, rw, &[job.label()])?;
    core.publish(outcome);
    Ok(None)
}

fn together(
    core: &Core,
    mut parent: RwTxn,
    jobs: &mut [Box<dyn Job>],
) -> Result<Vec<Option<StoreError>>, StoreError> {
    let mut batch = Batch { failures: Vec::new(), labels: Vec::new(), outcome: Outcome::default() };
    for job in jobs {
        let failure = nest(core, &mut parent, &mut **job, &mut batch).err();
        batch.failures.push(failure);
    }
    if batch.labels.is_empty() {
        parent.abort();
        return Ok(batch.failures);
    }
    write(core, parent, &batch.labels)?;
    core.publish(batch.outcome);
    Ok(batch.failures)
}

/// Runs one job of several in a nested transaction and keeps it, if there is something to keep.
fn nest(core: &Core, parent: &mut RwTxn, job: &mut dyn Job, batch: &mut Batch) -> Result<(), StoreError> {
    let nested = core.file.env.nested_write_txn(parent)?;
    let mut txn = Txn::new(nested, core, &batch.outcome.changes);
    if !run(core, &mut txn, job)? {
        return Ok(());
    }
    let (rw, outcome) = txn.into_parts();
    rw.commit().map_err(|error| StoreError::lmdb(&core.file.path, error))?;
    batch.labels.push(job.label());
    batch.outcome.extend(outcome);
    Ok(())
}

/// Runs the job; tells whether it wrote something that shall be kept, if nothing speaks against it.
fn run(core: &Core, txn: &mut Txn<'_>, job: &mut dyn Job) -> Result<bool, StoreError> {
    let label = job.label();
    let done = catch_unwind(AssertUnwindSafe(|| job.run(txn)));
    let keep = done.map_err(|_| StoreError::Panicked { label })?;
    if !keep || !txn.is_dirty() {
        return Ok(false);
    }
    if job.urgency() == Urgency::Ask && core.space().is_full() {
        return Err(core.space().full(core.dir.path()));
    }
    told::write(txn)?;
    Ok(true)
}

fn write(core: &Core, parent: RwTxn, labels: &[&'static str]) -> Result<(), StoreError> {
    tracing::trace!(target: "ferric::commit", ?labels, "before");
    if core.probe.as_ref().is_some_and(|probe| !probe.before_commit(labels)) {
        parent.abort();
        return Err(core.cut());
    }
    let began = core.clock.tick();
    let done = parent.commit().map_err(|error| StoreError::lmdb(&core.file.path, error));
    if let Err(StoreError::Full { .. }) = done {
        core.space().give_up();
    }
    done?;
    core.commits.add(core.clock.tick().since(began));
    tracing::trace!(target: "ferric::commit", ?labels, "after");
    if core.probe.as_ref().is_some_and(|probe| !probe.after_commit(labels)) {
        return Err(core.cut());
    }
    Ok(())
}

/// Takes jobs until every writer is gone or a `None` closes the store.
pub fn run_thread(core: &Arc<Core>, queue: &mut mpsc::Receiver<Option<Box<dyn Job>>>) {
    let mut waiting = Vec::with_capacity(BATCH);
    let mut open = true;
    while open && queue.blocking_recv_many(&mut waiting, BATCH) > 0 {
        let count = waiting.len();
        let jobs: Vec<_> = waiting.drain(..).map_while(|job| job).collect();
        open = jobs.len() == count;
        commit(core, jobs);
    }
}

/// Jobs of one flush at most: more than nodes that change at once in a rack, few enough that a batch of the
/// largest records stays near 1 MiB.
const BATCH: usize = 64;
