//! One machine of the reference board: a blank disk, a NIC on a tap, a serial line; and what QEMU is told to make it.

use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::recipe;

/// What firmware it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// With iPXE in the NIC's ROM.
    SeaBios,
    /// With its own network stack; the NIC has no ROM.
    Ovmf,
}

/// What it tries to boot from before all else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    Network,
    Disk,
    /// No firmware looks for it: the kernel is handed over by QEMU.
    Kernel,
}

/// Its parts; they stay over power cycles.
#[derive(Debug, Clone)]
pub struct Machine {
    pub home: PathBuf,
    pub number: usize,
    pub firmware: Firmware,
    /// What the kernel is told besides the board's words, if QEMU hands it over.
    pub words: String,
}

impl Machine {
    pub fn new(home: &Path, number: usize, firmware: Firmware) -> Self {
        let machine = Self { home: home.to_owned(), number, firmware, words: String::new() };
        let size = recipe::ask("disk.size").parse::<u64>().unwrap() << 20;
        std::fs::File::create(machine.disk()).unwrap().set_len(size).unwrap();
        if firmware == Firmware::Ovmf {
            std::fs::copy(recipe::ask("firmware.uefi_vars"), machine.home.join("vars.fd")).unwrap();
        }
        machine
    }

    pub fn mac(&self) -> String {
        format!("52:54:00:e2:e0:{:02x}", self.number + 1)
    }

    pub fn tap(&self) -> String {
        format!("tap{}", self.number)
    }

    pub fn disk(&self) -> PathBuf {
        self.home.join("disk.raw")
    }

    pub fn serial(&self) -> PathBuf {
        self.home.join("serial")
    }

    /// What QEMU is told, a word an element. It ends when the machine switches itself off.
    pub fn arguments(&self, device: Device) -> Vec<String> {
        let (network, disk) = if device == Device::Disk { (2, 1) } else { (1, 2) };
        let rom = if self.firmware == Firmware::Ovmf { ",romfile=" } else { "" };
        let ask = recipe::ask;
        let mut words = format!(
            "-machine {},accel=tcg,graphics=off -cpu {} -m {} -smp 1 -display none -no-user-config -nodefaults -vga none \
             -monitor none -device virtio-rng-pci \
             -smbios type=1,manufacturer=Ferric,product=Reference,serial=e2e-{} \
             -netdev tap,id=n0,ifname={},script=no,downscript=no \
             -device {},netdev=n0,mac={},bootindex={network}{rom} \
             -drive file={},if=none,id=d0,format=raw,cache=unsafe \
             -device {},drive=d0,bootindex={disk},serial=E2EDISK{}",
            ask("machine.type"),
            ask("machine.cpu"),
            ask("machine.memory"),
            self.number,
            self.tap(),
            ask("nic.device"),
            self.mac(),
            self.disk().display(),
            ask("disk.device"),
            self.number,
        );
        if self.firmware == Firmware::Ovmf {
            let (code, vars) = (ask("firmware.uefi_code"), self.home.join("vars.fd"));
            words.push_str(" -drive if=pflash,format=raw,readonly=on,file=");
            words.push_str(&code);
            words.push_str(" -drive if=pflash,format=raw,file=");
            words.push_str(vars.to_str().unwrap());
        }
        let mut words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        if device == Device::Kernel {
            let made = recipe::made("ramdisk-x86_64");
            let line = format!("{} {}", ask("cmdline"), self.words);
            let [kernel, ramdisk] = ["kernel", "ramdisk"].map(|file| made.join(file).display().to_string());
            words.extend(["-kernel".to_owned(), kernel, "-initrd".to_owned(), ramdisk]);
            // A reboot is the firmware's affair, and it has none here: QEMU ends, and the hand looks again.
            words.extend(["-append".to_owned(), line, "-no-reboot".to_owned()]);
        }
        words
    }

    /// The serial line as a file, for a machine that no BMC listens to.
    pub fn serial_arguments(&self) -> Vec<String> {
        let chardev = format!("file,id=s0,path={},append=on", self.serial().display());
        ["-chardev", &chardev, "-serial", "chardev:s0"].map(str::to_owned).to_vec()
    }

    /// Switches it on. Niced, because several of them would starve the daemon.
    pub fn start(&self, device: Device) -> Child {
        let log =
            std::fs::File::options().create(true).append(true).open(self.home.join("qemu.log")).unwrap();
        Command::new("nice")
            .arg("qemu-system-x86_64")
            .args(self.arguments(device))
            .args(self.serial_arguments())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("qemu-system-x86_64: {error}: run tests/run e2e, it installs it"))
    }
}
