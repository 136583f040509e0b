//! Work of the BMC that a step follows from look to look, and how it is found again after a cut.

use serde_json::Value;

use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::Ask;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::write::Written;
use crate::wire::redfish::lenient::View;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::task::{Progress, Watch};
use crate::wire::redfish::view::root::{Collection, ServiceRoot};
use crate::wire::redfish::view::service::task::Task;

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Stand {
    /// Under way, in this state of the BMC's.
    Running(Option<String>),
    Done,
    Failed(String),
    /// There is no such work: not yet, or not any more.
    Gone,
}

impl Server {
    /// Where the work can be followed that a write has begun; none, if it was done at once.
    pub async fn work_path(&self, written: &Written) -> Result<Option<String>, RedfishError> {
        let watch = Watch::of(written.location.as_deref(), &written.body);
        let quirks = self.quirks(&self.system().await?).await?;
        // The task itself tells its state in words; some forget a finished one when its monitor is asked.
        let link = watch.task.as_ref().or(watch.monitor.as_ref());
        let link = if quirks.monitor_deletes_task() { link } else { link.or(watch.monitor.as_ref()) };
        link.map(|link| self.talk.path(link)).transpose()
    }

    /// How far the work at this path is.
    pub async fn work_stands(&self, path: &str) -> Result<Stand, RedfishError> {
        match self.talk.call(&Ask::get(path)).await {
            Ok(answer) => {
                let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                Ok(stand(path, &Task::read(&body), answer.status))
            }
            Err(error) => match error.fault().map(|fault| fault.status) {
                Some(404 | 410) => Ok(Stand::Gone),
                Some(400 | 409 | 412 | 422) => Ok(Stand::Failed(error.to_string())),
                Some(500..) => Ok(Stand::Running(None)),
                Some(_) | None => Err(error),
            },
        }
    }

    /// The ids of the tasks that the BMC lists; `None` where it lists none or too many to remember.
    pub async fn task_ids(&self) -> Result<Option<Vec<String>>, RedfishError> {
        let root: ServiceRoot = self.talk.root().await?;
        let Some(service) = self.talk.maybe(root.task_service.as_ref()).await? else { return Ok(None) };
        let tasks = service.raw.get("Tasks").and_then(|tasks| tasks.get("@odata.id")).and_then(Value::as_str);
        let Some(link) = tasks.map(Link::new) else { return Ok(None) };
        let listed: Option<Collection> = self.talk.maybe_view(Some(&link)).await?;
        let Some(listed) = listed else { return Ok(None) };
        let paths: Vec<String> = listed.members.iter().map(|link| link.as_str().to_owned()).collect();
        let is_short = paths.len() <= TASKS && paths.iter().map(String::len).sum::<usize>() <= ROOM;
        Ok((is_short && listed.next.is_none()).then_some(paths))
    }

    /// The newest task that was not there before; `None` where that cannot be told or none is.
    pub async fn new_task(&self, before: &[String]) -> Result<Option<String>, RedfishError> {
        let now = self.task_ids().await?.unwrap_or_default();
        let new = now.iter().rev().find(|path| !before.contains(path));
        new.map(|path| self.talk.path(&Link::new(path.as_str()))).transpose()
    }
}

fn stand(path: &str, task: &Task, status: u16) -> Stand {
    match (task.progress(), task.is_task()) {
        (Progress::Failed, _) => {
            let state = task.state.as_deref().unwrap_or("no state");
            let why = task.reasons();
            Stand::Failed(if why.is_empty() {
                format!("{path} is {state}")
            } else {
                format!("{path} is {state}: {why}")
            })
        }
        (Progress::Running, is_task) if is_task || status == 202 => Stand::Running(task.state.clone()),
        (Progress::Running | Progress::Done, _) => Stand::Done,
    }
}

/// Tasks that a memo remembers, and their bytes: with more nothing can be found again.
const TASKS: usize = 40;
const ROOM: usize = 2400;
