//! One device: the ladder of requests by which BMCs take a medium, and let go of it.

use std::time::Duration;

use crate::base::time::sleep;
use crate::driver::bmc::redfish_settings::MediaTransport;
use crate::driver::redfish::server::Server;
use crate::driver::redfish::talk::error::RedfishError;
use crate::driver::redfish::talk::write::Written;
use crate::net::http::Method;
use crate::wire::redfish::fault::Fault;
use crate::wire::redfish::resource::Resource;
use crate::wire::redfish::send::{self, InsertMedia, Transfer};
use crate::wire::redfish::view::media::VirtualMedia as Device;

impl Server {
    /// Inserts into one device; one that fails is tried again, from its beginning.
    pub async fn insert_device(&self, path: &str, url: &str) -> Result<(), RedfishError> {
        for _ in 1..TRIES {
            match self.insert_once(path, url).await {
                Err(error) if fails_itself(&error) => {
                    // Who reads the log could fetch what a boot is of.
                    let error = error.to_string().replace(url, "the medium");
                    tracing::info!(error, "the medium is inserted again");
                }
                outcome => return outcome,
            }
            sleep(&**self.talk.clock(), PAUSE).await;
        }
        self.insert_once(path, url).await
    }

    /// Inserts, adding what refusals ask for.
    async fn insert_once(&self, path: &str, url: &str) -> Result<(), RedfishError> {
        let now = self.talk.get(path).await?;
        let view: Device = now.view();
        if view.is_inserted() && view.image.as_deref() == Some(url) {
            return Ok(());
        }
        let action = view.insert.as_ref().and_then(|insert| insert.target.as_ref());
        let target = action.map(|target| self.talk.path(target)).transpose()?;
        let mut ask = self.first_ask(&view, url, target.is_none())?;
        for _ in 0..POSTS {
            let error = match self.send_medium(&now, target.as_deref(), &ask).await {
                Ok(written) => return self.await_written(path, Some(url), &written).await,
                Err(error) => error,
            };
            if error.may_have_worked() {
                let method = if target.is_some() { Method::Post } else { Method::Patch };
                return self.await_medium(path, Some(url), (method, "nothing")).await.map_err(|_| error);
            }
            match error.fault().and_then(|fault| answer_to(fault, &ask)) {
                Some(next) => ask = next,
                None => return Err(error),
            }
        }
        Err(self.missing("way to insert media that it does not refuse"))
    }

    /// Looks until the medium is seen; if it is not, work of the BMC that failed says why.
    async fn await_written(
        &self,
        path: &str,
        wanted: Option<&str>,
        written: &Written,
    ) -> Result<(), RedfishError> {
        let said = (written.place.method, &*written.text());
        let Err(error) = self.await_medium(path, wanted, said).await else { return Ok(()) };
        let quirks = self.quirks(&self.system().await?).await?;
        self.work_so_far(written, &quirks).await?;
        Err(error)
    }

    /// `Inserted` and `WriteProtected` go with a PATCH only: some actions refuse them. A transfer that the node names
    /// must be one that the device offers.
    fn first_ask(&self, device: &Device, url: &str, by_patch: bool) -> Result<InsertMedia, RedfishError> {
        let transfer = self.talk.access.settings.media_transport.map(transfer);
        let offered = device.protocols();
        let is_offered = |wanted: Transfer| offered.iter().any(|word| Transfer::parse(word) == Some(wanted));
        let refused = transfer
            .filter(|wanted| *wanted != Transfer::Http && !offered.is_empty() && !is_offered(*wanted));
        if let Some(wanted) = refused {
            return Err(RedfishError::NotAllowed {
                bmc: self.talk.who(),
                what: format!("media over {wanted} (driver_info vmedia_transport_protocol)"),
                allowed: offered.join(", "),
            });
        }
        let share = Some(&self.talk.rack.ground.redfish.cifs).filter(|_| transfer == Some(Transfer::Cifs));
        Ok(InsertMedia {
            image: url.to_owned(),
            inserted: by_patch.then_some(true),
            write_protected: by_patch.then_some(true),
            transfer,
            user_name: share.and_then(|share| share.username.clone()),
            password: share.and_then(|share| share.password.clone()),
            ..InsertMedia::default()
        })
    }

    async fn send_medium(
        &self,
        device: &Resource,
        target: Option<&str>,
        ask: &InsertMedia,
    ) -> Result<Written, RedfishError> {
        let body = send::insert_media(ask);
        match target {
            Some(target) => self.talk.post(target, Some(&body)).await,
            None => self.talk.patch(&device.path, &body, device.etag.as_deref()).await,
        }
    }

    /// Empties one device; an empty one is left alone.
    pub async fn eject_device(&self, device: &Resource) -> Result<(), RedfishError> {
        let view: Device = device.view();
        if !view.is_inserted() {
            return Ok(());
        }
        let path = device.path.as_str();
        let target = view.eject.as_ref().and_then(|eject| eject.target.as_ref());
        let outcome = match target {
            Some(target) => self.talk.press(&self.talk.path(target)?).await,
            None => self.talk.patch(path, &send::eject_patch(), device.etag.as_deref()).await,
        };
        match outcome {
            Ok(written) => self.await_written(path, None, &written).await,
            Err(error) if error.fault().is_some() || error.may_have_worked() => {
                // Refused or not heard: fine, if nothing is in it.
                let now: Device = self.talk.get(path).await?.view();
                if now.is_inserted() { Err(error) } else { Ok(()) }
            }
            Err(error) => Err(error),
        }
    }
}

fn transfer(transport: MediaTransport) -> Transfer {
    match transport {
        MediaTransport::Http => Transfer::Http,
        MediaTransport::Https => Transfer::Https,
        MediaTransport::Nfs => Transfer::Nfs,
        MediaTransport::Cifs => Transfer::Cifs,
    }
}

/// The same with what the refusal asks for; `None` if it asks for nothing that was not given.
fn answer_to(fault: &Fault, ask: &InsertMedia) -> Option<InsertMedia> {
    let mut next = ask.clone();
    if fault.wants_transfer_protocol() && ask.transfer.is_none() {
        next.transfer = Some(Transfer::of_url(&ask.image).unwrap_or(Transfer::Http));
    } else if fault.wants_transfer_method() && !ask.stream {
        next.stream = true;
    } else if fault.wants_credentials() && ask.user_name.is_none() {
        next.user_name = Some("none".to_owned());
        next.password = Some(crate::base::secret::Secret::new("none"));
    } else if ask.inserted.is_some() && (fault.refuses("Inserted") || fault.refuses("WriteProtected")) {
        (next.inserted, next.write_protected) = (None, None);
    } else {
        return None;
    }
    Some(next)
}

/// Whether the BMC itself failed, as an iDRAC does that still lets go of the last medium.
fn fails_itself(error: &RedfishError) -> bool {
    !error.is_absent() && error.fault().is_some_and(|fault| fault.status >= 500)
}

/// How often a device is tried that fails, and the pause between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(3);
/// Requests for one device at the most: each adds one member.
const POSTS: u32 = 5;
