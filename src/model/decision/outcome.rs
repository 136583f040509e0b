//! What has happened: it is taken in, never refused.

use std::sync::Arc;

use serde_json::Value;

use crate::model::Object;
use crate::model::bmc::Fact;
use crate::model::bmc::Keep;
use crate::model::bmc::panel::{Indicator, Modes, Slot};
use crate::model::bmc::power::Power;
use crate::model::boot::again::BootLoop;
use crate::model::boot::{Beat, BootDevice};
use crate::model::decision::effect::Look;
use crate::model::inspection::Inspection;
use crate::model::inspection::discovery::BmcKind;
use crate::model::inspection::reported::Reported;
use crate::model::interface::Interface;
use crate::model::part::sheet::Sheet;
use crate::model::turn::{Failure, InBandSteps, Turn};

/// Something that has happened to a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// The daemon has started and found the node.
    Opened,
    /// The outcome of an owed effect.
    Paid {
        number: u64,
        outcome: Outcome,
    },
    /// What a look saw. `fence` is the number of the last change when it began.
    Looked {
        look: Look,
        fence: u64,
        seen: Seen,
    },
    Beat(Beat),
    /// The wait of this number has ended.
    Due {
        wait: u64,
    },
    /// Power sync has come round to this node.
    SyncDue,
    /// A driver has learnt something of the BMC.
    Learnt(Fact),
    /// The machine boots the same again and again, and is held up.
    BootsAgain(BootLoop),
}

/// How an owed effect ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Done; nothing more to say.
    Done,
    /// Power as the machine has it now.
    Power(Power),
    /// A step spoke.
    Turn(Turn),
    /// The boot device was set.
    BootDevice {
        device: BootDevice,
        keep: Keep,
    },
    /// How the firmware boots after it was set.
    Modes(Modes),
    /// What a vendor's method returned.
    Answer(Value),
    /// What an inspection found.
    Inspected(Arc<Inspection>),
    /// What a BMC speaks.
    Speaks(BmcKind),
    /// Which machine a BMC belongs to.
    Met(Arc<Reported>),
    Failed(Failure),
}

/// What a look saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    Power(Power),
    Turn(Turn),
    Steps(InBandSteps),
    /// The known agent answered as itself, or did not.
    Alive(bool),
    Valid(Vec<Verdict>),
    BootDevice {
        device: Option<BootDevice>,
        persistent: Option<bool>,
    },
    BootDevices(Vec<BootDevice>),
    /// Why the image cannot be written, if something speaks against it.
    Image(Option<String>),
    Modes(Modes),
    Indicators(Vec<Indicator>),
    Media(Vec<Slot>),
    /// Type to sensor id to fields.
    Sensors(Object),
    /// What is known of the firmware.
    Sheets(Vec<Sheet>),
    /// What a vendor's method returned.
    Answer(Value),
    Silent(Failure),
}

impl Seen {
    /// Whether settings are good, by interface, where that was looked at.
    pub fn verdicts(&self) -> Option<&[Verdict]> {
        if let Self::Valid(verdicts) = self { Some(verdicts) } else { None }
    }
}

/// Whether the settings of one interface are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub interface: Interface,
    /// `None` is good; else the reason.
    pub reason: Option<String>,
}
