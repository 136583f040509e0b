//! The pieces that were read last, a fixed number of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pieces by their place, the last used in front.
#[derive(Debug)]
pub(super) struct Recent {
    most: usize,
    pieces: Mutex<VecDeque<(u64, Arc<Vec<u8>>)>>,
}

impl Recent {
    /// Keeps `most` pieces.
    pub(super) fn new(most: usize) -> Self {
        Self { most, pieces: Mutex::default() }
    }

    /// The piece at a place: a kept one, else what `make` returns.
    pub(super) fn get<E>(
        &self,
        place: u64,
        make: impl FnOnce() -> Result<Arc<Vec<u8>>, E>,
    ) -> Result<Arc<Vec<u8>>, E> {
        if let Some(piece) = self.kept(place) {
            return Ok(piece);
        }
        // Two who miss the same piece both make it; neither waits for the other's disk.
        let piece = make()?;
        self.put(place, Arc::clone(&piece));
        Ok(piece)
    }

    /// A piece, if it is still kept.
    pub(super) fn kept(&self, place: u64) -> Option<Arc<Vec<u8>>> {
        let mut pieces = self.lock();
        let at = pieces.iter().position(|(one, _)| *one == place)?;
        let found = pieces.remove(at)?;
        let piece = Arc::clone(&found.1);
        pieces.push_front(found);
        Some(piece)
    }

    /// Keeps a piece in place of the one that was not used for longest.
    pub(super) fn put(&self, place: u64, piece: Arc<Vec<u8>>) {
        let mut pieces = self.lock();
        pieces.push_front((place, piece));
        pieces.truncate(self.most);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, Arc<Vec<u8>>)>> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
