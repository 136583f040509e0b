//! How a talk with a BMC ends when not well. Every text names the BMC and the path.

use std::fmt;

use crate::driver::error::DriverError;
use crate::net::http::Method;
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::link::LinkError;

/// One request, as errors name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `redfish BMC HOST:PORT`.
    pub bmc: String,
    pub method: Method,
    pub path: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path: String = self.path.chars().take(SHOWN).collect();
        write!(f, "{} {path} at {}", self.method.word(), self.bmc)
    }
}

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RedfishError {
    /// Nothing was sent, or the log-in is refused: the governor says so.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// Nothing is known; `sent` says that the BMC may have acted on it.
    #[error("no answer to {place}: {why}")]
    Silent { place: Box<Place>, why: String, sent: bool, driver: Box<DriverError> },
    /// It answered that it does not.
    #[error("{place}: {fault}")]
    Fault { place: Box<Place>, fault: Box<Fault> },
    #[error(
        "{place} is forbidden until the password of the account is changed on the BMC ({account}): change it there and \
         in driver_info"
    )]
    PasswordChange { place: Box<Place>, account: String },
    #[error("{place} needs a licence that the BMC does not have: {text}")]
    Licence { place: Box<Place>, text: String },
    #[error(
        "{bmc} shows the certificate {shown}, but {pinned} is pinned: nothing is sent to it. If the certificate was \
         renewed, change the pin in driver_info"
    )]
    Certificate { bmc: String, pinned: String, shown: String },
    #[error("no TLS with {bmc}: {why}")]
    Tls { bmc: String, why: String },
    /// Something came that is no answer to this question.
    #[error("the answer to {place} cannot be used: {why}")]
    Garbled { place: Box<Place>, why: String },
    #[error("a link of {bmc} is not followed: {source}")]
    Link { bmc: String, source: LinkError },
    /// The BMC has no such resource, action or member.
    #[error("{bmc} has no {what}")]
    Missing { bmc: String, what: String },
    /// A value that the BMC does not list.
    #[error("{bmc} does not allow {what}: it allows {allowed}")]
    NotAllowed { bmc: String, what: String, allowed: String },
    /// The BMC said yes, and nothing changed.
    #[error("{place} was accepted but not applied: asked {asked}, answered {answered}, seen {seen}")]
    NotApplied { place: Box<Place>, asked: String, answered: String, seen: String },
    /// Its answer did not arrive, and nothing changed.
    #[error("{place} was sent, its answer was lost, and it is not applied: asked {asked}, seen {seen}")]
    Lost { place: Box<Place>, asked: String, seen: String },
    /// It was sent, and what came of it cannot be seen.
    #[error(
        "{place} was sent (asked {asked}, answered {answered}), but what came of it is not seen: {source}"
    )]
    Unseen { place: Box<Place>, asked: &'static str, answered: String, source: Box<RedfishError> },
    /// The BMC said yes and went to work, and the work failed.
    #[error("{place} was accepted, but the work that it began failed: {why}")]
    WorkFailed { place: Box<Place>, why: String },
    /// The request of the user cannot be carried out as it is.
    #[error("{0}")]
    Invalid(String),
}

impl RedfishError {
    pub fn fault(&self) -> Option<&Fault> {
        if let Self::Fault { fault, .. } = self { Some(fault) } else { None }
    }

    /// Whether the request may have been carried out although nothing was heard: look.
    pub fn may_have_worked(&self) -> bool {
        matches!(self, Self::Silent { sent: true, .. } | Self::Garbled { .. })
    }

    /// Whether it was answered that there is no such thing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Link { .. })
            || self.fault().is_some_and(Fault::is_unsupported)
    }

    /// Whether the BMC did not answer at all: nothing is known of it.
    pub fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::Silent { .. }
                | Self::Driver(
                    DriverError::Silent { .. }
                        | DriverError::Resting { .. }
                        | DriverError::Paused { .. }
                        | DriverError::Crowded { .. }
                )
        )
    }

    /// Whether the account is at fault, so that nothing else works either.
    pub fn is_about_account(&self) -> bool {
        matches!(
            self,
            Self::Driver(DriverError::LoginRefused { .. })
                | Self::PasswordChange { .. }
                | Self::Certificate { .. }
        )
    }
}

impl From<RedfishError> for DriverError {
    fn from(error: RedfishError) -> Self {
        let text = error.to_string();
        match error {
            RedfishError::Driver(driver) => driver,
            RedfishError::Silent { place, why, .. } => {
                Self::silent(place.bmc.clone(), format!("{why} ({} {})", place.method.word(), place.path))
            }
            RedfishError::Fault { place, fault } => Self::refused(place.to_string(), fault.to_string()),
            RedfishError::Missing { bmc, what } => Self::Unsupported { implementation: bmc, what },
            RedfishError::NotApplied { .. } | RedfishError::Lost { .. } => Self::NotApplied { text },
            RedfishError::Unseen { place, .. } => Self::Unseen { who: place.bmc.clone(), text },
            RedfishError::PasswordChange { .. }
            | RedfishError::Licence { .. }
            | RedfishError::Certificate { .. }
            | RedfishError::Tls { .. }
            | RedfishError::Garbled { .. }
            | RedfishError::Link { .. }
            | RedfishError::NotAllowed { .. }
            | RedfishError::WorkFailed { .. }
            | RedfishError::Invalid(_) => Self::refused("redfish", text),
        }
    }
}

/// Characters of a path that an error repeats.
const SHOWN: usize = 200;
