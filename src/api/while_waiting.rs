//! What a look or a change says to a client that waits for it (style corner 9).

use crate::api::fault::Fault;
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::turn::{Failure, FailureKind};
use crate::net::http::Response;

/// The answer to a change.
pub fn done(outcome: Outcome) -> Result<Response, Fault> {
    match outcome {
        Outcome::Done
        | Outcome::Power(_)
        | Outcome::BootDevice { .. }
        | Outcome::Turn(_)
        | Outcome::Modes(_)
        | Outcome::Answer(_)
        | Outcome::Inspected(_) => Ok(Response::empty(204)),
        Outcome::Failed(failure) => Err(failed(failure)),
    }
}

/// A look that saw something else than was asked for: mostly nothing.
pub fn unlike(seen: Seen) -> Fault {
    if let Seen::Silent(failure) = seen {
        return failed(failure);
    }
    Fault::new(500, "the look saw something else than was asked for")
}

/// A machine that cannot is the client's mistake; one that is silent is not.
pub fn failed(failure: Failure) -> Fault {
    match failure.kind {
        FailureKind::Silent | FailureKind::Untried | FailureKind::Unknown | FailureKind::Lost => {
            Fault::new(503, failure.why)
        }
        FailureKind::Step | FailureKind::Account | FailureKind::Version => Fault::invalid(failure.why),
    }
}
