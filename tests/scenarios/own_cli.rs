//! Our own command line against the running daemon: each resource is listed, shown, made, changed and deleted, as a
//! table and as JSON, and what goes wrong is told with what helps.

mod nics;
mod operator;
mod pages;
mod rack;
mod shell;

use serde_json::{Value, json};

use crate::stage::ferric::Ferric;

/// A thing's whole life: made, found in the list, shown, changed both ways, deleted.
struct Life<'a> {
    /// Its words behind `ferric`.
    words: &'a [&'a str],
    /// What a list calls them.
    key: &'a str,
    create: &'a [&'a str],
    /// A field that `set` changes, what is typed, and what it is then.
    set: (&'a str, &'a str, Value),
    /// What `unset` takes, the field, and what it is then.
    unset: (&'a str, &'a str, Value),
}

impl Life<'_> {
    fn lived(&self, ferric: &Ferric) {
        let run = |more: &[&str]| ferric.ok(&[self.words, more].concat());
        let json = |more: &[&str]| ferric.json(&[self.words, more].concat());
        let said = run(&[&["create"], self.create].concat());
        let rows = json(&["list"]);
        let made = rows[self.key].as_array().unwrap().last().unwrap().clone();
        let uuid = made["uuid"].as_str().unwrap().to_owned();
        let uuid = uuid.as_str();
        assert!(said.contains(uuid) && said.contains("created"), "{said}");
        let table = run(&["list"]);
        assert!(table.starts_with("uuid") && table.contains(uuid), "{table}");
        assert!(run(&["list", "--long"]).contains(uuid));
        assert_eq!(run(&["list", "--fields", "uuid", "--limit", "1", "--sort", "uuid"]).lines().count(), 2);
        let shown = run(&["show", uuid]);
        assert!(shown.starts_with(&self.words.join(" ")) && shown.contains(uuid), "{shown}");
        assert_eq!(json(&["show", uuid])["uuid"], uuid);
        let (field, typed, wanted) = &self.set;
        assert_eq!(run(&["set", uuid, typed]), format!("{uuid}: 1 field set\n"));
        assert_eq!(json(&["show", uuid])[field], *wanted);
        assert_eq!(json(&["set", uuid, typed])[field], *wanted);
        let (typed, field, wanted) = &self.unset;
        assert_eq!(run(&["unset", uuid, typed]), format!("{uuid}: 1 field unset\n"));
        assert_eq!(json(&["show", uuid])[field], *wanted);
        assert_eq!(run(&["delete", uuid]), format!("{uuid}: deleted\n"));
        assert!(!json(&["list"]).to_string().contains(uuid));
        let gone = ferric.refused(&[self.words, &["show", uuid]].concat());
        let list = format!("`ferric {} list`", self.words.join(" "));
        assert!(gone.contains(uuid) && gone.contains(&list), "{gone}");
    }
}

fn extra(value: &Value) -> Value {
    json!({ "rack": value })
}
