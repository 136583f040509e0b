//! Which machine a BMC belongs to: System GUID, inventory, the BMC's own address. Changes nothing.

use crate::driver::error::DriverError;
use crate::driver::ipmi::IpmiServer;
use crate::model::bmc::power::Power;
use crate::model::inspection::identity;
use crate::model::inspection::reported::Reported;
use crate::wire::ipmi::data::guid::Guid;
use crate::wire::ipmi::data::lanparam::{Parameter, Setting};

impl IpmiServer {
    /// Reads what the BMC says of its machine; what it refuses is left out. Power is asked first, for every BMC tells
    /// it: what fails there is the account, or the way to the BMC.
    pub async fn who_is_it(&self) -> Result<Reported, DriverError> {
        let power = if self.chassis().await?.is_on() { Power::On } else { Power::Off };
        let guid = told(self.guid().await)?.filter(|guid| !guid.is_blank());
        let inventory = told(self.inventory(MACHINE).await)?.unwrap_or_default();
        let (chassis, product) = (inventory.chassis.as_ref(), inventory.product.as_ref());
        let numbers = [product.map(|area| &area.serial), chassis.map(|area| &area.serial)];
        let board = inventory.board.as_ref().map(|area| &area.serial);
        let mac = told(self.lan_mac().await)?.flatten();
        let vendor =
            told(self.device().await)?.and_then(|device| device.manufacturer_name().map(str::to_lowercase));
        Ok(Reported {
            systems: guid.map(readings).unwrap_or_default(),
            serials: numbers.into_iter().flatten().filter_map(|text| identity::serial(text)).collect(),
            other_serials: board.and_then(|text| identity::serial(text)).into_iter().collect(),
            nics: Vec::new(),
            bmc_macs: mac.into_iter().collect(),
            power: Some(power),
            vendor,
        })
    }

    /// The address of the BMC's own NIC, on the channel that we talk through.
    async fn lan_mac(&self) -> Result<Option<crate::base::mac::Mac>, DriverError> {
        let data = self.command("reading the LAN's address", Parameter::Mac.ask(THIS_CHANNEL)).await?;
        Ok(match Parameter::Mac.parse(&data) {
            Ok(Setting::Mac(mac)) if mac.0 != [0; 6] => Some(mac),
            Ok(_) | Err(_) => None,
        })
    }
}

/// Every UUID that the bytes can mean.
fn readings(guid: Guid) -> Vec<uuid::Uuid> {
    let mut all: Vec<_> =
        [guid.smbios(), guid.rfc4122(), guid.ipmi()].into_iter().filter(identity::is_own).collect();
    all.dedup();
    all
}

/// What the BMC answered; a refusal is no answer, silence is an error.
fn told<T>(answer: Result<T, DriverError>) -> Result<Option<T>, DriverError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error @ (DriverError::Silent { .. } | DriverError::LoginRefused { .. })) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The inventory of the machine itself.
const MACHINE: u8 = 0;
/// The channel that carries the request.
const THIS_CHANNEL: u8 = 0x0e;
