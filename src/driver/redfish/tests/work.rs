//! Work that goes on after the answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::{MANAGER, Rig, say};
use crate::driver::redfish::talk::error::RedfishError;
use crate::wire::redfish::quirk::{Identity, Quirks};

const MONITOR: &str = "/redfish/v1/TaskService/TaskMonitors/7";
const WAIT: Duration = Duration::from_secs(100);

/// A BMC that answers a write with 202, and questions for the work with these, one after the other.
async fn rig(answers: Vec<(u16, Value)>) -> Rig {
    let mut left = answers.into_iter();
    Rig::start(&[], move |_, method, path, _| match (method, path) {
        ("POST", _) => Some((202, format!("Location: {MONITOR}\r\nRetry-After: 3\r\n"), json!({}))),
        ("GET", MONITOR) => {
            let (status, body) = left.next().unwrap_or((404, json!({})));
            Some(say(status, body))
        }
        _ => None,
    })
    .await
}

async fn end(rig: &Rig, quirks: &Quirks) -> (Result<String, RedfishError>, u64) {
    let server = rig.server();
    let written = server.talk.post("/go", None).await.unwrap();
    let until = server.talk.clock().tick().after(WAIT);
    let began = server.talk.clock().tick();
    let outcome = server.await_work(&written, quirks, until).await;
    (outcome, server.talk.clock().tick().since(began).as_secs())
}

#[tokio::test]
async fn it_is_asked_after_until_it_has_ended() {
    let none = Quirks::default();
    for (answers, said, seconds) in [
        (vec![(202, json!({})), (202, json!({})), (204, json!({}))], "completed", 5),
        // Completed is believed though the status says that it runs.
        (vec![(202, json!({"TaskState": "Completed", "TaskStatus": "OK"}))], "completed", 3),
        (
            vec![(200, json!({"TaskState": "Running"})), (200, json!({"TaskState": "Completed"}))],
            "completed",
            4,
        ),
        // Not there yet; there; gone after its end.
        (vec![(404, json!({})), (202, json!({})), (404, json!({}))], "its task is gone", 5),
        (vec![(503, json!({})), (200, json!({}))], "completed", 4),
        (vec![], "its task is gone", 30),
        (vec![(202, json!({})); 200], "still runs", 100),
    ] {
        let (outcome, took) = end(&rig(answers.clone()).await, &none).await;
        let text = outcome.unwrap();
        assert!(text.starts_with("HTTP 202, and ") && text.ends_with(said), "{answers:?}: {text}");
        assert_eq!(took, seconds, "{answers:?}");
    }
}

#[tokio::test]
async fn work_that_fails_says_why() {
    let failed = json!({"@odata.type": "#Task.v1_4_3.Task", "TaskState": "Exception",
        "Messages": [{"Message": "the fan is upside down"}]});
    let (outcome, _) = end(&rig(vec![(202, json!({})), (200, failed)]).await, &Quirks::default()).await;
    let text = outcome.unwrap_err().to_string();
    assert!(text.contains("POST /go") && text.ends_with("is Exception: the fan is upside down"), "{text}");
}

#[tokio::test]
async fn a_dell_job_tells_how_a_purged_task_ended() {
    let job = format!("{MANAGER}/Oem/Dell/Jobs/JID_12");
    let failed = json!({"Id": "JID_12", "JobState": "Failed", "Message": "no such disk"});
    let rig = Rig::start(&[(&job, failed)], |_, method, _, _| match method {
        "POST" => Some((202, "Location: /redfish/v1/TaskService/Tasks/JID_12\r\n".to_owned(), json!({}))),
        _ => None,
    })
    .await;
    let dell = Quirks::of(&Identity { manufacturer: "Dell Inc.".to_owned(), ..Identity::default() });
    let text = end(&rig, &dell).await.0.unwrap_err().to_string();
    assert!(text.ends_with("is Failed: no such disk"), "{text}");
}
