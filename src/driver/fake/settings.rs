//! Settings of a fake machine; all are in force at once.

use crate::base::time::Later;
use crate::driver::capability::bios::Bios;
use crate::driver::capability::boot_mode::{BootMode, Mode};
use crate::driver::capability::firmware::{Component, Firmware};
use crate::driver::capability::raid::Raid;
use crate::driver::capability::secure_boot::SecureBoot;
use crate::driver::capability::virtual_media::{Medium, VirtualMedia};
use crate::driver::error::DriverError;
use crate::driver::fake::FakeServer;
use crate::driver::fake::machine::factory_settings;
use crate::model::Object;
use crate::model::boot::BootDevice;

impl Bios for FakeServer {
    fn settings(&self) -> Later<'_, Result<Object, DriverError>> {
        Box::pin(self.call(self.rack.delays.bios, |machine| machine.bios.clone()))
    }

    fn apply(&self, wished: Object) -> Later<'_, Result<(), DriverError>> {
        Box::pin(self.call(self.rack.delays.bios, |machine| machine.bios.extend(wished)))
    }

    fn reset(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(self.call(self.rack.delays.bios, |machine| machine.bios = factory_settings()))
    }
}

impl Raid for FakeServer {
    fn volumes(&self) -> Later<'_, Result<Object, DriverError>> {
        Box::pin(self.call(self.rack.delays.raid, |machine| machine.raid.clone()))
    }

    fn create(&self, wished: Object) -> Later<'_, Result<Object, DriverError>> {
        Box::pin(self.call(self.rack.delays.raid, |machine| {
            machine.raid = wished;
            machine.raid.clone()
        }))
    }

    fn delete(&self) -> Later<'_, Result<(), DriverError>> {
        Box::pin(self.call(self.rack.delays.raid, |machine| machine.raid.clear()))
    }
}

impl Firmware for FakeServer {
    fn components(&self) -> Later<'_, Result<Vec<Component>, DriverError>> {
        Box::pin(self.call(self.rack.delays.firmware, |machine| machine.firmware.clone()))
    }

    /// The last part of the URL becomes the version.
    fn update(&self, component: &str, url: &str) -> Later<'_, Result<(), DriverError>> {
        let (component, version) = (component.to_owned(), url.rsplit('/').next().unwrap_or(url).to_owned());
        Box::pin(async move {
            self.call(self.rack.delays.firmware, |machine| {
                let found = machine.firmware.iter_mut().find(|one| one.name == component);
                let unknown =
                    || DriverError::refused("the firmware update", format!("no component {component:?}"));
                found.ok_or_else(unknown)?.version = Some(version);
                Ok(())
            })
            .await?
        })
    }
}

impl BootMode for FakeServer {
    fn get(&self) -> Later<'_, Result<Mode, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| machine.mode))
    }

    fn set(&self, mode: Mode) -> Later<'_, Result<Mode, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, move |machine| {
            machine.mode = mode;
            mode
        }))
    }
}

impl SecureBoot for FakeServer {
    fn get(&self) -> Later<'_, Result<bool, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| machine.secure_boot))
    }

    fn set(&self, on: bool) -> Later<'_, Result<bool, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, move |machine| {
            machine.secure_boot = on;
            on
        }))
    }
}

impl VirtualMedia for FakeServer {
    fn list(&self) -> Later<'_, Result<Vec<Medium>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| machine.media.clone()))
    }

    fn insert(&self, medium: Medium) -> Later<'_, Result<(), DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| {
            machine.media.retain(|held| held.drive != medium.drive);
            machine.media.push(medium);
        }))
    }

    fn eject(&self, drive: BootDevice) -> Later<'_, Result<(), DriverError>> {
        Box::pin(self.call(self.rack.delays.management, move |machine| {
            machine.media.retain(|held| held.drive != drive);
        }))
    }
}
