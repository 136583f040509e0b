//! The key of sealed values: given by the operator, or made at first start.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::secret::Secret;
use crate::store::disk::seal::Sealer;
use crate::store::disk::{dir, env};
use crate::store::error::StoreError;

/// The sealer of this store; a store that another key sealed is refused.
pub fn sealer(file: &env::File, dir: &Path, given: Option<&Secret>) -> Result<Sealer, StoreError> {
    let check = {
        let txn = file.read()?;
        file.tables.meta.get(&txn, CHECK)?.map(<[u8]>::to_vec)
    };
    let sealer = Sealer::new(&find(dir, given, check.is_none())?);
    match check {
        None => stamp(file, dir, &sealer)?,
        Some(check) => {
            let text = String::from_utf8_lossy(&check);
            sealer.open_text(CHECK_PATH, &text).map_err(|_| wrong(dir))?;
        }
    }
    Ok(sealer)
}

/// Seals a known text, by which the key is known again.
fn stamp(file: &env::File, dir: &Path, sealer: &Sealer) -> Result<(), StoreError> {
    let text = sealer.seal_text(CHECK_PATH, CHECK_PATH).map_err(|_| wrong(dir))?;
    let mut txn = file.write()?;
    file.tables.meta.put(&mut txn, CHECK, text.as_bytes())?;
    txn.commit().map_err(|error| StoreError::lmdb(&file.path, error))
}

fn wrong(dir: &Path) -> StoreError {
    StoreError::Key {
        dir: dir.to_path_buf(),
        why: "is not the one that sealed them",
        remedy: "bring back the file secret.key or the credential that it was started with",
    }
}

/// The key in `dir`, made if `fresh` (nothing was ever sealed).
fn find(dir: &Path, given: Option<&Secret>, fresh: bool) -> Result<Secret, StoreError> {
    if let Some(given) = given {
        return long_enough(dir, given.clone());
    }
    let path = dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            only_ours(dir, &path)?;
            long_enough(dir, Secret::new(text.trim()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && fresh => make(dir, &path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing(dir)),
        Err(error) => Err(StoreError::io(format!("reading {}", path.display()), dir, error)),
    }
}

fn missing(dir: &Path) -> StoreError {
    StoreError::Key {
        dir: dir.to_path_buf(),
        why: "is missing",
        remedy: "bring back the file secret.key or the credential that it was started with",
    }
}

fn long_enough(dir: &Path, key: Secret) -> Result<Secret, StoreError> {
    if key.reveal().len() < SHORTEST {
        let why = "is shorter than 16 characters";
        return Err(StoreError::Key { dir: dir.to_path_buf(), why, remedy: "give a longer one" });
    }
    Ok(key)
}

fn only_ours(dir: &Path, path: &Path) -> Result<(), StoreError> {
    let meta = fs::metadata(path).map_err(|error| StoreError::io("reading the key", dir, error))?;
    if meta.permissions().mode() & 0o077 != 0 {
        let (why, remedy) = ("can be read by others", "set the mode of secret.key to 0600");
        return Err(StoreError::Key { dir: dir.to_path_buf(), why, remedy });
    }
    Ok(())
}

/// Writes a new key so that after a power cut there is all of it or none.
fn make(dir: &Path, path: &Path) -> Result<Secret, StoreError> {
    let fail = |error| StoreError::io(format!("making {}", path.display()), dir, error);
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).map_err(|error| fail(io::Error::other(error)))?;
    let key = Secret::new(URL_SAFE_NO_PAD.encode(random));
    let draft = dir.join(DRAFT);
    let mut file = dir::private_file(&draft).map_err(fail)?;
    file.set_len(0).map_err(fail)?;
    file.write_all(key.reveal().as_bytes()).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    fs::rename(&draft, path).map_err(fail)?;
    dir::flush_dir(dir).map_err(fail)?;
    Ok(key)
}

/// Name of the key's file in the data directory.
pub const FILE: &str = "secret.key";

/// Row of the sealed known text in the table `meta`.
const CHECK: &[u8] = b"key";

/// What the known text says, and its path.
const CHECK_PATH: &str = "meta/key";

const DRAFT: &str = "secret.key.new";

/// Below this a key is a word that can be guessed.
const SHORTEST: usize = 16;
