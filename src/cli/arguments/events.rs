//! `ferric events`.

use clap::Args;

use crate::cli::arguments::node;

/// Arguments of `ferric events`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct EventsArguments {
    /// Address of the API
    #[arg(long, env = "FERRIC_URL", hide_env_values = true, default_value = node::DEFAULT_URL)]
    pub url: String,
    /// Stay, and show what changes from now on
    #[arg(long, short)]
    pub follow: bool,
    /// Begin after the event of this number; 0 is all that is kept
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
  One line an event. With --follow it goes on until Ctrl-C, also over a restart
  of the daemon: nothing is shown twice, and what is no longer kept is told.";
