//! The attributes of Dell's card: what is read back there, and whether virtual media are mapped at all.

use serde_json::json;

use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::error::RedfishError;
use crate::wire::redfish::lenient::{Lenient, found};
use crate::wire::redfish::link::Link;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send::Body;
use crate::wire::redfish::view::manager::Manager;

impl Server {
    /// The card's attributes, as far as a manager has them.
    pub async fn dell_attributes(&self, manager: &Resource) -> Result<Option<Resource>, RedfishError> {
        let view: Manager = manager.view();
        let is_card = |link: &&Link| link.last().is_some_and(|id| id.starts_with("iDRAC"));
        self.talk.maybe(view.dell_attributes.iter().find(is_card)).await
    }

    /// Has virtual media attached, on cards that map none while they are detached: what is inserted would not boot.
    pub async fn attach(&self) -> Result<(), RedfishError> {
        let seen = self.system().await?;
        if !self.quirks(&seen).await?.media_must_be_attached() {
            return Ok(());
        }
        for manager in self.managers(&seen.view).await? {
            let Some(now) = self.dell_attributes(&manager).await? else { continue };
            if attribute(&now, ATTACHED).as_deref() == Some(DETACHED) {
                self.attach_at(&now).await?;
            }
        }
        Ok(())
    }

    async fn attach_at(&self, attributes: &Resource) -> Result<(), RedfishError> {
        let body = Body::of(json!({ "Attributes": { ATTACHED: "AutoAttach" } }));
        let path = attributes.path.as_str();
        let written = self.talk.patch(path, &body, attributes.etag.as_deref()).await?;
        match attribute(&self.talk.get(path).await?, ATTACHED) {
            Some(shown) if shown == DETACHED => Err(RedfishError::NotApplied {
                answered: written.text(),
                place: written.place,
                asked: format!("{ATTACHED} AutoAttach"),
                seen: shown,
            }),
            Some(_) | None => Ok(()),
        }
    }
}

/// One of the attributes, as text.
pub fn attribute(attributes: &Resource, name: &str) -> Option<String> {
    let all = found(&attributes.raw, &["Attributes"])?;
    all.get(name).and_then(String::lenient)
}

/// The attribute by which virtual media are mapped.
const ATTACHED: &str = "VirtualMedia.1.Attached";
const DETACHED: &str = "Detached";
