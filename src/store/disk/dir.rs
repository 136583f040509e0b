//! The data directory: private, locked for one daemon, and known again once it has held a rack.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use crate::store::disk::{env, key};
use crate::store::error::StoreError;

/// The locked data directory. The lock ends with the value, and with the process.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    lock: File,
}

impl DataDir {
    /// Makes what is missing and takes the lock. Refused, with nothing changed, if others may enter the directory or if
    /// it has held a rack whose store is gone.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        data_dir(path)?;
        let lock =
            private_file(&path.join(LOCK)).map_err(|error| StoreError::io("making the lock", path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { dir: path.to_path_buf() }),
            Err(TryLockError::Error(error)) => {
                return Err(StoreError::io("locking the data directory", path, error));
            }
        }
        refuse_lost(path)?;
        private_dir(&path.join(STORE))?;
        flush_dir(path).map_err(|error| StoreError::io("flushing the data directory", path, error))?;
        Ok(Self { path: path.to_path_buf(), lock })
    }

    /// Marks the directory as one that holds a rack, so that its store is missed should it ever be gone. For the end
    /// of a complete opening: after a power cut before it, the store is there or was never used.
    pub fn mark(&self) -> Result<(), StoreError> {
        let fail = |error| StoreError::io("marking the data directory as used", &self.path, error);
        let mark = self.path.join(MARK);
        if mark.exists() {
            return Ok(());
        }
        private_file(&mark).map_err(fail)?;
        flush_dir(&self.path).map_err(fail)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of LMDB's files.
    pub fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }
}

impl Drop for DataDir {
    /// A child process that is just being started has the file, too, until it runs its program: closing it here would
    /// leave the lock for as long.
    fn drop(&mut self) {
        drop(self.lock.unlock());
    }
}

/// Makes the data directory if it is missing; the mode of one that is there is its owner's affair, and checked.
fn data_dir(path: &Path) -> Result<(), StoreError> {
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return private_dir(path),
        Err(error) => return Err(StoreError::io(format!("looking at {}", path.display()), path, error)),
    };
    let (dir, mode, user) = (path.to_path_buf(), meta.permissions().mode() & 0o7777, geteuid());
    if !user.is_root() && meta.uid() != user.as_raw() {
        return Err(StoreError::Foreign { dir, owner: meta.uid() });
    }
    if mode & 0o077 != 0 {
        return Err(StoreError::Exposed { dir, mode });
    }
    Ok(())
}

/// Refuses a directory that has held a rack and holds no store. At a first start the store is whole on the disk before
/// the key is made, and the mark comes last.
fn refuse_lost(path: &Path) -> Result<(), StoreError> {
    let file = path.join(STORE).join(env::DATA);
    let used = [MARK, key::FILE].into_iter().any(|name| path.join(name).exists());
    if used && env::is_missing(&file) {
        return Err(StoreError::Lost { file, dir: path.to_path_buf() });
    }
    Ok(())
}

/// Makes the directory with its parents and takes every right from others.
pub fn private_dir(path: &Path) -> Result<(), StoreError> {
    let what = || format!("making {}", path.display());
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| StoreError::io(what(), path, error))?;
    let mode = fs::metadata(path).map_err(|error| StoreError::io(what(), path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))
            .map_err(|error| StoreError::io(what(), path, error))?;
    }
    Ok(())
}

/// Opens or makes a file that only its owner may read and write.
pub fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Makes the names in a directory durable.
pub fn flush_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Holds the lock of the daemon that uses the directory.
const LOCK: &str = "lock";

/// Empty file: this directory has held a rack.
const MARK: &str = "used";

/// Folder of LMDB's data and lock file.
const STORE: &str = "store";
