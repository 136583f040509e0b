//! Imports point one way: every `crate::` in `src` is read against the table of who may name whom.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The modules from the bottom up, as `lib.rs` lists them, and what each may name beside itself.
#[rustfmt::skip]
const TABLE: &[(&str, &[&str])] = &[
    ("base",    &[]),
    ("wire",    &["base"]),
    ("model",   &["base"]),
    ("net",     &["base"]),
    ("flow",    &["base", "model"]),
    ("store",   &["base", "model"]),
    ("depot",   &["base", "model", "wire", "net"]),
    ("driver",  &["base", "model", "wire", "net", "depot"]),
    ("conduct", &["base", "model", "flow", "store", "driver", "depot"]),
    ("boot",    &["base", "model", "wire", "net", "flow", "store", "depot", "conduct"]),
    ("api",     &["base", "model", "wire", "net", "store", "conduct"]),
    ("twin",    &["base", "wire", "net"]),
    ("page",    &["base", "net", "wire"]),
    ("cli",     &["base", "net", "wire"]),
    ("demo",    &["app", "twin", "cli", "base", "net"]),
    ("config",  &["base", "model"]),
    ("app",     EVERYTHING),
];

const EVERYTHING: &[&str] = &[
    "base", "wire", "model", "net", "flow", "store", "depot", "driver", "conduct", "boot", "api", "twin",
    "page", "cli", "demo", "config",
];

/// One source file: its path below `src` and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The top module that the file belongs to.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap().trim_end_matches(".rs")
    }

    /// Whether `super` is the crate's root here: `x.rs` and `x/mod.rs`.
    fn is_top(&self) -> bool {
        !self.path.contains('/') || self.path == format!("{}/mod.rs", self.module())
    }

    /// Lines of code with their numbers; comments name what they like.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        numbered.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Everything wrong in these files, one line each.
fn faults(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        match source.path.as_str() {
            "lib.rs" => found.extend(lib_faults(source)),
            "main.rs" => found.extend(main_faults(source)),
            _ => found.extend(module_faults(source, sources)),
        }
    }
    found
}

fn module_faults(source: &Source, all: &[Source]) -> Vec<String> {
    let module = source.module();
    let Some(&(_, may)) = TABLE.iter().find(|(name, _)| *name == module) else {
        return vec![format!(
            "src/{}: `{module}` is not a module of the table in tests/layers.rs",
            source.path
        )];
    };
    let mut found = Vec::new();
    for (number, line) in source.code() {
        let mut say =
            |what: String| found.push(format!("src/{}:{number}: {what}\n    {}", source.path, line.trim()));
        for target in named_after(line, "crate::") {
            match target {
                Target::Group => say("`crate::{...}`: write one `use crate::module::...` a line".to_owned()),
                Target::Glob => say("`crate::*` names everything".to_owned()),
                Target::Name(name) if name == module || may.contains(&name) => {}
                Target::Name(name) if is_module(name) => {
                    say(format!("`{module}` may not name `{name}`; it may name {}", listed(may)));
                }
                Target::Name(name) => say(format!("`crate::{name}` is no module of the table")),
            }
        }
        if line.contains("super::super") {
            say("`super::super::`: write the path from `crate::`".to_owned());
        }
        if line.contains("crate as ") || line.contains("crate self") {
            say("the crate has one name: `crate`".to_owned());
        }
        if source.is_top() {
            for target in named_after(line, "super::") {
                if let Target::Name(name) = target
                    && is_module(name)
                    && !has_child(all, module, name)
                {
                    say(format!("`super::{name}` goes round the table: write `crate::{name}`"));
                }
            }
        }
    }
    found
}

/// `lib.rs` lists modules from the bottom up and nothing else.
fn lib_faults(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut last = 0;
    for (number, line) in source.code() {
        let line = line.trim();
        if line.is_empty() || line.starts_with("#[") || line.starts_with("#![") {
            continue;
        }
        let mut say = |what: &str| found.push(format!("src/lib.rs:{number}: {what}\n    {line}"));
        let Some(name) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) else {
            say("only `pub mod name;` lines: the library re-exports nothing and defines nothing");
            continue;
        };
        match TABLE.iter().position(|(module, _)| *module == name) {
            None => say("not a module of the table in tests/layers.rs"),
            Some(rank) if rank < last => say("out of order: the table of contents goes from the bottom up"),
            Some(rank) => last = rank,
        }
    }
    found
}

/// `main.rs` stands outside the library.
fn main_faults(source: &Source) -> Vec<String> {
    let refused = |line: &str| {
        line.contains("crate::") || line.trim_start().starts_with("mod ") || line.contains("#[path")
    };
    let faulty = source.code().filter(|(_, line)| refused(line));
    let say = |(number, line): (usize, &str)| {
        format!("src/main.rs:{number}: the binary has no modules; it uses `ferric::`\n    {}", line.trim())
    };
    faulty.map(say).collect()
}

enum Target<'a> {
    Name(&'a str),
    Group,
    Glob,
}

/// What follows each `prefix` in the line, `super::crate_thing::` and the like left out.
fn named_after<'a>(line: &'a str, prefix: &str) -> Vec<Target<'a>> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let starts_word = |at: usize| !line[..at].ends_with(word);
    let target = |(at, _): (usize, &str)| {
        let rest = line[at + prefix.len()..].trim_start();
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        match rest.chars().next() {
            Some('{') => Target::Group,
            Some('*') => Target::Glob,
            _ => Target::Name(&rest[..end]),
        }
    };
    line.match_indices(prefix).filter(|(at, _)| starts_word(*at)).map(target).collect()
}

fn is_module(name: &str) -> bool {
    TABLE.iter().any(|(module, _)| *module == name)
}

fn has_child(all: &[Source], module: &str, name: &str) -> bool {
    let (file, folder) = (format!("{module}/{name}.rs"), format!("{module}/{name}/"));
    all.iter().any(|source| source.path == file || source.path.starts_with(&folder))
}

fn listed(may: &[&str]) -> String {
    if may.is_empty() { "nothing of ours".to_owned() } else { may.join(", ") }
}

fn read_sources(folder: &Path, below: &Path, into: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read_sources(&path, below, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(below).unwrap().to_str().unwrap();
            into.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn imports_in_src_point_one_way() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    read_sources(&src, &src, &mut sources);
    assert!(sources.iter().any(|source| source.path == "lib.rs"), "no src/lib.rs among the files read");
    let found = faults(&sources);
    assert!(found.is_empty(), "{} import(s) against the table:\n{}\n", found.len(), found.join("\n"));
}

#[test]
fn the_table_names_modules_only_and_lists_each_once() {
    for (at, (module, may)) in TABLE.iter().enumerate() {
        assert!(!TABLE[..at].iter().any(|(name, _)| name == module), "{module} is listed twice");
        for name in *may {
            assert!(is_module(name), "{module} may name {name}, which is no module");
        }
    }
}

/// The faults of one file with this path and text, beside a few innocent ones.
fn faults_of(path: &str, text: &str) -> Vec<String> {
    faults(&[Source::new(path, text), Source::new("flow/boot.rs", ""), Source::new("wire/mod.rs", "")])
}

#[test]
fn a_forbidden_import_is_found_with_its_place() {
    let found =
        faults_of("flow/plan.rs", "//! Plans.\n\nuse crate::model::node::Node;\nuse crate::store::Reader;\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("src/flow/plan.rs:4: `flow` may not name `store`; it may name base, model"));
}

#[test]
fn a_forbidden_path_in_the_middle_of_code_is_found() {
    assert_eq!(faults_of("api/node.rs", "    let desk = call(crate::driver::registry::all());").len(), 1);
    assert_eq!(faults_of("wire/mod.rs", "pub(in crate::model) fn f() {}").len(), 1);
    assert_eq!(faults_of("wire/mod.rs", "macro_rules! m { () => { $crate::net::f() } }").len(), 1);
}

#[test]
fn test_code_obeys_the_same_table() {
    let text = "#[cfg(test)]\nmod tests {\n    use super::*;\n    use crate::app::start;\n}\n";
    assert_eq!(faults_of("base/mac.rs", text).len(), 1);
}

#[test]
fn allowed_imports_pass() {
    let text = "use crate::base::{Mac, NodeId};\nuse crate::wire::agent::Beat;\nuse super::token::Token;\n";
    assert_eq!(faults_of("driver/agent/mod.rs", text), Vec::<String>::new());
    assert_eq!(faults_of("app.rs", "use crate::demo::run;\nuse crate::api::Api;"), Vec::<String>::new());
    assert_eq!(
        faults_of("base/mac.rs", "/// See [`crate::net`].\nlet a = my_crate::net();"),
        Vec::<String>::new()
    );
}

#[test]
fn groups_globs_and_second_names_are_refused() {
    for text in [
        "use crate::{base::Mac, model::Node};",
        "use crate::*;",
        "use crate as ferric;",
        "extern crate self as f;",
    ] {
        assert_eq!(faults_of("api/node.rs", text).len(), 1, "{text}");
    }
    assert_eq!(faults_of("api/node.rs", "use super::super::store::Reader;").len(), 1);
}

#[test]
fn super_does_not_go_round_the_table() {
    assert_eq!(faults_of("wire/mod.rs", "use super::model::Node;").len(), 1);
    assert_eq!(faults_of("config.rs", "use super::store::Reader;").len(), 1);
    assert_eq!(faults_of("flow/mod.rs", "mod tests { use super::boot::offer; }"), Vec::<String>::new());
}

#[test]
fn a_module_outside_the_table_is_refused() {
    assert_eq!(faults_of("util/mod.rs", "").len(), 1);
    assert_eq!(faults_of("api/node.rs", "use crate::util::x;").len(), 1);
}

#[test]
fn lib_lists_modules_bottom_up_and_re_exports_nothing() {
    assert_eq!(
        faults_of("lib.rs", "//! Caption.\n\npub mod base;\npub mod wire;\npub mod app;\n"),
        Vec::<String>::new()
    );
    assert_eq!(faults_of("lib.rs", "pub mod wire;\npub mod base;\n").len(), 1);
    assert_eq!(faults_of("lib.rs", "pub mod base;\npub use base::Mac;\n").len(), 1);
    assert_eq!(faults_of("lib.rs", "pub mod helpers;\n").len(), 1);
}

#[test]
fn main_uses_the_library_by_its_name() {
    assert_eq!(faults_of("main.rs", "use ferric::app;\n\nfn main() {}\n"), Vec::<String>::new());
    assert_eq!(faults_of("main.rs", "mod app;\nuse crate::app::run;\n").len(), 2);
}
