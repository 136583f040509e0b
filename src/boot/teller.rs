//! What servers of networks tell the rack's journal, and what servers of boots tell a node.

use std::fmt::{self, Display};
use std::sync::Arc;

use crate::base::id::NodeId;
use crate::conduct::chronicle::Chronicle;
use crate::conduct::desk::Desk;
use crate::model::boot::again::BootLoop;
use crate::model::boot::event::Tiding;
use crate::model::journal::Severity;

/// Who journals; never waits, and counts what goes on.
pub trait Journal: Send + Sync + fmt::Debug {
    fn note(&self, tiding: Tiding);
}

impl Journal for Chronicle {
    fn note(&self, tiding: Tiding) {
        Self::note(self, tiding);
    }
}

/// Who is told of a node's boots; never waits.
pub trait Alarm: Send + Sync + fmt::Debug {
    fn boots_again(&self, node: NodeId, looping: BootLoop);
}

impl Alarm for Desk {
    fn boots_again(&self, node: NodeId, looping: BootLoop) {
        Self::boots_again(self, node, looping);
    }
}

/// One service of one network.
#[derive(Debug, Clone)]
pub struct Teller {
    journal: Arc<dyn Journal>,
    network: String,
    service: &'static str,
}

impl Teller {
    pub fn new(journal: Arc<dyn Journal>, network: &str, service: &'static str) -> Self {
        Self { journal, network: network.to_owned(), service }
    }

    /// Something is wrong that a person should see to.
    pub fn error(&self, event: &'static str, subject: impl Display, text: impl Into<String>) {
        self.tell(Severity::Error, event, subject.to_string(), text.into());
    }

    /// Something is worth a line.
    pub fn info(&self, event: &'static str, subject: impl Display, text: impl Into<String>) {
        self.tell(Severity::Info, event, subject.to_string(), text.into());
    }

    fn tell(&self, severity: Severity, event: &'static str, subject: String, text: String) {
        let (network, service) = (self.network.clone(), self.service);
        self.journal.note(Tiding { network, service, event, subject, text, severity });
    }
}
