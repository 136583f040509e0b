//! What lies in the cache, and who goes when there is no room.
//!
//! Each file has a second one beside it (`NAME.json`) that says what it is; its moment of change is the last use. A
//! file under its final name is whole and flushed. What is held by somebody stays, and what has another name in a boot's
//! kit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::base::moment::Moment;
use crate::base::size::human;
use crate::base::time::SharedClock;
use crate::depot::cache::error::{CacheError, failed};
use crate::depot::cache::limits::Limits;
use crate::depot::cache::room::Room;

/// The files of the cache. Its calls block.
#[derive(Debug)]
pub(in crate::depot) struct Index {
    folder: PathBuf,
    pub(in crate::depot) limits: Limits,
    clock: SharedClock,
    state: Mutex<State>,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Bytes.
    pub size: u64,
    pub sha256: String,
    /// Hashes of other kinds, by their word.
    #[serde(default)]
    pub hashes: BTreeMap<String, String>,
    /// The server's entity tag.
    #[serde(default)]
    pub etag: Option<String>,
    /// Seconds since 1970, when its download began.
    #[serde(default)]
    pub fetched: i64,
    /// It is not given out again once nobody holds it.
    #[serde(default)]
    pub no_store: bool,
}

/// A file of the cache, which stays there as long as this is held.
#[derive(Debug, Clone)]
pub struct Kept {
    pub path: PathBuf,
    pub facts: Arc<Facts>,
    _hold: Arc<()>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<String, Entry>,
    /// Downloads that broke off and may be gone on with, in bytes; the first to go.
    parts: BTreeMap<String, u64>,
    /// Bytes that work under way may still write, or has written.
    promised: u64,
    /// Those of them that nobody told of before the work began.
    untold: u64,
}

#[derive(Debug)]
struct Entry {
    facts: Arc<Facts>,
    /// On disk, holes not counted.
    bytes: u64,
    used: Moment,
    hold: Arc<()>,
}

impl Entry {
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.hold) > 1
    }
}

/// Whether the file has another name: a boot uses it, or did before the daemon started anew.
fn is_linked(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.nlink() > 1)
}

impl Index {
    /// Uses `folder`, made with mode 0700 if it is not there. What was left half done and cannot be gone on with is
    /// removed.
    pub(super) fn open(folder: &Path, limits: Limits, clock: SharedClock) -> Result<Arc<Self>, CacheError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(failed("make the folder", folder))?;
        let folder = fs::canonicalize(folder).map_err(failed("find", folder))?;
        let index = Self { folder, limits, clock, state: Mutex::default() };
        index.read()?;
        let index = Arc::new(index);
        index.sweep();
        Ok(index)
    }

    pub(in crate::depot) fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many files there are, and the bytes that they and the work under way take.
    pub(in crate::depot) fn size(&self) -> (usize, u64) {
        let state = self.lock();
        (state.entries.len(), state.used())
    }

    /// Seconds since 1970.
    pub(in crate::depot) fn now(&self) -> i64 {
        self.clock.wall().0 / 1_000_000
    }

    /// The file of that name, which counts as used now.
    pub(in crate::depot) fn hold(&self, name: &str) -> Option<Kept> {
        let now = self.clock.wall();
        let mut state = self.lock();
        let entry = state.entries.get_mut(name)?;
        let path = self.folder.join(name);
        if !path.is_file() {
            state.entries.remove(name);
            return None;
        }
        entry.used = now;
        let kept = Kept { path, facts: Arc::clone(&entry.facts), _hold: Arc::clone(&entry.hold) };
        drop(state);
        self.stamp(name, now);
        Some(kept)
    }

    /// Takes in the finished file `part` under `name`; another of that name is replaced.
    pub(in crate::depot) fn take_in(
        &self,
        name: &str,
        part: &Path,
        facts: Facts,
        room: Room,
    ) -> Result<Kept, CacheError> {
        let path = self.folder.join(name);
        self.write_facts(name, &facts)?;
        fs::rename(part, &path).map_err(failed("name", part))?;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("flush", &self.folder))?;
        let bytes = on_disk(&path);
        let (facts, hold) = (Arc::new(facts), Arc::new(()));
        let entry =
            Entry { facts: Arc::clone(&facts), bytes, used: self.clock.wall(), hold: Arc::clone(&hold) };
        self.lock().entries.insert(name.to_owned(), entry);
        drop(room);
        info!(name, size = human(facts.size), on_disk = human(bytes), "taken into the image cache");
        Ok(Kept { path, facts, _hold: hold })
    }

    /// Forgets a file unless somebody holds it.
    pub(in crate::depot) fn drop_unheld(&self, name: &str) {
        let mut state = self.lock();
        if state.entries.get(name).is_some_and(|entry| self.may_go(name, entry)) {
            state.entries.remove(name);
            self.erase(name);
        }
    }

    /// Removes what nobody has used for long, what may not be kept, and what is over the quota.
    pub(in crate::depot) fn sweep(&self) {
        let ttl = i64::try_from(self.limits.ttl.as_micros()).unwrap_or(i64::MAX);
        let old = self.clock.wall().0.saturating_sub(ttl);
        let mut state = self.lock();
        let gone: Vec<String> = state
            .entries
            .iter()
            .filter(|(name, entry)| (entry.facts.no_store || entry.used.0 < old) && self.may_go(name, entry))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            state.entries.remove(&name);
            self.erase(&name);
        }
        let late: Vec<String> = state.parts.keys().filter(|part| !self.can_go_on(part)).cloned().collect();
        for part in late {
            state.parts.remove(&part);
            self.erase(&part);
        }
        while state.used() > self.limits.size && self.evict(&mut state) {}
    }

    /// Promises room, evicting what was used least lately. Nothing goes for what would not fit even then.
    pub(in crate::depot) fn promise(&self, what: &str, bytes: u64) -> Result<(), CacheError> {
        let mut state = self.lock();
        self.could_hold(&state, what, bytes)?;
        self.make_way(&mut state, what, bytes)
    }

    /// Promises more room to work that was not told how long it will be. It grows into what is free as far as that goes;
    /// others leave for it only while all such work together has no more than [`Index::share`]: what never ends, or ends
    /// behind the quota, must not take the whole cache with it.
    pub(super) fn grow(&self, what: &str, bytes: u64) -> Result<(), CacheError> {
        let mut state = self.lock();
        let untold = state.untold.saturating_add(bytes);
        if state.used().saturating_add(bytes) > self.limits.size {
            self.could_hold(&state, what, bytes)?;
            self.may_evict(&state, what, untold)?;
        }
        self.make_way(&mut state, what, bytes)?;
        state.untold = untold;
        Ok(())
    }

    /// Whether the quota has room for so many bytes more once all has gone that may go.
    fn could_hold(&self, state: &State, what: &str, bytes: u64) -> Result<(), CacheError> {
        if state.used().saturating_add(bytes) > self.limits.size {
            let firm = state.used().saturating_sub(self.loose(state));
            if firm.saturating_add(bytes) > self.limits.size {
                return Err(self.over_quota(what, bytes, firm));
            }
        }
        Ok(())
    }

    fn make_way(&self, state: &mut State, what: &str, bytes: u64) -> Result<(), CacheError> {
        while state.used().saturating_add(bytes) > self.limits.size {
            if !self.evict(state) {
                return Err(self.over_quota(what, bytes, state.used()));
            }
        }
        state.promised = state.promised.saturating_add(bytes);
        Ok(())
    }

    fn over_quota(&self, what: &str, needed: u64, used: u64) -> CacheError {
        CacheError::Quota { what: what.to_owned(), needed, size: self.limits.size, used }
    }

    /// Whether others leave for work that has `untold` bytes by then.
    fn may_evict(&self, state: &State, what: &str, untold: u64) -> Result<(), CacheError> {
        let share = self.share(state);
        if untold > share {
            return Err(CacheError::Untold { what: what.to_owned(), share });
        }
        Ok(())
    }

    /// Half of what the cache can have, by its quota and its disk.
    fn share(&self, state: &State) -> u64 {
        let (free, floor) = self.free();
        state.used().saturating_add(free.saturating_sub(floor)).min(self.limits.size) / 2
    }

    /// A download broke off, and its part of that name stays for another try.
    pub(super) fn park(&self, part: &str) {
        let bytes = on_disk(&self.folder.join(part));
        if bytes > 0 {
            self.lock().parts.insert(part.to_owned(), bytes);
        }
    }

    /// The part of that name is gone on with.
    pub(super) fn unpark(&self, part: &str) {
        self.lock().parts.remove(part);
    }

    /// Bytes that would be free if all went that may go.
    fn loose(&self, state: &State) -> u64 {
        let idle = state.entries.iter().filter(|(name, entry)| self.may_go(name, entry));
        let entries = idle.map(|(_, entry)| entry.bytes);
        entries.chain(state.parts.values().copied()).fold(0, u64::saturating_add)
    }

    /// Gives a promise back, `untold` bytes of which were grown into.
    pub(in crate::depot) fn release(&self, bytes: u64, untold: u64) {
        let mut state = self.lock();
        state.promised = state.promised.saturating_sub(bytes);
        state.untold = state.untold.saturating_sub(untold);
    }

    /// Whether so many bytes could be written beside the floor once all has gone that may go.
    pub(super) fn could_write(&self, what: &str, bytes: u64) -> Result<(), CacheError> {
        let (free, floor) = self.free();
        let needed = floor.saturating_add(bytes);
        if free < needed && free.saturating_add(self.loose(&self.lock())) < needed {
            return Err(self.full(what));
        }
        Ok(())
    }

    /// Sees to it that so many bytes can be written beside the floor.
    pub(super) fn check_disk(&self, what: &str, bytes: u64) -> Result<(), CacheError> {
        self.could_write(what, bytes)?;
        loop {
            let (free, floor) = self.free();
            if free >= floor.saturating_add(bytes) {
                return Ok(());
            }
            if !self.evict(&mut self.lock()) {
                return Err(self.full(what));
            }
        }
    }

    /// Sees to it that work which grows leaves the floor as it is; others leave for it as in [`Index::grow`].
    pub(super) fn check_growth(&self, what: &str) -> Result<(), CacheError> {
        let (free, floor) = self.free();
        if free < floor {
            self.could_write(what, 0)?;
            let state = self.lock();
            self.may_evict(&state, what, state.untold)?;
        }
        self.check_disk(what, 0)
    }

    pub(super) fn full(&self, what: &str) -> CacheError {
        let (free, floor) = self.free();
        CacheError::Disk { what: what.to_owned(), folder: self.folder.clone(), free, floor }
    }

    /// Bytes that are free, and those of them that are left to others.
    fn free(&self) -> (u64, u64) {
        nix::sys::statvfs::statvfs(&self.folder).map_or((u64::MAX, 0), |stat| {
            let of = |blocks: u64| blocks.saturating_mul(stat.fragment_size());
            (of(stat.blocks_available()), self.limits.floor.of(of(stat.blocks())))
        })
    }

    fn may_go(&self, name: &str, entry: &Entry) -> bool {
        !entry.is_held() && !is_linked(&self.folder.join(name))
    }

    /// Removes a broken download, else the file that was used least lately; `false` if there is none that may go.
    fn evict(&self, state: &mut State) -> bool {
        if let Some((part, _)) = state.parts.pop_first() {
            self.erase(&part);
            return true;
        }
        let idle = state.entries.iter().filter(|(name, entry)| self.may_go(name, entry));
        let Some(name) = idle.min_by_key(|(_, entry)| entry.used).map(|(name, _)| name.clone()) else {
            return false;
        };
        state.entries.remove(&name);
        self.erase(&name);
        info!(name, "left the image cache to make room");
        true
    }

    fn erase(&self, name: &str) {
        for path in [self.folder.join(name), self.beside(name)] {
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                warn!(path = %path.display(), %error, "a file of the image cache cannot be removed");
            }
        }
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}{BESIDE}"))
    }

    fn write_facts(&self, name: &str, facts: &Facts) -> Result<(), CacheError> {
        let (path, passing) = (self.beside(name), self.folder.join(format!("{name}{BESIDE}.part")));
        let text = serde_json::to_vec(facts).map_err(|error| failed("write", &path)(error.into()))?;
        fs::write(&passing, text).and_then(|()| fs::rename(&passing, &path)).map_err(failed("write", &path))
    }

    /// Notes the last use; if that fails the file is only taken for older than it is.
    fn stamp(&self, name: &str, used: Moment) {
        let since = Duration::from_micros(u64::try_from(used.0).unwrap_or_default());
        let file = File::options().write(true).open(self.beside(name));
        file.and_then(|file| file.set_modified(UNIX_EPOCH + since)).ok();
    }

    fn read(&self) -> Result<(), CacheError> {
        let listed = fs::read_dir(&self.folder).map_err(failed("list", &self.folder))?;
        let names: BTreeSet<String> = listed
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .map(|name| name.strip_suffix(BESIDE).unwrap_or(&name).to_owned())
            .collect();
        let mut state = self.lock();
        for name in names {
            match self.entry(&name) {
                Some(entry) => {
                    state.entries.insert(name, entry);
                }
                None if self.can_go_on(&name) => {
                    let bytes = on_disk(&self.folder.join(&name));
                    state.parts.insert(name, bytes);
                }
                None => self.erase(&name),
            }
        }
        Ok(())
    }

    fn entry(&self, name: &str) -> Option<Entry> {
        let beside = self.beside(name);
        let facts: Facts = serde_json::from_slice(&fs::read(&beside).ok()?).ok()?;
        let path = self.folder.join(name);
        let is_whole = fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() == facts.size);
        let used = moment(fs::metadata(&beside).and_then(|meta| meta.modified()).ok()?);
        is_whole.then(|| Entry { facts: Arc::new(facts), bytes: on_disk(&path), used, hold: Arc::default() })
    }

    /// Whether this is a download of the last day that may be gone on with.
    fn can_go_on(&self, name: &str) -> bool {
        let changed = fs::metadata(self.folder.join(name)).and_then(|meta| meta.modified());
        let age = changed.map(|changed| self.clock.wall().seconds_since(moment(changed)));
        name.ends_with(PART) && self.beside(name).is_file() && age.is_ok_and(|age| age < PART_KEPT)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn used(&self) -> u64 {
        let entries = self.entries.values().map(|entry| entry.bytes);
        entries.chain(self.parts.values().copied()).fold(self.promised, u64::saturating_add)
    }
}

fn moment(time: SystemTime) -> Moment {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Bytes that a file takes on disk (stat counts in blocks of 512).
fn on_disk(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.blocks().saturating_mul(512))
}

/// Ending of the name under which a download grows.
pub(in crate::depot) const PART: &str = ".part";
/// Ending of the name of what tells of a file.
pub(super) const BESIDE: &str = ".json";
/// Seconds that a download waits to be gone on with after a restart.
const PART_KEPT: u64 = 86_400;
