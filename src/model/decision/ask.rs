//! What may be asked of a node: asks can be refused.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;

use crate::base::id::{NodeId, PortId};
use crate::base::secret::Secret;
use crate::model::allocation::Tenancy;
use crate::model::bmc::panel::{Medium, ModeWish, Passthru};
use crate::model::bmc::power::PowerTarget;
use crate::model::boot::BootDevice;
use crate::model::decision::refusal::Refusal;
use crate::model::inspection::told::Told;
use crate::model::moves::Verb;
use crate::model::node::{Node, Wished};
use crate::model::part::ask::{PartAsk, PortgroupAsk};
use crate::model::part::portgroup::Portgroup;
use crate::model::port::Port;
use crate::model::rescue::RescuePassword;
use crate::model::step::AskedStep;
use crate::model::volume::{VolumeAsk, VolumeRow};

/// A request to one node.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    Provision(ProvisionAsk),
    Power {
        target: PowerTarget,
        timeout: Option<u32>,
    },
    Maintenance {
        on: bool,
        reason: Option<String>,
    },
    /// A JSON patch; applied in the lane (style corner 14).
    Patch(PatchAsk),
    /// Delete the node.
    Delete,
    Lookup {
        from: IpAddr,
    },
    PortCreate(Box<Port>),
    PortPatch {
        port: PortId,
        patch: Vec<PatchOp>,
        /// The client's microversion, minor number: some rules began later.
        version: u16,
    },
    PortDelete {
        port: PortId,
    },
    /// Something of the node's volume connectors and targets.
    Volume(VolumeAsk),
    /// Change how the firmware boots.
    Mode(ModeWish),
    /// Open or close the console.
    Console {
        on: bool,
    },
    /// Put an image into a drive of the BMC.
    Insert(Medium),
    /// Empty these drives of the BMC.
    Eject(Vec<BootDevice>),
    /// Call a vendor's method that is answered before it is carried out.
    Passthru(Passthru),
    /// Take in what the inspection ramdisk has told.
    Told(Arc<Told>),
    /// A discovered node takes its next step by itself.
    Onward,
    /// An allocation wants it, or gives it back.
    Allocation(Tenancy),
    /// Change what belongs to it beside its settings.
    Part(PartAsk),
}

impl Ask {
    /// Frees space or ends something, so that a full disk must not refuse it.
    pub fn ends_things(&self) -> bool {
        match self {
            Self::Delete | Self::Maintenance { .. } | Self::Allocation(Tenancy::Release(_)) => true,
            Self::Provision(ask) => ask.verb == Verb::Abort,
            Self::Patch(_)
            | Self::Power { .. }
            | Self::Lookup { .. }
            | Self::PortCreate(_)
            | Self::PortPatch { .. }
            | Self::PortDelete { .. }
            | Self::Volume(_)
            | Self::Mode(_)
            | Self::Console { .. }
            | Self::Insert(_)
            | Self::Eject(_)
            | Self::Passthru(_)
            | Self::Told(_)
            | Self::Onward
            | Self::Allocation(Tenancy::Claim(_))
            | Self::Part(_) => false,
        }
    }

    /// Who asks has other nodes to ask: it is refused at once while a change is owed.
    pub fn yields(&self) -> bool {
        matches!(self, Self::Allocation(Tenancy::Claim(allocation)) if !allocation.backfill)
    }

    /// May be admitted while a change is owed (style corner 4).
    pub fn never_waits(&self) -> bool {
        match self {
            // What is made here changes nothing that is there.
            Self::Maintenance { .. }
            | Self::Lookup { .. }
            | Self::PortCreate(_)
            | Self::Volume(VolumeAsk::Create(_)) => true,
            Self::Part(ask) => matches!(ask, PartAsk::Portgroup(PortgroupAsk::Create(_))),
            Self::Provision(ask) => ask.verb == Verb::Abort,
            Self::Patch(patch) => patch.touches_only(&["/maintenance", "/description", "/extra"]),
            Self::Power { .. }
            | Self::Delete
            | Self::PortPatch { .. }
            | Self::PortDelete { .. }
            | Self::Volume(VolumeAsk::Patch { .. } | VolumeAsk::Delete { .. })
            | Self::Mode(_)
            | Self::Console { .. }
            | Self::Insert(_)
            | Self::Eject(_)
            | Self::Passthru(_)
            | Self::Told(_)
            | Self::Onward
            | Self::Allocation(_) => false,
        }
    }
}

/// A provision verb with what came along.
#[derive(Debug, Clone, PartialEq)]
pub struct ProvisionAsk {
    pub verb: Verb,
    /// The client's word, for messages.
    pub word: String,
    /// Name of the hashed file that holds the config drive.
    pub config_drive: Option<String>,
    pub steps: Vec<AskedStep>,
    /// Cleaning and servicing: the machine is left as it runs, no ramdisk is booted.
    pub disable_ramdisk: bool,
    /// What a person logs in with, in a rescue.
    pub rescue_password: Option<RescuePassword>,
    /// The project on whose behalf it is asked, where the client's account belongs to one.
    pub project: Option<String>,
}

impl ProvisionAsk {
    pub fn new(verb: Verb, word: impl Into<String>) -> Self {
        Self {
            verb,
            word: word.into(),
            config_drive: None,
            steps: Vec::new(),
            disable_ramdisk: false,
            rescue_password: None,
            project: None,
        }
    }
}

/// A JSON patch of a node.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchAsk {
    pub operations: Vec<PatchOp>,
    /// `?reset_interfaces=true`: interfaces that the patch does not name go back to their defaults.
    pub reset_interfaces: bool,
    /// The client's microversion, minor number: some rules began later.
    pub version: u16,
}

impl PatchAsk {
    fn touches_only(&self, roots: &[&str]) -> bool {
        self.operations.iter().all(|op| {
            roots.iter().any(|root| {
                op.path == *root || op.path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
            })
        })
    }
}

/// One operation of a JSON patch; the path has been checked to match `^(/[\w-]+)+$`.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchOp {
    pub op: PatchVerb,
    pub path: String,
    /// Absent with `remove`.
    pub value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchVerb {
    Add,
    Replace,
    Remove,
}

/// A node to be made: validated members; interfaces left empty get the defaults of the hardware type.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeDraft {
    /// Chosen by the client or made at random by the API.
    pub id: NodeId,
    pub wished: Wished,
    /// Below microversion 1.11 a node starts in `available`.
    pub starts_available: bool,
}

/// The answer to an ask that was admitted.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Done,
    Node(Arc<Node>),
    Port(Arc<Port>),
    Portgroup(Arc<Portgroup>),
    /// It could not be done, and that is written down.
    Refused(Box<Refusal>),
    Volume(VolumeRow),
    Token(TokenAnswer),
    /// The agent must ask again (style corner 2).
    AskAgain,
    /// An inventory is taken in, or its inspection has failed by it; whether its ramdisk's logs are to be kept.
    Told {
        keep_logs: bool,
    },
}

/// What a lookup is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenAnswer {
    Plain(Secret),
    /// `******`: pre-generated, or the agent is proven alive.
    Masked,
}
