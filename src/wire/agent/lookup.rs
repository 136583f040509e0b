//! The lookup: `GET /v1/lookup?addresses=...&node_uuid=...`, "who am I".

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::base::mac::Mac;
use crate::base::secret::Secret;
use crate::wire::agent::fields::{BodyError, Fields, json as parse_json};

/// What an agent knows about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookupQuery {
    /// The valid ones among those sent; others are ignored, as in Ironic.
    pub addresses: Vec<Mac>,
    /// Wins over the addresses.
    pub node_uuid: Option<Uuid>,
}

impl LookupQuery {
    /// The query part of a URL, without the question mark.
    pub fn parse(query: &str) -> Result<Self, BodyError> {
        if query.len() > QUERY_LIMIT {
            return Err(BodyError::TooBig { what: WHAT, size: query.len(), limit: QUERY_LIMIT });
        }
        let mut lookup = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "addresses" => lookup.addresses = addresses(&value)?,
                "node_uuid" => lookup.node_uuid = node_uuid(&value)?,
                other => {
                    let member = other.chars().take(64).collect();
                    return Err(BodyError::Unknown { what: WHAT, member });
                }
            }
        }
        Ok(lookup)
    }

    /// The query as the agent writes it.
    pub fn emit(&self) -> String {
        let texts: Vec<String> = self.addresses.iter().map(Mac::to_string).collect();
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("addresses", &texts.join(","));
        if let Some(uuid) = self.node_uuid {
            query.append_pair("node_uuid", &uuid.to_string());
        }
        query.finish()
    }
}

fn addresses(text: &str) -> Result<Vec<Mac>, BodyError> {
    let found: Vec<Mac> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    if found.len() > ADDRESS_LIMIT {
        let what = "the list of addresses".to_owned();
        return Err(BodyError::TooLong { what, size: found.len(), limit: ADDRESS_LIMIT });
    }
    Ok(found)
}

fn node_uuid(text: &str) -> Result<Option<Uuid>, BodyError> {
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = Uuid::try_parse(text)
        .map_err(|_| BodyError::Invalid { what: "node_uuid of the lookup".to_owned(), wanted: "a UUID" })?;
    Ok(Some(parsed))
}

/// "You are this node, and these are your settings."
#[derive(Debug, Clone, PartialEq)]
pub struct LookupReply {
    /// `uuid`, `properties`, `instance_info`, `driver_internal_info`, `links`; secrets already masked.
    pub node: Value,
    pub config: AgentConfig,
}

impl LookupReply {
    /// What the agent reads: it needs `node.uuid` and `config.heartbeat_timeout`, the rest has defaults.
    pub fn parse(bytes: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::of(REPLY, parse_json(REPLY, bytes, REPLY_LIMIT)?)?;
        let node = fields.object("node")?.ok_or_else(|| fields.missing("node"))?;
        let config = fields.object("config")?.ok_or_else(|| fields.missing("config"))?;
        if !config.contains_key("heartbeat_timeout") {
            return Err(BodyError::Missing {
                what: "config of the lookup's reply",
                member: "heartbeat_timeout",
            });
        }
        let config = AgentConfig::deserialize(Value::Object(config)).map_err(|_| BodyError::Invalid {
            what: "config of the lookup's reply".to_owned(),
            wanted: "made of the types that the protocol says",
        })?;
        let reply = Self { node: Value::Object(node), config };
        if reply.node_uuid().is_none() {
            return Err(BodyError::Missing { what: "node of the lookup's reply", member: "uuid" });
        }
        Ok(reply)
    }

    /// The body to send; holds the token in clear.
    pub fn emit(&self) -> Value {
        json!({"node": self.node, "config": self.config})
    }

    /// The node that the agent runs on.
    pub fn node_uuid(&self) -> Option<Uuid> {
        self.node.get("uuid").and_then(Value::as_str).and_then(|text| text.parse().ok())
    }
}

/// Settings that an agent takes from the appliance. The defaults are those measured on Ironic 39.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentConfig {
    /// Seconds within which a beat must come; the agent beats at 0.3 to 0.6 of it.
    pub heartbeat_timeout: u64,
    /// The token of this boot, or the mask when it was given before.
    pub agent_token: Option<Secret>,
    pub agent_token_required: bool,
    pub agent_md5_checksum_enable: bool,
    pub disable_deep_image_inspection: bool,
    pub permitted_image_formats: Vec<String>,
    pub agent_skip_bmc_detect: bool,
    pub enable_bios_bootloader_install: bool,
    pub tls_min_version: Option<String>,
    pub tls_cipher_suites: Option<String>,
    pub agent_containers: Containers,
    pub metrics: Metrics,
    pub metrics_statsd: Statsd,
}

impl Default for AgentConfig {
    fn default() -> Self {
        Self {
            heartbeat_timeout: 300,
            agent_token: None,
            agent_token_required: true,
            agent_md5_checksum_enable: true,
            disable_deep_image_inspection: false,
            permitted_image_formats: ["raw", "gpt", "qcow2", "iso"].map(str::to_owned).to_vec(),
            agent_skip_bmc_detect: false,
            enable_bios_bootloader_install: false,
            tls_min_version: Some("1.3".to_owned()),
            tls_cipher_suites: None,
            agent_containers: Containers::default(),
            metrics: Metrics::default(),
            metrics_statsd: Statsd::default(),
        }
    }
}

/// Which containers a step may run in; none by default. What is not said is left to the agent: a null would take the
/// place of its own setting, and the agent of a ramdisk with podman could not list its steps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Containers {
    pub allow_arbitrary_containers: bool,
    pub allowed_containers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_steps_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_options: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_options: Option<String>,
}

/// Whether and how the agent reports metrics; `noop` means not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    pub backend: String,
    pub prepend_host: bool,
    pub prepend_uuid: bool,
    pub prepend_host_reverse: bool,
    pub global_prefix: Option<String>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            backend: "noop".to_owned(),
            prepend_host: false,
            prepend_uuid: false,
            prepend_host_reverse: true,
            global_prefix: None,
        }
    }
}

/// Where statsd listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statsd {
    pub statsd_host: String,
    pub statsd_port: u16,
}

impl Default for Statsd {
    fn default() -> Self {
        Self { statsd_host: "localhost".to_owned(), statsd_port: 8125 }
    }
}

const WHAT: &str = "the lookup";
const REPLY: &str = "the lookup's reply";

/// A query of [`ADDRESS_LIMIT`] addresses is 1.5 KiB long.
const QUERY_LIMIT: usize = 8 << 10;

/// More network cards than any server has.
const ADDRESS_LIMIT: usize = 64;

/// A node's properties and instance settings; a record is 16 KiB at most.
const REPLY_LIMIT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bad_addresses_are_ignored_and_other_mistakes_named() {
        let lookup = LookupQuery::parse("addresses=52%3A54%3A00%3A00%3A00%3A01,nonsense").unwrap();
        assert_eq!(lookup.addresses.len(), 1);
        let error = LookupQuery::parse("node_uuid=7").unwrap_err();
        assert_eq!(error.to_string(), "node_uuid of the lookup is not a UUID");
        let error = LookupQuery::parse("addresses=&mac=1").unwrap_err();
        assert_eq!(error.to_string(), "the lookup has no member \"mac\"");
    }

    #[test]
    fn what_is_not_set_of_containers_is_left_to_the_agent() {
        let reply = LookupReply { node: json!({}), config: AgentConfig::default() };
        let wanted = json!({"allow_arbitrary_containers": false, "allowed_containers": []});
        assert_eq!(reply.emit()["config"]["agent_containers"], wanted);
    }

    #[test]
    fn a_reply_needs_a_node_and_a_beat_length() {
        let error = LookupReply::parse(br#"{"node":{"uuid":"x"},"config":{}}"#).unwrap_err();
        assert_eq!(error.to_string(), "config of the lookup's reply lacks \"heartbeat_timeout\"");
        let error = LookupReply::parse(br#"{"node":{},"config":{"heartbeat_timeout":30}}"#).unwrap_err();
        assert_eq!(error.to_string(), "node of the lookup's reply lacks \"uuid\"");
    }

    #[test]
    fn a_reply_bears_the_token_in_its_body_only() {
        let config = AgentConfig { agent_token: Some(Secret::new("t0ken")), ..AgentConfig::default() };
        let reply = LookupReply { node: json!({"uuid": Uuid::nil()}), config };
        assert_eq!(reply.emit().pointer("/config/agent_token"), Some(&json!("t0ken")));
        assert!(!format!("{reply:?}").contains("t0ken"));
        assert_eq!(LookupReply::parse(reply.emit().to_string().as_bytes()), Ok(reply));
    }

    proptest! {
        #[test]
        fn any_query_is_read_without_a_panic(query in ".{0,100}") {
            LookupQuery::parse(&query).ok();
        }

        #[test]
        fn any_reply_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            LookupReply::parse(&bytes).ok();
        }

        #[test]
        fn a_query_is_read_back(macs in proptest::collection::vec(any::<[u8; 6]>(), 0..5), uuid in proptest::option::of(any::<u128>())) {
            let lookup = LookupQuery {
                addresses: macs.into_iter().map(Mac).collect(),
                node_uuid: uuid.map(Uuid::from_u128),
            };
            prop_assert_eq!(LookupQuery::parse(&lookup.emit()), Ok(lookup));
        }
    }
}
