//! Which credentials a BMC took or refused. What it refused is not sent again until it differs or is lifted; what it
//! has not judged yet is sent by one caller at a time, so that a wrong password is tried once.

use std::collections::HashMap;

use crate::base::id::NodeId;
use crate::base::moment::Moment;
use crate::model::bmc::{CredentialPrint, Fact, RefusedLogin};
use crate::model::node::Node;

/// The credentials that were met on one line.
#[derive(Debug, Default)]
pub struct Logins {
    met: HashMap<CredentialPrint, Verdict>,
}

#[derive(Debug)]
enum Verdict {
    /// One caller finds out.
    Trying,
    Taken,
    Refused(Refusal),
    /// A person said to try again; not tried yet.
    Lifted,
}

#[derive(Debug)]
struct Refusal {
    at: Moment,
    why: String,
    /// How often each node that heard of it had been lifted by then.
    told: HashMap<NodeId, u64>,
}

/// What the credentials of a call come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    Good,
    /// Nobody knows yet: this caller finds out.
    Unknown,
    /// Somebody is finding out.
    Wait,
    Refused {
        at: Moment,
        why: String,
    },
}

impl Logins {
    /// Where the node's credentials stand, and what its record should be told.
    pub fn standing(&mut self, node: &Node, print: &CredentialPrint) -> (Standing, Option<Fact>) {
        let recorded = node.bmc.refused.as_ref().filter(|refused| refused.print == *print);
        if let Some(Verdict::Refused(refusal)) = self.met.get_mut(print) {
            let told = *refusal.told.entry(node.id).or_insert(node.bmc.lifts);
            if node.bmc.lifts <= told {
                let fact = recorded.is_none().then(|| refusal.fact(print));
                return (Standing::Refused { at: refusal.at, why: refusal.why.clone() }, fact);
            }
            self.met.insert(print.clone(), Verdict::Lifted);
        }
        // Whatever was refused before, these are taken.
        let accepted = || node.bmc.refused.as_ref().map(|_| Fact::LoginAccepted { print: print.clone() });
        match (self.met.get(print), recorded) {
            (Some(Verdict::Taken), _) => (Standing::Good, accepted()),
            (Some(Verdict::Trying), _) => (Standing::Wait, None),
            (None, Some(recorded)) => (self.adopt(node, recorded), None),
            (Some(Verdict::Lifted | Verdict::Refused(_)), _) | (None, None) => (Standing::Unknown, None),
        }
    }

    /// A refusal of before the restart.
    fn adopt(&mut self, node: &Node, recorded: &RefusedLogin) -> Standing {
        let RefusedLogin { print, at, why } = recorded;
        self.refuse(print, (*at, why), (node.id, node.bmc.lifts));
        Standing::Refused { at: *at, why: why.clone() }
    }

    /// Whether a call with these credentials may begin now.
    pub fn is_open(&self, print: &CredentialPrint) -> bool {
        !matches!(self.met.get(print), Some(Verdict::Trying | Verdict::Refused(_)))
    }

    /// A call with these credentials begins.
    pub fn begin(&mut self, print: &CredentialPrint) {
        if matches!(self.met.get(print), Some(Verdict::Taken)) {
            return;
        }
        if self.met.len() >= MET_LIMIT {
            self.met.retain(|_, verdict| matches!(verdict, Verdict::Refused(_) | Verdict::Trying));
        }
        self.met.insert(print.clone(), Verdict::Trying);
    }

    /// The BMC took them. A refusal that came meanwhile is newer than the log-in of this call.
    pub fn taken(&mut self, print: &CredentialPrint) {
        if matches!(self.met.get(print), Some(Verdict::Refused(_))) {
            return;
        }
        self.met.insert(print.clone(), Verdict::Taken);
    }

    /// The BMC refused them at this moment, to this node that had been lifted so often.
    pub fn refuse(&mut self, print: &CredentialPrint, said: (Moment, &str), to: (NodeId, u64)) {
        let refusal = Refusal { at: said.0, why: said.1.to_owned(), told: HashMap::from([to]) };
        self.met.insert(print.clone(), Verdict::Refused(refusal));
    }

    /// Nothing was found out.
    pub fn given_up(&mut self, print: &CredentialPrint) {
        if matches!(self.met.get(print), Some(Verdict::Trying)) {
            self.met.insert(print.clone(), Verdict::Lifted);
        }
    }

    /// Whether they were refused, since when and why.
    pub fn refused(&self, print: &CredentialPrint) -> Option<(Moment, String)> {
        match self.met.get(print) {
            Some(Verdict::Refused(refusal)) => Some((refusal.at, refusal.why.clone())),
            Some(Verdict::Trying | Verdict::Taken | Verdict::Lifted) | None => None,
        }
    }
}

impl Refusal {
    fn fact(&self, print: &CredentialPrint) -> Fact {
        Fact::LoginRefused { print: print.clone(), why: self.why.clone() }
    }
}

/// Credentials that one line remembers beyond those refused: each node of a BMC has one.
const MET_LIMIT: usize = 64;
