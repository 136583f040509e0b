//! The boot medium in machines of QEMU: as a CD and as a USB disk, with BIOS, UEFI, and UEFI with Secure Boot.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use ferric::depot::boot_iso::BootIso;
use ferric::depot::boot_iso::Parts;
use ferric::depot::boot_iso::loaders::Loaders;
use ferric::net::source::Source;
use tempfile::TempDir;

use crate::stage::peers;

#[test]
fn a_bios_boots_the_medium_as_a_cd() {
    let site = Site::new(&BIOS);
    Site::boots("pc", &cd(&site.medium));
}

mod e2e {
    use super::*;

    #[test]
    #[ignore = "a minute"]
    fn a_bios_boots_the_medium_as_a_usb_disk() {
        let site = Site::new(&BIOS);
        Site::boots("pc", &usb(&site.medium));
    }

    #[test]
    #[ignore = "a minute"]
    fn uefi_boots_the_medium_as_a_cd() {
        let site = Site::new(&UEFI);
        Site::boots("q35", &[site.firmware("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"), cd(&site.medium)].concat());
    }

    #[test]
    #[ignore = "a minute"]
    fn uefi_boots_the_medium_as_a_usb_disk() {
        let site = Site::new(&[BIOS.as_slice(), &UEFI].concat());
        Site::boots(
            "q35",
            &[site.firmware("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"), usb(&site.medium)].concat(),
        );
    }

    #[test]
    #[ignore = "a minute"]
    fn uefi_boots_the_medium_with_the_grub_for_networks() {
        let site = Site::new(&NETWORK);
        Site::boots("q35", &[site.firmware("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"), cd(&site.medium)].concat());
    }

    #[test]
    #[ignore = "two minutes"]
    fn secure_boot_is_satisfied_by_the_signed_loaders() {
        let site = Site::new(&[BIOS.as_slice(), &UEFI].concat());
        let firmware = site.firmware("OVMF_CODE_4M.ms.fd", "OVMF_VARS_4M.ms.fd");
        let secure = words("-global driver=cfi.pflash01,property=secure,value=on");
        let said = Site::boots("q35,smm=on", &[firmware, secure, cd(&site.medium)].concat());
        assert!(said.iter().any(|line| line.to_lowercase().contains("secure boot enabled")), "{said:#?}");
    }
}

/// Loaders by the name that the folder of loaders has them under, and where Debian puts them.
const BIOS: [(&str, &str); 3] = [
    ("isolinux.bin", "/usr/lib/ISOLINUX/isolinux.bin"),
    ("ldlinux.c32", "/usr/lib/syslinux/modules/bios/ldlinux.c32"),
    ("isohdpfx.bin", "/usr/lib/ISOLINUX/isohdpfx.bin"),
];
const UEFI: [(&str, &str); 3] = [
    ("bootx64.efi", "/usr/lib/shim/shimx64.efi.signed"),
    ("gcdx64.efi", "/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed"),
    ("mmx64.efi", "/usr/lib/shim/mmx64.efi.signed"),
];
const NETWORK: [(&str, &str); 2] = [
    ("bootx64.efi", "/usr/lib/shim/shimx64.efi.signed"),
    ("grubx64.efi", "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
];

/// A medium of these loaders in a folder of its own.
struct Site {
    folder: TempDir,
    medium: PathBuf,
}

impl Site {
    fn new(loaders: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, from) in loaders {
            fs::copy(from, folder.path().join(name))
                .unwrap_or_else(|why| panic!("{from}: {why}; see tests/run"));
        }
        let ramdisk = folder.path().join("ramdisk");
        fs::write(&ramdisk, cpio()).unwrap();
        let kernel = peers::folder().join("kernel/vmlinuz");
        assert!(kernel.exists(), "no {}: run tests/run, it installs it", kernel.display());
        let iso = BootIso::new(&Parts {
            kernel: &kernel,
            ramdisk: &ramdisk,
            command_line: "console=ttyS0 panic=-1 marker=a;b$c",
            publisher: "0f7e63a0-6f0b-4d2f-9f0e-3a9d2f3ad001",
            files: &[("openstack/latest/network_data.json", b"{}".to_vec())],
            loaders: &Loaders::read(folder.path()).unwrap(),
        })
        .unwrap();
        let mut bytes = vec![0; usize::try_from(iso.size()).unwrap()];
        iso.read_exact_at(&mut bytes, 0).unwrap();
        let medium = folder.path().join("boot.iso");
        fs::write(&medium, bytes).unwrap();
        Self { folder, medium }
    }

    /// UEFI with variables of its own.
    fn firmware(&self, code: &str, variables: &str) -> Vec<String> {
        let own = self.folder.path().join("variables.fd");
        fs::copy(Path::new("/usr/share/OVMF").join(variables), &own).unwrap();
        words(&format!(
            "-drive if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/{code} \
             -drive if=pflash,format=raw,unit=1,file={}",
            own.display()
        ))
    }

    /// Powers a machine on and waits until its kernel has started the ramdisk's first program. What it said.
    fn boots(machine: &str, arguments: &[String]) -> Vec<String> {
        let fixed = "-accel tcg -m 768 -display none -serial stdio -monitor none -nic none -no-reboot";
        let mut command = Command::new("qemu-system-x86_64");
        command.args(["-machine", machine]).args(words(fixed)).args(arguments);
        let mut child = Machine(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap());
        let (said, lines) = mpsc::sync_channel(1000);
        let console = BufReader::new(child.0.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in console.split(b'\n').map_while(Result::ok) {
                if said.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let seen = until(&lines, "Run /init as init process");
        drop((child, lines));
        reader.join().unwrap();
        let has =
            |text: &str| assert!(seen.iter().any(|line| line.contains(text)), "no {text:?} in {seen:#?}");
        has("Linux version");
        has("console=ttyS0 panic=-1 marker=a;b$c");
        has("Run /init as init process");
        seen
    }
}

/// A machine that ends with the test.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        self.0.kill().ok(); // it may have ended by itself
        self.0.wait().ok();
    }
}

/// All lines up to the one with `text`, or to the end.
fn until(lines: &mpsc::Receiver<String>, text: &str) -> Vec<String> {
    let mut seen = Vec::new();
    while let Ok(line) = lines.recv_timeout(SILENCE) {
        let is_last = line.contains(text);
        seen.push(line);
        if is_last {
            break;
        }
    }
    seen
}

fn cd(medium: &Path) -> Vec<String> {
    words(&format!("-drive media=cdrom,format=raw,readonly=on,file={}", medium.display()))
}

fn usb(medium: &Path) -> Vec<String> {
    words(&format!(
        "-drive if=none,id=stick,format=raw,readonly=on,file={} -device qemu-xhci -device usb-storage,drive=stick",
        medium.display()
    ))
}

fn words(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

/// A ramdisk whose only file is a first program that cannot run ("newc" format of cpio).
fn cpio() -> Vec<u8> {
    let mut out = Vec::new();
    for (name, mode, content) in [("init", 0o100_755, "#!/none\n"), ("TRAILER!!!", 0, "")] {
        let numbers = [1, mode, 0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0];
        out.extend(b"070701");
        for number in numbers {
            out.extend(format!("{number:08X}").bytes());
        }
        for part in [format!("{name}\0"), content.to_owned()] {
            out.extend(part.bytes());
            out.resize(out.len().next_multiple_of(4), 0);
        }
    }
    out
}

/// A machine that says nothing for so long is stuck; one under emulation on a busy host takes a minute.
const SILENCE: Duration = Duration::from_mins(5);
