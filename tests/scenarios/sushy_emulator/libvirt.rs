//! The emulator with its libvirt driver, over libvirt's own mock of a hypervisor, which needs no daemon.
//!
//! The mock's machine has a disk and a NIC but neither CD drive nor firmware: no virtual media, no boot mode.

use serde_json::json;

use super::rig::Emulator;
use super::rig::Shop;

#[test]
fn an_operator_works_a_virtual_machine() {
    let (bmc, shop) = (Emulator::start_with(MOCK), Shop::open());
    shop.manage(&bmc);
    assert_eq!(shop.cli.field("n1", "power_state"), "power on");
    shop.cli.ok(&["node", "inject", "nmi", "n1"]);
    assert_eq!(bmc.resets(), ["Nmi"]);
    shop.cli.ok(&["node", "power", "off", "n1"]);
    shop.until("power_state", "power off");
    shop.cli.ok(&["node", "boot", "device", "set", "n1", "pxe"]);
    assert_eq!(shop.cli.json(&["node", "boot", "device", "show", "n1"])["boot_device"], "pxe");
    shop.cli.ok(&["node", "power", "on", "n1"]);
    shop.until("power_state", "power on");
    assert_eq!(shop.cli.json(&["node", "boot", "device", "show", "n1"])["boot_device"], "pxe");
    assert_eq!(bmc.resets(), ["Nmi", "ForceOff", "On"]);
    assert_eq!(shop.cli.field("n1", "last_error"), json!(null));
}

/// The mock forgets all with its last connection.
const MOCK: &str = "
import libvirt
SUSHY_EMULATOR_LIBVIRT_URI = 'test:///default'
KEPT = libvirt.open(SUSHY_EMULATOR_LIBVIRT_URI)
";
