//! Steps that take reboots and time, turn by turn, with the daemon cut anywhere.

mod bios;
mod firmware;
mod raid;

use serde_json::Value;

use crate::driver::redfish::tests::world::Rig;
use crate::driver::{StepCall, StepWork};
use crate::model::interface::Interface;
use crate::model::step::Kind;
use crate::model::turn::Turn;

/// What befalls the daemon at each act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Never,
    /// It is cut before the act reached the BMC, and acts again.
    Before,
    /// It is cut after the act reached the BMC, before it was told.
    After,
    /// The answer is lost on the way: the step is looked at.
    Lost,
}

const CUTS: [Cut; 4] = [Cut::Never, Cut::Before, Cut::After, Cut::Lost];

/// How a step went.
#[derive(Debug)]
struct Played {
    turn: Turn,
    looks: u32,
    reboots: u32,
    /// Seconds that it waited.
    waited: u64,
}

impl Played {
    fn failure(&self) -> &str {
        let Turn::Failed(failure) = &self.turn else { panic!("it did not fail: {:?}", self.turn) };
        &failure.why
    }
}

/// A call of a step of this interface.
fn call(rig: &Rig, interface: Interface, name: &str, kind: Kind, args: &Value) -> StepCall {
    let mut call = rig.step(name, kind, args);
    call.step.interface = interface;
    call
}

/// Goes on as the pipeline does, until the step has ended; `boot` is what the machine does when it boots.
async fn play(work: &dyn StepWork, mut call: StepCall, cut: Cut, mut boot: impl FnMut()) -> Played {
    let mut played = Played { turn: work.look(&call).await, looks: 1, reboots: 0, waited: 0 };
    let mut acts = 0;
    loop {
        assert!(played.looks < 2000, "it never ends: {played:?}");
        played.turn = match played.turn {
            Turn::Act { memo } => {
                assert!(serde_json::to_vec(&memo).unwrap().len() < 4096);
                call.memo = memo;
                // What befalls it once does not befall it each time.
                let is_once = acts % 2 == 1 && matches!(cut, Cut::Before | Cut::Lost);
                let cut = if is_once { Cut::Never } else { cut };
                acts += 1;
                match cut {
                    Cut::Never => work.act(&call, false).await,
                    Cut::Before => work.act(&call, true).await,
                    Cut::After => {
                        work.act(&call, false).await;
                        work.act(&call, true).await
                    }
                    Cut::Lost => {
                        work.act(&call, false).await;
                        played.looks += 1;
                        work.look(&call).await
                    }
                }
            }
            Turn::LookIn { memo, after } => {
                call.memo = memo;
                played.looks += 1;
                played.waited += u64::from(after);
                work.look(&call).await
            }
            Turn::Reboot { memo, .. } => {
                call.memo = memo;
                played.reboots += 1;
                boot();
                played.looks += 1;
                work.look(&call).await
            }
            Turn::Done(_) | Turn::Failed(_) | Turn::Agent { .. } | Turn::Hold => return played,
        };
    }
}
