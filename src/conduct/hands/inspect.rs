//! The inspection of a machine by its BMC, under a limit of its own: a slow BMC takes minutes.

use std::sync::Arc;
use std::time::Duration;

use crate::conduct::hands::Drivers;
use crate::driver::Machine;
use crate::driver::error::DriverError;
use crate::model::decision::outcome::Outcome;
use crate::model::inspection::{INVENTORY_LIMIT, Inspection};

impl Drivers {
    /// Asks for all that is known, for so many seconds at most.
    pub(super) async fn inspect(&self, machine: &Machine, limit: u32) -> Result<Outcome, DriverError> {
        let wished = &machine.node.wished;
        let lacking = || DriverError::Unsupported {
            implementation: format!("inspect interface {:?} of this node", wished.interfaces.inspect),
            what: "inspection out of band".to_owned(),
        };
        let inspector = self.hardware(machine)?.inspect.ok_or_else(lacking)?;
        let found = self.within(Duration::from_secs(limit.into()), inspector.inspect()).await;
        let slow = || DriverError::silent(inspector.who(), format!("not all was told within {limit} s"));
        let found = found.ok_or_else(slow)??;
        let size = size_of(&found);
        if size > INVENTORY_LIMIT {
            return Err(DriverError::refused(
                "keeping the inventory",
                format!("{} told {size} bytes, {INVENTORY_LIMIT} at most", inspector.who()),
            ));
        }
        Ok(Outcome::Inspected(Arc::new(found)))
    }
}

/// Bytes of what would be kept, as JSON; one that cannot be written is too large.
fn size_of(found: &Inspection) -> u64 {
    serde_json::to_vec(&*found.kept).map_or(u64::MAX, |text| u64::try_from(text.len()).unwrap_or(u64::MAX))
}
