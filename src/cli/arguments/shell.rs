//! Arguments of `ferric completions` and `ferric man`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// A shell that can complete words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Arguments of `ferric completions`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CompletionsArguments {
    /// Which shell
    pub shell: Shell,
}

/// Arguments of `ferric man`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ManArguments {
    /// Write a page for each command into this folder, which is made if it is missing
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

pub const COMPLETIONS: &str = "\
Examples:
  ferric completions bash > /etc/bash_completion.d/ferric
  ferric completions zsh > ~/.zfunc/_ferric
  ferric completions fish > ~/.config/fish/completions/ferric.fish

What happens next:
  The script is printed. A shell that reads it at its start completes commands
  and options of ferric by the Tab key; `. <(ferric completions bash)` does so
  in the running one.";

pub const MAN: &str = "\
Examples:
  ferric man | man -l -
  ferric man --dir /usr/local/share/man/man1

What happens next:
  Without --dir the page of ferric itself is printed. With it there is a file
  for each command: `man ferric-node-deploy` shows one.";
