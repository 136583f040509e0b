//! The slot in which a heartbeat waits for its lane.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::model::boot::Beat;
use crate::model::decision::refusal::Refusal;

/// A heartbeat that waits for its lane; a newer one takes its place, and all who sent are answered.
#[derive(Debug, Default)]
pub struct BeatSlot {
    waiting: Mutex<Option<Beating>>,
}

/// A heartbeat and who waits for its commit.
#[derive(Debug)]
pub struct Beating {
    pub beat: Beat,
    pub replies: Vec<oneshot::Sender<Result<(), Refusal>>>,
}

impl BeatSlot {
    pub fn put(&self, beat: Beat, reply: oneshot::Sender<Result<(), Refusal>>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut replies = waiting.take().map(|old| old.replies).unwrap_or_default();
        if replies.len() < BEATS_ANSWERED {
            replies.push(reply);
        }
        *waiting = Some(Beating { beat, replies });
    }

    pub fn take(&self) -> Option<Beating> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Senders of replaced heartbeats that are answered with the newest one; more have gone away.
const BEATS_ANSWERED: usize = 8;
