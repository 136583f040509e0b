//! `nodes/{ident}/management/boot_device`: answered while the client waits (style corner 9).

use serde_json::json;

use crate::api::call::Call;
use crate::api::fault::Fault;
use crate::api::root::answer;
use crate::model::boot::BootDevice;
use crate::model::effect::{Effect, Look};
use crate::model::outcome::{Outcome, Seen};
use crate::model::turn::{Failure, FailureKind};
use crate::net::http::Response;

/// Where the machine boots from next.
pub async fn show(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let seen = call.api.lanes.look(id, Look::BootDevice).await?;
    let Seen::BootDevice { device, persistent } = seen else { return Err(unlike(seen)) };
    Ok(answer(&json!({"boot_device": device.map(BootDevice::name), "persistent": persistent})))
}

/// From where it could.
pub async fn supported(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    call.no_query()?;
    let seen = call.api.lanes.look(id, Look::SupportedBootDevices).await?;
    let Seen::BootDevices(devices) = seen else { return Err(unlike(seen)) };
    let names: Vec<_> = devices.into_iter().map(BootDevice::name).collect();
    Ok(answer(&json!({"supported_boot_devices": names})))
}

/// Sets it.
pub async fn set(call: &Call<'_>) -> Result<Response, Fault> {
    let id = call.node()?.id;
    let mut args = call.action().await?;
    let word = args.needed_text("boot_device")?;
    let persistent = args.flag("persistent")?.unwrap_or_default();
    args.finish()?;
    let Some(device) = BootDevice::parse(&word) else {
        let names: Vec<_> = BootDevice::ALL.into_iter().map(BootDevice::name).collect();
        let shown: String = word.chars().take(64).collect();
        return Err(Fault::invalid(format!("boot_device {shown:?} is not one of {}", names.join(", "))));
    };
    match call.api.lanes.act(id, Effect::BootDevice { device, persistent }).await? {
        Outcome::Done | Outcome::Power(_) | Outcome::Turn(_) => Ok(Response::empty(204)),
        Outcome::Failed(failure) => Err(failed(failure)),
    }
}

fn unlike(seen: Seen) -> Fault {
    if let Seen::Silent(failure) = seen {
        return failed(failure);
    }
    Fault::new(500, "the look saw something else than was asked for")
}

/// A machine that cannot is the client's mistake; one that is silent is not.
fn failed(failure: Failure) -> Fault {
    match failure.kind {
        FailureKind::Silent | FailureKind::Unknown | FailureKind::Lost => Fault::new(503, failure.why),
        FailureKind::Step | FailureKind::Version => Fault::invalid(failure.why),
    }
}
