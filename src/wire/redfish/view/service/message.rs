//! Messages that a BMC gives, and the registries that explain them.

use serde_json::Value;

use crate::wire::redfish::lenient::{View, found, view};
use crate::wire::redfish::link::Link;

view! {
    /// One entry of `@Message.ExtendedInfo`, of a task's `Messages` or of a settings object's.
    pub struct Message {
        id: Option<String> = "MessageId" | "MessageID" | "messageId";
        text: Option<String> = "Message" | "message";
        arguments: Vec<String> = "MessageArgs";
        severity: Option<String> = "MessageSeverity" | "Severity";
        resolution: Option<String> = "Resolution";
        related: Vec<String> = "RelatedProperties";
    }

    /// Which registry a service has, and where.
    pub struct RegistryFile {
        id: Option<String> = "Id";
        registry: Option<String> = "Registry";
        languages: Vec<String> = "Languages";
        locations: Vec<RegistryLocation> = "Location";
    }

    /// One place of a registry.
    pub struct RegistryLocation {
        language: Option<String> = "Language";
        uri: Option<Link> = "Uri";
        archive: Option<Link> = "ArchiveUri";
        archive_file: Option<String> = "ArchiveFile";
        publication: Option<String> = "PublicationUri";
    }

    /// One message of a message registry.
    pub struct RegistryMessage {
        text: Option<String> = "Message";
        severity: Option<String> = "MessageSeverity" | "Severity";
        resolution: Option<String> = "Resolution";
        argument_count: Option<u64> = "NumberOfArgs";
    }
}

impl Message {
    /// The key without registry and version: `ResourceInUse` of `Base.1.8.ResourceInUse`.
    pub fn key(&self) -> &str {
        self.id.as_deref().and_then(|id| id.rsplit('.').next()).unwrap_or_default()
    }

    /// What a person reads: the text, with the id if the text says nothing.
    pub fn shown(&self) -> Option<String> {
        let text = self.text.clone().filter(|text| !text.eq_ignore_ascii_case("unknown"));
        text.or_else(|| self.id.clone())
    }

    /// Whether the message names `word` anywhere: text, arguments, related properties.
    pub fn names(&self, word: &str) -> bool {
        let holds = |text: &String| text.to_ascii_lowercase().contains(&word.to_ascii_lowercase());
        self.text.iter().any(holds) || self.arguments.iter().any(holds) || self.related.iter().any(holds)
    }
}

impl RegistryFile {
    /// Where the registry is in English or the default language, if this file names it. Links to unpack or to the open
    /// network come last, in this order: `Uri`, `ArchiveUri`.
    pub fn english(&self) -> Option<&RegistryLocation> {
        let speaks = |place: &&RegistryLocation| {
            let language = place.language.as_deref().unwrap_or("default").to_ascii_lowercase();
            language == "default" || language == "en" || language.starts_with("en-")
        };
        let usable = |place: &&RegistryLocation| place.uri.is_some() || place.archive.is_some();
        self.locations.iter().filter(usable).find(speaks)
    }

    /// Whether this file is the registry of the name, e.g. `BiosAttributeRegistry.v1_0_0` or `Base`.
    pub fn is_for(&self, name: &str) -> bool {
        let same = |text: &Option<String>| text.as_deref().is_some_and(|text| text == name);
        same(&self.id) || same(&self.registry)
    }
}

/// One message of a message registry, its key without prefix.
pub fn registered(registry: &Value, key: &str) -> Option<RegistryMessage> {
    let messages = found(registry, &["Messages"])?;
    messages.get(key).map(RegistryMessage::read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_without_text_shows_its_id() {
        let message = Message::read(&json!({"MessageId": "Base.1.8.ResourceInUse", "Message": "unknown"}));
        assert_eq!(message.key(), "ResourceInUse");
        assert_eq!(message.shown().as_deref(), Some("Base.1.8.ResourceInUse"));
        assert_eq!(Message::default().shown(), None);
        assert!(Message::read(&json!({"MessageArgs": ["UserName"]})).names("username"));
    }

    #[test]
    fn registries_are_found_in_any_english() {
        let file = RegistryFile::read(&json!({"Id": "Base", "Location": [
            {"Language": "de", "Uri": "/de"}, {"Language": "en-US", "PublicationUri": "https://x"},
            {"Language": "en-GB", "Uri": {"extref": "/gb"}}]}));
        assert!(file.is_for("Base") && !file.is_for("Bas"));
        assert_eq!(file.english().and_then(|place| place.uri.clone()), Some(Link::new("/gb")));
        let registry = json!({"Messages": {"A": {"Message": "It is %1", "NumberOfArgs": "1"}}});
        assert_eq!(registered(&registry, "A").and_then(|message| message.argument_count), Some(1));
        assert_eq!(registered(&registry, "B"), None);
    }
}
