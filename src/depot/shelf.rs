//! Which local files may be given out, under which names, and what is known of them.
//!
//! A file is admitted by its path; the name it is served under is the hash of that path, and a hashed file under the
//! name holds the path. So the daemon serves only what was once asked for, finds it again after a restart, and
//! a request's text never touches a path. Each use checks again that the path is still inside an allowed folder.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use tracing::warn;

use crate::depot::blobs::{BlobError, Blobs};
use crate::depot::cache::progress::Progress;
use crate::depot::digest::{self, Algorithm};
use crate::depot::hashes::Hashes;

/// The images of this host. Its calls block.
#[derive(Debug)]
pub struct Shelf {
    root: PathBuf,
    folders: Folders,
    /// The daemon's own folder of images, which nobody may name.
    own: Folders,
    served: Blobs,
    lent: Lent,
    hashes: Hashes,
}

/// Under which name a file is served, and the note that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::depot) struct Notice {
    /// 64 hex digits.
    pub(in crate::depot) name: String,
    text: Vec<u8>,
}

/// A file that may be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    /// Real path, without symbolic links.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
}

/// What is given out under a served name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// The file as it is.
    File(Shelved),
    /// The disk inside of the image.
    View(Shelved),
}

impl Served {
    /// The file behind it.
    pub fn file(&self) -> &Shelved {
        match self {
            Self::File(file) | Self::View(file) => file,
        }
    }
}

/// An image in the data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// Why a file is not given out.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    #[error("image file {0} is not there")]
    Missing(PathBuf),
    #[error(
        "image file {0} is not inside a folder that images may come from (conductor.file_url_allowed_paths)"
    )]
    NotAllowed(PathBuf),
    #[error("image file {0} is not a regular file")]
    NotFile(PathBuf),
    #[error("image file {0} is empty")]
    Empty(PathBuf),
    #[error("image file {0} changed while it was read")]
    Changed(PathBuf),
    #[error("cannot {doing} {path}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("no image is served under that name")]
    Unknown(#[source] BlobError),
    #[error("cannot note an image to be served")]
    Note(#[source] BlobError),
}

impl Shelf {
    /// Opens the images under `data` (`images/`, made if missing); files may also come from the `allowed` folders.
    pub fn open(data: &Path, allowed: &[PathBuf]) -> Result<Self, ShelfError> {
        let root = data.join("images");
        fs::create_dir_all(&root).map_err(failed("make the folder", &root))?;
        let root = fs::canonicalize(&root).map_err(failed("find", &root))?;
        let served = Blobs::open(data.join("served")).map_err(ShelfError::Note)?;
        let folders = Folders(std::iter::once(root.clone()).chain(allowed.iter().cloned()).collect());
        let own = Folders([data.join(OWN)].into());
        let lent = Lent::open(data.join(LENT)).map_err(failed("open the folder", &data.join(LENT)))?;
        Ok(Self { root, folders, own, served, lent, hashes: Hashes::default() })
    }

    /// The folder of the host's own images.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Checks that a file may be given out, following symbolic links before the folders are compared.
    pub fn admit(&self, path: &Path) -> Result<Shelved, ShelfError> {
        self.folders.admit(path)
    }

    /// Admits a file and returns the name under which it is served: 64 hex digits, the same at each call.
    pub fn serve(&self, path: &Path) -> Result<String, ShelfError> {
        let shelved = self.admit(path)?;
        self.served.put(shelved.path.as_os_str().as_bytes()).map_err(ShelfError::Note)
    }

    /// Admits a file, and tells the name that it is served under once it is lent.
    pub(in crate::depot) fn notice(&self, path: &Path) -> Result<Notice, ShelfError> {
        Ok(Notice::of(b"", &self.admit(path)?))
    }

    /// As [`Shelf::notice`], for a file of the daemon's own.
    pub(in crate::depot) fn notice_own(&self, path: &Path) -> Result<Notice, ShelfError> {
        Ok(Notice::of(b"", &self.own.admit(path)?))
    }

    /// As [`Shelf::notice`], for the disk inside of an image, which may be the daemon's own.
    pub(in crate::depot) fn notice_view(&self, path: &Path) -> Result<Notice, ShelfError> {
        let shelved = self.own.admit(path).or_else(|_| self.admit(path))?;
        Ok(Notice::of(VIEW, &shelved))
    }

    /// Serves it from now on, also after a restart, until [`Shelf::give_back`] for all nodes that it was lent to.
    pub(in crate::depot) fn lend(&self, node: &str, notice: &Notice) -> Result<(), ShelfError> {
        let mut lent = self.lent.lock();
        let before = lent.get(node).filter(|name| **name != notice.name).cloned();
        self.served.put(&notice.text).map_err(ShelfError::Note)?;
        self.lent.note(node, &notice.name).map_err(failed("write in", &self.lent.folder))?;
        lent.insert(node.to_owned(), notice.name.clone());
        if let Some(before) = before {
            self.withdraw(&lent, &before);
        }
        Ok(())
    }

    /// What the node was lent is not served any more, unless another node was lent it too. Returns its name then.
    pub(in crate::depot) fn give_back(&self, node: &str) -> Option<String> {
        let mut lent = self.lent.lock();
        let name = lent.remove(node)?;
        self.lent.forget(node);
        self.withdraw(&lent, &name).then_some(name)
    }

    /// The nodes that something is lent to.
    pub(in crate::depot) fn borrowers(&self) -> Vec<String> {
        self.lent.lock().keys().cloned().collect()
    }

    /// Forgets names that are lent to nobody and were noted before `old`, in seconds since 1970: those of boots.
    pub(in crate::depot) fn sweep(&self, old: i64) {
        let lent = self.lent.lock();
        for (name, noted) in self.served.list().unwrap_or_default() {
            let noted = noted.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            if i64::try_from(noted).is_ok_and(|noted| noted < old) {
                self.withdraw(&lent, &name);
            }
        }
    }

    fn withdraw(&self, lent: &HashMap<String, String>, name: &str) -> bool {
        if lent.values().any(|other| other == name) {
            return false;
        }
        if let Err(error) = self.served.remove(name) {
            warn!(name, %error, "an image is served for longer than it is needed");
        }
        true
    }

    /// What is behind a served name, its file checked anew.
    pub fn resolve(&self, name: &str) -> Result<Served, ShelfError> {
        let text = self.served.get(name).map_err(ShelfError::Unknown)?;
        let admitted = |path: &[u8]| {
            let path = PathBuf::from(OsString::from_vec(path.to_vec()));
            self.own.admit(&path).or_else(|_| self.admit(&path))
        };
        match text.strip_prefix(VIEW) {
            Some(path) => admitted(path).map(Served::View),
            None => admitted(&text).map(Served::File),
        }
    }

    /// The hash of a file in hex, remembered while the file stays as it is.
    pub(in crate::depot) fn digest(
        &self,
        path: &Path,
        algorithm: Algorithm,
        progress: &Progress,
    ) -> Result<String, ShelfError> {
        let real = self.admit(path)?.path;
        let hash = self.hashes.of(&real, algorithm, progress).map_err(failed("read", path))?;
        hash.ok_or_else(|| ShelfError::Changed(path.to_owned()))
    }

    /// The images in the data folder, by name.
    pub fn images(&self) -> Result<Vec<Listed>, ShelfError> {
        let mut images = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(failed("list", &self.root))? {
            let entry = entry.map_err(failed("list", &self.root))?;
            let facts = entry.metadata().map_err(failed("look at", &entry.path()))?;
            if let (true, Some(name)) = (facts.is_file(), entry.file_name().to_str()) {
                images.push(Listed { name: name.to_owned(), size: facts.len() });
            }
        }
        images.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(images)
    }
}

impl Notice {
    fn of(mark: &[u8], shelved: &Shelved) -> Self {
        let text = [mark, shelved.path.as_os_str().as_bytes()].concat();
        Self { name: digest::sha256(&text), text }
    }
}

/// What was lent to which node: the name served, in a file under the node's.
#[derive(Debug)]
struct Lent {
    folder: PathBuf,
    names: Mutex<HashMap<String, String>>,
}

impl Lent {
    fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let read = |entry: fs::DirEntry| {
            Some((entry.file_name().into_string().ok()?, fs::read_to_string(entry.path()).ok()?))
        };
        let names = fs::read_dir(&folder)?.flatten().filter_map(read).collect();
        Ok(Self { folder, names: Mutex::new(names) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Not flushed: what a power cut takes away here is lent again by the deployment, or withdrawn with age.
    fn note(&self, node: &str, name: &str) -> io::Result<()> {
        fs::write(self.folder.join(node), name)
    }

    fn forget(&self, node: &str) {
        fs::remove_file(self.folder.join(node)).ok(); // found again after a restart, and forgotten then
    }
}

/// The folders that files may come from.
#[derive(Debug)]
struct Folders(Box<[PathBuf]>);

impl Folders {
    fn admit(&self, path: &Path) -> Result<Shelved, ShelfError> {
        let refused = || ShelfError::NotAllowed(path.to_owned());
        let real = match fs::canonicalize(path) {
            Ok(real) => real,
            // What lies outside is refused in the same words whether it is there or not.
            Err(_) if !self.hold(path) => return Err(refused()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ShelfError::Missing(path.to_owned()));
            }
            Err(source) => return Err(ShelfError::Io { doing: "find", path: path.to_owned(), source }),
        };
        if !self.hold(&real) {
            return Err(refused());
        }
        let facts = fs::metadata(&real).map_err(failed("look at", path))?;
        match (facts.is_file(), facts.len()) {
            (false, _) => Err(ShelfError::NotFile(path.to_owned())),
            (true, 0) => Err(ShelfError::Empty(path.to_owned())),
            (true, size) => Ok(Shelved { path: real, size }),
        }
    }

    /// Whether the path lies in one of the folders, as they are written or as they really are.
    fn hold(&self, path: &Path) -> bool {
        let inside = |folder: &Path| path.starts_with(folder) && path != folder;
        let climbs = path.components().any(|part| part == Component::ParentDir);
        let mut folders = self.0.iter();
        !climbs
            && folders
                .any(|folder| inside(folder) || fs::canonicalize(folder).is_ok_and(|real| inside(&real)))
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ShelfError {
    let path = path.to_owned();
    move |source| ShelfError::Io { doing, path, source }
}

/// What a note of the disk inside of an image begins with; no path does.
const VIEW: &[u8] = b"view:";
/// What is lent, in the data folder.
const LENT: &str = "lent";
/// The daemon's own images, in the data folder.
const OWN: &str = "cache";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let dir = tempfile::tempdir().unwrap();
        let allowed = dir.path().join("allowed");
        fs::create_dir(&allowed).unwrap();
        fs::write(dir.path().join("outside.img"), b"secret").unwrap();
        let shelf = Shelf::open(&dir.path().join("data"), &[allowed]).unwrap();
        fs::write(shelf.root().join("a.img"), b"abc").unwrap();
        (dir, shelf)
    }

    #[test]
    fn a_served_file_is_found_again_by_its_name_after_a_restart() {
        let (dir, shelf) = shelf();
        let path = shelf.root().join("a.img");
        let name = shelf.serve(&path).unwrap();
        assert_eq!(shelf.serve(&path).unwrap(), name);
        let again = Shelf::open(&dir.path().join("data"), &[]).unwrap();
        assert_eq!(
            again.resolve(&name).unwrap(),
            Served::File(Shelved { path: fs::canonicalize(&path).unwrap(), size: 3 })
        );
        assert!(matches!(again.resolve(&"0".repeat(64)), Err(ShelfError::Unknown(_))));
        assert!(matches!(again.resolve("../images/a.img"), Err(ShelfError::Unknown(_))));
    }

    #[test]
    fn links_and_dots_do_not_lead_out_of_the_allowed_folders() {
        let (dir, shelf) = shelf();
        let outside = dir.path().join("outside.img");
        let link = dir.path().join("allowed/link.img");
        symlink(&outside, &link).unwrap();
        for path in [outside, link, dir.path().join("allowed/../outside.img"), dir.path().join("gone.img")] {
            assert!(matches!(shelf.admit(&path), Err(ShelfError::NotAllowed(_))), "{}", path.display());
        }
        assert!(matches!(shelf.admit(&shelf.root().join("../../gone")), Err(ShelfError::NotAllowed(_))));
    }

    #[test]
    fn a_link_put_in_place_of_a_served_file_is_refused() {
        let (dir, shelf) = shelf();
        let path = dir.path().join("allowed/b.img");
        fs::write(&path, b"b").unwrap();
        let name = shelf.serve(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(matches!(shelf.resolve(&name), Err(ShelfError::Missing(_))));
        symlink(dir.path().join("outside.img"), &path).unwrap();
        assert!(matches!(shelf.resolve(&name), Err(ShelfError::NotAllowed(_))));
    }

    #[test]
    fn a_link_inside_the_folders_and_a_folder_that_is_a_link_are_followed() {
        let (dir, shelf) = shelf();
        symlink(shelf.root().join("a.img"), dir.path().join("allowed/link.img")).unwrap();
        assert!(shelf.admit(&dir.path().join("allowed/link.img")).is_ok());
        symlink(dir.path().join("allowed"), dir.path().join("way")).unwrap();
        fs::write(dir.path().join("allowed/c.img"), b"c").unwrap();
        let through = Shelf::open(&dir.path().join("other"), &[dir.path().join("way")]).unwrap();
        assert!(through.admit(&dir.path().join("way/c.img")).is_ok());
    }

    #[test]
    fn what_is_no_image_file_is_named() {
        let (_dir, shelf) = shelf();
        fs::create_dir(shelf.root().join("folder")).unwrap();
        fs::write(shelf.root().join("empty.img"), b"").unwrap();
        let refused = |name: &str| shelf.admit(&shelf.root().join(name)).unwrap_err();
        assert!(matches!(refused("folder"), ShelfError::NotFile(_)));
        assert!(matches!(refused("empty.img"), ShelfError::Empty(_)));
        assert!(matches!(refused("gone.img"), ShelfError::Missing(_)));
        assert!(matches!(shelf.admit(&shelf.root), Err(ShelfError::NotAllowed(_))));
    }

    #[test]
    fn the_images_of_the_data_folder_are_listed_by_name() {
        let (_dir, shelf) = shelf();
        fs::write(shelf.root().join("B.img"), b"b").unwrap();
        fs::create_dir(shelf.root().join("folder")).unwrap();
        let (a, b) = (Listed { name: "a.img".into(), size: 3 }, Listed { name: "B.img".into(), size: 1 });
        assert_eq!(shelf.images().unwrap(), [b, a]);
    }

    #[test]
    fn own_files_are_served_and_cannot_be_named() {
        let (dir, shelf) = shelf();
        let own = dir.path().join("data/cache");
        fs::create_dir(&own).unwrap();
        let path = own.join("x.raw");
        fs::write(&path, b"own").unwrap();
        assert!(matches!(shelf.admit(&path), Err(ShelfError::NotAllowed(_))));
        let (file, view) = (shelf.notice_own(&path).unwrap(), shelf.notice_view(&path).unwrap());
        assert!(matches!(shelf.resolve(&file.name), Err(ShelfError::Unknown(_))), "it is not lent yet");
        shelf.lend("n1", &file).unwrap();
        shelf.lend("n2", &view).unwrap();
        assert!(matches!(shelf.resolve(&file.name).unwrap(), Served::File(found) if found.size == 3));
        assert!(matches!(shelf.resolve(&view.name).unwrap(), Served::View(found) if found.size == 3));
        assert!(shelf.notice_own(&shelf.root().join("a.img")).is_err());
    }

    #[test]
    fn what_is_lent_is_served_until_the_last_node_gives_it_back_also_after_a_restart() {
        let (dir, shelf) = shelf();
        let notice = shelf.notice(&shelf.root().join("a.img")).unwrap();
        shelf.lend("n1", &notice).unwrap();
        shelf.lend("n2", &notice).unwrap();
        assert_eq!(shelf.give_back("n1"), None);
        let again = Shelf::open(&dir.path().join("data"), &[]).unwrap();
        assert_eq!(again.borrowers(), ["n2"]);
        assert!(again.resolve(&notice.name).is_ok());
        assert_eq!(again.give_back("n2").as_ref(), Some(&notice.name));
        assert!(matches!(again.resolve(&notice.name), Err(ShelfError::Unknown(_))));
        assert!(again.borrowers().is_empty() && again.give_back("n2").is_none());
        let boot = again.serve(&again.root().join("a.img")).unwrap();
        again.sweep(0);
        assert!(again.resolve(&boot).is_ok(), "it is not old");
        again.sweep(i64::MAX);
        assert!(again.resolve(&boot).is_err());
        assert_eq!(fs::read_dir(dir.path().join("data/served")).unwrap().count(), 0);
    }

    #[test]
    fn hashes_are_computed_for_admitted_files_only() {
        let (dir, shelf) = shelf();
        let hash = shelf.digest(&shelf.root().join("a.img"), Algorithm::Md5, &Progress::default()).unwrap();
        assert_eq!(hash, "900150983cd24fb0d6963f7d28e17f72");
        let outside = shelf.digest(&dir.path().join("outside.img"), Algorithm::Md5, &Progress::default());
        assert!(matches!(outside, Err(ShelfError::NotAllowed(_))));
    }
}
