//! The command line of a resource, as it follows from its description.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::cli::arguments::node;
use crate::cli::resource::IDENT;
use crate::cli::resource::call::{Branch, Call};
use crate::cli::resource::field::{Field, Shape, some};
use crate::cli::resource::help;
use crate::cli::resource::kind::{Entry, Kind, Paging};
use crate::cli::value::{Assignment, FieldPath};

/// A word behind `ferric`, with all below it.
pub fn entry(entry: &Entry) -> Command {
    match entry {
        Entry::One(kind) => command(kind),
        Entry::Group { word, about, story, kinds } => {
            let group = family(word, about, story);
            kinds.iter().fold(group, |group, kind| group.subcommand(command(kind)))
        }
    }
}

/// A command that is nothing without one below it.
pub fn family(word: &'static str, about: &'static str, story: &'static str) -> Command {
    let command = Command::new(word).about(about).after_help(story);
    command.subcommand_required(true).arg_required_else_help(true)
}

fn command(kind: &Kind) -> Command {
    let own = family(kind.last_word(), kind.about, kind.story).arg(url()).arg(json()).subcommand(list(kind));
    let shown = if kind.paging == Paging::Bare { own } else { own.subcommand(show(kind)) };
    let made = if kind.is_made() { changes(kind, shown) } else { shown };
    kind.calls.iter().fold(made, |command, call| command.subcommand(branch(call, kind.ident, kind.named)))
}

/// Address of the API. What the environment says is read elsewhere: clap would show the option as if it had to be given.
fn url() -> Arg {
    let arg = Arg::new("url").long("url").value_name("URL").global(true).display_order(900);
    arg.help(node::URL)
}

fn json() -> Arg {
    let arg = Arg::new("json").long("json").action(ArgAction::SetTrue).global(true).display_order(901);
    arg.help("Print the API's JSON instead of text")
}

fn list(kind: &Kind) -> Command {
    let command =
        Command::new("list").about(format!("List {} in a table", kind.many)).after_help(help::list(kind));
    let command = kind.filters.iter().fold(command, |command, filter| command.arg(filter.arg()));
    if kind.paging == Paging::Bare {
        return command;
    }
    let long = Arg::new("long").long("long").action(ArgAction::SetTrue).conflicts_with("fields");
    let fields = Arg::new("fields").long("fields").value_name("LIST").value_delimiter(',').value_parser(some);
    let command = command
        .arg(long.help("Show more fields of each"))
        .arg(fields.help("Fields to show instead of the usual ones, separated by commas"));
    if kind.paging == Paging::Single {
        return command;
    }
    let limit =
        Arg::new("limit").long("limit").value_name("COUNT").value_parser(value_parser!(u32).range(1..));
    let sort = Arg::new("sort").long("sort").value_name("FIELD[:desc]").value_parser(some);
    command
        .arg(limit.help("Show at most so many"))
        .arg(sort.help("Field to sort by; `FIELD:desc` turns the order round"))
}

fn show(kind: &Kind) -> Command {
    let command = Command::new("show").about("Show all about one of them").after_help(help::show(kind));
    command.arg(ident(kind.ident, kind.named))
}

/// The commands that change something.
fn changes(kind: &Kind, command: Command) -> Command {
    let delete = Command::new("delete").about("Delete some of them").after_help(help::delete(kind));
    let many = ident(kind.ident, kind.named).num_args(1..);
    command
        .subcommand(create(kind))
        .subcommand(set(kind))
        .subcommand(unset(kind))
        .subcommand(delete.arg(many))
}

fn create(kind: &Kind) -> Command {
    let command = Command::new("create").about("Make a new one").after_help(help::create(kind));
    let needed = |field: &Field| {
        let arg = field.arg();
        if field.needed { arg.required_unless_present(FILE) } else { arg }
    };
    let command = kind.fields.iter().fold(command, |command, field| command.arg(needed(field)));
    let file = Arg::new(FILE).long(FILE).value_name("JSON|FILE").value_parser(some);
    let more = Arg::new(SET).long(SET).value_name("FIELD=VALUE").action(ArgAction::Append);
    let more = more.value_parser(value_parser!(Assignment));
    let command = command
        .arg(file.help("All fields as a JSON object, or its file (`-`: stdin); what is said beside it wins"))
        .arg(more.help("Any other field. May be given more than once"));
    if kind.settles.is_none() {
        return command;
    }
    let wait = Arg::new(WAIT).long(WAIT).value_name("SECONDS").num_args(0..=1).default_missing_value("0");
    let wait = wait.value_parser(value_parser!(u32));
    command
        .arg(wait.help("Wait until it is settled, for so many seconds at most (no limit without a number)"))
}

fn set(kind: &Kind) -> Command {
    let command = Command::new("set").about("Set fields of one of them").after_help(help::set(kind));
    let command = command.arg(ident(kind.ident, kind.named));
    let large: Vec<&Field> = kind.fields.iter().filter(|field| field.shape == Shape::Json).collect();
    let ids: Vec<&'static str> = large.iter().map(|field| field.option).collect();
    let fields = many("FIELD=VALUE", value_parser!(Assignment).into());
    let fields = fields.help("Fields and their values; VALUE is JSON if it parses as such, else a text");
    let fields = if ids.is_empty() { fields.required(true) } else { fields.required_unless_present_any(ids) };
    large.iter().fold(command.arg(fields), |command, field| command.arg(field.arg()))
}

fn unset(kind: &Kind) -> Command {
    let command = Command::new("unset").about("Remove fields of one of them").after_help(help::unset(kind));
    let fields = many("FIELD", value_parser!(FieldPath).into()).required(true);
    command.arg(ident(kind.ident, kind.named)).arg(fields.help("Fields to remove"))
}

/// The argument that says which one is meant.
fn ident(name: &'static str, help: &'static str) -> Arg {
    Arg::new(IDENT).value_name(name).help(help).required(true).value_parser(some)
}

fn many(name: &'static str, parser: ValueParser) -> Arg {
    Arg::new(FIELDS).value_name(name).num_args(1..).value_parser(parser)
}

/// A command that only some resources have, or a group of them.
pub fn branch(branch: &Branch, name: &'static str, named: &'static str) -> Command {
    match branch {
        Branch::Leaf(call) => leaf(call, name, named),
        Branch::Group { word, about, story, calls } => {
            let group = family(word, about, story);
            calls.iter().fold(group, |group, call| group.subcommand(leaf(call, name, named)))
        }
    }
}

fn leaf(call: &Call, name: &'static str, named: &'static str) -> Command {
    let command = Command::new(call.word).about(call.about).after_help(help::called(call));
    let command = command.arg(ident(name, named));
    call.inputs.iter().fold(command, |command, input| command.arg(input.arg().required(input.needed)))
}

/// The call that a word below a resource means, with its arguments.
pub fn called<'m>(
    calls: &'static [Branch],
    word: &str,
    matches: &'m ArgMatches,
) -> Option<(&'static Call, &'m ArgMatches)> {
    match calls.iter().find(|branch| branch.word() == word)? {
        Branch::Leaf(call) => Some((call, matches)),
        Branch::Group { calls, .. } => {
            let (word, matches) = matches.subcommand()?;
            Some((calls.iter().find(|call| call.word == word)?, matches))
        }
    }
}

/// What the arguments that every resource has are called.
pub const FIELDS: &str = "changes";
pub const FILE: &str = "file";
pub const SET: &str = "set";
pub const WAIT: &str = "wait";
