//! A machine whose BMC is the twin's: the operator works all that a controller has through the daemon, by its API.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

use ferric::net::http::Method;
use ferric::twin::progress::Power;
use ferric::twin::redfish::bmc::Bmc;
use ferric::twin::redfish::oddity::Oddity;
use ferric::twin::redfish::profile::Profile;
use ferric::twin::redfish::settings::BmcSettings;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::stage::daemon::Daemon;
use crate::stage::image_server::ImageServer;
use crate::stock_redfish::rack;

/// A controller, its node `n1`, and the daemon between them.
pub struct Plant {
    pub daemon: Daemon,
    pub bmc: Bmc,
    profile: Profile,
    runtime: Runtime,
    _home: TempDir,
}

impl Plant {
    /// Enrolled and verified.
    fn start(profile: Profile) -> Self {
        let plant = Self::enrolled(&BmcSettings::new(profile), "", |_| {});
        plant.verb("manage", "manageable");
        plant
    }

    /// With a controller like this, lines of the daemon's file, and what is done to the controller first.
    pub fn enrolled(settings: &BmcSettings, configured: &str, prepare: impl FnOnce(&Bmc)) -> Self {
        let home = TempDir::new().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let rack = rack(home.path());
        let bmcs = runtime.block_on(Bmc::start_all(&rack, settings, &CancellationToken::new())).unwrap();
        prepare(&bmcs[0]);
        let file = home.path().join("ferric.toml");
        std::fs::write(&file, configured).unwrap();
        let options = ["--hardware", "redfish,idrac", "--config", file.to_str().unwrap()];
        let profile = settings.profile;
        let plant = Self {
            daemon: Daemon::start_with(&options),
            bmc: bmcs[0].clone(),
            profile,
            runtime,
            _home: home,
        };
        let driver = if profile == Profile::Dell { "idrac" } else { "redfish" };
        let info = json!({
            "redfish_address": plant.bmc.url(), "redfish_username": "admin",
            "redfish_password": "twin-password", "redfish_verify_ca": false,
        });
        let made = plant.call("POST", "", json!({"name": "n1", "driver": driver, "driver_info": info}));
        assert_eq!(made.0, 201, "{made:?}");
        plant
    }

    /// A request below `/v1/nodes`; status and body of the answer.
    #[expect(clippy::needless_pass_by_value, reason = "callers write the body in place")]
    pub fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let address = self.daemon.url().trim_start_matches("http://");
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let mut wire = TcpStream::connect(address).unwrap();
        write!(
            wire,
            "{method} /v1/nodes{path} HTTP/1.1\r\nHost: {address}\r\nX-OpenStack-Ironic-API-Version: 1.115\r\n\
             Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        )
        .unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    /// A request below the node, which must be answered so; the answer's body.
    #[expect(clippy::needless_pass_by_value, reason = "callers write the body in place")]
    pub fn on(&self, method: &str, path: &str, body: Value, status: u16) -> Value {
        let answer = self.call(method, &format!("/n1/{path}"), body.clone());
        assert_eq!(
            answer.0,
            status,
            "{:?} {method} {path} {body}: {answer:?}\n{}",
            self.profile,
            self.daemon.log()
        );
        answer.1
    }

    pub fn get(&self, path: &str) -> Value {
        self.on("GET", path, Value::Null, 200)
    }

    /// Waits until a member of the node is so and nothing is under way.
    pub fn until(&self, member: &str, value: &Value) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let node = self.call("GET", "/n1", Value::Null).1;
            if node[member] == *value && node["reservation"].is_null() {
                return;
            }
            assert!(Instant::now() < deadline, "{member} is not {value} after {PATIENCE:?}: {node}");
            std::thread::park_timeout(POLL);
        }
    }

    pub fn verb(&self, target: &str, state: &str) {
        self.on("PUT", "states/provision", json!({"target": target}), 202);
        self.until("provision_state", &json!(state));
    }

    fn power(&self, target: &str, seen: &str) {
        self.on("PUT", "states/power", json!({"target": target}), 202);
        self.until("power_state", &json!(seen));
        assert_eq!(self.get("states")["last_error"], Value::Null, "{:?}", self.profile);
    }

    /// Requests of this method to paths that end so.
    pub fn asked(&self, method: Method, end: &str) -> usize {
        self.bmc.asked().iter().filter(|one| one.method == method && one.path.ends_with(end)).count()
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        self.runtime.block_on(self.bmc.stop());
    }
}

#[test]
fn an_operator_works_a_machine_of_every_maker() {
    for profile in Profile::ALL {
        let plant = Plant::start(*profile);
        assert_eq!(plant.get("states")["power_state"], "power off");
        plant.until("health", &json!("OK"));
        plant.power("power on", "power on");
        assert_eq!(plant.bmc.server().power(), Power::On);
        plant.on("PUT", "management/inject_nmi", json!({}), 204);
        plant.power("rebooting", "power on");
        plant.power("soft power off", "power off");
        let resets = plant.bmc.resets();
        assert_eq!(resets, ["On", "Nmi", "ForceOff", "On", "GracefulShutdown"], "{profile:?}");
        boots_from(&plant);
        shows_lamps(&plant);
        fills_drives(&plant);
        subscribes(&plant);
    }
}

fn boots_from(plant: &Plant) {
    let path = "management/boot_device";
    let supported = plant.get(&format!("{path}/supported"))["supported_boot_devices"].clone();
    assert!(supported.as_array().unwrap().contains(&json!("uefihttp")), "{supported}");
    plant.on("PUT", path, json!({"boot_device": "pxe", "persistent": false}), 204);
    assert_eq!(plant.get(path), json!({"boot_device": "pxe", "persistent": false}), "{:?}", plant.profile);
    plant.on("PUT", path, json!({"boot_device": "disk", "persistent": true}), 204);
    // On Lenovo's UEFI a disk that lasts is no override at all, so that none is in force.
    let lasting = plant.get(path);
    if plant.profile == Profile::Lenovo {
        assert_eq!(lasting["persistent"], Value::Null, "{lasting}");
    } else {
        assert_eq!(lasting["boot_device"], "disk", "{:?}", plant.profile);
    }
    plant.on("PUT", path, json!({"boot_device": "wanboot"}), 400);
}

fn shows_lamps(plant: &Plant) {
    let lamps = plant.get("management/indicators")["indicators"].clone();
    let lamps: Vec<Value> = lamps.as_array().unwrap().clone();
    let names =
        lamps.iter().filter(|lamp| lamp["readonly"] == false).filter_map(|lamp| lamp["name"].as_str());
    let of_system: Vec<&str> = names.filter(|name| name.ends_with("@system")).collect();
    let path = format!("management/indicators/{}", of_system[0]);
    plant.on("PUT", &path, json!({"state": "on"}), 204);
    assert_eq!(plant.get(&path), json!({"state": "on"}), "{:?}", plant.profile);
}

fn fills_drives(plant: &Plant) {
    let image = ImageServer::start().image();
    let slots = |inserted: bool| {
        let all = plant.get("vmedia");
        all.as_array().unwrap().iter().filter(|slot| slot["inserted"] == inserted).count()
    };
    assert!(slots(false) > 0 && slots(true) == 0);
    for _ in 0..2 {
        let body = json!({"device_type": "cdrom", "image_url": image, "image_download_source": "http"});
        plant.on("POST", "vmedia", body, 204);
        plant.until("reservation", &Value::Null);
        assert_eq!(slots(true), 1, "{:?}", plant.profile);
    }
    let inserts: u32 = plant.bmc.media().iter().map(|medium| medium.inserts).sum();
    assert_eq!(inserts, 1, "{:?}: what is in already is left alone", plant.profile);
    plant.on("POST", "vendor_passthru/eject_vmedia", json!({"boot_device": "cdrom"}), 202);
    plant.until("reservation", &Value::Null);
    assert_eq!(slots(true), 0, "{:?}", plant.profile);
}

fn subscribes(plant: &Plant) {
    let methods = plant.get("vendor_passthru/methods");
    assert_eq!(methods["delete_subscription"]["http_methods"], json!(["DELETE"]));
    assert_eq!(methods["eject_vmedia"]["async"], true);
    let args = json!({"Destination": "https://listener.example/events", "Context": "rack"});
    let made = plant.on("POST", "vendor_passthru/create_subscription", args, 200);
    assert_eq!(made["Context"], "rack", "{made}");
    let id = made["Id"].as_str().unwrap();
    let one = format!("vendor_passthru?method=get_subscription&id={id}");
    assert_eq!(plant.get(&one), made);
    let all = || plant.get("vendor_passthru/get_all_subscriptions")["Members"].as_array().unwrap().len();
    assert_eq!(all(), 1);
    plant.on("DELETE", &format!("vendor_passthru/delete_subscription?id={id}"), Value::Null, 200);
    assert_eq!(all(), 0);
    plant.on("POST", "vendor_passthru/delete_subscription", json!({"id": id}), 400);
    plant.on("POST", "vendor_passthru/create_subscription", json!({}), 400);
}

#[test]
fn an_operator_turns_secure_boot_on() {
    let plant = Plant::start(Profile::Generic);
    plant.on("PUT", "states/secure_boot", json!({"target": true}), 202);
    plant.until("secure_boot", &json!(true));
    assert_eq!(plant.get("states")["last_error"], Value::Null);
    plant.until("power_state", &json!("power off"));
}

#[test]
fn a_machine_whose_resets_are_tasks_and_that_must_not_be_off_is_restarted_in_one() {
    let mut settings = BmcSettings::new(Profile::Hpe);
    settings.tasks = true;
    (settings.task, settings.power) = (Duration::from_secs(1), Duration::from_secs(2));
    let plant = Plant::enrolled(&settings, "", |_| {});
    plant.verb("manage", "manageable");
    plant.power("power on", "power on");
    let never_off = json!([{"op": "replace", "path": "/disable_power_off", "value": true}]);
    assert_eq!(plant.call("PATCH", "/n1", never_off).0, 200);
    plant.power("rebooting", "power on");
    assert_eq!(plant.bmc.resets(), ["On", "ForceRestart"]);
    plant.on("PUT", "states/power", json!({"target": "power off"}), 409);
}

#[test]
fn verification_sets_the_clock_right_and_empties_the_job_queue() {
    let configured = "[redfish]\nenable_verify_bmc_clock = true\n\
                      [conductor]\nverify_step_priority_override = [\"management.clear_job_queue:5\"]\n";
    let plant =
        Plant::enrolled(&BmcSettings::new(Profile::Dell), configured, |bmc| bmc.shift_clock(3_600_000_000));
    plant.verb("manage", "manageable");
    assert_eq!(plant.get("states")["last_error"], Value::Null);
    assert!(plant.bmc.clock_shift().abs() < 5_000_000, "{}", plant.bmc.clock_shift());
    assert_eq!(plant.asked(Method::Post, "DellJobService.DeleteJobQueue"), 1);
}

#[test]
fn an_operator_boots_the_virtual_cd_of_an_idrac() {
    let settings = BmcSettings::new(Profile::Dell).with(Oddity::DellVmediaBootOem);
    let plant = Plant::enrolled(&settings, "", |_| {});
    plant.verb("manage", "manageable");
    let body = json!({"device_type": "cdrom", "image_url": ImageServer::start().image(), "image_download_source": "http"});
    plant.on("POST", "vmedia", body, 204);
    plant.on("PUT", "management/boot_device", json!({"boot_device": "cdrom"}), 204);
    assert_eq!(plant.asked(Method::Post, "ImportSystemConfiguration"), 1);
}

/// A change of firmware modes takes a boot and a look 15 s later.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(50);
