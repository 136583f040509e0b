//! What an operator does at a node: looks, switches, waits, and is told how it ended.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::stage::daemon::Daemon;
use crate::stage::ferric::Ferric;

const SLOW: &str = "[fake]\npower_delay = \"1\"\n";

#[test]
fn what_commands_change_is_shown_where_they_send_one() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    let told = ferric.ok(&["node", "boot-mode", "n1", "uefi"]);
    assert!(told.contains("`ferric node wait n1`"), "{told}");
    ferric.ok(&["node", "wait", "n1", "--timeout", "60"]);
    ferric.ok(&["node", "secure-boot", "n1", "on", "--wait", "60"]);
    ferric.ok(&["node", "trait", "add", "n1", "CUSTOM_A"]);
    ferric.ok(&["node", "raid", "n1", r#"{"logical_disks": [{"size_gb": 10, "raid_level": "1"}]}"#]);
    ferric.ok(&[
        "node",
        "set",
        "n1",
        "retired=true",
        "retired_reason=old",
        "shard=s2",
        "automated_clean=false",
    ]);
    let shown = ferric.ok(&["node", "show", "n1"]);
    for line in [
        "boot mode           uefi",
        "secure boot         on",
        "traits              CUSTOM_A",
        "target              RAID 1 of 10 GiB",
        "retired             yes: old",
        "shard               s2",
        "automated cleaning  off",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains("protected"), "{shown}");
}

#[test]
fn a_plan_is_shown_before_it_is_asked_for() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    let told = ferric.told(&["node", "plan", "n1", "deploy"]);
    assert_eq!(told.code, 1, "{}", told.out);
    assert!(told.out.starts_with("would be refused: "), "{}", told.out);
    ferric.ok(&["node", "manage", "n1", "--wait", "60"]);
    let steps = r#"[{"interface": "deploy", "step": "fake_slow", "args": {"seconds": 1}}]"#;
    let shown = ferric.ok(&["node", "plan", "n1", "clean", "--steps", steps]);
    for part in [
        "manual cleaning, to manageable",
        "deploy.fake_slow",
        "request",
        "{\"seconds\":1}",
        "starts of the machine: 0",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let told = ferric.json(&["node", "plan", "n1", "clean"]);
    assert_eq!(told["runs"][0]["ends_in"], "available", "{told}");
    assert_eq!(ferric.json(&["node", "show", "n1"])["provision_state"], "manageable", "nothing is touched");
}

#[test]
fn power_is_waited_for_and_nothing_is_left_to_wait_for_then() {
    let mut config = tempfile::NamedTempFile::new().unwrap();
    config.write_all(SLOW.as_bytes()).unwrap();
    let daemon = Daemon::start_with(&["--config", config.path().to_str().unwrap()]);
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    ferric.ok(&["node", "power", "n1", "on", "--wait", "60"]);
    assert_eq!(ferric.json(&["node", "show", "n1"])["power_state"], "power on");
    ferric.ok(&["node", "power", "n1", "off"]);
    let seen = ferric.ok(&["node", "wait", "n1", "--timeout", "60"]);
    assert!(seen.contains("power on -> off") && seen.trim_end().ends_with("power off"), "{seen}");
    assert_eq!(ferric.json(&["node", "show", "n1"])["power_state"], "power off");
    assert_eq!(ferric.ok(&["node", "wait", "n1", "--timeout", "60"]).lines().count(), 1);
}

#[test]
fn a_verification_that_failed_in_a_step_is_told_at_the_end_of_the_wait() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    let create =
        ["node", "create", "n1", "--driver", "fake-hardware", "--driver-info", "fake_verify_error=boom"];
    ferric.ok(&create);
    let told = ferric.told(&["node", "manage", "n1", "--wait", "60"]);
    assert_eq!(told.code, 4, "{told:?}");
    let last = told.out.lines().last().unwrap();
    assert!(
        last.contains("n1  manageable") && last.contains("boom. It becomes manageable all the same"),
        "{told:?}"
    );
}

#[test]
fn nodes_inside_others_are_listed_when_asked_for() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware", "--resource-class", "gpu"]);
    let parent = ferric.json(&["node", "show", "n1"])["uuid"].as_str().unwrap().to_owned();
    ferric.ok(&[
        "node",
        "create",
        "card",
        "--driver",
        "fake-hardware",
        "--set",
        &format!("parent_node={parent}"),
    ]);
    let names = |more: &[&str]| {
        let rows = ferric.json(&[&["node", "list", "--fields", "name"], more].concat());
        let rows = rows["nodes"].as_array().unwrap().clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["n1"]);
    assert_eq!(names(&["--include-children"]), ["n1", "card"]);
    assert_eq!(names(&["--parent-node", "n1"]), ["card"]);
    assert_eq!(names(&["--resource-class", "gpu", "--unassociated", "--retired=false"]), ["n1"]);
    assert!(names(&["--owner", "nobody"]).is_empty());
    assert!(ferric.ok(&["node", "children", "n1"]).contains("card"));
    assert!(ferric.ok(&["node", "list", "--long"]).lines().next().unwrap().contains("class"));
}

#[test]
fn who_leaves_a_wait_on_a_hold_is_told_that_the_work_goes_on() {
    let daemon = Daemon::start();
    let ferric = Ferric::at(&daemon);
    ferric.ok(&["node", "create", "n1", "--driver", "fake-hardware"]);
    ferric.ok(&["node", "manage", "n1", "--wait", "60"]);
    ferric.ok(&["node", "clean", "n1", "--steps", r#"[{"interface": "power", "step": "hold"}]"#]);
    ferric.ok(&["node", "wait", "n1", "--for", "clean hold", "--timeout", "60"]);
    assert!(ferric.ok(&["node", "show", "n1"]).contains("a person: `ferric node unhold n1`"));
    let mut wait = Command::new(env!("CARGO_BIN_EXE_ferric"));
    wait.env_clear().env("FERRIC_URL", daemon.url()).args(["node", "wait", "n1"]);
    let mut wait = wait.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(wait.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("waits for a person: `ferric node unhold n1` lets it go on"), "{line}");
    kill(Pid::from_raw(wait.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let ended = wait.wait_with_output().unwrap();
    assert_eq!(ended.status.signal(), Some(2), "{ended:?}");
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(told.contains("the work goes on: `ferric node wait n1` follows it"), "{told}");
    ferric.ok(&["node", "unhold", "n1", "--wait", "60"]);
    assert_eq!(ferric.json(&["node", "show", "n1"])["provision_state"], "manageable");
}
