//! Firmware that was recorded asks the daemon, and is given what it was seen to accept.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::stage::rack_network::RackNetwork;

const RACK: &str = "02:00:00:00:91:01";

/// A recorded kind of client: its class, whether it is iPXE, and the MAC that was recorded.
fn recorded(class: &str, is_ipxe: bool, length: u64) -> (String, Vec<String>) {
    let text = include_str!("../goldens/boot/dhcp4/requests.json");
    let rows: Vec<Value> = serde_json::from_str(text).unwrap();
    let fits = |row: &&Value| {
        row["class"].as_str().unwrap_or_default() == class
            && row["ipxe"] == is_ipxe
            && row["ciaddr"] == "0.0.0.0"
    };
    let of = |kind: &str, length: u64| {
        let mut fitting = rows.iter().filter(fits);
        fitting.find(|row| row["type"] == kind && row["length"] == length).cloned()
    };
    let discover = of("DISCOVER", length).unwrap();
    let request = of("REQUEST", length + 12).unwrap();
    let hex = |row: &Value| row["hex"].as_str().unwrap().to_owned();
    (discover["mac"].as_str().unwrap().to_owned(), vec![hex(&discover), hex(&request)])
}

fn replay(network: &RackNetwork, host: &str, words: &[&str], sent: &[String]) -> Vec<Value> {
    let tool = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/py/dhcp_replay.py");
    let mut child = network
        .on(host, "python3")
        .args([tool, "rk0"])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(json!(sent).to_string().as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    serde_json::from_slice(&done.stdout).unwrap()
}

/// A message as a client sees it.
struct Seen {
    bytes: Vec<u8>,
    options: Vec<(u8, Vec<u8>)>,
}

impl Seen {
    fn of(reply: &Value) -> Self {
        let hex = reply["hex"].as_str().unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let (mut at, mut options) = (240, Vec::new());
        while bytes[at] != 255 {
            let end = at + 2 + usize::from(bytes[at + 1]);
            options.push((bytes[at], bytes[at + 2..end].to_vec()));
            at = end;
        }
        Self { bytes, options }
    }

    fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find(|(found, _)| *found == code).map(|(_, value)| &value[..])
    }

    fn file(&self) -> String {
        let field: Vec<u8> = self.bytes[108..236].iter().copied().take_while(|byte| *byte != 0).collect();
        String::from_utf8(field).unwrap()
    }
}

fn own() -> Option<(RackNetwork, &'static str)> {
    let mut network = RackNetwork::make()?;
    network.host("rack", RACK, Some("10.91.0.1/24"));
    Some((
        network,
        "[[network]]\nname = \"boot\"\ninterface = \"rk0\"\ndhcp = \"own\"\npools = [\"10.91.0.100-10.91.0.110\"]\n",
    ))
}

/// Enrols the recorded machine, so that it is given boot data.
fn enrol(network: &RackNetwork, daemon: &crate::stage::daemon::Daemon, mac: &str) {
    let mut command = network.on("rack", env!("CARGO_BIN_EXE_ferric"));
    let words = ["node", "--url", daemon.url(), "create", "n1", "--driver", "fake-hardware", "--mac", mac];
    let done = command.args(words).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn recorded_firmware_is_given_what_it_accepts() {
    let Some((mut network, config)) = own() else { return };
    let daemon = network.daemon(config);
    let kinds = [
        ("PXEClient:Arch:00000:UNDI:002001", true, 400, "/boot/ipxe/"),
        ("PXEClient:Arch:00007:UNDI:003000", false, 347, "snponly.efi"),
        ("PXEClient:Arch:00007:UNDI:003010", true, 388, "/boot/ipxe/"),
    ];
    let mac = recorded(kinds[0].0, true, 400).0;
    network.host("machine", &mac, None);
    enrol(&network, &daemon, &mac);
    let mut address = None;
    for (class, is_ipxe, length, file) in kinds {
        let (_, sent) = recorded(class, is_ipxe, length);
        let replies = replay(&network, "machine", &["own"], &sent);
        assert_eq!(replies.len(), 2, "{class}: an offer and an ack");
        for (reply, kind) in replies.iter().zip([2, 5]) {
            shape(reply, kind, class, file);
            let seen = Seen::of(reply);
            assert_eq!(seen.option(175), is_ipxe.then_some(&[176, 1, 1][..]));
            let given = seen.bytes[16..20].to_vec();
            // One machine keeps one address from its firmware to its system.
            assert_eq!(*address.get_or_insert(given.clone()), given, "{class}");
        }
    }
    let lease = network.lease(&daemon, &mac).unwrap();
    assert_eq!(
        (lease["node_name"].as_str(), lease["last_asked"].as_str()),
        (Some("n1"), Some("iPXE on x86_64 UEFI"))
    );
}

fn shape(reply: &Value, kind: u8, class: &str, file: &str) {
    let seen = Seen::of(reply);
    assert!((300..=1472).contains(&seen.bytes.len()), "{class}");
    assert_eq!(
        (reply["from"].as_str(), reply["to"].as_str()),
        (Some("10.91.0.1"), Some("255.255.255.255")),
        "{class}"
    );
    assert_eq!(reply["frame_to"], "ffffffffffff", "{class}");
    assert_eq!(seen.option(53), Some(&[kind][..]), "{class}");
    assert_eq!(seen.option(54), Some(&[10, 91, 0, 1][..]), "{class}");
    assert_eq!(&seen.bytes[20..24], [10, 91, 0, 1], "{class}: siaddr");
    assert!(seen.option(51).is_some() && seen.option(1).is_some() && seen.option(3).is_some(), "{class}");
    assert_eq!(seen.option(60), Some(&b"PXEClient"[..]), "{class}");
    assert_eq!(seen.option(43), Some(&[6, 1, 8, 255][..]), "{class}");
    assert!(seen.option(97).is_some() && seen.option(52).is_none(), "{class}");
    assert!(seen.file().contains(file), "{class}: {}", seen.file());
}

#[test]
fn uefi_http_boot_is_given_a_url_and_its_class() {
    let Some((mut network, config)) = own() else { return };
    let daemon = network.daemon(config);
    let (mac, sent) = recorded("HTTPClient:Arch:00016:UNDI:003000", false, 340);
    network.host("machine", &mac, None);
    enrol(&network, &daemon, &mac);
    for reply in replay(&network, "machine", &["own"], &sent) {
        let seen = Seen::of(&reply);
        assert_eq!(seen.option(60), Some(&b"HTTPClient"[..]));
        assert!(
            seen.file().starts_with("http://10.91.0.1:") && seen.file().ends_with("/boot/loader/snponly.efi")
        );
    }
}

#[test]
fn a_machine_that_nobody_knows_is_given_an_address_and_nothing_to_boot() {
    let Some((mut network, config)) = own() else { return };
    let _daemon = network.daemon(config);
    let (mac, sent) = recorded("PXEClient:Arch:00007:UNDI:003000", false, 347);
    network.host("machine", &mac, None);
    for reply in replay(&network, "machine", &["own"], &sent) {
        let seen = Seen::of(&reply);
        assert_eq!((seen.option(60), seen.option(43), seen.file().as_str()), (None, None, ""));
        assert!(seen.option(51).is_some());
    }
}

#[test]
fn beside_another_server_boot_data_are_added() {
    let Some(mut network) = RackNetwork::make() else { return };
    network.host("rack", RACK, Some("10.91.0.1/24"));
    network.host("other", "02:00:00:00:91:02", Some("10.91.0.2/24"));
    let (mac, sent) = recorded("PXEClient:Arch:00007:UNDI:003000", false, 347);
    network.host("machine", &mac, Some("10.91.0.150/24"));
    let daemon = network.daemon("[[network]]\nname = \"boot\"\ninterface = \"rk0\"\ndhcp = \"proxy\"\n");
    enrol(&network, &daemon, &mac);
    let other = crate::dhcp::neighbours::dnsmasq(&network, "other", "10.91.0.160,10.91.0.170,1h");

    let replies = replay(&network, "machine", &["proxy"], &sent[..1]);
    let from = |address: &str| replies.iter().find(|reply| reply["from"] == address).map(Seen::of);
    let (ours, theirs) = (from("10.91.0.1").unwrap(), from("10.91.0.2").unwrap());
    assert_eq!(&ours.bytes[16..20], [0; 4], "no address is given beside another server");
    assert_eq!((ours.option(60), ours.option(51)), (Some(&b"PXEClient"[..]), None));
    assert_eq!(ours.file(), "snponly.efi");
    assert_ne!(&theirs.bytes[16..20], [0; 4]);

    // OVMF asks from port 4011, iPXE from port 68.
    for port in ["4011", "68"] {
        let replies = replay(&network, "machine", &["boot", "10.91.0.1", port, "10.91.0.150"], &sent[1..]);
        assert_eq!(
            (replies[0]["from"].as_str(), replies[0]["port"].as_u64()),
            (Some("10.91.0.1"), Some(4011))
        );
        let seen = Seen::of(&replies[0]);
        assert_eq!((seen.option(53), seen.file().as_str()), (Some(&[5][..]), "snponly.efi"));
    }
    let status = &network.listed(&daemon, "networks")[0];
    assert_eq!(status["problems"], json!([]), "{status}");
    assert_eq!(status["other_servers"][0]["expected"], true, "{status}");
    drop(other);
}
