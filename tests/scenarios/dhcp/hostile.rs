//! Machines that do not behave: floods, lies and noise are counted and told, and machines that are enrolled go on booting.

use std::net::Ipv6Addr;
use std::process::Child;
use std::process::Stdio;

use crate::stage::daemon::Daemon;
use crate::stage::rack_network::RackNetwork;
use crate::stage::rack_network::until;

const RACK: &str = "02:00:00:00:97:01";
const ENROLLED: &str = "02:00:00:00:97:11";
const NEWCOMER: &str = "00:25:90:00:97:21";
const HOSTILE: &str = "02:00:00:00:97:66";

const CONFIG: &str = "[[network]]\nname = \"boot\"\ninterface = \"rk0\"\ndhcp = \"own\"\npools = [\"10.97.0.100-10.97.0.139\"]\n\
                      dhcp6 = { prefix = \"fd00:97::/64\", first = \"fd00:97::1000\", last = \"fd00:97::1fff\" }\n";

/// A rack with one enrolled machine, and one that does not behave.
fn rack() -> Option<(RackNetwork, Daemon)> {
    rack_of(CONFIG)
}

fn rack_of(config: &str) -> Option<(RackNetwork, Daemon)> {
    let mut network = RackNetwork::make()?;
    network.host("rack", RACK, Some("10.97.0.1/24"));
    network.host("machine", ENROLLED, None);
    network.host("hostile", HOSTILE, Some("10.97.0.66/24"));
    network.ip("rack", &["addr", "add", "fd00:97::1/64", "dev", "rk0", "nodad"]);
    let daemon = network.daemon(config);
    let mut enrol = network.on("rack", env!("CARGO_BIN_EXE_ferric"));
    let words =
        ["node", "--url", daemon.url(), "create", "n1", "--driver", "fake-hardware", "--mac", ENROLLED];
    let done = enrol.args(words).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    until("all is served", || {
        let log = daemon.log();
        log.contains("serving DHCP ") && log.contains("serving DHCPv6") && log.contains("advertising")
    });
    Some((network, daemon))
}

/// A flood that goes on beside the test, and ends with it.
struct Flood(Child);

impl Flood {
    fn of(network: &RackNetwork, words: &[&str]) -> Self {
        let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/py/dhcp_hostile.py");
        let mut command = network.on("hostile", "python3");
        Self(command.args([tool, "rk0"]).args(words).stdin(Stdio::null()).spawn().unwrap())
    }

    fn over(network: &RackNetwork, words: &[&str]) {
        assert!(Self::of(network, words).0.wait().unwrap().success(), "{words:?}");
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.0.kill().ok(); // it may have ended by itself
        self.0.wait().ok();
    }
}

/// The enrolled machine gets its address, its loader and its script.
fn boots(network: &RackNetwork) {
    let mut said = Ok(());
    until("the enrolled machine gets an address", || {
        said = network.udhcpc("machine");
        said.is_ok()
    });
    for url in ["tftp://10.97.0.1/boot.ipxe", "http://10.97.0.1:8080/boot/ipxe/02-00-00-00-97-11"] {
        until(url, || {
            let fetched = network.on("machine", "curl").args(["-s", "-m", "20", url]).output().unwrap();
            fetched.stdout.starts_with(b"#!ipxe")
        });
    }
}

#[test]
fn made_up_machines_take_their_share_of_the_pool_and_no_more() {
    let Some((network, daemon)) = rack() else { return };
    Flood::over(&network, &["discover", "2000"]);
    until("the pool is exhausted", || network.counter(&daemon, "dhcp4", "pool_exhausted") > 0);
    let pools = network.listed(&daemon, "networks")[0]["pools"].clone();
    assert_eq!((&pools[0]["used"], &pools[0]["size"]), (&30.into(), &40.into()), "{pools}");
    let _more = Flood::of(&network, &["discover", "1000000"]);
    boots(&network);
    let events = network.events(&daemon, "exhausted");
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0]["times"].as_u64().unwrap() > 1, "{events:?}");
}

/// A machine that nobody knows, with an address of its maker. What floods goes to the daemon alone: a broadcast flood of
/// this rate fills the client's own socket, and the answers that it misses for that are not the daemon's.
#[test]
fn an_unknown_machine_gets_its_address_through_a_flood_of_made_up_ones() {
    for kind in ["discover", "makers"] {
        let Some((mut network, daemon)) = rack() else { return };
        network.host("newcomer", NEWCOMER, None);
        Flood::over(&network, &[kind, "2000"]);
        until("the pool is exhausted", || network.counter(&daemon, "dhcp4", "pool_exhausted") > 0);
        let _more = Flood::of(&network, &[kind, "100000000", RACK]);
        let (began, mut tries) = (std::time::Instant::now(), 0);
        until("the newcomer gets an address", || {
            tries += 1;
            network.udhcpc("newcomer").is_ok()
        });
        let lease = network.lease(&daemon, NEWCOMER);
        assert!(lease.is_some(), "{kind}");
        eprintln!("{kind}: {tries} runs of the client, {:?}", began.elapsed());
    }
}

/// Who declines what it is given puts some addresses aside, and leaves the rest to others.
#[test]
fn machines_that_decline_one_address_after_the_other_leave_some_to_others() {
    let Some((mut network, daemon)) = rack() else { return };
    network.host("newcomer", NEWCOMER, None);
    Flood::over(&network, &["declines", "24"]);
    let declined = network.counter(&daemon, "dhcp4", "declines");
    assert!(declined > 24, "{declined}");
    let pool = network.listed(&daemon, "networks")[0]["pools"][0].clone();
    assert_eq!((&pool["quarantined"], &pool["size"]), (&10.into(), &40.into()), "{pool}");
    let events = network.events(&daemon, "decline");
    assert!(
        events.iter().any(|event| event["text"].as_str().unwrap().contains("which is not put aside")),
        "{events:?}"
    );
    network.udhcpc("newcomer").unwrap();
    boots(&network);
}

#[test]
fn noise_and_lies_are_counted_and_answered_by_nothing() {
    let Some((network, daemon)) = rack() else { return };
    Flood::over(&network, &["malformed", "5000"]);
    until("malformed messages are counted", || network.counter(&daemon, "dhcp4", "malformed") > 2000);
    Flood::over(&network, &["relay", "4000"]);
    until("unknown relays are counted", || network.counter(&daemon, "dhcp4", "unknown_relay") > 1000);
    Flood::over(&network, &["six", "5000"]);
    until("messages of DHCPv6 are counted", || network.counter(&daemon, "dhcp6", "malformed") > 500);
    Flood::over(&network, &["routers", "5000"]);
    until("solicitations are counted", || network.counter(&daemon, "ra", "solicitations") > 500);
    assert!(network.counter(&daemon, "ra", "sent") < 1000, "a flood is told all at once");
    assert_eq!(network.counter(&daemon, "ra", "malformed"), 0, "what others advertise is not heard");
    boots(&network);
}

/// The limit is so low that the slowest sender is above it, and nothing is said of how fast anything is.
#[test]
fn a_flood_of_dhcpv6_is_bounded_counted_and_journaled() {
    let few = CONFIG.replace("::1fff\" }", "::1fff\", messages_a_second = 2 }");
    let Some((network, daemon)) = rack_of(&few) else { return };
    Flood::over(&network, &["six", "3000"]);
    let count = |name| network.counter(&daemon, "dhcp6", name);
    until("most of the flood is dropped", || count("rate_limited") > 1000);
    until("each message is counted once", || {
        let ends = ["malformed", "not_for_us", "unknown_relay", "answered", "not_kept", "not_sent"];
        let looked_at: u64 = ends.map(count).iter().sum();
        let limited = count("rate_limited");
        count("received") == limited + looked_at && looked_at < limited
    });
    until("the flood is in the rack's journal", || !network.events(&daemon, "flood").is_empty());
    let events = network.events(&daemon, "flood");
    assert_eq!((events.len(), &events[0]["service"]), (1, &"dhcp6".into()), "{events:?}");
    let text = events[0].to_string();
    assert!(text.contains("more than 2 messages came in a second"), "{text}");
    let before = count("answered");
    until("a client is answered after the flood", || {
        Flood::over(&network, &["solicit", "1"]);
        count("answered") > before
    });
    boots(&network);
}

/// Whether the enrolled machine is answered over IPv6.
fn is_answered(network: &RackNetwork) -> bool {
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/py/dhcp_hostile.py");
    let mut command = network.on("machine", "python3");
    command.args([tool, "rk0", "asks"]).status().unwrap().success()
}

/// Nobody answers for the senders that are made up: an answer that waited until they are found would hold up others.
#[test]
fn made_up_senders_hold_up_no_answer_over_ipv6() {
    let Some((network, daemon)) = rack() else { return };
    until("the enrolled machine is answered", || is_answered(&network));
    let flood = Flood::of(&network, &["solicit", "100000000"]);
    let before = network.counter(&daemon, "dhcp6", "answered");
    until("the flood is answered", || network.counter(&daemon, "dhcp6", "answered") > before + 2000);
    until("the enrolled machine is answered in the flood", || is_answered(&network));
    drop(flood);
    until("the enrolled machine is answered after the flood", || is_answered(&network));
    let looked_for = network.on("rack", "ip").args(["-6", "neigh", "show", "dev", "rk0"]).output().unwrap();
    let looked_for = String::from_utf8(looked_for.stdout).unwrap();
    let is_lost = |line: &&str| line.contains("INCOMPLETE") || line.contains("FAILED");
    let lost = looked_for.lines().filter(is_lost).filter_map(|line| line.split(' ').next()?.parse().ok());
    assert_eq!(lost.filter(is_made_up).count(), 0, "{looked_for}");
}

/// Whether an address of one link belongs to a hardware address as the flood makes them up (02:…); an interface had
/// others before it got its own, and who is asked from one of those in vain is no sender of the flood.
fn is_made_up(address: &Ipv6Addr) -> bool {
    let octets = address.octets();
    octets[8] == 0 && octets[11..13] == [0xff, 0xfe]
}

#[test]
fn a_thousand_transfers_that_nobody_goes_on_with_leave_room_for_others() {
    let Some((network, daemon)) = rack() else { return };
    boots(&network);
    let _flood = Flood::of(&network, &["tftp", "200000", "10.97.0.1"]);
    let refused = || {
        let all = ["rate_limited", "too_many"].map(|name| network.counter(&daemon, "tftp", name));
        all.iter().sum::<u64>()
    };
    until("requests are refused", || refused() > 1000);
    boots(&network);
}
