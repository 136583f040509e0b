//! Virtual media: contract `redfish.md` section 9. What is inserted or ejected is looked at until it is seen.

pub mod ladder;

use crate::base::time::{Later, sleep};
use crate::driver::capability::virtual_media::{Medium, Slot, VirtualMedia};
use crate::driver::error::DriverError;
use crate::driver::redfish::server::{Seen, Server};
use crate::driver::redfish::talk::error::RedfishError;
use crate::model::boot::BootDevice;
use crate::net::http::Method;
use crate::wire::redfish::quirk::Quirks;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::view::manager::Manager;
use crate::wire::redfish::view::media::{MediaKind, VirtualMedia as Device};

/// The virtual media of a Redfish machine.
#[derive(Debug)]
pub struct RedfishMedia(pub Server);

impl VirtualMedia for RedfishMedia {
    fn list(&self) -> Later<'_, Result<Vec<Slot>, DriverError>> {
        Box::pin(async move { Ok(self.0.media().await?.iter().map(|one| slot(&one.view())).collect()) })
    }

    fn insert(&self, medium: Medium) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async move { Ok(self.0.insert(self.0.kind(medium.drive)?, &medium.url).await?) })
    }

    fn eject(&self, drive: BootDevice) -> Later<'_, Result<(), DriverError>> {
        Box::pin(async move { Ok(self.0.eject(self.0.kind(drive)?).await?) })
    }
}

fn slot(device: &Device) -> Slot {
    Slot { types: device.media_types.clone(), inserted: device.is_inserted(), image: device.image.clone() }
}

impl Server {
    fn kind(&self, drive: BootDevice) -> Result<MediaKind, RedfishError> {
        MediaKind::parse(drive.name()).ok_or_else(|| RedfishError::NotAllowed {
            bmc: self.talk.who(),
            what: format!("media in the drive {}", drive.name()),
            allowed: MediaKind::ALL.map(MediaKind::as_str).join(", "),
        })
    }

    /// Every device: the system's, else those of its managers in their order.
    pub async fn media(&self) -> Result<Vec<Resource>, RedfishError> {
        let seen = self.system().await?;
        let devices = self.media_of(&seen).await?;
        if devices.is_empty() {
            return Err(self.missing("virtual media"));
        }
        Ok(devices)
    }

    /// The same for a system that was read.
    pub async fn media_of(&self, seen: &Seen) -> Result<Vec<Resource>, RedfishError> {
        let own = self.talk.members(seen.view.virtual_media.as_ref()).await?;
        if !own.is_empty() {
            return Ok(own);
        }
        let mut all = Vec::new();
        for manager in self.managers(&seen.view).await? {
            let link = manager.view::<Manager>().virtual_media;
            all.append(&mut self.talk.members(link.as_ref()).await?);
        }
        Ok(all)
    }

    /// The devices that take this kind, those first that boot; that there is none is an error.
    async fn media_for(&self, kind: MediaKind) -> Result<Vec<Resource>, RedfishError> {
        let (fit, count) = self.media_fit(kind).await?;
        if fit.is_empty() {
            let what = format!("virtual media device for {} among its {count}", kind.as_str());
            return Err(self.missing(&what));
        }
        Ok(fit)
    }

    /// The devices that take this kind, and how many there are of all kinds.
    async fn media_fit(&self, kind: MediaKind) -> Result<(Vec<Resource>, usize), RedfishError> {
        let seen = self.system().await?;
        let quirks = self.quirks(&seen).await?;
        let all = self.media_of(&seen).await?;
        let count = all.len();
        let mut fit: Vec<Resource> = all.into_iter().filter(|one| fits(one, kind, &quirks)).collect();
        if quirks.external_slots_first() {
            fit.sort_by_key(|one| !one.id().unwrap_or_default().to_ascii_uppercase().starts_with("EXT"));
        }
        Ok((fit, count))
    }

    /// Has `url` in a device of this kind, and nothing in its other devices.
    pub async fn insert(&self, kind: MediaKind, url: &str) -> Result<(), RedfishError> {
        let devices = self.media_for(kind).await?;
        let holds = |one: &&Resource| {
            let view: Device = one.view();
            view.is_inserted() && view.image.as_deref() == Some(url)
        };
        let there = devices.iter().find(holds).map(|one| one.path.clone());
        for device in devices.iter().filter(|one| Some(&one.path) != there.as_ref()) {
            self.eject_device(device).await?;
        }
        self.attach().await?;
        if there.is_some() {
            return Ok(());
        }
        let mut refusals: Vec<RedfishError> = Vec::new();
        for device in &devices {
            match self.insert_device(&device.path, url).await {
                Ok(()) => return Ok(()),
                Err(error) if error.fault().is_some() || error.is_absent() => refusals.push(error),
                Err(error) => return Err(error),
            }
        }
        let last = refusals.pop();
        match (refusals.into_iter().next(), last) {
            (Some(first), Some(last)) => {
                Err(RedfishError::Invalid(format!("no device takes the medium: first {first}; last {last}")))
            }
            (_, Some(only)) => Err(only),
            (_, None) => Err(self.missing("virtual media device")),
        }
    }

    /// Empties every device of this kind. Where no device takes it, nothing of it is inserted.
    pub async fn eject(&self, kind: MediaKind) -> Result<(), RedfishError> {
        let (fit, count) = self.media_fit(kind).await?;
        if count == 0 {
            return Err(self.missing("virtual media device"));
        }
        for device in fit {
            self.eject_device(&device).await?;
        }
        Ok(())
    }

    /// Empties every device.
    pub async fn eject_all(&self) -> Result<(), RedfishError> {
        for device in self.media().await? {
            self.eject_device(&device).await?;
        }
        Ok(())
    }

    /// Looks at a device until it holds `url`, or nothing.
    pub async fn await_medium(
        &self,
        path: &str,
        wanted: Option<&str>,
        said: (Method, &str),
    ) -> Result<(), RedfishError> {
        let (limit, pause) = self.talk.rack.ground.redfish.vmedia_insert;
        let until = self.talk.clock().tick().after(limit);
        loop {
            let view: Device = self.talk.get(path).await?.view();
            if view.is_inserted() == wanted.is_some() {
                return Ok(());
            }
            if self.talk.clock().tick() >= until {
                let holds = if view.is_inserted() { "a medium is inserted" } else { "no medium is inserted" };
                return Err(RedfishError::NotApplied {
                    place: self.talk.place(said.0, path),
                    asked: wanted.map_or("an empty drive".to_owned(), |_| "the medium inserted".to_owned()),
                    answered: said.1.to_owned(),
                    seen: format!("{holds} after {} s", limit.as_secs()),
                });
            }
            sleep(&**self.talk.clock(), pause).await;
        }
    }
}

fn fits(resource: &Resource, kind: MediaKind, quirks: &Quirks) -> bool {
    let view: Device = resource.view();
    let is_first = || resource.id().as_deref() == Some("1");
    view.takes(kind) && !view.is_upload_only() && (!quirks.boots_first_media_slot_only() || is_first())
}
