//! sushy-emulator as the BMC of a libvirt domain: power, boot device, virtual media over Redfish. libvirt runs in the
//! rack's namespaces, so that neither its state nor its settings are this host's.

use std::fs;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::machine::Firmware;
use crate::machine::Machine;
use crate::machine::PXE_SWITCHES;
use crate::rack;
use crate::recipe::REFERENCE;
use crate::stage::peer_process::PeerProcess;
use crate::stage::peer_process::until;
use crate::stage::peers;

/// The emulator with its libvirt.
#[derive(Debug)]
pub struct Emulator {
    redfish: PeerProcess,
    libvirt: PeerProcess,
    machine: Machine,
}

impl Emulator {
    pub fn start(machine: &Machine) -> Self {
        for name in ["images", "sushy", "daemon", "tmp"] {
            fs::create_dir_all(machine.home.join(name)).unwrap();
        }
        for folder in ["/run/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/etc/libvirt"] {
            rack::hide(folder);
        }
        fs::write("/etc/libvirt/qemu.conf", SETTINGS).unwrap();
        // Debian's packages make it where libvirt is installed as a service, which is not wanted here.
        rack::add_line("/etc/passwd", "libvirt-qemu:x:64055:64055::/:/bin/false", &machine.home);
        rack::add_line("/etc/group", "libvirt-qemu:x:64055:\nkvm:x:64056:", &machine.home);
        let mut command = Command::new("libvirtd");
        let libvirt = PeerProcess::start(at_home(machine, &mut command), &machine.home.join("daemon"), "");
        until("libvirt answers", || virsh(machine, &["version"]));
        let domain = machine.home.join("domain.xml");
        fs::write(&domain, domain_of(machine)).unwrap();
        assert!(virsh(machine, &["define", domain.to_str().unwrap()]), "the domain is not taken");
        let images = machine.home.join("images").display().to_string();
        assert!(
            virsh(machine, &["pool-create-as", "default", "dir", "--target", &images]),
            "no pool for media"
        );
        fs::write(machine.home.join("sushy/conf.py"), settings(machine)).unwrap();
        let mut command = Command::new(peers::folder().join("bmc/bin/sushy-emulator"));
        command.args(["--config", "conf.py"]);
        let folder = machine.home.join("sushy");
        let redfish = PeerProcess::start(at_home(machine, &mut command), &folder, "Running on http");
        Self { redfish, libvirt, machine: machine.clone() }
    }

    pub fn node(&self) -> Value {
        json!({"driver": "redfish", "driver_info": {
            "redfish_address": format!("http://{}:{PORT}", rack::ADDRESS),
            "redfish_system_id": format!("/redfish/v1/Systems/{}", uuid(&self.machine)),
            "redfish_username": "admin", "redfish_password": "password",
        }})
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        virsh(&self.machine, &["destroy", "e2e"]);
        virsh(&self.machine, &["undefine", "--nvram", "e2e"]);
    }
}

pub fn uuid(machine: &Machine) -> String {
    format!("4c4c4544-0051-3010-8051-b4c04f4d37{:02x}", machine.number)
}

/// With what it fetches in the machine's folder.
fn at_home<'a>(machine: &Machine, command: &'a mut Command) -> &'a mut Command {
    command.env("TMPDIR", machine.home.join("tmp"))
}

fn virsh(machine: &Machine, words: &[&str]) -> bool {
    let mut command = Command::new("virsh");
    command.args(["--connect", URI]).args(words).stdin(Stdio::null());
    let done = at_home(machine, &mut command).output().unwrap();
    if !done.status.success() {
        eprintln!("virsh {words:?}: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    done.status.success()
}

fn settings(machine: &Machine) -> String {
    let home = machine.home.display();
    format!(
        "SUSHY_EMULATOR_LISTEN_IP = '{}'\nSUSHY_EMULATOR_LISTEN_PORT = {PORT}\nSUSHY_EMULATOR_LIBVIRT_URI = '{URI}'\n\
         SUSHY_EMULATOR_IGNORE_BOOT_DEVICE = False\nSUSHY_EMULATOR_STATE_DIR = '{home}/sushy'\n\
         SUSHY_EMULATOR_FEATURE_SET = 'full'\n\
         SUSHY_EMULATOR_BOOT_LOADER_MAP = {{'UEFI': {{'x86_64': '{}'}}, 'Legacy': {{'x86_64': None}}}}\n",
        rack::ADDRESS,
        machine.firmware.files()[0],
    )
}

/// The same machine as [`Machine::arguments`] makes, as libvirt says it.
fn domain_of(machine: &Machine) -> String {
    let vars = machine.home.join("nvram.fd");
    let [code, variables] = machine.firmware.files();
    let cpu = REFERENCE.ask("machine.cpu");
    let is_secure = machine.firmware == Firmware::OvmfSecure;
    let (secure, smm) = if is_secure { ("yes", "<smm state='on'/>") } else { ("no", "") };
    format!(
        "<domain type='qemu'>
  <name>e2e</name><uuid>{}</uuid><memory unit='MiB'>{}</memory><vcpu>1</vcpu>{}
  <os>
    <type arch='x86_64' machine='{}'>hvm</type>
    <loader readonly='yes' secure='{secure}' type='pflash'>{code}</loader><nvram template='{variables}'>{}</nvram>
    <boot dev='network'/><boot dev='hd'/>
  </os>
  <features><acpi/><apic/>{smm}</features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>{cpu}</model></cpu>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='unsafe'/><source file='{}'/>
      <target dev='vda' bus='virtio'/><serial>E2EDISK{}</serial></disk>
    <interface type='ethernet'><mac address='{}'/><target dev='{}' managed='no'/><model type='virtio'/>
      <rom enabled='no'/></interface>
    <serial type='file'><source path='{}' append='on'/><target port='0'/></serial>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='none'/>
  </devices>
</domain>
",
        uuid(machine),
        REFERENCE.ask("machine.memory"),
        switches(machine.firmware),
        REFERENCE.ask("machine.type"),
        vars.display(),
        machine.disk().display(),
        machine.number,
        machine.mac(),
        machine.tap(),
        machine.serial().display(),
    )
}

/// What its firmware is told, besides its variables.
fn switches(firmware: Firmware) -> String {
    match firmware {
        Firmware::SeaBios | Firmware::Ovmf | Firmware::OvmfSecure | Firmware::Aavmf => String::new(),
        Firmware::OvmfWithoutPxe => {
            let entry = |name: &str| format!("<entry name='{name}'>no</entry>");
            format!("<sysinfo type='fwcfg'>{}</sysinfo>", PXE_SWITCHES.map(entry).concat())
        }
    }
}

const URI: &str = "qemu:///system";
/// Everything as root, without services beside it.
const SETTINGS: &str =
    "stdio_handler = \"file\"\nuser = \"root\"\ngroup = \"root\"\nsecurity_driver = \"none\"
namespaces = []\ncgroup_controllers = []\nremember_owner = 0
";
const PORT: u16 = 8000;
