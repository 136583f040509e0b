//! The unit file and its companions, judged by systemd's own tools.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

#[test]
fn systemd_finds_no_fault_in_the_unit() {
    let folder = TempDir::new().unwrap();
    let unit = fs::read_to_string(shipped("ferric.service")).unwrap();
    // The binary need not be installed where the test runs; every other line is verified as shipped.
    let here = unit.replace("ExecStart=/usr/bin/ferric", concat!("ExecStart=", env!("CARGO_BIN_EXE_ferric")));
    assert_ne!(here, unit, "ExecStart is not where this test looks for it");
    let copy = folder.path().join("ferric.service");
    fs::write(&copy, here).unwrap();
    let said = ok(Command::new("systemd-analyze").arg("verify").arg(&copy));
    assert_eq!(said, "", "systemd-analyze verify complains");
}

#[test]
fn the_sandbox_keeps_exposure_at_two_or_under() {
    let mut judge = Command::new("systemd-analyze");
    judge.args(["security", "--no-pager", "--offline=true", "--threshold=20"]).arg(shipped("ferric.service"));
    let said = ok(&mut judge);
    assert!(said.contains("Overall exposure level"), "{said}");
}

#[test]
fn only_low_ports_and_raw_frames_are_granted() {
    let unit = fs::read_to_string(shipped("ferric.service")).unwrap();
    for line in ["AmbientCapabilities=", "CapabilityBoundingSet="] {
        let line = format!("{line}CAP_NET_BIND_SERVICE CAP_NET_RAW");
        assert!(unit.lines().any(|own| own == line), "no line {line}");
    }
    assert_eq!(unit.matches("CAP_").count(), 4, "another capability is named");
}

#[test]
fn a_new_machine_gets_the_user_the_folder_and_an_enabled_service() {
    let root = TempDir::new().unwrap();
    install(root.path(), "sysusers.d/ferric.conf", "usr/lib/sysusers.d");
    install(root.path(), "tmpfiles.d/ferric.conf", "usr/lib/tmpfiles.d");
    install(root.path(), "90-ferric.preset", "usr/lib/systemd/system-preset");
    install(root.path(), "ferric.service", "usr/lib/systemd/system");
    fs::create_dir_all(root.path().join("etc")).unwrap();
    let at = format!("--root={}", root.path().display());

    ok(Command::new("systemctl").args([&at, "preset", "ferric.service"]));
    assert_eq!(ok(Command::new("systemctl").args([&at, "is-enabled", "ferric.service"])).trim(), "enabled");

    if !nix::unistd::geteuid().is_root() {
        return; // users and owners are root's to make, even below another root
    }
    ok(Command::new("systemd-sysusers").arg(&at));
    let users = fs::read_to_string(root.path().join("etc/passwd")).unwrap();
    let user = users.lines().find(|line| line.starts_with("ferric:")).expect("no user ferric");
    assert!(user.contains(":/var/lib/ferric:") && user.ends_with("nologin"), "{user}");
    ok(Command::new("systemd-tmpfiles").args([&at, "--create"]));
    let folder = fs::metadata(root.path().join("etc/ferric")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o7777, 0o750);
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd").join(name)
}

fn install(root: &Path, name: &str, folder: &str) {
    let folder = root.join(folder);
    fs::create_dir_all(&folder).unwrap();
    let from = shipped(name);
    fs::copy(&from, folder.join(from.file_name().unwrap())).unwrap();
}

/// Runs it; it must succeed. What it said, on both outputs.
fn ok(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run installs systemd"));
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    said
}
