//! Everything on stage: the appliance as a process, twins in this one, a finger on their buttons, an operator each.

use std::collections::HashMap;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use ferric::base::mac::Mac;
use ferric::base::time::RealClock;
use ferric::base::time::SharedClock;
use ferric::cli::link::Link;
use ferric::cli::session::Exchange;
use ferric::cli::session::{Payload, Request};
use ferric::depot::digest;
use ferric::depot::raw_disk;
use ferric::net::http::Method;
use ferric::twin::progress::Progress;
use ferric::twin::rack::Rack;
use ferric::twin::settings::Settings;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::appliance::Appliance;
use crate::finger::Finger;
use crate::operator::Operator;
use crate::operator::Promises;

/// The image that all servers get.
#[derive(Debug, Clone)]
pub struct Image {
    pub url: String,
    pub sha256: String,
    pub size: usize,
}

/// What is to be played.
#[derive(Debug, Clone, Copy)]
pub struct Play {
    pub servers: u16,
    /// MiB.
    pub image: u32,
    pub seed: u64,
    /// Each server is rescued once when it is active, and brought back.
    pub rescue: bool,
}

/// A rack under test. Nothing happens before the appliance is started.
pub struct Stage {
    pub appliance: Appliance,
    pub rack: Rack,
    finger: Arc<Finger>,
    open: TempDir,
    rescue: bool,
    image: Image,
    link: Arc<Link>,
    again: Arc<AtomicBool>,
    /// How often each server was deployed, once its operator has ended.
    deployed: Vec<Option<u32>>,
    ended: mpsc::Receiver<Ended>,
    tell: mpsc::Sender<Ended>,
    runtime: Runtime,
}

/// A server's place, and what its operator says.
type Ended = (usize, Result<u32, String>);

impl Stage {
    pub fn new(play: Play) -> Self {
        let appliance = Appliance::new();
        let image = make_image(&appliance, play);
        let runtime = Runtime::new().unwrap();
        let rack = {
            let _inside = runtime.enter();
            make_rack(&appliance, play)
        };
        let link = Arc::new(Link::open(&appliance.url()).unwrap());
        let servers = rack.servers().to_vec();
        let finger = Arc::new(Finger { servers, link: link.clone(), pressed: Mutex::new(HashMap::new()) });
        runtime.spawn(finger.clone().follow());
        let again = Arc::new(AtomicBool::new(false));
        let (tell, ended) = mpsc::channel();
        let deployed = Vec::new();
        let rescue = play.rescue;
        let mut stage = Self {
            appliance,
            rack,
            finger,
            open: open_folder(),
            rescue,
            image,
            link,
            again,
            deployed,
            ended,
            tell,
            runtime,
        };
        stage.send_operators();
        stage
    }

    fn send_operators(&mut self) {
        self.deployed = vec![None; self.rack.servers().len()];
        for (place, server) in self.rack.servers().iter().enumerate() {
            let tell = self.tell.clone();
            let operator = Operator {
                link: self.link.clone(),
                server: server.clone(),
                image: self.image.clone(),
                again: self.again.clone(),
                rescue: self.rescue,
                promises: Promises::default(),
            };
            self.runtime.spawn(async move {
                tell.send((place, operator.live().await)).ok() // a test that has failed does not listen
            });
        }
    }

    /// Whether servers that are active are undeployed and begin again.
    pub fn go_round(&self, again: bool) {
        self.again.store(again, Ordering::SeqCst);
    }

    /// Lets time pass, in which an operator may fail.
    pub fn pass(&mut self, length: Duration) {
        std::thread::sleep(length);
        self.check();
    }

    /// Whether all operators have ended; a failed one ends the test.
    pub fn is_over(&mut self) -> bool {
        self.check();
        self.deployed.iter().all(Option::is_some)
    }

    fn check(&mut self) {
        while let Ok((place, ended)) = self.ended.try_recv() {
            match ended {
                Ok(deployed) => self.deployed[place] = Some(deployed),
                Err(why) => panic!("{why}"),
            }
        }
    }

    /// Left alone: every server gets active. How often each was deployed.
    pub fn finish(&mut self) -> Vec<u32> {
        self.go_round(false);
        self.appliance.start();
        let deadline = Instant::now() + PATIENCE;
        while !self.is_over() {
            assert!(!self.appliance.is_dead(), "the daemon was killed while it was to be left alone");
            assert!(Instant::now() < deadline, "not all active after {PATIENCE:?}: {}", self.scene());
            std::thread::sleep(Duration::from_millis(50));
        }
        self.deployed.iter().map(|deployed| deployed.unwrap()).collect()
    }

    /// New operators, who find the servers as they are and deploy each once more.
    pub fn encore(&mut self) {
        assert!(self.is_over(), "the operators of before have not ended");
        self.go_round(true);
        self.send_operators();
    }

    /// Cuts the power of the whole rack, appliance included; machines that were on come back when it serves.
    pub fn power_cut(&mut self) {
        self.appliance.kill();
        self.runtime.block_on(self.rack.power_off());
        self.finger.forget();
    }

    pub fn progress(&self) -> Vec<Progress> {
        self.rack.servers().iter().map(ferric::twin::server::Server::progress).collect()
    }

    /// A folder that anybody may read, and nobody but us write.
    pub fn folder_for_all(&self, name: &str) -> PathBuf {
        let folder = self.open.path().join(name);
        std::fs::DirBuilder::new().mode(0o755).create(&folder).unwrap();
        folder
    }

    /// All that the node's history tells.
    pub fn told(&self, node: &str) -> String {
        let path = format!("/v1/nodes/{node}/history?detail=true");
        let answer = self.link.exchange(Request { method: Method::Get, path, body: Payload::Nothing });
        String::from_utf8(self.runtime.block_on(answer).unwrap().body).unwrap()
    }

    /// The provision state that the API shows; none if it does not answer.
    pub fn state(&self, node: &str) -> Option<String> {
        let path = format!("/v1/nodes/{node}/states");
        let answer = self.link.exchange(Request { method: Method::Get, path, body: Payload::Nothing });
        let shown: Value = serde_json::from_slice(&self.runtime.block_on(answer).ok()?.body).ok()?;
        shown["provision_state"].as_str().map(str::to_owned)
    }

    /// Every disk begins with the image.
    pub fn disks_equal_the_image(&self) {
        for server in self.rack.servers() {
            let disk = std::fs::read(server.disk().path()).unwrap();
            let found = digest::sha256(&disk[..self.image.size]);
            assert_eq!(found, self.image.sha256, "the disk of {}", server.settings().name);
        }
    }

    /// Each node that is not active, and what the daemon has logged of it lately.
    fn show_unfinished(&self) {
        let log = self.appliance.log();
        let unfinished = self.rack.servers().iter().zip(&self.deployed).filter(|(_, done)| done.is_none());
        for (server, _) in unfinished {
            let name = &server.settings().name;
            eprintln!("--- {name} in the API: {}", self.shown(name).unwrap_or_default());
            let of_it: Vec<_> = log.lines().filter(|line| line.contains(&format!("node={name} "))).collect();
            let last = &of_it[of_it.len().saturating_sub(LINES_SHOWN)..];
            eprintln!("--- {name} in the log\n{}", last.join("\n"));
        }
    }

    fn shown(&self, node: &str) -> Option<Value> {
        let path = format!("/v1/nodes/{node}");
        let answer = self.link.exchange(Request { method: Method::Get, path, body: Payload::Nothing });
        serde_json::from_slice(&self.runtime.block_on(answer).ok()?.body).ok()
    }

    /// What the twins say of themselves, for a failure.
    fn scene(&self) -> String {
        let progress = self.progress();
        let scene = progress
            .iter()
            .map(|one| format!("{:?} {:?} {:?} {:?}", one.power, one.stage, one.doing, one.refusal));
        scene.collect::<Vec<_>>().join("; ")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the twins: {:#?}", self.progress());
            self.show_unfinished();
        }
    }
}

fn make_image(appliance: &Appliance, play: Play) -> Image {
    let folder = appliance.data().join("images");
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).unwrap();
    let size = u64::from(play.image) << 20;
    let sha256 = raw_disk::make_demo_image(&folder.join(IMAGE), size, play.seed).unwrap();
    let url = format!("{}/images/{IMAGE}", appliance.rack_url());
    Image { url, sha256, size: usize::try_from(size).unwrap() }
}

fn make_rack(appliance: &Appliance, play: Play) -> Rack {
    let disks = appliance.home().join("disks");
    make_folder(&disks);
    let model = Settings {
        disk_size: (u64::from(play.image) + 16) << 20,
        boot_time: Duration::from_millis(200),
        pace: 0.05,
        beat_scale: 0.01,
        // The daemon that hands the image out dies more often than the real agent would try again.
        download_retries: 1000,
        seed: play.seed,
        ..Settings::new("twin", Mac([0x52, 0x54, 0, 0, 0, 1]), disks, &appliance.rack_url())
    };
    let clock: SharedClock = Arc::new(RealClock::new());
    Rack::new(play.servers, &model, &clock).unwrap()
}

fn open_folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn make_folder(path: &Path) {
    std::fs::create_dir_all(path).unwrap();
}

const IMAGE: &str = "disk.img";
const LINES_SHOWN: usize = 100;
/// A life takes about ten seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(90);
