//! Completions in a real bash, and manual pages as man renders them.

use std::process::Command;

use tempfile::TempDir;

fn ferric(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_ferric")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What bash offers behind these words; the last is what is typed so far.
fn offered(script: &str, words: &[&str]) -> Vec<String> {
    let play = r#"
        . "$1"; shift
        complete -p ferric >/dev/null || exit 1
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _ferric ferric "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let output =
        Command::new("bash").args(["--norc", "-c", play, "bash", script]).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let home = TempDir::new().unwrap();
    let script = home.path().join("ferric.bash");
    std::fs::write(&script, ferric(&["completions", "bash"])).unwrap();
    let script = script.to_str().unwrap();
    assert_eq!(offered(script, &["ferric", "portg"]), ["portgroup"]);
    for (words, wanted) in [
        (&["ferric", "volume", ""][..], "connector"),
        (&["ferric", "port", ""], "create"),
        (&["ferric", "port", "create", "--phys"], "--physical-network"),
        (&["ferric", "volume", "target", "create", "--bo"], "--boot-index"),
        (&["ferric", "node", "boot-device", ""], "set"),
        (&["ferric", "runbook", "trait", ""], "add"),
        (&["ferric", "completions", ""], "fish"),
        (&["ferric", "allocation", "list", "--state", ""], "allocating"),
    ] {
        let found = offered(script, words);
        assert!(found.iter().any(|word| word == wanted), "{words:?}: {found:?}");
    }
}

#[test]
fn man_renders_every_page_without_a_warning() {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("man1");
    ferric(&["man", "--dir", dir.to_str().unwrap()]);
    if Command::new("groff").arg("--version").output().is_err() {
        eprintln!("left out: groff is not installed, so no page is rendered");
        return;
    }
    let mut count = 0;
    for page in std::fs::read_dir(&dir).unwrap() {
        let page = page.unwrap().path();
        let output =
            Command::new("groff").args(["-man", "-Tutf8", "-ww", "-P-cbou"]).arg(&page).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{}: {told}", page.display());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("SYNOPSIS") && text.contains("EXAMPLES"), "{}: {text}", page.display());
        count += 1;
    }
    assert!(count > 120, "{count}");
}
