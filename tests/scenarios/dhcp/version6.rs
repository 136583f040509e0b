//! A network that boots over IPv6, in network namespaces: strangers' clients, and UEFI firmware in QEMU.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use ferric::app::App;
use ferric::app::dhcp6;
use ferric::app::practice::start_on_loopback;
use ferric::boot::ground::Ground;
use ferric::model::boot::plan::BootPlan;
use ferric::model::boot::plan::Dhcp6;
use ferric::model::boot::plan::DhcpMode;
use ferric::model::boot::plan::Discovery;
use ferric::model::boot::plan::Network;
use ferric::model::boot::plan::Role;
use tempfile::TempDir;

use crate::stage::peer_process::until as until_so;

#[test]
fn rdisc6_is_told_of_dhcp_and_of_no_router() {
    let rack = Rack::new();
    let said = rack.ok(&["rdisc6", "-1", "-w", "5000", "eth0"]);
    let has = |name: &str, value: &str| {
        assert!(
            said.lines().any(|line| line.contains(name) && line.contains(value)),
            "no {name} {value} in {said}"
        );
    };
    has("Stateful address conf.", "Yes");
    has("Stateful other conf.", "Yes");
    has("Router lifetime", "0");
    has("Prefix", "fd00:6::/64");
    has("MTU", "1500");
    has("from", "fe80::");
}

#[test]
fn dhclient_gets_an_address_keeps_it_over_a_restart_and_gives_it_back() {
    let mut rack = Rack::new();
    let first = rack.dhclient(&["-1"]);
    assert!(first.starts_with("fd00:6::1"), "{first}");
    rack.restart(1);
    assert_eq!(rack.dhclient(&["-1"]), first, "CONFIRM and REBIND after a restart");
    rack.dhclient(&["-r"]);
    rack.stop(0);
}

#[test]
fn dhclient_that_boots_is_told_what_to_load() {
    let rack = Rack::new();
    let config = rack.folder.path().join("boot.conf");
    let text = "option dhcp6.boot-url code 59 = text;\n\
                option dhcp6.architecture code 61 = unsigned integer 16;\n\
                also request dhcp6.boot-url;\n\
                send dhcp6.architecture 16;\n\
                option dhcp6.boot-class code 16 = string;\n\
                send dhcp6.boot-class 0:0:1:57:0:a:48:54:54:50:43:6c:69:65:6e:74;\n";
    fs::write(&config, text).unwrap();
    rack.dhclient(&["-1", "-cf", config.to_str().unwrap()]);
    let lease = fs::read_to_string(rack.folder.path().join("leases")).unwrap();
    let url = lease.lines().find(|line| line.contains("boot-url")).unwrap_or_else(|| panic!("{lease}"));
    assert!(url.contains("\"http://[fd00:6::1]:8080/boot/loader/snponly.efi\""), "{url}");
}

#[test]
fn dhcpcd_asks_since_it_is_told_to_and_gets_an_address() {
    let rack = Rack::new();
    let script = rack.folder.path().join("script");
    let out = rack.folder.path().join("bound");
    fs::write(&script, format!("#!/bin/sh\nenv >> {}\n", out.display())).unwrap();
    rack.ok(&["chmod", "755", script.to_str().unwrap()]);
    let config = rack.folder.path().join("dhcpcd.conf");
    fs::write(&config, "ipv6only\nnoipv6rs_wait\nia_na 1\nduid ll\noption dhcp6_name_servers\n").unwrap();
    let (config, script) = (config.to_str().unwrap(), script.to_str().unwrap());
    rack.run(&["dhcpcd", "-6", "-1", "-B", "-t", "20", "-f", config, "-c", script, "eth0"]);
    let bound = fs::read_to_string(&out).unwrap_or_default();
    assert!(bound.contains("fd00:6::1"), "{bound}\n{}", rack.log());
}

mod e2e {
    use super::*;

    #[test]
    #[ignore = "two minutes"]
    fn uefi_gets_address_and_loader_for_pxe() {
        let rack = Rack::new();
        let said = rack.firmware(&["IPv4PXESupport"], "NBP filename is");
        assert!(said.contains("Start PXE over IPv6"), "{said}");
        assert!(said.contains("NBP filename is snponly.efi"), "{said}");
        assert!(said.contains("FD00:6:0:0:0:0:0:1"), "{said}");
    }

    #[test]
    #[ignore = "three minutes"]
    fn uefi_gets_address_and_url_for_http_boot() {
        let rack = Rack::new();
        let said = rack.firmware(&["IPv4PXESupport", "IPv6PXESupport"], "URI: http://[");
        assert!(said.contains("Start HTTP Boot over IPv6"), "{said}");
        assert!(said.contains("URI: http://[fd00:6::1]:8080/boot/loader/snponly.efi"), "{said}");
    }
}

/// The other half of these tests: serves the network `eth0` of the namespace that it is started in, until its standard
/// input ends and so many leases are kept as were written to it.
#[test]
#[ignore = "started by the tests of this file"]
#[expect(clippy::print_stdout, reason = "the tests read it")]
fn the_server() {
    let Some(data) = std::env::var_os(DATA) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let app = start_on_loopback(Path::new(&data)).await.unwrap();
        let servers = dhcp6::start(&ground(&app), &app.site).unwrap();
        println!("\nready");
        let reader = app.site.reader.clone();
        let waited = tokio::task::spawn_blocking(move || {
            let mut wanted = String::new();
            std::io::stdin().read_to_string(&mut wanted).unwrap();
            if let Ok(wanted) = wanted.trim().parse::<usize>() {
                until_so("leases kept", || reader.leases6().is_ok_and(|leases| leases.len() == wanted));
            }
        });
        waited.await.unwrap();
        println!("\n{:?}", servers[0].counters());
        app.drain().await;
    });
}

fn ground(app: &App) -> Ground {
    let mut plan = BootPlan::default();
    plan.networks.push(Network {
        name: "boot".into(),
        interface: "eth0".into(),
        role: Role::Boot,
        dhcp: DhcpMode::Off,
        address: None,
        pools: vec![],
        reservations: vec![],
        router: None,
        dns: vec![],
        dns6: vec![],
        domain: None,
        lease_time: 3600,
        relayed: vec![],
        router_advertisements: true,
        dhcp6: Some(Dhcp6 {
            prefix: "fd00:6::/64".parse().unwrap(),
            first: "fd00:6::1000".parse().unwrap(),
            last: "fd00:6::1fff".parse().unwrap(),
            messages: 2000,
        }),
    });
    plan.discovery = Discovery::Enrol;
    Ground {
        reader: app.site.reader.clone(),
        desk: app.desk.clone(),
        plan: Arc::new(plan),
        clock: app.site.clock.clone(),
        http_port: 8080,
        stop: app.site.stop.clone(),
        tasks: app.site.tasks.clone(),
    }
}

/// A server and a client, a namespace each, with a cable between them.
struct Rack {
    folder: TempDir,
    name: String,
    /// The process, and what it goes on saying.
    server: Option<(Child, JoinHandle<String>)>,
}

impl Rack {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("six{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut rack = Self { folder: TempDir::new().unwrap(), name, server: None };
        let (own, other) = (rack.namespace("server"), rack.namespace("client"));
        for namespace in [&own, &other] {
            ok(Command::new("ip").args(["netns", "add", namespace]));
            // Addresses are used at once, without looking for who else has them.
            let quick = "for f in all default; do echo 0 > /proc/sys/net/ipv6/conf/$f/accept_dad; done; ip link set lo up";
            ok(Command::new("ip").args(["netns", "exec", namespace, "sh", "-c", quick]));
        }
        let cable =
            ["link", "add", "eth0", "netns", &own, "type", "veth", "peer", "name", "eth0", "netns", &other];
        ok(Command::new("ip").args(cable));
        ok(Command::new("ip").args(["-n", &own, "addr", "add", "fd00:6::1/64", "dev", "eth0", "nodad"]));
        for namespace in [&own, &other] {
            ok(Command::new("ip").args(["-n", namespace, "link", "set", "eth0", "up"]));
        }
        for namespace in [&own, &other] {
            until_so("the address of one link", || has_link_local(namespace));
        }
        rack.start();
        rack
    }

    fn namespace(&self, host: &str) -> String {
        format!("{}-{host}", self.name)
    }

    fn start(&mut self) {
        let own = std::env::current_exe().unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace("server")]).arg(own);
        command.args(["dhcp::version6::the_server", "--exact", "--ignored", "--nocapture"]);
        command.env(DATA, self.folder.path().join("data")).env("RUST_LOG", "debug");
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let (ready, rest) = until(lines, "ready");
        assert!(ready.is_some(), "the server did not start: {}", self.log());
        let reader = std::thread::spawn(move || {
            let text: Vec<String> = rest.lines().map_while(Result::ok).collect();
            text.join("\n")
        });
        self.server = Some((child, reader));
    }

    /// Ends the server once it keeps so many leases.
    fn stop(&mut self, leases: usize) {
        let (mut child, reader) = self.server.take().expect("the server runs");
        writeln!(child.stdin.take().unwrap(), "{leases}").unwrap();
        let ended = child.wait().unwrap();
        assert!(ended.success(), "{}\n{}", reader.join().unwrap(), self.log());
    }

    fn restart(&mut self, leases: usize) {
        self.stop(leases);
        self.start();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Runs a program where the client is; what it said.
    fn run(&self, words: &[&str]) -> (bool, String) {
        let namespace = self.namespace("client");
        let output = Command::new("timeout")
            .args(["60", "ip", "netns", "exec", &namespace])
            .args(words)
            .output()
            .unwrap();
        let text =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.success(), text)
    }

    fn ok(&self, words: &[&str]) -> String {
        let (is_ok, text) = self.run(words);
        assert!(is_ok, "{words:?}: {text}\n{}", self.log());
        text
    }

    /// Runs dhclient; the address in its file of leases, which it goes on from.
    fn dhclient(&self, words: &[&str]) -> String {
        let at = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let (leases, pid) = (at("leases"), at("pid"));
        let fixed = ["dhclient", "-6", "-v", "-D", "LL", "-lf", &leases, "-pf", &pid, "-sf", "/bin/true"];
        self.ok(&[&fixed, words, &["eth0"]].concat());
        self.run(&["sh", "-c", &format!("kill $(cat {pid})")]);
        let text = fs::read_to_string(&leases).unwrap();
        let word = text.lines().filter_map(|line| line.trim().strip_prefix("iaaddr ")).next_back();
        word.unwrap_or_else(|| panic!("{text}")).trim_end_matches(" {").to_owned()
    }

    /// Powers a machine with UEFI on and reads its console up to `text`; `without` switches network boots off.
    fn firmware(&self, without: &[&str], text: &str) -> String {
        let plug = "ip link add br0 type bridge mcast_snooping 0 && ip tuntap add tap0 mode tap && \
                    ip link set eth0 master br0 && ip link set tap0 master br0 && \
                    ip link set br0 up && ip link set tap0 up";
        self.ok(&["sh", "-c", plug]);
        let variables = self.folder.path().join("variables.fd");
        fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", &variables).unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace("client"), "qemu-system-x86_64"]);
        command.args(
            "-machine q35 -accel tcg -m 512 -display none -serial stdio -monitor none -no-reboot".split(' '),
        );
        command.args("-netdev tap,id=n,ifname=tap0,script=no,downscript=no".split(' '));
        command.args("-device virtio-net-pci,netdev=n,mac=52:54:00:66:00:01,romfile=".split(' '));
        command.args(
            "-drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd".split(' '),
        );
        command.arg("-drive").arg(format!("if=pflash,format=raw,unit=1,file={}", variables.display()));
        for name in without {
            command.arg("-fw_cfg").arg(format!("name=opt/org.tianocore/{name},string=n"));
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let console = BufReader::new(child.stdout.take().unwrap());
        let watch = Watch::over(child);
        let (seen, _) = until(console, text);
        drop(watch);
        seen.unwrap_or_else(|| panic!("the machine did not say {text:?}\n{}", self.log()))
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.server.take() {
            child.kill().ok(); // it may have ended by itself
            child.wait().ok();
        }
        for host in ["server", "client"] {
            Command::new("ip").args(["netns", "del", &self.namespace(host)]).status().ok();
        }
    }
}

/// A machine that is switched off with the test, or when it took too long.
struct Watch(std::sync::mpsc::SyncSender<()>, Option<JoinHandle<()>>);

impl Watch {
    fn over(mut child: Child) -> Self {
        let (end, ended) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::spawn(move || {
            ended.recv_timeout(LONGEST).ok(); // either way the machine ends
            child.kill().ok();
            child.wait().ok();
        });
        Self(end, Some(thread))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.send(()).ok(); // it may have ended by itself
        self.1.take().map(JoinHandle::join);
    }
}

/// All that was said up to the line with `text`; `None` if it does not come.
fn until<R: BufRead>(mut lines: R, text: &str) -> (Option<String>, R) {
    let mut seen = String::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return (None, lines);
        }
        let line = String::from_utf8_lossy(&line);
        seen.push_str(&line);
        if line.contains(text) {
            return (Some(seen), lines);
        }
    }
}

fn has_link_local(namespace: &str) -> bool {
    let shown = Command::new("ip")
        .args(["-n", namespace, "-6", "addr", "show", "dev", "eth0", "scope", "link"])
        .output();
    shown.is_ok_and(|shown| String::from_utf8_lossy(&shown.stdout).contains("fe80::"))
}

fn ok(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Where the server's data is.
const DATA: &str = "FERRIC_NETBOOT6_DATA";
/// A machine under emulation on a busy host.
const LONGEST: Duration = Duration::from_mins(8);
