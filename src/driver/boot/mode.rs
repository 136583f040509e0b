//! Boot mode and secure boot before a boot: read, and set if they are different (contract `boot.md` section 2).

use crate::driver::Hardware;
use crate::driver::boot::network::is_refusal;
use crate::driver::error::DriverError;
use crate::model::bmc::panel::{Mode, Modes};

/// Has the firmware boot in the wanted mode, or tells the one that it has. A BMC that cannot tell it is believed.
pub async fn boot_mode(hardware: &Hardware, wanted: Option<Mode>) -> Result<Modes, DriverError> {
    let Some(switch) = &hardware.boot_mode else { return Ok(Modes::default()) };
    let now = match switch.get().await {
        Err(error) if is_refusal(&error) => {
            tracing::info!(%error, "the boot mode cannot be read: it is taken to be right");
            None
        }
        outcome => outcome?,
    };
    match (now, wanted) {
        (Some(now), Some(wanted)) if now != wanted => {
            let set = switch.set(wanted).await.map_err(|error| unsettable(error, now, wanted))?;
            Ok(Modes { boot: set, secure: None })
        }
        (boot, _) => Ok(Modes { boot, secure: None }),
    }
}

/// Has secure boot like this. Without the capability it is off, and cannot be on.
pub async fn secure_boot(hardware: &Hardware, on: bool) -> Result<Modes, DriverError> {
    let lacks = || DriverError::Unsupported {
        implementation: "the node's management interface".to_owned(),
        what: "secure boot, which the instance's capabilities ask for".to_owned(),
    };
    match &hardware.secure_boot {
        Some(switch) => Ok(Modes { boot: None, secure: switch.set(on).await? }),
        None if on => Err(lacks()),
        None => Ok(Modes::default()),
    }
}

fn unsettable(error: DriverError, now: Mode, wanted: Mode) -> DriverError {
    if !is_refusal(&error) {
        return error;
    }
    let (now, wanted) = (now.name(), wanted.name());
    let remedy = format!(
        "set it in the firmware's setup, or have boot_mode:{now} in the capabilities of properties and instance_info"
    );
    DriverError::refused(
        format!("changing the boot mode from {now} to {wanted}"),
        format!("{error}. {remedy}"),
    )
}
