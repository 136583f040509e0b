//! The hand on the button of a machine without a BMC: it does what the node's record says. The kernel comes from QEMU
//! while the node's boot device is the network, and from the disk afterwards.

use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::http::ask;
use crate::machine::Device;
use crate::machine::Machine;

/// It follows the node `n1` until dropped.
#[derive(Debug)]
pub struct Hand {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The node that it powers.
pub fn node() -> Value {
    json!({
        "driver": "manual-management", "power_interface": "fake", "management_interface": "fake",
        "boot_interface": "fake", "driver_info": {"deploy_forces_oob_reboot": true},
    })
}

impl Hand {
    pub fn follow(machine: Machine, url: &str) -> Self {
        let (stop, url) = (Arc::<AtomicBool>::default(), url.to_owned());
        let told = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut running = Running { machine, child: None, known: String::new() };
            while !told.load(Ordering::Relaxed) {
                if let Ok((200, node)) = ask(&url, "GET", "/v1/nodes/n1?fields=power_state", None) {
                    running.press(node["power_state"].as_str().unwrap_or_default(), &url);
                }
                std::thread::park_timeout(POLL);
            }
            running.off();
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // a hand that panicked has failed the test already
        }
    }
}

struct Running {
    machine: Machine,
    child: Option<Child>,
    /// Power as the record said it last.
    known: String,
}

impl Running {
    fn press(&mut self, power: &str, url: &str) {
        // A machine that asked to be reset has ended, and starts again; one that switched itself off stays off until
        // the record has said so, too.
        let reset = power == "power on" && self.has_reset();
        if power == self.known && !reset {
            return;
        }
        match power {
            "power on" => self.on(url),
            "power off" => self.off(),
            _ => {}
        }
        power.clone_into(&mut self.known);
    }

    fn has_reset(&mut self) -> bool {
        let ended = self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some());
        let log = std::fs::read_to_string(self.machine.serial()).unwrap_or_default();
        ended && log.trim_end().ends_with("reboot: Restarting system")
    }

    fn on(&mut self, url: &str) {
        self.off();
        let seen = ask(url, "GET", "/v1/nodes/n1/management/boot_device", None);
        let device = seen.map(|(_, device)| device["boot_device"].clone()).unwrap_or_default();
        let device = if device == "disk" { Device::Disk } else { Device::Kernel };
        self.child = Some(self.machine.start(device));
    }

    fn off(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok(); // it may have switched itself off
            child.wait().unwrap();
        }
    }
}

const POLL: Duration = Duration::from_millis(250);
