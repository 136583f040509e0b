//! Whether a node's boot interface can bring what it is to bring, before anything moves. Asks no machine; reads files.

use crate::base::chain::chain;
use crate::depot::ramdisks::Purpose;
use crate::driver::bmc::redfish_settings::{MediaTransport, RedfishSettings};
use crate::driver::boot::{BootGround, IDRAC_MEDIA, MEDIA, URL, words};
use crate::model::bmc::firmware;
use crate::model::boot::elsewhere::{BOOT_ISO, ISO_SOURCE};
use crate::model::node::Node;

/// What stands against booting the node's ramdisk for this purpose; `redfish` are its settings, where its boot interface
/// needs them.
pub fn boot(
    ground: &BootGround,
    node: &Node,
    redfish: Option<&RedfishSettings>,
    purpose: Purpose,
) -> Result<(), String> {
    let (name, management) = (&node.wished.interfaces.boot, &node.wished.interfaces.management);
    let is_by_bmc = [MEDIA, IDRAC_MEDIA, URL].contains(&name.as_str());
    if is_by_bmc && !management.contains("redfish") {
        return Err(format!(
            "boot interface {name:?} needs a management interface that speaks Redfish, not {management:?}"
        ));
    }
    if let Some(why) = firmware::contradiction(node) {
        return Err(why);
    }
    if is_by_bmc {
        served(ground, node, redfish)?;
    }
    if purpose == Purpose::Deploy && is_instance_alone(ground, node) {
        return Ok(());
    }
    ground.ramdisks.judge(node, purpose).map_err(|error| chain(&error))?;
    words::agent(ground, node, purpose)
}

/// Whether the BMC can fetch our ISO from where it is served.
fn served(ground: &BootGround, node: &Node, redfish: Option<&RedfishSettings>) -> Result<(), String> {
    if let Some(why) = ground.bases.fault(node) {
        return Err(why);
    }
    let base = ground.bases.base(node).unwrap_or_default();
    match redfish.and_then(|settings| settings.media_transport) {
        Some(MediaTransport::Https) if !base.starts_with("https://") => Err(format!(
            "vmedia_transport_protocol is HTTPS, but the boot ISO is at {base}: set external_http_url to an https URL"
        )),
        Some(transport @ (MediaTransport::Nfs | MediaTransport::Cifs)) => Err(format!(
            "vmedia_transport_protocol is {transport:?}, but the boot ISO is served over HTTP: leave it out"
        )),
        Some(MediaTransport::Http | MediaTransport::Https) | None => Ok(()),
    }
}

/// A `ramdisk` deployment boots its own, an `anaconda` one its installer: they need an agent only to be cleaned.
fn is_instance_alone(ground: &BootGround, node: &Node) -> bool {
    matches!(node.wished.interfaces.deploy.as_str(), "ramdisk" | "anaconda")
        && !node.wished.automated_clean.unwrap_or(ground.automated_clean)
}

/// Whether a `ramdisk` deployment says what it boots, says it once, and can have it.
pub fn instance(ground: &BootGround, node: &Node) -> Result<(), String> {
    once(node)?;
    words::instance(ground, node)?;
    if let Some(word) = node.wished.instance_info.get(ISO_SOURCE).filter(|word| !word.is_null())
        && !word.as_str().is_some_and(|word| ["http", "local", "swift"].contains(&word))
    {
        return Err(format!("instance_info {ISO_SOURCE} is {word}: it is one of http, local, swift"));
    }
    let is_by_bmc = [MEDIA, IDRAC_MEDIA, URL].contains(&node.wished.interfaces.boot.as_str());
    ground.ramdisks.judge_own(node, !is_by_bmc).map_err(|error| chain(&error))
}

/// Whether an `anaconda` deployment says what it installs and by what, and can have it.
pub fn installer(ground: &BootGround, node: &Node) -> Result<(), String> {
    words::instance(ground, node)?;
    ground.ramdisks.judge_installer(node).map_err(|error| chain(&error))
}

fn once(node: &Node) -> Result<(), String> {
    let has = |key: &str| node.instance_info(key).is_some_and(|text| !text.is_empty());
    let iso = has(BOOT_ISO);
    match (iso, has("kernel"), has("ramdisk")) {
        (true, _, _) if has("image_source") => {
            Err("instance_info has boot_iso and image_source: a ramdisk deployment takes one of them"
                .to_owned())
        }
        (true, true, _) | (true, _, true) => {
            Err("instance_info has boot_iso and kernel or ramdisk: leave one of them out".to_owned())
        }
        (true, false, false) | (false, true, true) => Ok(()),
        (false, true, false) => Err("instance_info has kernel but no ramdisk".to_owned()),
        (false, false, true) => Err("instance_info has ramdisk but no kernel".to_owned()),
        (false, false, false) => {
            Err("a ramdisk deployment needs boot_iso, or kernel and ramdisk, in instance_info".to_owned())
        }
    }
}
