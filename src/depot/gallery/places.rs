//! The places where images are unpacked and hashed: as many at once as the memory of their kind allows, so that a long
//! one keeps no short one waiting.

use std::collections::HashMap;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::depot::cache::progress::{Doing, Progress};
use crate::depot::format::Format;

/// Who works, by the memory that it takes.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: Mutex<HashMap<Kind, usize>>,
    free: Condvar,
}

/// What decides how many there may be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// Dictionaries of up to 64 MiB.
    Xz,
    /// Windows of up to 32 MiB.
    Zstd,
    /// Some MiB.
    Light,
}

/// A place, given back on drop.
#[derive(Debug)]
pub(super) struct Place<'a> {
    places: &'a Places,
    kind: Kind,
}

impl Places {
    /// A place for work on an image of this format; an error once nobody wants the work any more. Blocks.
    pub(super) fn take(&self, format: Format, progress: &Progress) -> io::Result<Place<'_>> {
        let kind = Kind::of(format);
        let mut taken = self.lock();
        if taken.get(&kind).is_some_and(|count| *count >= kind.most()) {
            progress.begin(Doing::Queued, 0);
        }
        while taken.get(&kind).is_some_and(|count| *count >= kind.most()) {
            progress.go_on()?;
            let waited = self.free.wait_timeout(taken, GLANCE);
            taken = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *taken.entry(kind).or_default() += 1;
        drop(taken);
        Ok(Place { places: self, kind })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.places.lock().get_mut(&self.kind) {
            *count = count.saturating_sub(1);
        }
        self.places.free.notify_all();
    }
}

impl Kind {
    fn of(format: Format) -> Self {
        match format {
            Format::Xz => Self::Xz,
            Format::Zstd => Self::Zstd,
            Format::Raw | Format::Mbr | Format::Gpt | Format::Qcow2 | Format::Iso | Format::Gzip => {
                Self::Light
            }
        }
    }

    /// All together take 350 MiB at the most.
    fn most(self) -> usize {
        match self {
            Self::Xz => 2,
            Self::Zstd => 3,
            Self::Light => 8,
        }
    }
}

/// How often who waits looks whether it is still wanted.
const GLANCE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_places_of_its_own_and_who_is_not_wanted_any_more_waits_no_longer() {
        let (places, progress) = (Places::default(), Progress::default());
        let held: Vec<_> = (0..2).map(|_| places.take(Format::Xz, &progress).unwrap()).collect();
        assert!(places.take(Format::Gzip, &progress).is_ok() && places.take(Format::Zstd, &progress).is_ok());
        let late = Progress::default();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| places.take(Format::Xz, &late).map(drop));
            while late.to_string() != "waiting to be unpacked and hashed, while others are" {
                std::thread::yield_now();
            }
            late.stop();
            assert!(waiting.join().unwrap().is_err());
        });
        drop(held);
        assert!(places.take(Format::Xz, &progress).is_ok());
    }
}
