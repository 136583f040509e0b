//! A server with its controller, and a client that asks it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::base::mac::Mac;
use crate::base::time::PausedClock;
use crate::net::client::Client;
use crate::net::client::outgoing::{Answer, ClientError, Outgoing, Trust};
use crate::net::http::Method;
use crate::twin::redfish::bmc::Bmc;
use crate::twin::redfish::profile::Profile;
use crate::twin::redfish::settings::BmcSettings;
use crate::twin::server::Server;
use crate::twin::settings::Settings;

pub(super) struct Rig {
    pub(super) bmc: Bmc,
    pub(super) server: Server,
    pub(super) clock: Arc<PausedClock>,
    _home: TempDir,
}

impl Rig {
    pub(super) async fn new(profile: Profile) -> Self {
        Self::with(BmcSettings::new(profile)).await
    }

    pub(super) async fn with(settings: BmcSettings) -> Self {
        let home = TempDir::new().unwrap();
        let mut machine =
            Settings::new("t1", Mac([0x52, 0x54, 0, 0, 0, 1]), home.path(), "http://127.0.0.1:1");
        machine.macs.push(Mac([0x52, 0x54, 0, 0, 0, 2]));
        let clock = Arc::new(PausedClock::new());
        let server = Server::new(machine, clock.clone()).unwrap();
        server.boot_from(crate::twin::progress::BootFrom::Disk);
        let bmc = Bmc::start(&server, settings, &CancellationToken::new()).await.unwrap();
        Self { bmc, server, clock, _home: home }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::Get, path, &Value::Null, &[]).await.unwrap()
    }

    pub(super) async fn body(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice(&answer.body).unwrap()
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::Post, path, &body, &[]).await.unwrap()
    }

    pub(super) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::Patch, path, &body, &[]).await.unwrap()
    }

    /// Resets the system; the status.
    pub(super) async fn reset(&self, kind: &str) -> u16 {
        let path = format!("{}/Actions/ComputerSystem.Reset", self.bmc.system_path());
        self.post(&path, serde_json::json!({"ResetType": kind})).await.status
    }

    /// Sets `Boot` members; the status.
    pub(super) async fn boot(&self, boot: Value) -> u16 {
        self.patch(&self.bmc.system_path(), serde_json::json!({"Boot": boot})).await.status
    }

    /// Asks over plain HTTP with the account, unless the headers bring their own proof.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ClientError> {
        let url = Url::parse(&format!("{}{path}", self.bmc.plain_url())).unwrap();
        let mut outgoing = Outgoing::new(method, url, Trust::Plain);
        outgoing.deadline = Duration::from_secs(20);
        let settings = self.bmc.settings();
        if !headers.iter().any(|(name, _)| matches!(*name, "Authorization" | "X-Auth-Token")) {
            let pair = format!("{}:{}", settings.user, settings.password.reveal());
            outgoing.headers.push("Authorization", format!("Basic {}", STANDARD.encode(pair)));
        }
        for (name, value) in headers {
            outgoing.headers.push(*name, *value);
        }
        if !body.is_null() {
            outgoing.body = body.to_string().into_bytes();
        }
        Client::new().send(outgoing).await
    }
}
