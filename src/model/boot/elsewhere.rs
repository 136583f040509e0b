//! What is not ready on this host when a machine is to boot: files of other servers, a config drive in the record, and
//! the image that is to be written.

use serde_json::Value;

use crate::model::boot::Boots;
use crate::model::catalog::BootWay;
use crate::model::node::Node;
use crate::model::policy::Policy;

/// Whether a kernel, a ramdisk or an ISO lies on another server that can be asked for it.
pub fn is_elsewhere(href: &str) -> bool {
    // Schemes have no case (RFC 3986 3.1).
    let begins = |scheme: &str| href.get(..scheme.len()).is_some_and(|own| own.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// Whether something has to be fetched or unpacked before the machine boots `into` this.
pub fn is_needed(node: &Node, policy: &Policy, way: BootWay, into: Boots) -> bool {
    let driver = |key: &str| node.driver_info(key).is_some_and(is_elsewhere);
    let instance = |key: &str| node.instance_info(key).is_some_and(is_elsewhere);
    match into {
        Boots::Ramdisk if node.is_rescued() => {
            policy.remote_ramdisks || driver("rescue_kernel") || driver("rescue_ramdisk")
        }
        Boots::Ramdisk => policy.remote_ramdisks || driver("deploy_kernel") || driver("deploy_ramdisk"),
        Boots::Instance => {
            instance("kernel")
                || instance("ramdisk")
                || (instance(BOOT_ISO) && !is_passed_on(node, policy.pass_isos_on))
                || (way == BootWay::Medium && has_drive(node))
        }
        // Its kickstart file is made ready, too.
        Boots::Installer => true,
        Boots::Disk | Boots::Nothing => false,
    }
}

/// Whether this host readies the image that a deployment writes: a file of its own, or one that it fetches in place of
/// the agent (`image_download_source`: the instance's word, then the driver's, then the site's).
pub fn image_is_readied(node: &Node, policy: &Policy) -> bool {
    let given = |word: &&str| !word.is_empty();
    let own = node.instance_info(DOWNLOAD_SOURCE).filter(given);
    let word = own.or_else(|| node.driver_info(DOWNLOAD_SOURCE).filter(given));
    let is_fetched = word.map_or(policy.fetches_images, |word| word == "local");
    let is_file = |href: &str| href.get(..FILE.len()).is_some_and(|own| own.eq_ignore_ascii_case(FILE));
    is_fetched || node.instance_info("image_source").is_some_and(is_file)
}

/// Whether the BMC is given the address of the instance's ISO as it stands, in place of one of this host's: the
/// instance's word comes before the site's (`ramdisk_image_download_source`).
pub fn is_passed_on(node: &Node, site: bool) -> bool {
    match node.instance_info(ISO_SOURCE) {
        Some("http" | "swift") => true,
        Some("local") => false,
        Some(_) | None => site,
    }
}

/// Whether the instance has a config drive.
pub fn has_drive(node: &Node) -> bool {
    let written = || match node.wished.instance_info.get("configdrive") {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(parts)) => !parts.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_)) => true,
    };
    node.config_drive.is_some() || written()
}

/// Keys of `instance_info`.
pub const BOOT_ISO: &str = "boot_iso";
pub const ISO_SOURCE: &str = "ramdisk_image_download_source";
/// Key of `instance_info` and `driver_info`.
const DOWNLOAD_SOURCE: &str = "image_download_source";
/// How the URL of a file of this host begins.
const FILE: &str = "file://";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::id::NodeId;
    use crate::base::moment::Moment;
    use crate::model::node::Wished;

    fn node(driver: Value, instance: Value) -> Node {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let wished =
            Wished { driver_info: object(driver), instance_info: object(instance), ..Wished::default() };
        Node::new(NodeId(uuid::Uuid::from_u128(1)), wished, Moment(0))
    }

    #[test]
    fn addresses_of_other_servers_are_known_by_their_scheme() {
        for (href, elsewhere) in [
            ("http://10.0.0.9/kernel", true),
            ("HTTPS://images/ramdisk", true),
            ("file:///srv/kernel", false),
            ("/srv/kernel", false),
            ("tftp://10.0.0.9/kernel", false),
            ("h", false),
            ("httpé", false),
            ("", false),
        ] {
            assert_eq!(is_elsewhere(href), elsewhere, "{href}");
        }
    }

    #[test]
    fn a_ramdisk_is_fetched_if_its_node_or_the_site_names_another_server() {
        let (policy, remote) = (Policy::default(), Policy { remote_ramdisks: true, ..Policy::default() });
        let needed = |node: &Node, policy| is_needed(node, policy, BootWay::Network, Boots::Ramdisk);
        let own = node(json!({"deploy_kernel": "http://h/k", "deploy_ramdisk": "file:///r"}), json!({}));
        assert!(needed(&own, &policy));
        let plain = node(json!({}), json!({"kernel": "http://h/k"}));
        assert!(!needed(&plain, &policy));
        assert!(needed(&plain, &remote));
        assert!(!is_needed(&own, &remote, BootWay::Medium, Boots::Disk));
    }

    #[test]
    fn an_image_is_readied_here_if_it_is_a_file_or_this_host_fetches_it() {
        let (agents, ours) = (Policy::default(), Policy { fetches_images: true, ..Policy::default() });
        let url = |word: Value| json!({"image_source": "http://h/i", "image_download_source": word});
        for (driver, instance, by_agents, by_us) in [
            (json!({}), json!({"image_source": "http://h/i"}), false, true),
            (json!({}), json!({"image_source": "FILE:///srv/i"}), true, true),
            (json!({}), url(json!("local")), true, true),
            (json!({}), url(json!("http")), false, false),
            (json!({"image_download_source": "local"}), url(json!("")), true, true),
            (json!({"image_download_source": "local"}), url(json!("swift")), false, false),
            (json!({"image_download_source": "http"}), url(Value::Null), false, false),
        ] {
            let node = node(driver, instance.clone());
            let found = (image_is_readied(&node, &agents), image_is_readied(&node, &ours));
            assert_eq!(found, (by_agents, by_us), "{instance}");
        }
    }

    #[test]
    fn of_an_instance_its_files_its_iso_and_its_config_drive_are_needed() {
        let policy = Policy::default();
        let needed = |way, instance| is_needed(&node(json!({}), instance), &policy, way, Boots::Instance);
        let iso = json!({"boot_iso": "http://h/a.iso"});
        assert!(needed(BootWay::Medium, iso.clone()) && needed(BootWay::Url, iso));
        let passed = json!({"boot_iso": "http://h/a.iso", "ramdisk_image_download_source": "http"});
        assert!(!needed(BootWay::Medium, passed));
        assert!(needed(BootWay::Network, json!({"kernel": "http://h/k", "ramdisk": "file:///r"})));
        assert!(!needed(BootWay::Network, json!({"kernel": "file:///k", "ramdisk": "file:///r"})));
        let drive = json!({"boot_iso": "file:///a.iso", "configdrive": {"user_data": "x"}});
        assert!(needed(BootWay::Medium, drive.clone()));
        assert!(!needed(BootWay::Network, drive), "only a BMC has a slot for it");
        assert!(!needed(BootWay::Medium, json!({"boot_iso": "file:///a.iso", "configdrive": ""})));
    }
}
