//! A blank machine is discovered or enrolled, cleaned, deployed, and boots what was deployed: once a way of booting.
//!
//! | way | firmware | BMC | boot interface |
//! |---|---|---|---|
//! | kernel handed over by QEMU | SeaBIOS | none, a hand | fake |
//! | iPXE in the NIC's ROM | SeaBIOS | OpenIPMI's simulator | ipxe |
//! | OVMF's PXE, then iPXE | OVMF | OpenIPMI's simulator | ipxe |
//! | OVMF's PXE, then shim and GRUB | OVMF, Secure Boot on | sushy-emulator, libvirt | pxe |
//! | OVMF's HTTP boot | OVMF | sushy-emulator, libvirt | http-ipxe |
//! | virtual CD | OVMF | sushy-emulator, libvirt | redfish-virtual-media |
//! | AAVMF's PXE, then shim and GRUB, on ARM | AAVMF | OpenIPMI's simulator | pxe |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use crate::bmc::Kind;
use crate::disk_image;
use crate::machine::Firmware;
use crate::rack;
use crate::rack::Addresses;
use crate::recipe;
use crate::recipe::ARM;
use crate::story::Story;

/// A way of booting.
struct Way {
    firmware: Firmware,
    bmc: Kind,
    boot_interface: &'static str,
    /// What firmware and loaders say on this way.
    says: &'static [&'static str],
    /// What they say on another.
    elsewhere: &'static [&'static str],
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

/// The account that the BMCs of new machines have.
fn account() -> String {
    format!(
        "[[network]]\ninterface = \"{}\"\nrole = \"bmc\"\n\
         [discovery.bmc]\ndriver = \"ipmi\"\nusername = \"admin\"\npassword_file = \"@HOME@/password\"\n",
        rack::BMC_BRIDGE
    )
}

/// Metadata of the disks is all that cleaning erases.
const QUICK: &str = "[deploy]\nerase_devices_priority = 0\n[pxe]\nkernel_append_params = \"nofb console=tty0 console=ttyS0,115200\"\n";

/// From the first power-on to the deployed system's word.
fn whole_life(way: &Way) {
    let mut config = serving("off");
    if way.firmware.board() == ARM {
        // Debian's packages for another processor are not installed: what image/build makes of them is named.
        let loaders = recipe::made("loaders");
        config =
            config.replace("ttyS0", "ttyAMA0") + &format!("[boot]\nloaders = \"{}\"\n", loaders.display());
    }
    let mut story = Story::begin(way.firmware, &config);
    story.import_ramdisk();
    story.enrol(way.bmc, &json!({"boot_interface": way.boot_interface}));
    story.ask("provide");
    for words in way.says {
        story.hears(words, words);
    }
    cleaned_and_deployed(&mut story);
    for words in way.elsewhere {
        assert!(!story.heard(words), "this machine went another way: it said {words:?}");
    }
}

fn cleaned_and_deployed(story: &mut Story) {
    story.hears("kernel", "Linux version");
    story.hears("ramdisk's init", "Ferric deploy ramdisk");
    story.hears("address", "] addresses: ");
    story.hears("agent started", "starting the agent");
    story.agent_beats();
    story.until("available");
    deployed(story);
}

/// From a clean disk to the deployed system's word.
fn deployed(story: &mut Story) {
    assert!(!story.machine.has_partitions(), "cleaning left the partition table of an earlier owner");
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
        story.ask("provide");
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

/// The life of a machine after its deployment: its system is mended from outside, and a person logs in while it is not
/// to run.
mod rescue {
    use super::*;

    #[test]
    #[ignore = "minutes of emulation: run by tests/run e2e"]
    fn a_deployed_machine_is_serviced_rescued_logged_in_to_and_brought_back() {
        let mut story = Story::begin(Firmware::SeaBios, &serving("off"));
        story.import_ramdisk();
        story.enrol(Kind::Ipmi, &json!({"boot_interface": "ipxe", "rescue_interface": "agent"}));
        story.ask("provide");
        cleaned_and_deployed(&mut story);

        story.turn_page();
        story.service(&json!([{"interface": "deploy", "step": "inject_files", "args": {"files": [
            {"path": "/etc/motd", "partition": "2", "content": BASE64.encode(SERVICED)},
        ]}}]));
        story.hears("servicing ramdisk", "Ferric deploy ramdisk");
        story.until("active");
        assert!(disk_image::root_has(&story.machine.disk(), SERVICED), "the agent did not write the file");
        let line = story.system_line();
        story.hears("deployed system's word after its servicing", line);

        story.turn_page();
        story.rescue("correct horse");
        story.hears("rescue ramdisk", "Ferric deploy ramdisk");
        story.until("rescue");
        story.hears("rescue mode", "rescue mode: log in as rescue");
        assert_eq!(story.node()["instance_info"].get("rescue_password"), None);
        // What is typed is echoed, too; what the shell makes of it is not.
        story.logs_in("rescue", "correct horse", "echo rescued-$((40 + 2)) by $(id -un)", "rescued-42 by");

        story.logs_in_by_ssh("rescue", "correct horse", "echo rescued-$((40 + 3))", "rescued-43");

        story.turn_page();
        story.provision("unrescue", "active");
        story.hears("deployed system's word again", line);
    }
}

/// What servicing leaves on the disk.
const SERVICED: &str = "SERVICED-FROM-OUTSIDE";

/// The rack's boot servers: DHCP, TFTP, boot files and scripts, media.
mod netboot {
    use super::*;

    #[test]
    #[ignore = "minutes of emulation: run by tests/run e2e"]
    fn by_the_ipxe_in_the_rom_under_bios() {
        whole_life(&Way {
            firmware: Firmware::SeaBios,
            bmc: Kind::Ipmi,
            boot_interface: "ipxe",
            says: &["SeaBIOS", "iPXE", "10.77.0."],
            elsewhere: &["GRUB"],
        });
    }

    #[test]
    #[ignore = "minutes of emulation: a stage of tests/run"]
    fn by_pxe_of_ovmf_and_ipxe() {
        whole_life(&Way {
            firmware: Firmware::Ovmf,
            bmc: Kind::Ipmi,
            boot_interface: "ipxe",
            says: &[PXE, "snponly.efi", IPXE, "net0: 10.77.0."],
            elsewhere: &[HTTP, SHIM],
        });
    }

    #[test]
    #[ignore = "minutes of emulation: run by tests/run e2e"]
    fn by_pxe_of_ovmf_and_the_signed_loaders() {
        whole_life(&Way {
            firmware: Firmware::OvmfSecure,
            bmc: Kind::Redfish,
            boot_interface: "pxe",
            says: &[PXE, "bootx64.efi", SHIM, "Welcome to GRUB", "Secure boot enabled"],
            elsewhere: &[HTTP, IPXE],
        });
    }

    #[test]
    #[ignore = "minutes of emulation: run by tests/run e2e"]
    fn by_pxe_on_arm_and_the_signed_loaders() {
        whole_life(&Way {
            firmware: Firmware::Aavmf,
            bmc: Kind::Ipmi,
            boot_interface: "pxe",
            says: &[PXE, "bootaa64.efi", "Fetching Netboot Image grubaa64.efi", "Welcome to GRUB"],
            elsewhere: &[HTTP, IPXE],
        });
    }

    #[test]
    #[ignore = "minutes of emulation: run by tests/run e2e"]
    fn by_http_boot_of_ovmf() {
        whole_life(&Way {
            firmware: Firmware::OvmfWithoutPxe,
            bmc: Kind::Redfish,
            boot_interface: "http-ipxe",
            says: &[HTTP, IPXE, "net0: 10.77.0."],
            elsewhere: &[PXE, SHIM],
        });
    }

    #[test]
    #[ignore = "minutes of emulation: run by tests/run e2e"]
    fn by_a_virtual_cd() {
        whole_life(&Way {
            firmware: Firmware::Ovmf,
            bmc: Kind::Redfish,
            boot_interface: "redfish-virtual-media",
            says: &["DVD-ROM"],
            elsewhere: &[PXE, HTTP, IPXE],
        });
    }

    #[test]
    #[ignore = "minutes of emulation: run by tests/run e2e"]
    fn a_blank_machine_that_is_switched_on_appears_becomes_available_and_is_deployed() {
        let mut story = Story::begin(Firmware::Ovmf, &(serving("enrol-and-clean") + &account()));
        story.import_ramdisk();
        story.wire(Kind::Ipmi);
        story.press_power();
        story.hears("kernel", "Linux version");
        story.hears("agent started", "starting the agent");
        story.appears();
        story.turn_page();
        story.hears("kernel for cleaning", "Linux version");
        story.until("available");
        deployed(&mut story);
    }

    const PXE: &str = "Start PXE over IPv4";
    const HTTP: &str = "Start HTTP Boot over IPv4";
    const IPXE: &str = "iPXE initialising";
    const SHIM: &str = "Fetching Netboot Image grubx64.efi";
}
