//! Executables that hang, lie, flood, die, stay, reach out or vanish: each fails its own step with the reason, and
//! nothing else.
#![allow(clippy::disallowed_methods, reason = "real processes in real time")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::site_steps::{Folder, clean, manageable};

/// What the step `vendor.bad` ends with on node `n1`: the reason, which names node, step and file.
async fn failed(folder: &Folder) -> String {
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    let (state, why) = clean(&rack, &node, "bad", json!({})).await;
    assert_eq!(state, "clean failed", "{why}");
    for word in ["n1", "vendor.bad", "/bad", "manage and clean it again"] {
        assert!(why.contains(word), "{word}: {why}");
    }
    why
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lies_is_told_its_lie() {
    for (script, word) in [
        ("true", "said nothing on standard output"),
        ("echo fine", "no JSON"),
        (r#"echo '{"turn": "dance"}'"#, "there is no turn \"dance\""),
        (r#"echo '{"turn": "look_in", "after": -3}'"#, "after = -3"),
        (
            r#"printf '{"turn": "act", "memo": {"x": "'; head -c 5000 /dev/zero | tr '\0' x; echo '"}}'"#,
            "over the limit of 4096",
        ),
        (
            r#"echo '{"turn": "done"}'; echo 'no lamp' >&2; exit 3"#,
            "ended with exit code 3, and said: no lamp",
        ),
    ] {
        let folder = Folder::new();
        folder.step("bad", "", script);
        let why = failed(&folder).await;
        assert!(why.contains(word), "{word}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_never_done_is_given_up_when_its_time_is_over() {
    let folder = Folder::new();
    folder.step(
        "bad",
        "within = 2",
        r#"echo '{"turn": "look_in", "after": 1, "memo": {"progress": "the moon"}}'"#,
    );
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    let (state, why) = clean(&rack, &node, "bad", json!({})).await;
    assert_eq!(state, "clean failed", "{why}");
    for word in
        ["n1 failed in step vendor.bad", "waited for 2 s", "last it waited for the moon", "raise within"]
    {
        assert!(why.contains(word), "{word}: {why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_is_ended_with_all_that_it_has_started_and_stalls_nobody() {
    let folder = Folder::new();
    folder.step("bad", "timeout = 1", "trap '' TERM\nsleep 98765 &\nwhile :; do sleep 1; done");
    folder.step("good", "", r#"echo '{"turn": "done"}'"#);
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    let other = manageable(&rack, json!({"name": "n2"})).await;
    let asked = json!({"target": "clean", "clean_steps": [{"interface": "vendor", "step": "bad"}]});
    assert_eq!(crate::site_steps::ask(&rack, &node, asked.clone()).await.status, 202);
    let began = Instant::now();
    let good = json!({"target": "clean", "clean_steps": [{"interface": "vendor", "step": "good"}]});
    assert_eq!(crate::site_steps::ask(&rack, &other, good).await.status, 202);
    rack.until(&other, "manageable").await;
    assert!(began.elapsed() < Duration::from_secs(5), "the other waited: {:?}", began.elapsed());
    rack.rest().await;
    let (state, why) = crate::site_steps::told(&rack, &node).await;
    assert_eq!(state, "clean failed");
    assert!(why.contains("still at work after 1 s") && why.contains("raise timeout in"), "{why}");
    assert!(!is_running("sleep 98765"), "its child stayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_floods_or_dies_or_leaves_children_is_ended() {
    for (script, word) in [
        ("yes", "more than 64 KiB on standard output"),
        ("yes >&2", "more than 1 MiB on standard error"),
        ("kill -SEGV $$", "was ended by signal 11 (SIGSEGV)"),
        ("head -c 900000000 /dev/zero | tail -c 900000000", "memory exhausted"),
    ] {
        let folder = Folder::new();
        folder.step("bad", "timeout = 20", script);
        let why = failed(&folder).await;
        assert!(why.contains(word), "{word}: {why}");
    }
    let folder = Folder::new();
    let stays = "setsid sleep 87654 &\nnohup sleep 87654 &\necho '{\"turn\": \"done\"}'";
    folder.step("stays", "", stays);
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    let began = Instant::now();
    assert_eq!(clean(&rack, &node, "stays", json!({})).await.0, "manageable");
    assert!(began.elapsed() < Duration::from_secs(20), "it was waited for: {:?}", began.elapsed());
    assert!(!is_running("sleep 87654"), "its children stayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_reaches_out_finds_nothing_of_the_host() {
    let folder = Folder::new();
    let rack = folder.rack().await;
    let data = rack.home().join("data");
    let marks = [rack.home().join("mark"), folder.path().join("mark"), "/tmp/ferric-test-mark".into()];
    let touches = marks.iter().map(|mark| {
        let mark = mark.display();
        format!("touch {mark} 2>/dev/null && bad=\"$bad wrote {mark}\"")
    });
    let reads = [
        format!("ls {} >/dev/null 2>&1 && bad=\"$bad read-state\"", data.display()),
        format!("kill -0 {} 2>/dev/null && bad=\"$bad signal\"", std::process::id()),
    ];
    let script = touches.chain(reads).collect::<Vec<_>>().join("\n") + "\n" + REACHES;
    folder.step("reach", "", &script);
    rack.reload().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    assert_eq!(clean(&rack, &node, "reach", json!({})).await, ("manageable".to_owned(), String::new()));
    assert!(marks.iter().all(|mark| !mark.exists()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_vanishes_or_is_opened_to_others_is_not_run() {
    let folder = Folder::new();
    folder.step("bad", "", r#"echo '{"turn": "done"}'"#);
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    let file = folder.path().join("bad");
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let again = async || {
        let (state, why) = clean(&rack, &node, "bad", json!({})).await;
        assert_eq!(state, "clean failed", "{why}");
        let path = format!("/v1/nodes/{node}/maintenance");
        assert_eq!(rack.call("DELETE", &path, "1.115", None).await.status, 202);
        rack.go(&node, "manage").await;
        why
    };
    mode(0o757);
    let why = again().await;
    assert!(why.contains("may be written by others (mode 757): chmod go-w it"), "{why}");
    mode(0o644);
    let why = again().await;
    assert!(why.contains("is not executable: chmod 755"), "{why}");
    fs::remove_file(&file).unwrap();
    let why = again().await;
    assert!(why.contains("bad is not there"), "{why}");
    let known = json!({"target": "clean", "clean_steps": [{"interface": "vendor", "step": "bad"}]});
    // Once the manifest is gone too, nobody knows the step.
    fs::remove_file(folder.path().join("bad.toml")).unwrap();
    rack.reload().await;
    let refused = crate::site_steps::ask(&rack, &node, known).await;
    if refused.status == 202 {
        rack.rest().await;
    }
    let (_, why) = crate::site_steps::told(&rack, &node).await;
    assert!((refused.text() + &why).contains("vendor.bad"), "{refused:?} {why}");
}

/// Whether some process has this command line, and keeps it: one that is killed takes a moment to go.
fn is_running(line: &str) -> bool {
    let wanted = line.replace(' ', "\0");
    let is_there = || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
            .any(|told| String::from_utf8_lossy(&told).trim_end_matches('\0') == wanted)
    };
    let began = Instant::now();
    while is_there() {
        if began.elapsed() > Duration::from_secs(10) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// What is none of an executable's business, and what is.
const REACHES: &str = r#"
cat /etc/shadow >/dev/null 2>&1 && bad="$bad read-shadow"
ls /proc >/dev/null 2>&1 && bad="$bad read-proc"
python3 -c 'import socket; socket.socket()' 2>/dev/null && bad="$bad socket"
python3 -c 'import os; os.setsid()' 2>/dev/null && bad="$bad setsid"
unshare -U true 2>/dev/null && bad="$bad unshare"
env | grep -q CARGO && bad="$bad environment"
{ echo own > "$HOME/own" && cat own >/dev/null; } || bad="$bad no-home"
[ "$(id -u)" = 0 ] && bad="$bad root"
if [ -n "$bad" ]; then
    echo "{\"turn\": \"failed\", \"why\": \"$bad\"}"
else
    echo '{"turn": "done"}'
fi"#;
