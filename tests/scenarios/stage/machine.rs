//! A server with the stock agent: its disk is a file, the test is the hand on its power button.

use std::net::TcpListener;
use std::net::UdpSocket;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;

use tempfile::TempDir;

use crate::stage::daemon::last_lines;
use crate::stage::peers;

/// One machine; its files stay over power cycles.
#[derive(Debug)]
pub struct Machine {
    home: TempDir,
    mac: String,
    port: u16,
    settings: Vec<(String, String)>,
    agent: Option<Child>,
    boots: usize,
    dead: bool,
}

impl Machine {
    /// A machine that is off, with one NIC.
    pub fn new(mac: &str) -> Self {
        Self {
            home: TempDir::new().unwrap(),
            mac: mac.to_owned(),
            port: free_port(),
            settings: Vec::new(),
            agent: None,
            boots: 0,
            dead: false,
        }
    }

    /// With a setting of `tests/peers/hardware_manager` (`SITE_SLOW`) or lines for the agent's file (`AGENT_CONF`).
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// The same for the boots to come.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Its button does nothing from now on.
    pub fn never_boots(&mut self) {
        self.dead = true;
    }

    /// Boots the agent, which will look for its node at this API; nothing happens if it runs already.
    pub fn power_on(&mut self, api: &str) {
        if self.dead || self.is_on() {
            return;
        }
        let launcher = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/agent");
        let agent = Command::new(launcher)
            .arg(self.home.path())
            .args([api, &self.mac, &self.port.to_string()])
            .env("FERRIC_PEERS", peers::folder())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.agent = Some(agent);
        self.boots += 1;
    }

    /// How often it was switched on.
    pub fn boots(&self) -> usize {
        self.boots
    }

    /// Pulls the plug.
    pub fn power_off(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            agent.kill().ok(); // it may have powered itself off
            agent.wait().unwrap();
        }
    }

    /// Whether the agent runs; it ends by itself when told to power off or reboot.
    pub fn is_on(&mut self) -> bool {
        self.agent.as_mut().is_some_and(|agent| agent.try_wait().unwrap().is_none())
    }

    /// The disk's file.
    pub fn disk(&self) -> PathBuf {
        self.home.path().join("disk")
    }

    /// The config drive as the agent wrote it; empty before.
    pub fn config_drive(&self) -> Vec<u8> {
        std::fs::read(self.home.path().join("config-2")).unwrap_or_default()
    }

    /// The steps that ran, in order, over all boots.
    pub fn steps(&self) -> Vec<String> {
        self.lines("journal")
    }

    /// The power commands that the agent was given (`poweroff`, `reboot`), over all boots.
    pub fn power_commands(&self) -> Vec<String> {
        self.lines("power")
    }

    /// What its podman was asked, over all boots, with the accounts it was given.
    pub fn podman(&self) -> String {
        std::fs::read_to_string(self.home.path().join("podman")).unwrap_or_default()
    }

    /// What the agent logged, over all boots.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.home.path().join(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.power_off();
        if std::thread::panicking() {
            eprintln!("--- the log of the agent of {}\n{}", self.mac, last_lines(&self.log(), 60));
        }
    }
}

/// A port, TCP and UDP, that nobody has, for those who must be found there again after a restart. It lies below the range from
/// which the kernel gives ports to clients, so that it stays free meanwhile; each call gives another one.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 97).unwrap() * 100;
    loop {
        let port = 20_000 + (own + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        let is_free =
            TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok();
        if is_free {
            return port;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_stock_agent_boots_and_calls_the_api_before_it_can_look_for_its_node() {
        let door = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let api = format!("http://{}", door.local_addr().unwrap());
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut request = [0; 4096];
            let read = door.accept().and_then(|(mut agent, _)| agent.read(&mut request));
            tell.send(String::from_utf8_lossy(&request[..read.unwrap()]).into_owned()).unwrap();
        });
        let mut machine = Machine::new("52:54:00:00:00:01").with("SITE_BOOT", "uefi");
        assert!(!machine.is_on());
        machine.power_on(&api);
        let request = told.recv_timeout(BOOT).expect("the agent does not call");
        assert!(request.starts_with("GET / HTTP/1.1"), "{request}");
        assert!(machine.is_on());
        machine.power_off();
        assert!(!machine.is_on());
        assert_eq!((machine.steps(), machine.power_commands()), (vec![], vec![]));
        assert_eq!(std::fs::metadata(machine.disk()).unwrap().len(), 256 << 20);
    }

    /// The agent takes one or two seconds; a loaded machine gets more.
    const BOOT: Duration = Duration::from_mins(1);
}
