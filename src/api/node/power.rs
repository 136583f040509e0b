//! `PUT nodes/{ident}/states/power`.

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::model::bmc::power::PowerTarget;
use crate::model::decision::ask::Ask;
use crate::net::http::Response;

/// Asks for a state of power; the answer comes before the machine follows.
pub async fn power(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    args.too_new(&[("timeout", TIMEOUT_SINCE)], call.version)?;
    let word = args.needed_text("target")?;
    let timeout = args.number("timeout")?;
    args.finish()?;
    let Some(target) = PowerTarget::parse(&word) else {
        let shown: String = word.chars().take(64).collect();
        return Err(Fault::invalid(format!(
            "target {shown:?} is no state of power to ask for: power on, power off, rebooting, soft power off and soft rebooting are"
        )));
    };
    if target.since() > call.version {
        return Err(Fault::too_new(&format!("target {word:?}"), target.since()));
    }
    let timeout = match timeout {
        None => None,
        Some(seconds) => match u32::try_from(seconds) {
            Ok(seconds) if seconds > 0 => Some(seconds),
            Ok(_) | Err(_) => return Err(Fault::invalid("timeout must be a positive number of seconds")),
        },
    };
    call.ask(id, Ask::Power { target, timeout }).await?;
    Ok(call.accepted(&format!("nodes/{}/states", call.ident(0))))
}

/// Since then a power request may bring its own time limit.
const TIMEOUT_SINCE: u16 = 27;
