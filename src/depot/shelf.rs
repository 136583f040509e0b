//! Which local files may be given out, under which names, and their hashes.
//!
//! A file is admitted by its path; the name it is served under is the hash of that path, and a hashed file under the
//! name holds the path. So the daemon serves only what was once asked for, finds it again after a restart, and
//! a request's text never touches a path. Each use checks again that the path is still inside an allowed folder.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::depot::blobs::{BlobError, Blobs};
use crate::depot::digest::Algorithm;

/// The images of this host. Calls block unless they are `async`.
#[derive(Debug)]
pub struct Shelf {
    root: PathBuf,
    allowed: Vec<PathBuf>,
    served: Blobs,
    hashes: Arc<Mutex<HashMap<Key, String>>>,
    /// Held while a file is hashed: eight servers with one image read it once.
    hashing: tokio::sync::Mutex<()>,
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
    #[error("the work of hashing {0} was given up")]
    GivenUp(PathBuf),
}

/// What a file is known again by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    path: PathBuf,
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
    algorithm: Algorithm,
}

impl Shelf {
    /// Opens the images under `data` (`images/`, made if missing); files may also come from the `allowed` folders.
    pub fn open(data: &Path, allowed: &[PathBuf]) -> Result<Self, ShelfError> {
        let root = data.join("images");
        fs::create_dir_all(&root).map_err(failed("make the folder", &root))?;
        let root = fs::canonicalize(&root).map_err(failed("find", &root))?;
        let served = Blobs::open(data.join("served")).map_err(ShelfError::Note)?;
        let allowed = std::iter::once(root.clone()).chain(allowed.iter().cloned()).collect();
        Ok(Self { root, allowed, served, hashes: Arc::default(), hashing: tokio::sync::Mutex::default() })
    }

    /// The folder of the host's own images.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Checks that a file may be given out, following symbolic links before the folders are compared.
    pub fn admit(&self, path: &Path) -> Result<Shelved, ShelfError> {
        let real = fs::canonicalize(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ShelfError::Missing(path.to_owned()),
            _ => ShelfError::Io { doing: "find", path: path.to_owned(), source },
        });
        // What lies outside is refused in the same words whether it is there or not.
        if !self.allows(path) && !real.as_ref().is_ok_and(|real| self.allows(real)) {
            return Err(ShelfError::NotAllowed(path.to_owned()));
        }
        let real = real?;
        if !self.allows(&real) {
            return Err(ShelfError::NotAllowed(path.to_owned()));
        }
        let facts = fs::metadata(&real).map_err(failed("look at", path))?;
        match (facts.is_file(), facts.len()) {
            (false, _) => Err(ShelfError::NotFile(path.to_owned())),
            (true, 0) => Err(ShelfError::Empty(path.to_owned())),
            (true, size) => Ok(Shelved { path: real, size }),
        }
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
        let path = self.admit(path)?.path;
        let _turn = self.hashing.lock().await;
        let hashes = Arc::clone(&self.hashes);
        let given_up = ShelfError::GivenUp(path.clone());
        tokio::task::spawn_blocking(move || remembered(&hashes, &path, algorithm))
            .await
            .unwrap_or(Err(given_up))
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

    /// Whether the path lies in an allowed folder, both as they are written and as they really are.
    fn allows(&self, path: &Path) -> bool {
        let inside = |folder: &Path| path.starts_with(folder) && path != folder;
        self.allowed
            .iter()
            .any(|folder| inside(folder) || fs::canonicalize(folder).is_ok_and(|real| inside(&real)))
    }
}

fn remembered(
    hashes: &Mutex<HashMap<Key, String>>,
    path: &Path,
    algorithm: Algorithm,
) -> Result<String, ShelfError> {
    let mut file = File::open(path).map_err(failed("open", path))?;
    let key = key(&file, path, algorithm)?;
    if let Some(hash) = hashes.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(hash.clone());
    }
    let hash = algorithm.of_reader(&mut file).map_err(failed("read", path))?;
    let now = File::open(path).map_err(failed("open", path))?;
    if self::key(&now, path, algorithm)? != key {
        return Err(ShelfError::Changed(path.to_owned()));
    }
    let mut hashes = hashes.lock().unwrap_or_else(PoisonError::into_inner);
    hashes.retain(|known, _| known.path != key.path || known.changed == key.changed);
    hashes.insert(key, hash.clone());
    Ok(hash)
}

fn key(file: &File, path: &Path, algorithm: Algorithm) -> Result<Key, ShelfError> {
    let facts = file.metadata().map_err(failed("look at", path))?;
    let changed = (facts.mtime(), facts.mtime_nsec());
    let (device, inode, size) = (facts.dev(), facts.ino(), facts.len());
    Ok(Key { path: path.to_owned(), device, inode, size, changed, algorithm })
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ShelfError {
    let path = path.to_owned();
    move |source| ShelfError::Io { doing, path, source }
}
