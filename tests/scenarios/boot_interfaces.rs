//! Machines with Redfish BMCs that boot only what their boot device says: cleaned, deployed and torn down through the
//! stock command line, over the network and from virtual media, which the simulated BMC fetches from the rack's door.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ferric::app::App;
use ferric::base::mac::Mac;
use ferric::base::time::RealClock;
use ferric::base::time::SharedClock;
use ferric::config::Config;
use ferric::config::Given;
use ferric::model::boot::network::Watched;
use ferric::twin::progress::BootFrom;
use ferric::twin::progress::Power;
use ferric::twin::progress::Source;
use ferric::twin::rack::Rack;
use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use ferric::twin::settings::Settings;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::stage::peers::Cli;
use crate::stock_agent::http::ask;

/// A daemon with a ramdisk and an image, and a machine with its BMC.
pub struct Plant {
    app: Option<App>,
    pub cli: Cli,
    pub bmc: Bmc,
    image: String,
    runtime: Runtime,
    home: TempDir,
}

impl Plant {
    pub fn start(profile: Profile) -> Self {
        Self::with(profile, Duration::from_millis(100))
    }

    /// With a machine whose own agent comes so long after its power.
    pub fn with(profile: Profile, boot_time: Duration) -> Self {
        Self::configured(profile, boot_time, "")
    }

    /// The same, with this file of the daemon.
    pub fn configured(profile: Profile, boot_time: Duration, config: &str) -> Self {
        let home = TempDir::new().unwrap();
        let data = home.path().join("data");
        std::fs::DirBuilder::new().mode(0o700).create(&data).unwrap();
        import_ramdisk(&data);
        let file = home.path().join("ferric.toml");
        std::fs::write(&file, config).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (app, bmc) = runtime.block_on(async {
            let app = daemon(&data, file).await;
            let rack = rack(home.path(), &format!("http://{}", app.rack.unwrap()), boot_time);
            let settings = BmcSettings::new(profile);
            let bmcs = Bmc::start_all(&rack, &settings, &CancellationToken::new()).await.unwrap();
            (app, bmcs[0].clone())
        });
        let image = data.join("images/demo.raw");
        std::fs::write(&image, vec![0x5a; 1 << 20]).unwrap();
        let cli = Cli::new(&format!("http://{}", app.api));
        let image = image.display().to_string();
        Self { app: Some(app), cli, bmc, image, runtime, home }
    }

    /// Enrols the machine with this boot interface and verifies it.
    pub fn enrol(&self, driver: &str, boot: &str) {
        let address = format!("redfish_address={}", self.bmc.url());
        let door = self.app.as_ref().and_then(|app| app.rack).unwrap();
        let external = format!("external_http_url=http://{door}");
        let mut words = vec!["node", "create", "--driver", driver, "--name", "n1", "--boot-interface", boot];
        for info in [
            &address,
            "redfish_username=admin",
            "redfish_password=twin-password",
            "redfish_verify_ca=false",
            &external,
        ] {
            words.extend(["--driver-info", info]);
        }
        let node = self.cli.json(&words);
        assert_eq!(node["network_interface"], "flat", "as the reference has it");
        for mac in &self.bmc.server().settings().macs {
            let uuid = node["uuid"].as_str().unwrap();
            self.cli.json(&["port", "create", &mac.to_string(), "--node", uuid]);
        }
        self.cli.ok(&["node", "manage", "n1", "--wait", WAIT]);
    }

    pub fn order_image(&self) {
        let source = format!("file://{}", self.image);
        for (key, value) in [("image_source", source.as_str()), ("image_checksum", SHA256)] {
            self.cli.ok(&["node", "set", "n1", "--instance-info", &format!("{key}={value}")]);
        }
    }

    pub fn verb(&self, verb: &str) {
        self.cli.ok(&["node", verb, "n1", "--wait", WAIT]);
    }

    pub fn node(&self) -> Value {
        self.cli.json(&["node", "show", "n1"])
    }

    /// What the present or last boot of the machine was of, and how many there were.
    pub fn booted(&self) -> (Source, u32) {
        let progress = self.bmc.server().progress();
        (progress.source, progress.boots)
    }

    /// The rack's door.
    pub fn rack(&self) -> String {
        format!("http://{}", self.app.as_ref().unwrap().rack.unwrap())
    }

    /// Shows a network that the daemon serves.
    pub fn show(&self, network: Arc<dyn Watched>) {
        self.app.as_ref().unwrap().desk.board().show(network);
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.app.as_ref().unwrap().api)
    }

    /// Where machines and BMCs ask.
    pub fn rack_url(&self) -> String {
        format!("http://{}", self.app.as_ref().and_then(|app| app.rack).unwrap())
    }

    /// The data folder of the daemon.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        let app = self.app.take();
        self.runtime.block_on(async {
            self.bmc.server().power_off().await;
            self.bmc.stop().await;
            if let Some(app) = app {
                app.drain().await;
            }
        });
    }
}

/// The daemon, at free ports of loopback.
async fn daemon(data: &Path, file: PathBuf) -> App {
    let listen = Some(([127, 0, 0, 1], 0).into());
    let given = Given {
        file: Some(file),
        data: Some(data.to_owned()),
        listen,
        rack_listen: listen,
        ..Given::default()
    };
    let config = Config::load(&given, "ferric-plant".to_owned()).unwrap();
    App::start(Config { power_looks: (1, 1), ..config }).await.unwrap()
}

fn import_ramdisk(data: &Path) {
    let folder = data.join("ramdisks/x86_64");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["kernel", "ramdisk"] {
        std::fs::write(folder.join(name), name).unwrap();
    }
}

/// One server; without an override it boots its disk.
fn rack(home: &Path, api: &str, boot_time: Duration) -> Rack {
    let mut model = Settings::new("s", Mac([0x52, 0x54, 0, 0, 0, 1]), home, api);
    model.boot_time = boot_time;
    (model.pace, model.beat_scale) = (0.05, 0.01);
    let clock: SharedClock = Arc::new(RealClock::new());
    let rack = Rack::new(1, &model, &clock).unwrap();
    rack.servers()[0].boot_from(BootFrom::Disk);
    rack
}

#[test]
fn an_operator_deploys_a_machine_that_boots_from_virtual_media() {
    for (profile, driver, boot) in [
        (Profile::Generic, "redfish", "redfish-virtual-media"),
        (Profile::Supermicro, "redfish", "redfish-virtual-media"),
        (Profile::Dell, "idrac", "idrac-redfish-virtual-media"),
    ] {
        let plant = Plant::start(profile);
        plant.enrol(driver, boot);
        plant.verb("provide");
        assert_eq!(
            (plant.booted(), plant.bmc.server().power()),
            ((Source::Cd, 1), Power::Off),
            "{profile:?}"
        );
        nothing_is_left(&plant);
        plant.order_image();
        plant.verb("deploy");
        // The disk is booted by the override that lasts, or without any.
        let (source, boots) = plant.booted();
        assert_eq!((source != Source::Cd, boots), (true, 3), "{profile:?}: {source:?}");
        let node = plant.node();
        assert_eq!((&node["provision_state"], &node["last_error"]), (&json!("active"), &Value::Null));
        nothing_is_left(&plant);
        plant.verb("undeploy");
        assert_eq!(plant.booted(), (Source::Cd, 4), "{profile:?}: it is cleaned");
        nothing_is_left(&plant);
    }
}

/// No medium is in a drive, and nothing of the last boot is in the record that clients see.
pub fn nothing_is_left(plant: &Plant) {
    assert!(plant.bmc.media().iter().all(|medium| !medium.inserted), "{:?}", plant.bmc.media());
    let internal = plant.node()["driver_internal_info"].clone();
    for key in ["agent_secret_token", "agent_secret_token_pregenerated", "agent_url"] {
        assert_eq!(internal.get(key), None, "{internal}");
    }
}

#[test]
fn an_operator_deploys_a_machine_that_boots_from_the_network() {
    for (boot, source) in [("ipxe", Source::Pxe), ("pxe", Source::Pxe), ("http-ipxe", Source::Http)] {
        let plant = Plant::start(Profile::Generic);
        plant.enrol("redfish", boot);
        plant.verb("provide");
        assert_eq!(plant.booted(), (source, 1), "{boot}");
        plant.order_image();
        plant.verb("deploy");
        assert_eq!(plant.booted(), (Source::Disk, 3), "{boot}");
        plant.verb("undeploy");
        assert_eq!(plant.booted(), (source, 4), "{boot}");
    }
}

#[test]
fn an_operator_is_told_why_a_machine_cannot_boot() {
    let plant = Plant::start(Profile::Generic);
    plant.enrol("redfish", "redfish-virtual-media");
    let cli = &plant.cli;
    let rows = cli.json(&["node", "validate", "n1"]);
    let boot = |rows: &Value| {
        let rows = rows.as_array().unwrap();
        rows.iter().find(|row| row["Interface"] == "boot").unwrap().clone()
    };
    assert_eq!(boot(&rows)["Result"], true, "{rows}");

    cli.ok(&["node", "set", "n1", "--driver-info", "external_http_url=http://127.0.0.1:9"]);
    assert!(cli.refused(&["node", "provide", "n1", "--wait", WAIT]).contains("clean failed"));
    let error = plant.node()["last_error"].as_str().unwrap().to_owned();
    for part in ["n1", "external_http_url", "http://127.0.0.1:9", "127.0.0.1", "******"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert_eq!(plant.booted().1, 0, "it was never switched on");

    cli.ok(&["node", "manage", "n1", "--wait", WAIT]);
    let foreign = ["deploy_kernel=file:///nowhere/kernel", "deploy_ramdisk=file:///nowhere/ramdisk"];
    cli.ok(&["node", "set", "n1", "--driver-info", foreign[0], "--driver-info", foreign[1]]);
    let row = boot(&cli.json(&["node", "validate", "n1"]));
    assert_eq!(row["Result"], false, "{row}");
    assert!(row["Reason"].as_str().unwrap().contains("/nowhere/kernel"), "{row}");
    let refused = cli.refused(&["node", "provide", "n1"]);
    assert!(refused.contains("/nowhere/kernel"), "{refused}");
    assert_eq!(plant.node()["provision_state"], "manageable");
    let (status, shown) = ask(&plant.url(), "GET", "/v1/nodes/n1/vmedia", None).unwrap();
    assert_eq!(status, 200, "{shown}");
}

/// Seconds that the stock client waits for a state.
pub const WAIT: &str = "120";
/// Of the image.
const SHA256: &str = "bf63d8a95fcc2e64619813aae35fdcbe871fdd9264caa3f365eb3aed0f679129";
