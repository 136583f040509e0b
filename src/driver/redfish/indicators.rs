//! Lamps of the system, its chassis and its disks: the old member and the new one.

use std::time::Duration;

use crate::base::time::{Later, sleep};
use crate::driver::capability::indicators::{Indicator, Indicators, Lamp};
use crate::driver::error::DriverError;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::error::RedfishError;
use crate::net::http::Method;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send::{self, Led};
use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::status::{Lamp as View, LampState, has_only_location};

/// The lamps of a Redfish machine.
#[derive(Debug)]
pub struct RedfishIndicators(pub Server);

/// A lamp and where it is.
#[derive(Debug, Clone)]
pub struct Found {
    pub component: &'static str,
    pub name: String,
    pub resource: Resource,
}

impl Indicators for RedfishIndicators {
    fn list(&self) -> Later<'_, Result<Vec<Indicator>, DriverError>> {
        Box::pin(async move { Ok(self.0.lamps().await?.iter().map(indicator).collect()) })
    }

    fn set<'a>(
        &'a self,
        component: &'a str,
        name: &'a str,
        lamp: Lamp,
    ) -> Later<'a, Result<(), DriverError>> {
        Box::pin(async move { Ok(self.0.set_lamp(component, name, lamp).await?) })
    }
}

fn indicator(found: &Found) -> Indicator {
    let only_on_off = has_only_location(&found.resource.raw);
    let can = if only_on_off { vec![Lamp::On, Lamp::Off] } else { vec![Lamp::On, Lamp::Off, Lamp::Blinking] };
    let shows = match found.resource.view::<View>().state() {
        LampState::On => Lamp::On,
        LampState::Blinking => Lamp::Blinking,
        LampState::Off | LampState::Unknown => Lamp::Off,
    };
    Indicator { component: found.component.to_owned(), name: found.name.clone(), shows, can }
}

impl Server {
    /// Every lamp that the machine has.
    pub async fn lamps(&self) -> Result<Vec<Found>, RedfishError> {
        let seen = self.system().await?;
        let mut all = Vec::new();
        let is_lit = |resource: &Resource| resource.view::<View>().is_there();
        for resource in self.chassis(&seen).await? {
            let name = resource.view::<Chassis>().uuid.or_else(|| resource.id()).unwrap_or_default();
            let is_lampless = self.talk.slot().known().lampless.contains(&resource.path);
            let resource = if is_lampless { seen.resource.clone() } else { resource };
            all.push(Found { component: "chassis", name, resource });
        }
        let name = seen.view.uuid.clone().or_else(|| seen.resource.id()).unwrap_or_default();
        all.push(Found { component: "system", name, resource: seen.resource.clone() });
        for storage in self.talk.members(seen.view.storage.as_ref()).await? {
            let unit = storage.id().unwrap_or_default();
            for drive in self.drives(&storage).await? {
                let name = format!("{unit}:{}", drive.id().unwrap_or_default());
                all.push(Found { component: "disk", name, resource: drive });
            }
        }
        all.retain(|found| is_lit(&found.resource));
        Ok(all)
    }

    /// Sets one lamp and looks until it shows it.
    pub async fn set_lamp(&self, component: &str, name: &str, lamp: Lamp) -> Result<(), RedfishError> {
        let all = self.lamps().await?;
        let is_it = |found: &&Found| found.component == component && found.name == name;
        let found = all.iter().find(is_it).ok_or_else(|| {
            let known: Vec<String> =
                all.iter().map(|found| format!("{} {}", found.component, found.name)).collect();
            self.missing(&format!("indicator {component} {name} (it has {})", known.join(", ")))
        })?;
        let body = match (has_only_location(&found.resource.raw), lamp) {
            (true, Lamp::Blinking) => return Err(self.missing("blinking lamp there: it can be on or off")),
            (true, _) => send::location_indicator(lamp == Lamp::On),
            (false, Lamp::On) => send::indicator_led(Led::Lit),
            (false, Lamp::Blinking) => send::indicator_led(Led::Blinking),
            (false, Lamp::Off | Lamp::Unknown) => send::indicator_led(Led::Off),
        };
        let written = match self.talk.patch_fresh(&found.resource.path, &body).await {
            // A lamp that is read only on the chassis is the system's.
            Err(error) if component == "chassis" && error.fault().is_some() => {
                let system = all.iter().find(|found| found.component == "system").ok_or(error)?;
                self.talk.slot().known().lampless.insert(found.resource.path.clone());
                return Box::pin(self.set_lamp("system", &system.name, lamp)).await;
            }
            outcome => outcome?,
        };
        let until = self.talk.clock().tick().after(SEEN_LIMIT);
        loop {
            let resource = self.talk.get(&found.resource.path).await?;
            let now = resource.view::<View>().state();
            if indicator(&Found { resource, ..found.clone() }).shows == lamp {
                return Ok(());
            }
            if self.talk.clock().tick() >= until {
                return Err(RedfishError::NotApplied {
                    place: self.talk.place(Method::Patch, &found.resource.path),
                    asked: body.shown().to_string(),
                    answered: written.text(),
                    seen: now.as_str().to_owned(),
                });
            }
            sleep(&**self.talk.clock(), Duration::from_secs(1)).await;
        }
    }
}

const SEEN_LIMIT: Duration = Duration::from_secs(10);
