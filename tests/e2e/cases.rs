//! A blank machine is discovered or enrolled, cleaned, deployed, and boots what was deployed: once a way of booting.
//!
//! | way | firmware | BMC | boot interface |
//! |---|---|---|---|
//! | kernel handed over by QEMU | SeaBIOS | none, a hand | fake |
//! | iPXE in the NIC's ROM | SeaBIOS | OpenIPMI's simulator | ipxe |
//! | OVMF's PXE, then iPXE | OVMF | OpenIPMI's simulator | ipxe |
//! | OVMF's PXE, then shim and GRUB | OVMF | sushy-emulator, libvirt | pxe |
//! | OVMF's HTTP boot | OVMF | sushy-emulator, libvirt | http-ipxe |
//! | virtual CD | OVMF | sushy-emulator, libvirt | redfish-virtual-media |

use serde_json::json;

use crate::bmc::Kind;
use crate::machine::Firmware;
use crate::rack;
use crate::rack::Addresses;
use crate::story::Story;

/// A way of booting.
struct Way {
    firmware: Firmware,
    bmc: Kind,
    boot_interface: &'static str,
}

/// This host gives addresses and boot data in the rack.
fn serving(discovery: &str) -> String {
    format!(
        "[[network]]\nname = \"rack\"\ninterface = \"{}\"\nrole = \"boot\"\ndhcp = \"own\"\n\
         pools = [\"10.77.0.100-10.77.0.150\"]\n\
         [discovery]\npolicy = \"{discovery}\"\n{QUICK}",
        rack::BRIDGE
    )
}

/// Metadata of the disks is all that cleaning erases.
const QUICK: &str = "[deploy]\nerase_devices_priority = 0\n[pxe]\nkernel_append_params = \"nofb console=tty0 console=ttyS0,115200\"\n";

/// From the first power-on to the deployed system's word.
fn whole_life(way: &Way) {
    let mut story = Story::begin(way.firmware, &serving("off"));
    story.import_ramdisk();
    story.enrol(way.bmc, &json!({"boot_interface": way.boot_interface}));
    cleaned_and_deployed(&mut story);
}

fn cleaned_and_deployed(story: &mut Story) {
    story.ok("PUT", "/v1/nodes/n1/states/provision", &json!({"target": "provide"}));
    story.hears("kernel", "Linux version");
    story.hears("ramdisk's init", "Ferric deploy ramdisk");
    story.hears("address", "] addresses: ");
    story.hears("agent started", "starting the agent");
    story.agent_beats();
    story.until("available");
    story.order_image();
    story.turn_page();
    story.provision("active", "active");
    let line = story.system_line();
    story.hears("deployed system's word", line);
}

mod handed_over {
    use super::*;

    #[test]
    #[ignore = "ten minutes of emulation: run by tests/run e2e"]
    fn a_machine_that_is_handed_our_ramdisk_is_cleaned_and_deployed_and_boots_its_disk() {
        let mut story = Story::begin(Firmware::SeaBios, QUICK);
        let _addresses = Addresses::give(&story.machine.home);
        story.import_ramdisk();
        story.enrol(Kind::Hand, &json!({}));
        cleaned_and_deployed(&mut story);
    }
}

/// The BMCs by themselves: what they switch on is a machine.
mod bmcs {
    use super::*;

    fn switched(firmware: Firmware, kind: Kind, says: &str) {
        let mut story = Story::begin(firmware, QUICK);
        story.enrol(kind, &json!({}));
        story.switch("power on");
        story.hears("firmware", says);
        story.switch("power off");
    }

    #[test]
    #[ignore = "a minute of emulation: run by tests/run e2e"]
    fn openipmi_owns_a_machine_with_a_bios() {
        switched(Firmware::SeaBios, Kind::Ipmi, "SeaBIOS");
    }

    #[test]
    #[ignore = "a minute of emulation: run by tests/run e2e"]
    fn sushy_and_libvirt_own_a_machine_with_uefi() {
        switched(Firmware::Ovmf, Kind::Redfish, "Start PXE");
    }
}

/// These need the rack's boot servers: DHCP, TFTP, boot files and scripts, boot interfaces.
mod netboot {
    use super::*;

    #[test]
    #[ignore = "needs the boot servers; minutes of emulation"]
    fn by_the_ipxe_in_the_rom_under_bios() {
        whole_life(&Way { firmware: Firmware::SeaBios, bmc: Kind::Ipmi, boot_interface: "ipxe" });
    }

    #[test]
    #[ignore = "needs the boot servers; minutes of emulation"]
    fn by_pxe_of_ovmf_and_ipxe() {
        whole_life(&Way { firmware: Firmware::Ovmf, bmc: Kind::Ipmi, boot_interface: "ipxe" });
    }

    #[test]
    #[ignore = "needs the boot servers; minutes of emulation"]
    fn by_pxe_of_ovmf_and_the_signed_loaders() {
        whole_life(&Way { firmware: Firmware::Ovmf, bmc: Kind::Redfish, boot_interface: "pxe" });
    }

    #[test]
    #[ignore = "needs the boot servers; minutes of emulation"]
    fn by_http_boot_of_ovmf() {
        whole_life(&Way { firmware: Firmware::Ovmf, bmc: Kind::Redfish, boot_interface: "http-ipxe" });
    }

    #[test]
    #[ignore = "needs virtual media of the daemon; minutes of emulation"]
    fn by_a_virtual_cd() {
        let way =
            Way { firmware: Firmware::Ovmf, bmc: Kind::Redfish, boot_interface: "redfish-virtual-media" };
        whole_life(&way);
    }

    #[test]
    #[ignore = "needs discovery; minutes of emulation"]
    fn a_blank_machine_that_is_switched_on_appears_and_becomes_available() {
        let mut story = Story::begin(Firmware::Ovmf, &serving("enrol-and-clean"));
        story.import_ramdisk();
        story.wire(Kind::Ipmi);
        story.press_power();
        story.hears("kernel", "Linux version");
        story.hears("agent started", "starting the agent");
        story.appears("available");
    }
}
