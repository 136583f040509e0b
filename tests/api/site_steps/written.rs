//! Manifests that are not taken, and the folder read again.

use serde_json::json;

use crate::site_steps::{Folder, clean, manageable};

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_manifest_keeps_no_other_from_being_taken_and_a_reload_takes_the_mended_one() {
    let folder = Folder::new();
    folder.step("good", "", r#"echo '{"turn": "done"}'"#);
    folder.script("bad", r#"echo '{"turn": "done"}'"#);
    folder.manifest("bad", "interface='vendor'\nstep='bad'\nkinds=['clean']\nagian='repeat'");
    let rack = folder.rack().await;
    let node = manageable(&rack, json!({"name": "n1"})).await;
    assert_eq!(clean(&rack, &node, "good", json!({})).await.0, "manageable");
    let (state, why) = clean(&rack, &node, "bad", json!({})).await;
    assert!(state == "clean failed" && why.contains("vendor.bad"), "{state} {why}");
    folder.manifest("bad", "interface='vendor'\nstep='bad'\nkinds=['clean']\nagain='repeat'");
    rack.reload().await;
    rack.go(&node, "manage").await;
    assert_eq!(clean(&rack, &node, "bad", json!({})).await, ("manageable".to_owned(), String::new()));
}

#[test]
fn the_command_line_says_what_a_daemon_would() {
    let folder = Folder::new();
    folder.step("good", "", r#"grep -q '"phase":"look"' && echo '{"turn": "done"}'"#);
    folder.script("tell", "echo '{}'");
    folder.manifest("tell", "type='hook'\nafter='*'\nagain='repeat'\n");
    let check = |arguments: &[&std::path::Path]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ferric"));
        let told = command.args(["steps", "check"]).args(arguments).output().unwrap();
        (told.status.code().unwrap(), String::from_utf8(told.stdout).unwrap())
    };
    let (code, said) = check(&[folder.path()]);
    assert_eq!(code, 0, "{said}");
    for line in
        ["good.toml: step vendor.good (clean 0)", "tell.toml: hook after every step (clean, deploy, service)"]
    {
        assert!(said.contains(line), "{said}");
    }
    let question = folder.path().join("question.json");
    std::fs::write(&question, r#"{"phase":"look"}"#).unwrap();
    let look = std::path::Path::new("--look");
    let (code, said) = check(&[&folder.path().join("good.toml"), look, &question]);
    assert_eq!((code, said.lines().last()), (0, Some(r#"{"turn": "done"}"#)), "{said}");
    let (code, said) = check(&[&folder.path().join("tell.toml"), look, &question]);
    assert!(code == 1 && said.contains("names no turn"), "{said}");
    folder.manifest("bad", "interface='vendor'");
    let (code, said) = check(&[folder.path()]);
    assert!(code == 1 && said.contains("bad.toml: refused: step is missing"), "{said}");
}
