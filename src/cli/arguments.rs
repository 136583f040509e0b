//! The whole command line of the binary, as clap structs.
//!
//! `--help` is where an operator learns the tool, so each command carries an example and says what happens next.

pub mod discovered;
pub mod events;
pub mod example;
pub mod node;
pub mod ramdisk;
pub mod shell;
pub mod token;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

pub use discovered::DiscoveredArguments;
pub use events::EventsArguments;
pub use node::NodeArguments;
pub use ramdisk::RamdiskArguments;
pub use shell::{CompletionsArguments, ManArguments};
pub use token::{AuditArguments, TokenArguments};

use crate::base::secret::Secret;
use crate::cli::link::login::Said;
use crate::cli::resource::ask::Ask;

/// Turns a rack of bare servers into running machines, with the API of OpenStack Ironic.
#[derive(Debug, Parser)]
#[command(name = "ferric", version, after_help = example::TOP, infer_long_args = true)]
pub struct Arguments {
    /// Address of the API, for those who say it before the command
    #[arg(long, hide = true)]
    url: Option<String>,
    #[arg(long, global = true, value_name = "FILE", display_order = 902, help = CA)]
    pub ca: Option<PathBuf>,
    #[command(flatten)]
    pub login: Login,
    #[command(subcommand)]
    pub command: Command,
}

/// Who asks the API, for those commands that do.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Login, where the API wants one")]
pub struct Login {
    #[arg(long, global = true, display_order = 903, hide_short_help = true, value_parser = secret, help = TOKEN)]
    token: Option<Secret>,
    #[arg(long, global = true, display_order = 904, hide_short_help = true, value_name = "FILE", help = TOKEN_FILE)]
    token_file: Option<PathBuf>,
    #[arg(long, global = true, display_order = 905, hide_short_help = true, value_name = "NAME", help = USER)]
    user: Option<String>,
    #[arg(long, global = true, display_order = 906, hide_short_help = true, value_parser = secret, help = PASSWORD)]
    password: Option<Secret>,
}

const TOKEN: &str =
    "Token; everybody on this host sees it in the list of processes [env: FERRIC_TOKEN, OS_TOKEN]";
const CA: &str = "Who vouches for the API's certificate (PEM) [env: FERRIC_CA]";
const TOKEN_FILE: &str =
    "File whose first line is the token [env: FERRIC_TOKEN_FILE] [default: ~/.config/ferric/token]";
const USER: &str = "User of the daemon's file of users [env: OS_USERNAME]";
const PASSWORD: &str = "Password; everybody on this host sees it in the list of processes [env: OS_PASSWORD]";

impl Login {
    /// For the way to the API.
    pub fn said(&self) -> Said {
        Said {
            token: self.token.clone(),
            token_file: self.token_file.clone(),
            user: self.user.clone(),
            password: self.password.clone(),
        }
    }
}

impl Arguments {
    /// The same with an address that stood before the command where the command has it; other commands have none.
    pub fn gathered(mut self) -> Result<Self, clap::Error> {
        let Some(url) = self.url.take() else { return Ok(self) };
        match &mut self.command {
            Command::Node(node) => node.url = url,
            Command::Resource(ask) => ask.url = url,
            Command::Console(console) => console.url = url,
            Command::Ramdisk(ramdisk) => ramdisk.url = url,
            Command::Leases(rack) | Command::Networks(rack) => rack.url = url,
            Command::Discovered(discovered) => discovered.url = url,
            Command::Token(token) => token.url = url,
            Command::Audit(audit) => audit.url = url,
            Command::Events(events) => events.url = url,
            Command::Serve(_) | Command::Demo(_) | Command::Completions(_) | Command::Man(_) => {
                let why = "--url is the address of the API that other commands ask; this command asks none";
                return Err(Self::command().error(clap::error::ErrorKind::ArgumentConflict, why));
            }
        }
        Ok(self)
    }
}

/// A text that `Debug` does not show.
#[expect(clippy::unnecessary_wraps, reason = "what reads an argument may fail")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// What the binary is asked to be.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the appliance: the API and everything behind it
    #[command(after_help = example::SERVE)]
    Serve(ServeArguments),
    /// Try it out: an appliance and a simulated rack in one process
    #[command(after_help = example::DEMO)]
    Demo(DemoArguments),
    /// Look at servers and tell them what to become
    #[command(after_help = example::NODE)]
    Node(NodeArguments),
    #[command(flatten)]
    Resource(Ask),
    /// Sit at a server's serial console
    #[command(after_help = example::CONSOLE)]
    Console(ConsoleArguments),
    /// List the addresses that machines have from here
    #[command(after_help = example::LEASES)]
    Leases(RackArguments),
    /// List the networks that are served, and what is wrong with them
    #[command(after_help = example::NETWORKS)]
    Networks(RackArguments),
    /// What machines boot to be deployed and cleaned
    #[command(after_help = example::RAMDISK)]
    Ramdisk(RamdiskArguments),
    /// Look at machines that called and that nobody has enrolled
    #[command(after_help = discovered::EXAMPLE)]
    Discovered(DiscoveredArguments),
    /// Say who may log in
    #[command(after_help = token::EXAMPLE)]
    Token(TokenArguments),
    /// See who changed what
    #[command(after_help = token::AUDIT)]
    Audit(AuditArguments),
    /// Show what changed, and what changes
    #[command(after_help = events::EXAMPLE)]
    Events(EventsArguments),
    /// Print what a shell reads to complete commands and options
    #[command(after_help = shell::COMPLETIONS)]
    Completions(CompletionsArguments),
    /// Make manual pages
    #[command(after_help = shell::MAN)]
    Man(ManArguments),
}

/// Arguments of `ferric serve`; what is not given comes from the configuration file, then from the defaults.
#[derive(Debug, Default, Clone, PartialEq, Eq, Args)]
pub struct ServeArguments {
    /// Configuration file (TOML); without it the defaults apply
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data directory, created with mode 0700 if it is missing
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Operator's door: the whole API. Port 0 takes a free one [default: 127.0.0.1:6385]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Rack's door: only what booting machines and agents need. Unless given: 0.0.0.0:8080 if the configuration has a
    /// `[[network]]` for booting, else off
    #[arg(long, value_name = "ADDR:PORT")]
    pub rack_listen: Option<SocketAddr>,
    /// Hardware types to enable, separated by commas, as in `fake-hardware,manual-management`
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub hardware: Vec<String>,
    /// Let the operator's door listen beyond loopback although nobody has to log in
    #[arg(long)]
    pub insecure: bool,
    /// Make one more admin token and print it once, for who has lost theirs; revoke the lost one with `ferric token revoke`
    #[arg(long)]
    pub new_token: bool,
}

/// Arguments of `ferric console`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ConsoleArguments {
    /// Address of the API
    #[arg(long, env = "FERRIC_URL", hide_env_values = true, default_value = node::DEFAULT_URL)]
    pub url: String,
    /// Name or UUID
    #[arg(value_parser = node::node_named)]
    pub node: String,
    /// Print what was recorded and end; the console is neither opened nor closed
    #[arg(long)]
    pub log: bool,
}

/// Arguments of `ferric leases` and `ferric networks`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RackArguments {
    /// Address of the API
    #[arg(long, env = "FERRIC_URL", hide_env_values = true, default_value = node::DEFAULT_URL)]
    pub url: String,
    /// Print the API's JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ferric demo`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct DemoArguments {
    /// How many servers to simulate
    #[arg(long, value_name = "COUNT", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=512))]
    pub servers: u16,
    /// Leave everything running at the end, and print commands to look around with
    #[arg(long)]
    pub keep: bool,
}

#[cfg(test)]
mod tests;
