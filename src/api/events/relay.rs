//! What has come, passed on to all who are in one room: they read it here, and never hold a lock that a commit waits for.
//!
//! ```text
//! commit -> one task of the room -> (a crowd: a breath) -> the new events, shared -> all who are in it
//! ```
//!
//! A crowd is told of the first change after a while once that change's own answer has left, of what follows in rounds:
//! waking a thousand takes some eight milliseconds, so that they rest for twenty times that.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::store::reader::Reader;
use crate::store::table::feed::ring::Item;

/// How a room is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    AtOnce,
    /// With a rest between, the longer the more there are.
    Breathing,
}

/// Tells all who are in a room.
#[derive(Debug, Clone)]
pub struct Relay {
    last: watch::Sender<u64>,
    tail: Arc<Tail>,
}

impl Relay {
    /// `last`: the number of the feed's last event.
    pub fn new(last: u64) -> Self {
        Self { last: watch::Sender::new(last), tail: Arc::default() }
    }

    /// For one more.
    pub fn news(&self) -> News {
        News { last: self.last.subscribe(), tail: self.tail.clone() }
    }

    /// Passes on what `read` has after a number, at each of the `news`, until `stop`.
    pub async fn pass_on(
        self,
        mut news: watch::Receiver<u64>,
        read: impl Fn(u64) -> Vec<Item>,
        pace: Pace,
        stop: CancellationToken,
    ) {
        let mut rested = Instant::now();
        while let Some(Ok(())) = stop.run_until_cancelled(news.changed()).await {
            if pace == Pace::Breathing {
                let answered = Instant::now() + LEAD;
                if stop.run_until_cancelled(sleep_until(answered.max(rested))).await.is_none() {
                    return;
                }
            }
            let (told, newest) = (*self.last.borrow(), *news.borrow_and_update());
            // Nobody is here: whoever comes reads for itself what it wants of the past.
            let items = if self.last.receiver_count() == 0 { Vec::new() } else { read(told) };
            let last = items.last().map_or(newest, |item| item.sequence);
            self.tail.put(Piece { since: told, items });
            self.last.send_replace(last);
            if last < newest {
                news.mark_changed();
            }
            let count = u32::try_from(self.last.receiver_count()).unwrap_or(u32::MAX);
            rested = Instant::now() + EACH.saturating_mul(count);
        }
    }
}

/// What somebody who watches is told.
#[derive(Debug)]
pub struct News {
    last: watch::Receiver<u64>,
    tail: Arc<Tail>,
}

impl News {
    /// Straight from the store.
    pub fn of(reader: &Reader) -> Self {
        Self { last: reader.new_events(), tail: Arc::default() }
    }

    /// Waits for more than [`News::last`] has said; false when there never will be.
    pub async fn more(&mut self) -> bool {
        self.last.changed().await.is_ok()
    }

    /// The number of the last event that was told.
    pub fn last(&mut self) -> u64 {
        *self.last.borrow_and_update()
    }

    /// The newest of what was told.
    pub fn piece(&self) -> Arc<Piece> {
        self.tail.piece()
    }
}

/// The newest events, as a room was last told.
#[derive(Debug, Default)]
struct Tail(Mutex<Arc<Piece>>);

impl Tail {
    fn put(&self, piece: Piece) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(piece);
    }

    fn piece(&self) -> Arc<Piece> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Events that follow each other.
#[derive(Debug, Default)]
pub struct Piece {
    /// The number that the first of them follows.
    since: u64,
    items: Vec<Item>,
}

impl Piece {
    /// What follows the event of number `after`, `limit` at most; none if that begins before this piece or behind it.
    pub fn after(&self, after: u64, limit: usize) -> Option<&[Item]> {
        if after < self.since {
            return None;
        }
        let start = self.items.partition_point(|item| item.sequence <= after);
        let items = self.items.get(start..)?;
        let items = items.get(..limit).unwrap_or(items);
        (!items.is_empty()).then_some(items)
    }
}

/// A change's own answer has left after it.
const LEAD: Duration = Duration::from_millis(1);

/// The rest for each who was told: twenty times what waking one and sending it a little takes.
const EACH: Duration = Duration::from_micros(160);

#[cfg(test)]
mod tests {
    use super::*;

    fn item(sequence: u64) -> Item {
        Item::new(sequence, "baremetal.node.update.end".to_owned(), None, "{}")
    }

    fn numbers(items: Option<&[Item]>) -> Option<Vec<u64>> {
        items.map(|items| items.iter().map(|item| item.sequence).collect())
    }

    #[test]
    fn a_piece_is_read_from_any_place_in_it_and_from_no_other() {
        let piece = Piece { since: 40, items: vec![item(41), item(42), item(43)] };
        assert_eq!(numbers(piece.after(39, 9)), None);
        assert_eq!(numbers(piece.after(40, 9)), Some(vec![41, 42, 43]));
        assert_eq!(numbers(piece.after(40, 2)), Some(vec![41, 42]));
        assert_eq!(numbers(piece.after(42, 9)), Some(vec![43]));
        assert_eq!(numbers(piece.after(43, 9)), None);
        assert_eq!(numbers(Piece::default().after(0, 9)), None);
    }

    /// A room in which each change is told of when it has come, with the milliseconds of the tellings.
    async fn told(pace: Pace, watchers: usize, changes: u64) -> Vec<u128> {
        let (relay, feed, stop) = (Relay::new(0), watch::Sender::new(0), CancellationToken::new());
        let mut crowd: Vec<News> = (0..watchers).map(|_| relay.news()).collect();
        let last = feed.clone();
        let read = move |since| (since + 1..=*last.borrow()).take(4).map(item).collect();
        tokio::spawn(relay.pass_on(feed.subscribe(), read, pace, stop.clone()));
        let began = Instant::now();
        tokio::spawn(async move {
            for number in 1..=changes {
                feed.send_replace(number);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        let one = crowd.first_mut().unwrap();
        let (mut moments, mut seen) = (Vec::new(), 0);
        while seen < changes {
            assert!(one.more().await);
            moments.push(began.elapsed().as_millis());
            let last = one.last();
            while seen < last {
                seen = one.piece().after(seen, 2).unwrap().last().unwrap().sequence;
            }
        }
        stop.cancel();
        moments
    }

    #[tokio::test]
    async fn the_few_are_told_of_all_changes() {
        let moments = told(Pace::AtOnce, 3, 6).await;
        assert!((1..=6).contains(&moments.len()), "{moments:?}");
    }

    #[tokio::test]
    async fn a_crowd_is_told_of_what_follows_together_after_a_rest_for_each_of_them() {
        let moments = told(Pace::Breathing, 250, 12).await;
        assert!(moments.len() > 1 && moments.windows(2).all(|pair| pair[1] - pair[0] >= 40), "{moments:?}");
    }
}
