//! The disks of a hardware inventory (`poll.get_hardware_info`, or the inventory of an inspection).

use serde_json::Value;

use crate::wire::agent::fields::{BodyError, Fields};

/// What we read of an inventory; the rest is only carried.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    pub disks: Vec<Disk>,
}

/// One disk as the agent sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disk {
    /// e.g. `/dev/sda`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    pub serial: Option<String>,
    pub wwn: Option<String>,
}

impl Inventory {
    /// Members that are absent or odd are passed over: an inventory is a survey, not an order.
    pub fn from_value(value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of("the inventory", value)?;
        let disks = fields.list("disks", DISK_LIMIT)?.unwrap_or_default();
        Ok(Self { disks: disks.iter().filter_map(disk).collect() })
    }
}

/// `None` for an entry without a name.
fn disk(value: &Value) -> Option<Disk> {
    Some(Disk {
        name: text(value, "name")?,
        size: value.get("size").and_then(Value::as_u64).unwrap_or(0),
        serial: text(value, "serial"),
        wwn: text(value, "wwn"),
    })
}

fn text(value: &Value, member: &str) -> Option<String> {
    let text = value.get(member)?.as_str()?;
    Some(text.chars().take(TEXT_LIMIT).collect())
}

/// A shelf of disks behind one server.
const DISK_LIMIT: usize = 1024;

/// Serials and world-wide names are at most a few dozen characters long.
const TEXT_LIMIT: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_entries_are_passed_over() {
        let value = json!({"disks": [{"name": "/dev/sda", "size": "big", "serial": 7}, {"size": 1}, 3]});
        let inventory = Inventory::from_value(value).unwrap();
        assert_eq!(inventory.disks, [Disk { name: "/dev/sda".to_owned(), ..Disk::default() }]);
        assert_eq!(Inventory::from_value(json!({})).unwrap().disks, []);
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_a_panic(text in r#"\{"disks":\[[{}\[\]0-9a-z",:]{0,30}\]\}"#) {
            if let Ok(value) = serde_json::from_str(&text) {
                Inventory::from_value(value).ok();
            }
        }
    }
}
