//! Machines that boot what lies on other servers: ramdisks of the agent, and instances that are no disk, with their
//! config drives. The stock command line asks, a simulated BMC fetches, and strangers' tools read what it was given.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use ferric::depot::digest;
use ferric::twin::progress::Power;
use ferric::twin::progress::Source;
use ferric::twin::redfish::profile::Profile;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::boot_interfaces::Plant;
use crate::boot_interfaces::WAIT;
use crate::stage::peer_process::PeerProcess;

/// Python's own web server with a kernel and a ramdisk.
struct Shop {
    home: TempDir,
    server: PeerProcess,
    url: String,
}

impl Shop {
    fn open() -> Self {
        let home = TempDir::new().unwrap();
        fs::write(home.path().join("kernel"), kernel()).unwrap();
        fs::write(home.path().join("ramdisk"), ramdisk()).unwrap();
        fs::write(home.path().join("page"), "<html>log in first</html>").unwrap();
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]);
        let server = PeerProcess::start(&mut command, home.path(), "Serving HTTP on");
        let said = server.said();
        let url = said.split(['(', ')']).nth(1).unwrap().trim_end_matches('/').to_owned();
        Self { home, server, url }
    }

    fn gets(&self, name: &str) -> usize {
        self.server.said().matches(&format!("\"GET /{name} ")).count()
    }
}

/// Begins as Linux's boot protocol has it.
fn kernel() -> Vec<u8> {
    let mut bytes = vec![0; 300_000];
    bytes[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    bytes[0x236] = 1;
    bytes.extend(b"the end of a kernel");
    bytes
}

fn ramdisk() -> Vec<u8> {
    let mut bytes = b"\x28\xb5\x2f\xfd".to_vec();
    bytes.resize(500_000, 7);
    bytes
}

fn set(plant: &Plant, what: &str, pairs: &[(&str, &str)]) {
    for (key, value) in pairs {
        plant.cli.ok(&["node", "set", "n1", what, &format!("{key}={value}")]);
    }
}

fn row(plant: &Plant, interface: &str) -> Value {
    let rows = plant.cli.json(&["node", "validate", "n1"]);
    rows.as_array().unwrap().iter().find(|row| row["Interface"] == interface).unwrap().clone()
}

#[test]
fn a_ramdisk_of_another_server_is_fetched_once_and_booted() {
    for boot in ["redfish-virtual-media", "ipxe"] {
        let (plant, shop) = (Plant::start(Profile::Generic), Shop::open());
        plant.enrol("redfish", boot);
        let (kernel, ramdisk) = (format!("{}/kernel", shop.url), format!("{}/ramdisk", shop.url));
        set(&plant, "--driver-info", &[("deploy_kernel", &kernel), ("deploy_ramdisk", &ramdisk)]);
        assert_eq!(row(&plant, "boot")["Result"], true);
        plant.verb("provide");
        plant.verb("manage");
        plant.verb("provide");
        assert_eq!(plant.booted().1, 2, "{boot}: cleaned twice");
        assert_eq!((shop.gets("kernel"), shop.gets("ramdisk")), (1, 1), "{boot}: the cache has them");
        assert_eq!(plant.node()["last_error"], Value::Null);
    }
}

#[test]
fn an_operator_is_told_why_a_ramdisk_of_another_server_cannot_be_had() {
    let (plant, shop, crook) = (Plant::start(Profile::Generic), Shop::open(), Crook::open());
    plant.enrol("redfish", "redfish-virtual-media");
    let good = format!("{}/ramdisk", shop.url);
    for (kernel, words) in [
        (format!("{}/gone", shop.url), &["/gone", "404"][..]),
        (format!("{}/page", shop.url), &["/page", "is no kernel"]),
        ("http://127.0.0.1:9/kernel".to_owned(), &["http://127.0.0.1:9/kernel", "127.0.0.1:9"]),
        (format!("{}/round", crook.url), &["/round", "redirects more than"]),
        (format!("{}/huge", crook.url), &["/huge", "more than the 1.0 GiB"]),
        (format!("{}/silent", crook.url), &["/silent", "10s"]),
    ] {
        set(&plant, "--driver-info", &[("deploy_kernel", &kernel), ("deploy_ramdisk", &good)]);
        plant.cli.refused(&["node", "provide", "n1", "--wait", WAIT]);
        let node = plant.node();
        let error = node["last_error"].as_str().unwrap();
        for word in words.iter().chain(&["node n1", "deploy_kernel", "fetch boot files", "Mend the cause"]) {
            assert!(
                error.contains(word) || (*word == "deploy_kernel" && words.contains(&"is no kernel")),
                "{word} in {error}"
            );
        }
        assert_eq!(node["provision_state"], "clean failed");
        assert_eq!(plant.booted().1, 0, "it was never switched on");
        plant.cli.ok(&["node", "manage", "n1", "--wait", WAIT]);
    }
    set(&plant, "--driver-info", &[("deploy_kernel", &format!("{}/kernel", shop.url))]);
    plant.verb("provide");
    assert_eq!(plant.booted(), (Source::Cd, 1), "the next one works");
}

#[test]
fn what_can_never_be_fetched_is_told_before() {
    let plant = Plant::start(Profile::Generic);
    plant.enrol("redfish", "redfish-virtual-media");
    set(&plant, "--driver-info", &[("deploy_kernel", "http://"), ("deploy_ramdisk", "ftp://h/r")]);
    let boot = row(&plant, "boot");
    assert_eq!(boot["Result"], false);
    assert!(boot["Reason"].as_str().unwrap().contains("deploy_kernel"), "{boot}");
    plant.cli.ok(&["node", "set", "n1", "--deploy-interface", "ramdisk"]);
    for (iso, word) in [("nfs://h/a.iso", "nfs://h/a.iso"), ("cifs://h/a.iso", "neither a file of this host")]
    {
        set(&plant, "--instance-info", &[("boot_iso", iso)]);
        let deploy = row(&plant, "deploy");
        assert!(deploy["Reason"].as_str().unwrap().contains(word), "{deploy}");
    }
}

#[test]
fn an_image_that_this_host_fetches_is_checked_before_the_machine_is_switched_on_and_fetched_once() {
    let (plant, shop) = (Plant::start(Profile::Generic), Shop::open());
    plant.enrol("redfish", "redfish-virtual-media");
    plant.verb("provide");
    let image = vec![0x5a; 1 << 20];
    fs::write(shop.home.path().join("disk.img"), &image).unwrap();
    let url = format!("{}/disk.img", shop.url);
    set(&plant, "--instance-info", &[("image_source", &url), ("image_download_source", "local")]);
    let (sum, before) = (digest::sha256(&image), (plant.booted(), plant.bmc.resets()));
    for (sum, format, word) in [
        (&"0".repeat(64), "raw", "has the sha256 checksum"),
        (&sum, "qcow2", "it is raw, but instance_info.image_disk_format says qcow2"),
    ] {
        set(&plant, "--instance-info", &[("image_checksum", sum), ("image_disk_format", format)]);
        plant.cli.refused(&["node", "deploy", "n1", "--wait", WAIT]);
        let node = plant.node();
        let error = node["last_error"].as_str().unwrap();
        for word in [word, "node n1", &url, "before the machine was touched", "Mend the cause"] {
            assert!(error.contains(word), "{word} in {error}");
        }
        assert_eq!(node["provision_state"], "deploy failed");
        assert_eq!((plant.booted(), plant.bmc.resets()), before, "its BMC was told nothing");
    }
    set(&plant, "--instance-info", &[("image_disk_format", "raw")]);
    plant.verb("deploy");
    assert_eq!(plant.booted().1, before.0.1 + 2, "the ramdisk, and the disk");
    assert_eq!(shop.gets("disk.img"), 2, "what had a wrong checksum was not kept, what is good was");
}

/// A machine with an instance that is a kernel with a ramdisk.
fn deployed(profile: Profile, driver: &str, boot: &str) -> (Plant, Shop) {
    let (plant, shop) = (Plant::start(profile), Shop::open());
    plant.enrol(driver, boot);
    plant.cli.ok(&["node", "set", "n1", "--deploy-interface", "ramdisk"]);
    plant.verb("provide");
    let (kernel, ramdisk) = (format!("{}/kernel", shop.url), format!("{}/ramdisk", shop.url));
    let words = ("ramdisk_kernel_arguments", "from=the-instance");
    set(&plant, "--instance-info", &[("kernel", &kernel), ("ramdisk", &ramdisk), words]);
    let drive = shop.home.path().join("drive.json");
    fs::write(&drive, json!({"user_data": "#!/bin/sh\necho of-the-instance\n"}).to_string()).unwrap();
    let drive = drive.display().to_string();
    plant.cli.ok(&["node", "deploy", "n1", "--config-drive", &drive, "--wait", WAIT]);
    assert_eq!(plant.node()["provision_state"], "active");
    (plant, shop)
}

/// The image in a drive whose address ends so.
fn inserted(plant: &Plant, end: &str) -> String {
    let media = plant.bmc.media();
    let images: Vec<_> =
        media.iter().filter(|one| one.inserted).filter_map(|one| one.image.clone()).collect();
    let found = images.iter().find(|image| image.ends_with(end));
    found.unwrap_or_else(|| panic!("no {end} in {images:?}")).clone()
}

#[test]
fn a_kernel_with_a_ramdisk_and_a_config_drive_is_an_instance_on_virtual_media() {
    for (profile, driver, boot) in [
        (Profile::Generic, "redfish", "redfish-virtual-media"),
        (Profile::Supermicro, "redfish", "redfish-virtual-media"),
        (Profile::Dell, "idrac", "idrac-redfish-virtual-media"),
    ] {
        let (plant, shop) = deployed(profile, driver, boot);
        assert_eq!((plant.booted().0, plant.bmc.server().power()), (Source::Cd, Power::On), "{profile:?}");
        assert_eq!((shop.gets("kernel"), shop.gets("ramdisk")), (1, 1));
        let (iso, drive) = (inserted(&plant, "/boot.iso"), inserted(&plant, "/configdrive.img"));
        // Whoever names the NIC is led to nothing of it, and the BMC's word opens nothing else.
        let mac = plant.bmc.server().settings().macs[0].to_string().replace(':', "-");
        let script = curl(&[&format!("{}/boot/ipxe/{mac}", plant.rack_url())]);
        assert_eq!(String::from_utf8(script).unwrap(), "#!ipxe\nexit 1\n", "{profile:?}");
        let file = iso.replace("/boot/iso/", "/boot/file/").replace("/boot.iso", "/kernel");
        assert_eq!(status(&["-I", &file]), "404", "{profile:?}: {file}");
        let folder = shop.home.path();
        let (own, drive_file) = (folder.join("own.iso"), folder.join("drive.img"));
        curl(&["-o", path(&own), &iso]);
        curl(&["-o", path(&drive_file), &drive]);
        let extracted = |image: &Path, name: &str| said(&mut isoinfo(image, &["-R", "-x", name]));
        assert_eq!(extracted(&own, "/vmlinuz"), kernel());
        assert_eq!(extracted(&own, "/initrd"), ramdisk());
        let menu = String::from_utf8(extracted(&own, "/boot/grub/grub.cfg")).unwrap();
        assert!(menu.contains("root=/dev/ram0") && menu.contains("from=the-instance"), "{menu}");
        assert!(!menu.contains("ipa-"), "nothing of the agent: {menu}");
        let user = extracted(&drive_file, "/openstack/latest/user_data");
        assert_eq!(String::from_utf8(user).unwrap(), "#!/bin/sh\necho of-the-instance\n");

        plant.cli.ok(&["node", "undeploy", "n1", "--wait", WAIT]);
        for gone in [&iso, &drive] {
            assert_eq!(status(&["-I", gone]), "404", "{profile:?}: {gone}");
        }
        assert!(plant.bmc.media().iter().all(|one| !one.inserted), "{profile:?}: {:?}", plant.bmc.media());
    }
}

#[test]
fn strangers_read_the_medium_that_a_bmc_is_given_by_ranges() {
    let (plant, shop) = deployed(Profile::Generic, "redfish", "redfish-virtual-media");
    let url = inserted(&plant, "/boot.iso");
    assert!(!url.contains(['?', '&', '#', '%']), "{url}");
    let folder = shop.home.path();
    let whole = folder.join("whole.iso");
    curl(&["-o", path(&whole), &url]);
    let bytes = fs::read(&whole).unwrap();

    let head = String::from_utf8(curl(&["-I", &url])).unwrap().to_lowercase();
    for line in [
        "content-type: application/vnd.efi-iso",
        "accept-ranges: bytes",
        &format!("content-length: {}", bytes.len()),
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
    let pieces = folder.join("pieces.iso");
    let mut joined = fs::File::create(&pieces).unwrap();
    let step = 123_457;
    for start in (0..bytes.len()).step_by(step) {
        let range = format!("{start}-{}", start + step - 1);
        joined.write_all(&curl(&["-r", &range, &url])).unwrap();
    }
    assert!(fs::read(&pieces).unwrap() == bytes, "pieces are the whole");
    assert_eq!(curl(&["-r", "-2048", &url]), bytes[bytes.len() - 2048..]);
    assert_eq!(status(&["-r", &format!("{}-", bytes.len()), &url]), "416");
    let listed = |image: &Path| String::from_utf8(said(&mut isoinfo(image, &["-l", "-R"]))).unwrap();
    assert_eq!(listed(&pieces), listed(&whole));
    assert!(listed(&whole).contains("vmlinuz"), "{}", listed(&whole));
    let report = Command::new("xorriso")
        .args(["-indev", path(&pieces), "-report_el_torito", "plain"])
        .output()
        .unwrap();
    let report =
        format!("{}{}", String::from_utf8_lossy(&report.stdout), String::from_utf8_lossy(&report.stderr));
    assert!(report.contains("El Torito") && !report.contains("FAILURE"), "{report}");

    let token = url.rsplit('/').nth(1).unwrap();
    for wrong in ["x".repeat(token.len()), token[1..].to_owned(), "******".to_owned(), String::new()] {
        assert_eq!(status(&[&url.replace(token, &wrong)]), "404", "{wrong}");
    }
    assert_eq!(status(&["-X", "PUT", "-d", "x", &url]), "405");
}

#[test]
fn an_iso_of_another_server_is_given_out_from_here_or_passed_on() {
    let (plant, shop) = (Plant::start(Profile::Generic), Shop::open());
    plant.enrol("redfish", "redfish-virtual-media");
    plant.cli.ok(&["node", "set", "n1", "--deploy-interface", "ramdisk"]);
    plant.verb("provide");
    fs::write(shop.home.path().join("own.iso"), vec![3; 100_000]).unwrap();
    let url = format!("{}/own.iso", shop.url);
    set(&plant, "--instance-info", &[("boot_iso", &url)]);
    plant.verb("deploy");
    let given = inserted(&plant, "/boot.iso");
    assert_eq!(curl(&[&given]), vec![3; 100_000]);
    assert_eq!(shop.gets("own.iso"), 1, "by this host alone");
    plant.verb("undeploy");

    set(&plant, "--instance-info", &[("boot_iso", &url), ("ramdisk_image_download_source", "http")]);
    plant.verb("deploy");
    assert_eq!(inserted(&plant, "/own.iso"), url);
    assert_eq!(shop.gets("own.iso"), 2, "by the BMC");
}

#[test]
fn a_kernel_with_a_ramdisk_boots_from_the_network_from_here() {
    let (plant, shop) = deployed(Profile::Generic, "redfish", "ipxe");
    assert_eq!(plant.booted().0, Source::Pxe);
    let mac = plant.bmc.server().settings().macs[0].to_string().replace(':', "-");
    let script = String::from_utf8(curl(&[&format!("{}/boot/ipxe/{mac}", plant.rack_url())])).unwrap();
    assert!(script.contains("from=the-instance"), "{script}");
    let address = |word: &str| {
        let line = script.lines().find(|line| line.trim_start().starts_with(word)).unwrap();
        line.split(' ').find(|one| one.starts_with("http://")).unwrap().to_owned()
    };
    assert_eq!(curl(&[&address("kernel ")]), kernel());
    assert_eq!(curl(&[&address("kernel ").replace("/kernel", "/ramdisk")]), ramdisk());
    assert_eq!((shop.gets("kernel"), shop.gets("ramdisk")), (1, 1));
    assert!(kits(&plant).iter().any(|path| path.ends_with("kernel")), "{:?}", kits(&plant));
}

/// The files that are kept for boots.
fn kits(plant: &Plant) -> Vec<PathBuf> {
    let folders = fs::read_dir(plant.data().join("kits")).unwrap();
    folders
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn curl(arguments: &[&str]) -> Vec<u8> {
    said(Command::new("curl").args(["-sSf", "--max-time", "60"]).args(arguments))
}

fn status(arguments: &[&str]) -> String {
    let fixed = ["-sS", "--max-time", "60", "-o", "/dev/null", "-w", "%{http_code}"];
    String::from_utf8(said(Command::new("curl").args(fixed).args(arguments))).unwrap()
}

fn isoinfo(image: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("isoinfo");
    command.args(["-i", path(image)]).args(arguments);
    command
}

fn said(command: &mut Command) -> Vec<u8> {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: tests/run installs it"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A web server that means no good.
struct Crook {
    url: String,
}

impl Crook {
    fn open() -> Self {
        let door = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", door.local_addr().unwrap());
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for mut stream in door.incoming().map_while(Result::ok) {
                // A client that hangs up is its own affair.
                let silent = answer(&mut stream).unwrap_or(false);
                if silent {
                    held.push(stream);
                }
            }
        });
        Self { url }
    }
}

/// Answers one request; true if the connection is to stay without an answer.
fn answer(stream: &mut TcpStream) -> std::io::Result<bool> {
    let mut request = [0; 4096];
    let read = stream.read(&mut request)?;
    let request = String::from_utf8_lossy(&request[..read]).into_owned();
    let head = match request.split(' ').nth(1) {
        Some("/round") => "302 Found\r\nLocation: /round\r\nContent-Length: 0",
        Some("/huge") => "200 OK\r\nContent-Length: 9999999999999",
        Some("/silent") => return Ok(true),
        _ => "404 Not Found\r\nContent-Length: 0",
    };
    write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n")?;
    Ok(false)
}
