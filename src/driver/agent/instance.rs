//! What the record says of how an instance boots.

use serde_json::Value;

use crate::driver::capability::boot_mode::Mode;
use crate::model::Object;
use crate::model::node::Node;

/// The instance's word, then the machine's, then what the record shows, then UEFI (`deploy.default_boot_mode`).
pub fn boot_mode(node: &Node) -> Mode {
    let word = node.instance_info("deploy_boot_mode").map(str::to_owned);
    let word = word.or_else(|| capability(node, "boot_mode")).or_else(|| node.wished.boot_mode.clone());
    word.and_then(|word| Mode::parse(&word.to_ascii_lowercase())).unwrap_or_default()
}

/// `gpt` or `msdos`, if the record says so.
pub fn disk_label(node: &Node) -> Option<String> {
    capability(node, "disk_label")
}

/// A capability of the instance (an object, or one as JSON text) or of the machine (`a:b,c:d`).
fn capability(node: &Node, name: &str) -> Option<String> {
    let asked = node.wished.instance_info.get("capabilities");
    asked
        .and_then(|value| asked_capability(value, name))
        .or_else(|| own_capability(&node.wished.properties, name))
}

fn asked_capability(value: &Value, name: &str) -> Option<String> {
    let parsed;
    let map = match value {
        Value::Object(map) => map,
        Value::String(text) => {
            parsed = serde_json::from_str::<Object>(text).ok()?;
            &parsed
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    map.get(name)?.as_str().map(str::to_owned)
}

fn own_capability(properties: &Object, name: &str) -> Option<String> {
    let list = properties.get("capabilities")?.as_str()?;
    let mut pairs = list.split(',').filter_map(|pair| pair.split_once(':'));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::model::node::Wished;

    fn node(properties: Value, instance_info: Value) -> Node {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let (properties, instance_info) = (map(properties), map(instance_info));
        let wished = Wished { properties, instance_info, ..Wished::default() };
        Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0))
    }

    #[test]
    fn the_instance_has_the_first_word_on_the_boot_mode() {
        let bios = json!({"capabilities": "secure_boot:false, boot_mode:bios"});
        assert_eq!(boot_mode(&node(json!({}), json!({}))), Mode::Uefi);
        assert_eq!(boot_mode(&node(bios.clone(), json!({}))), Mode::Bios);
        assert_eq!(
            boot_mode(&node(bios.clone(), json!({"capabilities": {"boot_mode": "uefi"}}))),
            Mode::Uefi
        );
        assert_eq!(boot_mode(&node(bios, json!({"capabilities": "{\"boot_mode\": \"UEFI\"}"}))), Mode::Uefi);
        assert_eq!(boot_mode(&node(json!({}), json!({"deploy_boot_mode": "bios"}))), Mode::Bios);
    }

    #[test]
    fn the_disk_label_is_told_only_if_it_is_given() {
        assert_eq!(disk_label(&node(json!({}), json!({}))), None);
        assert_eq!(
            disk_label(&node(json!({"capabilities": "disk_label:gpt"}), json!({}))),
            Some("gpt".to_owned())
        );
    }
}
