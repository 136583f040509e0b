//! `PUT nodes/{ident}/management/inject_nmi`.

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::while_waiting::done;
use crate::model::decision::effect::Effect;
use crate::net::http::Response;

/// Presses the dump button.
pub async fn inject(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.action().await?.finish()?;
    done(call.api.lanes.act(id, Effect::Nmi).await?)
}
