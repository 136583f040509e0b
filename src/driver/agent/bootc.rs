//! The install step of `bootc`: the agent has the container install itself, with what the record says of its registry and
//! of the config drive.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::base::time::Later;
use crate::driver::agent::Agents;
use crate::driver::agent::in_band;
use crate::driver::boot::drive;
use crate::driver::{StepCall, StepWork};
use crate::model::Object;
use crate::model::autodetect::OCI;
use crate::model::node::Node;
use crate::model::turn::Turn;

/// Work of `deploy.execute_bootc_install`.
#[derive(Debug)]
pub struct BootcInstall {
    agents: Arc<Agents>,
}

impl BootcInstall {
    pub fn new(agents: Arc<Agents>) -> Self {
        Self { agents }
    }
}

impl StepWork for BootcInstall {
    fn look<'a>(&'a self, call: &'a StepCall) -> Later<'a, Turn> {
        Box::pin(in_band::look(&self.agents, call))
    }

    fn act<'a>(&'a self, call: &'a StepCall, again: bool) -> Later<'a, Turn> {
        Box::pin(async move {
            match args(&self.agents, &call.machine.node).await {
                Ok(args) => in_band::act(&self.agents, call, again, &args).await,
                Err(why) => Turn::failed(why),
            }
        })
    }
}

/// The step's arguments, all three by name: the agent wants each. They may hold secrets: they are sent, and never stored
/// or shown.
async fn args(agents: &Agents, node: &Node) -> Result<Object, String> {
    let source = validate(node)?;
    let drive = drive::text(Some(&agents.blobs), node).await?;
    Ok(Object::from_iter([
        ("image_source".to_owned(), Value::from(source)),
        ("configdrive".to_owned(), Value::from(drive)),
        ("oci_pull_secret".to_owned(), Value::from(pull_secret(node))),
    ]))
}

/// The container's address; an error says what it lacks.
pub fn validate(node: &Node) -> Result<&str, String> {
    let wrong =
        |what: &str| format!("instance_info image_source {what}: deploy interface bootc installs oci://");
    let place = "registry/name:tag";
    let source = node.instance_info("image_source").filter(|source| !source.is_empty());
    let source = source.ok_or_else(|| format!("{}{place}", wrong("is missing")))?;
    let rest = source.strip_prefix(OCI).ok_or_else(|| format!("{}{place}", wrong("is no container")))?;
    let is_whole =
        rest.split_once('/').is_some_and(|(registry, name)| !registry.is_empty() && !name.is_empty());
    let is_plain = rest.bytes().all(|byte| byte.is_ascii_graphic());
    if is_whole && is_plain {
        Ok(source)
    } else {
        Err(format!("{}{place}", wrong("names no registry or no container")))
    }
}

/// What the registry takes as `auth`, in base64 once more, as the agent decodes it; an account (`user:password`) becomes
/// what registries take (RFC 7617).
fn pull_secret(node: &Node) -> Option<String> {
    let given = |secret: Option<&str>| secret.filter(|secret| !secret.is_empty()).map(str::to_owned);
    let secret = given(node.instance_info(SECRET)).or_else(|| given(node.driver_info(SECRET)))?;
    let auth = if secret.contains(':') { STANDARD.encode(&secret) } else { secret };
    Some(STANDARD.encode(auth))
}

/// Key of `instance_info` and `driver_info`.
const SECRET: &str = "image_pull_secret";
