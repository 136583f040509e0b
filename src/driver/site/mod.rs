//! A site's own steps and hooks without recompiling: executables with manifests in a folder.
//!
//! ```text
//! folder of manifests --manifest--> shelf (catalog and executables) <-- plans, validate, templates, runbooks
//! a lane's look or act --work--> question (JSON) --caller--> launcher --exec--> executable
//!                       <-- answer (a Turn) <-- standard output, bounded in size and time
//! ```
//!
//! - `README.md`   for those who write one, with worked examples
//! - `manifest`    what a manifest may say
//! - `shelf`       what is known now; a reload puts a whole new one in its place
//! - `trust`       who may have written what is run
//! - `question`    what an executable is told
//! - `answer`      what it may say
//! - `folder`      where calls have folders of their own
//! - `work`        a step or a hook as the machine of turns that lanes drive
//! - `caller`      one call: the process, its streams, its end
//! - `launcher`    what the process does to itself before it becomes the executable

pub mod answer;
pub mod caller;
pub mod folder;
pub mod launcher;
pub mod manifest;
pub mod question;
pub mod shelf;
pub mod trust;
pub mod work;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::base::time::SharedClock;
use crate::driver::site::shelf::Shelf;

/// How executables of the site are found and run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSettings {
    /// Where manifests and executables are.
    pub directory: PathBuf,
    /// It was named by the configuration, so it has to be there.
    pub is_named: bool,
    /// This program, which starts them.
    pub launcher: PathBuf,
    /// Where each call gets a folder of its own.
    pub tmp: PathBuf,
    /// What no executable may read, whatever its manifest says: the daemon's data and its configuration.
    pub kept: Vec<PathBuf>,
    /// Calls at once.
    pub at_once: usize,
    /// User and group that they run as, where the daemon is root.
    pub user: Option<(u32, u32)>,
    /// Whether they run on kernels that cannot keep files from them.
    pub without_landlock: bool,
}

/// The executables of the site.
#[derive(Debug)]
pub struct Sites {
    pub settings: SiteSettings,
    pub clock: SharedClock,
    pub shelf: Arc<Shelf>,
    /// One for each call at once.
    pub permits: Semaphore,
}

impl Sites {
    pub fn new(settings: SiteSettings, clock: SharedClock, shelf: Arc<Shelf>) -> Self {
        let permits = Semaphore::new(settings.at_once.max(1));
        Self { settings, clock, shelf, permits }
    }

    /// Reads the folder again, and tells the log of what is not taken. Blocks.
    pub fn read(&self) {
        let found = manifest::folder::read(&self.settings, self.shelf.base());
        for refused in &found.refused {
            tracing::error!(file = %refused.file.display(), error = %refused.why, "a step of the site is not taken");
        }
        let (steps, hooks) = self.shelf.put(found);
        if steps + hooks > 0 {
            tracing::info!(steps, hooks, directory = %self.settings.directory.display(), "the site's own steps are read");
        }
    }
}
