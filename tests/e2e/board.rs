//! The boards are data that parses, and the machines of these tests are made from them.

use std::process::Command;

use crate::recipe;
use crate::recipe::ARM;
use crate::recipe::Board;
use crate::recipe::REFERENCE;

#[test]
fn each_board_says_what_a_machine_is_made_of() {
    assert_eq!((REFERENCE.ask("arch").as_str(), ARM.ask("arch").as_str()), ("x86_64", "aarch64"));
    says_what_a_machine_is_made_of(REFERENCE);
    says_what_a_machine_is_made_of(ARM);
}

fn says_what_a_machine_is_made_of(board: Board) {
    for key in ["machine.type", "machine.cpu", "machine.memory", "disk.device", "disk.size", "nic.device"] {
        assert!(!board.ask(key).is_empty(), "{key}");
    }
    let cmdline = board.ask("cmdline");
    let console = format!("console={},{}", board.ask("console.device"), board.ask("console.speed"));
    assert!(cmdline.split(' ').any(|word| word == console), "{cmdline}");
    let options = board.ask("kernel.config");
    assert!(options.lines().all(|line| line.starts_with("CONFIG_") && line.contains('=')), "{options}");
    assert!(options.contains("CONFIG_RD_ZSTD=y"), "what the ramdisk is packed with: {options}");
}

#[test]
fn their_partitions_are_taken_by_systemd() {
    partitions_are_taken(REFERENCE);
    partitions_are_taken(ARM);
}

fn partitions_are_taken(board: Board) {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let Ok(done) = Command::new("systemd-repart")
        .args(["--empty=create", "--size=8G", "--dry-run=yes", "--no-pager"])
        .arg("--definitions")
        .arg(board.folder().join("repart.d"))
        .arg(&disk)
        .output()
    else {
        eprintln!("left out: there is no systemd-repart here");
        return;
    };
    let said = String::from_utf8_lossy(&done.stdout);
    let complained = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{complained}");
    for label in ["esp", "root", "data"] {
        assert!(said.contains(label), "{label} in {said}");
    }
}

#[test]
fn the_key_of_the_recipe_is_the_same_each_time_and_another_board_is_refused() {
    let key = recipe::build(&["key"]);
    assert_eq!(key.trim().len(), 16);
    assert_eq!(recipe::build(&["key", "--arch", "x86_64"]), key);
    assert_ne!(recipe::build(&["key", "--arch", "aarch64"]), key);
    let script = recipe::root().join("image/build");
    let done = Command::new(script).args(["key", "--board", "nowhere"]).output().unwrap();
    assert!(!done.status.success());
    assert!(String::from_utf8_lossy(&done.stderr).contains("no board/nowhere"));
}
