//! Somebody loses patience with `ferric demo`.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Kills the demo if the test breaks off.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok(); // it may have ended by itself
        self.0.wait().ok();
    }
}

/// Starts a demo, sends it the signal at the first line with this text, and gives its exit code and what it said then.
fn interrupted(options: &[&str], at: &str, signal: &str) -> (Option<i32>, String) {
    let home = TempDir::new().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_ferric"))
        .args(["demo", "--servers", "1"])
        .args(options)
        .env("TMPDIR", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut demo = Running(child);
    let mut said = BufReader::new(demo.0.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(at) {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it ended without saying {at:?}");
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "its folder");
    let told = Command::new("/bin/kill").args([signal, &demo.0.id().to_string()]).status().unwrap();
    assert!(told.success());
    // The end comes when nobody holds the pipe any more: neither the demo nor a child that it left behind.
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let code = demo.0.wait().unwrap().code();
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    (code, rest)
}

#[test]
fn a_demo_that_is_interrupted_removes_everything_and_says_by_which_signal_it_ended() {
    for (at, signal, code) in
        [("Starting", "-INT", 130), ("demo-1", "-INT", 130), ("The API is at", "-TERM", 143)]
    {
        let (ended, rest) = interrupted(&[], at, signal);
        assert_eq!(ended, Some(code), "{signal} at {at:?}: {rest}");
        assert!(rest.contains("removing everything"), "{signal} at {at:?}: {rest}");
    }
}

#[test]
fn a_demo_that_stays_up_is_ended_by_ctrl_c_and_has_done_well() {
    let (ended, rest) = interrupted(&["--keep"], "Ctrl-C ends it", "-INT");
    assert_eq!(ended, Some(0), "{rest}");
    assert!(rest.contains("removing everything"), "{rest}");
}

#[test]
fn a_demo_without_its_temporary_folder_names_it_and_makes_none() {
    let home = TempDir::new().unwrap();
    let missing = home.path().join("missing");
    let demo =
        Command::new(env!("CARGO_BIN_EXE_ferric")).arg("demo").env("TMPDIR", &missing).output().unwrap();
    let told = String::from_utf8_lossy(&demo.stderr).into_owned();
    assert_eq!(demo.status.code(), Some(1), "{told}");
    assert!(told.contains(missing.to_str().unwrap()) && told.contains("TMPDIR"), "{told}");
    assert!(!missing.exists());
}
