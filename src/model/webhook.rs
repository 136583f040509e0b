//! A program elsewhere that is told what changes.

use std::path::PathBuf;

use crate::base::moment::Moment;
use crate::base::secret::Secret;
use crate::model::notice::kinds::Kinds;

/// One that is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Under which it is kept how far it was told.
    pub name: String,
    /// `http` or `https`. It may hold a token: it is never shown whole.
    pub url: Secret,
    pub kinds: Kinds,
    /// The key of its signatures; without one they are left out.
    pub secret: Option<Secret>,
    /// The only authorities that its certificate may be from; those of this machine if there is none.
    pub authorities: Option<PathBuf>,
}

/// How it stands with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookShown {
    pub name: String,
    /// Scheme, host and port.
    pub place: String,
    pub kinds: Vec<String>,
    pub state: State,
    /// The number of the last event that it has taken, or did not want.
    pub acknowledged: u64,
    /// Numbers of events that it has not been told yet.
    pub behind: u64,
    pub delivered: u64,
    /// Attempts that failed, in all.
    pub failed: u64,
    /// Events that it will never be told: given up, or no longer kept.
    pub lost: u64,
    pub last_error: Option<String>,
    pub last_delivered_at: Option<Moment>,
}

/// Whether it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Well,
    /// It does not take what it is told; it is tried again.
    Failing,
    /// It has said that it wants nothing more (410); until the next start.
    Disabled,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Well => "active",
            Self::Failing => "failing",
            Self::Disabled => "disabled",
        }
    }
}
