//! What lies below a node in the API, a request each: `ferric node trait add`, `ferric node boot-device set`, ...

pub mod boot;
pub mod record;
pub mod wired;

use clap::{ArgMatches, Command, Error, FromArgMatches, Subcommand};

use crate::cli::resource::ask::{Given, missing};
use crate::cli::resource::call::{Branch, Call};
use crate::cli::resource::command;

/// A request below a node, and its arguments.
#[derive(Debug, Clone)]
pub struct Part {
    pub call: &'static Call,
    pub given: Given,
}

fn branches() -> impl Iterator<Item = &'static Branch> {
    TABLES.iter().flat_map(|table| table.iter())
}

impl FromArgMatches for Part {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let (word, below) = matches.subcommand().ok_or_else(missing)?;
        let found = TABLES.iter().find_map(|table| command::called(table, word, below));
        let (call, given) = found.ok_or_else(missing)?;
        Ok(Self { call, given: Given::new(given.clone()) })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for Part {
    fn augment_subcommands(node: Command) -> Command {
        branches().fold(node, |node, branch| node.subcommand(command::branch(branch, "NODE", "Name or UUID")))
    }

    fn augment_subcommands_for_update(node: Command) -> Command {
        Self::augment_subcommands(node)
    }

    fn has_subcommand(name: &str) -> bool {
        branches().any(|branch| branch.word() == name)
    }
}

/// In the order of help.
const TABLES: &[&[Branch]] = &[wired::BRANCHES, boot::BRANCHES, record::BRANCHES];
