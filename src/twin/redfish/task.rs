//! Tasks: changes that go on after their answer.

use std::time::Duration;

use serde_json::{Value, json};

use crate::base::time::Tick;
use crate::twin::redfish::tree::over;
use crate::wire::redfish::shape;
use crate::wire::redfish::shape::served::Served;

/// A change under way or done.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: String,
    pub name: &'static str,
    pub made: Tick,
    pub length: Duration,
    /// It waits for a boot of the machine.
    pub held: bool,
    /// Its states while it runs, each for an equal part of the time.
    pub states: &'static [&'static str],
}

impl Task {
    pub fn path(&self) -> String {
        format!("{TASKS}/{}", self.id)
    }

    pub fn is_done(&self, now: Tick) -> bool {
        !self.held && now.since(self.made) >= self.length
    }

    /// Since when it is done.
    pub fn done_for(&self, now: Tick) -> Duration {
        now.since(self.made).saturating_sub(self.length)
    }

    /// The state as it is shown.
    fn state(&self, now: Tick) -> &'static str {
        if self.is_done(now) {
            return "Completed";
        }
        if self.held {
            return "Pending";
        }
        let share = now.since(self.made).as_millis().saturating_mul(self.states.len() as u128);
        let place = share.checked_div(self.length.as_millis()).unwrap_or(0);
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        self.states.get(place).or(self.states.last()).copied().unwrap_or("Running")
    }

    /// As a job of Dell's, which outlives its task.
    pub fn job(&self, path: &str, now: Tick) -> Value {
        json!({
            "@odata.id": path, "@odata.type": "#DellJob.v1_4_0.DellJob", "Id": self.id, "Name": self.name,
            "JobState": self.state(now), "PercentComplete": if self.is_done(now) { 100 } else { 10 },
            "Message": "The command was successful.", "MessageId": "SYS018",
        })
    }

    /// As a resource.
    pub fn body(&self, now: Tick, monitor: &str) -> Value {
        let (state, percent) = (self.state(now), if self.is_done(now) { 100 } else { 10 });
        let body = Served::Task.resource(&self.path(), &self.id, self.name);
        let mut members = json!({
            "TaskState": state, "TaskStatus": "OK", "PercentComplete": percent, "TaskMonitor": monitor, "Messages": [],
        });
        if self.is_done(now)
            && let Some(map) = members.as_object_mut()
        {
            map.insert("Messages".to_owned(), json!([shape::base_message("Success", &[])]));
        }
        over(body, members)
    }
}

/// The collection's path.
pub const TASKS: &str = "/redfish/v1/TaskService/Tasks";

/// The states of most makers' tasks.
pub const STATES: &[&str] = &["Running"];
/// Those of a job of Dell's that waits for a reboot.
pub const STAGED: &[&str] = &["Downloading", "RebootPending", "UserIntervention"];
