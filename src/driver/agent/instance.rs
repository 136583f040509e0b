//! What the record says of how an instance boots.

use crate::driver::capability::boot_mode::Mode;
use crate::model::bmc::firmware;
use crate::model::node::Node;

/// The mode that somebody wants, then the one that the machine is known to have, then UEFI.
pub fn boot_mode(node: &Node) -> Mode {
    let known = || node.wished.boot_mode.as_deref().and_then(Mode::parse);
    firmware::wanted_mode(node).or_else(known).unwrap_or_default()
}

/// `gpt` or `msdos`, if the record says so.
pub fn disk_label(node: &Node) -> Option<String> {
    firmware::capability(node, "disk_label")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
