//! `nodes/{ident}/management/boot_device`: answered while the client waits (style corner 9).

use serde_json::json;

use crate::api::fault::Fault;
use crate::api::request::call::Call;
use crate::api::root::answer;
use crate::api::while_waiting::{done, unlike};
use crate::model::boot::BootDevice;
use crate::model::decision::effect::{Effect, Look};
use crate::model::decision::outcome::Seen;
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
    done(call.api.lanes.act(id, Effect::BootDevice { device, persistent }).await?)
}
