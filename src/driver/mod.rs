//! What a machine can do, as traits; the implementations behind them; the one place that lists them.
//!
//! A node's interface names choose the implementations in `registry`. A lane asks it for the node's [`Hardware`]
//! (immediate calls: power, boot device) and for the [`StepWork`] of a step (a machine of turns: `look` changes
//! nothing, `act` changes one thing at most). What a machine lacks is `None`, seen before a plan is made.
//!
//! - `capability/`  the traits, a file each
//! - `error`        how a call ends when not well
//! - `registry`     hardware types, interface names, which implementation and which work
//! - `table`        what each implementation declares: steps, settings, defaults
//! - `rule_call` what inspection rules ask of other servers
//! - `validate`     whether a node's settings suffice, by interface
//! - `vendor`       the methods of each vendor interface
//! - `memo`         named fields of a step in progress
//! - `fake/`        everything in memory, with delays and faults on demand
//! - `knock`     what speaks at a BMC that nobody has configured
//! - `unswitched`  a deployment that nobody stands in for
//! - `noop`         a management interface that takes every boot device and does nothing
//! - `bmc/`         what Redfish and IPMI stand on: a queue a BMC, what is learnt, settings
//! - `redfish/`     machines by Redfish
//! - `ipmi/`        machines by IPMI 1.5 and 2.0
//! - `boot/`        boot interfaces: network, virtual media, a URL
//! - `own_step`     a site's own steps in Rust: one function and one row of a table each
//! - `site/`        a site's own steps without recompiling: executables with manifests
//! - `agent/`       the agent on the machine: client, in-band steps, image, logs

use std::fmt;
use std::sync::Arc;

use crate::base::time::Later;
use crate::driver::capability::bios::Bios;
use crate::driver::capability::books::Books;
use crate::driver::capability::boot_device::BootDeviceSwitch;
use crate::driver::capability::boot_mode::BootMode;
use crate::driver::capability::console::Console;
use crate::driver::capability::firmware::Firmware;
use crate::driver::capability::indicators::Indicators;
use crate::driver::capability::inspect::Inspect;
use crate::driver::capability::nmi::Nmi;
use crate::driver::capability::power::PowerSwitch;
use crate::driver::capability::raid::Raid;
use crate::driver::capability::secure_boot::SecureBoot;
use crate::driver::capability::sensors::Sensors;
use crate::driver::capability::vendor::VendorPassthru;
use crate::driver::capability::virtual_media::VirtualMedia;
use crate::model::Object;
use crate::model::node::Node;
use crate::model::port::Port;
use crate::model::step::{Kind, Step};
use crate::model::turn::{Memo, Turn};

pub mod agent;
pub mod bmc;
pub mod boot;
pub mod capability;
pub mod error;
pub mod fake;
pub mod ipmi;
pub mod knock;
pub mod memo;
pub mod noop;
pub mod own_step;
pub mod redfish;
pub mod registry;
pub mod rule_call;
pub mod site;
pub mod table;
pub mod unswitched;
pub mod validate;
pub mod vendor;

/// A server as the published copy has it, with its ports.
#[derive(Debug, Clone)]
pub struct Machine {
    pub node: Arc<Node>,
    pub ports: Vec<Arc<Port>>,
}

/// What a machine can do now; what it lacks is `None`.
#[derive(Debug, Clone, Default)]
pub struct Hardware {
    pub power: Option<Arc<dyn PowerSwitch>>,
    pub boot_device: Option<Arc<dyn BootDeviceSwitch>>,
    pub boot_mode: Option<Arc<dyn BootMode>>,
    pub secure_boot: Option<Arc<dyn SecureBoot>>,
    pub virtual_media: Option<Arc<dyn VirtualMedia>>,
    pub bios: Option<Arc<dyn Bios>>,
    pub raid: Option<Arc<dyn Raid>>,
    pub firmware: Option<Arc<dyn Firmware>>,
    pub inspect: Option<Arc<dyn Inspect>>,
    pub sensors: Option<Arc<dyn Sensors>>,
    pub books: Option<Arc<dyn Books>>,
    pub indicators: Option<Arc<dyn Indicators>>,
    pub nmi: Option<Arc<dyn Nmi>>,
    pub console: Option<Arc<dyn Console>>,
    pub vendor: Option<Arc<dyn VendorPassthru>>,
}

/// One step of a pipeline on one machine.
#[derive(Debug, Clone)]
pub struct StepCall {
    pub machine: Machine,
    pub kind: Kind,
    pub step: Step,
    /// As the last turn left it. On a repeat after a loss it holds only what [`memo::KEPT`] names.
    pub memo: Memo,
    /// Hardware manager versions as the agent told them.
    pub versions: Object,
}

/// A machine of turns (style corner 1).
pub trait StepWork: fmt::Debug + Send + Sync {
    /// Says where the step stands; changes nothing.
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn>;

    /// Makes one change at most; `again` says that it may have been made already.
    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn>;
}
