//! An interface that comes late, goes and comes back; what is served over IPv6 on it; conflicts and declines in the
//! rack's journal.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;

use crate::stage::daemon::Daemon;
use crate::stage::rack_network::RackNetwork;
use crate::stage::rack_network::until;

const RACK: &str = "02:00:00:00:95:01";
const MACHINE: &str = "02:00:00:00:95:11";

const OWN: &str = "[[network]]\nname = \"boot\"\ninterface = \"rk0\"\ndhcp = \"own\"\npools = [\"10.95.0.100-10.95.0.110\"]\n";

/// A rack whose interface is not there, and a machine.
fn network() -> Option<RackNetwork> {
    let mut network = RackNetwork::make()?;
    network.host("rack", RACK, None);
    network.host("machine", MACHINE, None);
    network.ip("rack", &["link", "del", "rk0"]);
    Some(network)
}

fn plug(network: &RackNetwork) {
    network.plug("rack", "rk0", "br0", (RACK, Some("10.95.0.1/24")));
}

/// The IPv4 service of the network.
fn status(network: &RackNetwork, daemon: &Daemon) -> Value {
    network.listed(daemon, "networks").into_iter().find(|one| one["service"] == "dhcp4").unwrap()
}

fn waits(network: &RackNetwork, daemon: &Daemon, why: &str) {
    until(why, || {
        let status = status(network, daemon);
        let is_told = status["problems"][0].as_str().is_some_and(|problem| problem.contains(why));
        status["state"] == "waiting" && is_told
    });
}

fn serves(network: &RackNetwork, daemon: &Daemon) {
    until("the network is served", || {
        let status = status(network, daemon);
        status["state"] == "serving" && status["problems"] == Value::Array(vec![])
    });
}

#[test]
fn an_interface_that_comes_late_and_goes_and_comes_back_is_waited_for() {
    let Some(network) = network() else { return };
    let mut daemon = network.daemon(OWN);
    waits(&network, &daemon, "there is no interface rk0");
    plug(&network);
    network.udhcpc("machine").unwrap();
    let lease = network.lease(&daemon, MACHINE).unwrap();
    serves(&network, &daemon);

    network.ip("rack", &["link", "del", "rk0"]);
    waits(&network, &daemon, "there is no interface rk0");
    assert_eq!(network.lease(&daemon, MACHINE).unwrap()["address"], lease["address"], "it goes on meanwhile");
    plug(&network);
    serves(&network, &daemon);
    network.udhcpc("machine").unwrap();
    assert_eq!(network.lease(&daemon, MACHINE).unwrap()["address"], lease["address"]);

    network.ip("rack", &["link", "set", "rk0", "down"]);
    waits(&network, &daemon, "interface rk0 is down");
    network.ip("rack", &["link", "set", "rk0", "up"]);
    serves(&network, &daemon);
    network.ip("switch", &["link", "set", "rack-rk0", "down"]);
    waits(&network, &daemon, "interface rk0 has no link");

    network.ip("rack", &["link", "del", "rk0"]);
    waits(&network, &daemon, "there is no interface rk0");
    let told = daemon.log().matches("a network waits for its interface").count();
    assert!(told <= 12, "told {told} times: once a change and service");
    let began = Instant::now();
    assert!(daemon.stop().success());
    assert!(began.elapsed() < Duration::from_secs(20), "no stage of the drain ran into its deadline");

    daemon.restart();
    let events = network.events(&daemon, "interface");
    let before = events.iter().find(|row| row["service"] == "dhcp4").unwrap();
    assert!(before["times"].as_u64().unwrap() >= 5, "{events:?}");
    plug(&network);
    network.udhcpc("machine").unwrap();
    assert_eq!(network.lease(&daemon, MACHINE).unwrap()["address"], lease["address"]);
}

#[test]
fn an_address_that_comes_late_is_waited_for_and_a_wrong_one_is_a_problem() {
    let Some(network) = network() else { return };
    network.plug("rack", "rk0", "br0", (RACK, None));
    let daemon = network.daemon(OWN);
    waits(&network, &daemon, "has no IPv4 address");
    network.ip("rack", &["addr", "add", "10.96.0.1/24", "dev", "rk0"]);
    waits(&network, &daemon, "is not in 10.96.0.0/24");
    network.ip("rack", &["addr", "del", "10.96.0.1/24", "dev", "rk0"]);
    network.ip("rack", &["addr", "add", "10.95.0.1/24", "dev", "rk0"]);
    network.udhcpc("machine").unwrap();
    serves(&network, &daemon);
    let done = network
        .on("rack", env!("CARGO_BIN_EXE_ferric"))
        .args(["networks", "--url", daemon.url()])
        .output()
        .unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.contains("dhcp4 own  ") && said.contains("interface rk0 is ready"), "{said}");
}

#[test]
fn a_door_at_an_address_that_comes_late_opens_when_it_is_there() {
    let Some(network) = network() else { return };
    let config =
        format!("{OWN}[api]\nrack_listen = \"10.95.0.1:8081\"\n[tftp]\nlisten = [\"10.95.0.1:69\"]\n");
    let config = config.replace("[[network]]\n", "[[network]]\naddress = \"10.95.0.1/24\"\n");
    let daemon = network.daemon(&config);
    assert!(daemon.log().contains("does not have the address yet"), "{}", daemon.log());
    plug(&network);
    network.udhcpc("machine").unwrap();
    for url in ["http://10.95.0.1:8081/boot/boot.ipxe", "tftp://10.95.0.1/boot.ipxe"] {
        assert!(fetch(&network, url).starts_with("#!ipxe"), "{url}");
    }
}

/// Asks the operator's API, with a body or for what is there.
fn asked(network: &RackNetwork, daemon: &Daemon, path: &str, body: Option<&str>) -> Value {
    let url = format!("{}{path}", daemon.url());
    let mut words = vec!["-s", "-H", "X-OpenStack-Ironic-API-Version: 1.80", url.as_str()];
    words.extend(body.iter().flat_map(|body| ["-H", "Content-Type: application/json", "-d", body]));
    let done = network.on("rack", "curl").args(words).output().unwrap();
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn a_bmc_is_told_the_address_that_comes_late_and_none_before() {
    let Some(network) = network() else { return };
    network.plug("rack", "rk0", "br0", (RACK, None));
    let file = network.home().join("late.toml");
    std::fs::write(&file, OWN).unwrap();
    let options = ["--config", file.to_str().unwrap(), "--hardware", "redfish"];
    let daemon = Daemon::start_in(&network.namespace("rack"), &options);
    let node = r#"{"name": "n1", "driver": "redfish", "boot_interface": "redfish-virtual-media",
        "driver_info": {"redfish_address": "https://bmc.invalid", "redfish_username": "u", "redfish_password": "p"}}"#;
    let made = asked(&network, &daemon, "/v1/nodes", Some(node));
    assert_eq!(made["name"], "n1", "{made}");
    let reason = || {
        let all = asked(&network, &daemon, "/v1/nodes/n1/validate", None);
        all["boot"]["reason"].as_str().unwrap_or_default().to_owned()
    };
    let before = reason();
    assert!(before.contains("no address yet on rk0") && !before.contains("0.0.0.0"), "{before}");
    network.ip("rack", &["addr", "add", "10.95.0.1/24", "dev", "rk0"]);
    let after = reason();
    assert!(after.contains("ramdisk") && !after.contains("address"), "only its files are missing: {after}");
}

/// What curl fetches on the machine.
fn fetch(network: &RackNetwork, url: &str) -> String {
    let mut text = String::new();
    until(url, || {
        let done = network.on("machine", "curl").args(["-g", "-s", "-S", "-m", "20", url]).output().unwrap();
        text = String::from_utf8_lossy(&done.stdout).into_owned();
        done.status.success()
    });
    text
}

fn six(network: &RackNetwork) -> Daemon {
    plug(network);
    for host in ["rack", "machine"] {
        let quick = "for f in all default rk0; do echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; done";
        assert!(network.on(host, "sh").args(["-c", quick]).status().unwrap().success());
    }
    network.ip("rack", &["addr", "add", "fd00:95::1/64", "dev", "rk0", "nodad"]);
    network.ip("machine", &["addr", "add", "fd00:95::77/64", "dev", "rk0", "nodad"]);
    let six = "dns = [\"10.95.0.1\", \"fd00:95::53\"]\n\
               dhcp6 = { prefix = \"fd00:95::/64\", first = \"fd00:95::1000\", last = \"fd00:95::1fff\" }\n";
    network.daemon(&format!("{OWN}{six}"))
}

/// The address of one link that a host has.
fn link_local(network: &RackNetwork, host: &str) -> String {
    let mut found = String::new();
    until("the address of one link", || {
        let shown = network.on(host, "ip").args(["-6", "-o", "addr", "show", "dev", "rk0"]).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        let word = shown.split_whitespace().find(|word| word.starts_with("fe80"));
        found = word.map(|word| word.split('/').next().unwrap().to_owned()).unwrap_or_default();
        !found.is_empty() && !shown.contains("tentative")
    });
    found
}

#[test]
fn loaders_and_scripts_are_served_over_ipv6_and_over_one_link() {
    let Some(network) = network() else { return };
    let _daemon = six(&network);
    let near = link_local(&network, "rack");
    for host in ["fd00:95::1".to_owned(), format!("{near}%25rk0")] {
        let script = fetch(&network, &format!("http://[{host}]:8080/boot/boot.ipxe"));
        let shown = host.replace("%25rk0", "");
        assert!(script.contains(&format!("chain http://[{shown}]:8080/boot/ipxe/")), "{script}");
    }
    let script = fetch(&network, "tftp://[fd00:95::1]/boot.ipxe");
    assert!(script.starts_with("#!ipxe"), "{script}");
    let file = network.home().join("fetched");
    let near = format!("{near}%rk0");
    for (tool, server) in [("tftp", "fd00:95::1"), ("atftp", "fd00:95::1"), ("tftp", near.as_str())] {
        std::fs::remove_file(&file).ok();
        let path = file.to_str().unwrap();
        let words: &[&str] = match tool {
            "tftp" => &["30", "tftp", "-6", server, "-m", "binary", "-c", "get", "boot.ipxe", path],
            _ => &["30", "atftp", "-g", "-r", "boot.ipxe", "-l", path, server],
        };
        let done = network.on("machine", "timeout").args(words).output().unwrap();
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(text.starts_with("#!ipxe"), "{tool} {server}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn ipv6_leases_counters_and_name_servers_are_shown_and_given() {
    let Some(network) = network() else { return };
    let daemon = six(&network);
    link_local(&network, "machine");
    until("DHCPv6 is served", || daemon.log().contains("serving DHCPv6"));
    let at = |name: &str| network.home().join(name).to_str().unwrap().to_owned();
    let (leases, pid) = (at("leases6"), at("pid6"));
    let words = [
        "60",
        "dhclient",
        "-6",
        "-v",
        "-1",
        "-D",
        "LL",
        "-lf",
        &leases,
        "-pf",
        &pid,
        "-sf",
        "/bin/true",
        "rk0",
    ];
    let done = network.on("machine", "timeout").args(words).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Command::new("sh").args(["-c", &format!("kill $(cat {pid})")]).status().unwrap();
    let kept = std::fs::read_to_string(&leases).unwrap();
    assert!(kept.contains("option dhcp6.name-servers fd00:95::53;"), "{kept}");

    let lease = network.lease(&daemon, MACHINE).unwrap();
    assert!(lease["address"].as_str().unwrap().starts_with("fd00:95::1"), "{lease}");
    let all = network.listed(&daemon, "networks");
    let six = all.iter().find(|one| one["service"] == "dhcp6").unwrap();
    assert_eq!((&six["address"], &six["pools"][0]["used"]), (&"fd00:95::1".into(), &1.into()), "{six}");
    assert!(network.counter(&daemon, "dhcp6", "answered") >= 2);

    let told = network.on("machine", "timeout").args(["30", "rdisc6", "-1", "rk0"]).output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("Recursive DNS server") && told.contains("fd00:95::53"), "{told}");
    assert!(network.counter(&daemon, "ra", "solicitations") >= 1);
}

/// A machine that says what it is told to say, packet by packet.
struct Played {
    child: Child,
    say: ChildStdin,
    heard: BufReader<ChildStdout>,
}

impl Played {
    fn on(network: &RackNetwork, host: &str) -> Self {
        let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/py/dhcp_hostile.py");
        let mut command = network.on(host, "python3");
        command.args([tool, "rk0", "play"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (say, heard) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, say, heard }
    }

    /// The answer to one word: what kind of message came, and its address.
    fn say(&mut self, word: &str) -> (String, String) {
        writeln!(self.say, "{word}").unwrap();
        let mut line = String::new();
        self.heard.read_line(&mut line).unwrap();
        let (kind, address) = line.trim().split_once(' ').unwrap_or_else(|| panic!("{word}: {line:?}"));
        (kind.to_owned(), address.to_owned())
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.child.kill().ok(); // it may have ended by itself
        self.child.wait().ok();
    }
}

#[test]
fn an_address_that_another_machine_shows_after_the_offer_is_refused_and_put_aside() {
    let Some(network) = network() else { return };
    plug(&network);
    let daemon = network.daemon(OWN);
    until("the network is served", || daemon.log().contains("serving DHCP"));
    let mut machine = Played::on(&network, "machine");
    let (kind, address) = machine.say("discover");
    assert_eq!(kind, "offer");
    machine.say("claim");
    until("the conflict is counted", || network.counter(&daemon, "dhcp4", "conflicts") == 1);
    assert_eq!(machine.say("request").0, "nak");
    let events = network.events(&daemon, "conflict");
    assert_eq!(
        (&events[0]["subject"], &events[0]["times"]),
        (&address.clone().into(), &1.into()),
        "{events:?}"
    );
    let (kind, other) = machine.say("discover");
    assert!(kind == "offer" && other != address, "{kind} {other}");
    assert_eq!(machine.say("request"), ("ack".to_owned(), other.clone()));
    machine.say("decline");
    until("the decline is journaled", || network.events(&daemon, "decline")[..].len() == 1);
    assert_eq!(network.events(&daemon, "decline")[0]["subject"], other);
    assert_eq!(status(&network, &daemon)["pools"][0]["quarantined"], 2);
}
