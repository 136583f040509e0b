//! The parts of a machine that bear firmware, and how a BMC is told to fetch a new one.
//!
//! - `ask`   what a step is asked to install
//! - `give`  where the BMC fetches it from
//! - `step`  installing, turn by turn

use serde_json::json;

use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::write::Written;
use crate::model::part::sheet::Component;
use crate::wire::redfish::link::Link;
use crate::wire::redfish::send::Body;
use crate::wire::redfish::view::annotation::Action;
use crate::wire::redfish::view::chassis::Chassis;
use crate::wire::redfish::view::manager::Manager;
use crate::wire::redfish::view::network::NetworkAdapter;
use crate::wire::redfish::view::root::Collection;

pub mod ask;
pub mod give;
pub mod step;

impl Server {
    /// The parts that bear firmware, with the versions that they have now.
    pub async fn firmware_parts(&self) -> Result<Vec<Component>, RedfishError> {
        let seen = self.system().await?;
        let mut parts = Vec::new();
        if let Some(version) = &seen.view.bios_version {
            parts.push(part("bios", version));
        }
        let manager = match self.manager(&seen.view).await {
            Err(error) if error.is_absent() => None,
            outcome => Some(outcome?.view::<Manager>()),
        };
        if let Some(version) = manager.and_then(|manager| manager.firmware_version) {
            parts.push(part("bmc", &version));
        }
        let first = self.chassis(&seen).await?.into_iter().next();
        let adapters = first.and_then(|chassis| chassis.view::<Chassis>().network_adapters);
        for adapter in self.talk.members(adapters.as_ref()).await?.iter().take(ADAPTERS) {
            parts.extend(nics(&adapter.view()));
        }
        if parts.is_empty() { Err(self.missing("firmware that it tells the version of")) } else { Ok(parts) }
    }

    /// Tells the BMC to fetch an image and install it: a press.
    pub async fn push_firmware(&self, url: &str) -> Result<Written, RedfishError> {
        let (path, action) = self.update_action().await?;
        let secure = url.to_ascii_lowercase().starts_with("https");
        let allowed = action.allowable("TransferProtocol");
        let knows = |word: &str| {
            allowed.as_ref().is_none_or(|all| all.iter().any(|one| one.eq_ignore_ascii_case(word)))
        };
        // Some list HTTP alone and fetch over HTTPS all the same.
        let protocol = if secure && allowed.is_some() && knows("HTTPS") { "HTTPS" } else { "HTTP" };
        let mut body = json!({ "ImageURI": url, "TransferProtocol": protocol });
        let system = self.system().await?;
        if let (Some(map), true) = (body.as_object_mut(), self.has_many_systems().await?) {
            map.insert("Targets".to_owned(), json!([system.path()]));
        }
        self.talk.post_once(&path, Some(&Body::of(body))).await
    }

    /// Whether the BMC can be told at all.
    pub async fn update_action(&self) -> Result<(String, Action), RedfishError> {
        let what = "update of firmware (UpdateService.SimpleUpdate)";
        let link = self.talk.root().await?.update_service;
        let service = self.talk.maybe(link.as_ref()).await?.ok_or_else(|| self.missing(what))?;
        let action = service.raw.get("Actions").and_then(|all| all.get("#UpdateService.SimpleUpdate"));
        let action = action.map(read_action).unwrap_or_default();
        Ok((self.target(action.target.as_ref(), what)?, action))
    }

    async fn has_many_systems(&self) -> Result<bool, RedfishError> {
        let link: Option<Link> = self.talk.root().await?.systems;
        let listed: Option<Collection> = self.talk.maybe_view(link.as_ref()).await?;
        Ok(listed.is_some_and(|listed| listed.members.len() > 1))
    }
}

fn read_action(raw: &serde_json::Value) -> Action {
    use crate::wire::redfish::lenient::Lenient;
    Action::lenient(raw).unwrap_or_default()
}

fn part(component: &str, version: &str) -> Component {
    Component {
        component: component.to_owned(),
        current_version: Some(version.to_owned()),
        ..Component::default()
    }
}

/// The controllers of an adapter that tell a version; each goes by the adapter's serial number, or its id.
fn nics(adapter: &NetworkAdapter) -> Vec<Component> {
    let name = adapter.serial_number.clone().or_else(|| adapter.id.clone());
    let Some(name) = name else { return Vec::new() };
    let versions = adapter.controllers.iter().filter_map(|one| one.firmware_version.clone());
    let one = |version: String| Component {
        vendor: adapter.manufacturer.clone(),
        model: adapter.model.clone(),
        serial_number: adapter.serial_number.clone(),
        ..part(&format!("nic:{name}"), &version)
    };
    versions.take(1).map(one).collect()
}

/// Adapters that are asked.
const ADAPTERS: usize = 32;
