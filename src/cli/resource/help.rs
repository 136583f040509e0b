//! The text below the options: examples, and what happens next.

use crate::cli::resource::call::Call;
use crate::cli::resource::kind::{Kind, Paging};

/// Examples, each a command line, and sentences that are broken to fit.
fn below(examples: &[String], next: &str) -> String {
    let title = if examples.len() == 1 { "Example:" } else { "Examples:" };
    let lines = examples.join("\n  ");
    format!("{title}\n  {lines}\n\nWhat happens next:{}", broken(next))
}

/// Lines of at most 80 columns, indented by two.
fn broken(text: &str) -> String {
    let mut shown = String::new();
    let mut width = COLUMNS;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width + 1 + length > COLUMNS {
            shown.push_str("\n  ");
            width = 2 + length;
        } else {
            shown.push(' ');
            width += 1 + length;
        }
        shown.push_str(word);
    }
    shown
}

pub fn list(kind: &Kind) -> String {
    let words = kind.words;
    let mut examples =
        vec![format!("ferric {words} list"), format!("ferric {words} list {}", kind.sample.filter)];
    if kind.paging == Paging::Bare {
        return below(&examples, "Nothing changes.");
    }
    let fields: Vec<&str> = kind.columns.iter().take(2).copied().collect();
    examples.push(format!("ferric {words} list --fields {} --json", fields.join(",")));
    let pages = if kind.paging == Paging::Single { "" } else { " All pages are fetched." };
    let next =
        format!("Nothing changes.{pages} `ferric {words} show {}` tells all about one of them.", kind.ident);
    below(&examples, &next)
}

pub fn show(kind: &Kind) -> String {
    let (words, ident) = (kind.words, kind.sample.ident);
    let examples = [format!("ferric {words} show {ident}"), format!("ferric {words} show {ident} --json")];
    below(&examples, "Nothing changes. Fields that hold nothing are left out; --json has them all.")
}

pub fn create(kind: &Kind) -> String {
    let lines = kind.sample.create.iter();
    let examples: Vec<String> = lines.map(|line| format!("ferric {} create {line}", kind.words)).collect();
    below(&examples, kind.sample.created)
}

pub fn set(kind: &Kind) -> String {
    let sample = &kind.sample;
    below(&[format!("ferric {} set {} {}", kind.words, sample.ident, sample.set)], sample.changed)
}

pub fn unset(kind: &Kind) -> String {
    let sample = &kind.sample;
    let next = "The fields are removed, or go back to their defaults, together; a field that is not set is an error.";
    below(&[format!("ferric {} unset {} {}", kind.words, sample.ident, sample.unset)], next)
}

pub fn delete(kind: &Kind) -> String {
    let sample = &kind.sample;
    let next = format!(
        "{} Nothing is asked; each is told, and a refused one does not keep the others.",
        sample.deleted
    );
    below(&[format!("ferric {} delete {}", kind.words, sample.ident)], &next)
}

pub fn called(call: &Call) -> String {
    let examples: Vec<String> = call.examples.iter().map(|&line| line.to_owned()).collect();
    below(&examples, call.next)
}

/// Columns of the narrowest terminal that help is made for.
const COLUMNS: usize = 78;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_broken_and_examples_are_not() {
        let text = below(&["ferric x".into()], &"word ".repeat(40));
        assert!(text.starts_with("Example:\n  ferric x\n\nWhat happens next:\n  word word"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 78 && !line.ends_with(' ')), "{text}");
        assert_eq!(text.matches("word").count(), 40);
    }
}
