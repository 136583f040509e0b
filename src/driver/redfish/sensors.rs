//! Readings, from the old resources and the new ones, in the reference's shape.

use futures_util::future::try_join_all;
use serde_json::Value;
use tokio::try_join;

use crate::base::time::Later;
use crate::driver::capability::sensors::Sensors;
use crate::driver::error::DriverError;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::model::Object;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::sensors::{ChassisReadings, Readings, sensors};
use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::power::{PowerSubsystem, PowerSupply, PowerSupplyMetrics};
use crate::wire::redfish::view::storage::SimpleStorage;
use crate::wire::redfish::view::thermal::ThermalSubsystem;

/// The sensors of a Redfish machine.
#[derive(Debug)]
pub struct RedfishSensors(pub Server);

impl Sensors for RedfishSensors {
    fn readings(&self) -> Later<'_, Result<Object, DriverError>> {
        Box::pin(async move {
            let readings = self.0.sensors().await?;
            Ok(readings.as_object().cloned().unwrap_or_default())
        })
    }
}

impl Server {
    /// `{Fan, Temperature, Power, Drive, Extra}` as the reference tells them.
    pub async fn sensors(&self) -> Result<Value, RedfishError> {
        self.talk.walk("the sensors", Box::pin(self.all_sensors())).await
    }

    async fn all_sensors(&self) -> Result<Value, RedfishError> {
        let seen = self.system().await?;
        let mut readings = Readings {
            system_id: seen.resource.id().unwrap_or_default(),
            system: seen.view.clone(),
            ..Readings::default()
        };
        let named = self.chassis(&seen).await?;
        let (chassis, ()) =
            try_join!(self.all_chassis_readings(&named), self.drive_readings(&seen, &mut readings))?;
        readings.chassis = chassis;
        if !readings.is_complete() {
            let others = self.other_chassis(&seen, &named).await?;
            readings.chassis.append(&mut self.all_chassis_readings(&others).await?);
        }
        Ok(sensors(&readings))
    }

    async fn all_chassis_readings(&self, chassis: &[Resource]) -> Result<Vec<ChassisReadings>, RedfishError> {
        try_join_all(chassis.iter().map(|one| self.chassis_readings(one))).await
    }

    /// Those of simple storages; of storages where there are none.
    async fn drive_readings(&self, seen: &Seen, readings: &mut Readings) -> Result<(), RedfishError> {
        let simple = self.talk.members(seen.view.simple_storage.as_ref()).await?;
        readings.simple_storages = simple.iter().map(Resource::view).collect();
        let has_devices = readings.simple_storages.iter().any(SimpleStorage::has_sizes);
        if has_devices {
            return Ok(());
        }
        let storages = self.talk.members(seen.view.storage.as_ref()).await?;
        let drives = try_join_all(storages.iter().map(|storage| self.drives(storage))).await?;
        let views = |drives: Vec<Resource>| drives.iter().map(Resource::view).collect();
        let ids = storages.iter().map(|storage| storage.id().unwrap_or_default());
        readings.drives = ids.zip(drives.into_iter().map(views)).collect();
        Ok(())
    }

    /// The old resources; the new ones for what those lack.
    async fn chassis_readings(&self, chassis: &Resource) -> Result<ChassisReadings, RedfishError> {
        let view: Chassis = chassis.view();
        let (thermal, power) = try_join!(
            self.talk.maybe_view(view.thermal.as_ref()),
            self.talk.maybe_view(view.power.as_ref())
        )?;
        let id = chassis.id().unwrap_or_default();
        let mut found = ChassisReadings { id, thermal, power, ..ChassisReadings::default() };
        let has_old =
            found.thermal.as_ref().is_some_and(|old| !old.fans.is_empty() && !old.temperatures.is_empty());
        if !has_old {
            self.new_thermal(&view, &mut found).await?;
        }
        if found.power.as_ref().is_none_or(|old| old.supplies.is_empty()) {
            found.supplies = self.supplies(&view).await?;
        }
        Ok(found)
    }

    async fn new_thermal(&self, view: &Chassis, found: &mut ChassisReadings) -> Result<(), RedfishError> {
        let system: Option<ThermalSubsystem> = self.talk.maybe_view(view.thermal_subsystem.as_ref()).await?;
        if let Some(system) = system {
            let fans = self.talk.members(system.fans.as_ref()).await?;
            found.fans = fans.iter().map(Resource::view).collect();
            found.thermal_metrics = self.talk.maybe_view(system.metrics.as_ref()).await?;
        }
        let sensors = self.talk.members(view.sensors.as_ref()).await?;
        found.sensors = sensors.iter().map(Resource::view).collect();
        Ok(())
    }

    async fn supplies(&self, view: &Chassis) -> Result<Vec<(PowerSupply, PowerSupplyMetrics)>, RedfishError> {
        let system: Option<PowerSubsystem> = self.talk.maybe_view(view.power_subsystem.as_ref()).await?;
        let Some(system) = system else { return Ok(Vec::new()) };
        let supplies = self.talk.members(system.supplies.as_ref()).await?;
        try_join_all(supplies.iter().map(|supply| self.supply(supply))).await
    }

    async fn supply(&self, supply: &Resource) -> Result<(PowerSupply, PowerSupplyMetrics), RedfishError> {
        let supply: PowerSupply = supply.view();
        let metrics = self.talk.maybe_view(supply.metrics.as_ref()).await?.unwrap_or_default();
        Ok((supply, metrics))
    }
}
