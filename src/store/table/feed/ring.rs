//! The newest rows of the feed in memory, each rendered once for all who watch.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use crate::base::id::NodeId;
use crate::model::notice::sight::Sight;

/// What a change has told, ready to be sent. A clone shares its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub sequence: u64,
    /// The node that it is about, or whose part it is.
    pub node: Option<NodeId>,
    pub event_type: Arc<str>,
    /// Whose the subject was.
    pub sight: Arc<Sight>,
    /// As an event of a stream (WHATWG HTML 9.2): `id`, `event`, `data`, an empty line.
    frame: Arc<[u8]>,
    /// Where the JSON lies in it.
    json: (usize, usize),
}

impl Item {
    /// `json` is one line.
    pub fn new(sequence: u64, event_type: String, node: Option<NodeId>, json: &str) -> Self {
        let (frame, json) = framed(sequence, &event_type, json.as_bytes());
        let sight = Arc::default();
        Self { sequence, node, event_type: event_type.into(), sight, frame: frame.into(), json }
    }

    /// For projects that saw its subject, too.
    #[must_use]
    pub fn seen_by(self, sight: Sight) -> Self {
        Self { sight: Arc::new(sight), ..self }
    }

    /// The frame with other JSON in it.
    pub fn frame_of(&self, json: &[u8]) -> Vec<u8> {
        framed(self.sequence, &self.event_type, json).0
    }

    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// The event as one line of JSON.
    pub fn json(&self) -> &[u8] {
        self.frame.get(self.json.0..self.json.1).unwrap_or_default()
    }
}

/// An event of a stream, and where the JSON lies in it.
fn framed(sequence: u64, event_type: &str, json: &[u8]) -> (Vec<u8>, (usize, usize)) {
    let mut frame = format!("id: {sequence}\nevent: {event_type}\ndata: ").into_bytes();
    let start = frame.len();
    frame.extend_from_slice(json);
    let end = frame.len();
    frame.extend_from_slice(b"\n\n");
    (frame, (start, end))
}

/// What is kept in memory of the feed.
#[derive(Debug)]
pub struct Ring {
    kept: RwLock<Kept>,
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    items: VecDeque<Item>,
    bytes: usize,
}

impl Ring {
    /// `last`: the number of the feed's last row.
    pub fn new(last: u64) -> Self {
        Self { kept: RwLock::default(), last: watch::Sender::new(last) }
    }

    /// The number of the last event that is committed; 0 before the first.
    pub fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Told of each new number.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Takes in what a commit has told.
    pub fn publish(&self, items: Vec<Item>) {
        let Some(last) = items.last().map(|item| item.sequence) else { return };
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        for item in items {
            kept.bytes = kept.bytes.saturating_add(item.frame.len());
            kept.items.push_back(item);
        }
        while kept.items.len() > MOST || kept.bytes > MOST_BYTES {
            let Some(gone) = kept.items.pop_front() else { break };
            kept.bytes = kept.bytes.saturating_sub(gone.frame.len());
        }
        drop(kept);
        self.last.send_replace(last);
    }

    /// What followed the event of number `after`, `limit` at most; none if it is no longer in memory.
    pub fn after(&self, after: u64, limit: usize) -> Option<Vec<Item>> {
        if after >= self.last() {
            return Some(Vec::new());
        }
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let first = kept.items.front()?.sequence;
        let next = after.saturating_add(1);
        if next < first {
            return None;
        }
        let skip = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
        Some(kept.items.iter().skip(skip).take(limit).cloned().collect())
    }
}

/// Events in memory at most.
const MOST: usize = 2048;

/// Bytes of them at most.
const MOST_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn item(sequence: u64, size: usize) -> Item {
        Item::new(sequence, "baremetal.node.update.end".to_owned(), None, &"x".repeat(size))
    }

    #[test]
    fn an_item_is_an_event_of_a_stream_and_its_json() {
        let item = Item::new(7, "baremetal.port.create.end".to_owned(), None, "{\"a\":1}");
        assert_eq!(item.frame(), b"id: 7\nevent: baremetal.port.create.end\ndata: {\"a\":1}\n\n");
        assert_eq!(item.json(), b"{\"a\":1}");
    }

    #[test]
    fn what_is_no_longer_in_memory_is_told_from_what_has_not_come() {
        let ring = Ring::new(40);
        assert_eq!(ring.after(40, 10), Some(Vec::new()));
        assert_eq!(ring.after(12, 10), None);
        ring.publish((41..=43).map(|number| item(number, 10)).collect());
        let numbers = |after, limit| {
            ring.after(after, limit).map(|items| items.iter().map(|item| item.sequence).collect::<Vec<_>>())
        };
        assert_eq!(numbers(39, 10), None);
        assert_eq!(numbers(40, 10), Some(vec![41, 42, 43]));
        assert_eq!(numbers(41, 1), Some(vec![42]));
        assert_eq!(numbers(43, 10), Some(Vec::new()));
        assert_eq!(numbers(u64::MAX, 10), Some(Vec::new()));
    }

    #[test]
    fn memory_is_bounded_by_number_and_by_bytes() {
        let ring = Ring::new(0);
        for number in 1..=5000 {
            ring.publish(vec![item(number, 8)]);
        }
        assert_eq!(ring.after(5000 - 2048, 9999).map(|items| items.len()), Some(2048));
        assert_eq!(ring.after(5000 - 2049, 9999), None);
        for number in 5001..=5020 {
            ring.publish(vec![item(number, 1 << 20)]);
        }
        assert_eq!(ring.after(5013, 9999).map(|items| items.len()), Some(7));
        assert_eq!(ring.after(5012, 9999), None);
    }
}
