//! A pipeline under way on one node: its plan, where it stands, and what it waits for.

use serde::{Deserialize, Serialize};

use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::bmc::panel::ModeChange;
use crate::model::boot::Boots;
use crate::model::cleaning::Erasure;
use crate::model::decision::effect::Look;
use crate::model::step::{AskedStep, By, Core, Kind, Step};
use crate::model::turn::Memo;

/// A pipeline under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub kind: Kind,
    /// Steps that a person chose, in their order. Such cleaning ends in `manageable` instead of `available`.
    #[serde(default)]
    pub manual: bool,
    /// Steps of a runbook that the site has chosen, in its order.
    #[serde(default)]
    pub by_runbook: bool,
    /// The request wanted no ramdisk.
    #[serde(default)]
    pub disable_ramdisk: bool,
    pub plan: Vec<Step>,
    pub cursor: usize,
    pub phase: Phase,
    #[serde(default)]
    pub memo: Memo,
    /// How often the current step was lost and begun again.
    #[serde(default)]
    pub lost: u8,
    /// How often the current step has changed the machine, and how often it has rebooted it.
    #[serde(default)]
    pub changes: u16,
    #[serde(default)]
    pub reboots: u16,
    /// How often in a row the BMC of the current step was silent, as of the last commit. A silent agent is not
    /// counted: its wait ends.
    #[serde(default)]
    pub silent: u8,
    /// Since when and why looks at the current step find nobody, if so.
    #[serde(default)]
    pub trouble: Option<Trouble>,
    /// What the firmware is to take up when it boots, for the boot that is under way.
    #[serde(default)]
    pub firmware: Option<ModeChange>,
    /// What the machine booted when this began to see to another boot.
    #[serde(default)]
    pub booted_before: Option<Boots>,
    /// Seconds for which the ramdisk of this step was waited for in boots that brought nobody.
    #[serde(default)]
    pub boot_waited: u32,
    /// Seconds for which the current step has waited by its own pace, as far as its time in all goes by them.
    #[serde(default)]
    pub waited: u32,
    /// When the current step began; for showing.
    #[serde(default)]
    pub step_began: Option<Moment>,
    /// The agent's steps are in the plan.
    #[serde(default)]
    pub fetched: bool,
    /// Hardware manager versions as the agent told them.
    #[serde(default)]
    pub versions: Object,
    /// How drives are erased, as the site had it when cleaning began.
    #[serde(default)]
    pub erasure: Erasure,
    /// Steps that the request named.
    #[serde(default)]
    pub asked: Vec<AskedStep>,
    pub started: Moment,
}

impl Run {
    /// A pipeline at its beginning.
    pub fn new(kind: Kind, plan: Vec<Step>, started: Moment) -> Self {
        Self {
            kind,
            manual: false,
            by_runbook: false,
            disable_ramdisk: false,
            plan,
            cursor: 0,
            phase: Phase::Look,
            memo: Memo::new(),
            lost: 0,
            changes: 0,
            reboots: 0,
            silent: 0,
            firmware: None,
            booted_before: None,
            boot_waited: 0,
            waited: 0,
            trouble: None,
            step_began: None,
            fetched: false,
            versions: Object::new(),
            erasure: Erasure::default(),
            asked: Vec::new(),
            started,
        }
    }

    /// What it is called in a sentence.
    pub fn text(&self) -> &'static str {
        match self.kind {
            Kind::Clean if self.manual => "manual cleaning",
            Kind::Clean
            | Kind::Verify
            | Kind::Deploy
            | Kind::Service
            | Kind::Delete
            | Kind::Rescue
            | Kind::Unrescue => self.kind.gerund(),
        }
    }

    pub fn step(&self) -> Option<&Step> {
        self.plan.get(self.cursor)
    }

    /// Whether a look is about a step that is over: nobody needs what it would see.
    pub fn is_past(&self, look: &Look) -> bool {
        match look {
            Look::Step { cursor } => *cursor != self.cursor,
            Look::AgentSteps => !self.step().is_some_and(|step| step.by == By::Core(Core::FetchSteps)),
            Look::Power
            | Look::StepFor { .. }
            | Look::AgentAlive
            | Look::Valid { .. }
            | Look::BootDevice
            | Look::SupportedBootDevices
            | Look::Image
            | Look::Modes
            | Look::Indicators
            | Look::Media
            | Look::Sensors
            | Look::Sheets
            | Look::Book(_)
            | Look::Passthru(_) => false,
        }
    }

    /// Whether what a look at the current step sees decides what is next.
    pub fn awaits_a_look(&self) -> bool {
        match self.phase {
            Phase::Look | Phase::Beat | Phase::Later => true,
            Phase::Act | Phase::Reboot { .. } | Phase::Firmware { .. } | Phase::FirstBeat | Phase::Hold => {
                false
            }
        }
    }

    /// Whether nothing was done to the machine yet.
    pub fn is_before_touch(&self) -> bool {
        self.step().is_some_and(|step| step.by == By::Core(Core::ReadyImage))
    }

    /// Nothing before the current step was about the machine, and the step was not tried before.
    pub fn is_at_first_touch(&self) -> bool {
        let harmless = |step: &Step| {
            matches!(
                step.by,
                By::Core(Core::ReadyImage | Core::Nothing | Core::LeaveNetwork | Core::Hold | Core::Wait)
            )
        };
        self.lost == 0 && self.boot_waited == 0 && self.plan.iter().take(self.cursor).all(harmless)
    }

    /// Somebody works on the machine or is about to.
    pub fn is_busy(&self) -> bool {
        match self.phase {
            Phase::Look
            | Phase::Act
            | Phase::Reboot { .. }
            | Phase::Firmware { .. }
            | Phase::FirstBeat
            | Phase::Beat
            | Phase::Later => true,
            Phase::Hold => false,
        }
    }
}

/// Where the current step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// A look at the step is under way or to be made.
    Look,
    /// An act is owed.
    Act,
    /// The power effects of a reboot are owed.
    Reboot { into: Boots },
    /// The machine boots so that its firmware takes up a mode; it is looked at until it has.
    Firmware { into: Boots },
    /// The ramdisk was booted; its first heartbeat is awaited.
    FirstBeat,
    /// The agent works or does not answer; a heartbeat or the wait's end looks again, and the phase stays while it
    /// does.
    Beat,
    /// Look again when the wait ends; the phase stays while that look is made.
    Later,
    /// Parked by a hold step.
    Hold,
}

/// What a node waits for; no task sleeps for it (style idea 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Changes with each new wait, so that a stale end is known as one.
    pub number: u64,
    pub why: WaitFor,
    pub from_whom: String,
    /// When the node began to wait for this; it stays when the deadline moves.
    pub since: Moment,
    /// Seconds of service until the deadline, counted anew with each number and each start of the daemon.
    pub length: u32,
    /// It has ended in maintenance, where that decides nothing: seconds until it ends once more.
    #[serde(default)]
    pub paused: Option<u32>,
    /// The step is looked at when the wait ends: seconds from its begin until it is given up, if it ever is.
    #[serde(default)]
    pub gives_up: Option<u32>,
}

impl Wait {
    /// Seconds of service until its next end.
    pub fn ends_in(&self) -> u32 {
        self.paused.unwrap_or(self.length)
    }

    /// What happens when its time is over.
    pub fn then(&self) -> &'static str {
        match (self.why, self.gives_up) {
            (WaitFor::Look, Some(_)) => "if the step is not done by then, it fails",
            (why, _) => why.then(),
        }
    }

    /// Whether its end is a look, after which it may go on.
    pub fn looks(&self) -> bool {
        matches!(self.why, WaitFor::Look | WaitFor::Mode | WaitFor::Power)
    }

    /// Seconds until it is given up, if it ever is.
    pub fn deadline(&self) -> Option<u32> {
        if self.looks() { self.gives_up } else { Some(self.length) }
    }
}

/// Looks at a step find nobody: kept with the first one of a row, so that it is seen; gone with the first answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub since: Moment,
    /// The cause that the first look met.
    pub why: String,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitFor {
    /// First heartbeat of a boot; its end is a failure.
    FirstBeat,
    /// The agent's step; its end is a last look, then a failure.
    Beat,
    /// The next look at a step.
    Look,
    /// The end of a pause.
    Clock,
    /// The next look at power (recovery from a power fault).
    Power,
    /// The firmware takes up a mode.
    Mode,
    /// What the inspection ramdisk tells; its end is a failure.
    Inspection,
    /// What an installer tells; its end is a failure.
    Installer,
}

impl WaitFor {
    pub fn text(self) -> &'static str {
        match self {
            Self::FirstBeat => "first heartbeat of the ramdisk",
            Self::Beat => "the agent to finish the step",
            Self::Look => "the next look at the step",
            Self::Clock => "the pause of the step to be over",
            Self::Power => "the BMC to answer again",
            Self::Mode => "the firmware to take up its new mode",
            Self::Inspection => "the inventory of the inspection ramdisk",
            Self::Installer => "the installer to end",
        }
    }

    /// What happens when its time is over.
    pub fn then(self) -> &'static str {
        match self {
            Self::FirstBeat => "it fails; with [pxe] boot_retry_timeout its boot is tried again before",
            Self::Beat => "the step is looked at once more, and fails if nobody answers",
            Self::Look => "the step is looked at again",
            Self::Clock => "the work goes on with the next step",
            Self::Power => "power is looked at again; maintenance ends when the BMC answers",
            Self::Mode => {
                "if the firmware has not taken it up by then, it fails; [redfish] boot_mode_config_timeout says when"
            }
            Self::Inspection => "the inspection fails",
            Self::Installer => "the deployment fails",
        }
    }
}

/// What a held node waits for, in words; it has no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    pub why: &'static str,
    pub from_whom: &'static str,
    /// What happens while nobody comes, and then.
    pub then: &'static str,
}

/// The words of every hold.
pub const HOLD: Hold = Hold {
    why: "unhold",
    from_whom: "a person",
    then: "it stays held: unhold goes on with the next step, abort ends the work",
};
