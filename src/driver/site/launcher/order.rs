//! What the launcher is told.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::driver::site::SiteSettings;
use crate::driver::site::manifest::Manifest;

/// The word that starts this program as a launcher; no command of the command line.
pub const COMMAND: &str = "run-site-executable";

/// What the executable may have. Holds no secrets: everybody on the host may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub executable: PathBuf,
    /// The folder of manifests and executables.
    pub folder: PathBuf,
    /// The only folder where it may write.
    pub home: PathBuf,
    /// What else it may read.
    pub read: Vec<PathBuf>,
    pub network: bool,
    /// Bytes, of each process.
    pub memory: u64,
    pub processes: u64,
    /// Bytes.
    pub file_size: u64,
    /// Seconds of processor time, of each process.
    pub time: u64,
    /// User and group to become.
    pub user: Option<(u32, u32)>,
    pub without_landlock: bool,
    /// Who is not to be harmed.
    pub daemon: u32,
}

impl Order {
    pub fn of(settings: &SiteSettings, manifest: &Manifest, home: &Path) -> Self {
        let rules = &manifest.rules;
        Self {
            executable: manifest.executable.clone(),
            folder: settings.directory.clone(),
            home: home.to_owned(),
            read: rules.read.clone(),
            network: rules.network,
            memory: rules.memory,
            // The kernel counts by user: where it is the daemon's own, its threads are counted too.
            processes: rules.processes + if settings.user.is_some() { 0 } else { OWN_THREADS },
            file_size: rules.file_size,
            time: rules.timeout.as_secs().saturating_add(1),
            user: settings.user,
            without_landlock: settings.without_landlock,
            daemon: std::process::id(),
        }
    }
}

/// More threads than the daemon ever has.
const OWN_THREADS: u64 = 1024;
