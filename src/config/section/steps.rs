//! `[steps]`: the site's own steps and hooks, as executables with manifests; ours alone.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::section::written;

/// `[steps]` as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Steps {
    /// Manifests and executables; `steps` beside the configuration file if not given, without a file in the data folder.
    pub directory: Option<PathBuf>,
    /// Executables at work at once; 8 if not given.
    #[serde(deserialize_with = "written::u16_to::<_, 64>")]
    pub at_once: Option<NonZeroU16>,
    /// As whom they run where the daemon is root; `nobody` if not given.
    pub user: Option<String>,
    /// Run them on kernels that cannot keep files from them.
    pub without_landlock: bool,
}

/// The same, filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSteps {
    pub directory: PathBuf,
    /// It was named, so it must be there.
    pub is_named: bool,
    pub at_once: usize,
    pub user: String,
    pub without_landlock: bool,
    /// What is the daemon's alone: its data and its configuration.
    pub kept: Vec<PathBuf>,
    /// The program that starts executables: this one.
    pub launcher: PathBuf,
}

impl Steps {
    pub(crate) fn filled(&self, file: Option<&Path>, data: &Path) -> SiteSteps {
        let beside = file.and_then(Path::parent).unwrap_or(data);
        // A bare file name has an empty parent: the folder that the daemon was started in.
        let beside = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
        SiteSteps {
            directory: self.directory.clone().unwrap_or_else(|| beside.join("steps")),
            is_named: self.directory.is_some(),
            at_once: self.at_once.map_or(AT_ONCE, |most| usize::from(most.get())),
            user: self.user.clone().unwrap_or_else(|| NOBODY.to_owned()),
            without_landlock: self.without_landlock,
            kept: [Some(data), file].into_iter().flatten().map(Path::to_owned).collect(),
            launcher: PathBuf::from(OURSELVES),
        }
    }
}

/// Each is a process with half a GiB at the most.
const AT_ONCE: usize = 8;
const NOBODY: &str = "nobody";
/// Also after an upgrade has put another file in the place of ours.
const OURSELVES: &str = "/proc/self/exe";
