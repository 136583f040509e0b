//! What a session says: what to send, when to wake it, what has happened, and how it ended.

use crate::base::time::Tick;
use crate::wire::ipmi::id::Privilege;
use crate::wire::ipmi::status::{Completion, Status};
use crate::wire::ipmi::suite::Suite;

/// What is to be done after something happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turn {
    /// UDP payloads, in this order.
    pub send: Vec<Vec<u8>>,
    pub events: Vec<Event>,
    /// When to call `wake`, unless something happens before; replaces what an earlier turn said.
    pub wake: Option<Tick>,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Requests are answered from now on.
    Ready(Ready),
    Answered {
        ticket: Ticket,
        result: Result<Answer, Failure>,
    },
    /// An SOL packet of the BMC's, verified and decrypted: feed it to `sol::Line`.
    Sol(Vec<u8>),
    /// Nothing will come any more.
    Ended(End),
}

/// Names a request of the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The session that came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// `None`: IPMI 1.5.
    pub suite: Option<Suite>,
    pub privilege: Privilege,
    /// The BMC's GUID out of RAKP 2.
    pub guid: Option<[u8; 16]>,
}

/// A BMC's answer; its completion code may be a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub completion: Completion,
    pub data: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was sent; whether it was done is not known.
    #[error("no answer to {tries} sendings")]
    NoAnswer { tries: u8 },
    /// It was sent and the session ended before its answer; whether it was done is not known.
    #[error("the session ended before the answer")]
    Lost,
    #[error("the session ended before it was sent")]
    NotSent,
    #[error("a controller on the way did not pass it on: {0}")]
    Bridge(Completion),
}

impl Failure {
    /// Whether the BMC may have done what was asked: what must not happen twice is then looked at, not asked anew.
    pub fn may_be_done(self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Lost => true,
            Self::NotSent | Self::Bridge(_) => false,
        }
    }
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    Idle,
    Probe,
    Open,
    Rakp1,
    Rakp3,
    Challenge,
    Activate,
    Privilege,
    Ready,
    Closing,
    Ended,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum End {
    #[error("closed")]
    Closed,
    #[error("the BMC does not answer over IPMI")]
    NoAnswer,
    /// It answered before and not here: at `Rakp1` that is often an unknown user, at `Activate` a wrong password.
    #[error("the BMC stopped answering at {stage:?}{}", hint(*.stage))]
    Silent { stage: Stage },
    #[error("user name or password is wrong: {0}")]
    WrongPassword(Mismatch),
    #[error("{}", kg_text(*.set))]
    WrongKg { set: bool },
    #[error("the account may not have privilege level {wanted}: {completion}")]
    Privilege { wanted: Privilege, completion: Completion },
    #[error("the BMC has none of the cipher suites asked for: {}", refusal_text(.0))]
    SuitesRefused(Vec<SuiteRefusal>),
    #[error("the BMC has no session slot free: {0}")]
    NoSlot(Reason),
    #[error("the BMC refused the login at {stage:?}: {reason}")]
    Refused { stage: Stage, reason: Reason },
    #[error("the BMC speaks IPMI 1.5 only")]
    OnlyV15,
    #[error(
        "the BMC offers no authentication type of IPMI 1.5 that is spoken here (offered: {offered:#04x})"
    )]
    NoAuthType { offered: u8 },
    #[error("the BMC speaks IPMI 1.5 only, which cannot carry a password of more than 16 bytes")]
    PasswordTooLong,
    /// A session that was ready is gone; the caller opens anew.
    #[error("the session is lost: the BMC no longer answers in it")]
    Lost,
}

impl End {
    /// Whether the account is to blame: further log-ins would only lock it.
    pub fn blames_account(&self) -> bool {
        match self {
            Self::WrongPassword(_) | Self::WrongKg { .. } | Self::Privilege { .. } => true,
            Self::Closed
            | Self::NoAnswer
            | Self::Silent { .. }
            | Self::SuitesRefused(_)
            | Self::NoSlot(_)
            | Self::Refused { .. }
            | Self::OnlyV15
            | Self::NoAuthType { .. }
            | Self::PasswordTooLong
            | Self::Lost => false,
        }
    }
}

/// How it showed that user name or password is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    #[error("the BMC's answer was made with another password (RAKP 2)")]
    Code,
    #[error("the BMC says: {0}")]
    Status(Status),
    #[error("the BMC says: {0}")]
    Completion(Completion),
}

/// Words of the BMC's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("{0}")]
    Status(Status),
    #[error("{0}")]
    Completion(Completion),
}

/// What became of one suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuiteRefusal {
    pub suite: u8,
    pub why: SuiteWhy,
}

/// Why a suite is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteWhy {
    Status(Status),
    /// "Opened", but with other algorithms.
    Other,
    /// No answer to this suite, though the BMC answers.
    Silent,
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("the session has ended")]
    Ended,
    #[error("too many requests wait in the session")]
    Full,
    #[error("the request is longer than IPMI can carry")]
    TooLong,
    #[error("the session carries no serial over LAN, or not yet")]
    NoSol,
}

fn hint(stage: Stage) -> &'static str {
    match stage {
        Stage::Rakp1 => " (it may not know the user)",
        Stage::Rakp3 | Stage::Activate => " (the password may be wrong)",
        Stage::Idle
        | Stage::Probe
        | Stage::Open
        | Stage::Challenge
        | Stage::Privilege
        | Stage::Ready
        | Stage::Closing
        | Stage::Ended => "",
    }
}

fn kg_text(set: bool) -> &'static str {
    if set {
        "K_g is wrong: the password is right, the session key is not (RAKP 4)"
    } else {
        "the BMC has a K_g and none is set: the password is right, the session key is not (RAKP 4)"
    }
}

fn refusal_text(refusals: &[SuiteRefusal]) -> String {
    let texts = refusals.iter().map(|refusal| match refusal.why {
        SuiteWhy::Status(status) => format!("{}: {status}", refusal.suite),
        SuiteWhy::Other => format!("{}: another was offered", refusal.suite),
        SuiteWhy::Silent => format!("{}: no answer", refusal.suite),
    });
    texts.collect::<Vec<_>>().join("; ")
}
