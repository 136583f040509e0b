//! What a disk may hold after its power failed: what was flushed, and any part of what was written later.
//!
//! Strict: a file's bytes are safe after its own flush, its name after a flush of its folder. A sector is written
//! whole or not at all; sectors that were not flushed may be there or not, in any order. A folder's names come in order.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;

use ferric::twin::dice::Dice;

use crate::power_cut::trace::Call;

/// What happened to the files below one folder.
#[derive(Debug, Default)]
pub struct Recording {
    root: PathBuf,
    writes: Vec<Write>,
    names: Vec<Name>,
    flushes: Vec<Flush>,
    /// The folders that were made; they are taken as safe.
    folders: Vec<PathBuf>,
}

/// A file is known by a number, whatever its name.
type FileId = usize;

#[derive(Debug)]
struct Write {
    began: usize,
    ended: usize,
    file: FileId,
    change: Change,
    /// Its descriptor flushes each write before it returns.
    synchronous: bool,
    /// From when on it is on the disk for certain.
    safe: usize,
}

#[derive(Debug)]
enum Change {
    Bytes(u64, Vec<u8>),
    /// To this length.
    Cut(u64),
}

#[derive(Debug)]
struct Name {
    began: usize,
    ended: usize,
    /// What is gone, and what is there instead.
    gone: Option<PathBuf>,
    there: Option<(PathBuf, FileId)>,
    /// From when on it is on the disk for certain.
    safe: usize,
}

#[derive(Debug)]
struct Flush {
    began: usize,
    ended: usize,
    of: Flushed,
}

#[derive(Debug, PartialEq)]
enum Flushed {
    File(FileId),
    Folder(PathBuf),
}

/// How much of what was not flushed is on the disk.
#[derive(Debug, Clone, Copy)]
pub enum Kept {
    Nothing,
    Everything,
    /// Each write or not.
    Some,
    /// Each sector or not.
    Sectors,
}

/// A descriptor that is open.
#[derive(Debug)]
struct Open {
    file: FileId,
    place: u64,
    synchronous: bool,
}

/// Reads a trace call by call.
#[derive(Debug, Default)]
struct Reader {
    recording: Recording,
    open: HashMap<u64, Open>,
    known: BTreeMap<PathBuf, FileId>,
    files: usize,
}

impl Recording {
    /// Of the files below `root`, which was empty before.
    pub fn of(calls: &[Call], root: &Path) -> Self {
        let recording = Self { root: root.to_owned(), ..Self::default() };
        let mut reader = Reader { recording, ..Reader::default() };
        for call in calls {
            reader.read(call);
        }
        reader.recording.find_when_safe();
        reader.recording
    }

    fn find_when_safe(&mut self) {
        let Self { writes, names, flushes, .. } = self;
        let flushed = |of: &Flushed, ended: usize| {
            let later = flushes.iter().filter(|flush| flush.began > ended && flush.of == *of);
            later.map(|flush| flush.ended).min().unwrap_or(usize::MAX)
        };
        for write in writes {
            let by_itself = if write.synchronous { write.ended } else { usize::MAX };
            write.safe = by_itself.min(flushed(&Flushed::File(write.file), write.ended));
        }
        for name in names {
            name.safe = flushed(&Flushed::Folder(name.folder()), name.ended);
        }
    }

    /// The moments in the middle of each flush and after it, synchronous writes among them.
    pub fn flushed_at(&self) -> Vec<usize> {
        let flushes = self.flushes.iter().flat_map(|flush| [flush.began, flush.ended]);
        let writes = self.writes.iter().filter(|write| write.synchronous);
        flushes.chain(writes.flat_map(|write| [write.began, write.ended])).collect()
    }

    /// The moments after each commit: LMDB ends one with a synchronous write.
    pub fn committed_at(&self) -> Vec<usize> {
        self.writes.iter().filter(|write| write.synchronous).map(|write| write.ended).collect()
    }

    /// How many synchronous writes had ended and begun by `moment`.
    pub fn commits(&self, moment: usize) -> (usize, usize) {
        let count = |at: fn(&Write) -> usize| {
            self.writes.iter().filter(|write| write.synchronous && at(write) <= moment).count()
        };
        (count(|write| write.ended), count(|write| write.began))
    }

    /// Writes into the empty folder `into` what the disk may hold if the power fails at `moment`.
    pub fn rebuild(&self, moment: usize, kept: Kept, dice: &Dice, into: &Path) {
        // The data directory is refused if others may enter it.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(into, mode).unwrap();
        for folder in &self.folders {
            std::fs::create_dir_all(into.join(folder)).unwrap();
        }
        for (path, file) in self.names_at(moment, kept, dice) {
            let bytes = self.bytes_at(file, moment, kept, dice);
            let path = into.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            // The key's file is refused if others may read it.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&path, mode).unwrap();
        }
    }

    fn names_at(&self, moment: usize, kept: Kept, dice: &Dice) -> BTreeMap<PathBuf, FileId> {
        let begun: Vec<_> = self.names.iter().filter(|name| name.began <= moment).collect();
        let folders: BTreeSet<_> = begun.iter().map(|name| name.folder()).collect();
        let mut names = BTreeMap::new();
        for folder in folders {
            let own: Vec<_> = begun.iter().filter(|name| name.folder() == folder).collect();
            let safe = own.iter().rposition(|name| name.safe <= moment).map_or(0, |place| place + 1);
            let count = match kept {
                Kept::Nothing => safe,
                Kept::Everything => own.len(),
                Kept::Some | Kept::Sectors => safe + below(dice, own.len() - safe + 1),
            };
            for name in &own[..count] {
                if let Some(gone) = &name.gone {
                    names.remove(gone);
                }
                if let Some((path, file)) = name.there.clone() {
                    names.insert(path, file);
                }
            }
        }
        names
    }

    fn bytes_at(&self, file: FileId, moment: usize, kept: Kept, dice: &Dice) -> Vec<u8> {
        let mut bytes = Vec::new();
        for write in self.writes.iter().filter(|write| write.file == file && write.began <= moment) {
            match (write.safe <= moment, kept) {
                (true, _) | (false, Kept::Everything) => write.change.apply(&mut bytes, |_| true),
                (false, Kept::Nothing) => {}
                (false, Kept::Some) => {
                    let whole = dice.roll().is_multiple_of(2);
                    write.change.apply(&mut bytes, |_| whole);
                }
                (false, Kept::Sectors) => write.change.apply(&mut bytes, |_| dice.roll().is_multiple_of(2)),
            }
        }
        bytes
    }
}

impl Name {
    fn folder(&self) -> PathBuf {
        let path = self.there.as_ref().map(|(path, _)| path).or(self.gone.as_ref()).unwrap();
        path.parent().unwrap().to_owned()
    }
}

impl Change {
    /// Puts in the sectors for which `keep` says so.
    fn apply(&self, bytes: &mut Vec<u8>, mut keep: impl FnMut(usize) -> bool) {
        match self {
            Self::Cut(length) if keep(0) => bytes.resize(usize::try_from(*length).unwrap(), 0),
            Self::Cut(_) => {}
            Self::Bytes(offset, data) => {
                let start = usize::try_from(*offset).unwrap();
                let mut at = start;
                while at < start + data.len() {
                    let end = ((at / SECTOR + 1) * SECTOR).min(start + data.len());
                    if keep(at / SECTOR) {
                        bytes.resize(bytes.len().max(end), 0);
                        bytes[at..end].copy_from_slice(&data[at - start..end - start]);
                    }
                    at = end;
                }
            }
        }
    }
}

impl Reader {
    fn read(&mut self, call: &Call) {
        match call.name.as_str() {
            "openat" => self.opened(call),
            "close" => drop(self.open.remove(&call.descriptor().unwrap_or(u64::MAX))),
            "lseek" => {
                if let Some(open) = self.opened_as(call) {
                    open.place = call.result;
                }
            }
            "write" | "writev" => {
                if let Some(open) = self.opened_as(call) {
                    let place = open.place;
                    open.place += call.result;
                    self.wrote(call, Change::Bytes(place, call.data()));
                }
            }
            "pwrite64" | "pwritev" => self.wrote(call, Change::Bytes(call.last_number(), call.data())),
            "ftruncate" => self.wrote(call, Change::Cut(call.last_number())),
            "fsync" | "fdatasync" => self.flushed(call),
            "mkdir" => {
                if let Some(path) = self.below(&call.texts()[0]) {
                    self.recording.folders.push(path);
                }
            }
            "rename" | "renameat" | "renameat2" => self.renamed(call),
            // Names below another descriptor are those of folders that are removed whole; what is left of one harms nobody.
            "unlink" | "unlinkat" => {
                if let Some(path) = call.texts().first().and_then(|path| self.below(path)) {
                    self.known.remove(&path);
                    self.named(call, Some(path), None);
                }
            }
            // The reserve is bytes that nobody reads; the others change no file.
            "fallocate" | "sendto" | "recvfrom" | "exit_group" => {}
            other => panic!("what does {other} do to a disk?"),
        }
    }

    fn opened_as(&mut self, call: &Call) -> Option<&mut Open> {
        self.open.get_mut(&call.descriptor()?)
    }

    /// The path below the root, if it is there.
    fn below(&self, path: &[u8]) -> Option<PathBuf> {
        let path = String::from_utf8(path.to_vec()).unwrap();
        Path::new(&path).strip_prefix(&self.recording.root).ok().map(Path::to_owned)
    }

    fn opened(&mut self, call: &Call) {
        let Some(path) = call.texts().first().and_then(|path| self.below(path)) else { return };
        if call.has("O_RDONLY") {
            return; // a flush of a folder names it by its path
        }
        let file = match self.known.get(&path) {
            Some(file) => *file,
            None => self.made(call, path),
        };
        if call.has("O_TRUNC") {
            self.recording.writes.push(Write {
                began: call.began,
                ended: call.ended,
                file,
                change: Change::Cut(0),
                synchronous: false,
                safe: usize::MAX,
            });
        }
        let synchronous = call.has("O_DSYNC") || call.has("O_SYNC");
        self.open.insert(call.result, Open { file, place: 0, synchronous });
    }

    fn made(&mut self, call: &Call, path: PathBuf) -> FileId {
        let file = self.files;
        self.files += 1;
        self.known.insert(path.clone(), file);
        self.named(call, None, Some((path, file)));
        file
    }

    fn named(&mut self, call: &Call, gone: Option<PathBuf>, there: Option<(PathBuf, FileId)>) {
        self.recording.names.push(Name {
            began: call.began,
            ended: call.ended,
            gone,
            there,
            safe: usize::MAX,
        });
    }

    fn renamed(&mut self, call: &Call) {
        let texts = call.texts();
        let (Some(from), Some(to)) = (self.below(&texts[0]), self.below(&texts[1])) else { return };
        if let Some(file) = self.known.remove(&from) {
            self.known.insert(to.clone(), file);
            self.named(call, Some(from), Some((to, file)));
            return;
        }
        // A folder: all that is in it moves.
        let inside: Vec<_> = self.known.keys().filter(|path| path.starts_with(&from)).cloned().collect();
        for path in inside {
            let file = self.known.remove(&path).unwrap();
            let new = to.join(path.strip_prefix(&from).unwrap());
            self.known.insert(new.clone(), file);
            self.named(call, Some(path), Some((new, file)));
        }
    }

    fn wrote(&mut self, call: &Call, change: Change) {
        let Some(open) = self.opened_as(call) else { return };
        let (file, synchronous) = (open.file, open.synchronous);
        let (began, ended) = (call.began, call.ended);
        self.recording.writes.push(Write { began, ended, file, change, synchronous, safe: usize::MAX });
    }

    fn flushed(&mut self, call: &Call) {
        let file = self.opened_as(call).map(|open| open.file);
        let folder = call.target().and_then(|path| self.below(path.as_bytes()));
        let of = match (file, folder) {
            (Some(file), _) => Flushed::File(file),
            (None, Some(folder)) => Flushed::Folder(folder),
            (None, None) => return,
        };
        self.recording.flushes.push(Flush { began: call.began, ended: call.ended, of });
    }
}

/// A number from 0 to under `end`.
fn below(dice: &Dice, end: usize) -> usize {
    usize::try_from(dice.roll() % u64::try_from(end).unwrap()).unwrap()
}

/// What disks write whole: LMDB's meta page relies on it.
const SECTOR: usize = 512;
