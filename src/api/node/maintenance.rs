//! `PUT` and `DELETE nodes/{ident}/maintenance`.

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::model::decision::ask::Ask;
use crate::net::http::Response;

/// People are at work.
pub async fn begin(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    let reason = args.text("reason")?;
    args.finish()?;
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_LIMIT) {
        return Err(Fault::invalid(format!("reason must have {REASON_LIMIT} characters at most")));
    }
    call.ask(id, Ask::Maintenance { on: true, reason }).await?;
    Ok(Response::empty(202))
}

/// They are done.
pub async fn end(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.action().await?.finish()?;
    call.ask(id, Ask::Maintenance { on: false, reason: None }).await?;
    Ok(Response::empty(202))
}

/// As the reference cuts it; a longer one is refused here.
const REASON_LIMIT: usize = 4096;
