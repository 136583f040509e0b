//! Changes that the daemon owes the world: wishes, not button presses (style ideas 3 and 4).

use serde::{Deserialize, Serialize};

use crate::base::id::NodeId;
use crate::model::bmc::panel::{Book, Lamp, Mode, ModeWish, Passthru};
use crate::model::bmc::power::PowerWish;
use crate::model::boot::BootDevice;
use crate::model::step::Again;

/// One change on a machine. Carries ids, never payload or secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Bring power about; `limit` is in seconds.
    Power { wish: PowerWish, limit: u32 },
    /// Have the node's parent, or one of its children, on or off: what its own power hangs on.
    Relative { node: NodeId, on: bool },
    /// Have the run's step at this place go on at a child of the node. `done`: it was seen to be done, and the child
    /// takes in what it leaves behind.
    StepOn {
        child: NodeId,
        cursor: usize,
        #[serde(default)]
        done: bool,
    },
    /// Go on with the step at this place of the parent's run: what the child owes for it. `again`: the parent does not
    /// know whether that was done already.
    StepFor {
        parent: NodeId,
        cursor: usize,
        #[serde(default)]
        done: bool,
        #[serde(default)]
        again: bool,
    },
    /// Set where the machine boots from.
    BootDevice { device: BootDevice, persistent: bool },
    /// Set the boot device that the record keeps for the machine, for the next boot.
    KeptBootDevice,
    /// A part of making the machine boot what its record says.
    Boot(BootPart),
    /// Call `act` of the run's current step with its memo.
    Step { cursor: usize },
    /// Fetch the ramdisk's logs and keep them.
    Logs,
    /// Set how the firmware boots.
    Mode(ModeWish),
    /// Inject a non-maskable interrupt.
    Nmi,
    /// Make a lamp show something.
    Indicator { component: String, name: String, lamp: Lamp },
    /// Have in this drive of the BMC what the record names for it.
    Insert { drive: BootDevice },
    /// Have nothing in this drive of the BMC.
    Eject { drive: BootDevice },
    /// Call a vendor's method.
    Passthru(Passthru),
    /// Have the console open and recorded, or closed.
    Console { on: bool },
    /// Read what the machine is made of; `limit` is in seconds. Changes nothing, but the node is busy with it, and
    /// a start of the daemon begins it anew.
    Inspect { limit: u32 },
    /// Ask another server what a rule wants asked: the node's call at this place.
    RuleCall { place: usize },
    /// Get to know a BMC that a machine says is its own.
    Meet(Meeting),
}

impl Effect {
    /// What a second run means.
    pub fn again(&self) -> Again {
        match self {
            Self::Power { wish: PowerWish::On | PowerWish::Off, .. }
            | Self::Relative { .. }
            | Self::BootDevice { .. }
            | Self::KeptBootDevice
            | Self::Boot(_)
            | Self::Logs
            | Self::Mode(_)
            | Self::Indicator { .. }
            | Self::Insert { .. }
            | Self::Eject { .. }
            | Self::Console { .. }
            | Self::Inspect { .. }
            | Self::RuleCall { .. }
            | Self::Meet(Meeting::Knock) => Again::Repeat,
            // A step on a child says itself what a second run means, where it is done.
            Self::Power { wish: PowerWish::SoftOff, .. }
            | Self::Step { .. }
            | Self::StepOn { .. }
            | Self::StepFor { .. } => Again::LookFirst,
            Self::Power { wish: PowerWish::Reset | PowerWish::SoftReset, .. }
            | Self::Nmi
            | Self::Passthru(_)
            | Self::Meet(Meeting::LogIn) => Again::Never,
        }
    }

    /// A short name for logs, journal and cut labels.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Power { wish: PowerWish::On, .. } => "power on",
            Self::Power { wish: PowerWish::Off, .. } => "power off",
            Self::Power { wish: PowerWish::SoftOff, .. } => "soft power off",
            Self::Power { wish: PowerWish::Reset, .. } => "reset",
            Self::Power { wish: PowerWish::SoftReset, .. } => "soft reset",
            Self::Relative { on: true, .. } => "power on parent",
            Self::Relative { on: false, .. } => "power off child",
            Self::StepOn { .. } => "step on child",
            Self::StepFor { .. } => "step for parent",
            Self::BootDevice { .. } => "set boot device",
            Self::KeptBootDevice => "set kept boot device",
            Self::Boot(part) => part.label(),
            Self::Step { .. } => "step",
            Self::Logs => "collect logs",
            Self::Mode(ModeWish::Boot(_)) => "set boot mode",
            Self::Mode(ModeWish::Secure(_)) => "set secure boot",
            Self::Nmi => "inject NMI",
            Self::Indicator { .. } => "set indicator",
            Self::Insert { .. } => "insert virtual media",
            Self::Eject { .. } => "eject virtual media",
            Self::Passthru(_) => "vendor method",
            Self::Console { on: true } => "open console",
            Self::Console { on: false } => "close console",
            Self::Inspect { .. } => "inspect",
            Self::RuleCall { .. } => "api-call",
            Self::Meet(Meeting::Knock) => "knock at the BMC",
            Self::Meet(Meeting::LogIn) => "ask the BMC who it is",
        }
    }

    /// The label with what it is done to, for people.
    pub fn text(&self) -> String {
        let label = self.label();
        match self {
            Self::BootDevice { device, persistent } => {
                let lasting = if *persistent { "persistent" } else { "once" };
                format!("{label} {} ({lasting})", device.name())
            }
            Self::Indicator { component, name, lamp } => {
                format!("{label} {component} {name} {}", lamp.name())
            }
            Self::Relative { node, .. } => format!("{label} {node}"),
            Self::StepOn { child: node, .. } | Self::StepFor { parent: node, .. } => {
                format!("{label} {node}")
            }
            Self::Insert { drive } | Self::Eject { drive } => format!("{label} {}", drive.name()),
            Self::Passthru(call) => format!("{label} {}", call.method),
            Self::Power { .. }
            | Self::KeptBootDevice
            | Self::Boot(_)
            | Self::Step { .. }
            | Self::Logs
            | Self::Mode(_)
            | Self::Nmi
            | Self::Console { .. }
            | Self::Inspect { .. }
            | Self::RuleCall { .. }
            | Self::Meet(_) => label.to_owned(),
        }
    }
}

/// How far a BMC is met that nobody has configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Meeting {
    /// What does it speak? Shows no account.
    Knock,
    /// Log in, and read which machine it belongs to. A press, since a wrong password must be shown once only.
    LogIn,
}

/// A part of making a machine boot something (contract `boot.md` sections 7 and 8). Each says what is wished, and may be
/// done twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BootPart {
    /// Have on this host what the machine boots from elsewhere; the machine is not touched.
    Fetch,
    /// Have in the drive that boots what the record says, and nothing else in its like.
    Insert,
    /// Have nothing in any drive.
    Eject,
    /// Have the firmware boot in this mode, or tell the mode that it has. Firmware that does not tell is believed.
    Mode { wanted: Option<Mode> },
    /// Have secure boot like this.
    Secure { on: bool },
    /// Boot what the boot interface brings: the next time, or each time if it lasts.
    Device { lasts: bool },
}

impl BootPart {
    fn label(self) -> &'static str {
        match self {
            Self::Fetch => "fetch boot files",
            Self::Insert => "insert boot medium",
            Self::Eject => "empty the drives",
            Self::Mode { .. } => "see to boot mode",
            Self::Secure { .. } => "see to secure boot",
            Self::Device { .. } => "choose boot device",
        }
    }
}

/// On whose behalf an effect is owed: decides who takes in the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// The running pipeline.
    Run,
    /// A power request.
    Power,
    /// Power synchronisation.
    Sync,
    /// After a failure: logs, power off. Its failure changes nothing.
    Aftermath,
    /// After an abort: its failure asks for a person.
    Abort,
    /// A synchronous request that waits for the answer.
    Call,
    /// A change of the firmware's modes.
    Mode,
    /// A request that was answered before: its failure is told in `last_error`.
    Aside,
    /// An inspection.
    Inspect,
    /// A node that nobody has enrolled gets on.
    Discover,
}

/// An effect with its number, as the store keeps it until the outcome is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// Rises per node; the outcome bears it (style corner 5).
    pub number: u64,
    pub effect: Effect,
    pub purpose: Purpose,
}

/// Something to look at; changes nothing and is never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    Power,
    /// `look` of the run's current step.
    Step {
        cursor: usize,
    },
    /// `look` of the current step of the parent's run, which this node does for it.
    StepFor {
        parent: NodeId,
        cursor: usize,
    },
    /// The agent's list of steps for the running pipeline.
    AgentSteps,
    /// Whether the known agent still answers as itself.
    AgentAlive,
    /// The settings of these interfaces, and of the image.
    Valid {
        deploy: bool,
    },
    BootDevice,
    SupportedBootDevices,
    /// The head of the image that a deployment would write.
    Image,
    /// How the firmware boots.
    Modes,
    Indicators,
    /// What is in the drives of the BMC.
    Media,
    Sensors,
    /// The settings of the firmware, and the parts that bear one.
    Sheets,
    /// What the BMC writes down.
    Book(Book),
    /// A vendor's method that only reads.
    Passthru(Passthru),
}

impl Look {
    pub fn label(&self) -> &'static str {
        match self {
            Self::Power => "look at power",
            Self::Step { .. } => "look at step",
            Self::StepFor { .. } => "look at step for parent",
            Self::AgentSteps => "ask for steps",
            Self::AgentAlive => "look at agent",
            Self::Valid { .. } => "validate",
            Self::BootDevice => "look at boot device",
            Self::SupportedBootDevices => "ask for boot devices",
            Self::Image => "look at the image",
            Self::Modes => "look at boot mode",
            Self::Indicators => "look at indicators",
            Self::Media => "look at virtual media",
            Self::Sensors => "read sensors",
            Self::Sheets => "read the firmware",
            Self::Book(Book::Events) => "read the event log",
            Self::Book(Book::Inventory) => "read the inventory",
            Self::Book(Book::Draw) => "read the power drawn",
            Self::Passthru(_) => "vendor method",
        }
    }
}
