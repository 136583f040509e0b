//! `nodes/{ident}/vmedia`: images in the drives of the BMC. Inserting and ejecting are answered before they are done.

use serde_json::{Value, json};
use url::Url;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::api::while_waiting::unlike;
use crate::model::bmc::panel::{DRIVES, Medium, Slot};
use crate::model::boot::BootDevice;
use crate::model::decision::ask::Ask;
use crate::model::decision::effect::Look;
use crate::model::decision::outcome::Seen;
use crate::net::http::Response;

/// The drives and what they hold.
pub async fn list(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let seen = call.api.lanes.look(id, Look::Media).await?;
    let Seen::Media(slots) = seen else { return Err(unlike(seen)) };
    Ok(answer(&Value::Array(slots.iter().map(shown).collect())))
}

fn shown(slot: &Slot) -> Value {
    json!({"media_types": slot.types, "inserted": slot.inserted, "image": slot.image})
}

/// Puts an image into a drive.
pub async fn insert(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    let drive = drive(&args.needed_text("device_type")?)?;
    let url = args.needed_text("image_url")?;
    let source = args.text("image_download_source")?;
    args.finish()?;
    if source.is_some_and(|source| !SOURCES.contains(&source.as_str())) {
        return Err(Fault::invalid(format!("image_download_source must be one of {}", SOURCES.join(", "))));
    }
    check_url(&url)?;
    call.ask(id, Ask::Insert(Medium { drive, url })).await?;
    Ok(Response::empty(204))
}

/// Empties the drives of these types, all if none is named.
pub async fn eject(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    let drives = match args.take("device_types") {
        // A type may stand in the path instead.
        None if call.idents.len() > 1 => vec![drive(call.ident(1))?],
        None => DRIVES.to_vec(),
        Some(Value::String(text)) => {
            let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
            words.map(drive).collect::<Result<_, _>>()?
        }
        Some(Value::Array(words)) => {
            words.iter().map(|word| drive(word.as_str().unwrap_or_default())).collect::<Result<_, _>>()?
        }
        Some(_) => return Err(Fault::invalid("device_types must be a list")),
    };
    args.finish()?;
    call.ask(id, Ask::Eject(drives)).await?;
    Ok(Response::empty(204))
}

fn drive(word: &str) -> Result<BootDevice, Fault> {
    DRIVES.iter().copied().find(|drive| drive.name() == word).ok_or_else(|| {
        let shown: String = word.chars().take(64).collect();
        let names: Vec<_> = DRIVES.iter().map(|drive| drive.name()).collect();
        Fault::invalid(format!("device type {shown:?} is not one of {}", names.join(", ")))
    })
}

/// The URL itself is not repeated: it may be signed.
fn check_url(text: &str) -> Result<(), Fault> {
    let wrong = |why: &str| Err(Fault::invalid(format!("image_url {why}")));
    if text.len() > URL_LIMIT {
        return wrong("is too long");
    }
    match Url::parse(text) {
        Ok(url) if !SCHEMES.contains(&url.scheme()) => wrong("must begin with http:// or https://"),
        Ok(url) if url.host().is_none() => wrong("names no host"),
        Ok(_) => Ok(()),
        Err(_) => wrong("is no URL"),
    }
}

const SCHEMES: &[&str] = &["http", "https"];
const SOURCES: &[&str] = &["http", "local", "swift"];
/// What fits a record with room for the rest, and more than BMCs take.
const URL_LIMIT: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_fetched_over_http_only() {
        for good in ["http://x/y.iso", "https://[::1]:8/y?sig=1"] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in ["x", "", "file:///etc/shadow", "ftp://x/y", &format!("http://x/{}", "y".repeat(3000))] {
            let fault = check_url(bad).unwrap_err();
            assert_eq!(fault.status(), 400);
        }
    }
}
