//! What is written down of a machine's firmware: its settings and the parts that bear one; and what its agent offers. Kept
//! beside the node's record, in the store alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::moment::Moment;
use crate::model::Object;
use crate::model::part::told::ToldSteps;

/// A setting of the BIOS (contract `api.json`, `bios_setting`), with what the vendor's registry says of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Setting {
    pub name: String,
    pub value: Option<String>,
    pub created_at: Moment,
    pub updated_at: Option<Moment>,
    pub attribute_type: Option<String>,
    pub allowable_values: Option<Vec<Value>>,
    pub lower_bound: Option<i64>,
    pub upper_bound: Option<i64>,
    pub min_length: Option<i64>,
    pub max_length: Option<i64>,
    pub read_only: Option<bool>,
    pub reset_required: Option<bool>,
    pub unique: Option<bool>,
}

/// A part that bears firmware (contract `api.json`, `firmware_component`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Component {
    /// e.g. `bios`, `bmc`, `nic:1`.
    pub component: String,
    pub created_at: Moment,
    pub updated_at: Option<Moment>,
    /// The version that was found first.
    pub initial_version: Option<String>,
    pub current_version: Option<String>,
    pub last_version_flashed: Option<String>,
    pub vendor: Option<String>,
    pub model: Option<String>,
    pub serial_number: Option<String>,
}

/// All that is written down of one kind; each takes the place of the one before.
#[derive(Debug, Clone, PartialEq)]
pub enum Sheet {
    Settings(Vec<Setting>),
    Components(Vec<Component>),
    /// Settings by name and value: those that are known keep what else is known of them, the others go.
    Wished(Vec<(String, String)>),
    /// The steps that the agent has told for one kind of work.
    Told(ToldSteps),
}

/// The settings of the step `apply_configuration`; the error says what is wrong with them.
pub fn wished_settings(args: &Object) -> Result<Vec<(String, String)>, &'static str> {
    let Some(Value::Array(items)) = args.get("settings") else { return Err("settings must be a list") };
    let one = |item: &Value| {
        let name = item.get("name")?.as_str().filter(|name| !name.is_empty())?;
        let value = item.get("value")?;
        Some((name.to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    };
    let pairs: Option<Vec<_>> = items.iter().map(one).collect();
    pairs.ok_or("each of the settings must have a name and a value")
}

/// Settings after values were asked for: those that are named, new ones with them; the others go. The reference's fake
/// BIOS keeps what it is told in the same way.
pub fn applied(before: &[Setting], wished: &[(String, String)], at: Moment) -> Vec<Setting> {
    let one = |(name, value): &(String, String)| match before.iter().find(|old| old.name == *name) {
        Some(old) if old.value.as_ref() == Some(value) => old.clone(),
        Some(old) => Setting { value: Some(value.clone()), updated_at: Some(at), ..old.clone() },
        None => {
            Setting { name: name.clone(), value: Some(value.clone()), created_at: at, ..Setting::default() }
        }
    };
    wished.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wished(settings: Value) -> Result<Vec<(String, String)>, &'static str> {
        wished_settings(&Object::from_iter([("settings".to_owned(), settings)]))
    }

    #[test]
    fn settings_have_names_and_values() {
        let pairs = wished(json!([{"name": "a", "value": "x"}, {"name": "b", "value": 1}])).unwrap();
        assert_eq!(pairs, [("a".to_owned(), "x".to_owned()), ("b".to_owned(), "1".to_owned())]);
        for wrong in [json!({}), json!([1]), json!([{"name": "a"}]), json!([{"name": "", "value": 1}])] {
            assert!(wished(wrong.clone()).is_err(), "{wrong}");
        }
        assert!(wished_settings(&Object::new()).is_err());
    }

    #[test]
    fn what_is_wished_takes_the_place_of_what_was() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let before = applied(&[], &[pair("a", "1"), pair("b", "1"), pair("c", "1")], Moment(1));
        let after = applied(&before, &[pair("b", "1"), pair("c", "2"), pair("d", "1")], Moment(2));
        let seen: Vec<_> =
            after.iter().map(|one| (one.name.as_str(), one.created_at.0, one.updated_at)).collect();
        assert_eq!(seen, [("b", 1, None), ("c", 1, Some(Moment(2))), ("d", 2, None)]);
    }
}
