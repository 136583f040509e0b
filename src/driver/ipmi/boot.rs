//! Where the next boot comes from (boot option 5), read back until it is seen.
//!
//! With `ipmi_force_boot_device` the BMC is only ever asked for one boot, and the daemon keeps the device that is to
//! stay ([`Keep`]): it is set again before each power-on, for some BMCs forget what is to stay.

use crate::base::time::{Later, sleep};
use crate::driver::agent::instance::boot_mode;
use crate::driver::capability::boot_device::{BootChoice, BootDeviceSwitch};
use crate::driver::capability::boot_mode::Mode;
use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::model::bmc::Keep;
use crate::model::boot::BootDevice;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::data;
use crate::wire::ipmi::data::boot::{BootOption, Device, Flags};
use crate::wire::ipmi::status::Verdict;
use crate::wire::redfish::quirk::Quirks;

impl BootDeviceSwitch for IpmiServer {
    fn supported(&self) -> Later<'_, Result<Vec<BootDevice>, DriverError>> {
        Box::pin(async { Ok(DEVICES.iter().map(|(device, _)| *device).collect()) })
    }

    fn get(&self) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move {
            let kept = self.node.bmc.remembered_boot_device.and_then(|kept| kept.device);
            if let Some(device) = kept.filter(|_| self.settings.force_boot_device) {
                return Ok(BootChoice { device: Some(device), persistent: Some(true), keep: Keep::Nothing });
            }
            Ok(self.flags().await?.map_or_else(BootChoice::default, choice))
        })
    }

    fn set(&self, device: BootDevice, persistent: bool) -> Later<'_, Result<BootChoice, DriverError>> {
        Box::pin(async move {
            let Some((_, wanted)) = DEVICES.iter().find(|(known, _)| *known == device) else {
                let what = format!("boot device {}", device.name());
                return Err(DriverError::Unsupported { implementation: IMPLEMENTATION.to_owned(), what });
            };
            if !self.settings.force_boot_device {
                return self.set_flags(*wanted, persistent).await;
            }
            self.set_flags(*wanted, false).await?;
            let keep = if persistent { Keep::Device } else { Keep::NextIsOnce };
            Ok(BootChoice { device: Some(device), persistent: Some(persistent), keep })
        })
    }
}

impl IpmiServer {
    async fn set_flags(&self, device: Device, persistent: bool) -> Result<BootChoice, DriverError> {
        let efi = boot_mode(&self.node) == Mode::Uefi;
        let quirks = if efi { self.quirks().await } else { Quirks::default() };
        let code = device.code(efi, quirks.uefi_disk_is_24());
        if self.settings.disable_boot_timeout {
            self.set_lightly(data::boot::no_timeout()).await?;
        }
        if !efi {
            self.set_lightly(data::boot::clear_acknowledge()).await?;
        }
        let as_efi = efi && !(device == Device::Pxe && quirks.pxe_without_efi());
        let mut flags = Flags::new(code, persistent, as_efi);
        let mut answer = self.ask(BootOption::Flags(flags).set()).await?;
        let is_refused = answer.completion.verdict() == Verdict::Refused;
        if is_refused && device == Device::Bios && quirks.has_vendor_bios_setup() {
            flags = Flags::supermicro_setup();
            tracing::info!(bmc = %self.who(), "setup is asked for as the vendor's tool does");
            answer = self.ask(BootOption::Flags(flags).set()).await?;
        }
        if !answer.completion.is_ok() {
            return Err(self.refused(SET_DEVICE, SET_OPTIONS, answer.completion));
        }
        self.read_back(flags).await
    }

    /// Sets an option that some BMCs lack, `OpenBMC`'s among them: its refusal is no reason to fail.
    async fn set_lightly(&self, ask: Ask) -> Result<(), DriverError> {
        let data = ask.data.clone();
        let answer = self.ask(ask).await?;
        if !answer.completion.is_ok() {
            tracing::debug!(bmc = %self.who(), ?data, code = %answer.completion, "a boot option was refused");
        }
        Ok(())
    }

    /// Looks whether the BMC holds the device. Persistence and validity are what it says: some keep the device alone.
    async fn read_back(&self, asked: Flags) -> Result<BootChoice, DriverError> {
        let clock = self.ipmi.wires.clock.clone();
        let mut seen = self.flags().await?;
        for _ in 0..LOOKS {
            match seen {
                Some(flags) if flags.shows(asked.code()) => return Ok(choice(flags)),
                // It cannot be asked: what it took is all that is known.
                None => return Ok(choice(asked)),
                Some(_) => sleep(&*clock, self.ipmi.manner.pause).await,
            }
            seen = self.flags().await?;
        }
        let shown = |flags: Flags| {
            let name = flags.device().and_then(named).map_or("no device", BootDevice::name);
            format!("{name} (code {:02x}h)", flags.code())
        };
        let found = seen.map_or_else(|| "nothing".to_owned(), shown);
        Err(DriverError::refused(
            format!("{SET_DEVICE} ({})", self.who()),
            format!("accepted but not applied: asked for {}, answered well, shows {found}", shown(asked)),
        ))
    }

    /// Boot option 5; `None` from a BMC that does not tell it.
    async fn flags(&self) -> Result<Option<Flags>, DriverError> {
        let answer = self.ask(BootOption::get(FLAGS)).await?;
        match answer.completion.verdict() {
            Verdict::Done => {}
            Verdict::Absent | Verdict::Refused => return Ok(None),
            Verdict::Later
            | Verdict::Reserve
            | Verdict::Smaller
            | Verdict::Duplicate
            | Verdict::Privilege
            | Verdict::State => return Err(self.refused(GET_DEVICE, GET_OPTIONS, answer.completion)),
        }
        match BootOption::parse_answer(&answer.data) {
            Ok(BootOption::Flags(flags)) => Ok(Some(flags)),
            Ok(other) => {
                let why = format!("boot option {FLAGS} was asked for, {} came", other.parameter());
                Err(DriverError::refused(format!("{GET_DEVICE} ({})", self.who()), why))
            }
            Err(error) => {
                Err(DriverError::refused(format!("{GET_DEVICE} ({})", self.who()), error.to_string()))
            }
        }
    }
}

fn choice(flags: Flags) -> BootChoice {
    let device = flags.device().and_then(named);
    BootChoice { device, persistent: Some(flags.is_persistent()), keep: Keep::Nothing }
}

fn named(device: Device) -> Option<BootDevice> {
    DEVICES.iter().find(|(_, known)| *known == device).map(|(device, _)| *device)
}

/// What can be set, as clients and as IPMI name it.
const DEVICES: &[(BootDevice, Device)] = &[
    (BootDevice::Pxe, Device::Pxe),
    (BootDevice::Disk, Device::Disk),
    (BootDevice::Cdrom, Device::Cdrom),
    (BootDevice::Bios, Device::Bios),
    (BootDevice::Safe, Device::Safe),
];
const IMPLEMENTATION: &str = "ipmitool management";
const SET_DEVICE: &str = "setting the boot device";
const GET_DEVICE: &str = "reading the boot device";
/// Network function and command of Set and Get System Boot Options.
const SET_OPTIONS: (u8, u8) = (0x00, 0x08);
const GET_OPTIONS: (u8, u8) = (0x00, 0x09);
/// Parameter of the boot flags.
const FLAGS: u8 = 5;
/// How often a BMC is looked at that shows another device than it took.
const LOOKS: u8 = 4;
