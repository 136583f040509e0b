//! Who may have written what is run: nobody but root and the daemon's own user.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use crate::driver::site::SiteSettings;

/// Whether a folder may hold what is run: it, and each folder above it, is nobody else's to write.
pub fn folder(path: &Path) -> Result<(), String> {
    let whole = path.canonicalize().map_err(|error| format!("folder {}: {error}", path.display()))?;
    for (place, one) in whole.ancestors().enumerate() {
        let found = fs::metadata(one).map_err(|error| format!("folder {}: {error}", one.display()))?;
        if !found.is_dir() {
            return Err(format!("{} is no folder", one.display()));
        }
        // In a folder as /tmp nobody can take the place of what is another's.
        if place > 0 && found.mode() & STICKY != 0 {
            continue;
        }
        own(one, &found)?;
    }
    Ok(())
}

/// Whether a file may be read as a manifest or run.
pub fn file(path: &Path) -> Result<Metadata, String> {
    let found = fs::symlink_metadata(path).map_err(|error| {
        let is_gone = error.kind() == std::io::ErrorKind::NotFound;
        if is_gone {
            format!("{} is not there", path.display())
        } else {
            format!("{}: {error}", path.display())
        }
    })?;
    if !found.is_file() {
        return Err(format!("{} is no plain file: links and the like are not followed", path.display()));
    }
    own(path, &found)?;
    Ok(found)
}

/// Whether this executable may be run, and can be by this user.
pub fn executable(path: &Path, user: Option<(u32, u32)>) -> Result<(), String> {
    let found = file(path)?;
    let bits = match user {
        Some(_) => OTHERS,
        None => ANYBODY,
    };
    if found.mode() & bits == 0 {
        return Err(format!("{} is not executable: chmod 755 {}", path.display(), path.display()));
    }
    if user.is_some() {
        let shut =
            path.ancestors().skip(1).find(|one| fs::metadata(one).is_ok_and(|it| it.mode() & OTHERS == 0));
        if let Some(shut) = shut {
            return Err(format!(
                "steps of the site are not run as root, and folder {} is shut to others: chmod 755 it",
                shut.display()
            ));
        }
    }
    Ok(())
}

/// Whether a manifest may let its executable read these, beside its own folder.
pub fn readable(read: &[PathBuf], settings: &SiteSettings) -> Result<(), String> {
    let whole = |path: &PathBuf| path.canonicalize().ok();
    let steps = whole(&settings.directory);
    for path in read {
        let Some(asked) = whole(path) else { continue };
        let is_own = |own: &PathBuf| own.starts_with(&asked) || asked.starts_with(own);
        let is_of_steps = steps.as_ref().is_some_and(|steps| asked.starts_with(steps));
        if !is_of_steps && settings.kept.iter().filter_map(whole).any(|own| is_own(&own)) {
            return Err(format!(
                "read: {} holds the daemon's own data or configuration, which no step may read: name what is apart from it",
                path.display()
            ));
        }
    }
    Ok(())
}

fn own(path: &Path, found: &Metadata) -> Result<(), String> {
    if found.mode() & WRITABLE != 0 {
        let mode = found.mode() & 0o7777;
        return Err(format!("{} may be written by others (mode {mode:o}): chmod go-w it", path.display()));
    }
    let us = geteuid().as_raw();
    if found.uid() != 0 && found.uid() != us {
        return Err(format!(
            "{} belongs to user {}: it must be root's or user {us}'s",
            path.display(),
            found.uid()
        ));
    }
    Ok(())
}

const STICKY: u32 = 0o1000;
const WRITABLE: u32 = 0o022;
const ANYBODY: u32 = 0o111;
const OTHERS: u32 = 0o001;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn no_manifest_opens_the_daemons_own_data_and_configuration() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for folder in ["data/blobs", "data/steps", "etc", "srv"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("etc/ferric.toml"), "").unwrap();
        std::os::unix::fs::symlink(at("data"), at("srv/link")).unwrap();
        let settings = SiteSettings {
            directory: at("data/steps"),
            is_named: true,
            launcher: PathBuf::new(),
            tmp: PathBuf::new(),
            kept: vec![at("data"), at("etc/ferric.toml")],
            at_once: 1,
            user: None,
            without_landlock: false,
        };
        for shut in ["", "data", "data/blobs", "srv/link", "srv/link/blobs", "etc", "etc/ferric.toml"] {
            let why = readable(&[at("srv"), at(shut)], &settings).unwrap_err();
            assert!(why.contains("the daemon's own data"), "{shut}: {why}");
        }
        for open in ["srv", "data/steps", "not-there"] {
            assert_eq!(readable(&[at(open)], &settings), Ok(()), "{open}");
        }
    }
}
