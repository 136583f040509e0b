//! A person's finger on the twins' power buttons: follows the recorded power over the API.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use ferric::cli::link::Link;
use ferric::cli::session::Exchange;
use ferric::cli::session::{Payload, Request};
use ferric::net::http::Method;
use ferric::twin::progress::BootFrom;
use ferric::twin::progress::Power;
use ferric::twin::server::Server;
use serde_json::Value;

/// Whose buttons are pressed, and the power that each was last pressed for.
#[derive(Debug)]
pub struct Finger {
    pub servers: Vec<Server>,
    pub link: Arc<Link>,
    pub pressed: Mutex<HashMap<String, String>>,
}

impl Finger {
    /// Follows until it is dropped. A daemon that does not answer is asked again.
    pub async fn follow(self: Arc<Self>) {
        loop {
            let request = Request { method: Method::Get, path: PATH.to_owned(), body: Payload::Nothing };
            if let Ok(answer) = self.link.exchange(request).await
                && let Ok(listed) = serde_json::from_slice::<Value>(&answer.body)
            {
                for node in listed["nodes"].as_array().into_iter().flatten() {
                    self.one(node).await;
                }
            }
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    }

    /// The power has failed in the whole rack: what the record says is pressed anew.
    pub fn forget(&self) {
        self.pressed.lock().unwrap().clear();
    }

    async fn one(&self, node: &Value) {
        let text = |key: &str| node[key].as_str().unwrap_or_default().to_owned();
        let (name, state, power) = (text("name"), text("provision_state"), text("power_state"));
        let Some(server) = self.servers.iter().find(|server| server.settings().name == name) else { return };
        let before = self.pressed.lock().unwrap().insert(name, power.clone());
        match (power.as_str(), server.power()) {
            ("power off", Power::On) => server.power_off().await,
            // A machine that switched itself off is left alone: the record has yet to say so.
            ("power on", Power::Off) if before.as_deref() != Some("power on") => {
                let working = matches!(
                    state.as_str(),
                    "cleaning" | "clean wait" | "deploying" | "wait call-back" | "rescuing" | "rescue wait"
                );
                server.boot_from(if working { BootFrom::Ramdisk } else { BootFrom::Disk });
                server.power_on();
            }
            _ => {}
        }
    }
}

const PATH: &str = "/v1/nodes?fields=name,provision_state,power_state";
/// Much shorter than the second that a fake machine stays off in a reboot.
const LOOK_PERIOD: Duration = Duration::from_millis(100);
