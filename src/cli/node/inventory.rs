//! `ferric node inventory`: what the last inspection found, a line each part.

use serde_json::Value;

use crate::base::size;
use crate::cli::Exit;
use crate::cli::console::one_line;
use crate::cli::fault::CliError;
use crate::cli::node::path;
use crate::cli::node::view::View;
use crate::cli::session::Session;
use crate::cli::table;

/// Fetches and prints a node's inventory.
pub async fn inventory(session: &mut Session<'_, '_>, node: &str) -> Result<Exit, CliError> {
    let answer = session.fetch(path(node, "/inventory")).await?;
    let value = session.parse(&answer)?;
    if session.json {
        session.print_answer(&answer)?;
        return Ok(Exit::Done);
    }
    let header = ["part", "name", "details"].map(str::to_owned);
    for line in table::lines(&header, rows(&value), session.console.width) {
        session.console.line(&line)?;
    }
    Ok(Exit::Done)
}

fn rows(value: &Value) -> Vec<Vec<String>> {
    let Some(inventory) = value.get("inventory") else { return Vec::new() };
    let mut rows: Vec<Vec<String>> =
        SINGLE.iter().filter_map(|(part, member, name)| row(part, inventory.get(member)?, name)).collect();
    for (part, member, name) in MANY {
        let all = inventory.get(member).and_then(Value::as_array).into_iter().flatten();
        rows.extend(all.filter_map(|one| row(part, one, name)));
    }
    let heard = value.get("plugin_data").and_then(|data| data.get("parsed_lldp"));
    for (port, switch) in heard.and_then(Value::as_object).into_iter().flatten() {
        rows.push(vec!["switch".to_owned(), one_line(port), fields_of(switch)]);
    }
    rows
}

/// A part by its name; lists within it are counted, sizes of disks are for people.
fn row(part: &str, value: &Value, name: &str) -> Option<Vec<String>> {
    let title = View(value).text(name);
    let members = value.as_object()?.iter().filter(|(key, _)| key.as_str() != name);
    let told = members.filter(|(_, value)| !value.is_null() && *value != "").map(|(key, value)| {
        let value = match (key.as_str(), value) {
            (_, Value::Array(all)) => Value::from(all.len()),
            ("size", Value::Number(bytes)) => {
                bytes.as_u64().map_or(Value::Null, |size| size::human(size).into())
            }
            _ => value.clone(),
        };
        (key.clone(), value)
    });
    Some(vec![part.to_owned(), title, fields_of(&Value::Object(told.collect()))])
}

/// `name=value` for each member that is not null.
fn fields_of(fields: &Value) -> String {
    let known = fields.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let texts = known.map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    });
    one_line(&texts.collect::<Vec<_>>().join(" "))
}

/// Parts of which a machine has one: what it is called here, its member, and which of its members names it.
const SINGLE: &[(&str, &str, &str)] = &[
    ("system", "system_vendor", "product_name"),
    ("cpu", "cpu", "model_name"),
    ("memory", "memory", ""),
    ("boot", "boot", "current_boot_mode"),
];

/// Parts of which it has many.
const MANY: &[(&str, &str, &str)] = &[
    ("disk", "disks", "name"),
    ("nic", "interfaces", "name"),
    ("storage", "storage_controllers", "name"),
    ("pci", "pci_devices", "class"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_part_is_a_row() {
        let value = json!({
            "inventory": {
                "memory": {"physical_mb": 4096},
                "cpu": {"count": 2, "architecture": "x86_64", "model_name": "Xeon", "frequency": ""},
                "disks": [{"name": "sda", "size": 2_147_483_648_u64, "serial": null}],
                "interfaces": [{"mac_address": "02:00:00:00:00:01", "name": "NIC 1"}, 7],
                "storage_controllers": [{"name": "RAID", "drives": [{}, {}]}],
                "odd": 3,
            },
            "plugin_data": {"parsed_lldp": {"NIC 1": {"switch_port_id": "Eth1/1"}}},
        });
        let expected = [
            ["cpu", "Xeon", "architecture=x86_64 count=2"],
            ["memory", "", "physical_mb=4096"],
            ["disk", "sda", "size=2.0 GiB"],
            ["nic", "NIC 1", "mac_address=02:00:00:00:00:01"],
            ["storage", "RAID", "drives=2"],
            ["switch", "NIC 1", "switch_port_id=Eth1/1"],
        ];
        assert_eq!(rows(&value), expected);
    }

    #[test]
    fn what_is_not_as_expected_is_passed_over() {
        for value in [json!([]), json!({"inventory": 3}), json!({"inventory": {"disks": {}, "cpu": null}})] {
            assert!(rows(&value).is_empty(), "{value}");
        }
    }
}
