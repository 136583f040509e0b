//! `nodes/{ident}/traits`.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::model::decision::ask::Ask;
use crate::model::part::ask::{PartAsk, TraitAsk};
use crate::model::trait_name::{RULE, is_trait};
use crate::net::http::Response;

/// All of them.
pub fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let node = call.node()?;
    call.no_query()?;
    Ok(answer(&json!({"traits": node.traits})))
}

/// These in place of all that there are.
pub async fn set(call: &Call<'_>) -> Result<Response, Fault> {
    call.node()?;
    let mut args = call.action().await?;
    let Some(Value::Array(items)) = args.take("traits") else {
        return Err(Fault::invalid("traits is required and must be a list of traits"));
    };
    args.finish()?;
    let names = items.into_iter().map(name).collect::<Result<_, _>>()?;
    change(call, TraitAsk::Set(names)).await
}

fn name(item: Value) -> Result<String, Fault> {
    let Value::String(name) = item else { return Err(Fault::invalid("a trait must be a text")) };
    if is_trait(&name) {
        return Ok(name);
    }
    let shown: String = name.chars().take(64).collect();
    Err(Fault::invalid(format!("{shown:?} is no trait: it must be {RULE}")))
}

/// No more.
pub async fn clear(call: &Call<'_>) -> Result<Response, Fault> {
    call.node()?;
    call.no_query()?;
    change(call, TraitAsk::Clear).await
}

/// The path's one more; a body could only contradict the path.
pub async fn add(call: &Call<'_>) -> Result<Response, Fault> {
    call.node()?;
    let name = name(Value::String(call.ident(1).to_owned()))?;
    if !call.action().await?.into_object().is_empty() {
        return Err(Fault::invalid("a single trait is named by the path: no body goes with it"));
    }
    let location = format!("{}/v1/nodes/{}/traits/{name}", call.base, call.ident(0));
    Ok(change(call, TraitAsk::Add(name)).await?.with("Location", location))
}

/// Without the path's one.
pub async fn remove(call: &Call<'_>) -> Result<Response, Fault> {
    call.node()?;
    call.no_query()?;
    change(call, TraitAsk::Remove(call.ident(1).to_owned())).await
}

async fn change(call: &Call<'_>, ask: TraitAsk) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.ask(id, Ask::Part(PartAsk::Traits(ask))).await?;
    Ok(Response::empty(204))
}
