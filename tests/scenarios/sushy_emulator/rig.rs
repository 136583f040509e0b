//! `sushy-emulator` with its TLS and its account, and a daemon whose node it is.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use rcgen::CertifiedKey;
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::daemon::Daemon;
use crate::stage::machine::free_port;
use crate::stage::peer_process::PeerProcess;
use crate::stage::peer_process::until;
use crate::stage::peers;
use crate::stage::peers::Cli;

/// The emulator on loopback over TLS; it wants the account admin, password.
#[derive(Debug)]
pub struct Emulator {
    process: Option<PeerProcess>,
    home: TempDir,
    port: u16,
}

impl Emulator {
    /// With its fake machine.
    pub fn start() -> Self {
        Self::start_with(FAKE)
    }

    /// With a configuration, which is Python.
    pub fn start_with(configuration: &str) -> Self {
        let home = TempDir::new().unwrap();
        let mut emulator = Self { process: None, home, port: free_port() };
        fs::create_dir_all(emulator.file("state")).unwrap();
        fs::create_dir_all(emulator.file("images")).unwrap();
        fs::write(emulator.file("account"), ACCOUNT).unwrap();
        let place = emulator.home.path().display().to_string();
        let text = format!("{COMMON}{configuration}").replace("@HOME@", &place);
        fs::write(emulator.file("emulator.conf"), text).unwrap();
        emulator.new_certificate();
        emulator.restart();
        emulator
    }

    /// Another certificate, which it shows after a restart.
    pub fn new_certificate(&self) {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        fs::write(self.certificate(), cert.pem()).unwrap();
        fs::write(self.file("key.pem"), signing_key.serialize_pem()).unwrap();
    }

    /// Ends it and starts it again at the same address; its machine stays as it is.
    pub fn restart(&mut self) {
        self.process = None;
        let mut command = Command::new(peers::folder().join("bmc/bin/sushy-emulator"));
        command
            .args(["--config", "emulator.conf", "--interface", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--ssl-certificate", "certificate.pem", "--ssl-key", "key.pem"])
            .env("TMPDIR", self.file("images"));
        self.process = Some(PeerProcess::start(&mut command, self.home.path(), "Running on https"));
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn certificate(&self) -> PathBuf {
        self.file("certificate.pem")
    }

    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    pub fn said(&self) -> String {
        self.process.as_ref().map(PeerProcess::said).unwrap_or_default()
    }

    /// The resets that it obeyed, in order.
    pub fn resets(&self) -> Vec<String> {
        let said = self.said();
        let resets = said.lines().filter_map(|line| line.split("power state set to \"").nth(1));
        resets.map(|rest| rest.trim_end_matches('"').to_owned()).collect()
    }

    /// Its fake machine as curl, which is not ours, reads it.
    pub fn system(&self) -> Value {
        self.read(&format!("/redfish/v1/Systems/{FAKE_ID}"))
    }

    /// One resource as curl reads it.
    pub fn read(&self, path: &str) -> Value {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--user", "admin:password", "--cacert"])
            .arg(self.certificate())
            .arg(format!("{}{path}", self.url()))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The images that it fetched and still has.
    pub fn images(&self) -> Vec<String> {
        files(&self.file("images")).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// A daemon and its command line.
#[derive(Debug)]
pub struct Shop {
    pub daemon: Daemon,
    pub cli: Cli,
}

impl Shop {
    pub fn open() -> Self {
        let daemon = Daemon::start_with(&["--hardware", "redfish"]);
        let cli = Cli::new(daemon.url());
        Self { daemon, cli }
    }

    /// The node `n1` of this BMC, with the account and these settings; they may override it.
    pub fn enrol(&self, bmc: &Emulator, settings: &[&str]) {
        let address = format!("redfish_address={}", bmc.url());
        let mut words = vec!["node", "create", "--driver", "redfish", "--name", "n1"];
        let given = [&address, "redfish_username=admin", "redfish_password=password"];
        for setting in given.iter().chain(settings) {
            words.extend(["--driver-info", setting]);
        }
        self.cli.ok(&words);
    }

    /// The same, verified; its certificate is its own authority.
    pub fn manage(&self, bmc: &Emulator) {
        self.enrol(bmc, &[&format!("redfish_verify_ca={}", bmc.certificate().display())]);
        self.cli.ok(&["node", "manage", "n1", "--wait", "60"]);
    }

    pub fn set(&self, settings: &[&str]) {
        let words = settings.iter().flat_map(|&setting| ["--driver-info", setting]);
        self.cli.ok(&["node", "set", "n1"].into_iter().chain(words).collect::<Vec<_>>());
    }

    /// Until a field of the node is this.
    pub fn until(&self, field: &str, value: impl Into<Value>) {
        let value = value.into();
        until(&format!("{field} is {value}"), || self.cli.field("n1", field) == value);
    }

    /// Until the last error has all these words; what it says.
    pub fn error(&self, words: &[&str]) -> String {
        let mut last = String::new();
        until(&format!("last_error with {words:?}"), || {
            let error = self.cli.field("n1", "last_error");
            error.as_str().unwrap_or_default().clone_into(&mut last);
            words.iter().all(|word| last.contains(word))
        });
        last
    }
}

/// The only system of the fake driver.
pub const FAKE_ID: &str = "27946b59-9e44-4fa7-8e91-f3527a1ef094";
/// bcrypt of `password`, with the least rounds: each request pays them.
const ACCOUNT: &str = "admin:$2b$04$V2bUUIcST0NlADy/hUSZyOK.hNzChIqMAC.ZbpDbY8TLTJh.aqjWy\n";
/// It tells of each reset and setting.
const COMMON: &str = "
import logging
logging.getLogger('sushy_tools.emulator.main').setLevel('INFO')
SUSHY_EMULATOR_AUTH_FILE = '@HOME@/account'
SUSHY_EMULATOR_STATE_DIR = '@HOME@/state'
";
/// The fake machine, with two disks. It obeys a reset after 1 to 11 s by its own dice, which here show 1.
const FAKE: &str = "
import random
random.randint = lambda least, most: least
SUSHY_EMULATOR_FAKE_DRIVER = True
SUSHY_EMULATOR_STORAGE = {'27946b59-9e44-4fa7-8e91-f3527a1ef094': [{
    'Id': '1', 'Name': 'Local Storage', 'Drives': ['a', 'b'],
    'StorageControllers': [{'MemberId': '0', 'Name': 'RAID', 'SpeedGbps': 12}]}]}
SUSHY_EMULATOR_DRIVES = {('27946b59-9e44-4fa7-8e91-f3527a1ef094', '1'): [
    {'Id': 'a', 'Name': 'Disk A', 'CapacityBytes': 899527000000, 'Protocol': 'SAS'},
    {'Id': 'b', 'Name': 'Disk B', 'CapacityBytes': 899527000000, 'Protocol': 'SAS'}]}
";
