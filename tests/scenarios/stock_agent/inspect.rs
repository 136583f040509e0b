//! Inspection by the stock agent with its own collectors: of a node that waits for it, and of a server that nobody has
//! enrolled.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::daemon::Daemon;
use crate::stage::machine::Machine;
use crate::stock_agent::http;
use crate::stock_agent::rig::{MAC, Rig};

/// The agent's settings that its kernel command line would hold.
fn inspects(rack: &str) -> String {
    format!("inspection_callback_url = {rack}/v1/continue_inspection\ninspection_collectors = default,logs\n")
}

#[test]
fn a_server_is_inspected_by_its_agent_and_switched_off() {
    let machine = Machine::new(MAC).with("SITE_ADDRESS", ADDRESS);
    let config = "[inspector]\nhooks = \"$default_hooks,memory,cpus,boot-mode,root-device,parse-lldp\"";
    let rig = Rig::new(machine, config, &json!({"inspect_interface": "agent"}));
    let settings = inspects(&rig.rack);
    rig.machine().set("AGENT_CONF", &settings);
    rig.provision(&json!({"target": "inspect"}));
    rig.until("manageable");
    let node = rig.node();
    assert_eq!((&node["last_error"], &node["power_state"]), (&Value::Null, &json!("power off")));
    assert!(node["inspection_finished_at"].is_string(), "{node}");
    let properties = &node["properties"];
    assert!(properties["memory_mb"].as_u64().unwrap() > 0, "{properties}");
    assert!(properties["cpus"].as_u64().unwrap() > 0, "{properties}");
    assert_eq!(properties["capabilities"], "boot_mode:bios");
    rig.wait("power off", |rig| !rig.machine().is_on());
    let kept = rig.ask("GET", &format!("/v1/nodes/{}/inventory", rig.node), None).1;
    assert_eq!(kept["inventory"]["interfaces"][0]["mac_address"], MAC);
    assert_eq!(kept["inventory"]["system_vendor"]["manufacturer"], "Ferric");
    assert_eq!(kept["plugin_data"].get("logs"), None, "logs are not kept with it");
    assert_eq!(logs(&rig), Vec::<PathBuf>::new(), "nor of what went well, unless the site wants that");
    assert_eq!(rig.machine().boots(), 1);
    assert_eq!(properties["local_gb"], 0, "the agent finds its disk too small for a system");
    assert!(!rig.daemon.log().contains("ERROR"), "{}", rig.daemon.log());
}

#[test]
fn a_failed_inspection_leaves_its_agents_logs() {
    let machine = Machine::new(MAC).with("SITE_ADDRESS", "127.0.0.1");
    let rig = Rig::new(machine, "", &json!({"inspect_interface": "agent"}));
    let settings = inspects(&rig.rack);
    rig.machine().set("AGENT_CONF", &settings);
    rig.provision(&json!({"target": "inspect"}));
    let error = rig.until_failed("inspect failed");
    assert!(error.contains("add_ports"), "{error}");
    rig.wait("logs", |rig| logs(rig).len() == 1);
    let log = logs(&rig).remove(0);
    let name = log.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&format!("{}_n1_inspect_", rig.node)) && name.ends_with(".tar.gz"), "{name}");
    let listed = Command::new("tar").arg("tzf").arg(&log).output().unwrap();
    assert!(listed.status.success() && !listed.stdout.is_empty(), "{listed:?}");
}

/// Archives of logs that the daemon keeps.
fn logs(rig: &Rig) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(rig.daemon.data().join("logs"));
    folder.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_server_that_nobody_enrolled_becomes_a_node_with_a_port() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("ferric.toml");
    std::fs::write(&file, format!("{DISCOVERS}[agent]\ndeploy_logs_collect = \"always\"\n")).unwrap();
    let daemon = Daemon::start_with(&["--rack-listen", "127.0.0.1:0", "--config", file.to_str().unwrap()]);
    let mut machine = Machine::new(MAC).with("SITE_ADDRESS", ADDRESS);
    machine.set("AGENT_CONF", &inspects(daemon.rack_url()));
    machine.power_on(daemon.rack_url());
    let deadline = Instant::now() + PATIENCE;
    let ask = |path: &str| http::ask(daemon.url(), "GET", path, None).unwrap().1;
    let nodes = loop {
        let nodes = ask("/v1/nodes?detail=true")["nodes"].as_array().unwrap().clone();
        if !nodes.is_empty() {
            break nodes;
        }
        assert!(Instant::now() < deadline, "no node came: {}\n{}", machine.log(), daemon.log());
        std::thread::park_timeout(Duration::from_millis(100));
    };
    let node = &nodes[0];
    assert_eq!((nodes.len(), &node["provision_state"]), (1, &json!("enroll")));
    assert!(node["last_error"].as_str().unwrap().contains("waits for a person"), "{node}");
    let id = node["uuid"].as_str().unwrap();
    let ports = ask(&format!("/v1/nodes/{id}/ports"))["ports"].as_array().unwrap().clone();
    assert_eq!((ports.len(), &ports[0]["address"]), (1, &json!(MAC)));
    let kept = ask(&format!("/v1/nodes/{id}/inventory"));
    assert_eq!(kept["plugin_data"]["auto_discovered"], true);
    let found = ask("/ferric/v1/discovered")["discovered"][0].clone();
    assert_eq!((&found["mac_address"], &found["node_uuid"]), (&json!(MAC), &json!(id)));
    let told = Command::new(env!("CARGO_BIN_EXE_ferric"))
        .args(["discovered", "--url", daemon.url()])
        .output()
        .unwrap();
    let listed = String::from_utf8(told.stdout).unwrap();
    assert!(listed.contains(MAC) && listed.contains("Ferric"), "{listed}");
    let name = one_log(&daemon);
    assert!(name.starts_with(id) && name.contains("_inspect_"), "{name}");
}

#[test]
fn a_server_that_cannot_be_enrolled_leaves_its_agents_logs_under_its_own_name() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("ferric.toml");
    std::fs::write(&file, DISCOVERS).unwrap();
    let daemon = Daemon::start_with(&["--rack-listen", "127.0.0.1:0", "--config", file.to_str().unwrap()]);
    let mut machine = Machine::new(MAC).with("SITE_ADDRESS", "127.0.0.1");
    machine.set("AGENT_CONF", &inspects(daemon.rack_url()));
    machine.power_on(daemon.rack_url());
    let name = one_log(&daemon);
    assert!(name.starts_with("unknown_") && name.contains(&MAC.replace(':', "-")), "{name}");
    let nodes = http::ask(daemon.url(), "GET", "/v1/nodes", None).unwrap().1;
    assert_eq!(nodes["nodes"], json!([]));
}

/// The name of the only archive of logs, once it is whole.
fn one_log(daemon: &Daemon) -> String {
    let folder = daemon.data().join("logs");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let entries = std::fs::read_dir(&folder).into_iter().flatten();
        if let Some(path) = entries.map(|entry| entry.unwrap().path()).next() {
            let listed = Command::new("tar").arg("tzf").arg(&path).output().unwrap();
            if listed.status.success() && !listed.stdout.is_empty() {
                return path.file_name().unwrap().to_str().unwrap().to_owned();
            }
        }
        assert!(Instant::now() < deadline, "no logs came: {}", daemon.log());
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

const DISCOVERS: &str = "[discovery]\npolicy = \"enrol\"\ndriver = \"fake-hardware\"\n";

/// Not loopback's, for whose NIC no port is made; it is only told, never called.
const ADDRESS: &str = "192.0.2.7";
const PATIENCE: Duration = Duration::from_mins(3);
