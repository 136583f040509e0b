//! An installer that is led by its kickstart file: what it is given is fetched, and what it would run is run here, since no
//! real installer is at hand. The machine has a Redfish BMC and boots from the network.

use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use ferric::twin::progress::Source;
use ferric::twin::redfish::profile::Profile;
use serde_json::Value;

use crate::boot_interfaces::Plant;
use crate::stage::peers::folder;

/// A machine whose own agent stays away, ready to be installed.
fn plant() -> Plant {
    let plant = Plant::with(Profile::Generic, Duration::from_hours(1));
    plant.enrol("redfish", "ipxe");
    let cli = &plant.cli;
    cli.ok(&["node", "set", "n1", "--no-automated-clean", "--deploy-interface", "anaconda"]);
    plant.verb("provide");
    let images = plant.data().join("images");
    let mut kernel = vec![0; 1024];
    kernel[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    kernel[0x236] = 1;
    std::fs::write(images.join("k"), kernel).unwrap();
    std::fs::write(images.join("r"), b"\x28\xb5\x2f\xfd a ramdisk").unwrap();
    std::fs::write(images.join("s"), b"squashed").unwrap();
    let file = |name: &str| format!("file://{}", images.join(name).display());
    let info = [
        "image_source=http://127.0.0.1:9/os.tar".to_owned(),
        format!("kernel={}", file("k")),
        format!("ramdisk={}", file("r")),
        format!("stage2={}", file("s")),
    ];
    for pair in &info {
        cli.ok(&["node", "set", "n1", "--instance-info", pair]);
    }
    plant
}

fn await_state(plant: &Plant, state: &str) -> Value {
    let until = Instant::now() + Duration::from_mins(1);
    loop {
        let node = plant.node();
        if node["provision_state"] == state {
            return node;
        }
        assert!(Instant::now() < until, "{state} does not come: {node}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn curl(url: &str) -> String {
    let done = Command::new("curl").args(["--silent", "--show-error", "--fail", url]).output().unwrap();
    assert!(done.status.success(), "{url}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// What the machine's script leads to.
fn kickstart(plant: &Plant) -> String {
    let mac = plant.bmc.server().settings().macs[0].hyphened();
    let script = curl(&format!("{}/boot/ipxe/{mac}", plant.rack()));
    let word = |key: &str| {
        let mut words = script.split_whitespace();
        words
            .find_map(|word| word.strip_prefix(key))
            .unwrap_or_else(|| panic!("{key} in {script}"))
            .to_owned()
    };
    assert_eq!(curl(&format!("{}/LiveOS/squashfs.img", word("inst.stage2="))), "squashed");
    curl(&word("inst.ks="))
}

/// The makers of kickstart read it, too.
fn validated(plant: &Plant, kickstart: &str) {
    let file = plant.data().join("ks.cfg");
    std::fs::write(&file, kickstart).unwrap();
    for version in ["RHEL8", "RHEL9", "F40"] {
        let validator = folder().join("clients/bin/ksvalidator");
        let done = Command::new(validator).args(["-v", version]).arg(&file).output().unwrap();
        assert!(done.status.success(), "{version}: {}", String::from_utf8_lossy(&done.stdout));
    }
}

/// Runs the last section of this name as the installer would.
fn run(kickstart: &str, section: &str) {
    let (_, after) = kickstart.rsplit_once(&format!("\n{section}\n")).unwrap();
    let (commands, _) = after.split_once("\n%end").unwrap();
    let done = Command::new("sh").args(["-c", commands]).output().unwrap();
    assert!(done.status.success(), "{commands}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_machine_is_installed_by_what_its_kickstart_file_says() {
    let plant = plant();
    plant.cli.ok(&["node", "deploy", "n1", "--config-drive", r#"{"user_data": "hello"}"#]);
    let node = await_state(&plant, "wait call-back");
    assert_eq!(node["deploy_step"]["step"], "deploy", "{node}");
    assert_eq!(plant.booted().0, Source::Pxe);
    let text = kickstart(&plant);
    validated(&plant, &text);
    assert!(text.contains("liveimg --url=\"http://127.0.0.1:9/os.tar\""), "{text}");
    assert!(text.contains("/config_drive/openstack/latest/user_data <<'END'\naGVsbG8=\nEND\n"), "{text}");
    run(&text, "%pre");
    let internal = plant.node()["driver_internal_info"].clone();
    assert_eq!(internal["agent_status"], "start", "{internal}");
    assert_eq!(internal.get("agent_url"), None, "it cannot be asked back: {internal}");
    run(&text, "%post");
    let node = await_state(&plant, "active");
    assert_eq!((&node["last_error"], plant.booted().0), (&Value::Null, Source::Disk));

    plant.cli.ok(&["node", "rebuild", "n1"]);
    await_state(&plant, "wait call-back");
    let next = kickstart(&plant);
    assert_ne!(next, text, "each boot has a token of its own");
    run(&next, "%onerror");
    let node = await_state(&plant, "deploy failed");
    let error = node["last_error"].as_str().unwrap();
    assert!(error.contains("the installer says: The installer has stopped"), "{error}");
}

#[test]
fn what_an_installer_lacks_is_told_by_validate_and_refused() {
    let plant = plant();
    plant.cli.ok(&["node", "unset", "n1", "--instance-info", "stage2"]);
    let rows = plant.cli.json(&["node", "validate", "n1"]);
    let row = rows.as_array().unwrap().iter().find(|row| row["Interface"] == "deploy").unwrap();
    assert!(row["Reason"].as_str().unwrap().contains("stage2 is missing"), "{row}");
    assert!(plant.cli.refused(&["node", "deploy", "n1"]).contains("stage2 is missing"));
    assert_eq!(plant.node()["provision_state"], "available");
}
