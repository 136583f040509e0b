//! What else a BMC keeps: event log, inventory, identity, power in watts.

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

    /// The event log, its `most` oldest entries.
    pub async fn events(&self, most: usize) -> Result<Vec<Entry>, DriverError> {
        let mut walk = sel::walk::Walk::new(most);
        for _ in 0..most.saturating_mul(2).saturating_add(SPARE_STEPS) {
            let Some(ask) = walk.ask() else { break };
            let answer = self.ask(ask).await?;
            walk.take(answer.completion.0, &answer.data);
        }
        Ok(walk.into_entries())
    }

    /// The inventory of one field replaceable unit, 0 being the machine.
    pub async fn inventory(&self, unit: u8) -> Result<Inventory, DriverError> {
        let mut walk = fru::walk::Walk::new(unit);
        for _ in 0..MOST_PIECES {
            let Some(ask) = walk.ask() else { break };
            let answer = self.ask(ask).await?;
            walk.take(answer.completion.0, &answer.data);
        }
        Ok(walk.into_inventory())
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

/// Steps of a walk beside its entries: reservations, tries.
const SPARE_STEPS: usize = 16;
/// Pieces of 16 bytes of the largest inventory, twice.
const MOST_PIECES: usize = 8192;
