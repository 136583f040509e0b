//! Which one is meant. A UUID or a name is the API's to find; the address of a network card, by which people know it, is
//! looked up here.

use form_urlencoded::byte_serialize;

use crate::base::mac::Mac;
use crate::cli::fault::{CliError, Fault};
use crate::cli::resource::kind::Kind;
use crate::cli::session::Session;

/// What the API finds it by.
pub async fn meant(session: &mut Session<'_, '_>, kind: &Kind, ident: &str) -> Result<String, CliError> {
    let has_address = kind.filters.iter().any(|filter| filter.name == ADDRESS);
    if !has_address || ident.parse::<Mac>().is_err() {
        return Ok(ident.to_owned());
    }
    let address: String = byte_serialize(ident.as_bytes()).collect();
    let listed = session.value(format!("{}?{ADDRESS}={address}&fields=uuid", kind.path)).await?;
    let uuid = listed.get(kind.key).and_then(|rows| rows.get(0)?.get("uuid")?.as_str());
    let nobody = || Fault { status: 404, text: format!("no {} has this address", kind.words) };
    uuid.map(str::to_owned).ok_or_else(|| CliError::Refused(nobody()))
}

const ADDRESS: &str = "address";
