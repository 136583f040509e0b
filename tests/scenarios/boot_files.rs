//! Machines and their operators fetch boot files: curl from the rack's door; a real BIOS with iPXE from a daemon in a
//! network of its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::stage::daemon::Daemon;

/// curl with these options at a path of the rack's door: status, body, heads.
fn curl(daemon: &Daemon, options: &[&str], path: &str) -> (String, Vec<u8>, String) {
    let home = TempDir::new().unwrap();
    let (body, heads) = (home.path().join("body"), home.path().join("heads"));
    let status = Command::new("curl")
        .args(["--silent", "--path-as-is", "--max-time", "60", "--write-out", "%{http_code}", "--output"])
        .arg(&body)
        .arg("--dump-header")
        .arg(&heads)
        .args(options)
        .arg(format!("{}{path}", daemon.rack_url()))
        .output()
        .unwrap();
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
    (String::from_utf8(status.stdout).unwrap(), fs::read(&body).unwrap_or_default(), text(&heads))
}

#[test]
fn loaders_and_scripts_come_over_http_with_lengths_and_parts() {
    let loaders = TempDir::new().unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| u8::try_from(at / 1000 % 251).unwrap()).collect();
    fs::write(loaders.path().join("odd.efi"), &bytes).unwrap();
    let config = loaders.path().join("ferric.toml");
    fs::write(&config, format!("[boot]\nloaders = {:?}\n", loaders.path())).unwrap();
    let config = config.to_str().unwrap();
    let daemon = Daemon::start_with(&["--rack-listen", "127.0.0.1:0", "--config", config]);
    let (status, body, heads) = curl(&daemon, &[], "/boot/loader/odd.efi");
    assert_eq!((status.as_str(), body == bytes), ("200", true), "{heads}");
    assert!(heads.contains("Content-Length: 3000000") && heads.contains("application/efi"), "{heads}");
    let (status, body, _) = curl(&daemon, &["--range", "1999990-2000009"], "/boot/loader/odd.efi");
    assert_eq!((status.as_str(), body.as_slice()), ("206", &bytes[1_999_990..2_000_010]));
    let (status, body, heads) = curl(&daemon, &["--head"], "/boot/boot.ipxe");
    assert_eq!((status.as_str(), heads.contains("Content-Length: ")), ("200", true), "{heads}");
    assert!(!String::from_utf8_lossy(&body).contains("#!ipxe"));
    let (status, body, _) = curl(&daemon, &[], "/boot/ipxe/02-00-00-00-00-01");
    assert_eq!((status.as_str(), body.as_slice()), ("200", b"#!ipxe\nexit 1\n".as_slice()));
    for (path, expected) in [
        ("/boot/loader/../ferric.toml", "404"),
        ("/boot/loader/%2e%2e%2fferric.toml", "404"),
        ("/boot/loader/none.efi", "404"),
        ("/boot/file/00000000-0000-0000-0000-000000000000/x/kernel", "404"),
        ("/boot/loops", "404"),
    ] {
        assert_eq!(curl(&daemon, &[], path).0, expected, "{path}");
    }
}

/// What takes longer than a check may, and root.
mod e2e {
    use std::process::{Child, Stdio};

    use super::*;
    use crate::stage::peer_process::until;

    /// A network namespace with a bridge and a tap, gone with all in it when dropped.
    struct Network {
        name: String,
        children: Vec<Child>,
    }

    impl Network {
        fn new() -> Self {
            let name = format!("ferric-boot-{}", std::process::id());
            run("ip", &["netns", "add", &name]);
            let network = Self { name, children: Vec::new() };
            for line in [
                "link set lo up",
                "link add br0 type bridge",
                "addr add 10.79.0.1/24 dev br0",
                "link set br0 up",
                "tuntap add tap0 mode tap",
                "link set tap0 master br0 up",
            ] {
                let words: Vec<_> = line.split(' ').collect();
                let output = network.command("ip").args(words).output().unwrap();
                assert!(output.status.success(), "{line}: {output:?}");
            }
            network
        }

        fn command(&self, program: &str) -> Command {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &self.name, program]);
            command
        }

        fn start(&mut self, command: &mut Command) {
            self.children.push(command.stdin(Stdio::null()).spawn().unwrap());
        }
    }

    impl Drop for Network {
        fn drop(&mut self) {
            for child in &mut self.children {
                child.kill().ok(); // it may have ended
                child.wait().ok();
            }
            Command::new("ip").args(["netns", "del", &self.name]).status().ok();
        }
    }

    fn run(program: &str, words: &[&str]) -> Output {
        let output = Command::new(program).args(words).output().unwrap();
        assert!(output.status.success(), "{program} {words:?}: {output:?}");
        output
    }

    /// A disk whose first sector says so on the serial port and stops.
    fn disk() -> Vec<u8> {
        // cli; xor ax,ax; mov ds,ax; mov si,text; next: lodsb; test al,al; jz end; mov dx,3f8h; out dx,al; jmp next;
        // end: hlt; jmp end
        let mut sector = vec![0xfa, 0x31, 0xc0, 0x8e, 0xd8, 0xbe, 0x16, 0x7c];
        sector.extend([0xac, 0x84, 0xc0, 0x74, 0x06, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf5, 0xf4, 0xeb, 0xfd]);
        sector.extend(b"THE DISK BOOTS\r\n\0");
        sector.resize(510, 0);
        sector.extend([0x55, 0xaa]);
        sector.resize(1 << 20, 0);
        sector
    }

    #[test]
    #[ignore = "needs root, QEMU and half a minute: tests/run e2e"]
    fn a_bios_with_ipxe_is_told_by_its_script_to_boot_the_disk() {
        let home = TempDir::new().unwrap();
        let mut network = Network::new();
        let log = fs::File::create(home.path().join("ferric.log")).unwrap();
        let mut daemon = network.command(env!("CARGO_BIN_EXE_ferric"));
        daemon.args(["serve", "--rack-listen", "10.79.0.1:8000", "--listen", "127.0.0.1:6385", "--data"]);
        daemon.arg(home.path().join("data")).stdout(Stdio::null()).stderr(log);
        network.start(&mut daemon);
        let client = |path: &str, body: &str| {
            let url = format!("http://127.0.0.1:6385/v1/{path}");
            let words =
                ["--silent", "--fail", "-H", "X-OpenStack-Ironic-API-Version: 1.80", "-d", body, &url];
            let output = network.command("curl").args(words).output().unwrap();
            serde_json::from_slice::<serde_json::Value>(&output.stdout).ok()
        };
        let mut node = None;
        until("a node is enrolled", || {
            node = client("nodes", "{\"driver\": \"fake-hardware\"}");
            node.is_some()
        });
        let uuid = node.unwrap()["uuid"].as_str().unwrap().to_owned();
        let port = format!("{{\"node_uuid\": \"{uuid}\", \"address\": \"52:54:00:00:79:01\"}}");
        assert!(client("ports", &port).is_some());
        let mut dhcp = network.command("dnsmasq");
        dhcp.args(["--keep-in-foreground", "--port=0", "--interface=br0", "--bind-interfaces", "--no-ping"]);
        dhcp.args(["--dhcp-range=10.79.0.50,10.79.0.90,1h", "--user=root", "--pid-file="]);
        dhcp.arg("--dhcp-boot=http://10.79.0.1:8000/boot/ipxe/52-54-00-00-79-01");
        dhcp.arg(format!("--dhcp-leasefile={}", home.path().join("leases").display()));
        network.start(dhcp.stderr(Stdio::null()));
        let (disk_file, serial) = (home.path().join("disk"), home.path().join("serial"));
        fs::write(&disk_file, disk()).unwrap();
        let mut machine = network.command("qemu-system-x86_64");
        machine.args([
            "-machine",
            "pc,accel=tcg",
            "-m",
            "256",
            "-nodefaults",
            "-vga",
            "std",
            "-display",
            "none",
        ]);
        machine.args(["-netdev", "tap,id=n,ifname=tap0,script=no,downscript=no"]);
        machine.args(["-device", "virtio-net-pci,netdev=n,mac=52:54:00:00:79:01,bootindex=1"]);
        machine.args(["-device", "virtio-blk-pci,drive=d,bootindex=2", "-drive"]);
        machine.arg(format!("if=none,id=d,format=raw,file={}", disk_file.display()));
        machine.args(["-serial", &format!("file:{}", serial.display())]);
        network.start(&mut machine);
        let said = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        until("the disk boots", || said(&serial).contains("THE DISK BOOTS"));
        let log = said(&home.path().join("ferric.log"));
        assert!(log.contains("52:54:00:00:79:01") && log.contains("starts=\"disk\""), "{log}");
    }
}
