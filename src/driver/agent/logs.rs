//! Fetches the ramdisk's logs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::base::beside::beside;
use crate::driver::agent::Agents;
use crate::driver::error::DriverError;
use crate::model::Object;
use crate::model::node::Node;

/// The logs as a gzipped tar archive, 24 MiB at most (what an answer can hold in base64).
pub async fn collect(agents: &Agents, node: &Node) -> Result<Vec<u8>, DriverError> {
    let agent = agents.of(node).map_err(|error| error.driver(WHAT))?;
    let (_, mut result) =
        agent.result("log.collect_system_logs", Object::new()).await.map_err(|error| error.driver(WHAT))?;
    let Some(Value::String(text)) = result.get_mut("system_logs").map(Value::take) else {
        return Err(DriverError::refused(WHAT, "its answer holds no logs"));
    };
    let bytes = beside(text.len(), move || STANDARD.decode(text.trim())).await;
    bytes.map_err(|_| DriverError::refused(WHAT, "its logs are not base64"))
}

const WHAT: &str = "collecting the agent's logs";
