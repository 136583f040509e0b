//! What can go wrong in the store; each variant is treated differently by someone.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use crate::base::id::{NodeId, PortId};
use crate::base::mac::Mac;
use crate::base::size;
use crate::model::decision::refusal::Refusal;
use crate::model::thing::Mark;

/// A failure of the store. Cloneable, since one failed flush answers every job of its batch.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Duplicate(#[from] Duplicate),
    #[error("node {0} could not be found")]
    NoSuchNode(NodeId),
    #[error("port {0} could not be found")]
    NoSuchPort(PortId),
    #[error("{word} {id} could not be found")]
    NoSuchThing { word: &'static str, id: Uuid },
    #[error("{field} names {word} {value}, which could not be found")]
    Dangling { field: &'static str, word: &'static str, value: String },
    #[error("{record} would take {}, {} at most: shorten its largest field", size::human(*bytes), size::human(*limit))]
    TooLarge { record: String, bytes: u64, limit: u64 },
    #[error("no space left in {place}: {remedy}")]
    Full { place: String, remedy: String },
    #[error("{dir} is in use by another daemon: stop it first, or give this one its own --data directory")]
    InUse { dir: PathBuf },
    #[error(
        "{dir} is open to others (mode {mode:04o}): take their rights away with chmod 0700 {dir}, \
         or give the daemon another --data directory"
    )]
    Exposed { dir: PathBuf, mode: u32 },
    #[error("{dir} belongs to user {owner} and not to the daemon's: change its owner, or start as that user")]
    Foreign { dir: PathBuf, owner: u32 },
    #[error(
        "{file} is missing or empty, but {dir} has held a rack: restore {dir} from a copy, \
         or remove all of it to begin anew"
    )]
    Lost { file: PathBuf, dir: PathBuf },
    #[error(
        "{file} was written by a newer Ferric (store version {found}, this one knows {known}): \
         start that version, or restore a backup made before the upgrade"
    )]
    Newer { file: PathBuf, found: u32, known: u32 },
    #[error(
        "{record} in {file} has shape {found}, this Ferric knows {known}: \
         start the version that wrote it, or restore a backup"
    )]
    Shape { file: PathBuf, record: String, found: u8, known: u8 },
    #[error("{record} in {file} cannot be read: restore a backup of the data directory")]
    Unreadable { file: PathBuf, record: String, source: Fault },
    #[error("{file} is damaged or not a store: restore a backup, or start with an empty data directory")]
    Corrupt { file: PathBuf, source: Fault },
    #[error("the key of the sealed values in {dir} {why}: {remedy}")]
    Key { dir: PathBuf, why: &'static str, remedy: &'static str },
    #[error("{what} failed")]
    Io { what: String, source: Fault },
    #[error("{what} cannot be encoded")]
    Encode { what: String, source: Fault },
    #[error("the database failed")]
    Lmdb(#[source] Arc<heed::Error>),
    #[error("the work {label:?} panicked; nothing of it was kept")]
    Panicked { label: &'static str },
    /// A test cut the power (`store::Probe`).
    #[error("the power was cut")]
    Cut,
    #[error("the store is closed")]
    Closed,
}

/// A cause that several errors may share.
pub type Fault = Arc<dyn Error + Send + Sync>;

/// Two records may not share this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Duplicate {
    #[error("a node with UUID {0} already exists")]
    Node(NodeId),
    #[error("a node with name {0} already exists")]
    NodeName(String),
    #[error("instance {instance} is already associated with node {node}")]
    Instance { instance: Uuid, node: NodeId },
    #[error("a port with UUID {0} already exists")]
    Port(PortId),
    #[error("a port with MAC address {0} already exists")]
    Mac(Mac),
    #[error("a port with name {0} already exists")]
    PortName(String),
    #[error("{} {word} with {} {} already exists", article(word), mark.what, mark.value)]
    Thing { word: &'static str, mark: Mark },
}

/// `a` or `an`, as the word is spoken.
fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

impl StoreError {
    /// An error of the operating system while doing `what`; a full disk is told apart.
    pub fn io(what: impl Into<String>, place: &Path, error: io::Error) -> Self {
        if is_full(&error) {
            return Self::full(place);
        }
        Self::Io { what: what.into(), source: Arc::new(error) }
    }

    /// An error of LMDB on the store in `dir`; a full disk or map and a damaged file are told apart.
    pub fn lmdb(dir: &Path, error: heed::Error) -> Self {
        if is_out_of_space(&error) {
            return Self::full(dir);
        }
        if is_damage(&error) {
            return Self::Corrupt { file: dir.to_path_buf(), source: Arc::new(error) };
        }
        Self::Lmdb(Arc::new(error))
    }

    /// No space for the store in `place`.
    pub fn full(place: &Path) -> Self {
        Self::Full { place: place.display().to_string(), remedy: FULL_REMEDY.to_owned() }
    }

    /// No space for an ask: `free` bytes are left, and `needed` would have to be.
    pub fn full_by(place: &Path, free: u64, needed: u64) -> Self {
        let (free, needed) = (size::human(free), size::human(needed));
        let remedy = format!("{free} free, {needed} needed: {FULL_REMEDY}");
        Self::Full { place: place.display().to_string(), remedy }
    }

    /// The error and its causes in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

/// Inside table methods LMDB's errors have no place yet: the fault of a full disk is recognised by its kind.
impl From<heed::Error> for StoreError {
    fn from(error: heed::Error) -> Self {
        Self::lmdb(Path::new("the store"), error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Duplicate(duplicate) => Self::Duplicate(duplicate.to_string()),
            StoreError::NoSuchNode(node) => Self::NoSuchNode { node: node.to_string() },
            StoreError::NoSuchPort(port) => Self::NoSuchPort { port },
            StoreError::NoSuchThing { .. } => Self::NotFound(error.to_string()),
            StoreError::TooLarge { .. } | StoreError::Dangling { .. } => Self::Invalid(error.to_string()),
            StoreError::Full { place, remedy } => Self::Full { place, remedy },
            StoreError::Closed => Self::Busy(error.to_string()),
            StoreError::InUse { .. }
            | StoreError::Exposed { .. }
            | StoreError::Foreign { .. }
            | StoreError::Lost { .. }
            | StoreError::Newer { .. }
            | StoreError::Shape { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Key { .. }
            | StoreError::Io { .. }
            | StoreError::Encode { .. }
            | StoreError::Lmdb(_)
            | StoreError::Panicked { .. }
            | StoreError::Cut => Self::Internal(error.chain()),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn is_out_of_space(error: &heed::Error) -> bool {
    if let heed::Error::Io(error) = error {
        return is_full(error);
    }
    matches!(error, heed::Error::Mdb(heed::MdbError::MapFull))
}

fn is_damage(error: &heed::Error) -> bool {
    use heed::MdbError::{Corrupted, Invalid, PageNotFound, VersionMismatch};
    matches!(error, heed::Error::Mdb(Corrupted | Invalid | PageNotFound | VersionMismatch))
}

/// What an operator does about a full disk.
const FULL_REMEDY: &str = "free space on its file system or move the data directory to a larger one";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_full_map_are_told_apart_from_other_faults() {
        let dir = Path::new("/data/store");
        for error in [
            heed::Error::Io(io::Error::from_raw_os_error(nix::libc::ENOSPC)),
            heed::Error::Io(io::Error::from_raw_os_error(nix::libc::EDQUOT)),
            heed::Error::Mdb(heed::MdbError::MapFull),
        ] {
            let refusal = Refusal::from(StoreError::lmdb(dir, error));
            let Refusal::Full { place, remedy } = refusal else { panic!("{refusal}") };
            assert_eq!((place.as_str(), remedy.as_str()), ("/data/store", FULL_REMEDY));
        }
        let error = heed::Error::Io(io::Error::from_raw_os_error(nix::libc::EIO));
        assert!(matches!(StoreError::lmdb(dir, error), StoreError::Lmdb(_)));
    }

    #[test]
    fn refusals_say_what_the_api_shows() {
        let mac = Mac([0x52, 0x54, 0, 0, 0, 1]);
        let duplicate = Refusal::from(StoreError::from(Duplicate::Mac(mac)));
        let text = "a port with MAC address 52:54:00:00:00:01 already exists";
        assert_eq!(duplicate, Refusal::Duplicate(text.to_owned()));
        let mark = Mark { what: "name", value: "web".to_owned() };
        let thing = Refusal::from(StoreError::from(Duplicate::Thing { word: "allocation", mark }));
        assert_eq!(thing, Refusal::Duplicate("an allocation with name web already exists".to_owned()));
        let node = NodeId(Uuid::nil());
        let gone = Refusal::from(StoreError::NoSuchNode(node));
        assert_eq!(gone, Refusal::NoSuchNode { node: node.to_string() });
        assert!(matches!(Refusal::from(StoreError::Closed), Refusal::Busy(_)));
        let large = StoreError::TooLarge { record: "it".to_owned(), bytes: 20_480, limit: 16_384 };
        let text = "it would take 20.0 KiB, 16.0 KiB at most: shorten its largest field";
        assert_eq!(Refusal::from(large), Refusal::Invalid(text.to_owned()));
    }

    #[test]
    fn an_internal_error_brings_its_causes() {
        let error = StoreError::io("reading it", Path::new("/data"), io::Error::other("broken wire"));
        assert_eq!(Refusal::from(error), Refusal::Internal("reading it failed: broken wire".to_owned()));
    }
}
