//! What was typed: which resource, what to do with it, and the arguments.

use clap::error::ErrorKind;
use clap::{ArgMatches, Command, Error, FromArgMatches, Subcommand};

use crate::cli::arguments::node;
use crate::cli::resource::call::Call;
use crate::cli::resource::command;
use crate::cli::resource::kind::{ENTRIES, Entry, Kind};
use crate::cli::value::{Assignment, FieldPath};

/// A command about a resource.
#[derive(Debug, Clone)]
pub struct Ask {
    pub kind: &'static Kind,
    pub verb: Verb,
    pub given: Given,
    /// Address of the API.
    pub url: String,
    /// Whether the API's JSON is printed instead of text.
    pub json: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy)]
pub enum Verb {
    List,
    Show,
    Create,
    Set,
    Unset,
    Delete,
    /// Something that only some resources have.
    Call(&'static Call),
}

impl Verb {
    pub fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Show => "show",
            Self::Create => "create",
            Self::Set => "set",
            Self::Unset => "unset",
            Self::Delete => "delete",
            Self::Call(call) => call.deed,
        }
    }
}

/// The arguments of one command, by what `command` calls them. What was not given reads as nothing.
#[derive(Debug, Clone)]
pub struct Given(ArgMatches);

impl Given {
    pub fn new(matches: ArgMatches) -> Self {
        Self(matches)
    }

    /// The only value, as typed.
    pub fn text(&self, id: &str) -> Option<&str> {
        self.0.try_get_one::<String>(id).ok().flatten().map(String::as_str)
    }

    /// All values, as typed.
    pub fn texts(&self, id: &str) -> Vec<&str> {
        self.0.try_get_many::<String>(id).ok().flatten().into_iter().flatten().map(String::as_str).collect()
    }

    pub fn number(&self, id: &str) -> Option<u32> {
        self.0.try_get_one::<u32>(id).ok().flatten().copied()
    }

    pub fn switch(&self, id: &str) -> Option<bool> {
        self.0.try_get_one::<bool>(id).ok().flatten().copied()
    }

    /// Whether an option without a value stands there.
    pub fn flag(&self, id: &str) -> bool {
        self.switch(id).unwrap_or_default()
    }

    pub fn pairs(&self, id: &str) -> Vec<Assignment> {
        let pairs = self.0.try_get_many::<Assignment>(id).ok().flatten();
        pairs.into_iter().flatten().cloned().collect()
    }

    pub fn paths(&self, id: &str) -> Vec<FieldPath> {
        self.0.try_get_many::<FieldPath>(id).ok().flatten().into_iter().flatten().cloned().collect()
    }
}

impl Ask {
    fn read(entry: &'static Entry, matches: &ArgMatches) -> Result<Self, Error> {
        let (kind, matches) = match entry {
            Entry::One(kind) => (*kind, matches),
            Entry::Group { kinds, .. } => {
                let (name, below) = matches.subcommand().ok_or_else(missing)?;
                let kind = kinds.iter().find(|kind| kind.last_word() == name);
                (*kind.ok_or_else(missing)?, below)
            }
        };
        let (word, below) = matches.subcommand().ok_or_else(missing)?;
        let (verb, below) = match word {
            "list" => (Verb::List, below),
            "show" => (Verb::Show, below),
            "create" => (Verb::Create, below),
            "set" => (Verb::Set, below),
            "unset" => (Verb::Unset, below),
            "delete" => (Verb::Delete, below),
            _ => {
                let (call, below) = command::called(kind.calls, word, below).ok_or_else(missing)?;
                (Verb::Call(call), below)
            }
        };
        let given = Given::new(below.clone());
        let url = given.text("url").map_or_else(node::address, str::to_owned);
        let json = given.flag("json");
        Ok(Self { kind, verb, given, url, json })
    }
}

impl FromArgMatches for Ask {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let (name, below) = matches.subcommand().ok_or_else(missing)?;
        let entry = ENTRIES.iter().find(|entry| entry.word() == name).ok_or_else(missing)?;
        Self::read(entry, below)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Ask {
    fn augment_subcommands(top: Command) -> Command {
        ENTRIES.iter().fold(top, |top, entry| top.subcommand(command::entry(entry)))
    }

    fn augment_subcommands_for_update(top: Command) -> Command {
        Self::augment_subcommands(top)
    }

    fn has_subcommand(name: &str) -> bool {
        ENTRIES.iter().any(|entry| entry.word() == name)
    }
}

/// clap asks for a subcommand before it comes here.
pub fn missing() -> Error {
    Error::raw(ErrorKind::MissingSubcommand, "say what to do; --help shows what there is")
}
