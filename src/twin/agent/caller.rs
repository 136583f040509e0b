//! Requests of the agent to the appliance.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::net::client::Client;
use crate::net::client::outgoing::{Answer, ClientError, Outgoing, Trust};
use crate::net::http::Method;
use crate::twin::machine::Machine;

/// Why a request to the appliance came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{0:?} is not a URL")]
    Url(String),
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Sends one request to the appliance; `version` is the microversion header.
pub(super) async fn call(
    machine: &Machine,
    method: Method,
    path: &str,
    version: Option<&str>,
    body: Option<&Value>,
) -> Result<Answer, CallError> {
    let base = machine.server.mutable().api.clone();
    let url = Url::parse(&format!("{base}{path}")).map_err(|_| CallError::Url(base))?;
    let mut outgoing = Outgoing::new(method, url.clone(), trust(&url));
    outgoing.headers.push("User-Agent", "ferric-twin");
    outgoing.headers.push("Accept", "application/json");
    outgoing.headers.push("Content-Type", "application/json");
    if let Some(version) = version {
        outgoing.headers.push("X-OpenStack-Ironic-API-Version", version);
    }
    outgoing.body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
    outgoing.deadline = DEADLINE;
    Ok(Client::new().send(outgoing).await?)
}

/// A ramdisk trusts what it was booted with; simulated ones trust anybody.
pub(in crate::twin) fn trust(url: &Url) -> Trust {
    if url.scheme() == "https" { Trust::Insecure } else { Trust::Plain }
}

/// The appliance's newest microversion, asked for until it is told once.
#[derive(Debug, Default)]
pub(in crate::twin) struct Newest(OnceLock<String>);

impl Newest {
    /// What was told, or asked for now; an old version is assumed as long as nobody answers.
    pub(super) async fn told(&self, machine: &Machine) -> String {
        if let Some(version) = self.0.get() {
            return version.clone();
        }
        match discover(machine).await {
            Some(version) => self.0.get_or_init(|| version).clone(),
            None => ASSUMED.to_owned(),
        }
    }
}

async fn discover(machine: &Machine) -> Option<String> {
    let answer = call(machine, Method::Get, "/", None, None).await.ok()?;
    let root: Value = serde_json::from_slice(&answer.body).ok()?;
    Some(root.pointer("/default_version/version")?.as_str()?.to_owned())
}

/// The request by which the agent sees over which address it reaches the appliance; its answer is not read.
pub(super) async fn probe(machine: &Machine) {
    call(machine, Method::Get, "/", None, None).await.ok();
}

/// The lower of two microversions of the form `1.N`.
pub(super) fn lower<'a>(one: &'a str, other: &'a str) -> &'a str {
    let minor = |text: &str| text.split_once('.').and_then(|(_, minor)| minor.parse::<u32>().ok());
    if minor(one) < minor(other) { one } else { other }
}

/// What the real agent assumes of an appliance that names no version.
const ASSUMED: &str = "1.31";

/// As the real agent's `ipa-http-request-timeout`.
const DEADLINE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_version_is_by_number_not_by_letter() {
        assert_eq!(lower("1.115", "1.62"), "1.62");
        assert_eq!(lower("1.31", "1.62"), "1.31");
        assert_eq!(lower("1.9", "1.62"), "1.9");
    }
}
