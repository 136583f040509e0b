//! What happened in the rack's networks and belongs to no node; journaled, and counted while it goes on.

use serde::{Deserialize, Serialize};

use crate::base::moment::Moment;
use crate::model::journal::Severity;

/// What happened, as it is told by who saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiding {
    /// The `[[network]]`.
    pub network: String,
    /// Who tells it: `dhcp4`, `dhcp6`, `ra`, `tftp`.
    pub service: &'static str,
    /// Constant name: `conflict`, `decline`, `exhausted`, `flood`, `interface`, `other-server`,
    /// `unknown-relay`.
    pub event: &'static str,
    /// Tells two of the same kind apart: an address, a server, an interface; may be empty.
    pub subject: String,
    pub text: String,
    pub severity: Severity,
}

/// A row of the rack's journal: what happened, since when and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RackEvent {
    /// Rises with each row.
    pub sequence: u64,
    pub first: Moment,
    pub last: Moment,
    /// How often it happened between the two.
    pub times: u64,
    pub network: String,
    pub service: String,
    pub event: String,
    /// Empty for a row of many, too.
    pub subject: String,
    /// Of the last time.
    pub text: String,
    pub severity: Severity,
}

impl RackEvent {
    /// The first time.
    pub fn new(sequence: u64, at: Moment, tiding: Tiding) -> Self {
        let Tiding { network, service, event, subject, text, severity } = tiding;
        let (service, event) = (service.to_owned(), event.to_owned());
        Self { sequence, first: at, last: at, times: 1, network, service, event, subject, text, severity }
    }

    /// It has happened once more.
    pub fn again(&mut self, at: Moment, text: String, severity: Severity) {
        self.last = at;
        self.times = self.times.saturating_add(1);
        self.text = text;
        self.severity = severity;
    }

    /// Whether the tiding is of the same kind; its subject may be another.
    pub fn is_kin(&self, tiding: &Tiding) -> bool {
        self.network == tiding.network && self.service == tiding.service && self.event == tiding.event
    }
}
