//! A small disk image that says on the serial line that it was booted: by its master boot record under BIOS, by
//! Debian's signed shim and GRUB on its ESP under UEFI, with Secure Boot or without. Besides
//! these it has a root file system, as an image for servers has.

use std::fs;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::recipe;
use crate::recipe::ARM;
use crate::recipe::Board;
use crate::recipe::REFERENCE;

/// What the deployed system says under BIOS.
pub const BIOS_LINE: &str = "DEPLOYED-AND-BOOTED-BY-BIOS";
/// What the deployed system says under UEFI.
pub const UEFI_LINE: &str = "DEPLOYED-AND-BOOTED-BY-UEFI";

/// Makes it in this folder.
pub fn make(folder: &Path, board: Board) -> PathBuf {
    let image = folder.join("system.raw");
    let name = image.to_str().unwrap();
    File::create(&image).unwrap().set_len(SIZE).unwrap();
    run(&format!("sgdisk -o -n 1:2048:+12M -t 1:ef00 -c 1:ESP -n 2:0:+8M -t 2:8300 -c 2:root {name}"));
    let disk = File::options().write(true).open(&image).unwrap();
    disk.write_all_at(&esp(folder, board), ESP_AT).unwrap();
    disk.write_all_at(&root(folder), ESP_AT + ESP_SIZE).unwrap();
    disk.write_all_at(&boot_code(), 0).unwrap();
    // Some BIOSes refuse a disk without an active partition.
    disk.write_all_at(&[0x80], 446).unwrap();
    image
}

/// Whether the root file system of a disk that the image was written to has this text somewhere.
pub fn root_has(disk: &Path, text: &str) -> bool {
    let mut root = vec![0; usize::try_from(SIZE - ESP_AT - ESP_SIZE).unwrap()];
    File::open(disk).unwrap().read_exact_at(&mut root, ESP_AT + ESP_SIZE).unwrap();
    root.windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

/// A FAT file system with the loaders of removable media, and the script where Debian's GRUB looks for it.
fn esp(folder: &Path, board: Board) -> Vec<u8> {
    let home = folder.to_str().unwrap();
    fs::write(folder.join("grub.cfg"), format!("echo {UEFI_LINE}\necho halting\nhalt\n")).unwrap();
    run(&format!("mkfs.vfat -F 16 -n ESP -C {home}/esp {}", ESP_SIZE / 1024));
    run(&format!("mmd -i {home}/esp ::EFI ::EFI/BOOT ::EFI/debian ::boot ::boot/grub"));
    if board == ARM {
        let loaders = recipe::made("loaders");
        let loaders = loaders.display();
        run(&format!("mcopy -i {home}/esp {loaders}/bootaa64.efi ::EFI/BOOT/BOOTAA64.EFI"));
        run(&format!("mcopy -i {home}/esp {loaders}/gcdaa64.efi ::EFI/BOOT/grubaa64.efi"));
    } else {
        run(&format!("mcopy -i {home}/esp {SHIM} ::EFI/BOOT/BOOTX64.EFI"));
        run(&format!("mcopy -i {home}/esp {GRUB} ::EFI/BOOT/grubx64.efi"));
    }
    // Where the one for disks looks, and the one for CDs.
    for place in ["EFI/debian", "boot/grub"] {
        run(&format!("mcopy -i {home}/esp {home}/grub.cfg ::{place}/grub.cfg"));
    }
    fs::read(folder.join("esp")).unwrap()
}

fn root(folder: &Path) -> Vec<u8> {
    let home = folder.to_str().unwrap();
    fs::create_dir_all(folder.join("tree/etc")).unwrap();
    fs::write(folder.join("tree/etc/os-release"), "ID=e2e\nNAME=\"A deployed system\"\n").unwrap();
    run(&format!("mke2fs -q -t ext4 -L root -d {home}/tree {home}/root 8M"));
    fs::read(folder.join("root")).unwrap()
}

/// Sends a text to the first serial port, byte by byte when its buffer is empty, and stops.
fn boot_code() -> Vec<u8> {
    #[rustfmt::skip]
    let code: &[u8] = &[
        0x31, 0xc0,             //       xor  ax, ax
        0x8e, 0xd8,             //       mov  ds, ax
        0xbe, 0x21, 0x7c,       //       mov  si, text
        0xac,                   // next: lodsb
        0x84, 0xc0,             //       test al, al
        0x74, 0x12,             //       jz   stop
        0x88, 0xc3,             //       mov  bl, al
        0xba, 0xfd, 0x03,       //       mov  dx, 3fdh
        0xec,                   // wait: in   al, dx
        0xa8, 0x20,             //       test al, 20h
        0x74, 0xfb,             //       jz   wait
        0x88, 0xd8,             //       mov  al, bl
        0xba, 0xf8, 0x03,       //       mov  dx, 3f8h
        0xee,                   //       out  dx, al
        0xeb, 0xe9,             //       jmp  next
        0xf4,                   // stop: hlt
        0xeb, 0xfd,             //       jmp  stop
    ];
    let code = [code, b"\r\n", BIOS_LINE.as_bytes(), b"\r\n\0"].concat();
    assert!(code.len() < 440, "the partition table begins there");
    code
}

/// Runs a command; words are apart by blanks.
fn run(line: &str) {
    let mut words = line.split_whitespace();
    let program = words.next().unwrap();
    let done = Command::new(program).args(words).stdin(Stdio::null()).output();
    let done = done.unwrap_or_else(|error| panic!("{program}: {error}: run tests/run e2e, it installs it"));
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Where Debian's packages shim-signed and grub-efi-amd64-signed have them.
const SHIM: &str = "/usr/lib/shim/shimx64.efi.signed";
const GRUB: &str = "/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed";
const SIZE: u64 = 24 << 20;
/// Where the first partition begins, and its bytes.
const ESP_AT: u64 = 2048 * 512;
const ESP_SIZE: u64 = 12 << 20;

#[test]
#[ignore = "needs tools of file systems: run by tests/run e2e"]
fn the_image_has_its_line_in_its_boot_record_and_both_file_systems() {
    let folder = tempfile::tempdir().unwrap();
    let image = fs::read(make(folder.path(), REFERENCE)).unwrap();
    let has = |part: &[u8], text: &str| part.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(has(&image[..440], BIOS_LINE) && image[510..512] == [0x55, 0xaa]);
    let esp = usize::try_from(ESP_AT).unwrap();
    assert!(has(&image[esp..esp + 512], "FAT16"));
    let root = esp + usize::try_from(ESP_SIZE).unwrap();
    assert_eq!(image[root + 1024 + 56..][..2], [0x53, 0xef], "ext4's magic");
}
