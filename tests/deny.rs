//! What may come in from outside: `.deny.toml` held against the packages that `Cargo.lock` names, without another tool.
//! (`cargo deny check` reads the same file.)
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Whether an SPDX expression can be met with these licences; a slash is an old form of OR.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = any_of(&mut rest, allowed);
    assert!(rest.is_empty(), "cannot read the licence {expression:?} from {rest:?} on");
    met
}

fn any_of(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = all_of(rest, allowed);
    while next_is(rest, "OR") {
        met |= all_of(rest, allowed);
    }
    met
}

fn all_of(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = one(rest, allowed);
    while next_is(rest, "AND") {
        met &= one(rest, allowed);
    }
    met
}

fn one(rest: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    if next_is(rest, "(") {
        let met = any_of(rest, allowed);
        assert!(next_is(rest, ")"), "a bracket is not closed before {rest:?}");
        return met;
    }
    let (name, after) = rest.split_first().expect("a licence expression ends too early");
    *rest = after;
    if next_is(rest, "WITH") {
        let (exception, after) = rest.split_first().expect("WITH names an exception");
        *rest = after;
        return allowed.contains(&format!("{name} WITH {exception}"));
    }
    // A plus says "or later": the one named is among them.
    allowed.contains(name.trim_end_matches('+'))
}

fn next_is(rest: &mut &[&str], word: &str) -> bool {
    let found = rest.first() == Some(&word);
    if found {
        *rest = &rest[1..];
    }
    found
}

/// Everything in these packages that the rules refuse, a line each.
fn faults(packages: &[Value], allowed: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages {
        let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
        match package["license"].as_str() {
            None => found.push(format!("{name} names no licence")),
            Some(licence) if !permits(licence, allowed) => found.push(format!("{name} is under {licence}")),
            Some(_) => {}
        }
        // Our own package has no source.
        if let Some(source) = package["source"].as_str()
            && source != CRATES_IO
        {
            found.push(format!("{name} comes from {source}"));
        }
        for needed in package["dependencies"].as_array().into_iter().flatten() {
            if package["source"].is_null() && needed["req"] == "*" {
                found.push(format!("{name} takes any version of {}", text(&needed["name"])));
            }
        }
    }
    found
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn allowed_licences() -> BTreeSet<String> {
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".deny.toml")).unwrap();
    let rules: toml::Table = file.parse().unwrap();
    let list = rules["licenses"]["allow"].as_array().unwrap();
    list.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_package_has_an_allowed_licence_and_comes_from_the_registry() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 10, "only {} packages were found", packages.len());
    let found = faults(packages, &allowed_licences());
    assert!(found.is_empty(), "refused by .deny.toml:\n{}", found.join("\n"));
}

#[test]
fn licence_expressions_are_read_as_they_are_meant() {
    let allowed: BTreeSet<String> =
        ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
    for yes in
        ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "MIT AND (ISC OR GPL-3.0)", "Apache-2.0 WITH LLVM-exception"]
    {
        assert!(permits(yes, &allowed), "{yes}");
    }
    for no in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "Apache-2.0"] {
        assert!(!permits(no, &allowed), "{no}");
    }
}

#[test]
fn a_foreign_source_a_missing_licence_and_an_open_version_are_found() {
    let allowed: BTreeSet<String> = ["MIT".to_owned()].into();
    let packages = [
        serde_json::json!({"name": "ours", "version": "1.0.0", "license": "MIT", "source": null,
            "dependencies": [{"name": "any", "req": "*"}, {"name": "one", "req": "^1"}]}),
        serde_json::json!({"name": "theirs", "version": "1.0.0", "license": null, "source": "git+https://example.com/x"}),
    ];
    assert_eq!(faults(&packages, &allowed).len(), 3, "{:?}", faults(&packages, &allowed));
}

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
