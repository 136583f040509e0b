//! Completions in a real bash, and manual pages as man renders them.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::stage::daemon::Daemon;
use crate::stage::ferric::Ferric;

fn ferric(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_ferric")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn written(home: &TempDir, shell: &str) -> String {
    let script = home.path().join(format!("ferric.{shell}"));
    std::fs::write(&script, ferric(&["completions", shell])).unwrap();
    script.to_str().unwrap().to_owned()
}

/// What bash offers behind these words; the last is what is typed so far.
fn offered(script: &str, url: Option<&str>, words: &[&str]) -> Vec<String> {
    let play = r#"
        . "$1"; shift
        asked=$(complete -p ferric) || exit 1
        asked=${asked#*-F }; asked=${asked%% *}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        "$asked" ferric "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let own = Path::new(env!("CARGO_BIN_EXE_ferric")).parent().unwrap().to_str().unwrap();
    let path = format!("{own}:{}", std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    // A port that nobody listens at: names are asked for, and nobody answers.
    bash.env("PATH", path).env("FERRIC_URL", url.unwrap_or("http://127.0.0.1:1"));
    let output = bash.args(["--norc", "-c", play, "bash", script]).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let home = TempDir::new().unwrap();
    let script = &written(&home, "bash");
    assert_eq!(offered(script, None, &["ferric", "portg"]), ["portgroup"]);
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
        let found = offered(script, None, words);
        assert!(found.iter().any(|word| word == wanted), "{words:?}: {found:?}");
    }
}

#[test]
fn bash_offers_values_whole_and_names_that_the_api_has() {
    let home = TempDir::new().unwrap();
    let script = &written(&home, "bash");
    assert_eq!(
        offered(script, None, &["ferric", "node", "wait", "n1", "--for", "wai"]),
        [r"wait\ call-back"]
    );
    let cleans = offered(script, None, &["ferric", "node", "list", "--state", "cle"]);
    assert_eq!(cleans, ["cleaning", r"clean\ wait", r"clean\ failed", r"clean\ hold"]);
    assert_eq!(offered(script, None, &["ferric", "token", "create", "--role", "op"]), ["operator"]);
    let daemon = Daemon::start();
    let node = Ferric::at(&daemon);
    for name in ["n1", "n2", "web"] {
        node.ok(&["node", "create", name, "--driver", "fake-hardware"]);
    }
    let names = |words: &[&str]| offered(script, Some(daemon.url()), words);
    assert_eq!(names(&["ferric", "node", "show", ""]), ["n1", "n2", "web"]);
    assert_eq!(names(&["ferric", "node", "manage", "n1", "w"]), ["web"]);
    assert_eq!(names(&["ferric", "node", "trait", "add", "n"]), ["n1", "n2"]);
    assert_eq!(names(&["ferric", "port", "list", "--node", "n"]), ["n1", "n2"]);
    assert_eq!(names(&["ferric", "node", "power", "n1", "of"]), ["off"]);
    assert!(names(&["ferric", "node", "create", "--driver", "fake"]).contains(&"fake-hardware".to_owned()));
    // Nobody is there to name any, and no file is offered instead.
    std::fs::write(home.path().join("n1.json"), "{}").unwrap();
    assert_eq!(offered(script, None, &["ferric", "node", "show", "n"]), Vec::<String>::new());
}

#[test]
fn zsh_and_fish_can_read_their_scripts() {
    let home = TempDir::new().unwrap();
    for shell in ["zsh", "fish"] {
        let script = written(&home, shell);
        let output = Command::new(shell).args(["-n", &script]).output();
        let output = output.unwrap_or_else(|error| panic!("{shell}: {error}; tests/run installs it"));
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn man_renders_every_page_without_a_warning() {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("man1");
    ferric(&["man", "--dir", dir.to_str().unwrap()]);
    let mut count = 0;
    for page in std::fs::read_dir(&dir).unwrap() {
        let page = page.unwrap().path();
        let output =
            Command::new("groff").args(["-man", "-Tutf8", "-ww", "-P-cbou"]).arg(&page).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{}: {told}", page.display());
        let text = String::from_utf8_lossy(&output.stdout);
        for section in ["SYNOPSIS", "EXAMPLES", "EXIT STATUS"] {
            assert!(text.contains(section), "{}: {text}", page.display());
        }
        count += 1;
    }
    assert!(count > 120, "{count}");
}
