//! The power cut: at a commit or at a call, and what was done until then.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::store::options::Probe;

/// Where the power fails; commits and calls are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    Never,
    BeforeCommit(usize),
    AfterCommit(usize),
    /// Nothing went out.
    BeforeCall(usize),
    /// It was done, the answer is lost.
    SentCall(usize),
    /// The answer came, nothing of it was kept.
    AnsweredCall(usize),
}

/// Counts commits and calls, and cuts the power at one of them.
#[derive(Debug)]
pub(super) struct Cut {
    point: Point,
    commits: AtomicUsize,
    calls: AtomicUsize,
    dead: AtomicBool,
    full: AtomicBool,
    log: Mutex<Vec<String>>,
}

impl Cut {
    pub(super) fn at(point: Point) -> Self {
        Self {
            point,
            commits: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            dead: AtomicBool::new(false),
            full: AtomicBool::new(false),
            log: Mutex::default(),
        }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// From now on the disk has no free byte.
    pub(super) fn fill(&self) {
        self.full.store(true, Ordering::Relaxed);
    }

    pub(super) fn commits(&self) -> usize {
        self.commits.load(Ordering::Relaxed)
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.lines().clone()
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the call that is to go out; `None` if the power is gone.
    pub(super) fn call(&self, label: &str) -> Option<usize> {
        if self.is_dead() {
            return None;
        }
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        self.lines().push(format!("call {number}: {label}"));
        self.unless(Point::BeforeCall(number)).then_some(number)
    }

    /// Whether the power is still there at this point.
    pub(super) fn unless(&self, point: Point) -> bool {
        if self.point == point {
            self.lines().push(format!("cut at {point:?}"));
            self.dead.store(true, Ordering::Relaxed);
        }
        !self.is_dead()
    }
}

impl Probe for Cut {
    fn before_commit(&self, labels: &[&'static str]) -> bool {
        if self.is_dead() {
            return false;
        }
        let number = self.commits.fetch_add(1, Ordering::Relaxed) + 1;
        self.lines().push(format!("commit {number}: {labels:?}"));
        self.unless(Point::BeforeCommit(number))
    }

    fn after_commit(&self, _labels: &[&'static str]) -> bool {
        self.unless(Point::AfterCommit(self.commits()))
    }

    fn free_bytes(&self) -> Option<u64> {
        Some(if self.full.load(Ordering::Relaxed) { 0 } else { u64::MAX })
    }
}
