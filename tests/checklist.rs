//! `tests/checklist.md` names, for each thing that the pipelines must do, tests that prove it: each row is there, and so is
//! each test that it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One row: its number, and what stands below its heading.
struct Row {
    number: String,
    tests: BTreeSet<(String, String)>,
    /// Why no test is named.
    without: Option<String>,
}

#[test]
fn every_row_is_there_once() {
    let numbers: Vec<_> = rows().into_iter().map(|row| row.number).collect();
    let expected: Vec<_> = SECTIONS
        .iter()
        .flat_map(|(section, rows)| (1..=*rows).map(move |number| format!("{section}{number}")))
        .collect();
    assert_eq!(numbers, expected);
}

#[test]
fn every_row_names_a_test_or_may_go_without() {
    for row in rows() {
        let may = WITHOUT.contains(&row.number.as_str());
        match &row.without {
            Some(why) => assert!(may && row.tests.is_empty() && why.len() > 10, "{}: {why}", row.number),
            None => assert!(!may && !row.tests.is_empty(), "{} names no test", row.number),
        }
    }
}

#[test]
fn every_named_test_is_there() {
    let mut files = BTreeMap::new();
    let mut named = BTreeSet::new();
    for row in rows() {
        for (file, test) in row.tests {
            let text = files.entry(file.clone()).or_insert_with(|| read(&file));
            assert!(is_test(text, &test), "{}: no test {test} in {file}", row.number);
            named.insert((file, test));
        }
    }
    assert!(named.len() >= AT_LEAST, "{} distinct tests are too few", named.len());
}

/// Whether `text` has a function of this name that is a test and is run.
fn is_test(text: &str, name: &str) -> bool {
    let heads = [format!("fn {name}("), format!("async fn {name}(")];
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(place, line)| {
        heads.iter().any(|head| line.starts_with(head.as_str())) && {
            let mut above = lines[..place].iter().rev().take_while(|line| line.starts_with("#["));
            let attributes: Vec<_> = above.by_ref().collect();
            let is = |word: &str| attributes.iter().any(|line| line.contains(word));
            is("test") && !is("ignore")
        }
    })
}

fn rows() -> Vec<Row> {
    let text = read("tests/checklist.md");
    let mut rows: Vec<Row> = Vec::new();
    let mut file = String::new();
    let mut listed = false;
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("### ") {
            let number = head.split(' ').next().unwrap().to_owned();
            rows.push(Row { number, tests: BTreeSet::new(), without: None });
            listed = false;
            continue;
        }
        let Some(row) = rows.last_mut() else { continue };
        if let Some(why) = line.strip_prefix("- n/a: ") {
            row.without = Some(why.to_owned());
        }
        listed |= line.starts_with("- ");
        if !listed {
            continue;
        }
        for word in line.split('`').skip(1).step_by(2) {
            if word.contains('/') {
                word.clone_into(&mut file);
            } else {
                row.tests.insert((file.clone(), word.to_owned()));
            }
        }
    }
    rows
}

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Sections and how many rows each has.
const SECTIONS: &[(&str, usize)] = &[("A", 9), ("B", 13), ("C", 50), ("D", 26), ("E", 12)];
/// Rows of what one process does not have.
const WITHOUT: &[&str] = &["C39", "C49"];
/// Distinct tests.
const AT_LEAST: usize = 90;
