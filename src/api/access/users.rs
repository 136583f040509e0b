//! The file of users: lines `name:hash` as `htpasswd -B` writes them, bcrypt only, as in the reference.
//!
//! It is looked at again when a request comes and the last look is a second old, off the async threads. A file that
//! cannot be read, or has a line that is no bcrypt hash, lets nobody in until it is mended: the log says so once, `/readyz`
//! as long as it lasts, and who asks is told to come again (503), which is no failed log-in.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::base::chain::chain;
use crate::base::time::Tick;

/// Users by name, as the file had them at one moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Users {
    hashes: HashMap<String, String>,
    /// Tells one reading from another.
    pub reading: u64,
    /// The file could not be used: nobody is right or wrong.
    pub unusable: bool,
}

impl Users {
    /// The hash of this user's password.
    pub fn hash(&self, name: &str) -> Option<&str> {
        self.hashes.get(name).map(String::as_str)
    }

    /// Any hash of the file: a name that is not there costs as much as a wrong password.
    pub fn any(&self) -> Option<&str> {
        self.hashes.values().next().map(String::as_str)
    }
}

/// Why a file of users is not taken.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    #[error("the file of users {path} cannot be read")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the file of users {path} is larger than {} KiB", LARGEST / 1024)]
    TooLarge { path: PathBuf },
    #[error("line {line} of the file of users {path}: {why}")]
    Line { path: PathBuf, line: usize, why: &'static str },
}

/// The file, and what it said last.
#[derive(Debug)]
pub struct UserFile {
    path: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    users: Arc<Users>,
    stamp: Option<Stamp>,
    looked: Option<Tick>,
}

/// What changes with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    changed: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl UserFile {
    /// Reads the file for the first time; one that cannot be used stops the start. Blocks.
    pub fn open(path: PathBuf) -> Result<Self, UsersError> {
        let stamp = stamp(&path).ok();
        let users = Arc::new(Users { hashes: read(&path)?, reading: 1, unusable: false });
        Ok(Self { path, known: Mutex::new(Known { users, stamp, looked: None }) })
    }

    /// The users, unless it is time to look again.
    pub fn fresh(&self, now: Tick) -> Option<Arc<Users>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = known.looked.is_some_and(|looked| now.since(looked) < AGAIN);
        is_fresh.then(|| known.users.clone())
    }

    /// What is wrong with the file as it is now. Blocks.
    pub fn trouble(&self) -> Option<String> {
        read(&self.path).err().map(|error| chain(&error))
    }

    /// The users as the file has them now. Blocks.
    pub fn look(&self, now: Tick) -> Arc<Users> {
        let seen = stamp(&self.path).ok();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.looked = Some(now);
        if seen.is_some() && seen == known.stamp {
            return known.users.clone();
        }
        let was_there = known.stamp.is_some() || seen.is_some();
        known.stamp = seen;
        let read = read(&self.path);
        let unusable = read.is_err();
        let hashes = match read {
            Ok(hashes) => {
                tracing::info!(users = hashes.len(), "the file of users was read again");
                hashes
            }
            Err(error) => {
                if was_there {
                    tracing::error!(error = chain(&error), "nobody can log in with a password");
                }
                HashMap::new()
            }
        };
        let reading = known.users.reading.wrapping_add(1);
        known.users = Arc::new(Users { hashes, reading, unusable });
        known.users.clone()
    }
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::metadata(path)?;
    Ok(Stamp { changed: meta.modified().ok(), bytes: meta.len(), inode: meta.ino() })
}

fn read(path: &Path) -> Result<HashMap<String, String>, UsersError> {
    let unreadable = |source| UsersError::Unreadable { path: path.to_path_buf(), source };
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > LARGEST {
        return Err(UsersError::TooLarge { path: path.to_path_buf() });
    }
    parse(&text).map_err(|(line, why)| UsersError::Line { path: path.to_path_buf(), line, why })
}

/// The users of a text; lines that are empty or have no colon are left out, as in the reference. The first of two
/// lines of one name counts.
fn parse(text: &str) -> Result<HashMap<String, String>, (usize, &'static str)> {
    let mut hashes = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let Some((name, hash)) = line.trim().split_once(':') else { continue };
        if name.starts_with('#') {
            continue;
        }
        check(hash).map_err(|why| (index + 1, why))?;
        hashes.entry(name.to_owned()).or_insert_with(|| hash.to_owned());
    }
    Ok(hashes)
}

fn check(hash: &str) -> Result<(), &'static str> {
    let known = ["$2y$", "$2a$", "$2b$"].iter().find_map(|kind| hash.strip_prefix(kind));
    let rest = known.ok_or("only bcrypt is taken: `htpasswd -B` makes it")?;
    let cost = rest.split('$').next().and_then(|cost| cost.parse::<u32>().ok());
    match cost {
        Some(4..=COSTLIEST) if hash.len() == LENGTH => Ok(()),
        Some(4..=COSTLIEST) | None => Err("the bcrypt hash is not whole"),
        Some(_) => Err("the cost of a bcrypt hash is from 4 to 15: `htpasswd -B -C 10`"),
    }
}

/// A second after a change the file is read at the latest.
const AGAIN: Duration = Duration::from_secs(1);
/// Bytes: some ten thousand users.
const LARGEST: u64 = 1 << 20;
/// Four seconds of one processor; each step up doubles it.
const COSTLIEST: u32 = 15;
/// Letters of a bcrypt hash with its head.
const LENGTH: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$2y$04$8bF0dNQhNkDHBhLN7IpLvO8lU4wvJaW5Tn0UXyHkUx1v9J7Vb5QqK";

    #[test]
    fn only_whole_bcrypt_hashes_of_a_bearable_cost_are_taken() {
        assert!(parse(&format!("a:{HASH}\n\nno colon\n# b:x\n")).unwrap().contains_key("a"));
        let costly = HASH.replacen("04", "31", 1);
        for hash in ["", "secret", "{SHA}xyz", "$1$abc$def", "$apr1$a$b", &HASH[..50], &costly, "$2y$xx$"] {
            assert_eq!(parse(&format!("ok:{HASH}\na:{hash}")).unwrap_err().0, 2, "{hash}");
        }
    }

    #[test]
    fn a_changed_file_is_read_again_and_a_broken_one_lets_nobody_in() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("htpasswd");
        assert!(UserFile::open(path.clone()).is_err());
        fs::write(&path, format!("a:{HASH}\n")).unwrap();
        let file = UserFile::open(path.clone()).unwrap();
        assert!(file.fresh(Tick::default()).is_none());
        let first = file.look(Tick::default());
        assert!(first.hash("a").is_some());
        fs::write(&path, format!("b:{HASH}\nc:{HASH}\n")).unwrap();
        let soon = Tick(Duration::from_millis(900));
        assert_eq!(file.fresh(soon), Some(first.clone()));
        let later = Tick(Duration::from_secs(1));
        assert!(file.fresh(later).is_none());
        let second = file.look(later);
        assert!(second.hash("a").is_none() && second.hash("c").is_some() && second.reading != first.reading);
        fs::write(&path, "b:plain\n").unwrap();
        let broken = file.look(later);
        assert!(broken.any().is_none() && broken.unusable && file.trouble().unwrap().contains("line 1"));
        fs::remove_file(&path).unwrap();
        assert!(file.look(later).any().is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_file_is_a_panic(text: String) {
            parse(&text).ok();
        }
    }
}
