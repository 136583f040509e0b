//! `POST /ferric/v1/nodes/{ident}/plan`: what a request would lead to. A page of ours: the reference can only be tried.
//! Nothing is written, no lane is asked and no machine called, so it is a look, whoever may read the node may have it.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::node::provision::{legal, wish};
use crate::api::request::args::Args;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::base::secret::Veil;
use crate::model::explain::pasts::Guess;
use crate::model::explain::{Explained, Origin, PlannedRun, PlannedStep};
use crate::model::moves::Target;
use crate::model::shape::json::masked;
use crate::model::step::touch::Disks;
use crate::net::http::Response;

/// Tells it.
pub async fn plan(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    let mut args = call.action().await?;
    let action = args.needed_text("action")?;
    let target = target(&action, &mut args)?;
    let wish = wish(&mut args, call, node, target)?;
    args.finish()?;
    let barred = [legal(call, node, target), wish.admit(call)];
    let is_legal = barred.first().is_none_or(Result::is_ok);
    let mut explained = call.lanes().explain(node.id, wish.ask, wish.runbook).await?;
    if !is_legal && !explained.refused.is_empty() {
        // The request itself would not come that far: its answer is the first one here.
        explained.refused.remove(0);
    }
    let before = barred.into_iter().filter_map(Result::err).map(|fault| fault.text().to_owned());
    explained.refused = before.chain(explained.refused).collect();
    Ok(answer(&shown(&action, &explained)))
}

/// The word of a provision request for this action; its steps are put where that request has them.
fn target(action: &str, args: &mut Args) -> Result<&'static Target, Fault> {
    let steps = args.take("steps");
    let (word, member) = match action {
        "deploy" => ("active", "deploy_steps"),
        "rebuild" => ("rebuild", "deploy_steps"),
        "clean" if steps.is_none() && !args.has("runbook") => ("provide", "clean_steps"),
        "clean" => ("clean", "clean_steps"),
        "service" => ("service", "service_steps"),
        "undeploy" => ("deleted", "deploy_steps"),
        other => {
            let shown: String = other.chars().take(64).collect();
            return Err(Fault::invalid(format!(
                "action must be clean, deploy, rebuild, service or undeploy, not {shown:?}"
            )));
        }
    };
    if let Some(steps) = steps {
        args.put(member, steps);
    }
    Target::parse(word).ok_or_else(|| Fault::new(500, "the action has no verb"))
}

fn shown(action: &str, explained: &Explained) -> Value {
    json!({
        "action": action,
        "refused": explained.refused,
        "fails": explained.fails,
        "notes": explained.notes,
        "unknown": explained.unknown,
        "runs": explained.runs.iter().map(run).collect::<Vec<_>>(),
    })
}

fn run(planned: &PlannedRun) -> Value {
    let (reboots, may_reboot_more) = planned.starts();
    json!({
        "kind": planned.run.kind.name(),
        "what": planned.run.text(),
        "ends_in": planned.ends_in,
        "agent_steps_as_of": planned.told_at.map(|at| at.to_string()),
        "reboots": reboots,
        "may_reboot_more": may_reboot_more,
        "destructive": planned.steps.iter().any(|step| matches!(step.touch.disks, Disks::Lost(_))),
        "expected": planned.took.map(guess),
        "steps": planned.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn step(planned: &PlannedStep) -> Value {
    let (step, touch) = (&planned.step, planned.touch);
    let mut args = Vec::new();
    masked(&mut args, &step.args, Veil::Names);
    let destructive = match touch.disks {
        Disks::Lost(_) => Some(true),
        Disks::Untouched | Disks::Written(_) => Some(false),
        Disks::Unknown => None,
    };
    json!({
        "interface": step.interface.name(),
        "step": step.step,
        "args": serde_json::from_slice::<Value>(&args).unwrap_or_default(),
        "priority": step.priority,
        "abortable": step.abortable,
        "requires_ramdisk": planned.requires_ramdisk,
        "shown": !step.hidden,
        "origin": origin(&planned.origin),
        "child": planned.child,
        "power": touch.power,
        "boot": touch.boot,
        "disks": touch.disks.text(),
        "destructive": destructive,
        "expected": planned.took.map(guess),
    })
}

fn origin(origin: &Origin) -> Value {
    let told_at = if let Origin::Agent(at) = origin { Some(at.to_string()) } else { None };
    json!({"kind": origin.word(), "name": origin.name(), "told_at": told_at})
}

fn guess(guess: Guess) -> Value {
    let of = if guess.is_own { "this node" } else { "other nodes" };
    json!({"seconds": guess.seconds, "runs": guess.runs, "of": of})
}
