//! The data directory: made private, locked for one daemon.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// The locked data directory. The lock ends with the value, and with the process.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes what is missing, sets modes, takes the lock.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        private_dir(path)?;
        let lock =
            private_file(&path.join(LOCK)).map_err(|error| StoreError::io("making the lock", path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { dir: path.to_path_buf() }),
            Err(TryLockError::Error(error)) => {
                return Err(StoreError::io("locking the data directory", path, error));
            }
        }
        private_dir(&path.join(STORE))?;
        flush_dir(path).map_err(|error| StoreError::io("flushing the data directory", path, error))?;
        Ok(Self { path: path.to_path_buf(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of LMDB's files.
    pub fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }
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

/// Folder of LMDB's data and lock file.
const STORE: &str = "store";
