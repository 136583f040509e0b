//! Systems get addresses from the daemon: busybox's udhcpc, ISC's dhclient and dhcpcd get one, keep it and give it back.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::process::Stdio;

use crate::stage::rack_network::RackNetwork;
use crate::stage::rack_network::until;

const RACK: &str = "02:00:00:00:90:01";
const ONE: &str = "02:00:00:00:90:11";
const TWO: &str = "02:00:00:00:90:12";

fn config(pool: &str, more: &str) -> String {
    format!(
        "[[network]]\nname = \"boot\"\ninterface = \"rk0\"\ndhcp = \"own\"\npools = [\"{pool}\"]\nrouter = \"10.90.0.1\"\n{more}\n"
    )
}

fn network() -> Option<RackNetwork> {
    let mut network = RackNetwork::make()?;
    network.host("rack", RACK, Some("10.90.0.1/24"));
    network.host("one", ONE, None);
    network.host("two", TWO, None);
    Some(network)
}

/// A client that goes on until it is killed, and the file that its script writes.
struct Client {
    child: Child,
    told: PathBuf,
}

impl Client {
    fn told(&self) -> String {
        fs::read_to_string(&self.told).unwrap_or_default()
    }

    fn signal(&self, name: &str) {
        let status =
            std::process::Command::new("/bin/kill").args([name, &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// The address of the last `bound` or `renew`.
    fn address(&self, event: &str) -> Option<String> {
        let told = self.told();
        let line = told.lines().rfind(|line| line.starts_with(event))?;
        line.split_whitespace().nth(1).map(str::to_owned)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok(); // it may have ended by itself
        self.child.wait().ok();
    }
}

fn udhcpc(network: &RackNetwork, host: &str, more: &[&str]) -> Client {
    let told = network.home().join(format!("{host}.told"));
    let script = network.script(
        &format!("{host}.udhcpc"),
        &format!(
            "#!/bin/sh\necho \"$1 $ip lease=$lease router=$router server=$serverid mask=$mask message=$message\" >> {}\n\
             case $1 in\nbound|renew) ip addr replace $ip/$mask dev $interface;;\ndeconfig) ip addr flush dev $interface;;\nesac\n",
            told.display()
        ),
    );
    let child = network
        .on(host, "udhcpc")
        .args(["-i", "rk0", "-f", "-t", "10", "-T", "1", "-A", "1", "-s"])
        .arg(script)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Client { child, told }
}

fn bound(client: &Client) -> String {
    until("the client has an address", || client.address("bound").is_some());
    client.address("bound").unwrap()
}

#[test]
fn udhcpc_gets_an_address_renews_it_and_gives_it_back() {
    let Some(network) = network() else { return };
    let daemon = network.daemon(&config("10.90.0.100-10.90.0.110", ""));
    let client = udhcpc(&network, "one", &[]);
    let address = bound(&client);
    assert!(
        client.told().contains("lease=3600 router=10.90.0.1 server=10.90.0.1 mask=24"),
        "{}",
        client.told()
    );
    let lease = network.lease(&daemon, ONE).unwrap();
    assert_eq!(lease["address"], address.as_str());
    assert!(lease["last_asked"].as_str().unwrap().starts_with("udhcp"), "{lease}");

    client.signal("-USR1");
    until("the address is renewed", || client.address("renew").is_some());
    assert_eq!(client.address("renew").unwrap(), address);

    client.signal("-USR2");
    until("the address is given back", || network.lease(&daemon, ONE).is_none());
}

#[test]
fn a_pool_of_one_serves_the_second_client_when_the_first_has_gone() {
    let Some(network) = network() else { return };
    let daemon = network.daemon(&config("10.90.0.100", ""));
    let first = udhcpc(&network, "one", &[]);
    assert_eq!(bound(&first), "10.90.0.100");
    let mut second = udhcpc(&network, "two", &["-n", "-t", "2"]);
    assert!(!second.child.wait().unwrap().success(), "{}", second.told());
    assert!(daemon.log().contains("no address is left for "), "{}", daemon.log());
    let status = &network.listed(&daemon, "networks")[0];
    assert!(status["counters"]["pool_exhausted"].as_u64().unwrap() > 0, "{status}");
    assert!(status["problems"][0].as_str().unwrap().contains("make its pool larger"), "{status}");

    first.signal("-USR2");
    until("the address is given back", || network.lease(&daemon, ONE).is_none());
    assert_eq!(bound(&udhcpc(&network, "two", &[])), "10.90.0.100");
}

#[test]
fn leases_outlive_a_daemon_that_is_killed() {
    let Some(network) = network() else { return };
    let mut daemon = network.daemon(&config("10.90.0.100-10.90.0.110", ""));
    let client = udhcpc(&network, "one", &[]);
    let address = bound(&client);
    daemon.kill9();
    daemon.restart();
    assert_eq!(network.lease(&daemon, ONE).unwrap()["address"], address.as_str());
    client.signal("-USR1");
    until("the address is renewed", || client.address("renew").is_some());
    assert_eq!(client.address("renew").unwrap(), address);
    assert_ne!(bound(&udhcpc(&network, "two", &[])), address);
}

#[test]
fn a_host_that_took_an_address_of_the_pool_keeps_it() {
    let Some(network) = network() else { return };
    let daemon = network.daemon(&config("10.90.0.100-10.90.0.110", ""));
    let client = udhcpc(&network, "one", &[]);
    let address = bound(&client);
    client.signal("-USR2");
    until("the address is given back", || network.lease(&daemon, ONE).is_none());
    drop(client);
    fs::remove_file(network.home().join("one.told")).unwrap();

    network.ip("two", &["addr", "add", &format!("{address}/24"), "dev", "rk0"]);
    assert_ne!(bound(&udhcpc(&network, "one", &[])), address);
    let status = &network.listed(&daemon, "networks")[0];
    assert_eq!(status["counters"]["conflicts"], 1, "{status}");
    assert_eq!(status["pools"][0]["quarantined"], 1, "{status}");
    assert!(daemon.log().contains(TWO), "{}", daemon.log());
}

fn dhclient(network: &RackNetwork, host: &str, words: &[&str]) -> String {
    let script = network.script(
        "dhclient.script",
        "#!/bin/sh\ncase $reason in\nBOUND|RENEW|REBOOT) ip addr replace $new_ip_address/24 dev $interface;;\n\
         EXPIRE|FAIL|RELEASE|STOP) ip addr flush dev $interface;;\nesac\n",
    );
    let done = network
        .on(host, "dhclient")
        .args(["-4", "-v", "-cf", "/dev/null", "-sf"])
        .arg(script)
        .arg("-lf")
        .arg(network.home().join(format!("{host}.leases")))
        .arg("-pf")
        .arg(network.home().join(format!("{host}.pid")))
        .args(words)
        .arg("rk0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    said
}

#[test]
fn dhclient_gets_an_address_remembers_it_and_gives_it_back() {
    let Some(network) = network() else { return };
    let daemon = network.daemon(&config("10.90.0.100-10.90.0.110", ""));
    let said = dhclient(&network, "one", &["-1"]);
    assert!(said.contains("DHCPDISCOVER") && said.contains("bound to 10.90.0.1"), "{said}");
    let lease = network.lease(&daemon, ONE).unwrap();
    let address = lease["address"].as_str().unwrap();

    // It stops without a word, and starts with what it remembers (INIT-REBOOT).
    dhclient(&network, "one", &["-x"]);
    let said = dhclient(&network, "one", &["-1"]);
    assert!(said.contains(&format!("DHCPREQUEST for {address}")) && !said.contains("DHCPDISCOVER"), "{said}");
    assert!(said.contains(&format!("DHCPACK of {address}")), "{said}");

    let said = dhclient(&network, "one", &["-r"]);
    assert!(said.contains("DHCPRELEASE"), "{said}");
    until("the address is given back", || network.lease(&daemon, ONE).is_none());
}

#[test]
fn dhclient_that_remembers_another_network_is_told_at_once() {
    let Some(network) = network() else { return };
    let _daemon = network.daemon(&config("10.90.0.100-10.90.0.110", ""));
    let remembered = "lease {\n  interface \"rk0\";\n  fixed-address 192.168.7.7;\n  option subnet-mask 255.255.255.0;\n\
                      option dhcp-lease-time 3600;\n  option dhcp-message-type 5;\n  option dhcp-server-identifier 192.168.7.1;\n\
                      renew never;\n  rebind never;\n  expire never;\n}\n";
    fs::write(network.home().join("one.leases"), remembered).unwrap();
    let said = dhclient(&network, "one", &["-1"]);
    assert!(said.contains("DHCPNAK from 10.90.0.1") && said.contains("bound to 10.90.0.1"), "{said}");
}

#[test]
fn dhcpcd_gets_what_is_reserved_for_it_renews_it_and_gives_it_back() {
    let Some(network) = network() else { return };
    let more =
        format!("reservations = [{{ mac = \"{ONE}\", address = \"10.90.0.7\" }}]\ndomain = \"rack.example\"");
    let daemon = network.daemon(&config("10.90.0.100-10.90.0.110", &more));
    let script = network.script("dhcpcd.script", "#!/bin/sh\nexit 0\n");
    // It keeps what it learns by the interface's name, whatever the namespace.
    let remembered = "/var/lib/dhcpcd/rk0.lease";
    fs::remove_file(remembered).ok();
    let dhcpcd = |words: &[&str]| {
        let mut command = network.on("one", "timeout");
        command.args(["60", "dhcpcd", "-4", "-f", "/dev/null"]).args(words).arg("rk0");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let script = script.to_str().unwrap();
    let running = dhcpcd(&["-B", "-L", "-c", script]).spawn().unwrap();
    let client = Client { child: running, told: PathBuf::new() };
    until("it has an address", || network.lease(&daemon, ONE).is_some());
    assert_eq!(network.lease(&daemon, ONE).unwrap()["address"], "10.90.0.7");
    let acks = || network.listed(&daemon, "networks")[0]["counters"]["acks"].as_u64().unwrap();
    let before = acks();
    until("the address is renewed", || {
        assert!(dhcpcd(&["-N"]).status().unwrap().success());
        acks() > before
    });
    dhcpcd(&["-k"]).status().unwrap();
    until("the address is given back", || network.lease(&daemon, ONE).is_none());
    drop(client);
    fs::remove_file(remembered).ok();
}
