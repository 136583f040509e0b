//! Power of a fake machine and where it boots from.

use std::time::Duration;

use crate::base::time::{Later, Tick, sleep};
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::capability::power::PowerSwitch;
use crate::driver::error::DriverError;
use crate::driver::fake::FakeServer;
use crate::driver::fake::delays::FakeDelay;
use crate::driver::fake::machine::FakeMachine;
use crate::model::bmc::Keep;
use crate::model::bmc::power::{Power, PowerWish};
use crate::model::boot::BootDevice;

impl PowerSwitch for FakeServer {
    fn state(&self) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(self.call(self.rack.delays.power, |machine| machine.power))
    }

    fn set(&self, wish: PowerWish, limit: Duration) -> Later<'_, Result<Power, DriverError>> {
        Box::pin(async move {
            let rest = match wish {
                PowerWish::On | PowerWish::Reset | PowerWish::SoftReset => self.rest_of_off(),
                PowerWish::Off | PowerWish::SoftOff => Duration::ZERO,
            };
            let delay = self.rack.draws.draw(self.rack.delays.power).max(rest);
            if delay > limit {
                sleep(&*self.rack.clock, limit).await;
                return self.state().await;
            }
            let clock = self.rack.clock.clone();
            self.call(FakeDelay::of(delay), move |machine| switch(machine, wish, clock.tick())).await
        })
    }
}

impl FakeServer {
    /// How much longer it must stay off, so that whoever watches a reboot sees it off.
    fn rest_of_off(&self) -> Duration {
        let now = self.rack.clock.tick();
        let since = self.rack.machines().get(&self.node).and_then(|machine| machine.off_since);
        since.map_or(Duration::ZERO, |since| OFF_AT_LEAST.saturating_sub(now.since(since)))
    }
}

fn switch(machine: &mut FakeMachine, wish: PowerWish, now: Tick) -> Power {
    let goal = wish.goal();
    let resets = matches!(wish, PowerWish::Reset | PowerWish::SoftReset);
    machine.resets += u32::from(resets && machine.power == Power::On);
    if goal == Power::On && (resets || machine.power != Power::On) {
        machine.boot_anew();
    }
    if machine.power != goal {
        machine.off_since = (goal == Power::Off).then_some(now);
    }
    machine.power = goal;
    goal
}

impl BootDeviceSwitch for FakeServer {
    fn supported(&self) -> Later<'_, Result<Vec<BootDevice>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |_| DEVICES.to_vec()))
    }

    fn get(&self) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| machine.boot))
    }

    fn set(&self, device: BootDevice, persistent: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move {
            if !DEVICES.contains(&device) {
                let what = format!("boot device {}", device.name());
                return Err(DriverError::Unsupported { implementation: "fake management".to_owned(), what });
            }
            let keep = if persistent && self.forgetful { Keep::Device } else { Keep::Nothing };
            let persistent = Some(persistent && !self.forgetful);
            let choice = BootChoice { device: Some(device), persistent, keep };
            self.call(self.rack.delays.management, move |machine| {
                machine.boot = BootChoice { keep: Keep::Nothing, ..choice };
                machine.boot_sets += 1;
                choice
            })
            .await
        })
    }
}

/// Long enough for a person's hand, or a test's, that follows the power shown by the API.
const OFF_AT_LEAST: Duration = Duration::from_secs(1);

/// What a fake machine can boot from.
const DEVICES: &[BootDevice] = &[BootDevice::Pxe, BootDevice::Disk, BootDevice::Cdrom];
