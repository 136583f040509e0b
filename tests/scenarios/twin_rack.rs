//! A rack of simulated servers that boot from the network: in a namespace of their own, at the other end of a cable from
//! the daemon's. Scenarios and benchmarks share it.

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ferric::base::mac::Mac;
use ferric::base::time::RealClock;
use ferric::base::time::SharedClock;
use ferric::base::time::Tick;
use ferric::twin::netboot::Kind;
use ferric::twin::netboot::Netboot;
use ferric::twin::netboot::segment::Segment;
use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::server::Server;
use ferric::twin::settings::Settings;
use nix::sched::CloneFlags;
use nix::sched::setns;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Two namespaces and what joins them; gone when dropped.
#[derive(Debug)]
pub struct Cable {
    name: String,
}

impl Cable {
    /// The reason where namespaces are refused.
    pub fn lay(name: &str) -> Result<Self, String> {
        let cable = Self { name: name.to_owned() };
        let (rack, machines) = (cable.rack(), cable.machines());
        ip(&["netns", "add", &rack])
            .map_err(|why| format!("no network namespace can be made here: {why}"))?;
        for words in [
            &["netns", "add", &machines][..],
            &["link", "add", PORT, "netns", &rack, "type", "veth", "peer", "name", PORT, "netns", &machines],
            &["-n", &rack, "addr", "add", "10.94.0.1/16", "dev", PORT],
            &["-n", &rack, "link", "set", PORT, "up"],
            &["-n", &rack, "link", "set", "lo", "up"],
            &["-n", &machines, "addr", "add", "10.94.0.2/16", "dev", PORT],
            &["-n", &machines, "link", "set", PORT, "up"],
            &["-n", &machines, "link", "set", "lo", "up"],
        ] {
            ip(words).unwrap_or_else(|why| panic!("ip {words:?}: {why}"));
        }
        Ok(cable)
    }

    /// Where the daemon is, at 10.94.0.1.
    pub fn rack(&self) -> String {
        format!("{}-rack", self.name)
    }

    /// Where the machines and their BMCs are, at 10.94.0.2.
    pub fn machines(&self) -> String {
        format!("{}-machines", self.name)
    }

    /// Does something in the daemon's namespace.
    pub fn at_rack<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        within(&self.rack(), work)
    }

    /// What the daemon needs to be told, with loaders from a folder. The machines of a rack have one address here for
    /// what they fetch.
    pub fn config(loaders: &Path) -> String {
        let loaders = loaders.display().to_string();
        format!(
            "[[network]]\ninterface = \"{PORT}\"\ndhcp = \"own\"\npools = [\"10.94.16.0-10.94.16.255\"]\n\
             [boot]\nloaders = {loaders:?}\n[tftp]\nmax_transfers_per_client = 64\n\
             [deploy]\nerase_devices_priority = 0\n"
        )
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [self.rack(), self.machines()] {
            ip(&["netns", "del", &namespace]).ok(); // it may be gone
        }
    }
}

fn ip(words: &[&str]) -> Result<(), String> {
    let done = Command::new("ip").args(words).output().map_err(|error| error.to_string())?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()) }
}

fn within<T: Send>(namespace: &str, work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let inside = scope.spawn(|| {
            enter(namespace);
            work()
        });
        inside.join().unwrap()
    })
}

/// This thread is in the namespace from now on.
fn enter(namespace: &str) {
    let file = File::open(Path::new("/run/netns").join(namespace)).unwrap();
    setns(file, CloneFlags::CLONE_NEWNET).unwrap();
}

/// A kernel and a ramdisk of these sizes as far as anybody looks at them, and otherwise noise.
pub fn pair(folder: &Path, kernel: usize, ramdisk: usize) {
    let mut seed = 1_u64;
    let mut noise = |size: usize| {
        let mut bytes = Vec::with_capacity(size + 8);
        while bytes.len() < size {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.extend((seed ^ (seed >> 29)).to_le_bytes());
        }
        bytes.truncate(size);
        bytes
    };
    let (mut kernel, mut ramdisk) = (noise(kernel), noise(ramdisk));
    kernel[0x1f4..0x1f8].fill(0); // it does not say how long it is
    kernel[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    kernel[0x236] |= 1;
    // An empty `init`, and cpio's last member with all the noise as its content.
    let content = ramdisk.len() - 240;
    let init = format!("070701{:088}{:08X}{:08}init\0\0", 0, 5, 0);
    let last = format!("070701{:048}{content:08X}{:032}{:08X}{:08}TRAILER!!!\0\0\0\0", 0, 0, 11, 0);
    ramdisk[..240].copy_from_slice((init + &last).as_bytes());
    std::fs::write(folder.join("kernel"), kernel).unwrap();
    std::fs::write(folder.join("ramdisk"), ramdisk).unwrap();
}

/// Hands them to the daemon at this URL.
pub fn import(cable: &Cable, url: &str, folder: &Path) {
    let done = Command::new("ip")
        .args([
            "netns",
            "exec",
            &cable.rack(),
            env!("CARGO_BIN_EXE_ferric"),
            "ramdisk",
            "import",
            "--url",
            url,
        ])
        .args([folder.join("kernel"), folder.join("ramdisk")])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// How fast a rack's machines live.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    /// Of firmware and loader.
    pub firmware: f64,
    /// Of the agent.
    pub agent: f64,
    /// Of the agent's regular beats.
    pub beats: f64,
    pub disk_size: u64,
}

/// One machine with its BMC.
#[derive(Debug, Clone)]
pub struct Machine {
    pub name: String,
    pub kind: Kind,
    pub server: Server,
    pub bmc: Bmc,
}

impl Machine {
    /// What creates its node.
    pub fn node(&self) -> Value {
        let boot = if self.kind == Kind::UefiHttp { "http-ipxe" } else { "ipxe" };
        json!({"name": self.name, "driver": "redfish", "boot_interface": boot, "driver_info": {
            "redfish_address": self.bmc.url(), "redfish_tls_trust_first": true, "redfish_username": "admin",
            "redfish_password": "twin-password"}})
    }

    pub fn mac(&self) -> Mac {
        self.server.settings().macs[0]
    }
}

/// The machines, and what they run on: threads in their namespace.
#[derive(Debug)]
pub struct Machines {
    pub list: Vec<Machine>,
    namespace: String,
    clock: SharedClock,
    runtime: Option<Runtime>,
    stop: CancellationToken,
}

impl Machines {
    /// So many, of three kinds of firmware in turn; they are off, and their disk files lie in `home`.
    pub fn start(cable: &Cable, count: u8, home: &Path, life: Life) -> Self {
        let (namespace, inside) = (cable.machines(), cable.machines());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .on_thread_start(move || enter(&inside))
            .enable_all()
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let clock: SharedClock = within(&namespace, || {
            let _inside = runtime.enter();
            Arc::new(RealClock::new())
        });
        let list = within(&namespace, || {
            runtime.block_on(async {
                let segment = Segment::open(PORT, &stop).await.unwrap();
                let mut list = Vec::new();
                for number in 1..=count {
                    list.push(machine(number, home, life, (&segment, &clock)).await);
                }
                list
            })
        });
        Self { list, namespace, clock, runtime: Some(runtime), stop }
    }

    /// Of the clock by which the machines mark their phases.
    pub fn now(&self) -> Tick {
        self.clock.tick()
    }

    pub fn total<T: std::iter::Sum>(&self, of: impl Fn(&Machine) -> T) -> T {
        self.list.iter().map(of).sum()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        within(&self.namespace, || {
            runtime.block_on(async {
                for machine in &self.list {
                    machine.server.power_off().await;
                    machine.bmc.stop().await;
                }
            });
            self.stop.cancel();
            runtime.shutdown_timeout(Duration::from_secs(5));
        });
    }
}

async fn machine(number: u8, home: &Path, life: Life, around: (&Arc<Segment>, &SharedClock)) -> Machine {
    let (segment, clock) = around;
    let kind = [Kind::Bios, Kind::Uefi, Kind::UefiHttp][usize::from(number) % 3];
    let name = format!("m{number}");
    let mac = Mac([0x52, 0x54, 0, 0, 0, number]);
    let mut settings = Settings::new(&name, mac, home, "http://127.0.0.1:1");
    settings.address = Ipv4Addr::new(10, 94, 0, 2).into();
    (settings.pace, settings.beat_scale, settings.disk_size) = (life.agent, life.beats, life.disk_size);
    settings.seed = u64::from(number);
    let again = Some(Duration::from_secs(10));
    settings.netboot = Some(Netboot { pace: life.firmware, again, ..Netboot::new(segment.clone(), kind) });
    let bmc = BmcSettings { address: settings.address, ..BmcSettings::new(Profile::Generic) };
    let server = Server::new(settings, clock.clone()).unwrap();
    let bmc = Bmc::start(&server, bmc, &CancellationToken::new()).await.unwrap();
    Machine { name, kind, server, bmc }
}

const PORT: &str = "rk0";
