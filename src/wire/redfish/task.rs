//! Work that takes longer than an answer: where to ask for it, when, and whether it has ended.

use std::time::Duration;

use serde_json::Value;

use crate::base::moment::Moment;
use crate::wire::redfish::lenient::{Lenient, View, found};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::service::message::Message;
use crate::wire::redfish::view::service::task::Task;

/// How far a task or job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not ended, or in a state that we do not know: the deadline decides.
    Running,
    Done,
    Failed,
}

impl Task {
    /// Whether it has ended. Dell's states are final only in four words; everything else of theirs is on the way.
    pub fn progress(&self) -> Progress {
        match self.state.as_deref() {
            Some("Completed") if self.is_bad() => Progress::Failed,
            Some("Completed" | "CompletedOK") => Progress::Done,
            Some(
                "CompletedWithErrors" | "Failed" | "RebootFailed" | "Exception" | "Killed" | "Cancelled",
            ) => Progress::Failed,
            Some(_) | None => Progress::Running,
        }
    }

    /// Ended, but not well.
    fn is_bad(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("Critical"))
    }

    /// What a person reads of its end: the worst messages, ids where the text is missing.
    pub fn reasons(&self) -> String {
        let own = self.message.clone().or_else(|| self.message_id.clone());
        let texts: Vec<String> = self.messages.iter().filter_map(Message::shown).collect();
        let text = if texts.is_empty() { own.unwrap_or_default() } else { texts.join("; ") };
        text.chars().take(SHOWN).collect()
    }

    /// Whether the body is a task or job at all: some 202 carry a message, others nothing.
    pub fn is_task(&self) -> bool {
        let is_named = self.kind.as_deref().is_some_and(|kind| kind.contains("Task") || kind.contains("Job"));
        is_named || self.state.is_some()
    }
}

/// Where the work that an answer started can be watched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watch {
    /// The task or job itself, to be read for its state.
    pub task: Option<Link>,
    /// The monitor of the answer's `Location`: its status code tells the end.
    pub monitor: Option<Link>,
    /// A Dell job's number (`JID_...`), by which the job is found when its task is gone.
    pub job: Option<String>,
}

impl Watch {
    /// Reads the answer's `Location` and body.
    pub fn of(location: Option<&str>, body: &Value) -> Self {
        let view = Task::read(body);
        let header = location.map(str::trim).filter(|text| !text.is_empty()).map(Link::new);
        let own = view.own.clone().filter(|_| view.is_task() || header.is_none());
        let in_text = || task_in_text(body);
        let task = own.or_else(|| header.clone().filter(is_task_link)).or_else(in_text);
        let monitor = header.filter(|link| Some(link) != task.as_ref()).or(view.monitor);
        let job = [&task, &monitor].into_iter().flatten().find_map(|link| job_id(link.as_str()));
        Self { task, monitor, job: job.or_else(|| view.id.filter(|id| id.starts_with("JID_"))) }
    }

    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// A task's own path, not that of its monitor.
fn is_task_link(link: &Link) -> bool {
    let path = link.as_str().trim_end_matches('/');
    (path.contains("/Tasks/") || path.contains("/Jobs/")) && !path.to_ascii_lowercase().contains("monitor")
}

/// The path of a task that a message names in its arguments or text.
fn task_in_text(body: &Value) -> Option<Link> {
    let mut texts: Vec<String> = Vec::new();
    for message in ["error/@Message.ExtendedInfo", "@Message.ExtendedInfo", "Accepted/@Message.ExtendedInfo"]
    {
        let list = found(body, &[message]).and_then(Value::as_array);
        for one in list.into_iter().flatten().take(8) {
            texts.extend(found(one, &["Message"]).and_then(String::lenient));
            let arguments = found(one, &["MessageArgs"]).and_then(Value::as_array);
            texts.extend(arguments.into_iter().flatten().take(8).filter_map(String::lenient));
        }
    }
    texts.iter().flat_map(|text| text.split([' ', '\'', '"', ','])).find_map(|word| {
        let path = word.trim_end_matches('.');
        (path.starts_with("/redfish/") && path.contains("/Tasks/")).then(|| Link::new(path))
    })
}

/// `JID_` and digits, wherever they stand.
fn job_id(text: &str) -> Option<String> {
    let start = text.find("JID_")?;
    let rest = text.get(start + 4..)?;
    let digits: String = rest.chars().take_while(char::is_ascii_alphanumeric).take(32).collect();
    (!digits.is_empty()).then(|| format!("JID_{digits}"))
}

/// `Retry-After` as seconds or as a date (RFC 9110, 10.2.3), at most an hour; a date in the past is nought.
pub fn retry_after(header: &str, now: Moment) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds.min(LONGEST.as_secs())));
    }
    let date = jiff::fmt::rfc2822::parse(header).ok()?;
    let micros = date.timestamp().as_microsecond().saturating_sub(now.0);
    Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)).min(LONGEST))
}

/// The longest pause that a BMC may ask for.
pub const LONGEST: Duration = Duration::from_hours(1);

/// Characters of a task's messages that are shown.
const SHOWN: usize = 500;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn states_end_or_go_on() {
        for (body, progress) in [
            (json!({"TaskState": "Completed", "TaskStatus": "OK"}), Progress::Done),
            (json!({"TaskState": "Completed", "TaskStatus": "Warning"}), Progress::Done),
            (json!({"TaskState": "Completed", "TaskStatus": "Critical"}), Progress::Failed),
            (json!({"TaskState": "Exception"}), Progress::Failed),
            (json!({"JobState": "CompletedWithErrors"}), Progress::Failed),
            (json!({"JobState": "RebootFailed"}), Progress::Failed),
            (json!({"JobState": "UserIntervention"}), Progress::Running),
            (json!({"JobState": "RebootPending"}), Progress::Running),
            (json!({"JobState": "Downloading"}), Progress::Running),
            (json!({"TaskState": "Strange"}), Progress::Running),
            (json!({}), Progress::Running),
        ] {
            assert_eq!(Task::read(&body).progress(), progress, "{body}");
        }
    }

    #[test]
    fn the_work_is_found_in_header_body_or_text() {
        let task = Some(Link::new("/redfish/v1/TaskService/Tasks/12"));
        let body = json!({"@odata.id": "/redfish/v1/TaskService/Tasks/12", "TaskState": "New"});
        let both = Watch::of(Some("/redfish/v1/TaskService/Tasks/12/Monitor"), &body);
        assert_eq!(both.task, task);
        assert_eq!(both.monitor, Some(Link::new("/redfish/v1/TaskService/Tasks/12/Monitor")));
        assert_eq!(Watch::of(Some("/redfish/v1/TaskService/Tasks/12"), &json!({})).task, task);
        let message = json!({"Accepted": {"@Message.ExtendedInfo": [
            {"MessageId": "Base.v1_4_0.Accepted", "MessageArgs": ["/redfish/v1/TaskService/Tasks/12"]}]}});
        assert_eq!(Watch::of(None, &message).task, task);
        assert!(Watch::of(None, &json!(null)).is_nothing());
        let monitor = Watch::of(Some("/redfish/v1/TaskService/TaskMonitors/7"), &json!({}));
        assert_eq!((monitor.task, monitor.monitor.is_some()), (None, true));
    }

    #[test]
    fn a_dell_job_has_a_number() {
        let dell = Watch::of(Some("/redfish/v1/Managers/iDRAC.Embedded.1/Jobs/JID_471269252011"), &json!({}));
        assert_eq!(dell.job.as_deref(), Some("JID_471269252011"));
        assert_eq!(job_id("JID_"), None);
    }

    #[test]
    fn pauses_are_seconds_or_dates() {
        let now = Moment(1_795_204_023_000_000);
        assert_eq!(retry_after("3", now), Some(Duration::from_secs(3)));
        assert_eq!(retry_after("999999", now), Some(LONGEST));
        assert_eq!(retry_after("Fri, 20 Nov 2026 19:47:33 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Fri, 20 Nov 2020 19:47:33 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }

    #[test]
    fn reasons_show_ids_where_texts_are_missing() {
        let task =
            Task::read(&json!({"Messages": [{"Message": "bad image"}, {"MessageId": "Update.1.0.X"}]}));
        assert_eq!(task.reasons(), "bad image; Update.1.0.X");
        assert_eq!(
            Task::read(&json!({"Message": "Job failed", "JobState": "Failed"})).reasons(),
            "Job failed"
        );
    }

    proptest! {
        #[test]
        fn no_header_is_a_panic(header in ".{0,60}", now in any::<i64>()) {
            if let Some(pause) = retry_after(&header, Moment(now)) {
                prop_assert!(pause <= LONGEST);
            }
            Watch::of(Some(&header), &Value::Null);
        }
    }
}
