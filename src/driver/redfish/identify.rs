//! Which machine a BMC belongs to: what its system says of itself. Changes nothing.

use crate::base::mac::Mac;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::model::bmc::power::Power;
use crate::model::inspection::identity;
use crate::model::inspection::reported::Reported;
use crate::wire::redfish::quirk::Quirks;
use crate::wire::redfish::view::manager::Manager;
use crate::wire::redfish::view::network::EthernetInterface;

impl Server {
    /// Reads what the BMC says of its machine; what it does not serve is left out.
    pub async fn who_is_it(&self) -> Result<Reported, RedfishError> {
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        let mut reported = of_system(&seen, &quirks);
        let root = self.talk.root().await?;
        reported.vendor =
            root.vendor.or_else(|| seen.view.manufacturer.clone()).map(|name| name.to_lowercase());
        reported.nics = self.host_nics(&seen).await?;
        reported.bmc_macs = self.bmc_nics(&seen).await?;
        Ok(reported)
    }

    async fn host_nics(&self, seen: &Seen) -> Result<Vec<Mac>, RedfishError> {
        let all = self.talk.members(seen.view.ethernet_interfaces.as_ref()).await?;
        Ok(all.iter().filter_map(|one| one.view::<EthernetInterface>().address()).collect())
    }

    async fn bmc_nics(&self, seen: &Seen) -> Result<Vec<Mac>, RedfishError> {
        let mut macs = Vec::new();
        for manager in self.managers(&seen.view).await? {
            let link = manager.view::<Manager>().ethernet_interfaces;
            let all = self.talk.members(link.as_ref()).await?;
            macs.extend(all.iter().filter_map(|one| one.view::<EthernetInterface>().address()));
        }
        Ok(macs)
    }
}

fn of_system(seen: &Seen, quirks: &Quirks) -> Reported {
    let view = &seen.view;
    let number = |text: &Option<String>| text.as_deref().and_then(identity::serial);
    let (serial, tag) = (number(&view.serial_number), number(&view.sku));
    let (serial, other) = if quirks.serial_is_sku() && tag.is_some() { (tag, serial) } else { (serial, tag) };
    let system = view.uuid.as_deref().and_then(|text| uuid::Uuid::try_parse(text.trim()).ok());
    Reported {
        systems: system.filter(identity::is_own).into_iter().collect(),
        serials: serial.into_iter().collect(),
        other_serials: other.into_iter().collect(),
        power: match view.power_state.as_deref() {
            Some("On") => Some(Power::On),
            Some("Off") => Some(Power::Off),
            Some(_) | None => None,
        },
        ..Reported::default()
    }
}
