//! Arguments of `ferric steps`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::arguments::{RackArguments, unasked};

/// Arguments of `ferric steps`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct StepsArguments {
    #[command(subcommand)]
    pub command: StepsCommand,
}

/// What is to be done with them.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum StepsCommand {
    /// Say what is wrong with manifests and executables, without a daemon
    #[command(after_help = CHECK, args(unasked()))]
    Check(CheckArguments),
    /// List those that the daemon knows, and those that it refused
    #[command(after_help = LIST)]
    List(RackArguments),
}

/// Arguments of `ferric steps check`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CheckArguments {
    /// A folder of steps, or one manifest of it
    #[arg(value_name = "PATH", default_value = "/etc/ferric/steps")]
    pub path: PathBuf,
    /// Ask the executable of the manifest for a look, with this question (JSON): what it answers is printed
    #[arg(long, value_name = "FILE")]
    pub look: Option<PathBuf>,
}

pub const EXAMPLE: &str = "\
A site's own steps are executables with manifests in a folder:
  ferric steps check /etc/ferric/steps
  systemctl reload ferric
  ferric steps list";

pub const LIST: &str = "\
Examples:
  ferric steps list
  ferric steps list --json

What happens next:
  Nothing changes. A line for each manifest of the daemon's folder, as it was
  read last: what it makes known, in which kinds of work and with which
  priority, or why it was refused. The daemon reads the folder again on
  `systemctl reload ferric`.";

pub const CHECK: &str = "\
Examples:
  ferric steps check /etc/ferric/steps
  ferric steps check /etc/ferric/steps/register.toml --look question.json

What happens next:
  A line for each manifest says what it makes known, or what is wrong with it.
  With --look the executable is called once, in the sandbox of the daemon. The
  daemon reads the folder at its start, and again on `systemctl reload ferric`.

Exit codes: 0 all is well, 1 something is wrong, 2 wrong usage.";
