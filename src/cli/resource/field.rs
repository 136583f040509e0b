//! One member of a resource: how it is given on the command line, and what value it becomes.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Arg, ArgAction, value_parser};
use serde_json::Value;

use crate::base::mac::Mac;
use crate::cli::fault::CliError;
use crate::cli::resource::ask::Given;
use crate::cli::value::{Assignment, object};

/// A member that has an option or a place of its own.
#[derive(Debug)]
pub struct Field {
    /// The API's word for it.
    pub name: &'static str,
    /// `--OPTION`, also what it is known by here.
    pub option: &'static str,
    /// What stands for the value in help.
    pub value: &'static str,
    pub help: &'static str,
    pub shape: Shape,
    pub needed: bool,
    /// Whether it has a place instead of an option.
    pub placed: bool,
    /// The option of another field that says the same.
    pub instead_of: Option<&'static str>,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A text, however it looks.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number from 0 on.
    Number,
    /// `true`, `false`, or the option alone for `true`.
    Switch,
    Mac,
    /// Texts, separated by commas or given more than once.
    Texts,
    /// `KEY=VALUE`, given once for each key.
    Pairs,
    /// JSON as it is, or the file that holds it (`-`: standard input).
    Json,
    /// Another resource by name or UUID: the API wants the UUID, found at this path.
    Other(&'static str),
}

/// A field that is a text, or something else by what follows.
pub const fn field(
    name: &'static str,
    option: &'static str,
    value: &'static str,
    help: &'static str,
) -> Field {
    Field { name, option, value, help, shape: Shape::Text, needed: false, placed: false, instead_of: None }
}

impl Field {
    #[must_use]
    pub const fn of(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// Nothing is created without it.
    #[must_use]
    pub const fn needed(mut self) -> Self {
        self.needed = true;
        self
    }

    /// It stands without an option, as a name does.
    #[must_use]
    pub const fn placed(mut self) -> Self {
        self.placed = true;
        self
    }

    /// It says the same as another, which cannot stand beside it.
    #[must_use]
    pub const fn instead_of(mut self, option: &'static str) -> Self {
        self.instead_of = Some(option);
        self
    }

    /// As clap has it. What is needed is added by who asks for it.
    pub fn arg(&self) -> Arg {
        let arg = Arg::new(self.option).value_name(self.value).help(self.help);
        let arg = if self.placed { arg } else { arg.long(self.option) };
        let arg = if let Some(other) = self.instead_of { arg.conflicts_with(other) } else { arg };
        match self.shape {
            Shape::Text | Shape::Other(_) | Shape::Json => arg.value_parser(some),
            Shape::Word(words) => arg.value_parser(words.to_vec()),
            Shape::Number => arg.value_parser(value_parser!(u32)),
            Shape::Switch => {
                let arg = arg.value_parser(value_parser!(bool)).require_equals(true);
                arg.num_args(0..=1).default_missing_value("true")
            }
            Shape::Mac => arg.value_parser(mac),
            Shape::Texts if self.placed => arg.value_parser(some).num_args(1..),
            Shape::Texts => arg.value_parser(some).value_delimiter(',').action(ArgAction::Append),
            Shape::Pairs if self.placed => arg.value_parser(value_parser!(Assignment)).num_args(1..),
            Shape::Pairs => arg.value_parser(value_parser!(Assignment)).action(ArgAction::Append),
        }
    }

    /// The value that was given; nothing if it was not.
    pub fn given(&self, given: &Given) -> Result<Option<Value>, CliError> {
        let text = || given.text(self.option).map(Value::from);
        Ok(match self.shape {
            Shape::Text | Shape::Word(_) | Shape::Mac | Shape::Other(_) => text(),
            Shape::Number => given.number(self.option).map(Value::from),
            Shape::Switch => given.switch(self.option).map(Value::from),
            Shape::Texts => Some(given.texts(self.option)).filter(|texts| !texts.is_empty()).map(Value::from),
            Shape::Pairs => {
                let pairs = given.pairs(self.option);
                if pairs.is_empty() { None } else { Some(object(&pairs)?) }
            }
            Shape::Json => given.text(self.option).map(json).transpose()?,
        })
    }

    /// Whether its values are texts although they may look like something else.
    pub fn is_text(&self) -> bool {
        matches!(self.shape, Shape::Text | Shape::Word(_) | Shape::Mac | Shape::Other(_))
    }
}

/// A value that is not empty: an empty one is mostly a shell variable that is not set.
pub fn some(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("it is empty; is a variable of the shell not set?")
    } else {
        Ok(text.to_owned())
    }
}

fn mac(text: &str) -> Result<String, String> {
    let mac: Result<Mac, _> = text.parse();
    mac.map(|mac| mac.to_string()).map_err(|error| error.to_string())
}

/// JSON that is given as it is, or by the name of its file.
pub fn json(text: &str) -> Result<Value, CliError> {
    let content = |error| CliError::Content { path: text.into(), why: format!("is not JSON: {error}") };
    serde_json::from_slice(&bytes(text, LARGEST)?).map_err(content)
}

/// What is given as JSON, or by the name of its file (`-`: standard input), of `largest` bytes at most.
pub fn bytes(text: &str, largest: u64) -> Result<Vec<u8>, CliError> {
    if text.trim_start().starts_with(['[', '{']) {
        return Ok(text.as_bytes().to_vec());
    }
    let path = Path::new(text);
    let content = |why: String| CliError::Content { path: path.to_owned(), why };
    let unreadable = |source| CliError::File { path: path.to_owned(), source };
    let file: Box<dyn Read> = if text != "-" {
        Box::new(File::open(path).map_err(unreadable)?)
    } else if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(content("is standard input, and only one of them can be".to_owned()));
    } else {
        Box::new(stdin())
    };
    let mut bytes = Vec::new();
    file.take(largest.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if !u64::try_from(bytes.len()).is_ok_and(|length| length <= largest) {
        return Err(content(format!("is larger than the API takes ({} MiB)", largest >> 20)));
    }
    Ok(bytes)
}

/// Whether standard input was read: a second reader would find nothing there.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// More than any of these resources holds.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json as made;

    use super::*;

    #[test]
    fn json_is_given_as_it_is_or_by_its_file() {
        assert_eq!(json(r#" [{"op": "fail"}]"#).unwrap(), made!([{"op": "fail"}]));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"{\"a\": 1}").unwrap();
        assert_eq!(json(file.path().to_str().unwrap()).unwrap(), made!({"a": 1}));
        assert!(json("[1,").unwrap_err().to_string().contains("is not JSON"));
        assert_eq!(json("/nonexistent/x").unwrap_err().to_string(), "cannot read /nonexistent/x");
    }

    #[test]
    fn a_file_that_is_too_large_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![b' '; usize::try_from(LARGEST).unwrap() + 1]).unwrap();
        let told = json(file.path().to_str().unwrap()).unwrap_err().to_string();
        assert!(told.contains("1 MiB"), "{told}");
    }

    #[test]
    fn addresses_are_written_as_the_api_has_them() {
        assert_eq!(mac("52:54:00:AB:00:01").unwrap(), "52:54:00:ab:00:01");
        assert!(mac("52:54").is_err());
        assert!(some(" ").is_err());
    }
}
