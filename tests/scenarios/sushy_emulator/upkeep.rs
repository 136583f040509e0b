//! Settings and firmware of a machine behind the emulator, changed by steps of the stock command line.
//!
//! Its libvirt driver keeps both beside the machine and changes them at once. It wants to be told which system firmware
//! is for, which is said where there are several: hence two. Of volumes it keeps neither level nor drives and deletes
//! none, so that RAID cannot be tried on it.

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use super::rig::Emulator;
use super::rig::Shop;
use crate::stage::daemon::Daemon;
use crate::stage::peer_process::until;
use crate::stage::peers::Cli;

/// libvirt's own mock of a hypervisor has this machine; the other one does nothing.
const ID: &str = "6695eb01-f6a4-8304-79aa-97f2502e193f";
const TWO: &str = "
import libvirt
SUSHY_EMULATOR_LIBVIRT_URI = 'test:///default'
KEPT = libvirt.open(SUSHY_EMULATOR_LIBVIRT_URI)
KEPT.defineXML('<domain type=\"test\"><name>other</name><memory>1024</memory><os><type>hvm</type></os></domain>')
";
/// Looks that come soon.
const HASTE: &str = "[redfish]\nfirmware_update_status_interval = 1\nfirmware_update_required_successes = 2\n\
    firmware_update_validation_interval = 1\n";

fn clean(shop: &Shop, interface: &str, step: &str, args: &Value) {
    let steps = json!([{"interface": interface, "step": step, "args": args}]).to_string();
    shop.cli.ok(&["node", "clean", "n1", "--clean-steps", &steps]);
    shop.until("provision_state", "manageable");
    assert_eq!(shop.cli.field("n1", "last_error"), Value::Null);
}

#[test]
fn an_operator_changes_and_resets_settings_and_updates_the_firmware() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("ferric.toml");
    std::fs::write(&file, HASTE).unwrap();
    let daemon = Daemon::start_with(&["--hardware", "redfish", "--config", file.to_str().unwrap()]);
    let cli = Cli::new(daemon.url());
    let (bmc, shop) = (Emulator::start_with(TWO), Shop { daemon, cli });
    let system = format!("/redfish/v1/Systems/{ID}");
    let trust = format!("redfish_verify_ca={}", bmc.certificate().display());
    shop.enrol(&bmc, &[&trust, &format!("redfish_system_id={system}")]);
    shop.cli.ok(&["node", "manage", "n1", "--wait", "60"]);

    let setting = || bmc.read(&format!("{system}/BIOS"))["Attributes"]["ProcTurboMode"].clone();
    let known =
        || shop.cli.json(&["node", "bios", "setting", "show", "n1", "ProcTurboMode"])["value"].clone();
    assert_eq!(setting(), "Enabled");
    let wanted = json!({"settings": [{"name": "ProcTurboMode", "value": "Disabled"}]});
    clean(&shop, "bios", "apply_configuration", &wanted);
    assert_eq!((setting(), known()), (json!("Disabled"), json!("Disabled")));
    assert!(!bmc.resets().is_empty(), "it was not booted to take them up");

    assert_eq!(bmc.read(&system)["BiosVersion"], "1.0.0");
    let image = json!({"url": "http://127.0.0.1:1/bios.bin", "checksum": "a".repeat(40)});
    clean(&shop, "management", "update_firmware", &json!({"firmware_images": [image]}));
    assert_eq!(bmc.read(&system)["BiosVersion"], "1.1.0", "it was pushed once");
    let rows = shop.cli.json(&["node", "firmware", "list", "n1"]).to_string();
    assert!(rows.contains("1.1.0"), "{rows}");

    // It does not tell when it has booted, so that the step's end is some minutes off.
    let boots = bmc.resets().len();
    let steps = json!([{"interface": "bios", "step": "factory_reset"}]).to_string();
    shop.cli.ok(&["node", "clean", "n1", "--clean-steps", &steps]);
    until("the settings go back", || setting() == "Enabled");
    until("it boots", || bmc.resets().len() > boots);
    shop.until("provision_state", "clean wait");
}
