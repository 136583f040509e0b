//! Where each call has a folder of its own: below the system's temporary folder, since whoever runs the executables may
//! have no way into the daemon's.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use uuid::Uuid;

/// The folder of the daemon that has this data.
pub fn of_calls(data: &Path) -> PathBuf {
    let whole = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    let name = Uuid::new_v5(&Uuid::NAMESPACE_URL, whole.as_os_str().as_encoded_bytes());
    std::env::temp_dir().join(format!("ferric-steps-{}", name.simple()))
}

/// Makes the folder if it is not there. Anybody may have made one of its name before us: that one is not taken.
pub fn open(path: &Path) -> Result<(), String> {
    match DirBuilder::new().mode(0o711).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(format!("{}: {error}", path.display()));
        }
        Ok(()) | Err(_) => {}
    }
    let found = fs::symlink_metadata(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !found.is_dir() || found.uid() != geteuid().as_raw() || found.mode() & 0o022 != 0 {
        return Err(format!("{} is not the daemon's own folder: remove it", path.display()));
    }
    if geteuid().is_root() && found.mode() & 0o001 == 0 {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o711);
        fs::set_permissions(path, mode).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Takes away what calls of an earlier start have left.
pub fn sweep(path: &Path) {
    let is_ours =
        fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == geteuid().as_raw());
    if is_ours && let Err(error) = fs::remove_dir_all(path) {
        tracing::warn!(folder = %path.display(), %error, "what executables of the site have left stays");
    }
}
