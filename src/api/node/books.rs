//! `GET /ferric/v1/nodes/{ident}/sel`, `fru` and `power_reading`: pages of ours of what a BMC writes down.

use crate::api::call::Call;
use crate::api::fault::Fault;
use crate::api::root::answer;
use crate::api::while_waiting::unlike;
use crate::model::effect::Look;
use crate::model::outcome::Seen;
use crate::model::panel::Book;
use crate::net::http::Response;

/// Reads it now.
pub async fn show(call: &Call<'_>, book: Book) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let seen = call.api.lanes.look(id, Look::Book(book)).await?;
    let Seen::Answer(pages) = seen else { return Err(unlike(seen)) };
    Ok(answer(&pages))
}
