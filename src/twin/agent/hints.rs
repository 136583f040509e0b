//! Root device hints, as far as one disk needs them: the texts that it has to equal. Hints with other operators are taken
//! for fulfilled.

use serde_json::Value;

use crate::twin::agent::failure::Failure;
use crate::twin::agent::hardware;
use crate::twin::machine::Machine;

/// Refuses where the hints of the node (as the last lookup told it) do not mean the disk, as the real agent does.
pub(super) fn check(machine: &Machine, node: &Value) -> Result<(), Failure> {
    let of =
        |member: &str| node.get(member)?.get("root_device")?.as_object().filter(|hints| !hints.is_empty());
    let Some(hints) = of("instance_info").or_else(|| of("properties")) else { return Ok(()) };
    let disk = hardware::disk(machine);
    let fits = |(name, hint): (&String, &Value)| {
        let (told, wanted) = (lower(disk.get(name)), lower(Some(hint)));
        !TEXTS.contains(&name.as_str())
            || match wanted.strip_prefix("s==") {
                Some(wanted) => told == wanted.trim(),
                None => has_operator(&wanted) || told == wanted,
            }
    };
    if hints.iter().all(fits) {
        return Ok(());
    }
    Err(Failure::no_device(format!(
        "No suitable device was found for deployment using these hints {}",
        Value::Object(hints.clone())
    )))
}

fn has_operator(hint: &str) -> bool {
    ["s!=", "s<", "s>", "<", "=", "!=", ">"].iter().any(|word| hint.starts_with(word))
}

/// What is not told is `none`.
fn lower(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.trim().to_lowercase(),
        Some(other) => other.to_string(),
    }
}

/// Hints that are texts.
const TEXTS: &[&str] = &[
    "name",
    "model",
    "vendor",
    "serial",
    "wwn",
    "wwn_with_extension",
    "wwn_vendor_extension",
    "hctl",
    "by_path",
];
