//! Looks and effects at the BMC's panel: modes, lamps, NMI, media, sensors, vendor methods, console.

use serde_json::Value;

use crate::base::secret::MASK;
use crate::conduct::hands::Drivers;
use crate::driver::Machine;
use crate::driver::capability::vendor::VendorCall;
use crate::driver::error::DriverError;
use crate::model::bmc::panel::{Book, Medium, ModeWish, Modes, Passthru};
use crate::model::boot::BootDevice;
use crate::model::boot::ticket::Ticket;
use crate::model::decision::effect::Effect;
use crate::model::decision::outcome::{Outcome, Seen};
use crate::model::turn::{Failure, FailureKind};

type Done<T> = Result<T, DriverError>;

impl Drivers {
    /// How the firmware boots; what it cannot tell is left open.
    pub(super) async fn modes(&self, machine: &Machine) -> Done<Modes> {
        let hardware = self.hardware(machine)?;
        let boot = match hardware.boot_mode {
            Some(switch) => switch.get().await?,
            None => None,
        };
        let secure = match hardware.secure_boot {
            Some(switch) => switch.get().await?,
            None => None,
        };
        Ok(Modes { boot, secure })
    }

    pub(super) async fn set_mode(&self, machine: &Machine, wish: ModeWish) -> Done<Outcome> {
        let hardware = self.hardware(machine)?;
        let modes = match wish {
            ModeWish::Boot(mode) => {
                let switch = hardware.boot_mode.ok_or_else(|| lacking(machine, "changing the boot mode"))?;
                Modes { boot: switch.set(mode).await?, secure: None }
            }
            ModeWish::Secure(on) => {
                let switch = hardware.secure_boot.ok_or_else(|| lacking(machine, "changing secure boot"))?;
                Modes { boot: None, secure: switch.set(on).await? }
            }
        };
        Ok(Outcome::Modes(modes))
    }

    pub(super) async fn indicators(&self, machine: &Machine) -> Done<Seen> {
        let panel = self.hardware(machine)?.indicators.ok_or_else(|| lacking(machine, "indicators"))?;
        Ok(Seen::Indicators(panel.list().await?))
    }

    pub(super) async fn media(&self, machine: &Machine) -> Done<Seen> {
        let drives =
            self.hardware(machine)?.virtual_media.ok_or_else(|| lacking(machine, "virtual media"))?;
        let mut slots = drives.list().await?;
        if let Some(token) = machine.node.ticket(Ticket::Medium) {
            // What the machine boots now is in a drive: its path would let anybody read it.
            for image in slots.iter_mut().filter_map(|slot| slot.image.as_mut()) {
                *image = image.replace(token.reveal(), MASK);
            }
        }
        Ok(Seen::Media(slots))
    }

    pub(super) async fn sensors(&self, machine: &Machine) -> Done<Seen> {
        let sensors = self.hardware(machine)?.sensors.ok_or_else(|| lacking(machine, "sensors"))?;
        Ok(Seen::Sensors(sensors.readings().await?))
    }

    pub(super) async fn book(&self, machine: &Machine, book: Book) -> Done<Value> {
        let books = self.hardware(machine)?.books.ok_or_else(|| lacking(machine, "this record of a BMC"))?;
        books.read(book).await
    }

    /// Calls a vendor's method with the arguments that lie in memory for it.
    pub(super) async fn passthru(&self, machine: &Machine, call: &Passthru) -> Done<Value> {
        let vendor = self.hardware(machine)?.vendor.ok_or_else(|| lacking(machine, "vendor methods"))?;
        let args = self.tray.take(call.ticket);
        let args = args.ok_or_else(|| DriverError::refused("the vendor method", "its arguments are gone"))?;
        vendor.call(VendorCall { method: &call.method, http: &call.http, args: &args }).await
    }

    /// Pays an effect at the panel; `None` for others.
    pub(super) async fn press(&self, machine: &Machine, effect: &Effect) -> Done<Outcome> {
        match effect {
            Effect::Mode(wish) => return self.set_mode(machine, *wish).await,
            Effect::Passthru(call) => return Ok(Outcome::Answer(self.passthru(machine, call).await?)),
            Effect::Nmi => {
                let nmi = self.hardware(machine)?.nmi.ok_or_else(|| lacking(machine, "injecting an NMI"))?;
                nmi.inject().await?;
            }
            Effect::Indicator { component, name, lamp } => {
                let panel = self.hardware(machine)?.indicators;
                let panel = panel.ok_or_else(|| lacking(machine, "indicators"))?;
                panel.set(component, name, *lamp).await?;
            }
            Effect::Insert { drive } => self.insert(machine, *drive).await?,
            Effect::Eject { drive } => {
                let drives = self.hardware(machine)?.virtual_media;
                drives.ok_or_else(|| lacking(machine, "virtual media"))?.eject(*drive).await?;
            }
            Effect::Console { on: true } => self.consoles.open(&machine.node).await?,
            Effect::Console { on: false } => self.consoles.close(machine.node.id),
            Effect::Power { .. }
            | Effect::Relative { .. }
            | Effect::StepOn { .. }
            | Effect::StepFor { .. }
            | Effect::BootDevice { .. }
            | Effect::KeptBootDevice
            | Effect::Boot(_)
            | Effect::Step { .. }
            | Effect::Logs
            | Effect::Inspect { .. }
            | Effect::RuleCall { .. }
            | Effect::Meet(_) => {
                return Ok(Outcome::Failed(Failure::new(FailureKind::Step, "this is not at the panel")));
            }
        }
        Ok(Outcome::Done)
    }

    async fn insert(&self, machine: &Machine, drive: BootDevice) -> Done<()> {
        let drives =
            self.hardware(machine)?.virtual_media.ok_or_else(|| lacking(machine, "virtual media"))?;
        let url = machine.node.medium(drive.name());
        let url = url.ok_or_else(|| DriverError::refused("the insertion", "no image is named any more"))?;
        drives.insert(Medium { drive, url: url.to_owned() }).await
    }
}

fn lacking(machine: &Machine, what: &str) -> DriverError {
    let driver = &machine.node.wished.driver;
    DriverError::Unsupported {
        implementation: format!("driver {driver} of this node"),
        what: what.to_owned(),
    }
}
