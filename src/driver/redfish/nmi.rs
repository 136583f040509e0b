//! The dump button.

use std::time::Duration;

use crate::base::time::Later;
use crate::driver::capability::nmi::Nmi;
use crate::driver::error::DriverError;
use crate::driver::redfish::server::Server;
use crate::wire::redfish::send::ResetType;

/// The dump button of a Redfish machine.
#[derive(Debug)]
pub struct RedfishNmi(pub Server);

impl Nmi for RedfishNmi {
    fn inject(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async move {
            let seen = self.0.system().await?;
            let kind = self.0.reset_type(&seen, &[ResetType::Nmi]).await?;
            let until = self.0.talk.clock().tick().after(LIMIT);
            self.0.send_reset(&seen, kind, until).await?;
            Ok(())
        })
    }
}

/// For a machine that is busy; a press whose answer is lost is not pressed again.
const LIMIT: Duration = Duration::from_secs(30);
