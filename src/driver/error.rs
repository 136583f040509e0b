//! How a call to a machine can end when not well, and what a pipeline makes of it.

use crate::base::moment::Moment;
use crate::model::turn::{Failure, FailureKind, Turn};

/// Why a machine or its agent did not do what was wished.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DriverError {
    /// Nothing is known of what the far side has or did.
    #[error("no answer from {who}: {why}")]
    Silent { who: String, why: String },
    /// It has not answered before and is left alone for a while: this time nobody was asked.
    #[error("no answer from {who}: {why}")]
    Resting { who: String, why: String },
    /// It answered that it does not or cannot.
    #[error("{what} failed: {why}")]
    Refused { what: String, why: String },
    /// The one who was spoken to is gone: another boot of the agent.
    #[error("the agent is not the one that was spoken to: {why}")]
    Lost { why: String },
    /// The implementation cannot do this at all.
    #[error("{implementation} does not support {what}")]
    Unsupported { implementation: String, what: String },
    /// The node names an implementation that is not enabled.
    #[error("{interface} interface {name:?} is not enabled")]
    NotEnabled { interface: &'static str, name: String },
    /// The name is known, but nothing stands behind it.
    #[error("{interface} interface {name:?} is not part of this version")]
    Missing { interface: &'static str, name: String },
    /// The BMC refused the account: nothing more is sent to it, lest the BMC locks it.
    #[error(
        "{who} refused the log-in at {at}: {why}; it is not tried again until the credentials in driver_info are \
         changed, or a person lifts this by switching maintenance off (even if it is off)"
    )]
    LoginRefused { who: String, at: Moment, why: String },
    /// The machine said yes, and nothing changed: the text says what was asked, answered and seen.
    #[error("{text}")]
    NotApplied { text: String },
    /// A change was sent, and nothing is heard since: the text says what was asked and answered.
    #[error("{text}")]
    Unseen { who: String, text: String },
    /// It asked for a pause that is longer than callers wait: this time nobody was asked.
    #[error("{who} answered that it has too much to do and wants a pause: it is asked again in {rest} s")]
    Paused { who: String, rest: u64 },
    /// Too many calls wait already.
    #[error("{who} is busy: calls of this node that wait for it already: {waiting}; ask again later")]
    Crowded { who: String, waiting: usize },
}

impl DriverError {
    pub fn silent(who: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Silent { who: who.into(), why: why.into() }
    }

    pub fn refused(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Refused { what: what.into(), why: why.into() }
    }

    /// The same as an outcome that pipelines know.
    pub fn failure(&self) -> Failure {
        let kind = match self {
            Self::Silent { .. } | Self::Unseen { .. } => FailureKind::Silent,
            Self::Resting { .. } | Self::Paused { .. } | Self::Crowded { .. } => FailureKind::Untried,
            Self::LoginRefused { .. } => FailureKind::Account,
            Self::Lost { .. } => FailureKind::Lost,
            Self::Refused { .. }
            | Self::Unsupported { .. }
            | Self::NotEnabled { .. }
            | Self::Missing { .. }
            | Self::NotApplied { .. } => FailureKind::Step,
        };
        Failure::new(kind, self.to_string())
    }

    /// Whether nobody was asked, so that the same may go well a little later.
    pub fn is_untried(&self) -> bool {
        matches!(self, Self::Resting { .. } | Self::Paused { .. } | Self::Crowded { .. })
    }

    pub fn turn(&self) -> Turn {
        Turn::Failed(self.failure())
    }
}
