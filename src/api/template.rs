//! `/v1/deploy_templates`.

use std::sync::Arc;

use uuid::Uuid;

use crate::api::fault::Fault;
use crate::api::node::operations;
use crate::api::request::call::Call;
use crate::api::request::paging::DETAIL_SINCE;
use crate::api::table::TemplateAction;
use crate::api::thing::{self, Collection, Sought};
use crate::model::decision::refusal::Refusal;
use crate::model::rack::{RackAnswer, RackAsk};
use crate::model::shape::Pick;
use crate::model::shape::template::{SHORT, TABLE};
use crate::model::template::{Template, TemplateAsk};
use crate::net::http::Response;

/// Everything below `/v1/deploy_templates`.
pub async fn act(action: TemplateAction, call: &Call<'_>) -> Result<Response, Fault> {
    match action {
        TemplateAction::List => thing::list(call, &TEMPLATES, &Sought::default()),
        TemplateAction::Create => create(call).await,
        TemplateAction::Show => thing::show(call, &TEMPLATES, true),
        TemplateAction::Patch => patch(call).await,
        TemplateAction::Delete => delete(call).await,
        TemplateAction::Unnamed => Err(Fault::invalid("the path must name a deploy template")),
    }
}

async fn create(call: &Call<'_>) -> Result<Response, Fault> {
    call.no_query()?;
    let body = call.action().await?.into_object();
    let template = Template::draft(body, Uuid::new_v4())?;
    let made = written(call, TemplateAsk::Create(template)).await?;
    Ok(thing::created(call, &TEMPLATES, &*made))
}

async fn patch(call: &Call<'_>) -> Result<Response, Fault> {
    let id = thing::find::<Template>(call, call.ident(0), true)?.id;
    call.no_query()?;
    let operations = operations::parse(call.json().await?)?;
    let changed = written(call, TemplateAsk::Patch(id, operations)).await?;
    Ok(call.show(200, TABLE, &Pick::All, &*changed))
}

async fn delete(call: &Call<'_>) -> Result<Response, Fault> {
    let id = thing::find::<Template>(call, call.ident(0), true)?.id;
    call.no_query()?;
    call.api.lanes.rack(RackAsk::Template(TemplateAsk::Delete(id))).await?;
    Ok(Response::empty(204))
}

async fn written(call: &Call<'_>, ask: TemplateAsk) -> Result<Arc<Template>, Fault> {
    let answer = call.api.lanes.rack(RackAsk::Template(ask)).await?;
    let RackAnswer::Template(template) = answer else {
        return Err(Refusal::Internal("a deploy template was written and not answered".to_owned()).into());
    };
    Ok(template)
}

const TEMPLATES: Collection<Template> = Collection {
    table: TABLE,
    short: SHORT,
    key: "deploy_templates",
    path: "deploy_templates",
    detail_since: DETAIL_SINCE,
};
