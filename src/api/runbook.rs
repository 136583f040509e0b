//! `/v1/runbooks` and their traits.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::access::policy;
use crate::api::fault::Fault;
use crate::api::node::operations;
use crate::api::request::call::Call;
use crate::api::request::paging::DETAIL_SINCE;
use crate::api::root::answer;
use crate::api::table::RunbookAction;
use crate::api::thing::{self, Collection, Sought};
use crate::model::decision::ask::PatchOp;
use crate::model::decision::refusal::Refusal;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::model::runbook::draft::check_trait;
use crate::model::runbook::{Runbook, RunbookAsk};
use crate::model::shape::Pick;
use crate::model::shape::runbook::{SHORT, TABLE};
use crate::net::http::Response;

/// Everything below `/v1/runbooks`.
pub async fn act(action: RunbookAction, call: &Call<'_>) -> Result<Response, Fault> {
    match action {
        RunbookAction::List => list(call),
        RunbookAction::Create => create(call).await,
        RunbookAction::Show => thing::show(call, &RUNBOOKS, true),
        RunbookAction::Patch => patch(call).await,
        RunbookAction::Delete => delete(call).await,
        RunbookAction::Unnamed => Err(Fault::invalid("the path must name a runbook")),
        RunbookAction::Traits => traits(call),
        RunbookAction::TraitsSet => set_traits(call).await,
        RunbookAction::TraitsDrop => {
            write_traits(call, |id, _| RunbookAsk::Traits(id, Vec::new())).await?;
            Ok(Response::empty(204))
        }
        RunbookAction::TraitAdd => add_trait(call).await,
        RunbookAction::TraitDrop => {
            write_traits(call, |id, name| RunbookAsk::Drop(id, name.to_owned())).await?;
            Ok(Response::empty(204))
        }
    }
}

/// The runbook of the path.
fn named<'a>(call: &'a Call<'_>) -> Result<&'a Arc<Runbook>, Fault> {
    thing::find::<Runbook>(call, call.ident(0), true)
}

/// `project` asks for what that project can use: its own and public ones.
fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let mut args = call.args()?;
    let paging = thing::paging(call, &RUNBOOKS, &mut args, false)?;
    let project = args.text("project")?;
    args.finish()?;
    let takes_in = move |runbook: &Runbook| {
        let is_own =
            |project: &String| runbook.wished.public || runbook.wished.owner.as_ref() == Some(project);
        project.as_ref().is_none_or(is_own)
    };
    let sought = Sought { takes_in: Box::new(takes_in), ..Sought::default() };
    thing::page(call, &RUNBOOKS, &paging, &sought)
}

async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let body = call.action().await?.into_object();
    let mut runbook = Runbook::draft(body, Uuid::new_v4(), call.version)?;
    if call.who.project.is_some() && runbook.wished.public {
        return Err(Fault::invalid("a token that is bound to a project makes no public runbooks"));
    }
    call.claim(&mut runbook.wished.owner)?;
    admit_steps(call, &runbook)?;
    let made = written(call, RunbookAsk::Create(runbook)).await?;
    Ok(thing::created(call, &RUNBOOKS, &*made))
}

/// Whether all its steps may be asked for: who uses it later need not be asked again.
fn admit_steps(call: &Call<'_>, runbook: &Runbook) -> Result<(), Fault> {
    let steps = runbook.wished.steps.iter().map(|step| (step.interface, step.step.as_str()));
    policy::admit_steps(&call.who, call.policy(), steps)
}

async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let runbook = named(call)?;
    let id = runbook.id;
    call.no_query()?;
    let operations = operations::parse(call.json().await?)?;
    let root =
        |operation: &PatchOp| operation.path.trim_start_matches('/').split('/').next().map(str::to_owned);
    let roots: Vec<String> = operations.iter().filter_map(root).collect();
    if call.who.project.is_some() && roots.iter().any(|root| root == "owner" || root == "public") {
        return Err(Fault::new(403, "a token that is bound to a project may write neither owner nor public"));
    }
    if roots.iter().any(|root| root == "steps") {
        admit_steps(call, &runbook.patched(&operations, call.version)?)?;
    }
    let changed = written(call, RunbookAsk::Patch { id, operations, version: call.version }).await?;
    Ok(call.show(200, TABLE, &Pick::All, &*changed))
}

async fn delete(call: &Call<'_>) -> Result<Response, Fault> {
    let id = named(call)?.id;
    call.no_query()?;
    call.api.lanes.rack(RackAsk::Runbook(RunbookAsk::Delete(id))).await?;
    Ok(Response::empty(204))
}

fn traits(call: &Call<'_>) -> Result<Response, Fault> {
    let runbook = named(call)?;
    call.no_query()?;
    Ok(answer(&json!({"traits": runbook.traits})))
}

async fn set_traits(call: &Call<'_>) -> Result<Response, Fault> {
    named(call)?;
    let mut args = call.action().await?;
    let names = args.take("traits");
    args.finish()?;
    let Some(Value::Array(items)) = names else {
        return Err(Fault::invalid(
            "traits must be given as a list of traits; one more is added by its own path",
        ));
    };
    let mut names = Vec::new();
    for item in items {
        let Value::String(name) = item else {
            return Err(Fault::invalid("traits must be a list of texts"));
        };
        names.push(name);
    }
    write_traits(call, |id, _| RunbookAsk::Traits(id, names)).await?;
    Ok(Response::empty(204))
}

async fn add_trait(call: &Call<'_>) -> Result<Response, Fault> {
    named(call)?;
    check_trait(call.ident(1))?;
    if !call.body.is_empty() && !matches!(call.json().await?, Value::Null) {
        return Err(Fault::invalid("a trait is added by its path: no body goes with it"));
    }
    write_traits(call, |id, name| RunbookAsk::Add(id, name.to_owned())).await?;
    let location = format!("{}/v1/runbooks/{}/traits/{}", call.base, call.ident(0), call.ident(1));
    Ok(Response::empty(204).with("Location", location))
}

/// One change of the traits of the path's runbook; the ask is made from its UUID and the trait of the path.
async fn write_traits(
    call: &Call<'_>,
    ask: impl FnOnce(Uuid, &str) -> RunbookAsk,
) -> Result<Arc<Runbook>, Fault> {
    let id = named(call)?.id;
    call.no_query()?;
    written(call, ask(id, call.ident(1))).await
}

async fn written(call: &Call<'_>, ask: RunbookAsk) -> Result<Arc<Runbook>, Fault> {
    let answer = call.api.lanes.rack(RackAsk::Runbook(ask)).await?;
    let RackAnswer::Runbook(runbook) = answer else {
        return Err(Refusal::Internal("a runbook was written and not answered".to_owned()).into());
    };
    Ok(runbook)
}

const RUNBOOKS: Collection<Runbook> =
    Collection { table: TABLE, short: SHORT, key: "runbooks", path: "runbooks", detail_since: DETAIL_SINCE };
