//! One machine of a board: a blank disk, a NIC on a tap, a serial line; and what QEMU is told to make it.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use crate::recipe::ARM;
use crate::recipe::Board;
use crate::recipe::REFERENCE;

/// What firmware it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// With iPXE in the NIC's ROM.
    SeaBios,
    /// With its own network stack; the NIC has no ROM.
    Ovmf,
    /// The same, told to leave out PXE: it goes to HTTP boot at once.
    OvmfWithoutPxe,
    /// The same with Secure Boot on, and the keys that servers have.
    OvmfSecure,
    /// The same UEFI on an ARM processor.
    Aavmf,
}

impl Firmware {
    pub fn is_uefi(self) -> bool {
        match self {
            Self::SeaBios => false,
            Self::Ovmf | Self::OvmfWithoutPxe | Self::OvmfSecure | Self::Aavmf => true,
        }
    }

    /// The board that has it.
    pub fn board(self) -> Board {
        match self {
            Self::SeaBios | Self::Ovmf | Self::OvmfWithoutPxe | Self::OvmfSecure => REFERENCE,
            Self::Aavmf => ARM,
        }
    }

    /// Its code and the variables that it begins with.
    pub fn files(self) -> [String; 2] {
        let files = ["firmware.uefi_code", "firmware.uefi_vars"].map(|key| self.board().ask(key));
        match self {
            // Debian has the one with SMM and with keys beside the plain one.
            Self::OvmfSecure => files.map(|file| file.replace(".fd", ".ms.fd")),
            Self::SeaBios | Self::Ovmf | Self::OvmfWithoutPxe | Self::Aavmf => files,
        }
    }
}

/// OVMF's switches for PXE, as `fw_cfg` names them.
pub const PXE_SWITCHES: [&str; 2] = ["opt/org.tianocore/IPv4PXESupport", "opt/org.tianocore/IPv6PXESupport"];

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
        let size = firmware.board().ask("disk.size").parse::<u64>().unwrap() << 20;
        std::fs::File::create(machine.disk()).unwrap().set_len(size).unwrap();
        if firmware.is_uefi() {
            let [_, variables] = firmware.files();
            std::fs::copy(variables, machine.home.join("vars.fd")).unwrap();
        }
        machine
    }

    /// What an earlier owner left on the disk: a partition table that cleaning has to erase. Nothing boots from it.
    pub fn leave_behind(&self) {
        let disk = self.disk();
        let done =
            Command::new("sgdisk").args(["-o", "-n", "1:2048:+8M", "-c", "1:left-over"]).arg(&disk).output();
        let done = done.unwrap_or_else(|error| panic!("sgdisk: {error}: run tests/run e2e, it installs it"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(self.has_partitions(), "sgdisk wrote no partition table");
    }

    /// Whether its disk has a partition table of GPT: the signature in its second sector (UEFI 2.10, 5.3.2).
    pub fn has_partitions(&self) -> bool {
        let mut signature = [0; 8];
        std::fs::File::open(self.disk()).unwrap().read_exact_at(&mut signature, 512).unwrap();
        signature == *b"EFI PART"
    }

    pub fn board(&self) -> Board {
        self.firmware.board()
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
        let rom = if self.firmware.is_uefi() { ",romfile=" } else { "" };
        let board = self.board();
        let ask = |key| board.ask(key);
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
        if self.firmware == Firmware::OvmfWithoutPxe {
            words.extend(PXE_SWITCHES.map(|switch| format!(" -fw_cfg name={switch},string=no")));
        }
        if self.firmware.is_uefi() {
            let ([code, _], vars) = (self.firmware.files(), self.home.join("vars.fd"));
            words.push_str(" -drive if=pflash,format=raw,readonly=on,file=");
            words.push_str(&code);
            words.push_str(" -drive if=pflash,format=raw,file=");
            words.push_str(vars.to_str().unwrap());
        }
        let mut words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        if device == Device::Kernel {
            let made = board.ramdisk();
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
        let qemu = self.board().qemu();
        let log =
            std::fs::File::options().create(true).append(true).open(self.home.join("qemu.log")).unwrap();
        Command::new("nice")
            .arg(&qemu)
            .args(self.arguments(device))
            .args(self.serial_arguments())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{qemu}: {error}: run tests/run e2e, it installs it"))
    }
}
