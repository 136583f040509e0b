//! What the record after a commit does not say: each state that a node went through, power and console that are being
//! switched, or could not be. The rules say it with what they decide.

use std::borrow::Cow;

use crate::model::bmc::power::Power;
use crate::model::moves::Verb;
use crate::model::node::Node;
use crate::model::notice::node::{members, notice, plain};
use crate::model::notice::{Notice, Service, payload};
use crate::model::provision::Provision;
use crate::model::shape::json;
use crate::model::shape::node::TABLE;

/// Something that begins or has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// The node has gone from one state to another.
    Moved(Move),
    /// The machine is to have this power.
    Power(Part, Power),
    /// It was found with another power than this.
    Corrected(Option<Power>),
    /// The console is opened or closed.
    Console(Session, Part),
}

/// A move of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub verb: Verb,
    /// State and target before it, and after it.
    pub from: (Provision, Option<Provision>),
    pub to: (Provision, Option<Provision>),
}

/// Which part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Start,
    End,
    Error,
}

/// Why a console is opened or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Somebody wants it.
    Set,
    /// It was open before the daemon started.
    Restore,
    /// The node is torn down.
    Stop,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
            Self::Error => "error",
        }
    }
}

impl Session {
    fn action(self) -> &'static str {
        match self {
            Self::Set => "console_set",
            Self::Restore => "console_restore",
            Self::Stop => "console_stop",
        }
    }
}

/// The notice of it, with the node as it is by then.
pub fn tell(telling: Telling, node: &Node, host: &str) -> Notice {
    match telling {
        Telling::Moved(one) => moved(one, node, host),
        Telling::Power(part, to) => {
            let payload = payload("NodeSetPowerStatePayload", "1.17", |all| {
                members(all, node, host);
                all.member("to_power", |out| json::text(out, to.name()));
            });
            notice("power_set", part.name(), Service::Conductor, node, payload)
        }
        Telling::Corrected(from) => {
            let payload = payload("NodeCorrectedPowerStatePayload", "1.17", |all| {
                members(all, node, host);
                all.member("from_power", |out| json::maybe_text(out, from.map(Power::name)));
            });
            notice("power_state_corrected", "success", Service::Conductor, node, payload)
        }
        Telling::Console(session, part) => {
            plain((session.action(), part.name()), Service::Conductor, node, host)
        }
    }
}

fn moved(one: Move, node: &Node, host: &str) -> Notice {
    // Several moves may be one commit.
    let (provision, target_provision) = one.to;
    let node = if (node.provision, node.target_provision) == one.to {
        Cow::Borrowed(node)
    } else {
        Cow::Owned(Node { provision, target_provision, ..node.clone() })
    };
    let status = match (one.verb, works(one.from.0), works(provision)) {
        (Verb::Fail, _, _) => "error",
        (_, false, true) => "start",
        (_, true, false) => "end",
        (_, true, true) | (_, false, false) => "success",
    };
    let payload = payload("NodeSetProvisionStatePayload", "1.18", |all| {
        members(all, &node, host);
        all.shown(TABLE, &["instance_info", "driver_internal_info"], &*node, host);
        all.member("event", |out| json::text(out, one.verb.name()));
        let target = one.from.1.map(Provision::name);
        all.member("previous_provision_state", |out| json::text(out, one.from.0.name()));
        all.member("previous_target_provision_state", |out| json::maybe_text(out, target));
    });
    notice("provision_set", status, Service::Conductor, &node, payload)
}

/// Whether a node leaves the state without being asked.
fn works(state: Provision) -> bool {
    let traits = state.traits();
    let holds = matches!(state, Provision::DeployHold | Provision::CleanHold | Provision::ServiceHold);
    !traits.stable && !traits.failure && !holds
}
