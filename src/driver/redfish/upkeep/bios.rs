//! The settings of the firmware as they are, with what their registry says of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::model::part::sheet::Setting;
use crate::wire::redfish::bios::{Attribute, registered};
use crate::wire::redfish::lenient::found;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::view::root::Collection;
use crate::wire::redfish::view::secure_boot::Bios;
use crate::wire::redfish::view::service::message::RegistryFile;

/// `Bios` as it was read just now.
#[derive(Debug)]
pub struct BiosSeen {
    pub system: Seen,
    pub view: Bios,
    pub resource: Resource,
    pub attributes: Map<String, Value>,
}

impl BiosSeen {
    /// What waits for a boot, by name; nothing where there is no settings object.
    pub async fn pending(
        &self,
        server: &Server,
    ) -> Result<(Option<Resource>, Map<String, Value>), RedfishError> {
        let object = self.view.settings.as_ref().and_then(|settings| settings.object.as_ref());
        let pending = server.talk.maybe(object).await?;
        let attributes = pending.as_ref().map(|one| attributes(&one.raw)).unwrap_or_default();
        Ok((pending, attributes))
    }
}

impl Server {
    /// The settings in force.
    pub async fn bios(&self) -> Result<BiosSeen, RedfishError> {
        let system = self.system().await?;
        let link = system.view.bios.as_ref().ok_or_else(|| self.missing("BIOS settings"))?;
        let resource = match self.talk.follow(link).await {
            Err(error) if error.is_absent() => return Err(self.missing("BIOS settings")),
            outcome => outcome?,
        };
        let attributes = attributes(&resource.raw);
        Ok(BiosSeen { view: resource.view(), attributes, resource, system })
    }

    /// What the registry of these settings says; nothing where there is none that can be read.
    pub async fn bios_rules(&self, bios: &BiosSeen) -> Result<BTreeMap<String, Attribute>, RedfishError> {
        let Some(name) = &bios.view.registry else { return Ok(BTreeMap::new()) };
        let Some(file) = self.registry_file(name).await? else { return Ok(BTreeMap::new()) };
        let place = file.english().and_then(|place| place.uri.clone());
        let registry = self.talk.maybe(place.as_ref()).await?;
        Ok(registry.map(|registry| registered(&registry.raw)).unwrap_or_default())
    }

    /// The file of a registry: the one whose path bears the name, before all the others are asked.
    async fn registry_file(&self, name: &str) -> Result<Option<RegistryFile>, RedfishError> {
        let Some(link) = self.talk.root().await?.registries else { return Ok(None) };
        let listed: Option<Collection> = self.talk.maybe_view(Some(&link)).await?;
        let mut links = listed.map(|listed| listed.members).unwrap_or_default();
        links.truncate(REGISTRIES);
        links.sort_by_key(|link| std::cmp::Reverse(likeness(link, name)));
        for link in &links {
            let file: Option<RegistryFile> = self.talk.maybe_view(Some(link)).await?;
            if let Some(file) = file.filter(|file| file.is_for(name)) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// All settings as they are shown to clients.
    pub async fn bios_rows(&self) -> Result<Vec<Setting>, RedfishError> {
        let bios = self.bios().await?;
        let rules = self.bios_rules(&bios).await?;
        Ok(rows(&bios.attributes, &rules))
    }
}

fn attributes(raw: &Value) -> Map<String, Value> {
    let map = found(raw, &["Attributes"]).and_then(Value::as_object);
    // Names with an @ are annotations.
    let own = map.into_iter().flatten().filter(|(name, _)| !name.contains('@'));
    own.take(SETTINGS).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How much of a registry's name its path bears: all, its beginning, the word for attributes, nothing.
fn likeness(link: &Link, name: &str) -> u8 {
    let last = link.last().unwrap_or_default().to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    match () {
        () if last == name => 3,
        () if !stem.is_empty() && last.starts_with(stem) => 2,
        () if last.contains("attribute") => 1,
        () => 0,
    }
}

/// Rows that fit into the store: a registry that is too long loses its lists first.
fn rows(attributes: &Map<String, Value>, rules: &BTreeMap<String, Attribute>) -> Vec<Setting> {
    let mut rows: Vec<Setting> =
        attributes.iter().map(|(name, value)| row(name, value, rules.get(name))).collect();
    let size = |rows: &[Setting]| serde_json::to_vec(rows).map_or(usize::MAX, |text| text.len());
    if size(&rows) > ROOM {
        tracing::warn!(
            settings = rows.len(),
            "the registry of BIOS settings is too long: its lists are left out"
        );
        for row in &mut rows {
            row.allowable_values = None;
        }
    }
    while size(&rows) > ROOM {
        rows.truncate(rows.len() / 2);
    }
    rows
}

fn row(name: &str, value: &Value, rule: Option<&Attribute>) -> Setting {
    let base = Setting { name: cut(name), value: shown(value), ..Setting::default() };
    let Some(rule) = rule else { return base };
    let names = rule.allowable();
    Setting {
        attribute_type: rule.kind.clone(),
        allowable_values: names.map(|names| names.iter().map(|name| cut(name).into()).collect()),
        lower_bound: rule.lower_bound,
        upper_bound: rule.upper_bound,
        min_length: rule.min_length,
        max_length: rule.max_length,
        read_only: rule.read_only,
        reset_required: rule.reset_required,
        unique: rule.unique,
        ..base
    }
}

/// A value as clients of the reference know it: `True` and `False` with a capital.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::String(text) => Some(cut(text)),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(cut(&value.to_string())),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

/// Settings that are read: machines have some hundred, the largest a thousand.
const SETTINGS: usize = 2000;
/// Registries of one BMC.
const REGISTRIES: usize = 128;
/// Characters of one name or value.
const TEXT: usize = 255;
/// Bytes as JSON that the store's sheet has room for, with its own form.
const ROOM: usize = 400 << 10;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_shown_as_the_reference_shows_them() {
        let raw =
            json!({"Attributes": {"a": true, "b": 5, "c": "x", "d": null, "e@Redfish.AllowableValues": []}});
        let rules = registered(&json!({"RegistryEntries": {"Attributes": [
            {"AttributeName": "c", "Type": "Enumeration", "ReadOnly": false, "Value": [{"ValueName": "x"}]}]}}));
        let rows = rows(&attributes(&raw), &rules);
        let seen: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.value.as_deref())).collect();
        assert_eq!(seen, [("a", Some("True")), ("b", Some("5")), ("c", Some("x")), ("d", None)]);
        assert_eq!(rows[2].attribute_type.as_deref(), Some("Enumeration"));
        assert_eq!(rows[2].allowable_values, Some(vec![json!("x")]));
        assert_eq!((rows[2].read_only, rows[0].read_only), (Some(false), None));
    }

    #[test]
    fn a_registry_without_measure_fits_into_the_store() {
        let names: Vec<Value> = (0..3000).map(|n| json!({"ValueName": format!("{n:0200}")})).collect();
        let raw = json!({"Attributes": (0..3000).map(|n| (format!("a{n}"), json!("x".repeat(5000)))).collect::<Map<_, _>>()});
        let rules = registered(&json!({"RegistryEntries": {"Attributes": [
            {"AttributeName": "a1", "Type": "Enumeration", "Value": names}]}}));
        let rows = rows(&attributes(&raw), &rules);
        assert!(serde_json::to_vec(&rows).unwrap().len() <= ROOM && rows.len() >= 500, "{}", rows.len());
    }

    #[test]
    fn the_likely_registry_is_asked_first() {
        let of = |path: &str| likeness(&Link::new(path), "BiosAttributeRegistry.v1_0_0");
        assert_eq!(of("/r/BiosAttributeRegistry.v1_0_0"), 3);
        assert_eq!(of("/r/biosattributeregistry"), 2);
        assert_eq!((of("/r/NetworkAttributes"), of("/r/Base")), (1, 0));
    }
}
