//! A site's own steps in Rust: one function and one row of [`STEPS`] each.
//!
//! A step is a machine of turns. Its function is called with [`Phase::Look`] first, and changes nothing then; it says
//! [`Turn::Done`] where there is nothing to do, or [`Turn::Act`], which is committed before the function is called with
//! [`Phase::Act`]. That call makes one change at most. The row says which implementation of an interface has the step,
//! in which kind of work, with which priority and arguments, and what a second run means. That is all: plans, `validate`,
//! templates, runbooks, the check of arguments and restarts go by the row.
//!
//! [`asset_tag`] is a step to begin from. It looks at a property that the site wants before a server is handed over:
//!
//! ```
//! use ferric::driver::own_step::{OwnCall, Phase};
//! use ferric::model::turn::Turn;
//!
//! async fn asset_tag(ask: &OwnCall<'_>, phase: Phase) -> Turn {
//!     let properties = &ask.step.machine.node.wished.properties;
//!     let tag = properties.get("asset_tag").and_then(|tag| tag.as_str()).unwrap_or_default();
//!     match phase {
//!         Phase::Look if tag.starts_with("DC") => Turn::done(),
//!         Phase::Look | Phase::Act { .. } => Turn::failed(format!("asset_tag {tag:?} does not begin with DC")),
//!     }
//! }
//! ```

use crate::base::time::Later;
use crate::driver::table::{self, Row};
use crate::driver::{Hardware, StepCall, StepWork};
use crate::model::catalog::StepSpec;
use crate::model::interface::Interface;
use crate::model::node::Node;
use crate::model::step::{By, Kind, Step};
use crate::model::turn::Turn;

/// What a step of the site is asked.
#[derive(Debug)]
pub struct OwnCall<'a> {
    /// The machine with its node and ports, the kind of work, the step with its arguments, the memo.
    pub step: &'a StepCall,
    /// What can be done to the machine out of band; what it lacks is `None`.
    pub hardware: &'a Hardware,
}

/// Which half of a turn is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Where does the step stand? Changes nothing.
    Look,
    /// Make one change at most; `again` says that it may have been made already.
    Act { again: bool },
}

/// The work of a step.
pub type Work = for<'a> fn(&'a OwnCall<'a>, Phase) -> Later<'a, Turn>;

/// One step of the site.
#[derive(Debug, Clone, Copy)]
pub struct OwnStep {
    pub interface: Interface,
    /// The implementation that has it, by name.
    pub of: &'static str,
    pub spec: &'static StepSpec,
    pub work: Work,
}

/// Every step of the site.
pub const STEPS: &[OwnStep] = &[OwnStep {
    interface: Interface::Management,
    of: "fake",
    spec: &table::out_of_band(Kind::Clean, "asset_tag", 0),
    work: |ask, phase| Box::pin(asset_tag(ask, phase)),
}];

/// Whether the node bears the tag that this site glues on its servers.
#[expect(clippy::unused_async, reason = "others ask somebody")]
async fn asset_tag(ask: &OwnCall<'_>, phase: Phase) -> Turn {
    let properties = &ask.step.machine.node.wished.properties;
    let tag = properties.get("asset_tag").and_then(|tag| tag.as_str()).unwrap_or_default();
    match phase {
        Phase::Look if tag.starts_with("DC") => Turn::done(),
        Phase::Look | Phase::Act { .. } => Turn::failed(format!(
            "asset_tag {tag:?} does not begin with DC: set it by node set --property asset_tag=DC..."
        )),
    }
}

/// The steps that the site adds to this implementation.
pub fn declared(row: &Row) -> impl Iterator<Item = &'static StepSpec> {
    let (interface, name) = (row.interface, row.name);
    STEPS.iter().filter(move |own| own.interface == interface && own.of == name).map(|own| own.spec)
}

/// The site's own step that this is on this node, if it is one.
pub fn of(step: &Step, node: &Node) -> Option<&'static OwnStep> {
    let name = node.wished.interfaces.of(step.interface);
    STEPS.iter().find(|own| step.by == By::Driver && own.of == name && step.is(own.interface, own.spec.step))
}

/// The work of a step of the site, on one machine.
#[derive(Debug)]
pub struct OwnWork {
    own: &'static OwnStep,
    hardware: Hardware,
}

impl OwnWork {
    pub fn new(own: &'static OwnStep, hardware: Hardware) -> Self {
        Self { own, hardware }
    }

    async fn turn(&self, step: &StepCall, phase: Phase) -> Turn {
        let ask = OwnCall { step, hardware: &self.hardware };
        (self.own.work)(&ask, phase).await
    }
}

impl StepWork for OwnWork {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(self.turn(call, Phase::Look))
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(self.turn(call, Phase::Act { again }))
    }
}
