//! The config drive of an instance, as agents take it: a URL, or base64 of a gzipped image.

use std::sync::Arc;

use serde_json::Value;

use crate::base::chain::chain;
use crate::depot::blobs::Blobs;
use crate::depot::config_drive::{ConfigDrive, Owner};
use crate::model::node::Node;

/// The config drive: kept by the request, else as the client wrote it into `instance_info`. The error names what is
/// wrong with it.
pub async fn text(blobs: Option<&Arc<Blobs>>, node: &Node) -> Result<Option<String>, String> {
    let Some(name) = node.config_drive.clone() else {
        return written(node);
    };
    let blobs = blobs.cloned().ok_or("this host keeps no config drives")?;
    let read = tokio::task::spawn_blocking(move || blobs.get(&name).map(String::from_utf8)).await;
    let text = read.map_err(|_| "reading the config drive was given up")?.map_err(|error| chain(&error))?;
    text.map(Some).map_err(|_| "the kept config drive is not a text".to_owned())
}

fn written(node: &Node) -> Result<Option<String>, String> {
    let value = node.wished.instance_info.get("configdrive").unwrap_or(&Value::Null);
    let uuid = node.id.to_string();
    let owner = Owner { uuid: &uuid, name: node.wished.name.as_deref() };
    let drive = ConfigDrive::parse(value, &owner, node.created_at).map_err(|error| chain(&error))?;
    Ok(drive.map(|drive| drive.text().to_owned()))
}
