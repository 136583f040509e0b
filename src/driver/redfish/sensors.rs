//! Readings, from the old resources and the new ones, in the reference's shape.

use serde_json::Value;

use crate::base::time::Later;
use crate::driver::capability::sensors::Sensors;
use crate::driver::error::DriverError;
use crate::driver::redfish::error::RedfishError;
use crate::driver::redfish::server::Server;
use crate::model::Object;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::sensors::{ChassisReadings, Readings, sensors};
use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::power::{PowerSubsystem, PowerSupply};
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
        for chassis in &named {
            readings.chassis.push(self.chassis_readings(chassis).await?);
        }
        if !readings.is_complete() {
            for chassis in self.other_chassis(&seen, &named).await? {
                readings.chassis.push(self.chassis_readings(&chassis).await?);
            }
        }
        let simple = self.talk.members(seen.view.simple_storage.as_ref()).await?;
        readings.simple_storages = simple.iter().map(Resource::view).collect();
        let has_devices = readings.simple_storages.iter().any(SimpleStorage::has_sizes);
        if !has_devices {
            for storage in self.talk.members(seen.view.storage.as_ref()).await? {
                let drives = self.drives(&storage).await?;
                let id = storage.id().unwrap_or_default();
                readings.drives.push((id, drives.iter().map(Resource::view).collect()));
            }
        }
        Ok(sensors(&readings))
    }

    /// The old resources; the new ones for what those lack.
    async fn chassis_readings(&self, chassis: &Resource) -> Result<ChassisReadings, RedfishError> {
        let view: Chassis = chassis.view();
        let mut found = ChassisReadings {
            id: chassis.id().unwrap_or_default(),
            thermal: self.talk.maybe_view(view.thermal.as_ref()).await?,
            power: self.talk.maybe_view(view.power.as_ref()).await?,
            ..ChassisReadings::default()
        };
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

    async fn supplies(
        &self,
        view: &Chassis,
    ) -> Result<Vec<(PowerSupply, crate::wire::redfish::view::power::PowerSupplyMetrics)>, RedfishError> {
        let system: Option<PowerSubsystem> = self.talk.maybe_view(view.power_subsystem.as_ref()).await?;
        let Some(system) = system else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for supply in self.talk.members(system.supplies.as_ref()).await? {
            let supply: PowerSupply = supply.view();
            let metrics = self.talk.maybe_view(supply.metrics.as_ref()).await?.unwrap_or_default();
            all.push((supply, metrics));
        }
        Ok(all)
    }
}
