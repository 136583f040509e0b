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

impl Sheet {
    /// As the result of a step, for those who keep it.
    pub fn told(&self) -> Object {
        let rows = |name: &str, rows: Value| Object::from_iter([(name.to_owned(), rows)]);
        match self {
            Self::Settings(all) => rows(SETTINGS, serde_json::to_value(all).unwrap_or_default()),
            Self::Components(all) => rows(COMPONENTS, serde_json::to_value(all).unwrap_or_default()),
            Self::Wished(_) | Self::Told(_) => Object::new(),
        }
    }

    /// What a step's result tells of the firmware.
    pub fn of(result: &Object) -> Vec<Self> {
        let read = |name: &str| result.get(name).cloned();
        let settings = read(SETTINGS).and_then(|rows| serde_json::from_value(rows).ok()).map(Self::Settings);
        let components = read(COMPONENTS).and_then(|rows| serde_json::from_value(rows).ok());
        settings.into_iter().chain(components.map(Self::Components)).collect()
    }
}

/// Members of a step's result.
const SETTINGS: &str = "bios_settings";
const COMPONENTS: &str = "firmware_components";

/// The settings of the step `apply_configuration` as they were given; the error says what is wrong with them.
pub fn wished_values(args: &Object) -> Result<Vec<(String, Value)>, &'static str> {
    let Some(Value::Array(items)) = args.get("settings") else { return Err("settings must be a list") };
    let one = |item: &Value| {
        let name = item.get("name")?.as_str().filter(|name| !name.is_empty())?;
        Some((name.to_owned(), item.get("value")?.clone()))
    };
    let pairs: Option<Vec<_>> = items.iter().map(one).collect();
    pairs.ok_or("each of the settings must have a name and a value")
}

/// The same as texts.
pub fn wished_settings(args: &Object) -> Result<Vec<(String, String)>, &'static str> {
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(wished_values(args)?.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// Settings as they were read, with the moments of those before: since when each is known, when it last changed.
pub fn settings_since(before: &[Setting], read: &[Setting], at: Moment) -> Vec<Setting> {
    let one = |new: &Setting| match before.iter().find(|old| old.name == new.name) {
        Some(old) => {
            let bare =
                |one: &Setting| Setting { created_at: Moment::default(), updated_at: None, ..one.clone() };
            let updated_at = if bare(old) == bare(new) { old.updated_at } else { Some(at) };
            Setting { created_at: old.created_at, updated_at, ..new.clone() }
        }
        None => Setting { created_at: at, updated_at: None, ..new.clone() },
    };
    read.iter().map(one).collect()
}

/// Parts as they were read, with what is known of each from before: the version found first, the one flashed last.
pub fn components_since(before: &[Component], read: &[Component], at: Moment) -> Vec<Component> {
    let one = |new: &Component| match before.iter().find(|old| old.component == new.component) {
        Some(old) => {
            let is_new = new.current_version.is_some() && new.current_version != old.current_version;
            let flashed = if is_new { new.current_version.clone() } else { old.last_version_flashed.clone() };
            let merged = Component {
                created_at: old.created_at,
                updated_at: old.updated_at,
                initial_version: old.initial_version.clone().or_else(|| new.current_version.clone()),
                last_version_flashed: flashed,
                ..new.clone()
            };
            if merged == *old { merged } else { Component { updated_at: Some(at), ..merged } }
        }
        None => Component {
            created_at: at,
            updated_at: None,
            initial_version: new.current_version.clone(),
            ..new.clone()
        },
    };
    read.iter().map(one).collect()
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
    fn what_is_read_keeps_the_moments_of_what_was() {
        let row = |value: &str| Setting {
            name: "a".to_owned(),
            value: Some(value.to_owned()),
            ..Setting::default()
        };
        let first = settings_since(&[], &[row("1")], Moment(1));
        let same = settings_since(&first, &[row("1")], Moment(2));
        assert_eq!((same[0].created_at, same[0].updated_at), (Moment(1), None));
        let other = settings_since(&same, &[row("2")], Moment(3));
        assert_eq!((other[0].created_at, other[0].updated_at), (Moment(1), Some(Moment(3))));
    }

    #[test]
    fn a_part_remembers_its_first_version_and_the_one_flashed_last() {
        let part = |version: &str| Component {
            component: "bios".to_owned(),
            current_version: Some(version.to_owned()),
            ..Component::default()
        };
        let first = components_since(&[], &[part("1")], Moment(1));
        assert_eq!(
            (first[0].initial_version.as_deref(), first[0].last_version_flashed.as_deref()),
            (Some("1"), None)
        );
        let same = components_since(&first, &[part("1")], Moment(2));
        assert_eq!(same, first);
        let new = components_since(&same, &[part("2")], Moment(3));
        assert_eq!(
            (new[0].initial_version.as_deref(), new[0].last_version_flashed.as_deref()),
            (Some("1"), Some("2"))
        );
        assert_eq!((new[0].created_at, new[0].updated_at), (Moment(1), Some(Moment(3))));
    }

    #[test]
    fn a_step_tells_what_it_read() {
        let sheet = Sheet::Settings(vec![Setting { name: "a".to_owned(), ..Setting::default() }]);
        assert_eq!(Sheet::of(&sheet.told()), [sheet]);
        assert_eq!(Sheet::of(&Object::from_iter([("bios_settings".to_owned(), json!(3))])), []);
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
