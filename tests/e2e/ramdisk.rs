//! The ramdisk as `image/build` made it.

use std::fs;

use ferric::wire::boot_file::BootFile;

use crate::recipe;
use crate::recipe::ARM;
use crate::recipe::Board;
use crate::recipe::REFERENCE;

#[test]
#[ignore = "needs the ramdisk: run by tests/run e2e"]
fn the_ramdisks_are_small_and_say_what_is_in_them() {
    is_small_and_says_what_is_in_it(REFERENCE);
    is_small_and_says_what_is_in_it(ARM);
}

fn is_small_and_says_what_is_in_it(board: Board) {
    let made = board.ramdisk();
    let ramdisk = fs::read(made.join("ramdisk")).unwrap();
    assert!(ramdisk.len() < 64 << 20, "{} bytes", ramdisk.len());
    assert_eq!(BootFile::of(&ramdisk), Some(BootFile::Ramdisk("zstd")));
    let kernel = fs::read(made.join("kernel")).unwrap();
    let Some(BootFile::Kernel(arch)) = BootFile::of(&kernel) else { panic!("{board:?} has no kernel") };
    assert_eq!(arch, board.ask("arch"));
    let manifest = fs::read_to_string(made.join("manifest")).unwrap();
    for line in ["deb linux-image-", "deb busybox ", "wheel ironic_python_agent-", "recipe overlay/init "] {
        assert!(manifest.lines().any(|one| one.starts_with(line)), "{line}");
    }
    assert_eq!(fs::read_to_string(made.join("cmdline")).unwrap().trim(), board.ask("cmdline"));
    let version = fs::read_to_string(made.join("version")).unwrap();
    assert!(version.starts_with(&format!("{}+", env!("CARGO_PKG_VERSION"))), "{version}");
}

#[test]
#[ignore = "builds it twice, some ten minutes: run by tests/run e2e"]
fn two_builds_of_the_ramdisk_are_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("ramdisk");
    let said = recipe::build(&["ramdisk", "--check", "--out", out.to_str().unwrap()]);
    assert!(said.contains("built twice, the same bytes"), "{said}");
}

#[test]
#[ignore = "fetches packages: run by tests/run e2e"]
fn the_loaders_are_collected_with_their_licences() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("loaders");
    recipe::build(&["loaders", "--out", out.to_str().unwrap()]);
    for name in ["undionly.kpxe", "snponly.efi", "pxelinux.0", "bootx64.efi", "grubx64.efi", "bootaa64.efi"] {
        assert!(fs::metadata(out.join(name)).unwrap().len() > 10_000, "{name}");
    }
    for package in ["ipxe", "pxelinux", "shim-signed", "grub-efi-amd64-signed"] {
        assert!(out.join("licences").join(package).is_file(), "{package}");
    }
}
