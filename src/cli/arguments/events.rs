//! `ferric events`.

use clap::Args;

use crate::cli::arguments::node;

/// Arguments of `ferric events`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct EventsArguments {
    #[arg(long, default_value_t = node::address(), hide_default_value = true, help = node::URL)]
    pub url: String,
    /// Stay, and show what changes from now on
    #[arg(long, short)]
    pub follow: bool,
    /// Begin after the event of this number; 0 is all that is kept [default: 0; with --follow the newest]
    #[arg(long, value_name = "NUMBER")]
    pub since: Option<u64>,
    /// Only what is about this node: name or UUID
    #[arg(long, value_parser = node::node_named)]
    pub node: Option<String>,
    /// Only these kinds, separated by commas, as in `node.provision_set,port`
    #[arg(long, value_name = "KINDS")]
    pub kind: Option<String>,
    /// Print the API's JSON, a line an event
    #[arg(long)]
    pub json: bool,
}

/// What stands below the options.
pub const EXAMPLE: &str = "\
Examples:
  ferric events --follow
  ferric events --since 0 --node n1
  ferric events --follow --kind node.provision_set --json

What happens next:
  One line an event, from the oldest that is kept unless --since says where to
  begin. With --follow it begins now and goes on until Ctrl-C, also over a
  restart of the daemon: nothing is shown twice, and what is no longer kept is
  told.";
