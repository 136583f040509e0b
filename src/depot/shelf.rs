//! Which local files may be given out, under which names, and what is known of them.
//!
//! A file is admitted by its path; the name it is served under is the hash of that path, and a hashed file under the
//! name holds the path. So the daemon serves only what was once asked for, finds it again after a restart, and
//! a request's text never touches a path. Each use checks again that the path is still inside an allowed folder.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::depot::blobs::{BlobError, Blobs};
use crate::depot::digest::Algorithm;
use crate::depot::hashes::Hashes;

/// The images of this host. Calls block unless they are `async`.
#[derive(Debug)]
pub struct Shelf {
    root: PathBuf,
    folders: Folders,
    served: Blobs,
    hashes: Arc<Hashes>,
}

/// A file that may be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    /// Real path, without symbolic links.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
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
    #[error("hashing image file {0} was given up")]
    GivenUp(PathBuf),
}

impl Shelf {
    /// Opens the images under `data` (`images/`, made if missing); files may also come from the `allowed` folders.
    pub fn open(data: &Path, allowed: &[PathBuf]) -> Result<Self, ShelfError> {
        let root = data.join("images");
        fs::create_dir_all(&root).map_err(failed("make the folder", &root))?;
        let root = fs::canonicalize(&root).map_err(failed("find", &root))?;
        let served = Blobs::open(data.join("served")).map_err(ShelfError::Note)?;
        let folders = Folders(std::iter::once(root.clone()).chain(allowed.iter().cloned()).collect());
        Ok(Self { root, folders, served, hashes: Arc::default() })
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

    /// The file behind a served name, checked anew.
    pub fn resolve(&self, name: &str) -> Result<Shelved, ShelfError> {
        let path = self.served.get(name).map_err(ShelfError::Unknown)?;
        self.admit(&PathBuf::from(OsString::from_vec(path)))
    }

    /// The hash of a file in hex, computed beside the async threads and remembered while the file stays as it is.
    pub async fn digest(&self, path: &Path, algorithm: Algorithm) -> Result<String, ShelfError> {
        let (folders, hashes, path) = (self.folders.clone(), Arc::clone(&self.hashes), path.to_owned());
        let given_up = ShelfError::GivenUp(path.clone());
        let work = tokio::task::spawn_blocking(move || {
            let real = folders.admit(&path)?.path;
            let hash = hashes.of(&real, algorithm).map_err(failed("read", &path))?;
            hash.ok_or(ShelfError::Changed(path))
        });
        work.await.unwrap_or(Err(given_up))
    }

    /// What `image_disk_format` should say of a file, by its first bytes: `qcow2`, or `raw` for all else.
    pub fn disk_format(&self, path: &Path) -> Result<&'static str, ShelfError> {
        let real = self.admit(path)?.path;
        let mut start = Vec::new();
        let file = File::open(&real).map_err(failed("open", path))?;
        file.take(4).read_to_end(&mut start).map_err(failed("read", path))?;
        Ok(if start == QCOW_MAGIC { "qcow2" } else { "raw" })
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

/// The folders that files may come from.
#[derive(Debug, Clone)]
struct Folders(Arc<[PathBuf]>);

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

/// How a qcow2 file begins.
const QCOW_MAGIC: &[u8] = b"QFI\xFB";

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
            Shelved { path: fs::canonicalize(&path).unwrap(), size: 3 }
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
    fn the_first_bytes_tell_qcow2_from_raw() {
        let (_dir, shelf) = shelf();
        fs::write(shelf.root().join("q.img"), b"QFI\xFB\0\0\0\x03").unwrap();
        assert_eq!(shelf.disk_format(&shelf.root().join("q.img")).unwrap(), "qcow2");
        assert_eq!(shelf.disk_format(&shelf.root().join("a.img")).unwrap(), "raw");
    }

    #[tokio::test]
    async fn hashes_are_computed_for_admitted_files_only() {
        let (dir, shelf) = shelf();
        let hash = shelf.digest(&shelf.root().join("a.img"), Algorithm::Md5).await.unwrap();
        assert_eq!(hash, "900150983cd24fb0d6963f7d28e17f72");
        let outside = shelf.digest(&dir.path().join("outside.img"), Algorithm::Md5).await;
        assert!(matches!(outside, Err(ShelfError::NotAllowed(_))));
    }
}
