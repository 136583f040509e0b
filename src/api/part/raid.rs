//! `PUT nodes/{ident}/states/raid`: the RAID that cleaning is to make.

use serde_json::Value;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::model::decision::ask::Ask;
use crate::model::draft::given::kind;
use crate::model::part::ask::PartAsk;
use crate::net::http::Response;

/// The body is the whole configuration; an empty object forgets it.
pub async fn set(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let body = call.json().await?;
    let Value::Object(config) = body else {
        return Err(Fault::invalid(format!("the body must be an object, not {}", kind(&body))));
    };
    call.ask(id, Ask::Part(PartAsk::Raid(config))).await?;
    Ok(Response::empty(204))
}
