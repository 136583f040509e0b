//! The daemon, one server with the stock agent, its node, and a hand on its power button.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use ferric::depot::raw_disk::make_demo_image;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::stage::daemon::Daemon;
use crate::stage::machine::Machine;
use crate::stage::machine::free_port;
use crate::stage::peers::Cli;
use crate::stock_agent::http;

/// All of it. The rack's door stays where it is over restarts of the daemon, as the ramdisk needs it.
#[derive(Debug)]
pub struct Rig {
    pub daemon: Daemon,
    machine: Arc<Mutex<Machine>>,
    url: Arc<Mutex<String>>,
    pub rack: String,
    pub node: String,
    hand: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    began: Instant,
    _config: TempDir,
}

/// The MAC of the only NIC; each test has a daemon of its own.
pub const MAC: &str = "52:54:00:00:00:01";

impl Rig {
    /// A node in `manageable` whose server is off. `config` is the daemon's file, `more` are members of the node.
    pub fn new(machine: Machine, config: &str, more: &Value) -> Self {
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let file = folder.path().join("ferric.toml");
        std::fs::write(&file, config).unwrap();
        let daemon = Daemon::start_with(&[
            "--rack-listen",
            &format!("127.0.0.1:{port}"),
            "--config",
            file.to_str().unwrap(),
        ]);
        let mut rig = Self {
            machine: Arc::new(Mutex::new(machine)),
            url: Arc::new(Mutex::new(daemon.url().to_owned())),
            rack: daemon.rack_url().to_owned(),
            daemon,
            node: String::new(),
            hand: None,
            stop: Arc::default(),
            began: Instant::now(),
            _config: folder,
        };
        rig.enrol(more);
        rig
    }

    /// A server in use: `active`, and rescued by its agent. `config` is the daemon's file.
    pub fn in_use(machine: Machine, config: &str) -> Self {
        let more = json!({"rescue_interface": "agent", "driver_info": {"deploy_forces_oob_reboot": true}});
        let rig = Self::new(machine, config, &more);
        rig.instance(&json!({"image_source": "http://127.0.0.1/none"}));
        rig.provision(&json!({"target": "adopt"}));
        rig.until("active");
        rig
    }

    /// A server in `available` on which steps alone make a deployment, and that is not cleaned.
    pub fn by_steps_alone(machine: Machine) -> Self {
        let more = json!({
            "deploy_interface": "custom-agent", "automated_clean": false,
            "driver_info": {"deploy_forces_oob_reboot": true},
        });
        let rig = Self::new(machine, "", &more);
        rig.provision(&json!({"target": "provide"}));
        rig.until("available");
        rig
    }

    /// The stock command line.
    pub fn cli(&self) -> Cli {
        Cli::new(self.daemon.url())
    }

    fn enrol(&mut self, more: &Value) {
        let mut node = json!({
            "name": "n1", "driver": "manual-management",
            "power_interface": "fake", "management_interface": "fake", "boot_interface": "fake", "deploy_interface": "direct",
            "properties": {"cpu_arch": "x86_64", "capabilities": "boot_mode:bios"},
        });
        node.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.ok("POST", "/v1/nodes", &node);
        made["uuid"].as_str().unwrap().clone_into(&mut self.node);
        self.ok("POST", "/v1/ports", &json!({"node_uuid": self.node, "address": MAC}));
        self.hand = Some(self.follow());
        self.provision(&json!({"target": "manage"}));
        self.until("manageable");
    }

    /// The machine, to look at or to pull its plug; the hand waits meanwhile.
    pub fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap()
    }

    /// Kills the daemon; the machine goes on.
    pub fn kill_daemon(&mut self) {
        self.daemon.kill9();
    }

    pub fn restart_daemon(&mut self) {
        self.daemon.restart();
        assert_eq!(self.daemon.rack_url(), self.rack, "the ramdisk would not find it again");
        self.daemon.url().clone_into(&mut self.url.lock().unwrap());
    }

    /// Asks the operator's door.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        http::ask(self.daemon.url(), method, path, body).unwrap()
    }

    /// Asks, and it must work.
    pub fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(method, path, Some(body));
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    pub fn provision(&self, body: &Value) {
        self.ok("PUT", &format!("/v1/nodes/{}/states/provision", self.node), body);
    }

    pub fn node(&self) -> Value {
        self.ask("GET", &format!("/v1/nodes/{}", self.node), None).1
    }

    /// Adds members to `instance_info`.
    pub fn instance(&self, members: &Value) {
        let patch: Vec<Value> = members
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, value)| json!({"op": "add", "path": format!("/instance_info/{key}"), "value": value}))
            .collect();
        self.ok("PATCH", &format!("/v1/nodes/{}", self.node), &json!(patch));
    }

    /// The node's journal, oldest first.
    pub fn history(&self) -> Vec<String> {
        let page = self.ask("GET", &format!("/v1/nodes/{}/history", self.node), None).1;
        let rows = page["history"].as_array().unwrap_or_else(|| panic!("{page}"));
        rows.iter().map(|row| row["event"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the node is in this state; another end of the road fails the test.
    pub fn until(&self, state: &str) {
        self.wait(state, |rig| {
            let node = rig.node();
            let seen = node["provision_state"].as_str().unwrap_or_default();
            let dead_end = seen.ends_with("failed") && node["reservation"].is_null();
            assert!(seen == state || !dead_end, "{seen} instead of {state}: {}", node["last_error"]);
            seen == state
        });
    }

    /// Waits until the node has failed and nothing is owed any more; what the operator is told.
    pub fn until_failed(&self, state: &str) -> String {
        self.wait(state, |rig| {
            let node = rig.node();
            node["provision_state"] == state && node["reservation"].is_null()
        });
        self.node()["last_error"].as_str().unwrap_or_default().to_owned()
    }

    /// Cuts the machine off and switches it on again at once, behind the daemon's back.
    pub fn reboot_machine(&self) {
        let mut machine = self.machine();
        machine.power_off();
        machine.power_on(&self.rack);
    }

    /// Waits until the agent has begun a step as often as this.
    pub fn until_step_runs(&self, step: &str, times: usize) {
        self.wait(step, |rig| rig.machine().steps().iter().filter(|one| *one == step).count() >= times);
    }

    pub fn wait(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(self) {
            assert!(
                Instant::now() < deadline,
                "no {what} after {PATIENCE:?}: {:#}\n{:#?}",
                self.node(),
                self.history()
            );
            std::thread::park_timeout(POLL);
        }
        eprintln!("{:6.1} s  {what}", self.began.elapsed().as_secs_f32());
    }

    /// An image with partitions in the daemon's own folder; another size is another image.
    pub fn image(&self, bytes: u64) -> Image {
        let name = format!("images/disk-{bytes}.raw");
        let path = self.daemon.data().join(&name);
        let sha256 = make_demo_image(&path, bytes, bytes).unwrap();
        Image { url: format!("{}/{name}", self.rack), sha256, content: std::fs::read(&path).unwrap(), path }
    }

    /// A large image of noise, made faster than one with partitions.
    pub fn random_image(&self, bytes: u64) -> Image {
        let path = self.daemon.data().join("images/noise.raw");
        let mut content = Vec::new();
        File::open("/dev/urandom").unwrap().take(bytes).read_to_end(&mut content).unwrap();
        std::fs::write(&path, &content).unwrap();
        let summed = Command::new("sha256sum").arg(&path).output().unwrap();
        let sha256 = String::from_utf8(summed.stdout).unwrap()[..64].to_owned();
        Image { url: format!("{}/images/noise.raw", self.rack), sha256, content, path }
    }

    /// Whether something was written to the start of the disk.
    pub fn disk_has_begun(&self) -> bool {
        let mut start = [0; 4096];
        let read = File::open(self.machine().disk()).and_then(|mut disk| disk.read(&mut start));
        read.is_ok() && start.iter().any(|byte| *byte != 0)
    }

    /// The disk must begin with exactly these bytes.
    pub fn assert_disk(&self, content: &[u8]) {
        let disk = std::fs::read(self.machine().disk()).unwrap();
        assert!(disk.starts_with(content), "the disk is not the image");
    }

    /// Presses the power button when the node's recorded power changes, and only then: a machine that has switched
    /// itself off is left off until the record has said off, too.
    fn follow(&self) -> JoinHandle<()> {
        let (machine, url, stop) = (self.machine.clone(), self.url.clone(), self.stop.clone());
        let (rack, path) = (self.rack.clone(), format!("/v1/nodes/{}?fields=power_state", self.node));
        std::thread::spawn(move || {
            let mut known = String::new();
            while !stop.load(Ordering::Relaxed) {
                let url = url.lock().unwrap().clone();
                // A daemon that was killed says nothing; the record says more later.
                if let Ok((200, node)) = http::ask(&url, "GET", &path, None) {
                    let power = node["power_state"].as_str().unwrap_or_default();
                    if power != known {
                        press(&mut machine.lock().unwrap(), power, &rack);
                        power.clone_into(&mut known);
                    }
                }
                std::thread::park_timeout(POLL);
            }
        })
    }
}

fn press(machine: &mut Machine, power: &str, rack: &str) {
    match power {
        "power on" => machine.power_on(rack),
        "power off" => machine.power_off(),
        _ => {}
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if std::thread::panicking() {
            eprintln!("--- the node's journal\n{}", self.last_words());
        }
        if let Some(hand) = self.hand.take() {
            hand.join().ok(); // a hand that panicked has failed the test already
        }
    }
}

impl Rig {
    /// The journal, if the daemon still tells it.
    fn last_words(&self) -> String {
        let path = format!("/v1/nodes/{}/history", self.node);
        let page = http::ask(self.daemon.url(), "GET", &path, None).map(|(_, page)| page).unwrap_or_default();
        let rows = page["history"].as_array().into_iter().flatten();
        let lines: Vec<String> = rows.map(|row| format!("{} {}", row["created_at"], row["event"])).collect();
        lines.join("\n")
    }
}

/// An image that the daemon has.
#[derive(Debug)]
pub struct Image {
    pub url: String,
    pub sha256: String,
    pub content: Vec<u8>,
    pub path: PathBuf,
}

impl Image {
    /// What a user writes into `instance_info` for it.
    pub fn order(&self) -> Value {
        json!({
            "image_source": self.url, "image_os_hash_algo": "sha256", "image_os_hash_value": self.sha256,
            "image_disk_format": "raw",
        })
    }
}

/// The slowest wait here is half a minute; a loaded machine gets some more.
const PATIENCE: Duration = Duration::from_mins(3);
/// Shorter than the second that a fake machine stays off in a reboot.
const POLL: Duration = Duration::from_millis(100);
