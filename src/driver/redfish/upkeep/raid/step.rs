//! Volumes made and deleted, one at a time: each is looked for before and after, so that none is made twice.
//!
//! ```text
//! look  next deletion or creation                -> act { at, before, tasks }
//! act   DELETE | POST                            -> reboot, or look in a while { sent, task }
//! look  the work failed: failed | there (gone): next | not yet: again
//! look  cut in the act: there, or a new task: sent | a boot later still nothing: act
//! ```

use std::sync::Arc;

use serde_json::Value;

use crate::base::time::Later;
use crate::driver::error::DriverError;
use crate::driver::memo::{count, text, with};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::write::Written;
use crate::driver::redfish::upkeep::raid::place::{Placed, Wish, place, wishes};
use crate::driver::redfish::upkeep::raid::{Applies, Array, Shelf};
use crate::driver::redfish::upkeep::task::Stand;
use crate::driver::redfish::upkeep::{LOOKS, boots_again, flag, look_again, wrong};
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::turn::{Memo, Turn};
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::send;

/// `create_configuration`, `apply_configuration` and `delete_configuration` of the RAID interface.
#[derive(Debug)]
pub struct RaidStep {
    what: What,
    rack: Arc<RedfishRack>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// What the node's `target_raid_config` says.
    Create,
    /// What the argument `raid_config` says.
    Apply,
    Delete,
}

/// What is to be done next.
enum Next<'a> {
    Delete { keeper: &'a Shelf, path: &'a str },
    Create { keeper: &'a Shelf, placed: Box<Placed> },
    Nothing,
}

impl RaidStep {
    /// The step of this name, if there is one.
    pub fn of(name: &str, rack: Arc<RedfishRack>) -> Option<Self> {
        let what = match name {
            "create_configuration" => What::Create,
            "apply_configuration" => What::Apply,
            "delete_configuration" => What::Delete,
            _ => return None,
        };
        Some(Self { what, rack })
    }

    async fn looked(&self, call: &StepCall) -> Result<Turn, DriverError> {
        let server = Server::of(&self.rack, &call.machine.node)?;
        let wished = self.wishes(call)?;
        if call.memo.contains_key(SENT) {
            return self.follow(&server, call, &wished).await;
        }
        if call.memo.contains_key(AT) {
            return self.was_it_sent(&server, call, &wished).await;
        }
        self.begin(&server, call, &wished, call.memo.clone()).await
    }

    /// What the step wants to be there in the end.
    fn wishes(&self, call: &StepCall) -> Result<Vec<Wish>, DriverError> {
        let config = match self.what {
            What::Delete => return Ok(Vec::new()),
            What::Create if call.machine.node.target_raid_config.is_empty() => {
                return Err(wrong(
                    "the node has no target_raid_config: set one, then ask for the step again",
                ));
            }
            What::Create => call.machine.node.target_raid_config.clone(),
            What::Apply => match call.step.args.get("raid_config") {
                Some(Value::Object(config)) => config.clone(),
                Some(_) | None => return Err(wrong("raid_config must be an object with logical_disks")),
            },
        };
        let root = flag(call, "create_root_volume", true)?;
        let others = flag(call, "create_nonroot_volumes", true)?;
        let wishes = wishes(&config, root, others).map_err(wrong)?;
        if wishes.is_empty() {
            return Err(wrong(
                "no logical disk is left to be made: look at create_root_volume and create_nonroot_volumes",
            ));
        }
        Ok(wishes)
    }

    fn deletes(&self, call: &StepCall) -> Result<bool, DriverError> {
        Ok(self.what == What::Delete || flag(call, "delete_existing", false)?)
    }

    /// What comes next, by what is there now.
    fn next<'a>(
        &self,
        call: &StepCall,
        memo: &Memo,
        array: &'a Array,
        wished: &[Wish],
    ) -> Result<Next<'a>, DriverError> {
        let made = usize::try_from(count(memo, MADE)).unwrap_or(usize::MAX);
        if made == 0
            && self.deletes(call)?
            && let Some((keeper, kept)) = array.raids().next()
        {
            return Ok(Next::Delete { keeper, path: &kept.path });
        }
        let Some(rest) = wished.get(made..).filter(|rest| !rest.is_empty()) else { return Ok(Next::Nothing) };
        let placed = place(rest, &array.disks, &array.names()).map_err(wrong)?;
        let Some(first) = placed.into_iter().next() else { return Ok(Next::Nothing) };
        let keeper = array.shelves.get(first.storage).ok_or_else(|| wrong("the controller is gone"))?;
        Ok(Next::Create { keeper, placed: Box::new(first) })
    }

    /// The next change, with all that is needed to know later whether it was made.
    async fn begin(
        &self,
        server: &Server,
        call: &StepCall,
        wished: &[Wish],
        memo: Memo,
    ) -> Result<Turn, DriverError> {
        let array = server.array().await?;
        if array.shelves.is_empty() {
            return Err(wrong(format!("{} has no controller that makes volumes", server.talk.who())));
        }
        // Before the first deletion it is known that what comes after it can be.
        if !wished.is_empty() && count(&memo, MADE) == 0 && self.deletes(call)? {
            let empty = array.disks.iter().cloned().map(|mut disk| {
                disk.free = disk.bytes;
                disk
            });
            place(wished, &empty.collect::<Vec<_>>(), &array.names()).map_err(wrong)?;
        }
        let (keeper, gone) = match self.next(call, &memo, &array, wished)? {
            Next::Nothing => return Ok(self.done(&array)),
            Next::Delete { keeper, path } => (keeper, Some(path)),
            Next::Create { keeper, .. } => (keeper, None),
        };
        let mut memo = with(&only(&memo, &[MADE]), AT, keeper.volumes_path.as_str());
        if let Some(path) = gone {
            memo = with(&memo, GONE, path);
        } else {
            let before: Vec<Value> = keeper.volumes.iter().map(|kept| short(&kept.path).into()).collect();
            memo = with(&memo, BEFORE, before);
        }
        if let Some(tasks) = server.task_ids().await? {
            memo = with(&memo, TASKS, tasks);
        }
        Ok(Turn::Act { memo })
    }

    fn done(&self, array: &Array) -> Turn {
        match self.what {
            What::Delete => Turn::done(),
            What::Create | What::Apply => {
                Turn::Done(Object::from_iter([("raid_config".to_owned(), Value::Object(array.config()))]))
            }
        }
    }

    async fn acted(&self, call: &StepCall, again: bool) -> Result<Turn, DriverError> {
        let server = Server::of(&self.rack, &call.machine.node)?;
        let wished = self.wishes(call)?;
        if again {
            return self.was_it_sent(&server, call, &wished).await;
        }
        let array = server.array().await?;
        match self.next(call, &call.memo, &array, &wished)? {
            Next::Nothing => Ok(self.done(&array)),
            Next::Delete { keeper, path } => match delete(&server, keeper, path).await {
                Ok(written) => sent(&server, call, keeper.applies, &written).await,
                Err(error) if error.fault().is_some_and(|fault| matches!(fault.status, 404 | 410)) => {
                    Ok(Turn::LookIn { after: 0, memo: with(&call.memo, SENT, true) })
                }
                Err(error) => Err(error.into()),
            },
            Next::Create { keeper, placed } => {
                let body = send::volume(&send::Volume {
                    raid_type: placed.wish.level.word,
                    bytes: placed.wish.bytes,
                    drives: placed.drives.clone(),
                    name: placed.wish.name.clone(),
                    apply_time: keeper.applies.word(),
                });
                let written = server.talk.post_once(&keeper.volumes_path, Some(&body)).await?;
                sent(&server, call, keeper.applies, &written).await
            }
        }
    }

    /// The change may have been sent, or not: what it brings about is looked for.
    async fn was_it_sent(
        &self,
        server: &Server,
        call: &StepCall,
        wished: &[Wish],
    ) -> Result<Turn, DriverError> {
        let memo = &call.memo;
        let array = server.array().await?;
        let Some(keeper) = shelf_of(&array, memo) else {
            return Ok(look_again(memo, PAUSE, LONGEST, || {
                "the controller is not there any more".to_owned()
            }));
        };
        if is_there(keeper, memo) {
            return self.advance(server, call, wished).await;
        }
        let known: Vec<String> =
            memo.get(TASKS).and_then(|tasks| serde_json::from_value(tasks.clone()).ok()).unwrap_or_default();
        if memo.contains_key(TASKS)
            && let Some(task) = server.new_task(&known).await?
        {
            let memo = with(&with(memo, SENT, true), TASK, task);
            return Ok(under_way(call, keeper.applies, memo));
        }
        // What waits for a boot and left no task shows itself after one.
        if keeper.applies != Applies::Now && !memo.contains_key(BOOTED) {
            return Ok(Turn::Reboot { into: boots_again(call), memo: with(memo, BOOTED, true) });
        }
        if count(memo, LOOKS) < UNSURE {
            return Ok(look_again(memo, PAUSE, LONGEST, String::new));
        }
        self.begin(server, call, wished, only(memo, &[MADE])).await
    }

    /// The change was sent: whether it has come about.
    async fn follow(&self, server: &Server, call: &StepCall, wished: &[Wish]) -> Result<Turn, DriverError> {
        let memo = &call.memo;
        let mut state = None;
        if let Some(path) = text(memo, TASK) {
            match server.work_stands(path).await? {
                Stand::Failed(why) => {
                    return Ok(Turn::failed(format!("{} failed: {why}", doing(memo))));
                }
                Stand::Running(told) => state = told,
                Stand::Done | Stand::Gone => {}
            }
        }
        let array = server.array().await?;
        let is_over = state.is_none();
        if is_over && shelf_of(&array, memo).is_some_and(|keeper| is_there(keeper, memo)) {
            return self.advance(server, call, wished).await;
        }
        let pace = self.rack.ground.redfish.raid_status_interval;
        let after = if is_over { PAUSE } else { u32::try_from(pace.as_secs()).unwrap_or(u32::MAX) };
        Ok(look_again(memo, after.max(1), LONGEST, || {
            let state = state.map_or_else(String::new, |state| format!(" (its task is {state})"));
            format!("{} was accepted, and is not seen after {LONGEST} looks{state}", doing(memo))
        }))
    }

    /// One change is over: the next.
    async fn advance(&self, server: &Server, call: &StepCall, wished: &[Wish]) -> Result<Turn, DriverError> {
        let is_deletion = call.memo.contains_key(GONE);
        let made = count(&call.memo, MADE) + u64::from(!is_deletion);
        self.begin(server, call, wished, with(&Memo::new(), MADE, made)).await
    }
}

impl StepWork for RaidStep {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move { self.looked(call).await.unwrap_or_else(|error| error.turn()) })
    }

    /// A press: what may have been sent is looked for, and never sent blindly.
    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move { self.acted(call, again).await.unwrap_or_else(|error| error.turn()) })
    }
}

/// The BMC has taken the change.
async fn sent(
    server: &Server,
    call: &StepCall,
    applies: Applies,
    written: &Written,
) -> Result<Turn, DriverError> {
    let mut memo = with(&call.memo, SENT, true);
    let task = server.work_path(written).await.ok().flatten();
    if let Some(task) = task.filter(|_| written.status == 202) {
        memo = with(&memo, TASK, task);
    } else if applies != Applies::AtBoot {
        // Done with the answer.
        return Ok(Turn::LookIn { after: 0, memo });
    }
    Ok(under_way(call, applies, memo))
}

/// What was begun goes on by itself, or at a boot.
fn under_way(call: &StepCall, applies: Applies, memo: Memo) -> Turn {
    match applies {
        Applies::Now => Turn::LookIn { after: PAUSE, memo },
        Applies::AtBoot | Applies::Untold => Turn::Reboot { into: boots_again(call), memo },
    }
}

/// Deletes a volume; once more without a word on the time, where that is not understood.
async fn delete(server: &Server, keeper: &Shelf, path: &str) -> Result<Written, RedfishError> {
    let body = keeper.applies.word().map(send::apply_time);
    match server.talk.delete_with(path, body.as_ref()).await {
        Err(error) if body.is_some() && error.fault().is_some_and(dislikes_time) => {
            server.talk.delete(path).await
        }
        outcome => outcome,
    }
}

fn dislikes_time(fault: &Fault) -> bool {
    fault.says("operationapplytime") || fault.says("sys029")
}

/// The controller that the memo is about.
fn shelf_of<'a>(array: &'a Array, memo: &Memo) -> Option<&'a Shelf> {
    let path = text(memo, AT)?;
    array.shelves.iter().find(|keeper| keeper.volumes_path == path)
}

/// Whether the change of the memo has come about.
fn is_there(keeper: &Shelf, memo: &Memo) -> bool {
    if let Some(gone) = text(memo, GONE) {
        return !keeper.volumes.iter().any(|kept| kept.path == gone);
    }
    let before: Vec<&str> =
        memo.get(BEFORE).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    keeper.volumes.iter().any(|kept| kept.is_raid() && !before.contains(&short(&kept.path)))
}

/// The last part of a path, which tells volumes of one controller apart.
fn short(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The memo with these fields alone.
fn only(memo: &Memo, fields: &[&str]) -> Memo {
    let mut memo = memo.clone();
    memo.retain(|name, _| fields.contains(&name.as_str()));
    memo
}

fn doing(memo: &Memo) -> String {
    match text(memo, GONE) {
        Some(path) => format!("the deletion of volume {path}"),
        None => format!("volume {} of those that were asked for", count(memo, MADE) + 1),
    }
}

/// Fields of the memo: volumes made so far; the collection that is changed; the volumes and tasks before the change; the
/// volume that goes; the change was sent; its task; the machine has booted since.
const MADE: &str = "made";
const AT: &str = "at";
const BEFORE: &str = "before";
const TASKS: &str = "tasks";
const GONE: &str = "gone";
const SENT: &str = "sent";
const TASK: &str = "task";
const BOOTED: &str = "booted";
/// Seconds between two looks at what should be there.
const PAUSE: u32 = 15;
/// Looks before a change counts as lost: an hour at the usual pace of a task.
const LONGEST: u64 = 60;
/// Looks before what may have been sent counts as not sent.
const UNSURE: u64 = 4;
