//! The parts of a boot: what the node's boot interface and its management do before the machine boots.

use crate::conduct::hands::Drivers;
use crate::driver::Machine;
use crate::driver::boot::mode;
use crate::driver::error::DriverError;
use crate::model::boot::BootDevice;
use crate::model::decision::effect::BootPart;
use crate::model::decision::outcome::Outcome;

impl Drivers {
    pub(super) async fn pay_boot(&self, machine: &Machine, part: BootPart) -> Result<Outcome, DriverError> {
        match part {
            BootPart::Insert => self.registry.boot(&machine.node)?.insert().await.map(|()| Outcome::Done),
            BootPart::Eject => self.registry.boot(&machine.node)?.eject().await.map(|()| Outcome::Done),
            BootPart::Mode { wanted } => {
                mode::boot_mode(&self.hardware(machine)?, wanted).await.map(Outcome::Modes)
            }
            BootPart::Secure { on } => {
                mode::secure_boot(&self.hardware(machine)?, on).await.map(Outcome::Modes)
            }
            BootPart::Device { lasts } => {
                let choice = self.registry.boot(&machine.node)?.choose(lasts).await?;
                let device = choice.device.unwrap_or(BootDevice::Pxe);
                Ok(Outcome::BootDevice { device, keep: choice.keep })
            }
        }
    }
}
