//! A patient operator: takes a server from nothing to active, whatever answers are lost on the way.
//!
//! What was answered is held against the daemon: a state that was left by an answered ask must not come back, and
//! what was answered as written must be there.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ferric::cli::link::Link;
use ferric::cli::session::Exchange;
use ferric::cli::session::{Payload, Request};
use ferric::net::http::Method;
use ferric::twin::server::Server;
use serde_json::Value;
use serde_json::json;

use crate::stage::Image;

/// One server's operator.
#[derive(Debug)]
pub struct Operator {
    pub link: Arc<Link>,
    pub server: Server,
    pub image: Image,
    /// Whether to begin again with an undeploy when the server is active.
    pub again: Arc<AtomicBool>,
    /// Whether it is still to be rescued and brought back.
    pub rescue: bool,
    pub promises: Promises,
}

/// What the daemon has answered.
#[derive(Debug, Default)]
pub struct Promises {
    enrolled: bool,
    port: bool,
    ordered: bool,
    /// The state that an answered ask has left.
    left: Option<&'static str>,
}

impl Operator {
    /// Ends when the server is active and nobody wants it to begin again: how often it was deployed, or what broke.
    pub async fn live(mut self) -> Result<u32, String> {
        let name = self.server.settings().name.clone();
        let (mut deployed, mut under_way) = (0, false);
        loop {
            if let Some(node) = self.see().await? {
                self.hold_to_promises(&node).map_err(|why| format!("{name}: {why}: {node}"))?;
                let active = node["provision_state"] == "active";
                deployed += u32::from(active && under_way);
                under_way = !active;
                if active && !self.rescue && !self.again.load(Ordering::SeqCst) {
                    return Ok(deployed);
                }
                self.next(&node).await.map_err(|why| format!("{name}: {why}: {node}"))?;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The node with the number of its ports; null if there is none. `None`: nobody answered.
    async fn see(&self) -> Result<Option<Value>, String> {
        let name = &self.server.settings().name;
        let Some((status, mut node)) = self.ask(Method::Get, &format!("/v1/nodes/{name}"), None).await else {
            return Ok(None);
        };
        match status {
            200 => {}
            404 => return Ok(Some(Value::Null)),
            _ => return Err(format!("{name} is shown with {status}: {node}")),
        }
        let id = node["uuid"].as_str().unwrap_or_default();
        let ports = self.ask(Method::Get, &format!("/v1/ports?node={id}"), None).await;
        let Some((200, ports)) = ports else { return Ok(None) };
        node["ports"] = json!(ports["ports"].as_array().map_or(0, Vec::len));
        Ok(Some(node))
    }

    fn hold_to_promises(&self, node: &Value) -> Result<(), String> {
        let Promises { enrolled, port, ordered, left } = &self.promises;
        if *enrolled && node.is_null() {
            return Err("it was answered 201 and is not there".to_owned());
        }
        if *port && node["ports"] == 0 {
            return Err("its port was answered 201 and is not there".to_owned());
        }
        let unset = node["instance_info"]["image_source"].is_null();
        if *ordered && unset && node["provision_state"] == "available" {
            return Err("its patch was answered 200 and is not there".to_owned());
        }
        if let Some(left) = left.filter(|left| node["provision_state"] == *left) {
            let failed = if node["last_error"].is_null() { "" } else { ", with an error" };
            return Err(format!("it was answered 202 and is back in {left}{failed}"));
        }
        let state = node["provision_state"].as_str().unwrap_or_default();
        if state.ends_with("failed") || state == "error" || node["maintenance"] == true {
            return Err("it has failed".to_owned());
        }
        Ok(())
    }

    /// Does what the node waits for, if it is for us.
    async fn next(&mut self, node: &Value) -> Result<(), String> {
        let id = node["uuid"].as_str().unwrap_or_default();
        if node.is_null() {
            return self.enrol().await;
        }
        match node["provision_state"].as_str().unwrap_or_default() {
            "enroll" if node["ports"] == 0 => self.add_port(id).await,
            "enroll" => self.provision(id, json!({"target": "manage"}), "enroll").await,
            "manageable" => self.provision(id, json!({"target": "provide"}), "manageable").await,
            "available" if node["instance_info"]["image_source"].is_null() => self.order(id).await,
            "available" => {
                let drive = json!({"meta_data": {"hostname": self.server.settings().name}});
                self.promises.ordered = false;
                self.provision(id, json!({"target": "active", "configdrive": drive}), "available").await
            }
            "active" if self.rescue => {
                let body = json!({"target": "rescue", "rescue_password": PASSWORD});
                self.provision(id, body, "active").await
            }
            "rescue" => {
                // From here on it is active once more, and stays so.
                self.rescue = false;
                self.provision(id, json!({"target": "unrescue"}), "rescue").await
            }
            "active" => self.provision(id, json!({"target": "deleted"}), "active").await,
            _ => Ok(()),
        }
    }

    async fn enrol(&mut self) -> Result<(), String> {
        let node = json!({
            "name": self.server.settings().name, "driver": "manual-management",
            "power_interface": "fake", "management_interface": "fake", "boot_interface": "fake",
            "deploy_interface": "direct", "rescue_interface": "agent",
            "properties": {"cpu_arch": "x86_64", "capabilities": "boot_mode:bios"},
            // The finger does not see a machine that switches itself off; the daemon switches it off.
            "driver_info": {"deploy_forces_oob_reboot": true},
        });
        self.promises.enrolled |= self.done(Method::Post, "/v1/nodes", node).await?;
        Ok(())
    }

    async fn add_port(&mut self, id: &str) -> Result<(), String> {
        let port = json!({"node_uuid": id, "address": self.server.settings().macs[0].to_string()});
        self.promises.port |= self.done(Method::Post, "/v1/ports", port).await?;
        Ok(())
    }

    async fn order(&mut self, id: &str) -> Result<(), String> {
        let patch: Vec<_> = [
            ("image_source", self.image.url.as_str()),
            ("image_os_hash_algo", "sha256"),
            ("image_os_hash_value", &self.image.sha256),
            ("image_disk_format", "raw"),
        ]
        .iter()
        .map(|(key, value)| json!({"op": "add", "path": format!("/instance_info/{key}"), "value": value}))
        .collect();
        self.promises.ordered |= self.done(Method::Patch, &format!("/v1/nodes/{id}"), json!(patch)).await?;
        Ok(())
    }

    async fn provision(&mut self, id: &str, body: Value, leaves: &'static str) -> Result<(), String> {
        self.promises.left = None;
        if self.done(Method::Put, &format!("/v1/nodes/{id}/states/provision"), body).await? {
            self.promises.left = Some(leaves);
        }
        Ok(())
    }

    /// Whether it was answered as done. No answer, or busy: look again; any other refusal is a failure.
    async fn done(&self, method: Method, path: &str, body: Value) -> Result<bool, String> {
        match self.ask(method, path, Some(body)).await {
            None | Some((409 | 503, _)) => Ok(false),
            Some((200..300, _)) => Ok(true),
            Some((status, answer)) => Err(format!("{path} answered {status}: {answer}")),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
        let answer = self
            .link
            .exchange(Request {
                method,
                path: path.to_owned(),
                body: body.map_or(Payload::Nothing, Payload::Json),
            })
            .await
            .ok()?;
        Some((answer.status, serde_json::from_slice(&answer.body).unwrap_or(Value::Null)))
    }
}

/// Of every rescue.
pub const PASSWORD: &str = "let me in";
const POLL: Duration = Duration::from_millis(100);
