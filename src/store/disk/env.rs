//! The LMDB file and its tables: the one place where heed opens anything.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use heed::types::Bytes;
use heed::{CommitOrAbort, Env, EnvOpenOptions, RoTxn, RwTxn, WithoutTls};

use crate::store::disk::dir;
use crate::store::disk::pages;
use crate::store::error::StoreError;
use crate::store::upgrade;

/// A table: bytes to bytes; who owns a table knows what they mean.
pub type Table = heed::Database<'static, Bytes, Bytes>;

/// The opened file.
#[derive(Debug)]
pub struct File {
    pub env: Env<WithoutTls>,
    pub tables: Tables,
    /// The folder that holds LMDB's two files, for messages.
    pub path: PathBuf,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Every table of the store.
        #[derive(Debug, Clone, Copy)]
        pub struct Tables {
            $($(#[$doc])* pub $name: Table,)+
        }

        const NAMES: &[&str] = &[$(stringify!($name)),+];
        const COUNT: usize = NAMES.len();

        impl Tables {
            fn from_array([$($name),+]: [Table; COUNT]) -> Self {
                Self { $($name),+ }
            }

            /// Each table with its name, in a fixed order.
            pub fn all(&self) -> [(&'static str, Table); COUNT] {
                [$((stringify!($name), self.$name)),+]
            }
        }
    };
}

tables! {
    /// Version stamp and key check.
    meta,
    /// Node id to record.
    nodes,
    /// Port id to record.
    ports,
    /// Node id and number to owed effect.
    owed,
    /// Sequence to node id and entry.
    journal,
    /// Name to value, for what belongs to no node.
    rack,
    /// Node id to what its last inspection found.
    inventories,
    /// Node id and kind to what is known of its firmware.
    sheets,
    /// Hardware address and network to leased address.
    leases,
    /// Network, association and client to leased IPv6 address.
    leases6,
    /// Kind and id to sealed record, for what is neither node nor port.
    things,
    /// Number to what a change has told.
    feed,
}

impl File {
    /// Opens or makes the store in `path`, an existing folder that this process alone uses.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |error| StoreError::lmdb(path, error);
        if is_missing(&path.join(DATA)) {
            make(path)?;
        }
        let env = open_env(path).map_err(fail)?;
        env.clear_stale_readers().map_err(fail)?;
        lengthen(&env, path)?;
        let tables = match existing(&env, path)? {
            Some((found, version)) => {
                let tables = match whole(found) {
                    Some(tables) => tables,
                    None => create(&env, Stamp::AsItIs).map_err(fail)?,
                };
                upgrade::run(&env, &tables, version).map_err(fail)?;
                tables
            }
            None => create(&env, Stamp::New).map_err(fail)?,
        };
        Ok(Self { env, tables, path: path.to_path_buf() })
    }

    pub fn read(&self) -> Result<RoTxn<'_, WithoutTls>, StoreError> {
        self.env.read_txn().map_err(|error| StoreError::lmdb(&self.path, error))
    }

    pub fn write(&self) -> Result<RwTxn<'_>, StoreError> {
        self.env.write_txn().map_err(|error| StoreError::lmdb(&self.path, error))
    }
}

/// Whether there is no store in `file`: LMDB would take an empty one for new.
pub fn is_missing(file: &Path) -> bool {
    fs::metadata(file).map_or_else(|error| error.kind() == io::ErrorKind::NotFound, |meta| meta.len() == 0)
}

#[expect(
    unsafe_code,
    reason = "LMDB maps its file: sound because the folder is locked for this process and nothing else opens it"
)]
fn open_env(path: &Path) -> heed::Result<Env<WithoutTls>> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(MAP_SIZE).max_dbs(MAX_TABLES).max_readers(MAX_READERS);
    // SAFETY: `Store::open` holds the data directory's lock for as long as the environment lives.
    unsafe { options.open(path) }
}

/// Gives a file that was cut short its length back: to read beyond its end would kill the process, to read
/// zeros is an error. LMDB itself may leave out the last pages, so a short file is no fault yet.
fn lengthen(env: &Env<WithoutTls>, path: &Path) -> Result<(), StoreError> {
    let file = path.join(DATA);
    let pages = u64::try_from(env.info().last_page_number).unwrap_or(u64::MAX).saturating_add(1);
    let wanted = pages.saturating_mul(env.unnamed_database_stat().page_size.into());
    let fail = |error| StoreError::io(format!("checking {}", file.display()), path, error);
    let length = fs::metadata(&file).map_err(fail)?.len();
    if wanted > u64::try_from(MAP_SIZE).unwrap_or(u64::MAX) {
        return Err(StoreError::lmdb(path, heed::Error::Mdb(heed::MdbError::Corrupted)));
    }
    if length < wanted {
        tracing::warn!(file = %file.display(), length, wanted, "store file is short");
        let file = fs::OpenOptions::new().read(true).write(true).open(&file).map_err(fail)?;
        if !pages::is_whole(&file, length).map_err(fail)? {
            return Err(StoreError::lmdb(path, heed::Error::Mdb(heed::MdbError::Corrupted)));
        }
        file.set_len(wanted).map_err(fail)?;
    }
    Ok(())
}

/// The tables of a store and its version: one that an earlier Ferric made lacks those that came later. A newer
/// store is refused before anything is written.
fn existing(env: &Env<WithoutTls>, path: &Path) -> Result<Option<(Found, u32)>, StoreError> {
    let fail = |error| StoreError::lmdb(path, error);
    let txn = env.read_txn().map_err(fail)?;
    let found = env
        .open_databases_and_commit(txn, |opener, txn| {
            let mut found = [const { None }; COUNT];
            for (slot, name) in found.iter_mut().zip(NAMES) {
                *slot = opener.open_database::<Bytes, Bytes>(txn, Some(name))?;
            }
            Ok(CommitOrAbort::<_, ()>::Commit(found))
        })
        .map_err(fail)?;
    let Some(found) = found.commit() else { return Ok(None) };
    let [Some(meta), ..] = found else { return Ok(None) };
    let txn = env.read_txn().map_err(fail)?;
    let version = upgrade::check(&txn, meta, path)?;
    Ok(Some((found, version)))
}

/// All tables, if none is missing.
fn whole(found: Found) -> Option<Tables> {
    let all: Option<Vec<Table>> = found.into_iter().collect();
    all.and_then(|tables| tables.try_into().ok()).map(Tables::from_array)
}

/// Makes the file with its tables in a folder beside and moves it into `path`: LMDB writes its first pages without a
/// flush, and a file that has some of them never opens again. So there is all of it or none after a power cut.
fn make(path: &Path) -> Result<(), StoreError> {
    let draft = path.with_extension(DRAFT);
    let fail = |error| StoreError::io(format!("making {}", draft.display()), path, error);
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(fail)?;
    }
    dir::private_dir(&draft)?;
    let env = open_env(&draft).map_err(|error| StoreError::lmdb(&draft, error))?;
    create(&env, Stamp::New).map_err(|error| StoreError::lmdb(&draft, error))?;
    env.prepare_for_closing().wait();
    fs::rename(draft.join(DATA), path.join(DATA)).map_err(fail)?;
    dir::flush_dir(path).map_err(fail)?;
    fs::remove_dir_all(&draft).map_err(fail)
}

/// Makes the tables that are missing.
fn create(env: &Env<WithoutTls>, stamp: Stamp) -> heed::Result<Tables> {
    let txn = env.write_txn()?;
    let made = env.create_databases_and_commit(txn, |opener, txn| -> heed::Result<_> {
        let mut made = Vec::with_capacity(COUNT);
        for name in NAMES {
            made.push(opener.create_database::<Bytes, Bytes>(txn, Some(name))?);
        }
        if let Some(meta) = made.first().filter(|_| stamp == Stamp::New) {
            upgrade::stamp(txn, meta)?;
        }
        let made: Result<[_; COUNT], _> = made.try_into();
        Ok(made.map_or(CommitOrAbort::Abort(()), CommitOrAbort::Commit))
    })?;
    made.commit().map(Tables::from_array).ok_or(heed::Error::Mdb(heed::MdbError::Problem))
}

/// The tables that were found, each in its place.
type Found = [Option<Table>; COUNT];

/// Which version the store is said to be of once its tables are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stamp {
    /// Of this one.
    New,
    /// Of the one that made it: what it needs is yet to be done.
    AsItIs,
}

/// LMDB's name for what it keeps.
pub const DATA: &str = "data.mdb";

/// Extension of the folder in which a new store is made.
const DRAFT: &str = "new";

/// 4 GiB: a rack of 1000 nodes with full journals takes under 100 MiB; the file is sparse, so that the
/// rest costs only address space, and the map need never be resized under readers.
const MAP_SIZE: usize = 4 << 30;

/// Room for tables of later versions.
const MAX_TABLES: u32 = 64;

/// Reads at the same time: one an API worker and some for the console of an operator.
const MAX_READERS: u32 = 512;
