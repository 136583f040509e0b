//! `ferric completions` and `ferric man`: the command line told to shells and to `man`, from its own definitions.

pub mod complete;
pub mod man;

use clap::{Arg, Command};

/// Whether a command asks the API, and so takes a login.
fn asks(command: &Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == "token_file" && !arg.is_hide_set())
}

/// Changes all arguments of a command and of those below it.
fn each_arg(command: Command, change: &impl Fn(Arg) -> Arg) -> Command {
    let below: Vec<String> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let command = command.mut_args(change);
    below.into_iter().fold(command, |command, name| command.mut_subcommand(name, |one| each_arg(one, change)))
}
