//! `GET /ferric/v1/nodes/{ident}/sel`, `fru` and `power_reading`: pages of ours of what a BMC writes down.

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::api::while_waiting::unlike;
use crate::model::bmc::panel::Book;
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::Seen;
use crate::net::http::Response;

/// Reads it now.
pub async fn show(call: &Call<'_>, book: Book) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let seen = call.api.lanes.look(id, Look::Book(book)).await?;
    let Seen::Answer(pages) = seen else { return Err(unlike(seen)) };
    Ok(answer(&pages))
}
