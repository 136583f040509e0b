//! Out-of-band inspection: what the BMC knows of the machine, in the shape of the agent's inventory.

pub mod elsewhere;

use futures_util::future::try_join_all;
use tokio::try_join;

use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::wire::redfish::inventory::{AdapterParts, Found, StorageParts, Survey, found};
use crate::wire::redfish::lenient::{View, found as member};
use crate::wire::redfish::link::Link;
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
        let is_sum_missing = view.memory.total_gib.is_none_or(|size| size <= 0.0);
        let memory = view.memory_modules.as_ref().filter(|_| is_sum_missing);
        let (bios, processors, memory, simple_storages, interfaces, storages, pcie, adapters, switches) = try_join!(
            self.talk.maybe_view(view.bios.as_ref()),
            Box::pin(self.viewed(view.processors.as_ref())),
            Box::pin(self.viewed(memory)),
            Box::pin(self.viewed(view.simple_storage.as_ref())),
            Box::pin(self.viewed(view.ethernet_interfaces.as_ref())),
            Box::pin(self.storages(&seen)),
            Box::pin(self.pcie_functions(&seen)),
            Box::pin(self.adapters(&seen)),
            Box::pin(self.dell_switches(&seen)),
        )?;
        let mut survey = Survey {
            system: view.clone(),
            bios,
            processors,
            memory,
            simple_storages,
            interfaces,
            storages,
            pcie_functions: pcie,
            adapters,
            dell_switches: switches,
            serial_is_sku: quirks.serial_is_sku(),
            ..Survey::default()
        };
        self.fill(&seen, &mut survey).await?;
        Ok(found(&survey))
    }

    /// What the members of a collection tell.
    async fn viewed<V: View>(&self, link: Option<&Link>) -> Result<Vec<V>, RedfishError> {
        Ok(views(&self.talk.members(link).await?))
    }

    async fn storages(&self, seen: &Seen) -> Result<Vec<StorageParts>, RedfishError> {
        let all = self.talk.members(seen.view.storage.as_ref()).await?;
        try_join_all(all.iter().map(|resource| self.storage(resource))).await
    }

    async fn storage(&self, resource: &Resource) -> Result<StorageParts, RedfishError> {
        let storage: Storage = resource.view();
        let (controllers, drives, volumes) = try_join!(
            self.viewed(storage.controllers.as_ref()),
            self.drives(resource),
            self.viewed(storage.volumes.as_ref()),
        )?;
        Ok(StorageParts { controllers, drives: views(&drives), volumes, storage })
    }

    async fn pcie_functions(&self, seen: &Seen) -> Result<Vec<PcieFunction>, RedfishError> {
        let raw = member(&seen.resource.raw, &["PCIeDevices", "Links/PCIeDevices"]);
        let devices = self.talk.listed(&seen.view.pcie_devices, raw).await?;
        let functions = try_join_all(devices.iter().map(|device| self.functions_of(device))).await?;
        Ok(functions.into_iter().flatten().collect())
    }

    async fn functions_of(&self, device: &Resource) -> Result<Vec<PcieFunction>, RedfishError> {
        let raw = member(&device.raw, &["PCIeFunctions", "Links/PCIeFunctions"]);
        Ok(views(&self.talk.listed(&device.view::<PcieDevice>().functions, raw).await?))
    }

    async fn adapters(&self, seen: &Seen) -> Result<Vec<AdapterParts>, RedfishError> {
        self.adapters_of(&self.chassis(seen).await?).await
    }

    /// The network adapters of these chassis with their ports.
    pub async fn adapters_of(&self, chassis: &[Resource]) -> Result<Vec<AdapterParts>, RedfishError> {
        let adapters = try_join_all(chassis.iter().map(|one| self.adapters_in(one))).await?;
        Ok(adapters.into_iter().flatten().collect())
    }

    async fn adapters_in(&self, chassis: &Resource) -> Result<Vec<AdapterParts>, RedfishError> {
        let link = chassis.view::<Chassis>().network_adapters;
        let adapters = self.talk.members(link.as_ref()).await?;
        try_join_all(adapters.iter().map(|adapter| self.adapter(adapter))).await
    }

    async fn adapter(&self, resource: &Resource) -> Result<AdapterParts, RedfishError> {
        let adapter: NetworkAdapter = resource.view();
        let ports = self.viewed(adapter.ports.as_ref().or(adapter.network_ports.as_ref())).await?;
        Ok(AdapterParts { adapter, ports })
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
