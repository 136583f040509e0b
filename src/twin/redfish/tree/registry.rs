//! Message registries and the registry of BIOS attributes.

use serde_json::{Map, Value, json};

use crate::twin::redfish::profile::ROOT;
use crate::twin::redfish::tree::{Builder, Live, texts};
use crate::wire::redfish::shape;
use crate::wire::redfish::shape::served::Served;

pub(super) fn build(builder: &mut Builder) {
    let own = builder.maker.registry_prefix;
    let list = format!("{ROOT}/Registries");
    let ids = texts(&["Base.1.16.0", "BiosAttributeRegistry", own]);
    builder.list(Served::MessageRegistryFile, &list, "Registry File Collection", &ids);
    file(builder, "Base.1.16.0", "Base.1.16.0", &base());
    file(builder, "BiosAttributeRegistry", "BiosAttributeRegistry.1.0.0", &attributes());
    let extra = messages(own, "1.0.0", &Map::new());
    file(builder, own, &format!("{own}.1.0.0"), &extra);
}

/// The registry file with the registry that it leads to.
fn file(builder: &mut Builder, id: &str, registry: &str, content: &Value) {
    let uri = format!("{ROOT}/Registries/{id}/{id}.json");
    let members = json!({
        "Languages": ["en"], "Registry": registry, "Location": [{"Language": "en", "Uri": uri.clone()}],
    });
    builder.put(Served::MessageRegistryFile, &format!("{ROOT}/Registries/{id}"), "Registry File", members);
    builder.raw(Live::Nothing, &uri, content.clone());
}

fn base() -> Value {
    let arguments: Vec<String> = (1..=3).map(|number| format!("%{number}")).collect();
    let entry = |key: &&str| {
        let message = shape::base_message(key, &arguments)?;
        let text = message.get("Message").cloned().unwrap_or_default();
        let count = arguments
            .iter()
            .filter(|mark| text.as_str().is_some_and(|text| text.contains(mark.as_str())))
            .count();
        let body = json!({
            "Description": text, "Message": text, "Severity": message.get("MessageSeverity"),
            "MessageSeverity": message.get("MessageSeverity"), "Resolution": message.get("Resolution"),
            "NumberOfArgs": count, "ParamTypes": vec!["string"; count],
        });
        Some(((*key).to_owned(), body))
    };
    messages("Base", "1.16.0", &KEYS.iter().filter_map(entry).collect())
}

fn messages(prefix: &str, version: &str, messages: &Map<String, Value>) -> Value {
    json!({
        "@odata.type": "#MessageRegistry.v1_6_0.MessageRegistry",
        "Id": format!("{prefix}.{version}"), "Name": format!("{prefix} Message Registry"), "Language": "en",
        "RegistryPrefix": prefix, "RegistryVersion": version, "OwningEntity": "Ferric", "Messages": messages,
    })
}

fn attributes() -> Value {
    let choice = |value: &str| json!({"ValueName": value, "ValueDisplayName": value});
    let entry = |name: &str, kind: &str| {
        json!({
            "AttributeName": name, "DisplayName": name, "Type": kind, "ReadOnly": false, "Hidden": false,
            "ResetRequired": true,
        })
    };
    let mut mode = entry("BootMode", "Enumeration");
    if let Some(map) = mode.as_object_mut() {
        map.insert("Value".to_owned(), json!([choice("Uefi"), choice("Bios")]));
    }
    json!({
        "@odata.type": "#AttributeRegistry.v1_3_6.AttributeRegistry",
        "Id": "BiosAttributeRegistry.1.0.0", "Name": "BIOS Attribute Registry", "Language": "en",
        "RegistryVersion": "1.0.0", "OwningEntity": "Ferric",
        "RegistryEntries": {"Attributes": [
            mode, entry("ProcVirtualization", "Boolean"), entry("AssetTag", "String"), entry("NumLock", "Boolean"),
        ]},
    })
}

/// The messages of the Base registry that the service sends.
const KEYS: &[&str] = &[
    "Success",
    "GeneralError",
    "Created",
    "NoValidSession",
    "InsufficientPrivilege",
    "PropertyUnknown",
    "PropertyValueNotInList",
    "PropertyNotWritable",
    "PropertyMissing",
    "ActionParameterMissing",
    "ActionParameterUnknown",
    "ActionParameterNotSupported",
    "ActionParameterValueNotInList",
    "ActionNotSupported",
    "ResourceMissingAtURI",
    "PreconditionFailed",
    "PreconditionRequired",
    "MalformedJSON",
    "ResourceInUse",
    "InternalError",
];
