//! `POST /v1/heartbeat/{ident}`: an agent says where it is (contract `agent.md` section 5).

use std::net::IpAddr;

use serde_json::Value;
use url::{Host, Url};

use crate::api::agent::lookup::check_enabled;
use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::model::boot::{Beat, Boots};
use crate::model::node::Node;
use crate::net::http::Response;
use crate::net::tls;
use crate::wire::agent::beat::{Heartbeat, STATUSES};

/// Takes a heartbeat in; 202 once it is committed.
pub async fn heartbeat(call: &Call<'_>) -> Result<Response, Fault> {
    check_enabled(call)?;
    let members = call.action().await?.into_object();
    if let Some((name, since)) =
        SINCE.iter().find(|(name, since)| *since > call.version && members.contains_key(*name))
    {
        return Err(Fault::invalid(format!("{name} needs API version 1.{since} or newer")));
    }
    let beat =
        Heartbeat::from_value(Value::Object(members)).map_err(|error| Fault::invalid(error.to_string()))?;
    let node = call.node()?;
    let beat = checked(call, node, beat)?;
    call.api.lanes.beat(node.id, beat).await?;
    Ok(Response::empty(202))
}

/// The checks in the contract's order.
fn checked(call: &Call<'_>, node: &Node, beat: Heartbeat) -> Result<Beat, Fault> {
    let agent = node.agent.as_ref();
    // An installer cannot be asked back.
    let is_installer = beat.callback_url.is_empty() && node.boots == Boots::Installer;
    let url = if is_installer { None } else { Some(callback(&beat.callback_url)?) };
    if agent.and_then(|agent| agent.url.as_ref()).is_some_and(|known| *known != beat.callback_url) {
        return Err(Fault::invalid("callback_url differs from the one of this boot's first heartbeat"));
    }
    let token = beat.agent_token.ok_or_else(|| Fault::invalid("agent_token is required"))?;
    if beat.agent_status.as_deref().is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Fault::invalid(format!("agent_status must be one of {}", STATUSES.join(", "))));
    }
    if beat.agent_version.is_none() && beat.agent_status.is_none() {
        return Err(Fault::invalid("agent_version is required"));
    }
    let known = agent.is_some_and(|agent| agent.token.matches(token.reveal()));
    if !known {
        return Err(Fault::invalid("agent_token is not the one of this boot: look up the node again"));
    }
    if call.policy().agent.require_tls && url.as_ref().is_some_and(|url| url.scheme() != "https") {
        return Err(Fault::invalid("callback_url must begin with https: this host requires TLS of agents"));
    }
    if agent.is_some_and(|agent| agent.verify_ca.is_some() && agent.verify_ca != beat.agent_verify_ca) {
        return Err(Fault::invalid("agent_verify_ca differs from the one of this boot's first heartbeat"));
    }
    if beat.agent_verify_ca.as_deref().is_some_and(|pem| !tls::is_one_certificate(pem)) {
        return Err(Fault::invalid("agent_verify_ca must be one certificate in PEM"));
    }
    if let Some(url) = &url {
        check_address(call, url)?;
    }
    Ok(Beat {
        url: beat.callback_url,
        token,
        version: beat.agent_version,
        verify_ca: beat.agent_verify_ca,
        status: beat.agent_status,
        status_message: beat.agent_status_message,
        from: call.from,
    })
}

/// A URL that names a host and nothing that could be used against us.
fn callback(text: &str) -> Result<Url, Fault> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    let Some(url) = url else {
        return Err(Fault::invalid("callback_url must be an http or https URL"));
    };
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path().trim_matches('/').is_empty();
    if bare { Ok(url) } else { Err(Fault::invalid("callback_url must have a host and a port only")) }
}

/// The host is an address, so that no name can lead elsewhere, and one that this connection may name.
fn check_address(call: &Call<'_>, url: &Url) -> Result<(), Fault> {
    let address: IpAddr = match url.host() {
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical(),
        Some(Host::Domain(_)) | None => {
            return Err(Fault::invalid("callback_url must have an IP address as its host"));
        }
    };
    if call.policy().agent.takes_callback(address, call.from) {
        return Ok(());
    }
    Err(Fault::invalid(format!(
        "callback_url names {address}, which this connection from {} may not: see agent.callback_networks",
        call.from
    )))
}

/// Members that came later than the heartbeat.
const SINCE: &[(&str, u16)] =
    &[("agent_version", 36), ("agent_verify_ca", 68), ("agent_status", 72), ("agent_status_message", 72)];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_callback_has_a_host_and_a_port_only() {
        for text in ["https://10.0.0.7:9999", "http://[fd00::7]:9999/", "https://10.0.0.7"] {
            assert!(callback(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "ftp:zz",
            "ftp://10.0.0.7",
            "https://",
            "https://u@10.0.0.7",
            "https://u:p@10.0.0.7",
            "https://10.0.0.7/x",
            "https://10.0.0.7/?a=b",
            "https://10.0.0.7/#a",
            "10.0.0.7:9999",
        ] {
            assert_eq!(callback(text).map_err(|fault| fault.status()).err(), Some(400), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_callback_is_a_panic(text in "(https?://)?.{0,40}") {
            callback(&text).ok();
        }
    }
}
