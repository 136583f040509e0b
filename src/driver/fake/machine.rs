//! What is remembered of one fake machine.

use serde_json::json;

use crate::base::time::Tick;
use crate::driver::capability::boot_device::BootChoice;
use crate::driver::capability::boot_mode::Mode;
use crate::driver::capability::firmware::Component;
use crate::driver::capability::indicators::Lamp;
use crate::driver::capability::virtual_media::Medium;
use crate::model::Object;
use crate::model::bmc::Keep;
use crate::model::bmc::panel::ModeWish;
use crate::model::bmc::power::Power;
use crate::model::boot::BootDevice;
use crate::model::node::Node;

/// A machine without metal.
#[derive(Debug, Clone, PartialEq)]
pub struct FakeMachine {
    pub power: Power,
    /// When it was switched off by us.
    pub off_since: Option<Tick>,
    pub boot: BootChoice,
    pub mode: Mode,
    pub secure_boot: bool,
    /// Times that a boot device was set.
    pub boot_sets: u32,
    /// Modes that the next boot takes up.
    pub pending: Vec<ModeWish>,
    pub media: Vec<Medium>,
    pub bios: Object,
    pub raid: Object,
    pub firmware: Vec<Component>,
    pub lamp: Lamp,
    /// Vendor methods called.
    pub presses: u32,
    /// Resets without an off between.
    pub resets: u32,
    /// Interrupts injected.
    pub interrupts: u32,
    /// Acts of fake steps carried out.
    pub acts: u32,
}

impl FakeMachine {
    /// As the record says; a machine whose power was never seen is off. One that a pipeline has switched off (so
    /// that we were stopped in its reboot) counts as switched off just now: who watches shall see it off.
    pub fn of(node: &Node, now: Tick) -> Self {
        let in_reboot = node.power == Some(Power::Off) && node.run.is_some();
        Self {
            power: node.power.unwrap_or(Power::Off),
            off_since: in_reboot.then_some(now),
            boot: BootChoice { device: Some(BootDevice::Pxe), persistent: Some(false), keep: Keep::Nothing },
            mode: node.wished.boot_mode.as_deref().and_then(Mode::parse).unwrap_or_default(),
            secure_boot: node.wished.secure_boot.unwrap_or(false),
            boot_sets: 0,
            pending: Vec::new(),
            media: Vec::new(),
            bios: factory_settings(),
            raid: node.raid_config.clone(),
            firmware: vec![
                Component { name: "bios".to_owned(), version: Some("1.0".to_owned()) },
                Component { name: "bmc".to_owned(), version: Some("1.0".to_owned()) },
            ],
            lamp: Lamp::Off,
            presses: 0,
            resets: 0,
            interrupts: 0,
            acts: 0,
        }
    }
}

impl FakeMachine {
    /// The firmware starts: it takes up what was set before.
    pub fn boot_anew(&mut self) {
        for wish in std::mem::take(&mut self.pending) {
            self.adopt(wish);
        }
    }

    /// A mode in force.
    pub fn adopt(&mut self, wish: ModeWish) {
        match wish {
            ModeWish::Boot(mode) => self.mode = mode,
            ModeWish::Secure(on) => self.secure_boot = on,
        }
    }
}

/// Settings of a machine as it left the factory.
pub fn factory_settings() -> Object {
    Object::from_iter([
        ("BootMode".to_owned(), json!("Uefi")),
        ("ProcVirtualization".to_owned(), json!("Enabled")),
    ])
}
