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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_and_what_is_refused_is_listed_with_the_reason() {
    let folder = Folder::new();
    folder.step(
        "burn",
        "priority=50\ntimeout=7\n[args.hours]\ndescription='how long'\nrequired=false\n",
        "true",
    );
    folder.script("tell", "true");
    folder.manifest("tell", "type='hook'\nafter='vendor.burn'\nkinds=['clean']\nagain='never'\n");
    folder.manifest("wrong", "interface='vendor'\nstep='wrong'\nkinds=['clean']\n");
    let rack = folder.rack().await;
    let listed = async || rack.get("/ferric/v1/steps").await.body["steps"].clone();
    let steps = listed().await;
    let [burn, tell, wrong] = &steps.as_array().unwrap()[..] else { panic!("{steps}") };
    assert_eq!(
        (&burn["type"], &burn["refused"], &burn["name"]),
        (&json!("step"), &json!(null), &json!("vendor.burn"))
    );
    assert_eq!(
        (&burn["kinds"], &burn["timeout"], &burn["again"]),
        (&json!({"clean": 50}), &json!(7), &json!("repeat"))
    );
    assert_eq!(burn["args"], json!({"hours": {"description": "how long", "required": false}}));
    assert_eq!(
        (&tell["type"], &tell["after"], &tell["again"]),
        (&json!("hook"), &json!("vendor.burn"), &json!("never"))
    );
    assert!(wrong["file"].as_str().unwrap().ends_with("/wrong.toml"));
    assert!(
        wrong["type"].is_null() && wrong["refused"].as_str().unwrap().contains("again is missing"),
        "{wrong}"
    );
    folder.manifest("wrong", "interface='vendor'\nstep='wrong'\nkinds=['clean']\nagain='repeat'\n");
    folder.script("wrong", "true");
    rack.reload().await;
    assert_eq!(listed().await[2]["name"], "vendor.wrong");
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
