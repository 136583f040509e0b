//! Ramdisks imported by the operator's command, into a daemon whose disk is small.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use crate::rack;
use crate::stage::daemon::Daemon;

/// A pair that looks like one; the ramdisk has so many MiB.
fn pair(folder: &Path, mib: usize) {
    fs::create_dir_all(folder).unwrap();
    let mut kernel = vec![0; 1 << 20];
    kernel[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    kernel[0x236] = 1;
    fs::write(folder.join("kernel"), kernel).unwrap();
    // cpio's last member has a content here: what fills the disk.
    let bytes = mib << 20;
    let init = format!("070701{:088}{:08X}{:08}init\0\0", 0, 5, 0);
    let header = format!("070701{:048}{bytes:08X}{:032}{:08X}{:08}", 0, 0, 11, 0);
    let archive = [init.as_bytes(), header.as_bytes(), b"TRAILER!!!\0\0\0\0", &vec![7; bytes]].concat();
    fs::write(folder.join("ramdisk"), archive).unwrap();
}

fn ramdisk(daemon: &Daemon, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferric"));
    command.args(["ramdisk", "--url", daemon.url()]).args(words).output().unwrap()
}

#[test]
#[ignore = "mounts a small disk: run by tests/run e2e"]
fn a_disk_that_fills_in_mid_import_leaves_the_pair_that_was_there() {
    rack::enter(0);
    let daemon = Daemon::start();
    let home = tempfile::tempdir().unwrap();
    let (small, large) = (home.path().join("small"), home.path().join("large"));
    pair(&small, 2);
    pair(&large, 30);
    let import =
        |folder: &Path, name: &str| ramdisk(&daemon, &["import", folder.to_str().unwrap(), "--name", name]);
    assert!(import(&small, "before").status.success());
    let uploads = daemon.data().join("ramdisks/uploads");
    rack::small_disk(&uploads, 20);
    let refused = import(&large, "after");
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("the disk of this host is full") && told.contains("uploads"), "{told}");
    let shown = String::from_utf8(ramdisk(&daemon, &["show", "x86_64"]).stdout).unwrap();
    assert!(shown.contains("before"), "{shown}");
    let left = fs::read_dir(&uploads).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert!(left.sum::<u64>() <= 1 << 20, "what filled it is gone");
}
