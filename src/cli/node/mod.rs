//! The commands of `ferric node`, a file a command or two.

pub mod drive;
pub mod edit;
pub mod follow;
pub mod inventory;
pub mod list;
pub mod part;
pub mod password;
pub mod plan;
pub mod power;
pub mod sensors;
pub mod show;
pub mod upkeep;
pub mod verb;
pub mod view;

use crate::cli::Exit;
use crate::cli::arguments::node::NodeCommand;
use crate::cli::fault::way::Facts;
use crate::cli::fault::{CliError, Subject};
use crate::cli::node::follow::Goal;
use crate::cli::node::follow::follow;
use crate::cli::node::part::Part;
use crate::cli::node::verb::Verb;
use crate::cli::place::place;
use crate::cli::report;
use crate::cli::resource::call;
use crate::cli::resource::call::Of;
use crate::cli::session::Session;

/// Does what is asked and prints what came of it, errors included.
pub async fn run(session: &mut Session<'_, '_>, command: &NodeCommand) -> Exit {
    let (node, result) = match command {
        NodeCommand::List(arguments) => (None, list::list(session, arguments).await),
        NodeCommand::Show(one) => (Some(&one.node), show::show(session, &one.node).await),
        NodeCommand::Children(one) => (Some(&one.node), list::children(session, &one.node).await),
        NodeCommand::Create(arguments) => (arguments.name.as_ref(), edit::create(session, arguments).await),
        NodeCommand::Set(arguments) => (Some(&arguments.node), edit::set(session, arguments).await),
        NodeCommand::Unset(arguments) => (Some(&arguments.node), edit::unset(session, arguments).await),
        NodeCommand::Delete(many) => return edit::delete(session, &many.nodes).await,
        NodeCommand::Manage(arguments) => return verb::run(session, Verb::Manage, arguments).await,
        NodeCommand::Inspect(arguments) => return verb::run(session, Verb::Inspect, arguments).await,
        NodeCommand::Provide(arguments) => return verb::run(session, Verb::Provide, arguments).await,
        NodeCommand::Deploy(arguments) => (None, verb::deploy(session, Verb::Deploy, arguments).await),
        NodeCommand::Undeploy(arguments) => return verb::run(session, Verb::Undeploy, arguments).await,
        NodeCommand::Clean(arguments) => (None, verb::steps(session, Verb::Clean, arguments).await),
        NodeCommand::Service(arguments) => (None, verb::steps(session, Verb::Service, arguments).await),
        NodeCommand::Rebuild(arguments) => (None, verb::deploy(session, Verb::Rebuild, arguments).await),
        NodeCommand::Adopt(arguments) => return verb::run(session, Verb::Adopt, arguments).await,
        NodeCommand::Rescue(arguments) => (None, verb::rescue(session, arguments).await),
        NodeCommand::Unrescue(arguments) => return verb::run(session, Verb::Unrescue, arguments).await,
        NodeCommand::Unhold(arguments) => return verb::run(session, Verb::Unhold, arguments).await,
        NodeCommand::Abort(arguments) => return verb::run(session, Verb::Abort, arguments).await,
        NodeCommand::Power(arguments) => (Some(&arguments.node), power::power(session, arguments).await),
        NodeCommand::BootMode(arguments) => {
            (Some(&arguments.node), power::boot_mode(session, arguments).await)
        }
        NodeCommand::SecureBoot(arguments) => {
            (Some(&arguments.node), power::secure_boot(session, arguments).await)
        }
        NodeCommand::Maintenance(arguments) => {
            (Some(&arguments.node), upkeep::maintenance(session, arguments).await)
        }
        NodeCommand::Validate(one) => (Some(&one.node), upkeep::validate(session, &one.node).await),
        NodeCommand::Plan(arguments) => (Some(&arguments.node), plan::plan(session, arguments).await),
        NodeCommand::Sensors(one) => (Some(&one.node), sensors::sensors(session, &one.node).await),
        NodeCommand::Inventory(one) => (Some(&one.node), inventory::inventory(session, &one.node).await),
        NodeCommand::Part(part) => return parted(session, part).await,
        NodeCommand::Wait(arguments) => {
            let goal = Goal::for_states(&arguments.states);
            return follow(session, &arguments.nodes, &goal, arguments.limit()).await;
        }
    };
    match result {
        Ok(exit) => exit,
        Err(error) => refused(session, &error, verb(command), node.map(String::as_str)).await,
    }
}

/// Tells of what went wrong, with what helps as the node is now.
async fn refused(session: &mut Session<'_, '_>, error: &CliError, verb: &str, node: Option<&str>) -> Exit {
    let facts = Facts::look(session, error, node).await;
    report(session.console, error, verb, Subject { facts: facts.as_ref(), ..Subject::from(node) })
}

/// Makes the request below a node.
async fn parted(session: &mut Session<'_, '_>, part: &Part) -> Exit {
    call::run(session, Of { words: "node", path: "/v1/nodes" }, part.call, &part.given).await
}

/// The command's word, for messages.
pub fn verb(command: &NodeCommand) -> &'static str {
    match command {
        NodeCommand::List(_) => "list nodes",
        NodeCommand::Show(_) => "show",
        NodeCommand::Children(_) => "list children",
        NodeCommand::Create(_) => "create",
        NodeCommand::Set(_) => "set",
        NodeCommand::Unset(_) => "unset",
        NodeCommand::Delete(_) => "delete",
        NodeCommand::Manage(_) => "manage",
        NodeCommand::Inspect(_) => "inspect",
        NodeCommand::Provide(_) => "provide",
        NodeCommand::Deploy(_) => "deploy",
        NodeCommand::Undeploy(_) => "undeploy",
        NodeCommand::Clean(_) => "clean",
        NodeCommand::Service(_) => "service",
        NodeCommand::Rebuild(_) => "rebuild",
        NodeCommand::Adopt(_) => "adopt",
        NodeCommand::Rescue(_) => "rescue",
        NodeCommand::Unrescue(_) => "unrescue",
        NodeCommand::Unhold(_) => "unhold",
        NodeCommand::Part(part) => part.call.deed,
        NodeCommand::Abort(_) => "abort",
        NodeCommand::Power(_) => "change power",
        NodeCommand::BootMode(_) => "set the boot mode",
        NodeCommand::SecureBoot(_) => "set secure boot",
        NodeCommand::Maintenance(_) => "change maintenance",
        NodeCommand::Validate(_) => "validate",
        NodeCommand::Inventory(_) => "read the inventory",
        NodeCommand::Plan(_) => "plan",
        NodeCommand::Sensors(_) => "read sensors",
        NodeCommand::Wait(_) => "wait",
    }
}

/// `/v1/nodes/NODE` and what follows.
pub fn path(node: &str, tail: &str) -> String {
    place("/v1/nodes", node, tail)
}

/// Does the same to each node, prints what is refused, and goes on. The worst of the ends is returned.
async fn each<F>(session: &mut Session<'_, '_>, nodes: &[String], verb: &str, mut act: F) -> Exit
where
    F: AsyncFnMut(&mut Session<'_, '_>, &str) -> Result<(), CliError>,
{
    let mut exit = Exit::Done;
    for node in nodes {
        if let Err(error) = act(session, node).await {
            if error.is_broken_pipe() {
                return Exit::Done;
            }
            exit = exit.max(refused(session, &error, verb, Some(node.as_str())).await);
        }
    }
    exit
}

#[cfg(test)]
pub(crate) mod tests;
