//! How a node says that its machine is to boot: mode and secure boot (contract `boot.md` section 2).

use serde_json::Value;

use crate::model::Object;
use crate::model::bmc::panel::Mode;
use crate::model::node::Node;

/// The mode that somebody wants, if anybody does: the instance, then the machine's properties, then the mode in which
/// the pipelines booted it before. Secure boot is UEFI's.
pub fn wanted_mode(node: &Node) -> Option<Mode> {
    if wants_secure_boot(node) {
        return Some(Mode::Uefi);
    }
    let of_instance = instance_capability(node, "boot_mode");
    let word = of_instance.or_else(|| node.instance_info("deploy_boot_mode").map(str::to_owned));
    let word = word.or_else(|| own_capability(&node.wished.properties, "boot_mode"));
    word.and_then(|word| parsed(&word)).or(node.deploy_boot_mode)
}

/// What the node says twice and differently; the text is for a person.
pub fn contradiction(node: &Node) -> Option<String> {
    let own = own_capability(&node.wished.properties, "boot_mode").and_then(|word| parsed(&word))?;
    let wanted = wanted_mode(node)?;
    (wanted != own).then(|| {
        format!(
            "instance_info wants boot mode {}, but the capabilities in properties say boot_mode:{}; make both say the \
             same, or leave one out",
            wanted.name(),
            own.name()
        )
    })
}

/// Whether the instance is to boot with secure boot.
pub fn wants_secure_boot(node: &Node) -> bool {
    instance_capability(node, "secure_boot").is_some_and(|word| word.eq_ignore_ascii_case("true"))
}

/// A capability of the instance, or else of the machine.
pub fn capability(node: &Node, name: &str) -> Option<String> {
    instance_capability(node, name).or_else(|| own_capability(&node.wished.properties, name))
}

fn parsed(word: &str) -> Option<Mode> {
    Mode::parse(&word.to_ascii_lowercase())
}

/// Of an object, or of one as JSON text.
fn instance_capability(node: &Node, name: &str) -> Option<String> {
    let parsed;
    let map = match node.wished.instance_info.get("capabilities")? {
        Value::Object(map) => map,
        Value::String(text) => {
            parsed = serde_json::from_str::<Object>(text).ok()?;
            &parsed
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    match map.get(name)? {
        Value::String(word) => Some(word.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Of `a:b,c:d`.
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
        let map = |value: Value| serde_json::from_value::<Object>(value).unwrap();
        let (properties, instance_info) = (map(properties), map(instance_info));
        let wished = Wished { properties, instance_info, ..Wished::default() };
        Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0))
    }

    #[test]
    fn the_instance_has_the_first_word_and_the_last_boot_the_last() {
        let bios = json!({"capabilities": "x:y, boot_mode:bios"});
        assert_eq!(wanted_mode(&node(json!({}), json!({}))), None);
        let mut before = node(json!({}), json!({}));
        before.deploy_boot_mode = Some(Mode::Bios);
        assert_eq!(wanted_mode(&before), Some(Mode::Bios));
        assert_eq!(wanted_mode(&node(bios.clone(), json!({}))), Some(Mode::Bios));
        let said = json!({"deploy_boot_mode": "uefi"});
        assert_eq!(wanted_mode(&node(bios.clone(), said)), Some(Mode::Uefi));
        let twice = json!({"capabilities": "{\"boot_mode\": \"UEFI\"}", "deploy_boot_mode": "bios"});
        assert_eq!(wanted_mode(&node(bios, twice)), Some(Mode::Uefi));
    }

    #[test]
    fn secure_boot_is_asked_for_by_the_instance_and_means_uefi() {
        for asked in [json!("true"), json!(true), json!("True")] {
            let one = node(json!({}), json!({"capabilities": {"secure_boot": asked, "boot_mode": "bios"}}));
            assert!(wants_secure_boot(&one));
            assert_eq!(wanted_mode(&one), Some(Mode::Uefi));
        }
        let own = node(json!({"capabilities": "secure_boot:true"}), json!({}));
        assert!(!wants_secure_boot(&own), "what a machine can do is no wish");
    }

    #[test]
    fn two_words_that_differ_are_told() {
        let properties = json!({"capabilities": "boot_mode:bios"});
        let instance = json!({"capabilities": {"boot_mode": "uefi"}});
        let text = contradiction(&node(properties.clone(), instance.clone())).unwrap();
        assert!(text.contains("boot mode uefi") && text.contains("boot_mode:bios"), "{text}");
        assert_eq!(contradiction(&node(properties, json!({}))), None);
        assert_eq!(contradiction(&node(json!({}), instance)), None);
    }
}
