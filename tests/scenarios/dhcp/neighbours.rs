//! The daemon and other servers in its network: one that should not be there, one that is missing, a relay.

use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::stage::rack_network::RackNetwork;
use crate::stage::rack_network::until;

const RACK: &str = "02:00:00:00:92:01";
const OTHER: &str = "02:00:00:00:92:02";
const MACHINE: &str = "02:00:00:00:92:11";

/// dnsmasq on a host; ended with the test.
pub struct Dnsmasq(Child);

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        self.0.kill().ok(); // it may have ended by itself
        self.0.wait().ok();
    }
}

/// A server of addresses as many racks have one.
pub fn dnsmasq(network: &RackNetwork, host: &str, range: &str) -> Dnsmasq {
    start(network, host, &[&format!("--dhcp-range={range}"), "--dhcp-authoritative"])
}

fn start(network: &RackNetwork, host: &str, words: &[&str]) -> Dnsmasq {
    let leases = network.home().join(format!("{host}.dnsmasq"));
    let child = network
        .on(host, "dnsmasq")
        .args(["--keep-in-foreground", "--port=0", "--conf-file=/dev/null", "--no-ping", "--user=root"])
        .arg(format!("--dhcp-leasefile={}", leases.display()))
        .arg("--pid-file=")
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("dnsmasq listens", || {
        let listening = network.on(host, "ss").args(["-Hlun", "sport = :67"]).output().unwrap();
        !listening.stdout.is_empty()
    });
    Dnsmasq(child)
}

const OWN: &str = "[[network]]\nname = \"boot\"\ninterface = \"rk0\"\ndhcp = \"own\"\npools = [\"10.92.0.100-10.92.0.110\"]\n";

fn network() -> Option<RackNetwork> {
    let mut network = RackNetwork::make()?;
    network.host("rack", RACK, Some("10.92.0.1/24"));
    network.host("other", OTHER, Some("10.92.0.2/24"));
    Some(network)
}

#[test]
fn another_server_is_named_before_and_while_addresses_are_given() {
    let Some(network) = network() else { return };
    let _other = dnsmasq(&network, "other", "10.92.0.200,10.92.0.210,1h");
    let daemon = network.daemon(OWN);
    until("the other server is in the log", || daemon.log().contains("another DHCP server answers"));
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("another DHCP server answers")).unwrap();
    assert!(line.contains("10.92.0.2") && line.contains(OTHER) && line.contains("ERROR"), "{line}");
    let status = &network.listed(&daemon, "networks")[0];
    assert_eq!(status["other_servers"][0]["address"], "10.92.0.2", "{status}");
    assert_eq!(status["other_servers"][0]["mac"], OTHER, "{status}");
    assert!(status["problems"][0].as_str().unwrap().contains("10.92.0.2"), "{status}");
    let events = network.events(&daemon, "other-server");
    assert_eq!((events.len(), &events[0]["subject"]), (1, &"10.92.0.2".into()), "{events:?}");
}

#[test]
fn another_server_that_comes_later_is_heard_when_it_answers_somebody() {
    let Some(mut network) = network() else { return };
    network.host("machine", MACHINE, None);
    let daemon = network.daemon(OWN);
    until("the network is served", || daemon.log().contains("serving DHCP"));
    let _other = dnsmasq(&network, "other", "10.92.0.200,10.92.0.210,1h");
    until("the other server is heard", || {
        let script = network.script("nothing", "#!/bin/sh\nexit 0\n");
        let mut client = network.on("machine", "udhcpc");
        client.args(["-i", "rk0", "-q", "-n", "-t", "2", "-T", "1", "-B", "-s"]).arg(script);
        client.output().unwrap();
        !network.listed(&daemon, "networks")[0]["other_servers"].as_array().unwrap().is_empty()
    });
}

#[test]
fn a_proxy_without_a_server_of_addresses_says_so() {
    let Some(network) = network() else { return };
    let config = "[[network]]\nname = \"boot\"\ninterface = \"rk0\"\ndhcp = \"proxy\"\n";
    let daemon = network.daemon(config);
    until("the missing server is in the log", || {
        daemon.log().contains("no server gives addresses in this network")
    });
    let status = &network.listed(&daemon, "networks")[0];
    assert!(status["problems"][0].as_str().unwrap().contains("no server gives addresses"), "{status}");
}

#[test]
fn a_machine_behind_a_relay_gets_an_address_of_its_network() {
    let Some(mut network) = RackNetwork::make() else { return };
    network.host("rack", RACK, Some("10.92.0.1/24"));
    network.host("router", OTHER, Some("10.92.0.2/24"));
    network.add_switch("br1");
    network.plug("router", "rk1", "br1", ("02:00:00:00:92:03", Some("10.93.0.1/24")));
    network.host("machine", MACHINE, None);
    network.ip("switch", &["link", "set", "machine-rk0", "master", "br1"]);
    network.ip("router", &["link", "set", "lo", "up"]);
    network.ip("rack", &["route", "add", "10.93.0.0/24", "via", "10.92.0.2"]);
    let config = format!(
        "{OWN}relayed = [{{ net = \"10.93.0.0/24\", pools = [\"10.93.0.50-10.93.0.60\"], router = \"10.93.0.1\" }}]\n"
    );
    let daemon = network.daemon(&config);
    let _relay = start(&network, "router", &["--dhcp-relay=10.93.0.1,10.92.0.1"]);
    let told = network.home().join("told");
    let script = network.script(
        "told.sh",
        &format!("#!/bin/sh\necho \"$1 $ip router=$router server=$serverid\" >> {}\n", told.display()),
    );
    let mut client = network.on("machine", "udhcpc");
    let done = client
        .args(["-i", "rk0", "-f", "-q", "-n", "-t", "20", "-T", "1", "-s"])
        .arg(script)
        .output()
        .unwrap();
    let said = std::fs::read_to_string(&told).unwrap_or_default();
    assert!(done.status.success(), "{said}\n{}", daemon.log());
    assert!(said.contains("bound 10.93.0.") && said.contains("router=10.93.0.1"), "{said}");
    let lease = network.lease(&daemon, MACHINE).unwrap();
    assert!(lease["address"].as_str().unwrap().starts_with("10.93.0."), "{lease}");
}

#[test]
fn wrong_pools_and_a_missing_privilege_are_told_at_start() {
    let Some(network) = network() else { return };
    let config = network.home().join("wrong.toml");
    let run = |text: &str, before: &[&str]| {
        std::fs::write(&config, text).unwrap();
        let data = network.home().join("data");
        let mut command: Command = network.on("rack", if before.is_empty() { "env" } else { before[0] });
        command.args(before.iter().skip(1)).arg(env!("CARGO_BIN_EXE_ferric")).args([
            "serve",
            "--listen",
            "127.0.0.1:0",
        ]);
        let done = command.arg("--config").arg(&config).arg("--data").arg(data).output().unwrap();
        assert!(!done.status.success());
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    let said = run(&OWN.replace("10.92", "10.95"), &[]);
    assert!(said.contains("10.95.0.100-10.95.0.110 is not in 10.92.0.0/24"), "{said}");
    let absent = OWN.replace("rk0", "rk7\"\naddress = \"10.95.0.1/24");
    let said = run(&absent, &[]);
    assert!(said.contains("is not in 10.95.0.0/24"), "{said}");
    let said = run(OWN, &["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"]);
    assert!(said.contains("CAP_NET_BIND_SERVICE") && said.contains("ferric.service"), "{said}");
    let said = run(OWN, &["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]);
    assert!(said.contains("CAP_NET_RAW") && said.contains("ferric.service"), "{said}");
}
