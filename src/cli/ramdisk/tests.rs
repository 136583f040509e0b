use std::fs;
use std::path::Path;

use clap::Parser;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::*;
use crate::cli::arguments::{Arguments, Command};
use crate::cli::node::tests::{Answers, Hasty};
use crate::cli::session::Payload;

/// A folder as `image/build` makes it: with other files beside the pair.
fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut kernel = vec![0; 100_000];
    kernel[0x202..0x208].copy_from_slice(b"HdrS\x0f\x02");
    kernel[0x236] = 1;
    let ramdisk = [b"\x28\xb5\x2f\xfd".as_slice(), &vec![7; 1_500_000]].concat();
    let files: [(&str, &[u8]); 5] = [
        ("kernel", &kernel),
        ("ramdisk", &ramdisk),
        ("version", b"0.1.0+abc\n"),
        ("cmdline", b"panic=20 console=ttyS0\n"),
        ("manifest", b"deb a\n"),
    ];
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

async fn play(answers: &Answers, words: &[&str]) -> (u8, String, String) {
    let line = ["ferric", "ramdisk"].iter().chain(words);
    let Command::Ramdisk(arguments) = Arguments::try_parse_from(line).unwrap().command else {
        panic!("not a ramdisk command")
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (mut console, clock) = (Console::plain(&mut out, &mut err), Hasty::default());
    let (console, url, json) = (&mut console, "http://api", arguments.json);
    let mut session = Session { link: answers, console, clock: &clock, url, json, heard: None };
    let verb = verb(&arguments.command);
    let exit = match obey(&mut session, &arguments.command).await {
        Ok(exit) => exit,
        Err(error) => report(session.console, &error, verb, None),
    };
    (exit.code(), String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// Start and length of each slice that was sent.
fn slices(answers: &Answers) -> Vec<(u64, usize)> {
    let sent = answers.asked().into_iter();
    sent.filter_map(|request| match request.body {
        Payload::Slice(slice) => Some((slice.start, slice.bytes.len())),
        Payload::Nothing | Payload::Json(_) => None,
    })
    .collect()
}

const NONE: &str = r#"{"received": 0, "complete": false}"#;
const ALL: &str = r#"{"received": 1500004, "complete": true}"#;
const KERNEL: &str = r#"{"received": 100000, "complete": true}"#;
const HALF: &str = r#"{"received": 1048576, "complete": false}"#;

#[tokio::test]
async fn a_folder_is_imported_in_slices_under_its_version() {
    let folder = made();
    let answers =
        Answers::new([(200, NONE), (201, KERNEL), (200, NONE), (202, HALF), (201, ALL), (200, "{}")]);
    let (code, out, _) = play(&answers, &["import", folder.path().to_str().unwrap()]).await;
    assert_eq!((code, out.as_str()), (0, "x86_64 machines boot it from now on\n"));
    assert_eq!(slices(&answers), [(0, 100_000), (0, 1 << 20), (1 << 20, 1_500_004 - (1 << 20))]);
    let last = answers.asked().pop().unwrap();
    assert_eq!(last.path, "/ferric/v1/ramdisks/x86_64");
    let Payload::Json(body) = last.body else { panic!("no JSON") };
    assert_eq!((&body["name"], &body["cmdline"]), (&json!("0.1.0+abc"), &json!("panic=20 console=ttyS0")));
    assert!(body["kernel"].as_str().is_some_and(|hash| hash.len() == 64));
}

#[tokio::test]
async fn a_broken_line_goes_on_from_what_arrived() {
    let folder = made();
    let busy = r#"{"faultstring": "the slice begins elsewhere"}"#;
    let answers = Answers::new([
        (200, KERNEL),
        (200, NONE),
        (409, busy),
        (200, HALF),
        (503, busy),
        (200, HALF),
        (201, ALL),
        (200, "{}"),
    ]);
    let (code, _, err) = play(&answers, &["import", folder.path().to_str().unwrap()]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(slices(&answers).last(), Some(&(1 << 20, 1_500_004 - (1 << 20))));
    assert!(err.contains("going on in 3 s") && err.contains("ramdisk: 1.4 MiB of 1.4 MiB"), "{err}");
}

#[tokio::test]
async fn a_file_that_is_not_the_one_its_folder_lists_is_not_sent() {
    let folder = made();
    let kernel = digest(&fs::read(folder.path().join("kernel")).unwrap());
    let lists = |ramdisk: &str| format!("{kernel}  kernel\n{ramdisk} *./ramdisk\nand a word\n");
    fs::write(folder.path().join("sha256sums"), lists(&"0".repeat(64))).unwrap();
    let words = ["import", folder.path().to_str().unwrap()];
    let (code, _, err) = play(&Answers::new([]), &words).await;
    assert!(code == 2 && err.contains("and sha256sums beside it says 0000"), "{code} {err}");
    let ramdisk = digest(&fs::read(folder.path().join("ramdisk")).unwrap());
    fs::write(folder.path().join("sha256sums"), lists(&ramdisk.to_uppercase())).unwrap();
    let answers = Answers::new([(200, KERNEL), (200, ALL), (200, "{}")]);
    assert_eq!(play(&answers, &words).await.0, 0);
}

#[tokio::test]
async fn what_cannot_get_better_ends_it() {
    let folder = made();
    let full = r#"{"faultstring": "the disk of this host is full"}"#;
    let answers = Answers::new([(200, NONE), (507, full)]);
    let (code, _, err) = play(&answers, &["import", folder.path().to_str().unwrap()]).await;
    assert_eq!(code, 1);
    assert!(err.contains("cannot import the ramdisk: the disk of this host is full"), "{err}");
}

#[tokio::test]
async fn files_that_make_no_pair_are_a_usage_error_and_nothing_is_asked() {
    let folder = made();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let empty = tempfile::tempdir().unwrap();
    let empty = empty.path().display().to_string();
    let other = made();
    fs::write(other.path().join("cmdline"), "|| reboot").unwrap();
    let other = other.path().display().to_string();
    for (words, told) in [
        (vec![path("kernel"), path("version")], "neither a kernel nor a ramdisk"),
        (vec![path("kernel")], "not exactly one ramdisk"),
        (vec![path("ramdisk"), path("ramdisk")], "not exactly one kernel"),
        (vec![path("gone"), path("ramdisk")], "cannot read"),
        (vec![empty], "not exactly one kernel"),
        (vec![other], "is no kernel parameter"),
    ] {
        let answers = Answers::new([]);
        let words: Vec<&str> = std::iter::once("import").chain(words.iter().map(String::as_str)).collect();
        let (code, _, err) = play(&answers, &words).await;
        assert_eq!((code, answers.asked().len()), (2, 0), "{words:?}");
        assert!(err.contains(told), "{words:?}: {err}");
    }
}

#[tokio::test]
async fn pairs_are_listed_and_shown() {
    let pair = json!({
        "arch": "x86_64", "name": "ours", "imported_at": "2026-11-20T19:47:03.271161+00:00",
        "kernel": {"size": 8_247_232, "sha256": "aa"}, "ramdisk": {"size": 53_000_000, "sha256": "bb"},
        "cmdline": "panic=20",
    });
    let answers = Answers::new([(200, json!({"ramdisks": [pair]}).to_string().as_str())]);
    let (_, out, _) = play(&answers, &["list"]).await;
    let rows: Vec<&str> = out.lines().collect();
    assert_eq!(rows[1], "x86_64  2026-11-20T19:47:03  7.8 MiB  50.5 MiB  ours");
    let answers = Answers::new([(200, pair.to_string().as_str())]);
    let (_, out, _) = play(&answers, &["show", "x86_64"]).await;
    assert!(out.contains("kernel    7.8 MiB, sha256:aa\n"), "{out}");
    assert!(out.contains("cmdline   panic=20\n"), "{out}");
    assert_eq!(answers.asked()[0].path, "/ferric/v1/ramdisks/x86_64");
}

#[test]
fn the_published_agent_images_are_found_by_content() {
    let folder = made();
    let rename = |from: &str, to: &str| fs::rename(folder.path().join(from), folder.path().join(to)).unwrap();
    rename("kernel", "tinyipa-stable.vmlinuz");
    rename("ramdisk", "tinyipa-stable.gz");
    let found = pair::find(&[folder.path().to_owned()]).unwrap();
    assert_eq!(found.kernel.file_name(), Path::new("tinyipa-stable.vmlinuz").file_name());
    assert_eq!(found.arch, "x86_64");
}

#[test]
fn a_kernel_for_another_processor_is_refused_before_anything_is_sent() {
    let folder = made();
    let found = pair::find(&[folder.path().to_owned()]).unwrap();
    assert_eq!((found.arch_as(None).unwrap(), found.arch_as(Some("x86_64")).unwrap()), ("x86_64", "x86_64"));
    for wanted in ["aarch64", "X86/64"] {
        let told = found.arch_as(Some(wanted)).unwrap_err().to_string();
        assert!(told.contains("x86_64 machines") && told.contains(wanted), "{told}");
    }
}
