//! OpenIPMI's simulator as the BMC of a QEMU machine: power, reset and boot device over the LAN, the serial line as
//! SOL, the KCS interface inside the machine.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use crate::bmc::fru;
use crate::machine::Device;
use crate::machine::Machine;
use crate::rack;
use crate::recipe::REFERENCE;
use crate::stage::peer_process::PeerProcess;

/// The simulator; it ends with the test, and the machine with it.
#[derive(Debug)]
pub struct Sim {
    process: PeerProcess,
    machine: Machine,
}

impl Sim {
    pub fn start(machine: &Machine) -> Self {
        let home = machine.home.display().to_string();
        let (inside, line) = (free_port(), free_port());
        for (device, name) in [(Device::Network, "network"), (Device::Disk, "disk")] {
            let words = [machine.arguments(device), wires(machine, inside, line)].concat();
            fs::write(machine.home.join(format!("arguments.{name}")), words.join("\n") + "\n").unwrap();
        }
        let fill = |text: &str| {
            let ports = text.replace("@INSIDE@", &inside.to_string()).replace("@LINE@", &line.to_string());
            ports
                .replace("@HOME@", &home)
                .replace("@ADDRESS@", rack::BMC_ADDRESS)
                .replace("@QEMU@", &machine.board().qemu())
        };
        for (name, text) in [("chassis", CHASSIS), ("lan", LAN_SETTINGS)] {
            fs::write(machine.home.join(name), fill(text)).unwrap();
            fs::set_permissions(machine.home.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(machine.home.join("lan.conf"), fill(LAN)).unwrap();
        let inventory = fru::line(&format!("e2e-{}", machine.number));
        fs::write(machine.home.join("emulation"), format!("{EMULATION}{inventory}")).unwrap();
        fs::create_dir_all(machine.home.join("state")).unwrap();
        let mut command = Command::new("ipmi_sim");
        command.args(["-n", "-c", "lan.conf", "-f", "emulation", "-s", "state"]);
        let process = PeerProcess::start(&mut command, &machine.home, "");
        Self { process, machine: machine.clone() }
    }

    pub fn node() -> Value {
        json!({"driver": "ipmi", "driver_info": {
            "ipmi_address": rack::BMC_ADDRESS, "ipmi_username": "admin", "ipmi_password": "password",
            "ipmi_cipher_suite": 3,
        }})
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        // The simulator does not end its machine.
        let off = self.machine.home.join("chassis");
        Command::new(off).args(["0x20", "set", "power", "0"]).status().ok();
    }
}

/// What ties the machine to its BMC, and the serial line to both the BMC and a file.
fn wires(machine: &Machine, inside: u16, line: u16) -> Vec<String> {
    let serial = format!(
        "socket,id=s0,host=127.0.0.1,port={line},server=on,wait=off,logfile={},logappend=on",
        machine.serial().display()
    );
    let pid = machine.home.join("pid").display().to_string();
    let mut words =
        ["-chardev", &serial, "-serial", "chardev:s0", "-pidfile", &pid].map(str::to_owned).to_vec();
    // QEMU has no interface to a BMC for ARM.
    if machine.board() == REFERENCE {
        let kcs = format!("socket,id=ipmi0,host=127.0.0.1,port={inside},reconnect=2");
        let bmc = ["ipmi-bmc-extern,id=bmc0,chardev=ipmi0", "isa-ipmi-kcs,bmc=bmc0"];
        words.extend(["-chardev", &kcs, "-device", bmc[0], "-device", bmc[1]].map(str::to_owned));
    }
    words
}

/// A port that nobody has now, in this rack.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What the simulator calls for the chassis.
const CHASSIS: &str = include_str!("chassis");
/// What it calls for its own address, which the machine asks for over KCS.
const LAN_SETTINGS: &str = include_str!("lan");
const LAN: &str = r#"name "e2e"
set_working_mc 0x20
  startlan 1
    addr @ADDRESS@ 623
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
    lan_config_program "@HOME@/lan"
  endlan
  chassis_control "@HOME@/chassis 0x20"
  serial 15 127.0.0.1 @INSIDE@ codec VM
  sol "tcp:127.0.0.1:@LINE@" 115200
  user 1 true  ""        "test" user     10       none md2 md5 straight
  user 2 true  "admin" "password" admin    10       none md2 md5 straight
"#;
const EMULATION: &str = "mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 1 1 1
sensor_set_value 0x20 0 1 0x60 0
mc_enable 0x20
";
