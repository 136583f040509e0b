//! The disks of a hardware inventory (`poll.get_hardware_info`, or the inventory of an inspection).

use serde_json::{Map, Value};

use crate::wire::agent::fields::{BodyError, Fields};

/// What we read of an inventory; the rest is only carried.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// As the agent tells them: hints go by any of their members.
    pub disks: Vec<Map<String, Value>>,
}

impl Inventory {
    /// Members that are absent or odd are passed over: an inventory is a survey, not an order.
    pub fn from_value(value: Value) -> Result<Self, BodyError> {
        let mut fields = Fields::of("the inventory", value)?;
        let disks = fields.list("disks", DISK_LIMIT)?.unwrap_or_default();
        Ok(Self { disks: disks.into_iter().filter_map(disk).collect() })
    }
}

/// `None` for an entry without a name.
fn disk(value: Value) -> Option<Map<String, Value>> {
    let Value::Object(disk) = value else { return None };
    disk.get("name").is_some_and(Value::is_string).then_some(disk)
}

/// A shelf of disks behind one server.
const DISK_LIMIT: usize = 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn odd_entries_are_passed_over() {
        let value = json!({"disks": [{"name": "/dev/sda", "size": "big", "serial": 7}, {"size": 1}, 3]});
        let inventory = Inventory::from_value(value).unwrap();
        let names: Vec<_> = inventory.disks.iter().map(|disk| disk["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["/dev/sda"]);
        assert!(Inventory::from_value(json!({})).unwrap().disks.is_empty());
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
