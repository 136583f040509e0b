//! The BMC itself, started anew: every session is lost, and it is waited for until it answers again.

use crate::base::time::sleep;
use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::driver::ipmi::call::CallError;
use crate::wire::ipmi::data::device::{DeviceId, Reset};

impl IpmiServer {
    /// Resets the BMC once and waits until it answers again. Its answer to the reset may never come.
    pub async fn reset_bmc(&self, how: Reset) -> Result<(), DriverError> {
        let ask = how.ask();
        let number = (ask.netfn, ask.command);
        match self.ask(ask).await {
            Ok(answer) if !answer.completion.is_ok() => {
                return Err(self.refused(WHAT, number, answer.completion));
            }
            Ok(_) | Err(CallError::Unknown(_)) => {}
            Err(CallError::NotDone(error)) => return Err(error),
        }
        self.line.session().close();
        self.is_back().await
    }

    /// Waits until the BMC answers again.
    async fn is_back(&self) -> Result<(), DriverError> {
        let clock = self.ipmi.wires.clock.clone();
        let end = clock.tick().after(self.ipmi.manner.reset);
        loop {
            // It says yes before it goes: the first pause lets it go.
            sleep(&*clock, self.ipmi.manner.pause * PAUSES).await;
            match self.ask(DeviceId::ask()).await.map_err(DriverError::from) {
                Ok(answer) if answer.completion.is_ok() => return Ok(()),
                Err(error @ DriverError::LoginRefused { .. }) => return Err(error),
                Err(error) if clock.tick() >= end => return Err(error),
                Ok(answer) if clock.tick() >= end => {
                    return Err(self.refused(WHAT, ASKED, answer.completion));
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
}

const WHAT: &str = "BMC reset";
/// Network function and command of Get Device ID.
const ASKED: (u8, u8) = (0x06, 0x01);
/// How many of the shortest pauses lie between two looks.
const PAUSES: u32 = 5;
