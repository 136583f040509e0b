//! What else a BMC keeps: event log, inventory, identity, power in watts.

use std::time::Duration;

use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::model::bmc::Fact;
use crate::wire::ipmi::ask::Ask;
use crate::wire::ipmi::data::dcmi::PowerReading;
use crate::wire::ipmi::data::device::DeviceId;
use crate::wire::ipmi::data::fru;
use crate::wire::ipmi::data::fru::area::Inventory;
use crate::wire::ipmi::data::guid::Guid;
use crate::wire::ipmi::data::sel;
use crate::wire::ipmi::data::sel::entry::Entry;
use crate::wire::ipmi::fault::WireError;
use crate::wire::ipmi::status::Completion;

/// What was read of the event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The oldest first.
    pub entries: Vec<Entry>,
    /// Whether that is all of it.
    pub is_whole: bool,
}

impl IpmiServer {
    /// Who the BMC is; its maker's name is kept in the node's record.
    pub async fn device(&self) -> Result<DeviceId, DriverError> {
        let device = self.record("reading the device id", DeviceId::ask(), DeviceId::parse).await?;
        let vendor = device.manufacturer_name().map(str::to_lowercase);
        if vendor.is_some() && vendor != self.node.bmc.vendor {
            self.ipmi.ground.notebook.learn(self.node.id, Fact::Vendor(vendor));
        }
        Ok(device)
    }

    /// The system's GUID.
    pub async fn guid(&self) -> Result<Guid, DriverError> {
        self.record("reading the GUID", Guid::ask(), Guid::parse).await
    }

    /// Watts by DCMI.
    pub async fn watts(&self) -> Result<PowerReading, DriverError> {
        self.record("reading power by DCMI", PowerReading::ask(), PowerReading::parse).await
    }

    /// The event log from its oldest entry on, as far as it can be read in the time that one who waits has.
    pub async fn events(&self) -> Result<Log, DriverError> {
        let clock = self.ipmi.wires.clock.clone();
        let end = clock.tick().after(READING);
        let mut walk = sel::walk::Walk::new(MOST_ENTRIES);
        while let Some(ask) = walk.ask().filter(|_| clock.tick() < end) {
            let number = (ask.netfn, ask.command);
            let answer = self.ask(ask).await?;
            let is_first = walk.entries().is_empty();
            walk.take(answer.completion.0, &answer.data);
            if is_first && matches!(walk.end(), Some(sel::walk::End::Lost { .. })) {
                return Err(self.unreadable("reading the event log", number, answer.completion));
            }
        }
        let is_whole = matches!(walk.end(), Some(sel::walk::End::Marked));
        Ok(Log { entries: walk.into_entries(), is_whole })
    }

    /// The inventory of one field replaceable unit, 0 being the machine.
    pub async fn inventory(&self, unit: u8) -> Result<Inventory, DriverError> {
        let mut walk = fru::walk::Walk::new(unit);
        for _ in 0..MOST_PIECES {
            let Some(ask) = walk.ask() else { break };
            let answer = self.ask(ask).await?;
            walk.take(answer.completion.0, &answer.data);
        }
        if let Some(fru::walk::End::Refused(code)) = walk.end() {
            return Err(self.unreadable("reading the inventory", READ_INVENTORY, Completion(code)));
        }
        Ok(walk.into_inventory())
    }

    fn unreadable(&self, what: &str, number: (u8, u8), code: Completion) -> DriverError {
        if code.is_ok() {
            return DriverError::refused(
                format!("{what} ({})", self.who()),
                "what it answers cannot be read",
            );
        }
        self.refused(what, number, code)
    }

    async fn record<T>(
        &self,
        what: &str,
        ask: Ask,
        parse: impl Fn(&[u8]) -> Result<T, WireError>,
    ) -> Result<T, DriverError> {
        let data = self.command(what, ask).await?;
        parse(&data)
            .map_err(|error| DriverError::refused(format!("{what} ({})", self.who()), error.to_string()))
    }
}

/// How long an event log is read.
const READING: Duration = Duration::from_secs(20);
/// More than any BMC has room for.
const MOST_ENTRIES: usize = 16_384;
/// Network function and command of Get FRU Inventory Area Info.
const READ_INVENTORY: (u8, u8) = (0x0a, 0x10);
/// Pieces of 16 bytes of the largest inventory, twice.
const MOST_PIECES: usize = 8192;
