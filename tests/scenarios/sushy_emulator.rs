//! A machine whose BMC is `sushy-emulator`, the reference's own Redfish simulator: the operator works it through the
//! daemon with stock clients, and curl looks what came of it.
//!
//! What the emulator cannot do: sessions (it has no session service, so the account goes with each request), boot
//! once (it shows every override as Continuous), boot to setup, `EventService`, with its fake driver NMI, BIOS,
//! memory and processors, and RAID (it forgets the level of a volume, and deletes none).

mod libvirt;
mod rig;
mod trust;
mod upkeep;

use rig::Emulator;
use rig::FAKE_ID;
use rig::Shop;
use serde_json::json;

use crate::stage::image_server::IMAGE;
use crate::stage::image_server::ImageServer;
use crate::stage::peer_process::until;
use crate::stage::peers::python;

#[test]
fn an_operator_enrols_a_machine_and_works_its_power() {
    let (bmc, shop) = (Emulator::start(), Shop::open());
    shop.manage(&bmc);
    assert_eq!(shop.cli.field("n1", "power_state"), "power off");
    let power = |words: &[&str], resets: &[&str], state: &str| {
        shop.cli.ok(&[&["node"], words, &["n1"]].concat());
        until(&format!("{words:?}"), || bmc.resets() == resets);
        shop.until("target_power_state", json!(null));
        assert_eq!(shop.cli.field("n1", "power_state"), state);
    };
    power(&["power", "on"], &["On"], "power on");
    assert_eq!(bmc.system()["PowerState"], "On");
    let reboot = ["On", "ForceOff", "On"];
    power(&["reboot"], &reboot, "power on");
    // A soft reboot is the machine's own, as the reference asks for it.
    let soft = [&reboot[..], &["GracefulRestart"]].concat();
    power(&["reboot", "--soft"], &soft, "power on");
    power(&["power", "off", "--soft"], &[&soft[..], &["GracefulShutdown"]].concat(), "power off");
    assert_eq!(bmc.system()["PowerState"], "Off");
    assert_eq!(shop.cli.field("n1", "last_error"), json!(null));
}

#[test]
fn an_operator_steers_what_a_machine_boots() {
    let (bmc, shop) = (Emulator::start(), Shop::open());
    shop.manage(&bmc);
    let target = || bmc.system()["Boot"]["BootSourceOverrideTarget"].clone();
    shop.cli.ok(&["node", "boot", "device", "set", "n1", "pxe"]);
    assert_eq!(target(), "Pxe");
    shop.cli.ok(&["node", "boot", "device", "set", "n1", "cdrom", "--persistent"]);
    assert_eq!(target(), "Cd");
    let shown = shop.cli.json(&["node", "boot", "device", "show", "n1"]);
    assert_eq!(shown, json!({"boot_device": "cdrom", "persistent": true}));
    let refused = shop.cli.refused(&["node", "boot", "device", "set", "n1", "bios"]);
    assert!(refused.contains("BiosSetup") && refused.contains("Pxe, Cd, Hdd, UefiHttp"), "{refused}");
    assert_eq!(target(), "Cd");
}

#[test]
fn an_operator_changes_boot_mode_and_secure_boot() {
    let (bmc, shop) = (Emulator::start(), Shop::open());
    shop.manage(&bmc);
    shop.cli.ok(&["node", "boot", "mode", "set", "n1", "bios"]);
    shop.until("boot_mode", "bios");
    assert_eq!(bmc.system()["Boot"]["BootSourceOverrideMode"], "Legacy");
    shop.cli.ok(&["node", "secure", "boot", "on", "n1"]);
    shop.error(&["secure boot needs the boot mode uefi"]);
    shop.cli.ok(&["node", "boot", "mode", "set", "n1", "uefi"]);
    shop.until("boot_mode", "uefi");
    let secure =
        || bmc.read(&format!("/redfish/v1/Systems/{FAKE_ID}/SecureBoot"))["SecureBootEnable"].clone();
    for (word, is_on) in [("on", true), ("off", false)] {
        shop.cli.ok(&["node", "secure", "boot", word, "n1"]);
        shop.until("secure_boot", is_on);
        assert_eq!(secure(), is_on);
    }
}

#[test]
fn a_program_inserts_and_ejects_virtual_media() {
    let (bmc, shop, images) = (Emulator::start(), Shop::open(), ImageServer::start());
    shop.manage(&bmc);
    let seen = python("media", shop.daemon.url(), &["n1", &images.image(), &images.no_image()]);
    assert_eq!(seen["inserted"]["image"], images.image());
    assert_eq!(images.fetched(), 1);
    assert_eq!(seen["ejected"], json!({"image": null, "inserted": false, "media_types": ["CD", "DVD"]}));
    assert!(seen["error"].as_str().unwrap().contains("got error 404 from the server"), "{seen}");
    assert_eq!(seen["after_the_error"], seen["ejected"]);
    let medium = bmc.read(&format!("/redfish/v1/Systems/{FAKE_ID}/VirtualMedia/Cd"));
    assert_eq!(medium["Inserted"], false);
    assert!(bmc.images().iter().all(|image| image == IMAGE), "{:?}", bmc.images());
}

#[test]
fn a_program_sees_lamps_and_sensors_and_what_the_bmc_lacks() {
    let (bmc, shop) = (Emulator::start(), Shop::open());
    shop.manage(&bmc);
    let seen = python("panel", shop.daemon.url(), &["n1"]);
    let names = ["15693887-7984-9484-3272-842188918912@chassis", &format!("{FAKE_ID}@system")];
    let names = names.into_iter().chain(["1:a@disk", "1:b@disk"]).collect::<Vec<_>>();
    assert_eq!(seen["lamps"], json!(names));
    assert_eq!(seen["system_lamp"], "blinking");
    assert_eq!(bmc.system()["IndicatorLED"], "Blinking");
    let sensors = &seen["sensors"];
    assert_eq!(sensors["Fan"].as_object().map(serde_json::Map::len), Some(2), "{sensors}");
    let intake = &sensors["Temperature"]["1@15693887-7984-9484-3272-842188918912"];
    assert_eq!((&intake["reading_celsius"], &intake["health"]), (&json!(25), &json!("OK")));
    assert_eq!(sensors["Drive"][format!("Disk A:1@{FAKE_ID}")]["capacity_bytes"], 899_527_000_000_u64);
    assert!(seen["nmi"].as_str().unwrap().contains("Power state Nmi is not supported"), "{seen}");
}
