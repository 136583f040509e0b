//! Settings of a fake machine; all are in force at once, unless the node's `driver_info` says that its modes are taken
//! up at the next boot.

use crate::base::time::Later;
use crate::driver::capability::bios::Bios;
use crate::driver::capability::boot_mode::{BootMode, Mode};
use crate::driver::capability::firmware::{Component, Firmware};
use crate::driver::capability::raid::Raid;
use crate::driver::capability::secure_boot::SecureBoot;
use crate::driver::capability::virtual_media::{Medium, Slot, VirtualMedia};
use crate::driver::error::DriverError;
use crate::driver::fake::FakeServer;
use crate::driver::fake::machine::{FakeMachine, factory_settings};
use crate::model::Object;
use crate::model::bmc::panel::{ModeWish, Modes};
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

impl FakeServer {
    /// At once, or at the next boot.
    fn wish_mode(&self, machine: &mut FakeMachine, wish: ModeWish) {
        if self.late && wish.is_met(modes_of(machine)) != Some(true) {
            machine.pending.push(wish);
        } else {
            machine.adopt(wish);
        }
    }
}

fn modes_of(machine: &FakeMachine) -> Modes {
    Modes { boot: Some(machine.mode), secure: Some(machine.secure_boot) }
}

impl BootMode for FakeServer {
    fn get(&self) -> Later<'_, Result<Option<Mode>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| Some(machine.mode)))
    }

    fn set(&self, mode: Mode) -> Later<'_, Result<Option<Mode>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, move |machine| {
            self.wish_mode(machine, ModeWish::Boot(mode));
            Some(machine.mode)
        }))
    }
}

impl SecureBoot for FakeServer {
    fn get(&self) -> Later<'_, Result<Option<bool>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| Some(machine.secure_boot)))
    }

    fn set(&self, on: bool) -> Later<'_, Result<Option<bool>, DriverError>> {
        Box::pin(async move {
            let set = self.call(self.rack.delays.management, move |machine| {
                if on && machine.mode == Mode::Bios {
                    return Err(DriverError::refused("secure boot", "the machine boots in BIOS mode"));
                }
                self.wish_mode(machine, ModeWish::Secure(on));
                Ok(Some(machine.secure_boot))
            });
            set.await?
        })
    }
}

impl VirtualMedia for FakeServer {
    fn list(&self) -> Later<'_, Result<Vec<Slot>, DriverError>> {
        Box::pin(self.call(self.rack.delays.management, |machine| {
            SLOTS.iter().map(|(drive, types)| slot(machine, *drive, types)).collect()
        }))
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

fn slot(machine: &FakeMachine, drive: BootDevice, types: &[&str]) -> Slot {
    let held = machine.media.iter().find(|held| held.drive == drive);
    Slot {
        types: types.iter().map(|one| (*one).to_owned()).collect(),
        inserted: held.is_some(),
        image: held.map(|held| held.url.clone()),
    }
}

/// The drives of a fake BMC.
const SLOTS: &[(BootDevice, &[&str])] = &[
    (BootDevice::Cdrom, &["CD", "DVD"]),
    (BootDevice::Floppy, &["Floppy"]),
    (BootDevice::Disk, &["USBStick"]),
];
