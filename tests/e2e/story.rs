//! One machine's way from its first power-on, with the time that each phase took.

use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::bmc::Bmc;
use crate::bmc::Kind;
use crate::disk_image;
use crate::http;
use crate::machine::Firmware;
use crate::machine::Machine;
use crate::rack;
use crate::serial::Serial;
use crate::stage::daemon::Daemon;

/// The daemon, a machine and its node.
#[derive(Debug)]
pub struct Story {
    pub daemon: Daemon,
    pub machine: Machine,
    /// Its node's name.
    pub name: String,
    serial: Serial,
    bmc: Option<Bmc>,
    began: Instant,
    /// Lines of the serial line that belong to earlier boots.
    read: usize,
    phases: Vec<(String, Duration)>,
    _home: TempDir,
}

/// The rack's door.
const DOOR: &str = "10.77.0.1:6386";

impl Story {
    /// A rack of one machine, switched off, and a daemon with these lines of configuration that knows no node. `@HOME@`
    /// in them is a folder with the file `password`: that of the BMCs.
    pub fn begin(firmware: Firmware, config: &str) -> Self {
        rack::enter(1);
        let home = TempDir::new().unwrap();
        fs::write(home.path().join("password"), "password\n").unwrap();
        let mut machine = Machine::new(home.path(), 0, firmware);
        machine.words = format!("ipa-api-url=http://{DOOR} ipa-insecure=1 BOOTIF=01-{}", machine.mac());
        let file = home.path().join("ferric.toml");
        fs::write(&file, config.replace("@HOME@", home.path().to_str().unwrap())).unwrap();
        let daemon = Daemon::start_with(&[
            "--config",
            file.to_str().unwrap(),
            "--rack-listen",
            DOOR,
            "--hardware",
            "ipmi,redfish",
        ]);
        let serial = Serial::listen(&machine.serial());
        let (began, phases) = (Instant::now(), Vec::new());
        let name = "n1".to_owned();
        Self { daemon, machine, name, serial, bmc: None, began, read: 0, phases, _home: home }
    }

    /// Imports the ramdisk as an operator does.
    pub fn import_ramdisk(&mut self) {
        let done = Command::new(env!("CARGO_BIN_EXE_ferric"))
            .args(["ramdisk", "--url", self.daemon.url(), "import"])
            .arg(self.machine.board().ramdisk())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        self.phase("ramdisk imported");
    }

    /// Enrols the machine with this BMC, and these members of its node. Its disk is a used one.
    pub fn enrol(&mut self, kind: Kind, more: &Value) {
        self.machine.leave_behind();
        let bmc = Bmc::start(kind, &self.machine, self.daemon.url());
        let mut node = json!({
            "name": "n1", "deploy_interface": "direct", "properties": {
                "cpu_arch": self.machine.board().ask("arch"),
                "capabilities": if self.machine.firmware.is_uefi() { "boot_mode:uefi" } else { "boot_mode:bios" },
            },
        });
        for members in [&bmc.node(), more] {
            node.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        }
        let made = self.ok("POST", "/v1/nodes", &node);
        self.ok("POST", "/v1/ports", &json!({"node_uuid": made["uuid"], "address": self.machine.mac()}));
        self.bmc = Some(bmc);
        self.provision("manage", "manageable");
    }

    /// Starts a BMC without telling the daemon of it.
    pub fn wire(&mut self, kind: Kind) {
        self.bmc = Some(Bmc::start(kind, &self.machine, self.daemon.url()));
    }

    /// The disk image in the daemon's folder, as what is to be deployed.
    pub fn order_image(&mut self) {
        let folder = TempDir::new().unwrap();
        let image = disk_image::make(folder.path(), self.machine.board());
        let there = self.daemon.data().join("images/system.raw");
        fs::copy(image, &there).unwrap();
        let summed = Command::new("sha256sum").arg(&there).output().unwrap();
        let sum = String::from_utf8(summed.stdout).unwrap()[..64].to_owned();
        let members = [
            ("image_source", json!(format!("http://{DOOR}/images/system.raw"))),
            ("image_os_hash_algo", json!("sha256")),
            ("image_os_hash_value", json!(sum)),
            ("image_disk_format", json!("raw")),
        ];
        let patch = members.map(
            |(key, value)| json!({"op": "add", "path": format!("/instance_info/{key}"), "value": value}),
        );
        self.ok("PATCH", &self.path(""), &json!(patch));
    }

    /// Asks for a provision state, and waits for where it leads.
    pub fn provision(&mut self, target: &str, state: &str) {
        self.ask(target);
        self.until(state);
    }

    /// Asks for these steps on the deployed machine.
    pub fn service(&self, steps: &Value) {
        let body = json!({"target": "service", "service_steps": steps});
        self.ok("PUT", &self.path("/states/provision"), &body);
    }

    /// Asks for a ramdisk that this password logs in to.
    pub fn rescue(&self, password: &str) {
        let body = json!({"target": "rescue", "rescue_password": password});
        self.ok("PUT", &self.path("/states/provision"), &body);
    }

    /// Logs in at the BMC's serial console as a person does, types a line, and waits for what comes of it.
    pub fn logs_in(&mut self, user: &str, password: &str, line: &str, text: &str) {
        let mut console = Sol::open();
        self.wait("log-in at the console", |story| {
            // No prompt ends a line: what comes of the typed one tells whether all was in time.
            for typed in ["", user, password, line] {
                console.borrow_mut().types(typed);
                std::thread::park_timeout(TYPING);
            }
            story.serial.heard(text, story.read).is_some()
        });
        console.get_mut().close();
    }

    /// Logs in over SSH at the address that the ramdisk has told, as a person does.
    pub fn logs_in_by_ssh(&mut self, user: &str, password: &str, line: &str, text: &str) {
        let (_, said) = self.serial.line("] addresses: ", self.read).unwrap();
        let host = said.split([' ', '/']).find(|word| word.starts_with("10.77.0.")).unwrap();
        let ask = self.machine.home.join("password-of-rescue");
        fs::write(&ask, format!("#!/bin/sh\necho '{password}'\n")).unwrap();
        fs::set_permissions(&ask, fs::Permissions::from_mode(0o700)).unwrap();
        let said = Command::new("ssh")
            .args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
            .args(["-o", "NumberOfPasswordPrompts=1", "-o", "ConnectTimeout=60"])
            .arg(format!("{user}@{host}"))
            .arg(line)
            .env("SSH_ASKPASS", &ask)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert!(out.contains(text), "{host}: {out} {err}");
        self.phase("log-in over SSH");
    }

    /// Asks for a provision state.
    pub fn ask(&self, target: &str) {
        self.ok("PUT", &self.path("/states/provision"), &json!({"target": target}));
    }

    /// Waits until the node is in this state; another end of the road fails the test.
    pub fn until(&mut self, state: &str) {
        self.wait(&format!("node {state}"), |story| {
            let node = story.node();
            let seen = node["provision_state"].as_str().unwrap_or_default();
            let dead_end = seen.ends_with("failed") && node["reservation"].is_null();
            assert!(seen == state || !dead_end, "{seen} instead of {state}: {}", node["last_error"]);
            seen == state
        });
    }

    /// Waits until the machine says this on its serial line.
    pub fn hears(&mut self, what: &str, text: &str) {
        self.wait(what, |story| story.serial.heard(text, story.read).is_some());
    }

    /// Whether the machine has ever said this.
    pub fn heard(&self, text: &str) -> bool {
        self.serial.heard(text, 0).is_some()
    }

    /// What the machine says from now on belongs to another boot.
    pub fn turn_page(&mut self) {
        self.read = self.serial.count();
    }

    /// Asks for a power state, and waits until the record has it.
    pub fn switch(&mut self, power: &str) {
        self.ok("PUT", &self.path("/states/power"), &json!({"target": power}));
        self.wait(power, |story| story.node()["power_state"] == power);
    }

    /// Presses the power button at the BMC, as nobody but a person does.
    pub fn press_power(&mut self) {
        let done = Command::new("ipmitool")
            .args(["-I", "lanplus", "-C", "3", "-H", rack::BMC_ADDRESS, "-U", "admin", "-P", "password"])
            .args(["chassis", "power", "on"])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        self.phase("power on");
    }

    /// Waits until the daemon has a node that nobody enrolled; the story goes on with it.
    pub fn appears(&mut self) {
        self.wait("a new node", |story| !story.nodes().is_empty());
        let nodes = self.nodes();
        let [node] = nodes.as_slice() else { panic!("one machine became several nodes: {nodes:?}") };
        node["name"].as_str().unwrap().clone_into(&mut self.name);
    }

    fn nodes(&self) -> Vec<Value> {
        let listed = http::ask(self.daemon.url(), "GET", "/v1/nodes", None).unwrap().1;
        listed["nodes"].as_array().unwrap().clone()
    }

    /// Waits for the agent's first beat.
    pub fn agent_beats(&mut self) {
        self.wait("agent's first beat", |story| !story.node()["driver_internal_info"]["agent_url"].is_null());
    }

    /// What the deployed system says.
    pub fn system_line(&self) -> &'static str {
        if self.machine.firmware.is_uefi() { disk_image::UEFI_LINE } else { disk_image::BIOS_LINE }
    }

    pub fn node(&self) -> Value {
        http::ask(self.daemon.url(), "GET", &self.path(""), None).unwrap().1
    }

    /// The node's resource, or one below it.
    fn path(&self, below: &str) -> String {
        format!("/v1/nodes/{}{below}", self.name)
    }

    /// Asks the operator's door, and it must work.
    pub fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = http::ask(self.daemon.url(), method, path, Some(body)).unwrap();
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    fn wait(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "no {what} after {PATIENCE:?}: {:#}", self.node());
            std::thread::park_timeout(POLL);
        }
        self.phase(what);
    }

    fn phase(&mut self, what: &str) {
        let at = self.began.elapsed();
        eprintln!("{:7.1} s  {what}", at.as_secs_f32());
        self.phases.push((what.to_owned(), at));
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        // The machine goes before the daemon, so that nobody mourns a door that is shut.
        self.bmc = None;
        for (what, text) in MARKS {
            if let Some(at) = self.serial.heard(text, 0) {
                eprintln!("{:7.1} s  heard first: {what}", at.duration_since(self.began).as_secs_f32());
            }
        }
        eprintln!("--- phases");
        let mut before = Duration::ZERO;
        for (what, at) in &self.phases {
            eprintln!("{:7.1} s  {what}", at.saturating_sub(before).as_secs_f32());
            before = *at;
        }
    }
}

/// The serial console of the simulated BMC, with a keyboard.
struct Sol {
    client: Child,
}

impl Sol {
    fn open() -> RefCell<Self> {
        let line =
            format!("ipmitool -I lanplus -C 3 -H {} -U admin -P password sol activate", rack::BMC_ADDRESS);
        // It wants a terminal.
        let client = Command::new("script")
            .args(["-qfec", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::park_timeout(TYPING);
        RefCell::new(Self { client })
    }

    fn types(&mut self, line: &str) {
        let keyboard = self.client.stdin.as_mut().unwrap();
        keyboard.write_all(line.as_bytes()).unwrap();
        keyboard.write_all(b"\r").unwrap();
        keyboard.flush().unwrap();
    }

    fn close(&mut self) {
        drop(self.client.stdin.take());
        self.client.kill().ok(); // it may have ended by itself
        self.client.wait().ok();
    }
}

/// What firmware and loaders say on their way, where they say it.
const MARKS: &[(&str, &str)] = &[
    ("firmware", "SeaBIOS"),
    ("OVMF's PXE", "Start PXE over IPv4"),
    ("OVMF's HTTP boot", "Start HTTP Boot over IPv4"),
    ("iPXE", "iPXE initialising"),
    ("address for iPXE", "net0: 10.77.0."),
    ("kernel", "Linux version"),
    ("init", "Ferric deploy ramdisk"),
    ("agent", "starting the agent"),
];

/// Three times the slowest phase that was measured, on a busy machine with two cores.
const PATIENCE: Duration = Duration::from_mins(15);
const POLL: Duration = Duration::from_millis(250);
/// As long as a person takes for a line, and a login program under emulation for its next question.
const TYPING: Duration = Duration::from_secs(3);
