//! Steps: named actions of an interface, the unit that a pipeline goes by.

pub mod kept;
pub mod touch;
pub mod site;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::id::NodeId;
use crate::model::Object;
use crate::model::interface::Interface;

/// Which pipeline a run or a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Verify,
    Clean,
    Deploy,
    Service,
    /// Tear down of an instance; its steps are never shown.
    Delete,
    /// A ramdisk to log in to takes the place of the instance.
    Rescue,
    /// The instance runs again.
    Unrescue,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Clean => "clean",
            Self::Deploy => "deploy",
            Self::Service => "service",
            Self::Delete => "delete",
            Self::Rescue => "rescue",
            Self::Unrescue => "unrescue",
        }
    }

    /// What it is called in a sentence.
    pub fn gerund(self) -> &'static str {
        match self {
            Self::Verify => "verification",
            Self::Clean => "cleaning",
            Self::Deploy => "deployment",
            Self::Service => "servicing",
            Self::Delete => "tear down",
            Self::Rescue => "rescue",
            Self::Unrescue => "unrescue",
        }
    }

    /// Weight of an interface between steps of equal priority; the larger runs first
    /// (contract `steps.md` section 1).
    pub fn weight(self, interface: Interface) -> u8 {
        let order: &[Interface] = match self {
            Self::Verify => VERIFY_ORDER,
            Self::Clean | Self::Deploy | Self::Delete | Self::Rescue | Self::Unrescue => WORK_ORDER,
            Self::Service => SERVICE_ORDER,
        };
        let place = order.iter().position(|one| *one == interface).map_or(order.len(), |place| place);
        u8::try_from(order.len() - place).unwrap_or(u8::MAX)
    }
}

const WORK_ORDER: &[Interface] = &[
    Interface::Vendor,
    Interface::Power,
    Interface::Management,
    Interface::Firmware,
    Interface::Deploy,
    Interface::Bios,
    Interface::Raid,
];

const SERVICE_ORDER: &[Interface] = &[
    Interface::Network,
    Interface::Vendor,
    Interface::Power,
    Interface::Management,
    Interface::Firmware,
    Interface::Deploy,
    Interface::Bios,
    Interface::Raid,
];

const VERIFY_ORDER: &[Interface] = &[
    Interface::Power,
    Interface::Management,
    Interface::Firmware,
    Interface::Inspect,
    Interface::Deploy,
    Interface::Boot,
    Interface::Bios,
    Interface::Raid,
    Interface::Vendor,
    Interface::Network,
    Interface::Storage,
    Interface::Console,
    Interface::Rescue,
];

/// Who carries a step out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum By {
    /// The pipeline itself: power, boot, hold.
    Core(Core),
    /// The interface's driver, out of band.
    Driver,
    /// The agent on the machine, in band.
    Agent,
    /// An executable of the site, out of band.
    Site,
    /// An executable of the site that follows a step which has succeeded; that step's name is its own.
    Hook,
}

/// Steps that need nothing but the pipeline's own effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Core {
    /// Have on this host, checked, the image that the deployment will write. The machine is not touched.
    ReadyImage,
    /// Reboot into the ramdisk and wait for its first heartbeat.
    BootAgent,
    /// Ask the agent which steps it has, and make the plan anew.
    FetchSteps,
    /// See whether the BMC answers and what power it reports.
    CheckPower,
    PowerOn,
    PowerOff,
    Reboot,
    /// Boot the installed disk.
    BootDisk,
    /// Boot the instance's own ramdisk or ISO.
    BootInstance,
    /// Nothing of the ramdisk's boot stays behind, while it goes on.
    LeaveRamdisk,
    /// Boot what installs the instance, and wait until it says that it has.
    BootInstaller,
    /// Leave the provisioning network; with the networks of one rack there is nothing to do.
    LeaveNetwork,
    Hold,
    /// Wait for the next heartbeat, or the given seconds.
    Wait,
    /// Have a child of the node on, or off.
    OnChild {
        node: NodeId,
        on: bool,
    },
    /// Have a child of the node do the step by its own driver.
    ByChild(NodeId),
    /// Nothing to do: a step of a fake or empty implementation.
    Nothing,
}

/// What a second run of a step or an effect means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Again {
    /// May be done again from its beginning.
    Repeat,
    /// May go on after a look at what has been done.
    LookFirst,
    /// Must not be done twice: when in doubt it has failed.
    Never,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub interface: Interface,
    pub step: String,
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    pub args: Object,
    pub priority: i64,
    pub abortable: bool,
    pub by: By,
    pub again: Again,
    /// Part of the pipeline's own frame: not shown as the node's current step.
    #[serde(default)]
    pub hidden: bool,
    /// The agent asks for a reboot after it.
    #[serde(default)]
    pub reboot_after: bool,
    /// Given by the request or a template, not by a driver.
    #[serde(default)]
    pub asked: bool,
    /// Abort as soon as it has ended.
    #[serde(default)]
    pub abort_after: bool,
}

impl Step {
    /// Whether it is the same step as `other`: equal interface and name.
    pub fn is(&self, interface: Interface, name: &str) -> bool {
        self.interface == interface && self.step == name
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.interface, self.step)
    }
}

/// A step as a request names it (`deploy_steps`, `clean_steps`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskedStep {
    pub interface: Interface,
    pub step: String,
    #[serde(default)]
    pub args: Object,
    /// Deploy steps only; 0 removes the step.
    #[serde(default)]
    pub priority: Option<i64>,
    /// It is for the node's children instead: for these, or for all if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<NodeId>>,
}

/// Bytes of the steps that one piece of work is asked for, so that a node's record stays under 64 KiB.
pub const ASKED_LIMIT: usize = 16 << 10;
