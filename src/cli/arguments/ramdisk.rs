//! Arguments of `ferric ramdisk ...`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::arguments::{example, node};

/// Arguments that every ramdisk command takes, and the command.
#[derive(Debug, Args)]
pub struct RamdiskArguments {
    #[arg(long, global = true, default_value_t = node::address(), hide_default_value = true, help = node::URL)]
    pub url: String,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: RamdiskCommand,
}

/// What to do with ramdisks. ARCH is a processor as in `x86_64`.
#[derive(Debug, Subcommand)]
pub enum RamdiskCommand {
    /// Hand a kernel and its ramdisk to the appliance, for all machines of a processor
    #[command(after_help = example::RAMDISK_IMPORT)]
    Import(ImportArguments),
    /// List what was imported
    #[command(after_help = example::RAMDISK_LIST)]
    List,
    /// Show one pair
    #[command(after_help = example::RAMDISK_SHOW)]
    Show(OneArch),
    /// Take one pair away
    #[command(after_help = example::RAMDISK_REMOVE)]
    Remove(OneArch),
}

/// Arguments of `ferric ramdisk import`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArguments {
    /// A kernel and a ramdisk, in any order, or one folder that holds them
    #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Processor of the machines [default: the kernel's]
    #[arg(long)]
    pub arch: Option<String>,
    /// A name to know it by again [default: the folder's `version`]
    #[arg(long)]
    pub name: Option<String>,
}

/// One processor.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OneArch {
    /// As in `x86_64`
    pub arch: String,
}
