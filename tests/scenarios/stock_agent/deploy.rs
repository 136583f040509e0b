//! Images written by the stock agent.

use std::process::Command;

use ferric::depot::digest;
use serde_json::Value;
use serde_json::json;

use crate::stage::machine::Machine;
use crate::stock_agent::iso;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

/// A node that goes to `available` without being cleaned, and whose power is cut instead of asking the agent.
pub fn quick() -> Value {
    json!({"automated_clean": false, "driver_info": {"deploy_forces_oob_reboot": true}})
}

#[test]
fn a_user_deploys_an_image_with_a_config_drive_and_gives_the_server_back() {
    let config = "[deploy]\nerase_devices_metadata_priority = 0";
    let rig = Rig::new(Machine::new(MAC), config, &json!({"automated_clean": false}));
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(8 << 20);
    rig.instance(&image.order());
    let drive =
        json!({"meta_data": {"hostname": "db7", "uuid": "u-1"}, "user_data": "#cloud-config\nusers: []\n"});
    rig.provision(&json!({"target": "active", "configdrive": drive}));
    rig.until("active");

    let node = rig.node();
    assert_eq!((&node["last_error"], &node["power_state"]), (&Value::Null, &json!("power on")));
    rig.assert_disk(&image.content);
    let volume = rig.machine().config_drive();
    assert_eq!(iso::label(&volume), "config-2");
    let files = iso::files(&volume);
    let meta: Value = serde_json::from_slice(&files["openstack/latest/meta_data.json"]).unwrap();
    assert_eq!((&meta["hostname"], &meta["uuid"]), (&json!("db7"), &json!("u-1")));
    assert_eq!(files["openstack/latest/user_data"], b"#cloud-config\nusers: []\n");
    assert_eq!(rig.machine().power_commands(), ["poweroff"], "it was asked before its power was cut");
    assert_eq!(rig.machine().steps(), ["write_image", "site_quick"]);

    rig.ok(
        "PATCH",
        &format!("/v1/nodes/{}", rig.node),
        &json!([{"op": "replace", "path": "/automated_clean", "value": true}]),
    );
    rig.provision(&json!({"target": "deleted"}));
    rig.until("available");
    let node = rig.node();
    assert_eq!((&node["instance_info"], &node["last_error"]), (&json!({}), &Value::Null));
    assert_eq!(rig.machine().steps()[2..], ["site_quick", "site_reboot", "erase_devices"]);
    let disk = std::fs::read(rig.machine().disk()).unwrap();
    assert!(disk.iter().all(|byte| *byte == 0), "the disk still holds something");
}

#[test]
fn a_user_deploys_with_a_wrong_checksum_from_the_web_and_from_a_file_and_then_with_the_right_one() {
    let rig = Rig::new(Machine::new(MAC), "", &quick());
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(4 << 20);
    let mut order = image.order();
    order["image_os_hash_value"] = json!("0".repeat(64));
    for (source, finder, place) in [
        (image.url.clone(), "failed to verify against checksum", "deploy.write_image"),
        (format!("file://{}", image.path.display()), "sha256", "before the machine was touched"),
    ] {
        order["image_source"] = json!(source);
        rig.instance(&order);
        rig.provision(&json!({"target": "active"}));
        let told = rig.until_failed("deploy failed");
        assert!(told.contains("n1") && told.contains(place), "{told}");
        assert!(told.contains(finder) && told.contains("deploy it again"), "{told}");
        assert_eq!(rig.node()["power_state"], "power off");
        assert_eq!(rig.machine().boots(), 1, "only the agent's own download needs the agent");
    }
    let logs = rig.daemon.data().join("logs");
    let archive = std::fs::read_dir(&logs).unwrap().next().expect("no logs were kept").unwrap().path();
    let listing = Command::new("tar").arg("-tzf").arg(&archive).output().unwrap();
    assert!(listing.status.success() && !listing.stdout.is_empty(), "{}", archive.display());

    rig.instance(&json!({"image_os_hash_value": image.sha256}));
    rig.provision(&json!({"target": "active"}));
    rig.until("active");
    rig.assert_disk(&image.content);
    assert_eq!(rig.node()["last_error"], Value::Null);
}

#[test]
fn a_user_asks_for_a_site_step_in_the_deployment_and_for_one_that_nobody_has() {
    let rig = Rig::new(Machine::new(MAC), "", &quick());
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(2 << 20);
    rig.instance(&image.order());
    let step =
        |name: &str, args: Value| json!({"interface": "deploy", "step": name, "priority": 75, "args": args});

    rig.provision(&json!({"target": "active", "deploy_steps": [step("make_coffee", json!({}))]}));
    let told = rig.until_failed("deploy failed");
    assert!(told.contains("n1") && told.contains("deploy.make_coffee"), "{told}");
    assert_eq!(rig.machine().steps(), [""; 0], "nothing was done to the disk");

    rig.provision(
        &json!({"target": "active", "deploy_steps": [step("site_args", json!({"text": "hello"}))]}),
    );
    rig.until("active");
    assert_eq!(rig.machine().steps(), ["write_image", "site_args hello", "site_quick"]);
    rig.assert_disk(&image.content);
}

#[test]
fn a_user_installs_without_an_image_by_steps_alone() {
    let mut node = quick();
    node["deploy_interface"] = json!("custom-agent");
    let rig = Rig::new(Machine::new(MAC), "", &node);
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let step =
        json!({"interface": "deploy", "step": "site_args", "priority": 80, "args": {"text": "by hand"}});
    rig.provision(&json!({"target": "active", "deploy_steps": [step]}));
    rig.until("active");
    assert_eq!(rig.machine().steps(), ["site_args by hand", "site_quick"]);
}

#[test]
fn a_user_installs_a_server_with_uefi_firmware_and_rebuilds_it_with_another_image() {
    let mut node = quick();
    node["properties"] = json!({"cpu_arch": "x86_64"});
    let rig = Rig::new(Machine::new(MAC).with("SITE_BOOT", "uefi"), "", &node);
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(2 << 20);
    rig.instance(&image.order());
    rig.provision(&json!({"target": "active"}));
    rig.until("active");
    rig.assert_disk(&image.content);
    assert_eq!(rig.machine().log().matches("Executing command: image.install_bootloader").count(), 1);

    let other = rig.image(1 << 20);
    rig.instance(&other.order());
    rig.provision(&json!({"target": "rebuild"}));
    rig.until("active");
    rig.assert_disk(&other.content);
    assert_eq!(rig.node()["last_error"], Value::Null);
}

#[test]
fn a_user_deploys_a_qcow2_image_that_the_daemon_fetches_and_gives_to_the_agent_as_raw_bytes() {
    let rig = Rig::new(Machine::new(MAC), "", &quick());
    rig.provision(&json!({"target": "provide"}));
    rig.until("available");
    let image = rig.image(8 << 20);
    let path = image.path.with_extension("qcow2");
    let mut convert = Command::new("qemu-img");
    convert.args(["convert", "-c", "-O", "qcow2"]).args([&image.path, &path]);
    assert!(convert.status().expect("qemu-img is not installed").success());
    let packed = std::fs::read(&path).unwrap();
    let backed = image.path.with_file_name("backed.qcow2");
    let mut stack = Command::new("qemu-img");
    stack.args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"]).args([&image.path, &backed]);
    assert!(stack.status().unwrap().success());
    let url = |name: &str| format!("{}/images/{name}", rig.rack);
    let packed_name = path.file_name().unwrap().to_str().unwrap();
    let order = |name: &str, sum: &str, format: &str| {
        json!({
            "image_source": url(name), "image_download_source": "local", "image_checksum": sum,
            "image_disk_format": format,
        })
    };
    let (sum, backed_sum) = (digest::sha256(&packed), digest::sha256(&std::fs::read(&backed).unwrap()));
    for (order, word) in [
        (order(packed_name, &sum, "raw"), "it is qcow2, but instance_info.image_disk_format says raw"),
        (order(packed_name, &"0".repeat(64), "qcow2"), "has the sha256 checksum"),
        (order("backed.qcow2", &backed_sum, "qcow2"), "a backing file"),
    ] {
        rig.instance(&order);
        rig.provision(&json!({"target": "active"}));
        let told = rig.until_failed("deploy failed");
        let image = order["image_source"].as_str().unwrap();
        for word in [word, image, "n1", "before the machine was touched", "then deploy it again"] {
            assert!(told.contains(word), "{word} in {told}");
        }
        assert_eq!(rig.machine().boots(), 0, "it was never switched on");
    }

    rig.instance(&order(packed_name, &sum, "qcow2"));
    rig.provision(&json!({"target": "active"}));
    rig.until("active");
    rig.assert_disk(&image.content);
    let kept = std::fs::read_dir(rig.daemon.data().join("cache")).unwrap();
    let kept: Vec<_> = kept.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(kept.contains(&packed), "the image is in the cache");
}
