//! A person's finger on the power buttons: follows the nodes' states over the API.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::base::time::{SharedClock, sleep};
use crate::cli::link::Link;
use crate::cli::session::{Exchange, Payload, Request};
use crate::demo::board::Board;
use crate::net::http::Method;
use crate::twin::progress::{BootFrom, Power};
use crate::twin::server::Server;

/// What the finger follows.
#[derive(Debug)]
pub struct Follow {
    pub servers: Vec<Server>,
    pub link: Arc<Link>,
    pub board: Arc<Board>,
    pub clock: SharedClock,
    pub stop: CancellationToken,
}

/// Looks at the nodes a few times a second and presses when their recorded power changes.
pub async fn follow(follow: Follow) {
    let mut known = vec![String::new(); follow.servers.len()];
    while !follow.stop.is_cancelled() {
        let request = Request { method: Method::Get, path: PATH.to_owned(), body: Payload::Nothing };
        if let Ok(answer) = follow.link.exchange(request).await
            && let Ok(listed) = serde_json::from_slice::<Value>(&answer.body)
        {
            for node in listed.get("nodes").and_then(Value::as_array).into_iter().flatten() {
                one(&follow, node, &mut known).await;
            }
        }
        tokio::select! {
            () = follow.stop.cancelled() => return,
            () = sleep(&*follow.clock, LOOK_PERIOD) => {}
        }
    }
}

async fn one(follow: &Follow, node: &Value, known: &mut [String]) {
    let text = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = text("name");
    let Some(row) = follow.servers.iter().position(|server| server.settings().name == name) else { return };
    let (state, power) = (text("provision_state"), text("power_state"));
    let step = step_of(node);
    follow.board.update(row, |row| {
        row.state.clone_from(&state);
        row.step = step;
        row.power = power.trim_start_matches("power ").to_owned();
    });
    // A machine that has switched itself off is left off until the record has said off, too.
    if let (Some(server), Some(known)) =
        (follow.servers.get(row), known.get_mut(row).filter(|known| **known != power))
    {
        press(server, &state, &power).await;
        *known = power;
    }
}

fn step_of(node: &Value) -> String {
    ["clean_step", "deploy_step", "service_step"]
        .iter()
        .find_map(|key| node.get(key)?.get("step")?.as_str())
        .unwrap_or_default()
        .to_owned()
}

/// A machine that is to be on boots the ramdisk while somebody works on it, else its disk.
async fn press(server: &Server, state: &str, power: &str) {
    match (power, server.power()) {
        ("power off", Power::On) => server.power_off().await,
        ("power on", Power::Off) => {
            server.boot_from(if WORKING.contains(&state) { BootFrom::Ramdisk } else { BootFrom::Disk });
            server.power_on();
        }
        _ => {}
    }
}

const PATH: &str = "/v1/nodes?fields=name,provision_state,power_state,clean_step,deploy_step,service_step";
/// States in which a machine that is switched on is to boot the ramdisk.
const WORKING: &[&str] = &[
    "cleaning",
    "clean wait",
    "deploying",
    "wait call-back",
    "servicing",
    "service wait",
    "rescuing",
    "rescue wait",
    "inspecting",
    "inspect wait",
];
/// Shorter than the second that a fake machine stays off in a reboot.
const LOOK_PERIOD: Duration = Duration::from_millis(200);
