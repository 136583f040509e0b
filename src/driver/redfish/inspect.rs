//! Out-of-band inspection: what the BMC knows of the machine, in the shape of the agent's inventory.

use crate::driver::redfish::error::RedfishError;
use crate::driver::redfish::server::{Seen, Server};
use crate::wire::redfish::inventory::{AdapterParts, Found, StorageParts, Survey, found};
use crate::wire::redfish::lenient::{View, found as member};
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::manager::Manager;
use crate::wire::redfish::view::network::{DellSwitchConnection, NetworkAdapter};
use crate::wire::redfish::view::pcie::{PcieDevice, PcieFunction};
use crate::wire::redfish::view::storage::Storage;

impl Server {
    /// Reads all that an inspection wants; what a link does not serve is left out.
    pub async fn inspect(&self) -> Result<Found, RedfishError> {
        self.talk.walk("the inspection", Box::pin(self.inspected())).await
    }

    async fn inspected(&self) -> Result<Found, RedfishError> {
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        let view = &seen.view;
        let talk = &self.talk;
        let mut survey = Survey {
            system: view.clone(),
            bios: talk.maybe_view(view.bios.as_ref()).await?,
            processors: views(&talk.members(view.processors.as_ref()).await?),
            simple_storages: views(&talk.members(view.simple_storage.as_ref()).await?),
            interfaces: views(&talk.members(view.ethernet_interfaces.as_ref()).await?),
            storages: self.storages(&seen).await?,
            pcie_functions: self.pcie_functions(&seen).await?,
            adapters: self.adapters(&seen).await?,
            dell_switches: self.dell_switches(&seen).await?,
            serial_is_sku: quirks.serial_is_sku(),
            ..Survey::default()
        };
        if view.memory.total_gib.is_none_or(|size| size <= 0.0) {
            survey.memory = views(&talk.members(view.memory_modules.as_ref()).await?);
        }
        self.fill(&seen, &mut survey).await?;
        Ok(found(&survey))
    }

    async fn storages(&self, seen: &Seen) -> Result<Vec<StorageParts>, RedfishError> {
        let mut all = Vec::new();
        for resource in self.talk.members(seen.view.storage.as_ref()).await? {
            let storage: Storage = resource.view();
            all.push(StorageParts {
                controllers: views(&self.talk.members(storage.controllers.as_ref()).await?),
                drives: views(&self.drives(&resource).await?),
                volumes: views(&self.talk.members(storage.volumes.as_ref()).await?),
                storage,
            });
        }
        Ok(all)
    }

    async fn pcie_functions(&self, seen: &Seen) -> Result<Vec<PcieFunction>, RedfishError> {
        let raw = member(&seen.resource.raw, &["PCIeDevices", "Links/PCIeDevices"]);
        let mut all = Vec::new();
        for device in self.talk.listed(&seen.view.pcie_devices, raw).await? {
            let view: PcieDevice = device.view();
            let raw = member(&device.raw, &["PCIeFunctions", "Links/PCIeFunctions"]);
            all.extend(views::<PcieFunction>(&self.talk.listed(&view.functions, raw).await?));
        }
        Ok(all)
    }

    async fn adapters(&self, seen: &Seen) -> Result<Vec<AdapterParts>, RedfishError> {
        self.adapters_of(&self.chassis(seen).await?).await
    }

    /// The network adapters of these chassis with their ports.
    pub async fn adapters_of(&self, chassis: &[Resource]) -> Result<Vec<AdapterParts>, RedfishError> {
        let mut all = Vec::new();
        for chassis in chassis {
            let link = chassis.view::<Chassis>().network_adapters;
            for resource in self.talk.members(link.as_ref()).await? {
                let adapter: NetworkAdapter = resource.view();
                let link = adapter.ports.as_ref().or(adapter.network_ports.as_ref());
                all.push(AdapterParts { ports: views(&self.talk.members(link).await?), adapter });
            }
        }
        Ok(all)
    }

    async fn dell_switches(&self, seen: &Seen) -> Result<Vec<DellSwitchConnection>, RedfishError> {
        let mut all = Vec::new();
        for manager in self.managers(&seen.view).await? {
            let link = manager.view::<Manager>().dell_switch_connections;
            all.extend(views::<DellSwitchConnection>(&self.talk.members(link.as_ref()).await?));
        }
        Ok(all)
    }
}

fn views<V: View>(resources: &[Resource]) -> Vec<V> {
    resources.iter().map(Resource::view).collect()
}
