//! What the usual places lack is looked for in the others: devices, drives and NICs that only a chassis or an adapter
//! lists, arrays that only HPE's own resources tell.

use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::Talk;
use crate::driver::redfish::talk::error::RedfishError;
use crate::wire::redfish::inventory::{StorageParts, Survey};
use crate::wire::redfish::lenient::{View, found as member};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::network::{EthernetInterface, NetworkFunction, NetworkPort};
use crate::wire::redfish::view::pcie::{PcieDevice, PcieFunction};
use crate::wire::redfish::view::smart_storage::{SmartController, SmartStorage};
use crate::wire::redfish::view::storage::{Drive, SimpleStorage, Storage, Volume};

impl Server {
    /// Fills what an inspection did not find where the standard puts it.
    pub async fn fill(&self, seen: &Seen, survey: &mut Survey) -> Result<(), RedfishError> {
        let has_drives = survey.storages.iter().any(|storage| !storage.drives.is_empty());
        let has_devices = survey.simple_storages.iter().any(SimpleStorage::has_sizes);
        if !has_drives {
            let arrays = self.smart_arrays(seen.view.smart_storage.as_ref()).await?;
            survey.storages.extend(arrays);
        }
        if !has_drives && !has_devices && survey.storages.iter().all(|storage| storage.drives.is_empty()) {
            survey.storages.append(&mut self.shelves(seen).await?);
        }
        if survey.pcie_functions.is_empty() {
            survey.pcie_functions = self.chassis_functions(seen).await?;
        }
        if survey.interfaces.iter().all(|interface| interface.address().is_none()) {
            if survey.adapters.is_empty() {
                let named = self.chassis(seen).await?;
                survey.adapters = self.adapters_of(&self.other_chassis(seen, &named).await?).await?;
            }
            let nics = self.adapter_interfaces(survey).await?;
            survey.interfaces.extend(nics);
        }
        Ok(())
    }

    /// The drives that chassis list.
    async fn shelves(&self, seen: &Seen) -> Result<Vec<StorageParts>, RedfishError> {
        let mut chassis = self.chassis(seen).await?;
        let mut others = self.other_chassis(seen, &chassis).await?;
        chassis.append(&mut others);
        let mut all = Vec::new();
        for one in chassis {
            let view: Chassis = one.view();
            let raw = member(&one.raw, &["Drives", "Links/Drives"]);
            let drives: Vec<Drive> = views(&self.talk.listed(&view.drives, raw).await?);
            if !drives.is_empty() {
                let storage = Storage { id: one.id(), name: view.name, ..Storage::default() };
                all.push(StorageParts { storage, drives, ..StorageParts::default() });
            }
        }
        Ok(all)
    }

    /// HPE's Smart Array controllers and host bus adapters.
    async fn smart_arrays(&self, link: Option<&Link>) -> Result<Vec<StorageParts>, RedfishError> {
        let Some(smart) = self.talk.maybe_view::<SmartStorage>(link).await? else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for link in [&smart.arrays, &smart.adapters] {
            for resource in self.talk.members(link.as_ref()).await? {
                let view: SmartController = resource.view();
                let drives = self.talk.members(view.drives.as_ref()).await?;
                let volumes = self.talk.members(view.volumes.as_ref()).await?;
                all.push(StorageParts {
                    storage: Storage { id: view.id, name: view.model.or(view.name), ..Storage::default() },
                    controllers: vec![resource.view()],
                    drives: views::<Drive>(&drives).into_iter().map(Drive::in_bytes).collect(),
                    volumes: views::<Volume>(&volumes).into_iter().map(Volume::in_bytes).collect(),
                });
            }
        }
        Ok(all)
    }

    async fn chassis_functions(&self, seen: &Seen) -> Result<Vec<PcieFunction>, RedfishError> {
        let mut all = Vec::new();
        for chassis in self.chassis(seen).await? {
            let raw = member(&chassis.raw, &["PCIeDevices", "Links/PCIeDevices"]);
            for device in self.talk.listed(&chassis.view::<Chassis>().pcie_devices, raw).await? {
                let view: PcieDevice = device.view();
                let raw = member(&device.raw, &["PCIeFunctions", "Links/PCIeFunctions"]);
                all.append(&mut views(&self.talk.listed(&view.functions, raw).await?));
            }
        }
        Ok(all)
    }

    /// The functions of network adapters as interfaces; their ports, where functions tell no address.
    async fn adapter_interfaces(&self, survey: &Survey) -> Result<Vec<EthernetInterface>, RedfishError> {
        let mut all = Vec::new();
        for parts in &survey.adapters {
            let adapter = parts.adapter.id.as_deref().unwrap_or("adapter");
            let functions = self.talk.members(parts.adapter.functions.as_ref()).await?;
            let functions: Vec<NetworkFunction> = views(&functions);
            let mut own: Vec<EthernetInterface> =
                functions.into_iter().filter(NetworkFunction::is_ethernet).map(Into::into).collect();
            if own.iter().all(|one| one.address().is_none()) {
                own = parts.ports.iter().flat_map(NetworkPort::interfaces).collect();
            }
            for one in &mut own {
                one.id = Some(format!("{adapter}:{}", one.id.as_deref().unwrap_or_default()));
            }
            all.append(&mut own);
        }
        Ok(all)
    }
}

impl Talk {
    /// A walk over many resources, given up when it takes too long: a BMC that lists things without end, or answers
    /// each question after a minute, keeps nobody for ever.
    pub async fn walk<T>(
        &self,
        what: &str,
        walk: Later<'_, Result<T, RedfishError>>,
    ) -> Result<T, RedfishError> {
        tokio::select! {
            outcome = walk => outcome,
            () = sleep(&**self.clock(), WALK_LIMIT) => Err(RedfishError::Invalid(format!(
                "{what} of {} is given up after {} s: it has too much to tell, or tells it too slowly",
                self.who(),
                WALK_LIMIT.as_secs()
            ))),
        }
    }
}

fn views<V: View>(resources: &[Resource]) -> Vec<V> {
    resources.iter().map(Resource::view).collect()
}

/// How long one walk may take: a full server behind a slow BMC has some four hundred resources of a second each.
const WALK_LIMIT: Duration = Duration::from_mins(15);
