//! Settings, volumes and firmware of a machine whose BMC is the twin's, changed by steps over the API, with the daemon
//! killed in the middle of each.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ferric::net::http::Method;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use serde_json::{Value, json};

use crate::bmc::redfish_node::Plant;

/// Looks that come soon.
const HASTE: &str = "[redfish]\nraid_config_status_interval = 1\nfirmware_update_status_interval = 1\n\
    firmware_update_required_successes = 2\nfirmware_update_validation_interval = 1\n";

fn manageable(settings: &BmcSettings) -> Plant {
    let plant = Plant::enrolled(settings, HASTE, |_| {});
    plant.verb("manage", "manageable");
    plant
}

fn clean(plant: &Plant, interface: &str, step: &str, args: &Value) {
    let steps = json!([{"interface": interface, "step": step, "args": args}]);
    plant.on("PUT", "states/provision", json!({"target": "clean", "clean_steps": steps}), 202);
}

/// Waits until something is so at the BMC.
fn wait(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        assert!(Instant::now() < deadline, "not so in time: {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn setting(plant: &Plant, name: &str) -> Value {
    plant.get(&format!("bios/{name}"))[name].clone()
}

/// What the daemon answers to who fetches this.
fn got(plant: &Plant, path: &str) -> String {
    let address = plant.daemon.url().trim_start_matches("http://");
    let mut wire = TcpStream::connect(address).unwrap();
    write!(wire, "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn settings_are_known_at_once_and_changed_over_a_boot_and_a_killed_daemon() {
    for profile in [Profile::Hpe, Profile::Dell] {
        let mut plant = manageable(&BmcSettings::new(profile));
        wait("the settings are read", || {
            plant.get("bios")["bios"].as_array().is_some_and(|all| !all.is_empty())
        });
        let known = setting(&plant, "BootMode");
        assert_eq!((&known["value"], &known["attribute_type"]), (&json!("Uefi"), &json!("Enumeration")));
        assert_eq!(known["allowable_values"], json!(["Uefi", "Bios"]));
        clean(
            &plant,
            "bios",
            "apply_configuration",
            &json!({"settings": [{"name": "NumLock", "value": "false"}]}),
        );
        wait("the settings are written", || plant.asked(Method::Patch, "") > 0);
        plant.daemon.kill9();
        plant.daemon.restart();
        plant.until("provision_state", &json!("manageable"));
        assert_eq!(plant.get("states")["last_error"], Value::Null);
        assert_eq!(setting(&plant, "NumLock")["value"], "False");
        assert_eq!(plant.asked(Method::Patch, ""), 1, "written once");
    }
}

#[test]
fn a_setting_that_does_not_exist_fails_by_name_and_touches_nothing() {
    let plant = manageable(&BmcSettings::new(Profile::Hpe));
    clean(&plant, "bios", "apply_configuration", &json!({"settings": [{"name": "Warp", "value": 9}]}));
    plant.until("provision_state", &json!("clean failed"));
    let error = plant.get("states")["last_error"].to_string();
    for word in ["n1", "bios.apply_configuration", "Warp", "not known"] {
        assert!(error.contains(word), "{word} is not in {error}");
    }
    assert_eq!((plant.asked(Method::Patch, ""), plant.bmc.resets().len()), (0, 0));
}

#[test]
fn firmware_is_pushed_once_over_a_killed_daemon_and_its_new_version_is_known() {
    let settings = BmcSettings { task: Duration::from_secs(3), ..BmcSettings::new(Profile::Hpe) };
    let mut plant = manageable(&settings);
    let image = json!({"url": "http://10.0.0.1/bios-9.9", "checksum": "a".repeat(40)});
    clean(&plant, "management", "update_firmware", &json!({"firmware_images": [image]}));
    wait("the image is pushed", || !plant.bmc.pushed().is_empty());
    plant.daemon.kill9();
    plant.daemon.restart();
    plant.until("provision_state", &json!("manageable"));
    assert_eq!(plant.get("states")["last_error"], Value::Null);
    assert_eq!(plant.bmc.pushed(), ["http://10.0.0.1/bios-9.9"]);
    let rows = plant.get("firmware")["firmware"].clone();
    let bios = rows.as_array().unwrap().iter().find(|row| row["component"] == "bios").unwrap().clone();
    assert_eq!((&bios["current_version"], &bios["last_version_flashed"]), (&json!("9.9"), &json!("9.9")));
    assert_ne!(bios["initial_version"], "9.9");
}

/// The BMC fetches it from the rack's door under a path that nobody guesses, which is gone after the update.
#[test]
fn firmware_of_this_host_is_fetched_by_the_bmc_over_a_killed_daemon_and_gone_after_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("bios-9.9");
    std::fs::write(&file, b"new firmware").unwrap();
    let allowed = format!(
        "[api]\nrack_listen = \"127.0.0.1:0\"\n[conductor]\nfile_url_allowed_paths = [\"{}\"]\n",
        folder.path().display()
    );
    let task = Duration::from_secs(3);
    let settings = BmcSettings { task, fetches_firmware: true, ..BmcSettings::new(Profile::Hpe) };
    let mut plant = Plant::enrolled(&settings, &format!("{HASTE}{allowed}"), |_| {});
    plant.verb("manage", "manageable");
    let url = format!("file://{}", file.display());
    let update = |sum: &str| json!({"firmware_images": [{"url": url, "checksum": sum}]});
    clean(&plant, "management", "update_firmware", &update(&"a".repeat(64)));
    plant.until("provision_state", &json!("clean failed"));
    let error = plant.get("states")["last_error"].to_string();
    assert!(error.contains("checksum") && error.contains("nothing was installed"), "{error}");
    assert!(plant.bmc.pushed().is_empty());
    plant.verb("manage", "manageable");
    plant.on("DELETE", "maintenance", Value::Null, 202);
    clean(&plant, "management", "update_firmware", &update(&ferric::depot::digest::sha256(b"new firmware")));
    wait("the image is fetched", || !plant.bmc.fetched().is_empty());
    plant.daemon.kill9();
    plant.daemon.restart();
    plant.until("provision_state", &json!("manageable"));
    assert_eq!(plant.get("states")["last_error"], Value::Null);
    assert_eq!(plant.bmc.fetched(), [Ok(b"new firmware".to_vec())]);
    let [given] = &plant.bmc.pushed()[..] else { panic!("pushed once: {:?}", plant.bmc.pushed()) };
    assert!(given.contains("/firmware/") && given.ends_with("/bios-9.9"), "{given}");
    let path = given.split('/').skip(3).collect::<Vec<_>>().join("/");
    assert!(got(&plant, &path).starts_with("HTTP/1.1 404"), "it is not handed out any more");
    let tag = given.rsplit('/').nth(1).unwrap();
    assert!(!plant.daemon.log().contains(tag), "its path is told to nobody else");
}

#[test]
fn volumes_are_replaced_one_boot_each_and_never_twice_over_a_killed_daemon() {
    let settings = BmcSettings { volumes_at_boot: true, ..BmcSettings::new(Profile::Hpe) };
    let mut plant = Plant::enrolled(&settings, HASTE, |_| {});
    let fit = json!([
        {"op": "add", "path": "/driver_info/deploy_kernel", "value": "http://127.0.0.1:1/k"},
        {"op": "add", "path": "/driver_info/deploy_ramdisk", "value": "http://127.0.0.1:1/r"},
        {"op": "add", "path": "/deploy_interface", "value": "custom-agent"},
        {"op": "add", "path": "/properties/root_device", "value": {"wwn": "0x1"}},
    ]);
    assert_eq!(plant.call("PATCH", "/n1", fit).0, 200);
    plant.verb("manage", "manageable");
    plant.verb("adopt", "active");
    let wanted = json!({"logical_disks": [{"raid_level": "1", "size_gb": 100, "disk_type": "ssd"}]});
    let steps = json!([
        {"interface": "raid", "step": "delete_configuration", "args": {}},
        {"interface": "raid", "step": "apply_configuration", "args": {"raid_config": wanted}},
    ]);
    plant.on("PUT", "states/provision", json!({"target": "service", "service_steps": steps}), 202);
    wait("a volume is made", || plant.asked(Method::Post, "/Volumes") > 0);
    plant.daemon.kill9();
    plant.daemon.restart();
    plant.until("provision_state", &json!("active"));
    let node = plant.call("GET", "/n1", Value::Null).1;
    assert_eq!(node["last_error"], Value::Null);
    let disks = node["raid_config"]["logical_disks"].as_array().unwrap().clone();
    assert_eq!(disks.len(), 1, "{disks:?}");
    assert_eq!((&disks[0]["raid_level"], &disks[0]["size_gb"]), (&json!("1"), &json!(100)));
    assert_eq!(node["properties"].get("root_device"), None, "its disk is gone");
    let deleted = plant
        .bmc
        .asked()
        .iter()
        .filter(|one| one.method == Method::Delete && one.path.contains("/Volumes/"))
        .count();
    assert_eq!((deleted, plant.asked(Method::Post, "/Volumes")), (2, 1));
}
