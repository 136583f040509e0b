//! The form of a target RAID configuration (the reference's `raid_config_schema`): logical disks, one of them the root
//! volume at most.

use serde_json::Value;

use crate::model::Object;
use crate::model::decision::refusal::Refusal;

/// What a logical disk may say of itself.
#[derive(Debug)]
pub struct Property {
    pub name: &'static str,
    pub description: &'static str,
    fits: fn(&Value) -> bool,
}

/// Checks a configuration that is not empty.
pub fn check(config: &Object) -> Result<(), Refusal> {
    if let Some(name) = config.keys().find(|name| *name != DISKS) {
        return Err(refused(&format!("has no member {:?}; it has {DISKS}", cut(name))));
    }
    let Some(Value::Array(disks)) = config.get(DISKS) else {
        return Err(refused(&format!("needs {DISKS}, a list")));
    };
    if disks.is_empty() {
        return Err(refused(&format!("{DISKS} must name a disk at least")));
    }
    for (place, disk) in disks.iter().enumerate() {
        check_disk(disk).map_err(|why| refused(&format!("logical disk {place} {why}")))?;
    }
    let is_root = |disk: &&Value| disk.get("is_root_volume") == Some(&Value::Bool(true));
    match disks.iter().filter(is_root).count() {
        0 | 1 => Ok(()),
        roots => Err(refused(&format!("can have one root volume, but {roots} were given"))),
    }
}

fn check_disk(disk: &Value) -> Result<(), String> {
    let Value::Object(members) = disk else { return Err("must be an object".to_owned()) };
    for (name, value) in members {
        match PROPERTIES.iter().find(|row| row.name == name) {
            None => return Err(format!("has no member {:?}", cut(name))),
            Some(row) if !(row.fits)(value) => {
                return Err(format!("has a wrong {}: {}", row.name, row.description));
            }
            Some(_) => {}
        }
    }
    if let Some(name) = NEEDED.iter().find(|name| !members.contains_key(**name)) {
        return Err(format!("needs {name}"));
    }
    if members.contains_key("physical_disks") && !members.contains_key("controller") {
        return Err("names physical_disks and needs their controller".to_owned());
    }
    Ok(())
}

fn refused(why: &str) -> Refusal {
    Refusal::Invalid(format!("the RAID configuration {why}"))
}

fn cut(name: &str) -> String {
    name.chars().take(64).collect()
}

fn is_one_of(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|text| words.contains(&text))
}

/// Disks by name, or at least two descriptions of disks.
fn are_disks(value: &Value) -> bool {
    let Some(items) = value.as_array() else { return false };
    items.iter().all(Value::is_string) || (items.len() >= 2 && items.iter().all(Value::is_object))
}

/// The one member of a configuration.
const DISKS: &str = "logical_disks";

const NEEDED: &[&str] = &["raid_level", "size_gb"];

const LEVELS: &[&str] = &["JBOD", "0", "1", "2", "5", "6", "1+0", "5+0", "6+0"];

/// Every member of a logical disk.
pub const PROPERTIES: &[Property] = &[
    Property {
        name: "raid_level",
        description: "RAID level: JBOD, 0, 1, 2, 5, 6, 1+0, 5+0 or 6+0. Required.",
        fits: |value| is_one_of(value, LEVELS),
    },
    Property {
        name: "size_gb",
        description: "Size in GiB, a whole number, or MAX for all the space that is left. Required.",
        fits: |value| value.is_u64() || is_one_of(value, &["MAX"]),
    },
    Property {
        name: "volume_name",
        description: "Name of the volume; one is made up if it is missing.",
        fits: Value::is_string,
    },
    Property {
        name: "is_root_volume",
        description: "Whether the system is to be installed on this disk: true or false, false if it is missing.",
        fits: Value::is_boolean,
    },
    Property {
        name: "share_physical_disks",
        description: "Whether other logical disks may use the same physical disks: true or false, false if it is missing.",
        fits: Value::is_boolean,
    },
    Property {
        name: "disk_type",
        description: "Kind of the physical disks: hdd or ssd; any if it is missing.",
        fits: |value| is_one_of(value, &["hdd", "ssd"]),
    },
    Property {
        name: "interface_type",
        description: "Interface of the physical disks: sata, scsi or sas; any if it is missing.",
        fits: |value| is_one_of(value, &["sata", "scsi", "sas"]),
    },
    Property {
        name: "number_of_physical_disks",
        description: "How many physical disks are used, above 0; as few as the level needs if it is missing.",
        fits: |value| value.as_u64().is_some_and(|count| count > 0),
    },
    Property {
        name: "controller",
        description: "The RAID controller; a suitable one is chosen if it is missing.",
        fits: Value::is_string,
    },
    Property {
        name: "physical_disks",
        description: "The physical disks: names, or two descriptions and more. Needs controller; suitable ones are chosen if it is missing.",
        fits: are_disks,
    },
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn checked(config: &Value) -> bool {
        check(config.as_object().unwrap()).is_ok()
    }

    #[test]
    fn a_configuration_names_disks_with_level_and_size() {
        for disks in [
            json!([{"size_gb": 100, "raid_level": "1"}]),
            json!([{"size_gb": "MAX", "raid_level": "JBOD"}, {"size_gb": 0, "raid_level": "6+0", "is_root_volume": true}]),
            json!([{"size_gb": 1, "raid_level": "0", "controller": "c", "physical_disks": ["a"], "disk_type": "ssd",
                    "interface_type": "sas", "number_of_physical_disks": 1, "volume_name": "v", "share_physical_disks": true}]),
            json!([{"size_gb": 1, "raid_level": "0", "controller": "c", "physical_disks": [{}, {}]}]),
        ] {
            assert!(checked(&json!({"logical_disks": disks})), "{disks}");
        }
        for disks in [
            json!([]),
            json!({}),
            json!([1]),
            json!([{"size_gb": 100}]),
            json!([{"raid_level": "1"}]),
            json!([{"size_gb": 100, "raid_level": 1}]),
            json!([{"size_gb": 100, "raid_level": "7"}]),
            json!([{"size_gb": -1, "raid_level": "1"}]),
            json!([{"size_gb": 1.5, "raid_level": "1"}]),
            json!([{"size_gb": true, "raid_level": "1"}]),
            json!([{"size_gb": "max", "raid_level": "1"}]),
            json!([{"size_gb": 1, "raid_level": "1", "a": 1}]),
            json!([{"size_gb": 1, "raid_level": "1", "disk_type": "tape"}]),
            json!([{"size_gb": 1, "raid_level": "1", "number_of_physical_disks": 0}]),
            json!([{"size_gb": 1, "raid_level": "1", "physical_disks": ["a"]}]),
            json!([{"size_gb": 1, "raid_level": "1", "controller": "c", "physical_disks": [{}]}]),
            json!([{"size_gb": 1, "raid_level": "1", "is_root_volume": "true"}]),
            json!([{"size_gb": 1, "raid_level": "1", "is_root_volume": true},
                   {"size_gb": 1, "raid_level": "1", "is_root_volume": true}]),
        ] {
            assert!(!checked(&json!({"logical_disks": disks})), "{disks}");
        }
        assert!(!checked(&json!({"a": 1})));
        assert!(!checked(&json!({"logical_disks": [{"size_gb": 1, "raid_level": "1"}], "a": 1})));
    }

    proptest! {
        #[test]
        fn no_configuration_is_a_panic(name: String, text: String, number: i64) {
            checked(&json!({"logical_disks": [{"size_gb": number, "raid_level": text.clone(), name: text}]}));
        }
    }
}
