//! What waits for a lane beside its inbox: a heartbeat, facts of its BMC, and that its machine boots in a loop. None is
//! ever refused.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::conduct::beats::BeatSlot;
use crate::model::bmc::Fact;
use crate::model::boot::again::BootLoop;

/// What waits for one lane.
#[derive(Debug, Default)]
pub struct Letterbox {
    pub beats: BeatSlot,
    pub facts: FactSlot,
    /// The newest.
    looping: Mutex<Option<BootLoop>>,
}

impl Letterbox {
    /// The lane takes it up like a fact.
    pub fn put_loop(&self, looping: BootLoop) {
        *self.looping.lock().unwrap_or_else(PoisonError::into_inner) = Some(looping);
        self.facts.came.notify_one();
    }

    pub fn take_loop(&self) -> Option<BootLoop> {
        self.looping.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Facts that wait for their lane: one a topic, the newest, so that there are never many.
#[derive(Debug, Default)]
pub struct FactSlot {
    waiting: Mutex<Vec<Fact>>,
    came: Notify,
}

impl FactSlot {
    pub fn put(&self, fact: Fact) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|old| old.topic() != fact.topic());
        waiting.push(fact);
        drop(waiting);
        self.came.notify_one();
    }

    /// Returns when a fact may have come since the last call.
    pub async fn came(&self) {
        self.came.notified().await;
    }

    pub fn take(&self) -> Vec<Fact> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_fact_of_a_topic_is_kept() {
        let slot = FactSlot::default();
        for fact in [Fact::ConnectionReuse(true), Fact::SessionClosed, Fact::ConnectionReuse(false)] {
            slot.put(fact);
        }
        slot.came().await;
        assert_eq!(slot.take(), [Fact::SessionClosed, Fact::ConnectionReuse(false)]);
        assert_eq!(slot.take(), []);
    }
}
