//! Tasks and their monitors.

use crate::net::http::Response;
use crate::twin::redfish::answer::shown;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::live;
use crate::twin::redfish::oddity::Oddity;
use crate::twin::redfish::service::missing;
use crate::twin::redfish::task::{STAGED, STATES, TASKS, Task};

/// Starts a task; its id.
pub fn start(bmc: &Bmc, name: &'static str) -> String {
    let (made, length) = (bmc.now(), bmc.settings().task);
    let is_dell = bmc.maker().oem == Some("Dell");
    let states = if bmc.bites(Oddity::DellJobStates) { STAGED } else { STATES };
    let forgets = bmc.bites(Oddity::DellTokenLostOnBmcUpdate);
    let mut state = bmc.state();
    if forgets {
        state.sessions.clear();
    }
    let number = state.fresh();
    let id = if is_dell { format!("JID_{number:012}") } else { number.to_string() };
    state.tasks.push(Task { id: id.clone(), name, made, length, states, held: false });
    id
}

/// Starts a task that waits for a boot; its id.
pub fn start_held(bmc: &Bmc, name: &'static str) -> String {
    let id = start(bmc, name);
    for task in bmc.state().tasks.iter_mut().filter(|task| task.id == id) {
        task.held = true;
    }
    id
}

/// Answers for a monitor, and for a task that its maker hides or has purged; `None` for any other path.
pub(in crate::twin::redfish) fn monitored(bmc: &Bmc, path: &str) -> Option<Response> {
    let standard = path.strip_prefix("/redfish/v1/TaskMonitors/");
    let below = path.strip_prefix(TASKS).and_then(|rest| rest.strip_prefix('/'));
    let is_monitor = standard.is_some() || below.is_some_and(|rest| rest.ends_with("/Monitor"));
    let id = standard.or(below)?.split('/').next()?.to_owned();
    let task = bmc.state().tasks.iter().find(|task| task.id == id).cloned();
    let Some(task) = task else { return Some(missing(path).response(bmc)) };
    let now = bmc.now();
    let hidden = now.since(task.made) < bmc.settings().paced(5) && bmc.bites(Oddity::Dell404AfterCreate);
    let is_old = task.is_done(now) && task.done_for(now) >= bmc.settings().paced(60);
    let purged = is_old && bmc.bites(Oddity::DellTaskPurged);
    if hidden || purged {
        return Some(missing(path).response(bmc));
    }
    if !is_monitor {
        return None;
    }
    let mut body = task.body(now, &live::monitor(bmc, &id));
    if !task.is_done(now) && bmc.bites(Oddity::AnyPartialTask) {
        body = serde_json::json!({});
    }
    let is_over = task.is_done(now) && !bmc.bites(Oddity::DellTask202Completed);
    if task.is_done(now) && bmc.bites(Oddity::LenovoTaskmonitorDelete) {
        bmc.state().tasks.retain(|task| task.id != id);
    }
    let answer = shown(&body);
    let place = live::monitor(bmc, &id);
    Some(if is_over {
        answer
    } else {
        Response { status: 202, ..answer }.with("Location", place).with("Retry-After", "1")
    })
}
