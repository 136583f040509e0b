//! Which deploy interface stands in for `autodetect` while a pipeline works (contract `seeds-functions.md` B10, B12).

use serde_json::Value;

use crate::model::Object;
use crate::model::catalog::Catalog;
use crate::model::interface::Interface;
use crate::model::node::Node;

/// The deploy interface that leaves the choice to what the instance is.
pub const AUTODETECT: &str = "autodetect";

/// `[DEFAULT] autodetect_deploy_interfaces`, if the site does not say otherwise.
pub const ORDER: [&str; 3] = ["ramdisk", "bootc", "direct"];

/// The first interface of the site's order that can deploy what `instance_info` names; the last one, if none says that it
/// can. An error says that the node's hardware type has none of them.
pub fn fitting<'a>(node: &Node, catalog: &'a Catalog) -> Result<&'a str, String> {
    let driver = &node.wished.driver;
    let supported = catalog.types.get(driver).and_then(|found| found.supported.get(&Interface::Deploy));
    let is_there = |name: &&String| {
        name.as_str() != AUTODETECT
            && supported.is_some_and(|names| names.contains(name))
            && catalog.is_there(Interface::Deploy, name)
    };
    let candidates: Vec<_> = catalog.autodetect.iter().filter(is_there).map(String::as_str).collect();
    let fits = candidates.iter().find(|name| deploys(name, &node.wished.instance_info));
    fits.or(candidates.last()).copied().ok_or_else(|| {
        format!(
            "deploy interface {AUTODETECT:?} finds none that fits: driver {driver} has none of [DEFAULT] \
             autodetect_deploy_interfaces ({}); name one in deploy_interface",
            catalog.autodetect.join(", ")
        )
    })
}

/// Whether this interface deploys such an instance; those that do not look at it do.
fn deploys(name: &str, instance_info: &Object) -> bool {
    let has = |key: &str| instance_info.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    match name {
        "ramdisk" => {
            is_meant(instance_info.get(RAMDISK)) && (has("boot_iso") || (has("kernel") && has("ramdisk")))
        }
        "bootc" => is_container(instance_info.get("image_source").and_then(Value::as_str)),
        _ => true,
    }
}

/// Whether an image is one of a registry of containers.
pub fn is_container(image_source: Option<&str>) -> bool {
    image_source.is_some_and(|source| source.starts_with(OCI))
}

/// A kernel and a ramdisk are also what a partition image may come with: somebody has to mean it.
fn is_meant(word: Option<&Value>) -> bool {
    match word {
        Some(Value::Bool(meant)) => *meant,
        Some(Value::String(text)) => !text.is_empty() && !text.eq_ignore_ascii_case("false"),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::Array(_) | Value::Object(_) | Value::Null) | None => false,
    }
}

/// How the address of an image in a registry begins.
pub const OCI: &str = "oci://";

/// Key of `instance_info`.
const RAMDISK: &str = "ironic_ramdisk_deploy";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::model::catalog::{HardwareType, Implementation};
    use crate::model::node::Wished;

    fn catalog(order: &[&str], supported: &[&str]) -> Catalog {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut catalog = Catalog { autodetect: owned(order), ..Catalog::default() };
        let all = HardwareType {
            supported: [(Interface::Deploy, owned(supported))].into(),
            ..HardwareType::default()
        };
        catalog.types.insert("t".to_owned(), all);
        for name in supported {
            catalog
                .implementations
                .insert((Interface::Deploy, (*name).to_owned()), Implementation::default());
        }
        catalog
    }

    fn node(instance_info: &Value) -> Node {
        let instance_info = instance_info.as_object().cloned().unwrap();
        let wished = Wished { driver: "t".to_owned(), instance_info, ..Wished::default() };
        Node::new(NodeId(uuid::Uuid::nil()), wished, Moment(0))
    }

    const ALL: [&str; 4] = ["autodetect", "direct", "ramdisk", "bootc"];

    #[test]
    fn the_instance_says_which_interface_fits() {
        let catalog = catalog(&ORDER, &ALL);
        for (instance, fits) in [
            (json!({}), "direct"),
            (json!({"image_source": "http://h/i.qcow2"}), "direct"),
            (json!({"image_source": "oci://registry/os:1"}), "bootc"),
            (json!({"image_source": "http://h/oci://"}), "direct"),
            (json!({"kernel": "k", "ramdisk": "r", "image_source": "http://h/part.img"}), "direct"),
            (json!({"kernel": "k", "ramdisk": "r", "ironic_ramdisk_deploy": true}), "ramdisk"),
            (json!({"kernel": "k", "ironic_ramdisk_deploy": true}), "direct"),
            (json!({"boot_iso": "http://h/a.iso"}), "direct"),
            (json!({"boot_iso": "http://h/a.iso", "ironic_ramdisk_deploy": "True"}), "ramdisk"),
            (json!({"boot_iso": "http://h/a.iso", "ironic_ramdisk_deploy": "false"}), "direct"),
        ] {
            assert_eq!(fitting(&node(&instance), &catalog), Ok(fits), "{instance}");
        }
    }

    #[test]
    fn the_sites_order_decides_and_its_last_one_stands_in() {
        let plain = node(&json!({"image_source": "http://h/i"}));
        assert_eq!(fitting(&plain, &catalog(&["direct", "ramdisk"], &ALL)), Ok("direct"));
        assert_eq!(fitting(&plain, &catalog(&["ramdisk", "bootc"], &ALL)), Ok("bootc"));
        assert_eq!(fitting(&plain, &catalog(&["autodetect", "anaconda", "direct"], &ALL)), Ok("direct"));
        let mut other = catalog(&["direct", "bootc"], &["bootc"]);
        other.implementations.insert((Interface::Deploy, "direct".to_owned()), Implementation::default());
        assert_eq!(fitting(&plain, &other), Ok("bootc"), "its own hardware type must have it");
    }

    #[test]
    fn where_the_hardware_type_has_none_of_them_that_is_said() {
        let why = fitting(&node(&json!({})), &catalog(&["noop"], &ALL)).unwrap_err();
        assert_eq!(
            why,
            "deploy interface \"autodetect\" finds none that fits: driver t has none of [DEFAULT] \
             autodetect_deploy_interfaces (noop); name one in deploy_interface"
        );
    }
}
