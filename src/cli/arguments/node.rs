//! Arguments of `ferric node ...`.

pub mod behind;
pub mod filter;
pub mod patience;
pub mod power;

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use crate::base::mac::Mac;
use crate::base::secret::Secret;
use crate::cli::arguments::example;
use crate::cli::arguments::node::behind::behind;
use crate::cli::arguments::node::filter::ListArguments;
use crate::cli::arguments::node::patience::{Patience, limit, seconds};
use crate::cli::arguments::node::power::{BootModeArguments, PowerArguments, SecureBootArguments};
use crate::cli::arguments::secret;
use crate::cli::node::part::Part;
use crate::cli::value::Assignment;
use crate::cli::value::FieldPath;

/// Arguments that every node command takes, and the command.
#[derive(Debug, Args)]
pub struct NodeArguments {
    #[arg(long, global = true, default_value_t = address(), hide_default_value = true, help = URL)]
    #[arg(display_order = 900)]
    pub url: String,
    /// Print the API's JSON instead of text
    #[arg(long, global = true, display_order = 901)]
    pub json: bool,
    #[command(subcommand)]
    pub command: NodeCommand,
}

/// What to do with nodes. NODE is a name or a UUID.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// List nodes in a table; those inside others only if asked for
    #[command(after_help = example::LIST)]
    List(Box<ListArguments>),
    /// Show all about one node: what it does, what it waits for, its settings and ports
    #[command(after_help = example::SHOW)]
    Show(OneNode),
    /// List the nodes inside a node
    #[command(after_help = example::CHILDREN)]
    Children(OneNode),
    /// Tell the appliance of a server
    #[command(after_help = example::CREATE)]
    Create(CreateArguments),
    /// Set fields of a node
    #[command(after_help = example::SET)]
    Set(SetArguments),
    /// Remove fields of a node
    #[command(after_help = example::UNSET)]
    Unset(UnsetArguments),
    /// Forget nodes
    #[command(after_help = example::DELETE)]
    Delete(ManyNodes),
    /// Prove that nodes can be controlled, and make them manageable
    #[command(after_help = example::MANAGE)]
    Manage(VerbArguments),
    /// Find out what manageable nodes are made of
    #[command(after_help = example::INSPECT)]
    Inspect(VerbArguments),
    /// Clean manageable nodes and offer them for deployment
    #[command(after_help = example::PROVIDE)]
    Provide(VerbArguments),
    /// Write an image to available nodes and start it
    #[command(after_help = example::DEPLOY)]
    Deploy(DeployArguments),
    /// Take nodes out of use: wipe them and offer them again
    #[command(after_help = example::UNDEPLOY)]
    Undeploy(VerbArguments),
    /// Run steps on manageable nodes, named or of a runbook
    #[command(after_help = example::CLEAN)]
    Clean(StepsArguments),
    /// Run steps on nodes in use, named or of a runbook
    #[command(after_help = example::SERVICE)]
    Service(StepsArguments),
    /// Write the image of nodes in use anew
    #[command(after_help = example::REBUILD)]
    Rebuild(DeployArguments),
    /// Take over nodes that were deployed by something else
    #[command(after_help = example::ADOPT)]
    Adopt(VerbArguments),
    /// Boot a ramdisk to log in to, in place of what nodes run
    #[command(after_help = example::RESCUE)]
    Rescue(RescueArguments),
    /// End a rescue: nodes run again what was deployed
    #[command(after_help = example::UNRESCUE)]
    Unrescue(VerbArguments),
    /// Let nodes go on that hold
    #[command(after_help = example::UNHOLD)]
    Unhold(VerbArguments),
    /// Stop what nodes are waiting in
    #[command(after_help = example::ABORT)]
    Abort(VerbArguments),
    /// Switch a node on or off
    #[command(after_help = example::POWER)]
    Power(PowerArguments),
    /// Choose between UEFI and BIOS
    #[command(after_help = example::BOOT_MODE)]
    BootMode(BootModeArguments),
    /// Switch Secure Boot on or off
    #[command(after_help = example::SECURE_BOOT)]
    SecureBoot(SecureBootArguments),
    /// Say that people work at a node, or that they are done
    #[command(after_help = example::MAINTENANCE)]
    Maintenance(MaintenanceArguments),
    /// Check whether a node's settings suffice for each of its interfaces
    #[command(after_help = example::VALIDATE)]
    Validate(OneNode),
    /// Tell what a request would lead to: each step, where it comes from, what it does. Nothing is touched
    #[command(after_help = example::PLAN)]
    Plan(PlanArguments),
    /// Show what the last inspection of a node found
    #[command(after_help = example::INVENTORY)]
    Inventory(OneNode),
    /// Read a node's sensors
    #[command(after_help = example::SENSORS)]
    Sensors(OneNode),
    /// Follow nodes until their work is done, power work too, showing what they wait for
    #[command(after_help = example::WAIT)]
    Wait(WaitArguments),
    #[command(flatten)]
    Part(Part),
}

#[derive(Debug, Args)]
pub struct OneNode {
    /// Name or UUID
    #[arg(value_parser = node_named)]
    pub node: String,
}

#[derive(Debug, Args)]
pub struct ManyNodes {
    /// Names or UUIDs
    #[arg(required = true, value_name = "NODE", value_parser = node_named)]
    pub nodes: Vec<String>,
}

#[derive(Debug, Args)]
pub struct CreateArguments {
    /// Name, unique in the rack
    #[arg(value_parser = new_name)]
    pub name: Option<String>,
    /// Hardware type
    #[arg(long, required_unless_present = "file")]
    pub driver: Option<String>,
    /// All fields as a JSON object, or its file (`-`: stdin); what is said beside it wins
    #[arg(long, value_name = "JSON|FILE", value_parser = given)]
    pub file: Option<String>,
    /// MAC address of a network card; makes a port. May be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub mac: Vec<Mac>,
    /// How to reach and boot the server. May be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    pub driver_info: Vec<Assignment>,
    /// A fact of the hardware. May be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    pub property: Vec<Assignment>,
    /// Class that allocations ask for
    #[arg(long, value_name = "CLASS")]
    pub resource_class: Option<String>,
    /// Any other field, as in `deploy_interface=direct` or `extra.rack=4`. May be given more than once
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<Assignment>,
}

#[derive(Debug, Args)]
pub struct SetArguments {
    /// Name or UUID
    #[arg(value_parser = node_named)]
    pub node: String,
    /// Fields and their values; VALUE is JSON if it parses as such, else a text
    #[arg(required = true, value_name = "FIELD=VALUE")]
    pub assignments: Vec<Assignment>,
}

#[derive(Debug, Args)]
pub struct UnsetArguments {
    /// Name or UUID
    #[arg(value_parser = node_named)]
    pub node: String,
    /// Fields to remove
    #[arg(required = true, value_name = "FIELD")]
    pub fields: Vec<FieldPath>,
}

#[derive(Debug, Args)]
pub struct VerbArguments {
    /// Names or UUIDs
    #[arg(required = true, value_name = "NODE", value_parser = node_named)]
    pub nodes: Vec<String>,
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Debug, Args)]
pub struct RescueArguments {
    /// Names or UUIDs
    #[arg(required = true, value_name = "NODE", value_parser = node_named)]
    pub nodes: Vec<String>,
    /// Password to log in with; everybody on this host sees it in the list of processes
    #[arg(long, value_name = "PASSWORD", value_parser = secret, conflicts_with = "rescue_password_file")]
    pub rescue_password: Option<Secret>,
    /// File whose first line is the password (`-`: stdin); asked for at the terminal if not given
    #[arg(long, value_name = "FILE", value_parser = given)]
    pub rescue_password_file: Option<String>,
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["steps", "runbook"]))]
pub struct StepsArguments {
    /// Names or UUIDs
    #[arg(required = true, value_name = "NODE", value_parser = node_named)]
    pub nodes: Vec<String>,
    /// Steps: a JSON array of {interface, step, args}, or its file (`-`: stdin)
    #[arg(long, value_name = "FILE", value_parser = given)]
    pub steps: Option<String>,
    /// Name or UUID of a runbook
    #[arg(long, value_name = "NAME")]
    pub runbook: Option<String>,
    /// Boot no ramdisk: steps that need one are refused
    #[arg(long, conflicts_with = "runbook")]
    pub disable_ramdisk: bool,
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Debug, Args)]
pub struct DeployArguments {
    /// Names or UUIDs
    #[arg(required = true, value_name = "NODE", value_parser = node_named)]
    pub nodes: Vec<String>,
    /// Image to write (http, https or file URL); without it the node's `instance_info` must name one
    #[arg(long, value_name = "URL")]
    pub image: Option<String>,
    /// Checksum of the image, as `sha256:HEX` or `sha512:HEX`, or the URL of a checksum file
    #[arg(long)]
    pub checksum: Option<String>,
    /// First-boot data: a JSON object (`meta_data`, `network_data`, `user_data`, `vendor_data`), or the file (`-`:
    /// stdin) that holds one, an ISO 9660 image, or a gzipped one
    #[arg(long, value_name = "JSON|FILE", value_parser = given)]
    pub config_drive: Option<String>,
    /// Deploy steps: a JSON array of {interface, step, args, priority}, or its file (`-`: stdin)
    #[arg(long, value_name = "JSON|FILE", value_parser = given)]
    pub steps: Option<String>,
    /// Another key of `instance_info`. May be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    pub set_instance: Vec<Assignment>,
    #[command(flatten)]
    pub patience: Patience,
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Name or UUID
    #[arg(value_parser = node_named)]
    pub node: String,
    /// What would be asked for; `clean` without steps is the automated cleaning of `provide`
    #[arg(value_parser = behind::<Planned>("ferric node plan n1 deploy"))]
    pub action: Planned,
    /// Steps that would be asked for: a JSON array of {interface, step, args, priority}, or its file (`-`: stdin)
    #[arg(long, value_name = "JSON|FILE", value_parser = given)]
    pub steps: Option<String>,
    /// Name or UUID of a runbook that would be asked for; goes with `clean` and `service`
    #[arg(long, value_name = "NAME", conflicts_with = "steps")]
    pub runbook: Option<String>,
    /// Without a ramdisk; goes with `clean` and `service`
    #[arg(long, conflicts_with = "runbook")]
    pub disable_ramdisk: bool,
}

/// What can be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Planned {
    Deploy,
    Clean,
    Service,
    Undeploy,
    Rebuild,
}

impl Planned {
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Clean => "clean",
            Self::Service => "service",
            Self::Undeploy => "undeploy",
            Self::Rebuild => "rebuild",
        }
    }
}

#[derive(Debug, Args)]
pub struct MaintenanceArguments {
    /// Name or UUID
    #[arg(value_parser = node_named)]
    pub node: String,
    /// Begin or end it
    #[arg(value_parser = behind::<Switch>("ferric node maintenance n1 on"))]
    pub switch: Switch,
    /// Why, shown to everyone who looks; goes with `on`
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    On,
    Off,
}

#[derive(Debug, Args)]
pub struct WaitArguments {
    /// Names or UUIDs
    #[arg(required = true, value_name = "NODE", value_parser = node_named)]
    pub nodes: Vec<String>,
    /// Provision states to wait for, separated by commas [default: until no work is left]
    #[arg(long = "for", value_name = "STATES", value_delimiter = ',')]
    #[arg(value_parser = PossibleValuesParser::new(STATES), hide_possible_values = true)]
    pub states: Vec<String>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0, hide_default_value = true, value_parser = seconds)]
    pub timeout: u32,
}

impl WaitArguments {
    pub fn limit(&self) -> Option<Duration> {
        limit(self.timeout)
    }
}

/// A NODE as typed; an empty one is mostly a shell variable that is not set.
pub fn node_named(text: &str) -> Result<String, &'static str> {
    some(text, "it is empty; give the name or UUID of a node (`ferric node list` shows them)")
}

/// Where the API is unless `--url` says so. Read here and not by clap, whose usage lines show an option that the
/// environment sets as if it had to be given.
pub fn address() -> String {
    let given = std::env::var_os("FERRIC_URL").map(|url| url.to_string_lossy().into_owned());
    given.filter(|url| !url.is_empty()).unwrap_or_else(|| DEFAULT_URL.to_owned())
}

/// The help of `--url`.
pub const URL: &str = "Address of the API [env: FERRIC_URL] [default: http://127.0.0.1:6385]";

/// A NAME as typed.
fn new_name(text: &str) -> Result<String, &'static str> {
    some(text, "it is empty; give a name, or leave the argument out for a node without one")
}

/// JSON or a file as typed.
fn given(text: &str) -> Result<String, &'static str> {
    some(text, "it is empty; give JSON, the name of a file, or - for standard input")
}

fn some(text: &str, otherwise: &'static str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err(otherwise) } else { Ok(text.to_owned()) }
}

/// Where `ferric serve` listens when it is told nothing else.
pub const DEFAULT_URL: &str = "http://127.0.0.1:6385";

/// Every provision state of the API, so that a wait for a mistyped one ends at once and not never.
pub const STATES: &[&str] = &[
    "enroll",
    "verifying",
    "manageable",
    "available",
    "active",
    "error",
    "deploying",
    "wait call-back",
    "deploy failed",
    "deploy hold",
    "cleaning",
    "clean wait",
    "clean failed",
    "clean hold",
    "deleting",
    "inspecting",
    "inspect wait",
    "inspect failed",
    "adopting",
    "adopt failed",
    "rescue",
    "rescuing",
    "rescue wait",
    "rescue failed",
    "unrescuing",
    "unrescue failed",
    "servicing",
    "service wait",
    "service failed",
    "service hold",
];
