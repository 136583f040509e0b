//! `PUT nodes/{ident}/states/boot_mode` and `states/secure_boot`: the answer comes before the machine follows.

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::model::bmc::panel::{Mode, ModeWish};
use crate::model::decision::ask::Ask;
use crate::net::http::Response;

/// UEFI or BIOS.
pub async fn boot(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    let word = args.needed_text("target")?;
    args.finish()?;
    let Some(mode) = Mode::parse(&word) else {
        let shown: String = word.chars().take(64).collect();
        return Err(Fault::invalid(format!("target {shown:?} is no boot mode: bios and uefi are")));
    };
    call.ask(id, Ask::Mode(ModeWish::Boot(mode))).await?;
    Ok(call.accepted(&format!("nodes/{}/states", call.ident(0))))
}

/// Signed loaders only, or any.
pub async fn secure(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    let on = args.flag("target")?.ok_or_else(|| Fault::invalid("target is required"))?;
    args.finish()?;
    call.ask(id, Ask::Mode(ModeWish::Secure(on))).await?;
    Ok(call.accepted(&format!("nodes/{}/states", call.ident(0))))
}
