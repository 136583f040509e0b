//! Tasks, jobs and Dell's jobs: one view, since they differ in names only.

use crate::wire::redfish::lenient::view;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::view::service::message::Message;

view! {
    /// `Task`, `Job` or `DellJob`.
    pub struct Task {
        id: Option<String> = "Id";
        own: Option<Link> = "@odata.id";
        kind: Option<String> = "@odata.type";
        name: Option<String> = "Name";
        /// Verbatim; `wire::redfish::task` says what it means.
        state: Option<String> = "TaskState" | "JobState";
        status: Option<String> = "TaskStatus" | "JobStatus";
        job_type: Option<String> = "JobType";
        percent: Option<u64> = "PercentComplete";
        started: Option<String> = "StartTime";
        ended: Option<String> = "EndTime" | "CompletionTime";
        monitor: Option<Link> = "TaskMonitor";
        messages: Vec<Message> = "Messages";
        /// A Dell job has one message in place of a list.
        message: Option<String> = "Message";
        message_id: Option<String> = "MessageId";
    }
}
