//! A rack of machines that exist in the daemon's memory only: every capability works, instantly unless delays are
//! configured, and fails where a test asks for it.
//!
//! A machine begins as its record says (after a restart it is what the record says again). The reference's fake
//! management knows `pxe` only, which makes a deployment with it fail; this one also knows `disk` and `cdrom`.
//!
//! - `delays`    how long calls take
//! - `faults`    silence, refusal, lies, stalls and death at the nth call
//! - `machine`   what is remembered of one machine
//! - `power`     power and where it boots from
//! - `settings`  BIOS, RAID, firmware, boot mode, secure boot, media
//! - `inspect`   what it is made of
//! - `panel`     sensors, lamps, NMI, console
//! - `vendor`    vendor methods
//! - `steps`     one step for each turn that a step can say

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::id::NodeId;
use crate::base::time::{SharedClock, sleep};
use crate::driver::Hardware;
use crate::driver::error::DriverError;
use crate::driver::fake::delays::{Draws, FakeDelay, FakeDelays};
use crate::driver::fake::faults::{FakeFaults, Fault};
use crate::driver::fake::machine::FakeMachine;
use crate::model::node::Node;

pub mod delays;
pub mod faults;
pub mod inspect;
pub mod machine;
pub mod panel;
pub mod power;
pub mod settings;
pub mod steps;
pub mod vendor;

/// All fake machines of this daemon.
#[derive(Debug)]
pub struct FakeRack {
    clock: SharedClock,
    delays: FakeDelays,
    draws: Draws,
    faults: FakeFaults,
    machines: Mutex<HashMap<NodeId, FakeMachine>>,
}

/// One machine of the rack: every capability is this one type.
#[derive(Debug, Clone)]
pub struct FakeServer {
    rack: Arc<FakeRack>,
    node: NodeId,
    /// Settings are taken up at the next boot only (`driver_info.fake_late_settings`).
    late: bool,
    /// A boot device cannot be set for more than one boot (`driver_info.fake_forgets_boot_device`).
    forgetful: bool,
    /// It has an NMI button and drives for virtual media (`driver_info.fake_panel`).
    panel: bool,
}

impl FakeRack {
    /// Delays that are ranges are drawn from `seed`.
    pub fn new(clock: SharedClock, delays: FakeDelays, seed: u64) -> Self {
        Self { draws: Draws::new(seed), ..Self::with_faults(clock, delays, FakeFaults::none()) }
    }

    /// A rack that fails as told.
    pub fn with_faults(clock: SharedClock, delays: FakeDelays, faults: FakeFaults) -> Self {
        Self { clock, delays, draws: Draws::default(), faults, machines: Mutex::default() }
    }

    /// The machine of a node; begins as the record says.
    pub fn server(self: &Arc<Self>, node: &Node) -> FakeServer {
        let now = self.clock.tick();
        self.machines().entry(node.id).or_insert_with(|| FakeMachine::of(node, now));
        let is = |key| node.wished.driver_info.get(key) == Some(&serde_json::Value::Bool(true));
        let (late, forgetful) = (is("fake_late_settings"), is("fake_forgets_boot_device"));
        FakeServer { rack: Arc::clone(self), node: node.id, late, forgetful, panel: is("fake_panel") }
    }

    /// Forgets the machine of a removed node.
    pub fn forget(&self, node: NodeId) {
        self.machines().remove(&node);
    }

    /// The machine as it is now; for tests and for what reports on the rack.
    pub fn seen(&self, node: NodeId) -> Option<FakeMachine> {
        self.machines().get(&node).cloned()
    }

    fn machines(&self) -> std::sync::MutexGuard<'_, HashMap<NodeId, FakeMachine>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeServer {
    /// Every capability; virtual media and the NMI button, which the reference's fake lacks, if the node asks for them.
    pub fn hardware(&self) -> Hardware {
        let server = Arc::new(self.clone());
        Hardware {
            power: Some(server.clone()),
            boot_device: Some(server.clone()),
            boot_mode: Some(server.clone()),
            secure_boot: Some(server.clone()),
            virtual_media: if self.panel { Some(server.clone()) } else { None },
            bios: Some(server.clone()),
            raid: Some(server.clone()),
            firmware: Some(server.clone()),
            inspect: Some(server.clone()),
            sensors: Some(server.clone()),
            books: None,
            indicators: Some(server.clone()),
            nmi: if self.panel { Some(server.clone()) } else { None },
            console: Some(server.clone()),
            vendor: Some(server),
        }
    }

    /// One call: meets the fault that is due, waits `delay`, then changes or reads the machine.
    async fn call<T>(
        &self,
        delay: FakeDelay,
        change: impl FnOnce(&mut FakeMachine) -> T + Send,
    ) -> Result<T, DriverError> {
        let fault = self.rack.faults.next();
        match fault {
            Some(Fault::Silent | Fault::Die) => return Err(self.silent()),
            Some(Fault::Refuse) => {
                return Err(DriverError::refused("the call", "the fake was told to refuse"));
            }
            Some(Fault::Stall(length)) => sleep(&*self.rack.clock, length).await,
            Some(Fault::Lie) | None => {}
        }
        let delay = self.rack.draws.draw(delay);
        if !delay.is_zero() {
            sleep(&*self.rack.clock, delay).await;
        }
        let mut machines = self.rack.machines();
        let machine = machines.get_mut(&self.node).ok_or_else(|| self.silent())?;
        if fault == Some(Fault::Lie) { Ok(change(&mut machine.clone())) } else { Ok(change(machine)) }
    }

    fn silent(&self) -> DriverError {
        DriverError::silent(format!("the fake machine of {}", self.node), "it does not speak")
    }
}

#[cfg(test)]
mod tests;
