//! `ferric node power|boot-mode|secure-boot`: what is asked of the machine itself, whatever state the node is in.

use serde_json::{Map, Value, json};

use crate::cli::Exit;
use crate::cli::arguments::node::Switch;
use crate::cli::arguments::node::patience::Patience;
use crate::cli::arguments::node::power::{BootModeArguments, PowerArguments, SecureBootArguments};
use crate::cli::fault::CliError;
use crate::cli::node::follow::{Goal, follow};
use crate::cli::node::path;
use crate::cli::session::Session;

/// Asks for a power change; it happens later.
pub async fn power(session: &mut Session<'_, '_>, arguments: &PowerArguments) -> Result<Exit, CliError> {
    let target = arguments.action.target();
    let mut body = Map::new();
    body.insert("target".to_owned(), Value::from(target));
    if let Some(timeout) = arguments.timeout {
        body.insert("timeout".to_owned(), Value::from(timeout));
    }
    session.put(path(&arguments.node, "/states/power"), Value::Object(body)).await?;
    begun(session, &arguments.node, target, &arguments.patience).await
}

/// Asks for UEFI or BIOS.
pub async fn boot_mode(
    session: &mut Session<'_, '_>,
    arguments: &BootModeArguments,
) -> Result<Exit, CliError> {
    let mode = arguments.mode.target();
    session.put(path(&arguments.node, "/states/boot_mode"), json!({ "target": mode })).await?;
    begun(session, &arguments.node, &format!("boot mode {mode}"), &arguments.patience).await
}

/// Asks for Secure Boot, or for none.
pub async fn secure_boot(
    session: &mut Session<'_, '_>,
    arguments: &SecureBootArguments,
) -> Result<Exit, CliError> {
    let (on, word) = match arguments.switch {
        Switch::On => (true, "on"),
        Switch::Off => (false, "off"),
    };
    session.put(path(&arguments.node, "/states/secure_boot"), json!({ "target": on })).await?;
    begun(session, &arguments.node, &format!("secure boot {word}"), &arguments.patience).await
}

/// Follows what was begun, or says how to. The answer to the ask is empty: there is no JSON to print.
async fn begun(
    session: &mut Session<'_, '_>,
    node: &str,
    what: &str,
    patience: &Patience,
) -> Result<Exit, CliError> {
    if let Some(limit) = patience.limit() {
        return Ok(follow(session, &[node.to_owned()], &Goal::Aside, limit).await);
    }
    if !session.json {
        session.console.line(&format!("{node}: {what} begun; `ferric node wait {node}` follows it"))?;
    }
    Ok(Exit::Done)
}
