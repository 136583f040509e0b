//! Work that goes on after the answer (202): asked after until it has ended or the time is over.
//!
//! ```text
//!   202 ─▶ pause (Retry-After) ─▶ GET monitor ─▶ 202 or a running state: again
//!                                    │ 404 at first: not yet     404 later: ended, the task is gone
//!                                    '─▶ a final state or any other answer: ended, well or badly
//! ```

use std::time::Duration;

use serde_json::Value;

use crate::base::time::{Tick, sleep};
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::write::Written;
use crate::driver::redfish::talk::{Answered, Ask};
use crate::wire::redfish::lenient::View;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::quirk::Quirks;
use crate::wire::redfish::task::{Progress, Watch, retry_after};
use crate::wire::redfish::view::service::task::Task;

/// What one look at the work told.
enum Told {
    Running {
        pause: Option<Duration>,
    },
    Done,
    Failed(String),
    /// It is not there.
    Absent,
}

impl Server {
    /// Waits until the work that a write began has ended, at the longest until `until`; what was answered then, in
    /// words. An answer other than 202 began none. Work that failed is an error; work that goes on is not: whoever
    /// looks at the machine decides.
    pub async fn await_work(
        &self,
        written: &Written,
        quirks: &Quirks,
        until: Tick,
    ) -> Result<String, RedfishError> {
        let watch = Watch::of(written.location.as_deref(), &written.body);
        let Some(link) = watched(&watch, quirks).filter(|_| written.status == 202) else {
            return Ok(written.text());
        };
        let path = self.talk.path(link)?;
        let (began, mut was_there, mut pause) = (self.talk.clock().tick(), false, written.retry_after);
        loop {
            let now = self.talk.clock().tick();
            if now >= until {
                return Ok(format!("{}, and {path} still runs", written.text()));
            }
            let rest = until.since(now);
            sleep(&**self.talk.clock(), pause.unwrap_or(PAUSE).clamp(PAUSE, LONGEST).min(rest)).await;
            let told = match self.talk.call(&Ask::get(path.as_str())).await {
                Ok(answer) => self.told(&path, &answer),
                Err(error) => absent_or_again(error)?,
            };
            let is_young = self.talk.clock().tick().since(began) < NOT_YET;
            match told {
                Told::Done => return Ok(format!("{}, and {path} completed", written.text())),
                Told::Failed(why) => {
                    return Err(RedfishError::WorkFailed { place: written.place.clone(), why });
                }
                Told::Absent if was_there || !is_young => return self.purged(written, &watch, quirks).await,
                Told::Absent => pause = None,
                Told::Running { pause: told } => (was_there, pause) = (true, told),
            }
        }
    }

    /// The same by one look, for those who have looked at the machine long enough.
    pub async fn work_so_far(&self, written: &Written, quirks: &Quirks) -> Result<String, RedfishError> {
        let watch = Watch::of(written.location.as_deref(), &written.body);
        let Some(link) = watched(&watch, quirks).filter(|_| written.status == 202) else {
            return Ok(written.text());
        };
        let path = self.talk.path(link)?;
        let told = match self.talk.call(&Ask::get(path.as_str())).await {
            Ok(answer) => self.told(&path, &answer),
            Err(error) => absent_or_again(error)?,
        };
        match told {
            Told::Running { .. } => Ok(format!("{}, and {path} still runs", written.text())),
            Told::Done => Ok(format!("{}, and {path} completed", written.text())),
            Told::Failed(why) => Err(RedfishError::WorkFailed { place: written.place.clone(), why }),
            Told::Absent => self.purged(written, &watch, quirks).await,
        }
    }

    /// The state in the body is believed as well as the status.
    fn told(&self, path: &str, answer: &Answered) -> Told {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let task = Task::read(&body);
        let pause = || {
            let header = answer.headers.get("retry-after");
            header.and_then(|text| retry_after(text, self.talk.clock().wall()))
        };
        match (task.progress(), task.is_task()) {
            (Progress::Failed, _) => Told::Failed(reasons(path, &task)),
            (Progress::Running, is_task) if is_task || answer.status == 202 => {
                Told::Running { pause: pause() }
            }
            (Progress::Running | Progress::Done, _) => Told::Done,
        }
    }

    /// A task that is gone has ended; where its job stays, that tells how.
    async fn purged(
        &self,
        written: &Written,
        watch: &Watch,
        quirks: &Quirks,
    ) -> Result<String, RedfishError> {
        let gone = Ok(format!("{}, and its task is gone", written.text()));
        let Some(job) = watch.job.as_deref().filter(|_| quirks.job_outlives_task()) else { return gone };
        let system = self.system().await?;
        for manager in self.managers(&system.view).await? {
            let path = format!("{}/Oem/Dell/Jobs/{job}", manager.path.trim_end_matches('/'));
            let Some(found) = self.talk.maybe(Some(&Link::new(path.as_str()))).await? else { continue };
            let task: Task = found.view();
            if task.progress() == Progress::Failed {
                let (place, why) = (written.place.clone(), reasons(&path, &task));
                return Err(RedfishError::WorkFailed { place, why });
            }
        }
        gone
    }
}

/// Where the work is asked after: its monitor, but for BMCs that forget a finished task with that question.
fn watched<'a>(watch: &'a Watch, quirks: &Quirks) -> Option<&'a Link> {
    let (task, monitor) = (watch.task.as_ref(), watch.monitor.as_ref());
    if quirks.monitor_deletes_task() { task.or(monitor) } else { monitor.or(task) }
}

/// A refusal to tell is no end of the work, unless it says that there is none, or who asks may not.
fn absent_or_again(error: RedfishError) -> Result<Told, RedfishError> {
    match error.fault().map(|fault| fault.status) {
        Some(404 | 410) => Ok(Told::Absent),
        // The answer of the work itself, or a task that has ended under an error's status.
        Some(400 | 409 | 412 | 422) => Ok(Told::Failed(error.to_string())),
        Some(500..)
            if error.fault().is_some_and(|fault| fault.says("taskstate") && !fault.says("running")) =>
        {
            Ok(Told::Failed(error.to_string()))
        }
        Some(500..) => Ok(Told::Running { pause: None }),
        None if error.is_silence() => Ok(Told::Running { pause: None }),
        Some(_) | None => Err(error),
    }
}

fn reasons(path: &str, task: &Task) -> String {
    let state = task.state.as_deref().unwrap_or("no state");
    let shown: String = state.chars().take(40).collect();
    match task.reasons() {
        told if told.is_empty() => format!("{path} is {shown}"),
        told => format!("{path} is {shown}: {told}"),
    }
}

/// Between two looks, unless the BMC asks for another pause.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that is granted: a look costs little.
const LONGEST: Duration = Duration::from_secs(30);
/// So long a task that was handed out may not be there yet (Dell).
const NOT_YET: Duration = Duration::from_secs(30);
