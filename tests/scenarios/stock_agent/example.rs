//! The worked example of a hardware manager, put where a ramdisk has it and run by the stock agent.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use crate::stage::machine::Machine;
use crate::stock_agent::rig::MAC;
use crate::stock_agent::rig::Rig;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Puts a folder of managers into the tree of a ramdisk, as `image/build ramdisk --site` does: what it printed, or why
/// it is refused.
fn put(site: &Path, tree: &Path) -> Result<String, String> {
    let done =
        Command::new("python3").arg(root().join("image/managers.py")).args([site, tree]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&done.stderr)) }
}

#[test]
fn the_example_is_put_into_a_ramdisk_and_its_steps_are_run_by_the_stock_agent() {
    let tree = TempDir::new().unwrap();
    let manifest = put(&root().join("tests/examples/hardware_manager"), tree.path()).unwrap();
    assert!(manifest.contains("site rack_hardware.py "), "{manifest}");
    assert!(manifest.contains("site rack_hardware-1.0.dist-info/entry_points.txt "), "{manifest}");
    let installed = tree.path().join("usr/lib/python3/dist-packages");

    let machine = Machine::new(MAC).with("AGENT_SITE", installed.to_str().unwrap());
    let told_by_ipmitool = machine.disk().with_file_name("ipmitool");
    let promised =
        json!({"properties": {"cpu_arch": "x86_64", "capabilities": "boot_mode:bios", "memory_mb": 32768}});
    let config = "[deploy]\nerase_devices_metadata_priority = 0";
    let rig = Rig::new(machine, config, &promised);
    rig.provision(&json!({"target": "provide"}));
    let told = rig.until_failed("clean failed");
    assert!(told.contains("n1") && told.contains("deploy.check_memory"), "{told}");
    assert!(told.contains("the machine has 16384 MiB of memory, not 32768"), "{told}");
    assert_eq!(rig.machine().steps(), [""; 0], "nothing else was begun");

    let path = format!("/v1/nodes/{}", rig.node);
    rig.ok("PATCH", &path, &json!([{"op": "replace", "path": "/properties/memory_mb", "value": 16384}]));
    assert_eq!(rig.ask("DELETE", &format!("{path}/maintenance"), None).0, 202);
    rig.provision(&json!({"target": "manage"}));
    rig.until("manageable");
    let tag = json!({"interface": "deploy", "step": "set_asset_tag", "args": {"tag": "R7-12"}});
    let steps = json!([{"interface": "deploy", "step": "check_memory"}, tag]);
    rig.provision(&json!({"target": "clean", "clean_steps": steps}));
    rig.until("manageable");
    assert_eq!(std::fs::read_to_string(told_by_ipmitool).unwrap(), "ipmitool fru edit 0 field p 5 R7-12\n");
}

#[test]
fn a_folder_of_managers_that_cannot_work_is_refused_by_name_and_nothing_is_put_in() {
    let points = "[ironic_python_agent.hardware_managers]\nours = ours.rack:Manager\n";
    let place = "ours-1.dist-info/entry_points.txt";
    for (files, why) in [
        (vec![("ours/rack.py", "")], "has no NAME-VERSION.dist-info/entry_points.txt"),
        (vec![(place, points)], "there is no ours/rack.py"),
        (vec![(place, points), ("ours/rack.py", "def (")], "ours/rack.py is no Python"),
        (
            vec![(place, points), ("ours/rack.py", ""), ("known.py", "")],
            "known.py, which the ramdisk has already",
        ),
    ] {
        let (site, tree) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let known = tree.path().join("usr/lib/python3/dist-packages/known.py");
        for (path, content) in
            files.iter().map(|(path, content)| (site.path().join(path), *content)).chain([(known, "")])
        {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let told = put(site.path(), tree.path()).unwrap_err();
        assert!(told.contains(why), "{why}: {told}");
        let there = std::fs::read_dir(tree.path().join("usr/lib/python3/dist-packages")).unwrap().count();
        assert_eq!(there, 1, "{why}");
    }
}
