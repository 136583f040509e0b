//! `ferric node manage|inspect|provide|deploy|undeploy|abort`: nodes are told what to become, and followed on the way.

use serde_json::{Map, Value, json};

use crate::cli::Exit;
use crate::cli::arguments::node::patience::Patience;
use crate::cli::arguments::node::{DeployArguments, RescueArguments, StepsArguments, VerbArguments};
use crate::cli::fault::{CliError, Fault};
use crate::cli::node::drive;
use crate::cli::node::each;
use crate::cli::node::edit::additions;
use crate::cli::node::follow::{Goal, follow};
use crate::cli::node::password;
use crate::cli::node::path;
use crate::cli::resource::field;
use crate::cli::session::Session;
use crate::cli::value::Assignment;

/// What a node can be told here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Manage,
    Inspect,
    Provide,
    Deploy,
    Undeploy,
    Clean,
    Service,
    Rebuild,
    Adopt,
    Rescue,
    Unrescue,
    Unhold,
    Abort,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Manage => "manage",
            Self::Inspect => "inspect",
            Self::Provide => "provide",
            Self::Deploy => "deploy",
            Self::Undeploy => "undeploy",
            Self::Clean => "clean",
            Self::Service => "service",
            Self::Rebuild => "rebuild",
            Self::Adopt => "adopt",
            Self::Rescue => "rescue",
            Self::Unrescue => "unrescue",
            Self::Unhold => "unhold",
            Self::Abort => "abort",
        }
    }

    /// The word that the API takes. `active` is asked for since `deploy` allows neither config drive nor steps.
    fn target(self) -> &'static str {
        match self {
            Self::Manage => "manage",
            Self::Inspect => "inspect",
            Self::Provide => "provide",
            Self::Deploy => "active",
            Self::Undeploy => "deleted",
            Self::Clean => "clean",
            Self::Service => "service",
            Self::Rebuild => "rebuild",
            Self::Adopt => "adopt",
            Self::Rescue => "rescue",
            Self::Unrescue => "unrescue",
            Self::Unhold => "unhold",
            Self::Abort => "abort",
        }
    }

    fn goal(self) -> Goal {
        match self {
            Self::Manage | Self::Inspect | Self::Clean => Goal::End("manageable"),
            Self::Provide | Self::Undeploy => Goal::End("available"),
            Self::Deploy | Self::Service | Self::Rebuild | Self::Adopt | Self::Unrescue => {
                Goal::End("active")
            }
            Self::Rescue => Goal::End("rescue"),
            Self::Abort => Goal::AnyEnd,
            Self::Unhold => Goal::Idle,
        }
    }
}

/// Asks each node, then follows those that took it.
pub async fn run(session: &mut Session<'_, '_>, verb: Verb, arguments: &VerbArguments) -> Exit {
    let order = Order { verb, instance: &[], body: json!({ "target": verb.target() }) };
    give(session, &order, &arguments.nodes, &arguments.patience).await
}

/// Notes the image in `instance_info`, then asks for a deployment or for another one. Files are read before any node is
/// touched.
pub async fn deploy(
    session: &mut Session<'_, '_>,
    verb: Verb,
    arguments: &DeployArguments,
) -> Result<Exit, CliError> {
    let mut body = Map::new();
    body.insert("target".to_owned(), Value::from(verb.target()));
    if let Some(file) = &arguments.config_drive {
        body.insert("configdrive".to_owned(), drive::config_drive(file)?);
    }
    if let Some(file) = &arguments.steps {
        body.insert("deploy_steps".to_owned(), drive::steps(file)?);
    }
    let instance = instance(arguments);
    let order = Order { verb, instance: &instance, body: Value::Object(body) };
    Ok(give(session, &order, &arguments.nodes, &arguments.patience).await)
}

/// Asks each node to boot a ramdisk to log in to. The password is read before any node is touched.
pub async fn rescue(session: &mut Session<'_, '_>, arguments: &RescueArguments) -> Result<Exit, CliError> {
    let password = password::password(session, arguments)?;
    let body = json!({"target": Verb::Rescue.target(), "rescue_password": password.reveal()});
    let order = Order { verb: Verb::Rescue, instance: &[], body };
    Ok(give(session, &order, &arguments.nodes, &arguments.patience).await)
}

/// Asks each node to run steps that are named, or those of a runbook.
pub async fn steps(
    session: &mut Session<'_, '_>,
    verb: Verb,
    arguments: &StepsArguments,
) -> Result<Exit, CliError> {
    let mut body = Map::new();
    body.insert("target".to_owned(), Value::from(verb.target()));
    if let Some(text) = &arguments.steps {
        body.insert(format!("{}_steps", verb.word()), field::json(text)?);
    }
    if let Some(runbook) = &arguments.runbook {
        body.insert("runbook".to_owned(), Value::from(runbook.as_str()));
    }
    if arguments.disable_ramdisk {
        body.insert("disable_ramdisk".to_owned(), Value::Bool(true));
    }
    let order = Order { verb, instance: &[], body: Value::Object(body) };
    Ok(give(session, &order, &arguments.nodes, &arguments.patience).await)
}

/// What each node gets: settings first, then the ask.
struct Order<'a> {
    verb: Verb,
    instance: &'a [Assignment],
    body: Value,
}

async fn give(
    session: &mut Session<'_, '_>,
    order: &Order<'_>,
    nodes: &[String],
    patience: &Patience,
) -> Exit {
    let verb = order.verb.word();
    let follows = patience.limit().is_some();
    let mut taken = Vec::new();
    let refused = each(session, nodes, verb, async |session: &mut Session<'_, '_>, node: &str| {
        if !order.instance.is_empty() {
            check_deployable(session, order.verb, node).await?;
            session.patch(path(node, ""), additions(order.instance)).await?;
        }
        session.put(path(node, "/states/provision"), order.body.clone()).await?;
        taken.push(node.to_owned());
        if !follows && !session.json {
            session.console.line(&format!("{node}: {verb} begun; `ferric node wait {node}` follows it"))?;
        }
        Ok(())
    })
    .await;
    match patience.limit() {
        Some(limit) if !taken.is_empty() => {
            refused.max(follow(session, &taken, &order.verb.goal(), limit).await)
        }
        _ => refused,
    }
}

/// Settings are changed before the ask, so a node that would refuse the ask is left as it is.
async fn check_deployable(session: &mut Session<'_, '_>, verb: Verb, node: &str) -> Result<(), CliError> {
    let states = session.value(path(node, "/states")).await?;
    let state = states.get("provision_state").and_then(Value::as_str).unwrap_or_default();
    let (states, wanted): (&[&str], _) = if verb == Verb::Rebuild {
        (&["active", "deploy failed", "error"], "only nodes in use can be rebuilt")
    } else {
        (&["available", "deploy failed"], "only available nodes can be deployed")
    };
    if states.contains(&state) {
        return Ok(());
    }
    let text = format!("it is in state {state}, {wanted}; nothing was changed");
    Err(CliError::Refused(Fault { status: 400, text }))
}

fn instance(arguments: &DeployArguments) -> Vec<Assignment> {
    let mut all = Vec::new();
    if let Some(image) = &arguments.image {
        all.push(Assignment::text(&["instance_info", "image_source"], image));
    }
    match arguments.checksum.as_deref().map(|sum| (sum, sum.split_once(':'))) {
        Some((_, Some((algorithm, value)))) if ALGORITHMS.contains(&algorithm) => {
            all.push(Assignment::text(&["instance_info", "image_os_hash_algo"], algorithm));
            all.push(Assignment::text(&["instance_info", "image_os_hash_value"], value));
        }
        Some((sum, _)) => all.push(Assignment::text(&["instance_info", "image_checksum"], sum)),
        None => {}
    }
    all.extend(arguments.set_instance.iter().map(|pair| pair.below("instance_info")));
    all
}

/// Prefixes of a checksum that name its algorithm; all else is a checksum file's URL or a bare checksum.
const ALGORITHMS: &[&str] = &["sha256", "sha512", "sha384", "sha224", "sha1", "md5"];

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(checksum: &str) -> Value {
        let arguments = DeployArguments {
            nodes: Vec::new(),
            image: Some("http://f/i".into()),
            checksum: Some(checksum.into()),
            config_drive: None,
            steps: None,
            set_instance: vec!["root_gb=10".parse().unwrap()],
            patience: Patience::default(),
        };
        additions(&instance(&arguments))
    }

    fn add(key: &str, value: impl Into<Value>) -> Value {
        json!({"op": "add", "path": format!("/instance_info/{key}"), "value": value.into()})
    }

    #[test]
    fn a_checksum_says_its_algorithm() {
        let expected = json!([
            add("image_source", "http://f/i"),
            add("image_os_hash_algo", "sha256"),
            add("image_os_hash_value", "12e45"),
            add("root_gb", 10),
        ]);
        assert_eq!(patch("sha256:12e45"), expected);
    }

    #[test]
    fn a_checksum_may_be_a_file_elsewhere() {
        let expected = json!([
            add("image_source", "http://f/i"),
            add("image_checksum", "http://f/SHA256SUMS"),
            add("root_gb", 10),
        ]);
        assert_eq!(patch("http://f/SHA256SUMS"), expected);
    }
}
