//! Out-of-band work that takes reboots and time: settings of the firmware, volumes, new firmware. Each is a machine of
//! turns that looks before it acts, so that a cut costs nothing and a press is never made twice.
//!
//! - `bios`      the settings and their registry, read     - `bios_step`  apply, factory reset
//! - `firmware`  parts that bear one, and new ones
//! - `raid`      controllers, drives, volumes              - `task`       work of the BMC, followed from look to look

use serde_json::Value;

use crate::driver::StepCall;
use crate::driver::error::DriverError;
use crate::driver::memo::{count, with};
use crate::driver::redfish::talk::error::RedfishError;
use crate::model::boot::Boots;
use crate::model::run::Run;
use crate::model::step::{By, Core};
use crate::model::turn::{LEFT, Memo, Turn};

pub mod bios;
pub mod bios_step;
pub mod firmware;
pub mod raid;
pub mod task;

/// What the machine boots after a reboot that a step needs: the ramdisk where the run works in one, else what it booted
/// before.
pub fn boots_again(call: &StepCall) -> Boots {
    let node = &call.machine.node;
    let past = |run: &Run| {
        let done = run.plan.iter().take(run.cursor);
        let boots = |by: By| matches!(by, By::Core(Core::BootAgent));
        done.rev().find(|step| boots(step.by) || step.step == TEAR_DOWN).is_some_and(|step| boots(step.by))
    };
    match node.boots {
        _ if node.run.as_ref().is_some_and(past) => Boots::Ramdisk,
        Boots::Ramdisk | Boots::Installer => Boots::Nothing,
        before @ (Boots::Nothing | Boots::Disk | Boots::Instance) => before,
    }
}

/// Another look in so many seconds; after so many of them the step has failed with these words.
pub fn look_again(memo: &Memo, after: u32, most: u64, late: impl FnOnce() -> String) -> Turn {
    let looks = count(memo, LOOKS) + 1;
    if looks > most {
        return Turn::failed(late());
    }
    let left = (most - looks + 1).saturating_mul(after.into());
    Turn::LookIn { after, memo: with(&with(memo, LOOKS, looks), LEFT, left) }
}

/// Whether nobody answered, which a machine under work may do for a while.
pub fn is_silent(error: &DriverError) -> bool {
    matches!(error, DriverError::Silent { .. } | DriverError::Unseen { .. }) || error.is_untried()
}

/// What is wrong with the step's arguments.
pub fn wrong(why: impl Into<String>) -> DriverError {
    RedfishError::Invalid(why.into()).into()
}

/// An argument that is true or false.
pub fn flag(call: &StepCall, name: &str, default: bool) -> Result<bool, DriverError> {
    match call.step.args.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(Value::String(word)) if word.eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(word)) if word.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(wrong(format!("{name} must be true or false"))),
    }
}

/// Field of the memo: looks since the last change.
pub const LOOKS: &str = "looks";
/// The step after which no ramdisk runs.
const TEAR_DOWN: &str = "tear_down_agent";
