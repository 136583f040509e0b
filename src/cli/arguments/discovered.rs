//! Arguments of `ferric discovered`.

use clap::{Args, Subcommand};

use crate::base::mac::Mac;
use crate::cli::arguments::node;

/// Arguments of every command about discovered machines, and the command; without one they are listed.
#[derive(Debug, Args)]
pub struct DiscoveredArguments {
    #[arg(long, global = true, default_value_t = node::address(), hide_default_value = true, help = node::URL)]
    pub url: String,
    /// Print the API's JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<DiscoveredCommand>,
}

/// What to do with discovered machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum DiscoveredCommand {
    /// List the machines that called and were not enrolled, the latest first
    #[command(after_help = LIST)]
    List,
    /// Strike out a machine; it is written down anew if it calls again
    #[command(after_help = FORGET)]
    Forget {
        /// The address that the list shows it by
        mac: Mac,
    },
}

pub const EXAMPLE: &str = "\
Examples:
  ferric discovered
  ferric discovered forget 52:54:00:00:00:01

What happens next:
  Listing changes nothing. Which machines are written down, and which become
  nodes by themselves, is [discovery] policy in the configuration file.";

const LIST: &str = "\
Example:
  ferric discovered list --json

What happens next:
  Nothing changes. A machine that became a node is listed with it; the others
  wait for a person: `ferric node create NAME --mac MAC` enrols one.";

const FORGET: &str = "\
Example:
  ferric discovered forget 52:54:00:00:00:01

What happens next:
  The machine is gone from the list, a node that it became is not touched.";
