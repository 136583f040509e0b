//! The whole command line of the binary, as clap structs.
//!
//! `--help` is where an operator learns the tool, so each command carries an example and says what happens next.

pub mod discovered;
pub mod events;
pub mod example;
pub mod node;
pub mod ramdisk;
pub mod shell;
pub mod steps;
pub mod token;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, Parser, Subcommand};

pub use discovered::DiscoveredArguments;
pub use events::EventsArguments;
pub use node::NodeArguments;
pub use ramdisk::RamdiskArguments;
pub use shell::{CompletionsArguments, ManArguments};
pub use steps::{StepsArguments, StepsCommand};
pub use token::{AuditArguments, TokenArguments};

use crate::base::secret::Secret;
use crate::cli::link::login::Said;
use crate::cli::resource::ask::Ask;

/// Turns a rack of bare servers into running machines, with the API of OpenStack Ironic.
#[derive(Debug, Parser)]
#[command(name = "ferric", version, after_help = example::TOP, infer_long_args = true)]
pub struct Arguments {
    // Both may stand before the command or behind it, where it has them itself.
    #[arg(long, display_order = 900, help = node::URL)]
    url: Option<String>,
    /// Print the API's JSON instead of text
    #[arg(long, display_order = 901)]
    json: bool,
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
    fn is_given(&self) -> bool {
        let Self { token, token_file, user, password } = self;
        token.is_some() || token_file.is_some() || user.is_some() || password.is_some()
    }

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
    /// What was typed. If it is wrong, the process says so and ends.
    pub fn typed() -> Self {
        Self::try_parse().and_then(Self::gathered).unwrap_or_else(|error| with_tip(error).exit())
    }

    /// The same with what stood before the command where the command has it. What asks no API takes nothing that is
    /// said to one.
    pub fn gathered(mut self) -> Result<Self, clap::Error> {
        let (url, json) = (self.url.take(), std::mem::take(&mut self.json));
        let Some((own_url, own_json)) = self.command.asks() else {
            let said = url.is_some() || json || self.ca.is_some() || self.login.is_given();
            let why = "this command asks no API: --url, --json, --ca and the login are for those that do";
            let wrong = || Self::command().error(clap::error::ErrorKind::ArgumentConflict, why);
            return if said { Err(wrong()) } else { Ok(self) };
        };
        if let Some(url) = url {
            *own_url = url;
        }
        match own_json {
            Some(own) => *own |= json,
            None if json => {
                let why = "a console has no JSON";
                return Err(Self::command().error(clap::error::ErrorKind::ArgumentConflict, why));
            }
            None => {}
        }
        Ok(self)
    }
}

impl Command {
    /// The address and the wish for JSON of a command that asks the API.
    fn asks(&mut self) -> Option<(&mut String, Option<&mut bool>)> {
        Some(match self {
            Self::Node(node) => (&mut node.url, Some(&mut node.json)),
            Self::Resource(ask) => (&mut ask.url, Some(&mut ask.json)),
            Self::Console(console) => (&mut console.url, None),
            Self::Ramdisk(ramdisk) => (&mut ramdisk.url, Some(&mut ramdisk.json)),
            Self::Leases(rack) | Self::Networks(rack) => (&mut rack.url, Some(&mut rack.json)),
            Self::Discovered(discovered) => (&mut discovered.url, Some(&mut discovered.json)),
            Self::Token(token) => (&mut token.url, Some(&mut token.json)),
            Self::Audit(audit) => (&mut audit.url, Some(&mut audit.json)),
            Self::Events(events) => (&mut events.url, Some(&mut events.json)),
            Self::Steps(StepsArguments { command: StepsCommand::List(rack) }) => {
                (&mut rack.url, Some(&mut rack.json))
            }
            Self::Serve(_) | Self::Demo(_) | Self::Steps(_) | Self::Completions(_) | Self::Man(_) => {
                return None;
            }
        })
    }
}

/// The options of the login and `--ca`, as those commands have them that ask no API: out of sight.
fn unasked() -> impl Iterator<Item = clap::Arg> {
    let hidden =
        |id, long, parser: ValueParser| clap::Arg::new(id).long(long).value_parser(parser).hide(true);
    let path = || clap::value_parser!(PathBuf);
    [
        hidden("ca", "ca", path()),
        hidden("token", "token", ValueParser::new(secret)),
        hidden("token_file", "token-file", path()),
        hidden("user", "user", ValueParser::string()),
        hidden("password", "password", ValueParser::new(secret)),
    ]
    .into_iter()
}

/// An error with what helps who puts a blank before the value of a switch.
fn with_tip(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg)
        && matches!(word.as_str(), "true" | "false")
    {
        let tip = format!("the value of a switch follows `=`, as in `--maintenance={word}`");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
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
    #[command(after_help = example::SERVE, args(unasked()))]
    Serve(ServeArguments),
    /// Try it out: an appliance and a simulated rack in one process
    #[command(after_help = example::DEMO, args(unasked()))]
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
    /// Look at steps of your own
    #[command(after_help = steps::EXAMPLE)]
    Steps(StepsArguments),
    /// Print what a shell reads to complete commands and options
    #[command(after_help = shell::COMPLETIONS, args(unasked()))]
    Completions(CompletionsArguments),
    /// Make manual pages
    #[command(after_help = shell::MAN, args(unasked()))]
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
    #[arg(long, default_value_t = node::address(), hide_default_value = true, help = node::URL)]
    pub url: String,
    /// Name or UUID
    #[arg(value_parser = node::node_named)]
    pub node: String,
    /// Print what was recorded and end; the console is neither opened nor closed
    #[arg(long)]
    pub log: bool,
}

/// Arguments of `ferric leases`, `ferric networks` and `ferric steps list`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RackArguments {
    #[arg(long, default_value_t = node::address(), hide_default_value = true, help = node::URL)]
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
