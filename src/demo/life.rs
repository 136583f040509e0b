//! One server's way from enrolment to active, and the proof that its disk is right.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::base::time::{SharedClock, sleep};
use crate::cli::fault::{CliError, Fault};
use crate::cli::link::Link;
use crate::cli::session::{Exchange, Payload, Request};
use crate::demo::board::Board;
use crate::net::http::Method;
use crate::twin::server::Server;

/// The image that all servers get.
#[derive(Debug, Clone)]
pub struct Image {
    pub url: String,
    pub sha256: String,
    pub size: u64,
}

/// One server's way.
#[derive(Debug)]
pub struct Life {
    pub row: usize,
    pub server: Server,
    pub link: Arc<Link>,
    pub board: Arc<Board>,
    pub clock: SharedClock,
    pub image: Image,
}

impl Life {
    /// Enrols, cleans, deploys, and reads the disk back; an error names the server.
    pub async fn live(self) -> Result<(), String> {
        let name = self.server.settings().name.clone();
        let done = self.steps().await.map_err(|why| format!("{name}: {why}"));
        self.board.end(self.row);
        done
    }

    async fn steps(&self) -> Result<(), String> {
        let id = self.enrol().await.map_err(|error| error.to_string())?;
        self.provision(&id, json!({ "target": "manage" }), "manageable").await?;
        self.provision(&id, json!({ "target": "provide" }), "available").await?;
        self.order(&id).await.map_err(|error| error.to_string())?;
        let drive = json!({ "meta_data": { "hostname": self.server.settings().name } });
        self.provision(&id, json!({ "target": "active", "configdrive": drive }), "active").await?;
        self.verify().await
    }

    async fn enrol(&self) -> Result<String, CliError> {
        let settings = self.server.settings();
        let node = self.send(Method::Post, "/v1/nodes", &json!({
            "name": settings.name, "driver": "manual-management",
            "power_interface": "fake", "management_interface": "fake", "boot_interface": "fake", "deploy_interface": "direct",
            "properties": { "cpu_arch": "x86_64" },
        })).await?;
        let id = node.get("uuid").and_then(Value::as_str).unwrap_or_default().to_owned();
        for mac in &settings.macs {
            self.send(Method::Post, "/v1/ports", &json!({ "node_uuid": id, "address": mac.to_string() }))
                .await?;
        }
        self.board.update(self.row, |row| row.id = Some(id.clone()));
        Ok(id)
    }

    /// Says which image the instance gets.
    async fn order(&self, id: &str) -> Result<(), CliError> {
        let patch: Vec<_> = [
            ("image_source", &self.image.url),
            ("image_os_hash_algo", &"sha256".to_owned()),
            ("image_os_hash_value", &self.image.sha256),
            ("image_disk_format", &"raw".to_owned()),
        ]
        .iter()
        .map(|(key, value)| json!({ "op": "add", "path": format!("/instance_info/{key}"), "value": value }))
        .collect();
        self.send(Method::Patch, &format!("/v1/nodes/{id}"), &Value::Array(patch)).await.map(drop)
    }

    /// Asks for a verb and waits for its end.
    async fn provision(&self, id: &str, body: Value, goal: &str) -> Result<(), String> {
        let asked = self.send(Method::Put, &format!("/v1/nodes/{id}/states/provision"), &body).await;
        asked.map_err(|error| error.to_string())?;
        loop {
            sleep(&*self.clock, POLL).await;
            let node =
                self.get(&format!("/v1/nodes/{id}/states")).await.map_err(|error| error.to_string())?;
            let text = |key: &str| node.get(key).and_then(Value::as_str);
            let state = text("provision_state").unwrap_or_default();
            if state == goal {
                return Ok(());
            }
            if state.ends_with("failed") || (state == "enroll" && text("target_provision_state").is_none()) {
                return Err(text("last_error").unwrap_or("it failed without a word").to_owned());
            }
        }
    }

    /// Reads the disk back and compares it with the image.
    async fn verify(&self) -> Result<(), String> {
        let (path, size) = (self.server.disk().path().to_owned(), self.image.size);
        let read = tokio::task::spawn_blocking(move || hash_start(&path, size)).await;
        match read {
            Ok(Ok(found)) if found == self.image.sha256 => Ok(()),
            Ok(Ok(found)) => Err(format!("its disk has SHA-256 {found}, the image {}", self.image.sha256)),
            Ok(Err(error)) => Err(format!("its disk could not be read: {error}")),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn get(&self, path: &str) -> Result<Value, CliError> {
        self.exchange(Request { method: Method::Get, path: path.to_owned(), body: Payload::Nothing }).await
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, CliError> {
        self.exchange(Request { method, path: path.to_owned(), body: Payload::Json(body.clone()) }).await
    }

    async fn exchange(&self, request: Request) -> Result<Value, CliError> {
        let answer = self.link.exchange(request).await?;
        if !(200..300).contains(&answer.status) {
            return Err(CliError::Refused(Fault::read(answer.status, &answer.body)));
        }
        Ok(serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }
}

/// SHA-256 of the first `size` bytes of a file.
fn hash_start(path: &Path, size: u64) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?.take(size);
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut chunk)?;
        match chunk.get(..count).filter(|part| !part.is_empty()) {
            Some(part) => hash.update(part),
            None => return Ok(hex(&hash.finalize())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

const POLL: Duration = Duration::from_millis(150);
