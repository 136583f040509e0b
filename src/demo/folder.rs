//! The demo's own folder below the system's one for passing files, and what demos that were killed left there.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, geteuid};

/// A folder that only its owner may look into; removed at the end.
#[derive(Debug)]
pub struct Folder {
    pub path: PathBuf,
}

impl Folder {
    /// Makes `ferric-demo-PID` in `place`, which must be there.
    pub fn new(place: &Path) -> io::Result<Self> {
        let path = place.join(format!("{PREFIX}{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is swept by the next demo.
        fs::remove_dir_all(&self.path).ok();
    }
}

/// Removes the folders in `place` that are ours and whose demo is gone; returns those that were removed.
pub fn sweep(place: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(place)?.filter_map(Result::ok);
    let left = entries.map(|entry| entry.path()).filter(|path| is_left_over(path));
    // What cannot be removed is in nobody's way.
    Ok(left.filter(|path| fs::remove_dir_all(path).is_ok()).collect())
}

fn is_left_over(path: &Path) -> bool {
    let Some(pid) = path.file_name().and_then(|name| process_of(name.to_str()?)) else { return false };
    let is_ours = |found: fs::Metadata| found.is_dir() && found.uid() == geteuid().as_raw();
    fs::symlink_metadata(path).is_ok_and(is_ours) && is_gone(pid)
}

/// The process in the name of a demo's folder, if the name is exactly as a demo writes it.
fn process_of(name: &str) -> Option<i32> {
    let digits = name.strip_prefix(PREFIX)?;
    let pid: i32 = digits.parse().ok()?;
    (pid > 0 && pid.to_string() == digits).then_some(pid)
}

/// A folder with our own number is that of an earlier process.
fn is_gone(pid: i32) -> bool {
    pid == Pid::this().as_raw() || kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH)
}

const PREFIX: &str = "ferric-demo-";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_folders_of_demos_that_are_gone_are_swept() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let gone = i32::MAX.to_string();
        let stay = ["ferric-demo-1", "ferric-demo-0", "ferric-demo-x", "ferric-demo-+7", "other"];
        let stay = stay.map(str::to_owned).into_iter().chain([format!("ferric-demo-0{gone}")]);
        let stay: Vec<_> = stay.collect();
        for name in &stay {
            fs::create_dir(at(name)).unwrap();
        }
        let swept = at(&format!("ferric-demo-{gone}"));
        fs::create_dir_all(swept.join("data")).unwrap();
        symlink(at("other"), at("ferric-demo-2147483646")).unwrap();
        assert_eq!(sweep(place.path()).unwrap(), [swept]);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), stay.len() + 1);
    }

    #[test]
    fn a_folder_is_for_its_owner_only_and_goes_with_its_demo() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path()).unwrap();
        assert_eq!(fs::metadata(&folder.path).unwrap().mode() & 0o777, 0o700);
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_place_that_is_missing_is_not_made() {
        let place = tempfile::tempdir().unwrap().path().join("missing");
        assert!(Folder::new(&place).is_err() && sweep(&place).is_err() && !place.exists());
    }
}
