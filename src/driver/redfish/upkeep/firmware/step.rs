//! New firmware, one image after the other: pushed once, followed while the BMC may be away, booted where that takes it
//! up, and looked at until the machine answers steadily.
//!
//! ```text
//! look  what is asked is good, and here if this host hands it out -> act { image, version, tasks }
//! act   POST of SimpleUpdate                         -> look in a while { sent, task }
//! look  the work failed: failed | under way: again (a BIOS boots for it) | over: reboot, or wait for the BMC
//! look  three answers in a row                       -> the next image | done, versions read anew
//! look  cut in the act: a new task or version: sent | else nobody knows: failed
//! ```

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::base::time::Later;
use crate::driver::boot::BootGround;
use crate::driver::error::DriverError;
use crate::driver::memo::{count, text, with};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::RedfishRack;
use crate::driver::redfish::upkeep::firmware::ask::{Part, Update, images, settings};
use crate::driver::redfish::upkeep::firmware::give::{Given, Giver};
use crate::driver::redfish::upkeep::task::Stand;
use crate::driver::redfish::upkeep::{boots_again, is_silent, wrong};
use crate::driver::{StepCall, StepWork};
use crate::model::part::sheet::{Component, Sheet};
use crate::model::turn::{Failure, FailureKind, LEFT, Memo, Turn};

/// Reads what a step is asked to install.
type Reader = fn(&serde_json::Map<String, Value>) -> Result<Vec<Update>, String>;

/// `update` of the firmware interface and `update_firmware` of the management interface.
#[derive(Debug)]
pub struct FirmwareStep {
    rack: Arc<RedfishRack>,
    read: Reader,
    giver: Giver,
}

impl FirmwareStep {
    /// The step of this name, if there is one.
    pub fn of(name: &str, rack: Arc<RedfishRack>, boot: &BootGround) -> Option<Self> {
        let giver = Giver::new(boot, rack.ground.redfish.firmware_source);
        match name {
            "update" => Some(Self { rack, read: settings, giver }),
            "update_firmware" => Some(Self { rack, read: images, giver }),
            _ => None,
        }
    }

    /// What a person and the lane may hear of a turn.
    async fn told(&self, call: &StepCall, turn: Result<Turn, DriverError>) -> Turn {
        let turn = turn.unwrap_or_else(|error| error.turn());
        let updates = (self.read)(&call.step.args).unwrap_or_default();
        self.giver.told(call, &updates, turn).await
    }

    async fn looked(&self, call: &StepCall) -> Result<Turn, DriverError> {
        let updates = (self.read)(&call.step.args).map_err(wrong)?;
        let server = Server::of(&self.rack, &call.machine.node)?;
        let job = Job { step: self, server: &server, call, updates: &updates };
        let memo = &call.memo;
        let turn = match () {
            () if !memo.contains_key(IMAGE) => return job.begin(0).await,
            () if memo.contains_key(OVER) => job.settle().await,
            () if memo.contains_key(SENT) => job.follow().await,
            () => job.was_it_sent().await,
        };
        match turn {
            // What updates itself may be away for a while; whoever is at it too long is ended by the whole time.
            Err(error) if is_silent(&error) => Ok(job.later(self.pace(), &with(memo, HITS, 0), Some(&error))),
            outcome => outcome,
        }
    }

    async fn acted(&self, call: &StepCall, again: bool) -> Result<Turn, DriverError> {
        let updates = (self.read)(&call.step.args).map_err(wrong)?;
        let server = Server::of(&self.rack, &call.machine.node)?;
        let job = Job { step: self, server: &server, call, updates: &updates };
        if again {
            return job.was_it_sent().await;
        }
        let Some(update) = job.update() else { return Err(wrong("there is no such image any more")) };
        let place = usize::try_from(count(&call.memo, IMAGE)).unwrap_or(usize::MAX);
        let Given::At(url) = self.giver.give(call, place, update).await? else {
            return Err(wrong("the firmware that was brought to this host is gone: ask for the step again"));
        };
        let written = server.push_firmware(&url).await?;
        let memo = with(&call.memo, SENT, true);
        let mut task = server.work_path(&written).await.ok().flatten();
        if let (None, Some(known)) = (&task, tasks(&call.memo)) {
            // Some name no task in their answer, and begin one.
            task = server.new_task(&known).await.ok().flatten();
        }
        let memo = task.map_or_else(|| memo.clone(), |task| with(&memo, TASK, task));
        Ok(job.later(Duration::from_secs(FIRST.into()), &memo, None))
    }

    fn pace(&self) -> Duration {
        self.rack.ground.redfish.firmware_status_interval
    }
}

impl StepWork for FirmwareStep {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(async move { self.told(call, self.looked(call).await).await })
    }

    /// A press: what may have been pushed is looked for, and never pushed again.
    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move { self.told(call, self.acted(call, again).await).await })
    }
}

/// One look at the work.
struct Job<'a> {
    step: &'a FirmwareStep,
    server: &'a Server,
    call: &'a StepCall,
    updates: &'a [Update],
}

impl Job<'_> {
    fn memo(&self) -> &Memo {
        &self.call.memo
    }

    /// The image under way.
    fn update(&self) -> Option<&Update> {
        self.updates.get(usize::try_from(count(self.memo(), IMAGE)).ok()?)
    }

    fn is(&self, part: &Part) -> bool {
        self.update().is_some_and(|update| update.part == *part)
    }

    fn is_nic(&self) -> bool {
        self.update().is_some_and(|update| matches!(update.part, Part::Nic(_)))
    }

    /// The next image, with all that is needed to know later whether it was pushed; or the end.
    async fn begin(&self, image: u64) -> Result<Turn, DriverError> {
        self.server.update_action().await?;
        let parts = self.server.firmware_parts().await?;
        let place = usize::try_from(image).unwrap_or(usize::MAX);
        let Some(update) = self.updates.get(place) else {
            return Ok(Turn::Done(Sheet::Components(parts).told()));
        };
        if image == 0 {
            self.all_there(&parts)?;
            if let Some(turn) = self.bring().await? {
                return Ok(turn);
            }
        }
        let mut memo = with(&Memo::new(), IMAGE, image);
        if let Some(version) = version(&parts, &update.part) {
            memo = with(&memo, VERSION, version);
        }
        if let Some(tasks) = self.server.task_ids().await? {
            memo = with(&memo, TASKS, tasks);
        }
        memo.insert(SPENT.to_owned(), count(self.memo(), SPENT).into());
        Ok(Turn::Act { memo })
    }

    /// All images that this host hands out are here before the first is pushed; a turn if that takes time.
    async fn bring(&self) -> Result<Option<Turn>, DriverError> {
        let mut waits = false;
        for (place, update) in self.updates.iter().enumerate() {
            waits |= matches!(self.step.giver.give(self.call, place, update).await?, Given::Wait(_));
        }
        Ok(waits.then(|| self.later(Duration::from_secs(BRINGING.into()), self.memo(), None)))
    }

    fn all_there(&self, parts: &[Component]) -> Result<(), DriverError> {
        let is_known = |part: &Part| matches!(part, Part::Image) || version(parts, part).is_some();
        match self.updates.iter().find(|update| !is_known(&update.part)) {
            Some(update) => {
                let known: Vec<&str> = parts.iter().map(|part| part.component.as_str()).collect();
                Err(wrong(format!(
                    "the machine has no component {}; it has {}",
                    update.part.name(),
                    known.join(", ")
                )))
            }
            None => Ok(()),
        }
    }

    /// It may have been pushed, or not.
    async fn was_it_sent(&self) -> Result<Turn, DriverError> {
        let memo = self.memo();
        if let Some(known) = &tasks(memo)
            && let Some(task) = self.server.new_task(known).await?
        {
            let memo = with(&with(memo, SENT, true), TASK, task);
            return Ok(self.later(Duration::from_secs(FIRST.into()), &memo, None));
        }
        if self.has_changed().await? {
            return self.over(&with(memo, SENT, true)).await;
        }
        let looks = count(memo, LOOKS) + 1;
        if looks <= UNSURE {
            return Ok(self.later(Duration::from_secs(PAUSE.into()), &with(memo, LOOKS, looks), None));
        }
        let name = self.update().map_or("", |update| update.part.name());
        Ok(Turn::Failed(Failure::new(
            FailureKind::Unknown,
            format!(
                "it is not known whether the BMC was given the firmware for {name}, and it is not given twice: look at \
                 its version and at the BMC's tasks, then ask for the step again"
            ),
        )))
    }

    /// Whether the part has another version than before.
    async fn has_changed(&self) -> Result<bool, DriverError> {
        let Some(update) = self.update() else { return Ok(false) };
        let parts = self.server.firmware_parts().await?;
        let now = version(&parts, &update.part);
        Ok(now.is_some()
            && text(self.memo(), VERSION).is_some()
            && now.as_deref() != text(self.memo(), VERSION))
    }

    /// The BMC works on it.
    async fn follow(&self) -> Result<Turn, DriverError> {
        let memo = self.memo();
        let Some(task) = text(memo, TASK) else { return self.over(memo).await };
        match self.server.work_stands(task).await? {
            Stand::Failed(why) => {
                let (node, url) =
                    (self.call.machine.node.label(), self.update().map_or("", |update| update.url.as_str()));
                Ok(Turn::failed(format!(
                    "Firmware update failed for node {node}, firmware {}. Error: {why}",
                    shown(url)
                )))
            }
            Stand::Running(state) => Ok(self.running(state.as_deref().unwrap_or_default())),
            // Handed out, and not there yet.
            Stand::Gone if count(memo, LOOKS) == 0 => {
                Ok(self.later(Duration::from_secs(PAUSE.into()), &with(memo, LOOKS, 1), None))
            }
            Stand::Done | Stand::Gone => self.over(memo).await,
        }
    }

    /// A BIOS, and a NIC that does not get on, wait for a boot.
    fn running(&self, state: &str) -> Turn {
        let memo = with(self.memo(), LOOKS, count(self.memo(), LOOKS) + 1);
        let is_booted = memo.contains_key(BOOTED);
        // While it is running the image is being written: nobody reboots a machine then.
        let is_staged = matches!(state, "Starting" | "Pending");
        let nic_wait = self.step.rack.ground.redfish.firmware_nic_starting_wait;
        let is_stuck = state == "Starting" && count(&memo, LOOKS) > 1;
        if !is_booted && ((self.is(&Part::Bios) && is_staged) || (self.is_nic() && is_stuck)) {
            return self.reboot(&memo);
        }
        let after = if self.is_nic() && state == "Starting" { nic_wait } else { self.step.pace() };
        self.later(after, &memo, None)
    }

    fn reboot(&self, memo: &Memo) -> Turn {
        Turn::Reboot { into: boots_again(self.call), memo: with(memo, BOOTED, true) }
    }

    /// The work is over: the wait that was asked for, then the boot that takes it up.
    async fn over(&self, memo: &Memo) -> Result<Turn, DriverError> {
        let Some(update) = self.update() else { return self.begin(count(memo, IMAGE) + 1).await };
        if let Some(wait) = update.wait.filter(|_| !memo.contains_key(WAITED)) {
            return Ok(self.later(Duration::from_secs(wait.into()), &with(memo, WAITED, true), None));
        }
        let memo = with(&with(memo, OVER, true), SINCE, count(memo, SPENT));
        if update.part != Part::Bmc && !memo.contains_key(BOOTED) {
            return Ok(self.reboot(&memo));
        }
        Ok(Turn::LookIn { after: 0, memo })
    }

    /// Whether the machine answers steadily, and a BMC has its new version or has had time for it.
    async fn settle(&self) -> Result<Turn, DriverError> {
        let ground = &self.step.rack.ground.redfish;
        let memo = self.memo();
        let since = Duration::from_secs(count(memo, SPENT).saturating_sub(count(memo, SINCE)));
        if self.is(&Part::Bmc) && !memo.contains_key(SETTLED) {
            let is_new = self.has_changed().await?;
            if !is_new && since < ground.firmware_bmc_timeout {
                return Ok(self.later(ground.firmware_version_check_interval, memo, None));
            }
            let memo = with(&with(memo, SETTLED, true), SINCE, count(memo, SPENT));
            let more = count(&memo, IMAGE) + 1 < u64::try_from(self.updates.len()).unwrap_or(u64::MAX);
            // What comes next meets a machine that has booted with its new controller.
            return Ok(if more && !memo.contains_key(BOOTED) {
                self.reboot(&memo)
            } else {
                Turn::LookIn { after: 0, memo }
            });
        }
        let (wanted, pause, limit) = ground.firmware_validation;
        self.server.firmware_parts().await?;
        let hits = count(memo, HITS) + 1;
        if hits >= u64::from(wanted) {
            return self.begin(count(memo, IMAGE) + 1).await;
        }
        if since > limit.max(pause.saturating_mul(wanted)) {
            return Ok(Turn::failed(format!(
                "the machine did not answer {wanted} times in a row within {limit:?} of the update"
            )));
        }
        Ok(self.later(pause, &with(memo, HITS, hits), None))
    }

    /// Another look, unless the whole time is over.
    fn later(&self, after: Duration, memo: &Memo, silence: Option<&DriverError>) -> Turn {
        let after = u32::try_from(after.as_secs()).unwrap_or(u32::MAX).max(1);
        let spent = count(memo, SPENT) + u64::from(after);
        let limit = self.step.rack.ground.redfish.firmware_overall_timeout;
        if limit.is_some_and(|limit| spent > limit.as_secs()) {
            let last = silence.map_or_else(String::new, |error| format!("; last: {error}"));
            let name = self.update().map_or("", |update| update.part.name());
            return Turn::failed(format!(
                "the update of {name} has not ended after {} s ([redfish] firmware_update_overall_timeout){last}",
                limit.unwrap_or_default().as_secs()
            ));
        }
        let mut memo = with(memo, SPENT, spent);
        if let Some(limit) = limit {
            let left = limit.as_secs().saturating_sub(spent) + u64::from(after);
            memo.insert(LEFT.to_owned(), left.into());
        }
        Turn::LookIn { after, memo }
    }
}

/// The tasks before the push, where they were listed.
fn tasks(memo: &Memo) -> Option<Vec<String>> {
    memo.get(TASKS).and_then(|tasks| serde_json::from_value(tasks.clone()).ok())
}

fn version(parts: &[Component], part: &Part) -> Option<String> {
    parts.iter().find(|one| one.component == part.name()).and_then(|one| one.current_version.clone())
}

/// A URL without what may be secret.
fn shown(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return String::new() };
    url.set_query(None);
    url.set_username("").ok();
    url.set_password(None).ok();
    url.to_string()
}

/// Fields of the memo: which image; the version and the tasks before it; it was pushed; its task; the machine has booted
/// for it; its wait is over; its work is over, since how many of the seconds spent; the BMC is back; answers in a row.
const IMAGE: &str = "image";
const VERSION: &str = "version";
const TASKS: &str = "tasks";
const SENT: &str = "sent";
const TASK: &str = "task";
const BOOTED: &str = "booted";
const WAITED: &str = "waited";
const OVER: &str = "over";
const SINCE: &str = "since";
const SETTLED: &str = "settled";
const HITS: &str = "hits";
const LOOKS: &str = "looks";
const SPENT: &str = "spent";
/// Seconds before the first look at the work.
const FIRST: u32 = 5;
const PAUSE: u32 = 30;
/// Between two looks at files that are being brought.
const BRINGING: u32 = 5;
/// Looks for traces of what may have been pushed.
const UNSURE: u64 = 4;
