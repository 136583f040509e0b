//! `GET /ferric/v1/nodes/{ident}/sensors`: a page of ours; the reference hands its readings to collectors only.

use serde_json::{Value, json};

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::api::while_waiting::unlike;
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::Seen;
use crate::net::http::Response;

/// Reads the sensors now.
pub async fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let seen = call.api.lanes.look(id, Look::Sensors).await?;
    let Seen::Sensors(groups) = seen else { return Err(unlike(seen)) };
    Ok(answer(&json!({"sensors": Value::Object(groups)})))
}
