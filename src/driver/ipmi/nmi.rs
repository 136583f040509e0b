//! The dump button: Chassis Control, diagnostic interrupt.

use crate::base::time::Later;
use crate::driver::capability::nmi::Nmi;
use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::wire::ipmi::data::chassis::Control;

impl Nmi for IpmiServer {
    fn inject(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async move { Ok(self.press(Control::Interrupt).await?) })
    }
}
