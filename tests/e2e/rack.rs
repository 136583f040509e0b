//! A rack network that nobody else is in: a network namespace of the test's own thread, with a bridge and a tap for
//! each machine, and a mount namespace beside it for those who keep their state in fixed places. Both go away with the
//! last process in them.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use nix::sched::CloneFlags;
use nix::sched::unshare;

use crate::stage::peer_process::PeerProcess;

/// This host's address in the rack.
pub const ADDRESS: &str = "10.77.0.1";
pub const NETWORK: &str = "10.77.0.0/24";
pub const BRIDGE: &str = "rack0";

/// Moves this thread, and all that it starts from now on, into a rack of its own with taps `tap0` to `tapN`.
pub fn enter(machines: usize) {
    assert!(
        nix::unistd::geteuid().is_root(),
        "network namespaces and taps need root: run tests/run e2e as root"
    );
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).unwrap();
    run("mount --make-rprivate /");
    ip("link set lo up");
    // Without a forwarding delay: firmware asks in the first second.
    ip(&format!("link add {BRIDGE} type bridge stp_state 0 forward_delay 0"));
    ip(&format!("addr add {ADDRESS}/24 dev {BRIDGE}"));
    ip(&format!("link set {BRIDGE} up"));
    for number in 0..machines {
        ip(&format!("tuntap add dev tap{number} mode tap"));
        ip(&format!("link set tap{number} master {BRIDGE}"));
        ip(&format!("link set tap{number} up"));
    }
}

/// Addresses by somebody else's DHCP server, for what is tried without ours.
#[derive(Debug)]
pub struct Addresses(PeerProcess);

impl Addresses {
    pub fn give(home: &Path) -> Self {
        let home = home.join("dnsmasq");
        std::fs::create_dir_all(&home).unwrap();
        let mut command = Command::new("dnsmasq");
        command
            .args([
                "--keep-in-foreground",
                "--log-facility=-",
                "--log-dhcp",
                "--port=0",
                "--conf-file=/dev/null",
            ])
            .args(["--dhcp-range=10.77.0.100,10.77.0.150,255.255.255.0,1h", "--dhcp-authoritative"])
            .args([&format!("--interface={BRIDGE}"), "--bind-interfaces", "--user=root"])
            .arg(format!("--dhcp-leasefile={}", home.join("leases").display()));
        Self(PeerProcess::start(&mut command, &home, "DHCP"))
    }
}

/// An empty folder over this one, for this rack alone.
pub fn hide(folder: &str) {
    std::fs::create_dir_all(folder).unwrap();
    run(&format!("mount -t tmpfs tmpfs {folder}"));
}

/// A disk of so many MiB in the place of this folder, for this rack alone.
pub fn small_disk(folder: &Path, mib: usize) {
    run(&format!("mount -t tmpfs -o size={mib}m tmpfs {}", folder.display()));
}

/// This file with a line more, for this rack alone.
pub fn add_line(file: &str, line: &str, home: &Path) {
    let changed = home.join(file.replace('/', "-"));
    std::fs::write(&changed, std::fs::read_to_string(file).unwrap() + line + "\n").unwrap();
    run(&format!("mount --bind {} {file}", changed.display()));
}

fn ip(words: &str) {
    run(&format!("ip {words}"));
}

fn run(line: &str) {
    let (program, words) = line.split_once(' ').unwrap();
    let done = Command::new(program).args(words.split(' ')).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
}
