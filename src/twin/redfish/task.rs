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
}

impl Task {
    pub fn path(&self) -> String {
        format!("{TASKS}/{}", self.id)
    }

    pub fn is_done(&self, now: Tick) -> bool {
        now.since(self.made) >= self.length
    }

    /// Since when it is done.
    pub fn done_for(&self, now: Tick) -> Duration {
        now.since(self.made).saturating_sub(self.length)
    }

    /// As a resource.
    pub fn body(&self, now: Tick, monitor: &str) -> Value {
        let (state, percent) = if self.is_done(now) { ("Completed", 100) } else { ("Running", 10) };
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
